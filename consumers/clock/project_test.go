package clock

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/deadline"
	"permithub/schemas"
)

// TestProject says in numbers what each state of a clock leaves in the index.
func TestProject(t *testing.T) {
	type rung struct{ percent, minute int }
	for _, row := range []struct {
		name  string
		write func(p *person)
		clock string
		want  []rung
	}{
		{"submitted", func(p *person) { p.submit() }, "", nil},
		{"accepted", func(p *person) { p.submit(); p.accept("T1", 10, 20) }, "T1", []rung{{50, 10}, {100, 20}}},
		{"warned", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.fire(0, 0) }, "T1", []rung{{100, 20}}},
		{"warned late, rungs out of order", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.fire(0, 1) }, "T1", []rung{{50, 10}}},
		{"breached", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.fire(0, 0); p.fire(0, 1) }, "", nil},
		{"paused", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.pause(true, 0) }, "", nil},
		{"resumed", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.pause(true, 0); p.pause(false, 7) }, "T1", []rung{{50, 17}, {100, 27}}},
		{"resolved", func(p *person) {
			p.submit()
			p.accept("T1", 10, 20)
			resolved := at(5)
			p.dossier.Open.Clocks[0].ResolvedAt = &resolved
		}, "", nil},
		{"ended", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.end(0) }, "", nil},
		{"ended, the next one open", func(p *person) { p.submit(); p.accept("T1", 10, 20); p.end(0); p.submit(); p.accept("T4", 30) }, "T4", []rung{{100, 30}}},
	} {
		t.Run(row.name, func(t *testing.T) {
			p := personsOf(t, 0, 1)[0]
			row.write(p)
			tr := p.transition()
			got := Project(3, 17, 18, []*schemas.Transition{&tr})
			if got.Partition != 3 || got.From != 17 || got.Next != 18 || len(got.Cases) != 1 {
				t.Errorf("projection %d from %d to %d of %d cases", got.Partition, got.From, got.Next, len(got.Cases))
			}
			var want, have []deadline.Entry
			no := schemas.ApplicationNo(p.dossier.DossierID, "province", string(rune('0'+p.cases)))
			for _, r := range row.want {
				want = append(want, deadline.Entry{ApplicationNo: no, Clock: row.clock, Rung: r.percent, Due: t0.Add(time.Duration(r.minute) * time.Minute)})
			}
			for _, c := range got.Cases {
				have = append(have, c.Deadlines...)
				if ended := c.Card.Outcome != ""; ended == c.EndedAt.IsZero() {
					t.Errorf("%s: outcome %q, ended %s", c.ApplicationNo, c.Card.Outcome, c.EndedAt)
				}
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("deadlines (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTheLastTransitionOfACaseWins(t *testing.T) {
	p := personsOf(t, 0, 2)
	var all []*schemas.Transition
	for _, value := range [][]byte{p[0].submit(), p[1].submit(), p[0].accept("T1", 10), p[1].accept("T1", 20), p[0].fire(0, 0)} {
		tr, err := schemas.DecodeTransition(value)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, tr)
	}
	got := map[string]int{}
	for _, c := range Project(0, 0, 5, all).Cases {
		got[c.ApplicationNo[:12]] = len(c.Deadlines)
	}
	if diff := cmp.Diff(map[string]int{p[0].dossier.DossierID: 0, p[1].dossier.DossierID: 1}, got); diff != "" {
		t.Error(diff)
	}
}
