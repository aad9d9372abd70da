package console

import (
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// revocationRow is one revocation of the list.
type revocationRow struct {
	worklist.Revocation
	Proposer string // by name
	Mine     bool   // proposed by the officer: somebody else decides
	Related  bool
}

// revocationsPage is the list of the revocations that wait: for a second officer, or for a far side.
type revocationsPage struct {
	Rows []revocationRow
	Seen int64
}

// decidesRevocations reports whether the officer has a part in revocations.
func decidesRevocations(o *desk.Officer) bool {
	return desk.Allows(o, schemas.ActProposeRevocation) || desk.Allows(o, schemas.ActConfirmRevocation)
}

func (v *visit) showRevocations() error {
	p, err := v.revocations()
	if err != nil {
		return err
	}
	return v.show("revocations", "待办撤销", p)
}

// revocations are those of the officer's townships that wait.
func (v *visit) revocations() (*revocationsPage, error) {
	if !v.ports.Ready() {
		return nil, errLoading
	}
	p := &revocationsPage{Seen: v.ports.List.Changes()} // before the list is read: what comes meanwhile is shown twice, and never missed
	list, err := v.ports.List.Revocations(v.r.Context(), v.officer.Townships, worklist.MaxPage)
	if err != nil {
		return nil, err
	}
	for i := range list {
		r := &list[i]
		p.Rows = append(p.Rows, revocationRow{*r, v.officerName(r.ProposedBy), r.ProposedBy == v.officer.ID, v.officer.Related(r.DossierID)})
	}
	return p, nil
}
