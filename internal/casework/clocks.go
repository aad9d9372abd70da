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

// arm starts a clock that runs in wall time.
func (w *decision) arm(id string, from schemas.Time, due time.Time) {
	at := schemas.At(due)
	w.c.Clocks = append(w.c.Clocks, schemas.Clock{ID: id, StartedAt: from, DueAt: at, Rungs: []schemas.Rung{{Percent: deadlineRung, At: at}}})
}

// armLimit starts a clock of days: its warnings in percent of the working budget, then the deadline itself.
func (w *decision) armLimit(id string, from schemas.Time, l calendar.Limit, warnings ...int) {
	k := schemas.Clock{ID: id, Limit: limitText(l), StartedAt: from}
	for _, percent := range append(warnings[:len(warnings):len(warnings)], deadlineRung) {
		k.Rungs = append(k.Rungs, schemas.Rung{Percent: percent})
	}
	w.c.Clocks = append(w.c.Clocks, Recount(w.p.Calendar, k))
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
	w.arm(ClockPush, at, at.Add(w.p.PushWithin))
	w.arm(ClockNotify, at, at.Add(w.p.NotifyWithin))
	if cancels {
		w.arm(ClockCancel, at, at.Add(w.p.CancelWithin))
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
		k.BreachedAt, k.Cause = &breached, w.causeOf(k)
		ev.Cause = k.Cause
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
		if r.Percent != in.Rung || !sameMilli(r.At, in.DueAt) || in.DetectedAt.Before(r.At.Time) {
			continue
		}
		w.fire(k, r, in.DetectedAt)
		if k.ID == ClockDeemed && len(w.events) > 0 {
			w.deemAccepted()
		}
		return
	}
}

// sameMilli compares two instants as finely as the index of deadlines keeps them: rounded up to the millisecond.
func sameMilli(exact, kept schemas.Time) bool {
	d := kept.Sub(exact.Time)
	return d >= 0 && d < time.Millisecond
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
func (w *decision) pause(ground, remark string) {
	for i := range w.c.Clocks {
		k := &w.c.Clocks[i]
		if k.ResolvedAt == nil && (k.ID == ClockPromised || k.ID == ClockStatutory) {
			w.fireReached(k, w.at) // what was reached before the pause stays reached, however it ends
			at := w.at
			k.PausedAt = &at
			k.Pauses = append(cloneSlice(k.Pauses), schemas.Pause{From: at, Ground: ground, Remark: remark})
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
		at, paused := w.at, *k.PausedAt
		k.PausedAt = nil
		if k.Limit == nil || len(k.Pauses) == 0 { // armed before clocks said how they were counted
			w.shift(k, schemas.Pause{From: paused, To: &at})
			continue
		}
		k.Pauses = cloneSlice(k.Pauses)
		k.Pauses[len(k.Pauses)-1].To = &at
		*k = Recount(w.p.Calendar, *k)
		w.c.Calendar = w.p.Calendar.Version()
	}
}

// shift moves a clock that does not say how it was counted by one pause.
func (w *decision) shift(k *schemas.Clock, p schemas.Pause) {
	unit := w.p.Promised.Unit
	if k.ID == ClockStatutory {
		unit = w.p.Statutory.Unit
	}
	move := func(t schemas.Time) schemas.Time {
		return schemas.At(through(w.p.Calendar, unit, []schemas.Pause{p}, t.Time))
	}
	k.DueAt = move(k.DueAt)
	for i := range k.Rungs {
		if r := &k.Rungs[i]; r.FiredAt == nil {
			r.At = move(r.At)
		}
	}
	k.Provisional = calendar.Of(k.DueAt.Add(-1)).After(w.p.Calendar.Horizon())
}

// recount takes over what another calendar makes of the clocks, where they still stand as it saw them.
func (w *decision) recount() {
	in := w.in.Recount
	for _, n := range in.Clocks {
		k := w.c.ClockByID(n.Clock)
		if k == nil || k.Limit == nil || k.ResolvedAt != nil || !k.DueAt.Equal(n.WasDueAt.Time) || !n.DueAt.After(k.StartedAt.Time) {
			continue
		}
		if n.DueAt.Equal(k.DueAt.Time) && n.Provisional == k.Provisional {
			continue
		}
		was, due := k.DueAt, n.DueAt
		k.DueAt, k.Provisional = n.DueAt, n.Provisional
		w.c.Calendar = in.Calendar
		w.event(schemas.Event{
			Type: schemas.EvRecounted, Clock: k.ID, DueAt: &due, WasDueAt: &was, Officer: in.Officer, Code: string(in.Reason), Ref: in.Calendar, Papers: in.Papers,
		})
		w.moveRungs(k, n.Rungs)
		if k.PausedAt != nil {
			continue
		}
		if due.Before(was.Time) && was.After(w.at.Time) { // it would have been in time
			w.lostTo = &schemas.Cause{Kind: schemas.CauseCalendarChange, From: w.at}
		}
		w.fireReached(k, w.at)
		w.lostTo = nil
	}
	if k := w.c.ClockByID(ClockDeemed); k != nil && k.ResolvedAt == nil && !k.DueAt.After(w.at.Time) {
		w.deemAccepted()
	}
}

// moveRungs takes a clock's rungs to where another calendar has them. One that was reached and lies ahead again is to be reached again: the
// event of the first time stays in the file.
func (w *decision) moveRungs(k *schemas.Clock, rungs []schemas.Rung) {
	for i := range k.Rungs {
		r := &k.Rungs[i]
		for _, n := range rungs {
			if n.Percent == r.Percent {
				r.At = n.At
			}
		}
		if r.Percent == deadlineRung {
			r.At = k.DueAt
		}
		if r.FiredAt == nil || !r.At.After(w.at.Time) {
			continue
		}
		r.FiredAt = nil
		if r.Percent == deadlineRung {
			k.BreachedAt, k.Cause = nil, nil
		}
	}
}
