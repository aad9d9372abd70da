package clock

import (
	"cmp"
	"slices"
	"time"

	"permithub/internal/deadline"
	"permithub/schemas"
)

// Project returns what a run of valid transitions says of the index, from the mark from to the mark next. A transition changes the one case that
// its input is about, so the last one about a case says where that case stands; what the run does not speak of stands in the index already.
func Project(partition int32, from, next int64, transitions []*schemas.Transition) deadline.Projection {
	p := deadline.Projection{Partition: partition, From: from, Next: next}
	seen := make(map[string]bool, len(transitions))
	for _, t := range slices.Backward(transitions) {
		if seen[t.ApplicationNo] {
			continue
		}
		seen[t.ApplicationNo] = true
		if s, ok := standing(&t.Dossier, t.ApplicationNo); ok {
			p.Cases = append(p.Cases, s)
		}
	}
	return p
}

// standing says where one case of a file stands. An ended case has no clocks: naming it is what disarms them.
func standing(d *schemas.Dossier, applicationNo string) (deadline.Standing, bool) {
	card, ok := d.Card(applicationNo)
	s := deadline.Standing{ApplicationNo: applicationNo, Card: card}
	if e := d.EndedByNo(applicationNo); e != nil {
		s.EndedAt = e.EndedAt.Time
	} else if ok {
		s.Deadlines = pending(d.Open)
	}
	return s, ok
}

// pending lists the rungs that are still to come: a paused clock has none, since nobody knows when it will go on.
func pending(c *schemas.Case) []deadline.Entry {
	var entries []deadline.Entry
	for i := range c.Clocks {
		k := &c.Clocks[i]
		if k.ResolvedAt != nil || k.PausedAt != nil {
			continue
		}
		for _, r := range k.Rungs {
			if r.FiredAt == nil {
				entries = append(entries, deadline.Entry{ApplicationNo: c.ApplicationNo, Clock: k.ID, Rung: r.Percent, Due: r.At.Time})
			}
		}
	}
	return entries
}

// Expect returns what the index must hold after these transitions, which are all the valid ones of one partition; next is
// the mark after them. Cards that outlived endedTTL at now are left out. To be compared with [deadline.Dump].
func Expect(next int64, transitions []*schemas.Transition, endedTTL time.Duration, now time.Time) deadline.Snapshot {
	snap := deadline.Snapshot{Mark: next}
	for _, c := range Project(0, 0, next, transitions).Cases {
		if next, ok := c.Next(); ok {
			snap.Deadlines = append(snap.Deadlines, next)
		}
		if c.EndedAt.IsZero() || c.EndedAt.Add(endedTTL).After(now) {
			snap.Cards = append(snap.Cards, c.Card)
		}
	}
	slices.SortFunc(snap.Deadlines, deadline.Compare)
	slices.SortFunc(snap.Cards, func(a, b schemas.Card) int { return cmp.Compare(a.ApplicationNo, b.ApplicationNo) })
	return snap
}
