package console

import (
	"permithub/internal/casework"
	"permithub/internal/problem"
	"permithub/internal/timeline"
	"permithub/schemas"
)

// previewPage says what an act will do before it is done.
type previewPage struct {
	No       string
	Act      string
	Faults   []problem.Fault
	Refused  string               // why the case would not take it
	Since    []timeline.Happening // what happened after the version that the officer saw, where that is why
	From, To schemas.Stage
	Notices  []schemas.SMS
	Cancels  []string
	Orders   []string // what else foreign systems are asked to do
	Final    bool     // a revocation: nothing brings the permit back
	Later    bool     // notices and cancellations follow the issue
	Fields   []field
}

// field carries the form from the preview to the act.
type field struct{ Name, Value string }

var actFields = []string{"action_id", "action", "opinion", "reasons", "items", "override", "return_to", "ground", "notice_no", "effect_id", "verdict", "expect_version"}

// foresee decides the act on the file as it stands, and tells what would come of it. An approval's messages and cancellations come with the
// permit: so the issue is decided too, with a number that nobody has yet.
func (v *visit) foresee(p *previewPage, s *subject, in *schemas.Input) error {
	file := &casework.File{Dossier: s.last.Dossier, Person: s.last.Person}
	t, err := v.ports.Policy().Decide(file, in)
	if err != nil {
		return err
	}
	if t == nil {
		p.Refused = v.lang.text("这一操作已经办理过")
		return nil
	}
	if code := rejected(t); code != "" {
		p.Refused = v.lang.rejection(code)
		if code == "version_changed" {
			p.Since = v.changes(s, in.Action.ExpectVersion)
		}
		return nil
	}
	for i := range t.Events {
		if t.Events[i].To != "" {
			if p.From == "" {
				p.From = t.Events[i].From
			}
			p.To = t.Events[i].To
		}
	}
	if err := v.told(p, t); err != nil {
		return err
	}
	for i := range t.Effects {
		if t.Effects[i].Kind == schemas.EffectIssue {
			return v.afterIssue(p, t, &t.Effects[i])
		}
	}
	return nil
}

// changes lists what happened to the case after a version of its file.
func (v *visit) changes(s *subject, version int64) []timeline.Happening {
	return timeline.Since(s.file, s.no, version, v.texts(false))
}

// told adds what a transition orders: notices in their words, cancellations and other duties by their permits.
func (v *visit) told(p *previewPage, t *schemas.Transition) error {
	for i := range t.Effects {
		switch t.Effects[i].Kind {
		case schemas.EffectNotify:
			sms, err := v.ports.Render(t.Order(i))
			if err != nil {
				return err
			}
			p.Notices = append(p.Notices, sms)
		case schemas.EffectCancel:
			p.Cancels = append(p.Cancels, t.Effects[i].PermitNo)
		case schemas.EffectRevoke:
			p.Final = true
			fallthrough
		default:
			p.Orders = append(p.Orders, v.lang.duty(&schemas.Duty{Effect: t.Effects[i]}))
		}
	}
	return nil
}

func (v *visit) afterIssue(p *previewPage, t *schemas.Transition, issue *schemas.Effect) error {
	file := &casework.File{Dossier: t.Dossier, Person: t.Person}
	now := t.Input.ReceivedAt
	issued, err := v.ports.Policy().Decide(file, &schemas.Input{
		InputID: "foreseen", Kind: schemas.InputEffectResult, DossierID: t.DossierID, ApplicationNo: t.ApplicationNo, Source: "issuance", ReceivedAt: now,
		Result: &schemas.EffectResult{EffectID: issue.EffectID, Status: schemas.EffectDone, At: now, Permit: &schemas.Permit{PermitNo: "（签发后的证号）", LicenceID: "-", IssuedAt: now}},
	})
	if err != nil || issued == nil {
		return err
	}
	p.Later = true
	return v.told(p, issued)
}

// rejected returns why the case did not take an act, or "".
func rejected(t *schemas.Transition) string {
	for i := range t.Events {
		if e := &t.Events[i]; e.Type == schemas.EvRejected || e.Type == schemas.EvConflict {
			return e.Code
		}
	}
	return ""
}
