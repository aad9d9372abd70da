package casework

import (
	"slices"
	"time"

	"permithub/schemas"
)

// waits names, for each clock, the effects that it waits for, with the foreign system that carries them out.
var waits = map[string][]schemas.EffectKind{
	ClockDeemed:    {schemas.EffectVerify},
	ClockPromised:  {schemas.EffectVerify, schemas.EffectIssue, schemas.EffectPublish},
	ClockStatutory: {schemas.EffectVerify, schemas.EffectIssue, schemas.EffectNotify},
	ClockPush:      {schemas.EffectPublish},
	ClockNotify:    {schemas.EffectNotify},
	ClockCancel:    {schemas.EffectCancel},
}

var systems = map[schemas.EffectKind]string{
	schemas.EffectVerify: "registration", schemas.EffectIssue: "epermit", schemas.EffectPublish: "dataplatform", schemas.EffectNotify: "sms",
	schemas.EffectCancel: "registration", schemas.EffectFile: "archive", schemas.EffectRevoke: "epermit", schemas.EffectCorrect: "dataplatform",
}

// causeOf says what a breached limit was lost to, from what the file holds: a foreign system that had not answered when it ended; else one
// that took more of its working time than we did; else the stage of ours in which the case lay.
func (w *decision) causeOf(k *schemas.Clock) *schemas.Cause {
	if w.lostTo != nil {
		return w.lostTo
	}
	due := k.DueAt.Time
	var longest *schemas.Cause
	var foreign, most time.Duration
	for i := range w.c.Duties {
		d := &w.c.Duties[i]
		if !slices.Contains(waits[k.ID], d.Kind) || !d.OrderedAt.Before(due) {
			continue
		}
		c := &schemas.Cause{Kind: schemas.CauseForeignOutage, System: systems[d.Kind], From: d.OrderedAt, To: d.DoneAt}
		if open := d.DoneAt == nil || !d.DoneAt.Before(due); open && awaited(d) {
			return c
		}
		if d.DoneAt == nil || !d.DoneAt.After(k.StartedAt.Time) {
			continue
		}
		took := w.p.Calendar.WorkingTime(latest(d.OrderedAt, k.StartedAt).Time, d.DoneAt.Time)
		foreign += took
		if took > most {
			longest, most = c, took
		}
	}
	if own := w.p.Calendar.WorkingTime(k.StartedAt.Time, due) - foreign - w.paused(k); longest != nil && foreign > own {
		return longest
	}
	own := &schemas.Cause{Kind: schemas.CauseOwnStage, Stage: w.c.Stage, From: k.StartedAt}
	if w.c.StageAt != nil {
		own.From = *w.c.StageAt
	}
	return own
}

// awaited reports whether a duty is the far side's to do: one that was refused waits for a person of ours.
func awaited(d *schemas.Duty) bool {
	return d.Status != schemas.DutyRefused && d.Status != schemas.DutyWaived
}

// paused is the working time that pauses took out of a clock.
func (w *decision) paused(k *schemas.Clock) time.Duration {
	var sum time.Duration
	for _, p := range k.Pauses {
		if p.To != nil {
			sum += w.p.Calendar.WorkingTime(p.From.Time, p.To.Time)
		}
	}
	return sum
}

func latest(a, b schemas.Time) schemas.Time {
	if a.Before(b.Time) {
		return b
	}
	return a
}
