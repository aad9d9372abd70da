package docket

import (
	"cmp"
	"slices"
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// Standing is how the open cases stand at one instant.
type Standing struct {
	At time.Time
	// Partitions is how many partitions of the log the docket speaks for.
	Partitions int
	// Stages counts the open cases by stage, Deadlines the running limits by clock and state.
	Stages    map[schemas.Stage]Tally
	Deadlines map[string]map[State]int
	// Oldest is when the open case was submitted that waits longest; zero without one.
	Oldest time.Time
	// Superseded counts the earlier permits that are still valid although a new one was issued; SupersededSince is the first such issue.
	Superseded      int
	SupersededSince time.Time
	// Horizon is the first instant of which the calendar has no notice.
	Horizon time.Time
	// Towns counts the open cases by where the applicant lives, in the order of the division codes.
	Towns []Town
	// Total is the sum of Towns.
	Total Tally
	// Finished tells of the cases decided for good today, Recent of those of the last 30 days.
	Finished, Recent Finished
}

// Tally counts open cases: each once in Open; the others look at its promise (T1).
type Tally struct {
	Open int
	// DueToday are those whose promise ends by the end of today and that have not breached; paused ones are left out.
	DueToday, Warned, Breached int
}

// Town counts the open cases of one township.
type Town struct {
	// Division is the township's code.
	Division string
	Tally
	Stages map[schemas.Stage]Tally
}

// Finished counts cases by the time from acceptance to the permit or the refusal.
type Finished struct {
	Count, Late int
	// Hours counts by office hours, between [HourBounds]; Spans by wall time, between [SpanBounds]. The last is what lies above all.
	Hours, Spans []int
}

// Standing counts. It takes time in proportion to the open cases, 30 ms for 100,000, in which Observe waits.
func (d *Docket) Standing() Standing {
	now, cal := d.now(), d.calendar()
	s := Standing{
		At: now, Stages: map[schemas.Stage]Tally{}, Deadlines: map[string]map[State]int{}, Horizon: cal.Horizon().AddDays(1).Start(),
		Finished: newFinished(), Recent: newFinished(),
	}
	for _, c := range Clocks {
		s.Deadlines[c] = map[State]int{}
	}
	tomorrow := calendar.Of(now).AddDays(1).Start()
	towns := map[string]*Town{}
	d.mu.Lock()
	defer d.mu.Unlock()
	s.Partitions = len(d.marks)
	for _, e := range d.open {
		town := towns[e.town]
		if town == nil {
			town = &Town{Division: e.town, Stages: map[schemas.Stage]Tally{}}
			towns[e.town] = town
		}
		s.add(e)
		one := tallyOf(e, tomorrow)
		s.Total = s.Total.Plus(one)
		s.Stages[e.stage] = s.Stages[e.stage].Plus(one)
		town.Tally = town.Plus(one)
		town.Stages[e.stage] = town.Stages[e.stage].Plus(one)
	}
	for _, t := range towns {
		s.Towns = append(s.Towns, *t)
	}
	slices.SortFunc(s.Towns, func(a, b Town) int { return cmp.Compare(a.Division, b.Division) })
	d.sum(&s, calendar.Of(now))
	return s
}

func (s *Standing) add(e *entry) {
	if s.Oldest.IsZero() || e.submitted.Before(s.Oldest) {
		s.Oldest = e.submitted
	}
	if e.superseded > 0 && !e.issued.IsZero() {
		s.Superseded += e.superseded
		if s.SupersededSince.IsZero() || e.issued.Before(s.SupersededSince) {
			s.SupersededSince = e.issued
		}
	}
	for i := range e.clocks {
		if by := s.Deadlines[e.clocks[i].id]; by != nil {
			by[e.clocks[i].state]++
		}
	}
}

// Plus adds what another tally counted.
func (t Tally) Plus(o Tally) Tally {
	return Tally{t.Open + o.Open, t.DueToday + o.DueToday, t.Warned + o.Warned, t.Breached + o.Breached}
}

// Times is the tally of n cases that stand alike.
func (t Tally) Times(n int) Tally {
	return Tally{n * t.Open, n * t.DueToday, n * t.Warned, n * t.Breached}
}

func tallyOf(e *entry, tomorrow time.Time) Tally {
	for i := range e.clocks {
		if k := &e.clocks[i]; k.id == Promise {
			return TallyOf(k.state, k.due, tomorrow)
		}
	}
	return Tally{Open: 1}
}

// TallyOf counts one open case by how its promise stands, "" where none runs; tomorrow is when that day begins. A limit is half-open: one that
// ends at the midnight after today is due today.
func TallyOf(state State, due, tomorrow time.Time) Tally {
	t := Tally{Open: 1}
	switch state {
	case Breached:
		t.Breached = 1
		return t
	case Paused, "":
		return t
	case Warned:
		t.Warned = 1
	case Provisional, OK:
	}
	if !due.After(tomorrow) {
		t.DueToday = 1
	}
	return t
}

func newFinished() Finished {
	return Finished{Hours: make([]int, len(HourBounds)+1), Spans: make([]int, len(SpanBounds)+1)}
}

func (d *Docket) sum(s *Standing, today calendar.Date) {
	for _, days := range d.finished {
		for day, t := range days {
			if age := today.Sub(day); age >= 0 && age < keptDays {
				s.Recent.add(t)
			}
			if day == today {
				s.Finished.add(t)
			}
		}
	}
}

func (f *Finished) add(t *times) {
	for i, n := range t.hours {
		f.Count += n
		f.Hours[i] += n
	}
	for i, n := range t.spans {
		f.Spans[i] += n
	}
	f.Late += t.late
}
