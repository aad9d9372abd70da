package clock

import (
	"cmp"
	"slices"
	"time"

	"permithub/internal/deadline"
	"permithub/schemas"
)

// Project returns what a run of valid transitions says of the index, from the mark from to the mark next. The last
// transition of each dossier wins: it holds the dossier's whole state.
func Project(partition int32, from, next int64, transitions []*schemas.Transition) deadline.Projection {
	p := deadline.Projection{Partition: partition, From: from, Next: next}
	seen := make(map[string]bool, len(transitions))
	for _, t := range slices.Backward(transitions) {
		if seen[t.DossierID] {
			continue
		}
		seen[t.DossierID] = true
		p.Cases = append(p.Cases, standings(&t.Dossier)...)
	}
	return p
}

// standings says where each case of a file stands. Ended cases have no clocks: naming them is what disarms them.
func standings(d *schemas.Dossier) []deadline.Standing {
	cards := d.Cards()
	out := make([]deadline.Standing, len(cards))
	for i := range cards {
		out[i] = deadline.Standing{ApplicationNo: cards[i].ApplicationNo, Card: cards[i]}
		if i < len(d.Ended) {
			out[i].EndedAt = d.Ended[i].EndedAt.Time
			continue
		}
		out[i].Deadlines = pending(d.Open)
	}
	return out
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
