package console

import (
	"net/http"
	"reflect"

	"permithub/producers/desk"
	"permithub/schemas"
)

// RevocationList is the revocations that wait: for a second officer, or for a far side.
type RevocationList struct {
	Revocations []WaitingRevocation `json:"revocations" nullable:"false"`
}

// WaitingRevocation is one of them.
type WaitingRevocation struct {
	ApplicationNo string        `json:"application_no"`
	Division      string        `json:"division"`
	Ground        string        `json:"ground" doc:"code"`
	GroundName    string        `json:"ground_name"`
	ProposedBy    string        `json:"proposed_by" doc:"staff number"`
	ProposedAt    *schemas.Time `json:"proposed_at,omitempty"`
	Decided       bool          `json:"decided" doc:"confirmed: foreign systems have not all done their part"`
	Stuck         bool          `json:"stuck" doc:"a foreign system refused its part for good"`
	Mine          bool          `json:"mine,omitempty" doc:"proposed by the officer: somebody else decides"`
	Related       bool          `json:"related,omitempty" doc:"the officer's own permit or a declared relative's: for others"`
}

func revocationOperations() []operation {
	return []operation{{id: "revocations", method: http.MethodGet, path: "/v1/revocations", summary: "待办撤销 · revocations that wait", roles: []desk.Role{desk.Reviewer, desk.Approver, desk.Supervisor},
		answer: reflect.TypeFor[RevocationList](), handle: (*visit).apiRevocations}}
}

func (v *visit) apiRevocations() (any, error) {
	p, err := v.revocations()
	if err != nil {
		return nil, err
	}
	out := RevocationList{Revocations: []WaitingRevocation{}}
	for i := range p.Rows {
		r := &p.Rows[i]
		out.Revocations = append(out.Revocations, WaitingRevocation{r.ApplicationNo, r.Division, r.Ground, v.lang.reason(r.Ground), r.ProposedBy, instant(r.ProposedAt), r.Decided, r.Stuck, r.Mine, r.Related})
	}
	return out, nil
}
