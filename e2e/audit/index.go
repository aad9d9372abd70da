package audit

import "time"

// index checks that Redis waits for the next rung that each open case still has to come, at its instant, and for nothing else. An instant between
// two milliseconds counts as the later one: nothing is claimed early.
func (a *audit) index(waiting map[string]int64) {
	want := map[string]int64{}
	for _, file := range a.files {
		if o := file[len(file)-1].Dossier.Open; o != nil {
			if next := o.next(); !next.IsZero() {
				want[o.ApplicationNo] = next.Add(time.Millisecond - time.Nanosecond).UnixMilli()
			}
		}
	}
	for _, no := range union(want, waiting) {
		if want[no] != waiting[no] {
			a.fault("application %s: redis waits for the instant %d, the log for %d", no, waiting[no], want[no])
		}
	}
}

// next is the earliest rung of the running clocks that is not recorded yet; zero where there is none.
func (o *open) next() time.Time {
	var next time.Time
	for _, c := range o.Clocks {
		if c.ResolvedAt != nil || c.PausedAt != nil {
			continue
		}
		for _, r := range c.Rungs {
			if r.FiredAt == nil && (next.IsZero() || r.At.Before(next)) {
				next = r.At
			}
		}
	}
	return next
}
