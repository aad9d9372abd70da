package console

import (
	"errors"
	"slices"
	"time"

	"permithub/internal/casework"
	"permithub/internal/timeline"
	"permithub/schemas"
)

// file reads a person's records from the log.
func (v *visit) file(dossier string) (*timeline.File, error) {
	partition, offsets, err := v.ports.List.Places(v.r.Context(), dossier)
	if err != nil {
		return nil, err
	}
	if len(offsets) == 0 {
		if !v.ports.Ready() {
			return nil, errLoading
		}
		return nil, errNotFound
	}
	values, err := v.ports.Records(v.r.Context(), partition, offsets)
	if err != nil {
		return nil, err
	}
	return timeline.Read(values)
}

// subject is the case that a request is about.
type subject struct {
	no   string
	file *timeline.File
	last *schemas.Transition // of the file
	open *schemas.Case       // nil where the case has ended
	end  *schemas.EndedCase  // nil where it is open
}

// stage is where the case stands in the life of a case.
func (s *subject) stage() schemas.Stage {
	if s.open != nil {
		return s.open.Stage
	}
	return casework.StageOf(s.end)
}

func (s *subject) duties() []schemas.Duty {
	if s.open != nil {
		return s.open.Duties
	}
	return s.end.Duties
}

// revocable reports whether the permit that the case ended with waits for that word on its revocation.
func (s *subject) revocable(kind schemas.ActionKind) bool {
	if s.end == nil || kind != schemas.ActProposeRevocation {
		return s.end != nil && s.end.Revocation != nil
	}
	return s.end.Revocation == nil && slices.ContainsFunc(s.last.Dossier.Permits, func(p schemas.Permit) bool {
		return p.PermitNo == s.end.PermitNo && p.Status == schemas.PermitValid
	})
}

// subject reads the case of the address and refuses one that is not the officer's to see.
func (v *visit) subject(what string) (*subject, error) {
	return v.subjectOf(what, v.r.PathValue("no"))
}

func (v *visit) subjectOf(what, no string) (*subject, error) {
	s := &subject{no: no}
	dossier, err := schemas.DossierOf(s.no)
	if err != nil {
		return nil, errNotFound
	}
	if v.officer.Related(dossier) {
		return nil, v.refused(what, s.no, errRelated)
	}
	if s.file, err = v.file(dossier); err != nil {
		return nil, err
	}
	s.last = s.file.Transitions[len(s.file.Transitions)-1]
	d := &s.last.Dossier
	division := ""
	if s.open = d.OpenByNo(s.no); s.open != nil {
		division = s.open.Submission.CurrentDivision
	}
	if s.end = d.EndedByNo(s.no); s.end != nil {
		division = s.end.Division
	}
	switch {
	case s.open == nil && s.end == nil:
		return nil, errNotFound
	case !v.officer.WorksIn(division):
		return nil, v.refused(what, s.no, errTownship)
	}
	return s, nil
}

// casePage is one case.
type casePage struct {
	No         string
	Version    int64
	Stage      schemas.Stage
	Ended      bool
	Form       form
	Sheet      timeline.Case
	Chain      timeline.Chain
	Left       left
	Explain    string
	Facts      *schemas.Facts
	Compare    []comparison
	Reasons    []string
	Acts       []offer
	Holder     string
	Mine       bool
	Earlier    []timeline.Case
	Permits    []schemas.Permit
	Revealed   bool
	Reveals    bool // the officer may reveal
	Colleagues []colleague
	ActionID   string
	Said       string // what came of the act that led here
	Refused    bool
	Since      []timeline.Happening // what happened after the version that the officer of a refused act saw
}

// colleague is somebody to whom a case may be handed over.
type colleague struct {
	ID   string `json:"id"`
	Name string `json:"name"`
}

// comparison sets what was declared beside what the registration system proved.
type comparison struct {
	Name     string `json:"name"`
	Declared string `json:"declared"`
	Known    string `json:"known"`
	Differs  bool   `json:"differs"`
}

