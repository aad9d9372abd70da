package casework

import (
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// Clocks of a case (domain: 时限). R8 bounds how long two permits may be valid after an issue.
const (
	ClockPromised  = "T1" // 承诺时限, acceptance to issue
	ClockPush      = "T2" // issue to the platform's acknowledgement
	ClockNotify    = "T3" // issue to the gateway's acceptance (同步)
	ClockStatutory = "T4" // 法定时限, acceptance to delivery
	ClockDeemed    = "T5" // submission to the supplement request, else deemed accepted
	ClockCancel    = "R8" // issue to the last earlier permit cancelled
)

const deadlineRung = 100

// arm starts a clock: its warnings in percent of the working budget, then the deadline itself.
func (w *decision) arm(id string, from schemas.Time, due time.Time, provisional bool, warnings ...int) {
	k := schemas.Clock{ID: id, StartedAt: from, DueAt: schemas.At(due), Provisional: provisional}
	for _, percent := range warnings {
		k.Rungs = append(k.Rungs, schemas.Rung{Percent: percent, At: schemas.At(w.p.Calendar.Share(from.Time, due, percent))})
	}
	k.Rungs = append(k.Rungs, schemas.Rung{Percent: deadlineRung, At: k.DueAt})
	w.c.Clocks = append(w.c.Clocks, k)
}

func (w *decision) armLimit(id string, from schemas.Time, l calendar.Limit, warnings ...int) {
	due, provisional := w.p.Calendar.Due(from.Time, l)
	w.arm(id, from, due, provisional, warnings...)
}

// armDeemed starts T5 where the installation has it on. Basis: 行政许可法 第三十二条.
func (w *decision) armDeemed() {
	if w.p.DeemedAfter.Days > 0 {
		w.armLimit(ClockDeemed, w.at, w.p.DeemedAfter)
	}
}

// armPromised starts T1 and T4 side by side at acceptance.
func (w *decision) armPromised(accepted schemas.Time) {
	w.armLimit(ClockPromised, accepted, w.p.Promised, w.p.Rungs...)
	w.armLimit(ClockStatutory, accepted, w.p.Statutory)
}

// armAfterIssue starts what the issue owes; these run in wall time, seconds and minutes.
func (w *decision) armAfterIssue(at schemas.Time, cancels bool) {
	w.arm(ClockPush, at, at.Add(w.p.PushWithin), false)
	w.arm(ClockNotify, at, at.Add(w.p.NotifyWithin), false)
	if cancels {
		w.arm(ClockCancel, at, at.Add(w.p.CancelWithin), false)
	}
}

func (w *decision) resolve(id string) { w.resolveAt(id, w.at) }

// resolveAll ends every clock of a case that is over.
func (w *decision) resolveAll() {
	for i := range w.c.Clocks {
		w.resolve(w.c.Clocks[i].ID)
	}
}

// resolveAt ends a clock at the true instant. Rungs that lay before it are recorded now if no deadline input came yet: an outage
// of the poller hides no breach.
func (w *decision) resolveAt(id string, at schemas.Time) {
	k := w.c.ClockByID(id)
	if k == nil || k.ResolvedAt != nil {
		return
	}
	if k.PausedAt == nil {
		w.fireReached(k, at)
	}
	k.ResolvedAt, k.PausedAt = &at, nil
}

// fireReached records every rung that lay at or before the instant.
func (w *decision) fireReached(k *schemas.Clock, at schemas.Time) {
	for i := range k.Rungs {
		if !k.Rungs[i].At.After(at.Time) {
			w.fire(k, &k.Rungs[i], w.at)
		}
	}
}

// fire records a rung once, dated at the instant when it was reached, however late it was seen.
func (w *decision) fire(k *schemas.Clock, r *schemas.Rung, detected schemas.Time) {
	if r.FiredAt != nil {
		return
	}
	due := k.DueAt
	r.FiredAt = &detected
	ev := schemas.Event{Type: schemas.EvWarned, At: r.At, Clock: k.ID, Rung: r.Percent, DueAt: &due, DetectedAt: &detected}
	if r.Percent == deadlineRung {
		ev.Type = schemas.EvBreached
		breached := r.At
		k.BreachedAt = &breached
	}
	w.event(ev)
}

// deadlineReached fires the rung that was due, if it still counts: a clock that was resolved, paused or moved since does not.
func (w *decision) deadlineReached() {
	in := w.in.Deadline
	k := w.c.ClockByID(in.Clock)
	if k == nil || k.ResolvedAt != nil || k.PausedAt != nil {
		return
	}
	for i := range k.Rungs {
		r := &k.Rungs[i]
		if r.Percent != in.Rung || !r.At.Equal(in.DueAt.Time) || in.DetectedAt.Before(r.At.Time) {
			continue
		}
		w.fire(k, r, in.DetectedAt)
		if k.ID == ClockDeemed && len(w.events) > 0 {
			w.deemAccepted()
		}
		return
	}
}

// deemOverdue accepts before anything else is decided where T5 is over and no timer said so yet: the law needs no timer.
func (w *decision) deemOverdue() {
	k := w.c.ClockByID(ClockDeemed)
	if k == nil || k.ResolvedAt != nil || k.DueAt.After(w.at.Time) || w.in.Kind == schemas.InputDeadlineReached {
		return
	}
	w.deemAccepted()
}

// verdictDeemed says that nobody told the applicant in time what is missing: the application counts as accepted from its receipt on.
// Basis: 行政许可法 第三十二条.
const verdictDeemed = "deemed_accepted"

// deemAccepted accepts an application that nobody answered in time, and says why. It counts from the day of receipt, so T1 may be over at once.
func (w *decision) deemAccepted() {
	stage := w.c.Stage
	if stage == schemas.StageHeld {
		stage = w.c.HeldFrom
	}
	if w.c.AcceptedAt != nil || stage != schemas.StageSubmitted && stage != schemas.StagePreExamine {
		return
	}
	w.acceptAs(verdictDeemed, w.c.SubmittedAt, w.p.Name)
}

// pause stops T1 and T4; only a suspension on a legal ground does (T6).
func (w *decision) pause() {
	for i := range w.c.Clocks {
		k := &w.c.Clocks[i]
		if k.ResolvedAt == nil && (k.ID == ClockPromised || k.ID == ClockStatutory) {
			w.fireReached(k, w.at) // what was reached before the pause stays reached, however it ends
			at := w.at
			k.PausedAt = &at
		}
	}
}

// goOn resumes paused clocks: what was left of working time at the pause is left now, to the microsecond.
func (w *decision) goOn() {
	for i := range w.c.Clocks {
		k := &w.c.Clocks[i]
		if k.PausedAt == nil {
			continue
		}
		paused := k.PausedAt.Time
		k.PausedAt = nil
		unit := w.unit(k.ID)
		k.DueAt = w.shift(unit, paused, k.DueAt)
		for j := range k.Rungs {
			if r := &k.Rungs[j]; r.FiredAt == nil {
				r.At = w.shift(unit, paused, r.At)
			}
		}
		last := calendar.Of(k.DueAt.Add(-1)) // half-open: the day before a midnight
		k.Provisional = last.After(w.p.Calendar.Horizon())
	}
}

func (w *decision) unit(clock string) calendar.Unit {
	if clock == ClockStatutory {
		return w.p.Statutory.Unit
	}
	return w.p.Promised.Unit
}

// shift moves an instant that lay after the pause by as much time of the limit's days as the pause left to it. What lay before the pause was reached.
func (w *decision) shift(unit calendar.Unit, paused time.Time, t schemas.Time) schemas.Time {
	switch {
	case !t.After(paused):
		return t
	case unit == calendar.CalendarDays:
		return schemas.At(t.Add(w.at.Sub(paused)))
	}
	return schemas.At(w.p.Calendar.AddWorkingTime(w.at.Time, w.p.Calendar.WorkingTime(paused, t.Time)))
}
