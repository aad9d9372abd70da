package casework

import (
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// LimitOf reads the limit that a clock was counted with; false for a clock that runs in wall time.
func LimitOf(l *schemas.Limit) (calendar.Limit, bool) {
	if l == nil {
		return calendar.Limit{}, false
	}
	out := calendar.Limit{Days: l.Days}
	if out.Unit.UnmarshalText([]byte(l.Unit)) != nil || out.End.UnmarshalText([]byte(l.End)) != nil {
		return calendar.Limit{}, false
	}
	return out, true
}

func limitText(l calendar.Limit) *schemas.Limit {
	return &schemas.Limit{Days: l.Days, Unit: l.Unit.String(), End: l.End.String()}
}

// Recount returns the clock as cal counts it: from its start, by its own limit, through its pauses. What a clock was armed, resumed or
// settled with is this same count. It returns k unchanged where the clock runs in wall time. Rungs that were recorded stay where they were.
//
// A pause that lasts moves nothing yet.
func Recount(cal *calendar.Calendar, k schemas.Clock) schemas.Clock {
	limit, ok := LimitOf(k.Limit)
	if !ok {
		return k
	}
	base, provisional := cal.Due(k.StartedAt.Time, limit)
	due := through(cal, limit.Unit, k.Pauses, base)
	k.DueAt, k.Provisional = schemas.At(due), provisional
	if !due.Equal(base) {
		// Half-open: what ends at a midnight ends on the day before.
		k.Provisional = !cal.Covers(calendar.Of(k.StartedAt.Time).AddDays(1), calendar.Of(due.Add(-1)))
	}
	k.Rungs = cloneSlice(k.Rungs)
	for i := range k.Rungs {
		r := &k.Rungs[i]
		if r.FiredAt != nil {
			continue
		}
		if r.At = k.DueAt; r.Percent != deadlineRung {
			r.At = schemas.At(through(cal, limit.Unit, k.Pauses, cal.Share(k.StartedAt.Time, base, r.Percent)))
		}
	}
	return k
}

// through moves an instant by the pauses before it: what a pause left of the limit's time, its end leaves too, to the microsecond. What lay
// before a pause was reached.
func through(cal *calendar.Calendar, unit calendar.Unit, pauses []schemas.Pause, t time.Time) time.Time {
	for _, p := range pauses {
		switch {
		case p.To == nil || !t.After(p.From.Time):
		case unit == calendar.CalendarDays:
			t = t.Add(p.To.Sub(p.From.Time))
		default:
			t = cal.AddWorkingTime(p.To.Time, cal.WorkingTime(p.From.Time, t))
		}
	}
	return t
}

// Count is the limit of a case, day by day: what permithub case, the interface and permithub deadline show alike.
type Count struct {
	calendar.Deadline
	Pauses []Paused `json:"pauses,omitempty" nullable:"false" doc:"中止时段"`
}

// Paused is a pause as it is shown.
type Paused struct {
	From   schemas.Time  `json:"from" doc:"中止时间"`
	To     *schemas.Time `json:"to,omitempty" doc:"恢复时间；仍在中止的没有"`
	Ground string        `json:"ground,omitempty" doc:"中止事由"`
}

// CountOf explains a limit that started at an instant and was paused.
func CountOf(cal *calendar.Calendar, started time.Time, limit calendar.Limit, pauses []schemas.Pause) Count {
	d := cal.Count(started, limit)
	due := through(cal, limit.Unit, pauses, d.Due)
	if !due.Equal(d.Due) {
		d = cal.Extend(d, due, stretches(pauses))
	}
	c := Count{Deadline: d}
	for _, p := range pauses {
		c.Pauses = append(c.Pauses, Paused{p.From, p.To, p.Ground})
	}
	return c
}

// CountCard explains the promise of an application from its card; nil where it was not accepted, or before cards said how it was counted.
func CountCard(cal *calendar.Calendar, card *schemas.Card) *Count {
	limit, ok := LimitOf(card.DueLimit)
	if !ok || card.AcceptedAt == nil {
		return nil
	}
	c := CountOf(cal, card.AcceptedAt.Time, limit, card.Pauses)
	return &c
}

func stretches(pauses []schemas.Pause) []calendar.Stretch {
	var out []calendar.Stretch
	for _, p := range pauses {
		if p.To != nil {
			out = append(out, calendar.Stretch{From: p.From.Time, To: p.To.Time})
		}
	}
	return out
}