func (v *visit) showCase() error {
	s, err := v.subject("open")
	if err != nil {
		return err
	}
	p, err := v.casePage(s, false)
	if err != nil {
		return err
	}
	if err := v.said(p, s); err != nil {
		return err
	}
	return v.show("case", "案件", p)
}

// reveal shows the case with its personal data, once, for a purpose that is recorded before.
func (v *visit) reveal() error {
	s, err := v.subject("reveal")
	if err != nil {
		return err
	}
	p, err := v.revealed(s, v.r.PostForm.Get("purpose"))
	if err != nil {
		return err
	}
	return v.show("case", "案件", p)
}

// revealed is the case with its personal data.
func (v *visit) revealed(s *subject, purpose string) (*casePage, error) {
	if !slices.Contains(purposes, purpose) {
		return nil, errForm
	}
	if err := v.record("reveal", s.no, purpose); err != nil {
		return nil, err
	}
	return v.casePage(s, true)
}

// print shows the form of 附件1 with the three opinions, unmasked, as it goes into the paper file.
func (v *visit) print() error {
	s, err := v.subject("print")
	if err != nil {
		return err
	}
	if err := v.record("print", s.no, ""); err != nil {
		return err
	}
	p, err := v.casePage(s, true)
	if err != nil {
		return err
	}
	return v.show("print", "申请表", p)
}

func (v *visit) texts(revealed bool) timeline.Texts {
	return timeline.Texts{Reason: v.lang.reason, Item: v.lang.item, Officer: v.officerName, Words: revealed, Term: v.lang.text}
}

func (v *visit) officerName(id string) string {
	if u, ok := v.ports.Users.Find(id); ok && u.Name != "" {
		return u.Name + "（" + id + "）"
	}
	return id
}

func (v *visit) casePage(s *subject, revealed bool) (*casePage, error) {
	sheet := timeline.NewSheet(s.file, "", v.texts(revealed))
	sheet.Count(v.ports.Policy().Calendar)
	p := &casePage{No: s.no, Version: s.last.Seq, Ended: s.open == nil, Chain: sheet.Chain, Permits: sheet.Permits, Revealed: revealed, Reveals: len(queuesOf(v.officer)) > 0,
		ActionID: actionID()}
	for _, c := range sheet.Cases {
		if c.ApplicationNo == s.no {
			p.Sheet = c
		} else {
			p.Earlier = append(p.Earlier, c)
		}
	}
	if r := p.Sheet.Revocation; r != nil {
		named := *r
		named.ProposedBy, named.DecidedBy = v.officerName(r.ProposedBy), v.officerName(r.DecidedBy)
		p.Sheet.Revocation = &named
	}
	p.Acts = v.offers(s)
	for i := range p.Sheet.Opinions {
		p.Sheet.Opinions[i].Officer = v.officerName(p.Sheet.Opinions[i].Officer)
	}
	person := s.last.Person
	if person == nil {
		person = &schemas.Person{}
	}
	if s.end != nil {
		p.Stage = schemas.Stage(s.end.Outcome)
		p.Form = formOf(person, s.submission(), revealed)
		for _, code := range s.end.Reasons {
			p.Reasons = append(p.Reasons, v.lang.reason(code))
		}
		return p, nil
	}
	v.opened.note(v.officer.ID, look{s.no, s.last.Seq, v.ports.Now()})
	o := s.open
	p.Stage, p.Facts, p.Form = o.Stage, o.Facts, formOf(person, &o.Submission, revealed)
	p.Compare = compare(o)
	for _, code := range o.Reasons {
		p.Reasons = append(p.Reasons, v.lang.reason(code))
	}
	p.Left = v.left(v.ports.Now(), o.SubmittedAt.Time, time.Time{}, false, false)
	if k := o.ClockByID(casework.ClockPromised); k != nil {
		p.Left = v.left(v.ports.Now(), o.SubmittedAt.Time, k.DueAt.Time, k.PausedAt != nil, k.Provisional)
		p.Explain = p.Sheet.CountText(casework.ClockPromised)
	}
	holds, err := v.ports.Holds.Holds(v.r.Context())
	if err != nil {
		return nil, err
	}
	p.Holder = holds[s.no]
	p.Mine = p.Holder == v.officer.ID
	p.Colleagues = v.colleagues(o.Submission.CurrentDivision)
	return p, nil
}

