package casework

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// machine throws inputs at the files of a few people: valid, repeated, contradictory, out of order, about cases that have ended. What must hold
// always is checked by dossier.send after each.
type machine struct {
	t      *rapid.T
	people []*dossier
	sent   [][]schemas.Input // by person
}

func TestRandomLives(t *testing.T) {
	cal := testCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		p := Haiyan202410(cal)
		p.PushInsidePromise = rapid.Bool().Draw(t, "push inside")
		if rapid.Bool().Draw(t, "deemed") {
			p.DeemedAfter = calendar.Limit{Days: 5}
		}
		m := &machine{t: t, people: []*dossier{newDossier(t, p, citizen("19900101", 11)), newDossier(t, p, citizen("20150101", 12))}}
		m.sent = make([][]schemas.Input, len(m.people))
		t.Repeat(map[string]func(*rapid.T){
			"submit": m.submit, "answer": m.answer, "answer ": m.answer, "answer  ": m.answer, "act": m.act, "act ": m.act, "supplement": m.supplement,
			"withdraw": m.withdraw, "attempt": m.attempt, "receipt": m.receipt, "deadline": m.deadline, "repeat": m.repeat, "contradict": m.contradict,
			"go on": m.goOn, "revoke": m.revoke,
		})
		for _, d := range m.people {
			m.atTheEnd(d)
		}
	})
}

// who draws a person, and lets time pass for them.
func (m *machine) who() (*dossier, int) {
	i := rapid.IntRange(0, len(m.people)-1).Draw(m.t, "person")
	d := m.people[i]
	d.tick(time.Duration(rapid.SampledFrom([]int{0, 1, 60, 3600, 86400, 5 * 86400}).Draw(m.t, "seconds")) * time.Second)
	return d, i
}

func (m *machine) no() string {
	return rapid.SampledFrom([]string{"a", "b", "c"}).Draw(m.t, "application")
}

func (m *machine) send(d *dossier, i int, in schemas.Input) *schemas.Transition {
	in = d.complete(in)
	m.sent[i] = append(m.sent[i], in)
	return d.send(in)
}

func (m *machine) submit(*rapid.T) {
	d, i := m.who()
	handling := rapid.SampledFrom([]schemas.Handling{schemas.Auto, schemas.Manual, ""})
	in := d.submission(m.no(), func(s *schemas.Submission) {
		s.Stages = schemas.Stages{Acceptance: handling.Draw(m.t, "acceptance"), Review: handling.Draw(m.t, "review"), Approval: handling.Draw(m.t, "approval")}
		if rapid.Bool().Draw(m.t, "no material") {
			s.Materials = nil
		}
		if rapid.IntRange(0, 5).Draw(m.t, "local") == 0 {
			s.HukouCounty = haiyan
		}
	})
	m.send(d, i, in)
}

// target draws an effect that was ordered, or one that was not.
func (m *machine) target(d *dossier) (no, effectID string, kind schemas.EffectKind) {
	no = m.no()
	var duties []schemas.Duty
	if c := d.file.Dossier.Open; c != nil && c.ApplicationNo == d.no(no) {
		duties = c.Duties
	}
	for _, e := range d.file.Dossier.Ended {
		if e.ApplicationNo == d.no(no) {
			duties = e.Duties
		}
	}
	if len(duties) == 0 || rapid.IntRange(0, 9).Draw(m.t, "stray") == 0 {
		kind = rapid.SampledFrom([]schemas.EffectKind{schemas.EffectVerify, schemas.EffectIssue, schemas.EffectCancel, schemas.EffectNotify}).Draw(m.t, "kind")
		return no, d.effect(no, kind, rapid.IntRange(1, 3).Draw(m.t, "ordinal")), kind
	}
	e := rapid.SampledFrom(duties).Draw(m.t, "duty")
	return no, e.EffectID, e.Kind
}

func (m *machine) answer(*rapid.T) {
	d, i := m.who()
	no, id, kind := m.target(d)
	m.send(d, i, m.result(d, no, id, kind, rapid.SampledFrom([]schemas.EffectStatus{schemas.EffectDone, schemas.EffectDone, schemas.EffectRefused, schemas.EffectUnknown}).Draw(m.t, "status")))
}

