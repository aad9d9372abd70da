package ops

import (
	"time"

	"permithub/schemas"
)

// Measure is one leg that a transition ended.
type Measure struct {
	Leg  string
	Took time.Duration
}

// Measures returns the legs that end with the events of t, by the times in the file: when things were true, not when they were seen. A
// far side's clock that runs behind ours gives zero, never less.
func Measures(t *schemas.Transition) []Measure {
	var all []Measure
	add := func(leg string, from *schemas.Time, to schemas.Time) {
		if from != nil {
			all = append(all, Measure{leg, max(0, to.Sub(from.Time))})
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
		case schemas.EvIssued:
			add(LegDecidedIssued, w.decided, e.At)
		case schemas.EvLicencePushed:
			add(LegIssuedPushed, w.issued, e.At)
		case schemas.EvPermitCancelled:
			add(LegIssuedCancelled, w.issued, e.At)
		case schemas.EvNoticeSent:
			if w.notice(e.EffectID) == completionNotice {
				add(LegIssuedSMSAccepted, w.issued, e.At)
			}
		}
	}
	return all
}

// waypoints are the times of a case, open or ended.
type waypoints struct {
	received, accepted, decided, issued *schemas.Time
	duties                              []schemas.Duty
}

func waypointsOf(t *schemas.Transition, applicationNo string) waypoints {
	if c := t.Dossier.Open; c != nil && c.ApplicationNo == applicationNo {
		return waypoints{&c.SubmittedAt, c.AcceptedAt, c.DecidedAt, c.IssuedAt, c.Duties}
	}
	for i := range t.Dossier.Ended {
		if c := &t.Dossier.Ended[i]; c.ApplicationNo == applicationNo {
			return waypoints{&c.SubmittedAt, c.AcceptedAt, nil, c.IssuedAt, c.Duties}
		}
	}
	return waypoints{}
}

func (w waypoints) notice(effectID string) string {
	for i := range w.duties {
		if w.duties[i].EffectID == effectID {
			return w.duties[i].Notice
		}
	}
	return ""
}