// submission returns what was declared for an ended case, from the last record that still had it.
func (s *subject) submission() *schemas.Submission {
	for i := len(s.file.Transitions) - 1; i >= 0; i-- {
		if o := s.file.Transitions[i].Dossier.OpenByNo(s.no); o != nil {
			return &o.Submission
		}
	}
	return &schemas.Submission{}
}

func (v *visit) colleagues(division string) []colleague {
	var out []colleague
	for _, u := range v.ports.Users.List() {
		if o := officerOf(u); u.ID != v.officer.ID && !u.Disabled && o.WorksIn(division) && len(queuesOf(o)) > 0 {
			out = append(out, colleague{u.ID, u.Name})
		}
	}
	return out
}

// compare lists the declared conditions and permits with what the registration system says of each.
func compare(o *schemas.Case) []comparison {
	if o.Facts == nil {
		return nil
	}
	var out []comparison
	known := map[schemas.Condition]string{}
	for _, k := range o.Facts.Conditions {
		known[k.Kind] = k.Status
	}
	s := &o.Submission
	for _, group := range []string{"employment", "residence", "rental", "schooling"} {
		for _, kind := range schemas.ConditionsOf(group) {
			declared := slices.Contains(slices.Concat(s.Employment, s.Residence, s.Rental, s.Schooling), kind)
			status := known[kind]
			if !declared && status == "" {
				continue
			}
			c := comparison{Name: kind.Name(), Declared: "未申报", Known: "无记录", Differs: declared && status == schemas.Contradicted || !declared && status == schemas.Confirmed}
			if declared {
				c.Declared = "已申报"
			}
			switch status {
			case schemas.Confirmed:
				c.Known = "已证实"
			case schemas.Contradicted:
				c.Known = "不符"
			}
			out = append(out, c)
		}
	}
	return out
}

// hold takes the case for the officer, or gives the officer's hold to a colleague.
func (v *visit) hold() error {
	s, err := v.subject("hold")
	if err != nil {
		return err
	}
	_, err = v.take(s, v.r.PostForm.Get("to"))
	return errors.Join(err, v.redirectTo(err, s.no))
}

// take takes the case for the officer or, where to is a colleague, gives the officer's hold to that one. It returns who holds the case then.
func (v *visit) take(s *subject, to string) (holder string, err error) {
	if to == "" {
		return v.ports.Holds.Hold(v.r.Context(), s.no, v.officer.ID, v.until())
	}
	if s.open == nil || !slices.ContainsFunc(v.colleagues(s.open.Submission.CurrentDivision), func(c colleague) bool { return c.ID == to }) {
		return "", errForm
	}
	holder, err = v.ports.Holds.HandOver(v.r.Context(), s.no, v.officer.ID, to, v.until())
	if err == nil {
		err = v.record("hand_over", s.no, "")
	}
	return holder, err
}

func (v *visit) release() error {
	s, err := v.subject("release")
	if err != nil {
		return err
	}
	_, err = v.ports.Holds.Release(v.r.Context(), s.no, v.officer.ID)
	return errors.Join(err, v.redirectTo(err, s.no))
}

// redirectTo shows the case again, unless something failed.
func (v *visit) redirectTo(err error, no string) error {
	if err != nil {
		return nil
	}
	return v.redirect("/cases/" + no)
}
