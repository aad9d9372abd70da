package intake

import (
	"encoding/json"
	"time"

	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/schemas"
)

// Checks is what the content of a body is compared with.
type Checks struct {
	Now             time.Time       // dates after its day and times after it are faults
	Channel         schemas.Channel // of the source; "" compares nothing
	MaterialSchemes []string        // accepted schemes of material URIs
}

func (k Checks) checker(list *problem.List) checker {
	return checker{list, k.Now, k.MaterialSchemes}
}

// DecodeApplication reads and checks the body of a submission. The application may be used where the list is empty.
func DecodeApplication(raw []byte, k Checks) (*Application, *problem.List) {
	a, list := new(Application), new(problem.List)
	if !strictjson.Decode(raw, a, list) {
		return a, list
	}
	if list.Blocked("/recognition_type") && bothTypes(raw) {
		list.Replace("/recognition_type", strictjson.WrongType, codeRecognitionBoth)
	}
	k.application(a, list)
	return a, list
}

// bothTypes reports whether both recognition types came in an array: a form in which both boxes are ticked.
func bothTypes(raw []byte) bool {
	var probe struct {
		Types []json.RawMessage `json:"recognition_type"`
	}
	return json.Unmarshal(raw, &probe) == nil && len(probe.Types) > 1
}

// Application checks an application that did not come as a body of this interface, e.g. one that was fetched from a source.
func (k Checks) Application(a *Application) *problem.List {
	list := new(problem.List)
	k.application(a, list)
	return list
}

func (k Checks) application(a *Application, list *problem.List) {
	c := k.checker(list)
	c.form(a)
	if k.Channel != "" && a.Channel != "" && a.Channel != string(k.Channel) && (a.Channel == string(schemas.Online) || a.Channel == string(schemas.Window)) {
		c.Add("/channel", codeChannelMismatch)
	}
	c.person(a)
	secrets := private(&a.ContactPhone, a.Agent, a.CitizenID, a.FullName)
	c.impersonal(secrets, map[string]string{
		"/source_application_no": a.SourceApplicationNo, "/notice/version": a.Notice.Version, "/declaration/version": a.Declaration.Version,
	}, a.PreviousPermits, a.Materials)
}

// DecodeSupplement reads and checks the body of a supplement.
func DecodeSupplement(raw []byte, k Checks) (*Supplement, *problem.List) {
	s, list := new(Supplement), new(problem.List)
	if strictjson.Decode(raw, s, list) {
		k.supplement(s, list)
	}
	return s, list
}

func (k Checks) supplement(s *Supplement, list *problem.List) {
	c := k.checker(list)
	if c.Need("/supplement_no", s.SupplementNo) {
		c.Match("/supplement_no", s.SupplementNo, idForm, codeIDForm)
	}
	c.conditions(ticked{s.Employment, s.Residence, s.Rental, s.Schooling, s.OtherText})
	c.permits(s.PreviousPermits)
	c.intervals(s.Intervals)
	c.materials(s.Materials)
	if s.Agent != nil {
		c.agent(s.Agent, "")
	}
	if s.ContactPhone != nil {
		c.phone("/contact_phone", s.ContactPhone)
	}
	c.impersonal(private(s.ContactPhone, s.Agent, "", ""), map[string]string{"/supplement_no": s.SupplementNo}, s.PreviousPermits, s.Materials)
	if s.brings() == 0 && c.Empty() {
		c.Add("", codeSupplementEmpty)
	}
}

// brings counts what a supplement has beside its number.
func (s *Supplement) brings() int {
	n := len(s.Employment) + len(s.Residence) + len(s.Rental) + len(s.Schooling) + len(s.PreviousPermits) + len(s.Intervals) + len(s.Materials)
	if s.Agent != nil {
		n++
	}
	if s.ContactPhone != nil {
		n++
	}
	return n
}

// DecodeWithdrawal reads and checks the body of a withdrawal.
func DecodeWithdrawal(raw []byte, k Checks) (*Withdrawal, *problem.List) {
	w, list := new(Withdrawal), new(problem.List)
	if !strictjson.Decode(raw, w, list) {
		return w, list
	}
	c := k.checker(list)
	if c.Need("/withdrawal_no", w.WithdrawalNo) {
		c.Match("/withdrawal_no", w.WithdrawalNo, idForm, codeIDForm)
	}
	if c.Need("/reason", w.Reason) {
		c.OneOf("/reason", w.Reason, codeWithdrawalReason, "applicant_wish", "duplicate", "left_county", "wrong_content", "other")
	}
	return w, list
}