func (m *machine) result(d *dossier, no, id string, kind schemas.EffectKind, status schemas.EffectStatus) schemas.Input {
	r := schemas.EffectResult{EffectID: id, Status: status, At: schemas.At(d.at.Add(time.Duration(rapid.IntRange(-3, 1).Draw(m.t, "skew")) * time.Hour))}
	if rapid.IntRange(0, 9).Draw(m.t, "empty") > 0 && status == schemas.EffectDone {
		switch kind {
		case schemas.EffectVerify:
			r.Facts = permitFacts(rapid.SliceOfN(rapid.SampledFrom([]string{"OLD-1", "OLD-2"}), 0, 3).Draw(m.t, "permits")...)
		case schemas.EffectIssue:
			r.Permit = &schemas.Permit{PermitNo: "NEW-" + no, IssuedAt: r.At}
		}
	}
	return schemas.Input{Kind: schemas.InputEffectResult, ApplicationNo: d.no(no), Result: &r}
}

func (m *machine) act(*rapid.T) {
	d, i := m.who()
	no, id, _ := m.target(d)
	a := fullAction(rapid.SampledFrom(actions).Draw(m.t, "action"), id)
	a.Officer = rapid.SampledFrom([]string{"100", "200", "300", "400", ""}).Draw(m.t, "officer")
	a.Verdict = rapid.SampledFrom([]string{"sent", "resend", "x"}).Draw(m.t, "verdict")
	a.ReturnTo = rapid.SampledFrom([]string{"", "pre_examining", "under_review", "x"}).Draw(m.t, "return to")
	a.Items = rapid.SampledFrom([][]string{nil, {itemIdentity}, {ItemCondition, "material:university"}, {"x"}}).Draw(m.t, "items")
	if a.Kind == schemas.ActProposeRevocation {
		a.Ground = rapid.SampledFrom([]string{schemas.RevokedFraud, schemas.RevokedNotQualified, "hearing"}).Draw(m.t, "ground")
	}
	if rapid.IntRange(0, 4).Draw(m.t, "stale") == 0 {
		a.ExpectVersion = d.file.Dossier.Seq - int64(rapid.IntRange(0, 1).Draw(m.t, "by"))
	}
	var said []schemas.Remark
	if rapid.Bool().Draw(m.t, "says") {
		said = append(said, schemas.Remark{Opinion: "欧阳𠮷的材料齐全", Override: "欧阳𠮷补交的原件模糊", NoticeNo: "盐公中止〔2024〕1号"})
	}
	m.send(d, i, d.acting(no, a, said...))
}

func (m *machine) supplement(*rapid.T) {
	d, i := m.who()
	s := schemas.Supplement{Schooling: []schemas.Condition{schemas.University}}
	if rapid.Bool().Draw(m.t, "material") {
		s.Materials = []schemas.Material{{Kind: "labour_contract"}}
	}
	in := schemas.Input{Kind: schemas.InputSupplement, ApplicationNo: d.no(m.no()), Supplement: &s}
	if rapid.Bool().Draw(m.t, "agent") {
		guardian := citizen("19850505", 16)
		in.Person = &schemas.Person{Agent: &schemas.Agent{CitizenID: guardian.CitizenID, FullName: guardian.FullName, Relation: "guardian"}}
	}
	m.send(d, i, in)
}

func (m *machine) withdraw(*rapid.T) {
	if rapid.IntRange(0, 4).Draw(m.t, "really") > 0 {
		return
	}
	d, i := m.who()
	m.send(d, i, schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no(m.no()), Withdrawal: &schemas.Withdrawal{}})
}

func (m *machine) attempt(*rapid.T) {
	d, i := m.who()
	no, id, _ := m.target(d)
	m.send(d, i, schemas.Input{Kind: schemas.InputEffectAttempt, ApplicationNo: d.no(no), Attempt: &schemas.EffectAttempt{EffectID: id, Run: rapid.SampledFrom([]string{"run-a", "run-b"}).Draw(m.t, "run")}})
}

func (m *machine) receipt(*rapid.T) {
	d, i := m.who()
	no, id, _ := m.target(d)
	m.send(d, i, schemas.Input{Kind: schemas.InputSMSReceipt, ApplicationNo: d.no(no), Receipt: &schemas.SMSReceipt{EffectID: id, Delivered: rapid.Bool().Draw(m.t, "delivered"), At: d.at}})
}

func (m *machine) deadline(*rapid.T) {
	d, i := m.who()
	c := d.file.Dossier.Open
	if c == nil || len(c.Clocks) == 0 {
		return
	}
	k := rapid.SampledFrom(c.Clocks).Draw(m.t, "clock")
	r := rapid.SampledFrom(k.Rungs).Draw(m.t, "rung")
	in := &schemas.DeadlineReached{Clock: k.ID, Rung: r.Percent, DueAt: r.At, DetectedAt: d.at}
	if rapid.Bool().Draw(m.t, "due") && d.at.Before(r.At.Time) {
		d.at = r.At
		in.DetectedAt = d.at
	}
	m.send(d, i, schemas.Input{Kind: schemas.InputDeadlineReached, ApplicationNo: c.ApplicationNo, Deadline: in})
}

