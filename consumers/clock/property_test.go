package clock

import (
	"context"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/internal/deadline"
)

// machine is one partition under whatever may happen to it.
type machine struct {
	t         *testing.T
	r         server
	index     *deadline.Store
	log       *memory
	step      *Step
	old       *Step // an owner that does not know that it is one no more
	persons   []*person
	delivered int64 // where delivery stands
}

// grow appends one transition of one person.
func (m *machine) grow(rt *rapid.T) {
	p := m.persons[rapid.IntRange(0, len(m.persons)-1).Draw(rt, "person")]
	c := p.dossier.Open
	if c == nil {
		m.log.append(p.submit())
		return
	}
	clock := len(c.Clocks) - 1
	ids := []string{"T1", "T4", "T5", "T2", "T3", "R8"} // a case has each clock once
	switch rapid.IntRange(0, 4).Draw(rt, "act") {
	case 0:
		if len(c.Clocks) == len(ids) {
			m.log.append(p.value())
			return
		}
		m.log.append(p.accept(ids[len(c.Clocks)], rapid.SliceOfNDistinct(rapid.IntRange(1, 500), 1, 4, rapid.ID).Draw(rt, "rungs")...))
	case 1:
		m.log.append(p.pause(rapid.Bool().Draw(rt, "pause"), rapid.IntRange(0, 50).Draw(rt, "shift")))
	case 2:
		m.log.append(p.end(rapid.IntRange(0, 40).Draw(rt, "days ago")))
	default:
		if clock < 0 {
			m.log.append(p.value()) // a transition that concerns no clock
			return
		}
		m.log.append(p.fire(clock, rapid.IntRange(0, len(c.Clocks[clock].Rungs)-1).Draw(rt, "rung")))
	}
}

func (m *machine) handle(rt *rapid.T, s *Step, from, to int64) {
	if err := s.Handle(context.Background(), m.log.batch(0, from, to)); err != nil {
		rt.Fatal(err)
	}
}

func (m *machine) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"grow": m.grow,
		"grow more": func(rt *rapid.T) {
			for range 3 {
				m.grow(rt)
			}
		},
		"void": func(*rapid.T) { m.log.append(nil) },
		"deliver": func(rt *rapid.T) {
			to := min(m.log.end(), m.delivered+rapid.Int64Range(1, 6).Draw(rt, "records"))
			m.handle(rt, m.step, m.delivered, to)
			m.delivered = to
		},
		"deliver again": func(rt *rapid.T) {
			from := rapid.Int64Range(0, m.delivered).Draw(rt, "from")
			m.handle(rt, m.step, from, m.delivered)
		},
		"old owner": func(rt *rapid.T) {
			from := rapid.Int64Range(0, m.log.end()).Draw(rt, "from")
			m.handle(rt, m.old, from, min(m.log.end(), from+4))
		},
		"crash": func(rt *rapid.T) {
			m.old = m.step
			m.step = newStep(m.t, m.index, m.log)
			resume, err := m.step.Assigned(context.Background(), 0)
			if err != nil {
				rt.Fatal(err)
			}
			m.delivered = resume
		},
		"flush": func(*rapid.T) { m.r.flush() },
		"watch": func(rt *rapid.T) {
			if err := m.step.check(context.Background()); err != nil {
				rt.Fatal(err)
			}
		},
		"claim": func(rt *rapid.T) {
			now := t0.Add(time.Duration(rapid.IntRange(0, 500).Draw(rt, "minute")) * time.Minute)
			if _, err := m.index.Claim(context.Background(), 0, now, 5, time.Minute); err != nil {
				rt.Fatal(err)
			}
		},
	}
}

func TestAnySequenceEndsEqualToTheLog(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		index := open(t, r.addr)
		rapid.Check(t, func(rt *rapid.T) {
			r.flush()
			m := &machine{t: t, r: r, index: index, log: &memory{}, persons: personsOf(t, 0, 4)}
			m.step = newStep(t, index, m.log)
			m.old = newStep(t, index, m.log)
			if _, err := m.step.Assigned(context.Background(), 0); err != nil {
				rt.Fatal(err)
			}
			rt.Repeat(m.actions())
			m.handle(rt, m.step, m.delivered, m.log.end())
			if err := m.step.check(context.Background()); err != nil {
				rt.Fatal(err)
			}
			if diff := difference(t, index, 0, m.log); diff != "" {
				rt.Fatalf("redis differs from the log (-want +got):\n%s", diff)
			}
		})
	})
}
