package worklist

import (
	"errors"
	"strings"

	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/docket"
	"permithub/schemas"
)

// File is what the projection keeps of one transition: the open case after it, and what it tells of acts and their answers, of overrides, breaches and
// revocations. A transition is a
// hundred times larger, and thousands are held at once while the log is read.
type File struct {
	DossierID string
	Seq       int64
	// Open is nil where no case of the file is open.
	Open *Case

	answer      *answer // nil where it answers no act
	revocations []Revocation
	acts        []pile
	overrides   []Override
	breaches    []Breach
	undone      []limit
}

var errUnreadable = errors.New("not a transition")

// Read reads the value of a record of case-log. Its error quotes nothing of the value.
func Read(value []byte) (*File, error) {
	t, err := schemas.DecodeTransition(value)
	if err != nil || t.DossierID == "" || t.Seq == 0 {
		return nil, errUnreadable
	}
	f := &File{DossierID: t.DossierID, Seq: t.Seq, Open: openCase(t), answer: answerOf(t), revocations: revocationsOf(t)}
	for i := range t.Events {
		f.happened(t, &t.Events[i])
	}
	f.detach()
	return f, nil
}

// detach copies every text that the file keeps: as the decoder gives it, it is a part of the record and keeps the whole of that.
func (f *File) detach() {
	own(&f.DossierID)
	if c := f.Open; c != nil {
		own(&c.ApplicationNo, &c.DossierID, (*string)(&c.Stage), (*string)(&c.Type), (*string)(&c.Channel), &c.Division, &c.Name)
		opinions := make(map[string]string, len(c.Opinions))
		for level, officer := range c.Opinions {
			opinions[strings.Clone(level)] = strings.Clone(officer)
		}
		c.Opinions = opinions
	}
	for i := range f.acts {
		own(&f.acts[i].officer, &f.acts[i].division)
	}
	for i := range f.overrides {
		o := &f.overrides[i]
		own(&o.ApplicationNo, &o.Division, &o.Officer, &o.Rule, &o.Reason)
	}
	for i := range f.breaches {
		b := &f.breaches[i]
		own(&b.ApplicationNo, &b.Division, &b.Clock, (*string)(&b.Kind), (*string)(&b.Stage), &b.System)
	}
	for i := range f.undone {
		own(&f.undone[i].no, &f.undone[i].clock)
	}
}

func own(texts ...*string) {
	for _, s := range texts {
		*s = strings.Clone(*s)
	}
}

func openCase(t *schemas.Transition) *Case {
	o := t.Dossier.Open
	if o == nil {
		return nil
	}
	c := &Case{
		ApplicationNo: o.ApplicationNo, DossierID: t.DossierID, Version: t.Seq, Stage: o.Stage, Type: o.Submission.RecognitionType,
		Channel: o.Submission.Channel, Division: o.Submission.CurrentDivision, SubmittedAt: o.SubmittedAt.Time, Opinions: map[string]string{},
	}
	if t.Person != nil {
		c.Name = t.Person.FullName
	}
	if o.StageAt != nil {
		c.Since = o.StageAt.Time
	}
	if o.Stage == schemas.StageHeld {
		c.HeldFor = heldFor(o)
	}
	for i := range o.Opinions {
		c.Opinions[o.Opinions[i].Level] = o.Opinions[i].Officer
	}
	for _, id := range []string{casework.ClockPromised, casework.ClockDeemed} {
		if k := unresolved(o, id); k != nil {
			c.DueAt, c.Provisional, c.Paused, c.Breached = k.DueAt.Time, k.Provisional, k.PausedAt != nil, k.BreachedAt != nil
			break
		}
	}
	if k := unresolved(o, casework.ClockPromised); k != nil {
		c.promise, c.day = docket.StateOf(k), calendar.Of(k.DueAt.Add(-1))
	}
	return c
}

// heldFor is the first duty that waits for a person. Of the notices only the completion holds a case.
func heldFor(o *schemas.Case) string {
	for i := range o.Duties {
		d := &o.Duties[i]
		notice := d.Kind == schemas.EffectNotify
		if notice && d.Notice != casework.NoticeCompletion {
			continue
		}
		if d.Status == schemas.DutyRefused || d.Status == schemas.DutyUnknown && !notice {
			return string(d.Kind) + " " + d.Code // a text of its own: nothing of the record is kept
		}
	}
	return ""
}

func unresolved(o *schemas.Case, id string) *schemas.Clock {
	if k := o.ClockByID(id); k != nil && k.ResolvedAt == nil {
		return k
	}
	return nil
}