func (m *machine) repeat(*rapid.T) {
	d, i := m.who()
	if len(m.sent[i]) == 0 {
		return
	}
	in := rapid.SampledFrom(m.sent[i]).Draw(m.t, "again")
	// One that changed nothing the first time was not remembered.
	known := slices.Contains(d.file.Dossier.Seen, schemas.Seen{InputID: in.InputID, BodyHash: short(in.BodyHash)})
	in.ReceivedAt = d.at
	if tr := d.send(in); tr != nil && known {
		m.t.Fatalf("a repeat of %s changed the file: %v", in.Kind, eventTypes(tr))
	}
}

func (m *machine) contradict(*rapid.T) {
	d, i := m.who()
	if len(m.sent[i]) == 0 {
		return
	}
	in := rapid.SampledFrom(m.sent[i]).Draw(m.t, "again")
	known := slices.ContainsFunc(d.file.Dossier.Seen, func(s schemas.Seen) bool { return s.InputID == in.InputID })
	in.BodyHash = schemas.BodyHash([]byte(fmt.Sprint("other", rapid.IntRange(0, 2).Draw(m.t, "body"))))
	tr := d.send(in)
	if tr != nil && known && (len(tr.Events) != 1 || tr.Events[0].Type != schemas.EvConflict || len(tr.Effects) > 0) {
		m.t.Fatalf("a contradiction of %s did more than be recorded: %v", in.Kind, eventTypes(tr))
	}
	if tr := d.send(in); tr != nil && known {
		m.t.Fatalf("a contradiction of %s was recorded twice", in.Kind)
	}
}

// goOn does what the open case waits for, so that random lives get far.
func (m *machine) goOn(*rapid.T) {
	d, i := m.who()
	c := d.file.Dossier.Open
	if c == nil {
		return
	}
	for _, e := range c.Duties {
		if e.Status != schemas.DutyOrdered {
			continue
		}
		for _, no := range []string{"a", "b", "c"} {
			if d.no(no) == c.ApplicationNo {
				m.send(d, i, m.result(d, no, e.EffectID, e.Kind, schemas.EffectDone))
			}
		}
		return
	}
}

// revoke has two people say what they may say of a permit that a case ended with.
func (m *machine) revoke(*rapid.T) {
	d, i := m.who()
	for _, no := range []string{"a", "b", "c"} {
		for _, e := range d.file.Dossier.Ended {
			if e.ApplicationNo != d.no(no) || e.Outcome != "issued" {
				continue
			}
			a := schemas.OfficerAction{Kind: schemas.ActProposeRevocation, Ground: schemas.RevokedFraud, Officer: rapid.SampledFrom([]string{"100", "200"}).Draw(m.t, "officer")}
			if e.Revocation != nil {
				a.Ground, a.Kind = "", rapid.SampledFrom([]schemas.ActionKind{schemas.ActConfirmRevocation, schemas.ActConfirmRevocation, schemas.ActRejectRevocation}).Draw(m.t, "word")
			}
			m.send(d, i, d.acting(no, a, schemas.Remark{Opinion: "欧阳𠮷的合同系伪造", NoticeNo: "盐公撤决〔2024〕1号"}))
			return
		}
	}
}

// atTheEnd asks what must hold of a whole life.
func (m *machine) atTheEnd(d *dossier) {
	valid := 0
	for _, k := range d.file.Dossier.Permits {
		if k.Status == schemas.PermitValid {
			valid++
		}
	}
	waived := slices.ContainsFunc(d.log, func(tr *schemas.Transition) bool {
		return slices.ContainsFunc(tr.Events, func(ev schemas.Event) bool { return ev.Type == schemas.EvDutyWaived })
	})
	if d.file.Dossier.Open == nil && valid > 1 && !waived {
		m.t.Fatalf("%d valid permits at rest", valid)
	}
	for _, e := range d.file.Dossier.Ended {
		outcomes := []string{"issued", "refused", "not_accepted", "withdrawn", "revoked"}
		if !slices.Contains(outcomes, e.Outcome) || (e.Outcome == "issued" || e.Outcome == "revoked") != (e.PermitNo != "") {
			m.t.Fatalf("ended as %q with permit %q", e.Outcome, e.PermitNo)
		}
	}
}
