package ops

import (
	"slices"
	"time"

	"permithub/internal/docket"
	"permithub/schemas"
)

// Measure is one leg that a transition ended.
type Measure struct {
	Leg      string
	From, To time.Time
}

// Took is the wall time. A far side's clock that runs behind ours gives zero, never less.
func (m Measure) Took() time.Duration { return max(0, m.To.Sub(m.From)) }

// Measures returns the legs that end with the events of t, by the times in the file: when things were true, not when they were seen.
func Measures(t *schemas.Transition) []Measure {
	var all []Measure
	add := func(leg string, from *schemas.Time, to schemas.Time) {
		if from != nil {
			all = append(all, Measure{leg, from.Time, to.Time})
		}
	}
	for i := range t.Events {
		e := &t.Events[i]
		w := waypointsOf(t, e.ApplicationNo)
		switch e.Type {
		case schemas.EvAccepted:
			add(LegReceivedAccepted, w.received, e.At)
		case schemas.EvApproved, schemas.EvRefused:
			add(LegAcceptedDecided, w.accepted, e.At)
			if e.Type == schemas.EvRefused {
				add(LegAcceptedSettled, w.accepted, e.At)
			}
		case schemas.EvIssued:
			add(LegDecidedIssued, w.decided, e.At)
			add(LegAcceptedSettled, w.accepted, e.At)
		case schemas.EvLicencePushed:
			add(LegIssuedPushed, w.issued, e.At)
			add(LegDecidedPushed, w.decided, e.At)
		case schemas.EvPermitCancelled:
			add(LegIssuedCancelled, w.issued, e.At)
		case schemas.EvNoticeSent:
			if d := w.duty(e.EffectID); d != nil {
				add(LegNoticeOrderedSent, &d.OrderedAt, e.At)
				if d.Notice == completionNotice {
					add(LegIssuedSMSAccepted, w.issued, e.At)
				}
			}
		}
	}
	return all
}

// waypoints are the times of a case, open or ended.
type waypoints struct {
	received, accepted, decided, issued *schemas.Time
	promised                            *schemas.Time // until when
	duties                              []schemas.Duty
}

func waypointsOf(t *schemas.Transition, applicationNo string) waypoints {
	if c := t.Dossier.OpenByNo(applicationNo); c != nil {
		w := waypoints{received: &c.SubmittedAt, accepted: c.AcceptedAt, decided: c.DecidedAt, issued: c.IssuedAt, duties: c.Duties}
		if k := c.ClockByID(docket.Promise); k != nil {
			w.promised = &k.DueAt
		}
		return w
	}
	if c := t.Dossier.EndedByNo(applicationNo); c != nil {
		return waypoints{received: &c.SubmittedAt, accepted: c.AcceptedAt, decided: decidedAt(c), issued: c.IssuedAt, promised: c.DueAt, duties: c.Duties}
	}
	return waypoints{}
}

// decidedAt is when the last opinion of the approval was given; nil for a case that ended without one.
func decidedAt(c *schemas.EndedCase) *schemas.Time {
	for i := range slices.Backward(c.Opinions) {
		if c.Opinions[i].Level == "approval" {
			return &c.Opinions[i].At
		}
	}
	return nil
}

func (w waypoints) duty(effectID string) *schemas.Duty {
	for i := range w.duties {
		if w.duties[i].EffectID == effectID {
			return &w.duties[i]
		}
	}
	return nil
}
