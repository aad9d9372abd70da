package docket

import (
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// HourBounds are the upper bounds, in office hours, between which processing times are counted: 16 and 24 are about two and three days.
var HourBounds = []float64{1, 4, 8, 12, 16, 20, 24}

// SpanBounds are those of the wall time.
var SpanBounds = []time.Duration{time.Second, 10 * time.Second, time.Minute, 10 * time.Minute, time.Hour, 8 * time.Hour, 24 * time.Hour, 4 * 24 * time.Hour}

// keptDays is for how many days the processing times of finished cases are kept.
const keptDays = 30

// finished counts the processing times of cases by the day on which they were decided for good.
type finished map[calendar.Date]*times

// times counts by bound; the last of each is what lies above all bounds.
type times struct {
	hours [8]int
	spans [9]int
	late  int
}

// finish counts the case that the transition finished: 办结, by the issue or by a refusal after acceptance.
func (d *Docket) finish(t *schemas.Transition) {
	for i := range t.Events {
		e := &t.Events[i]
		if e.Type != schemas.EvIssued && e.Type != schemas.EvRefused {
			continue
		}
		accepted, due := promiseOf(&t.Dossier, e.ApplicationNo)
		if accepted == nil {
			continue
		}
		days := d.finished[t.Input.Partition]
		if days == nil {
			days = finished{}
			d.finished[t.Input.Partition] = days
		}
		d.counting(t.Input.Partition)
		on := days.on(calendar.Of(e.At.Time))
		on.hours[bucket(HourBounds, d.calendar().WorkingHours(accepted.Time, e.At.Time).Hours())]++
		on.spans[bucket(SpanBounds, e.At.Sub(accepted.Time))]++
		if due != nil && !e.At.Before(due.Time) {
			on.late++
		}
	}
}

// on returns the day's counts, and drops those that are too old to be shown.
func (f finished) on(day calendar.Date) *times {
	if f[day] == nil {
		f[day] = &times{}
		for old := range f {
			if day.Sub(old) >= keptDays {
				delete(f, old)
			}
		}
	}
	if f[day] == nil { // itself too old: counted for nobody
		return &times{}
	}
	return f[day]
}

func bucket[T float64 | time.Duration](bounds []T, v T) int {
	for i, b := range bounds {
		if v <= b {
			return i
		}
	}
	return len(bounds)
}

// promiseOf returns when the application was accepted and until when it was promised.
func promiseOf(d *schemas.Dossier, applicationNo string) (accepted, due *schemas.Time) {
	if c := d.OpenByNo(applicationNo); c != nil {
		if k := c.ClockByID(Promise); k != nil {
			due = &k.DueAt
		}
		return c.AcceptedAt, due
	}
	if c := d.EndedByNo(applicationNo); c != nil {
		return c.AcceptedAt, c.DueAt
	}
	return nil, nil
}
