// Package recount settles provisional deadlines when the notice that they waited for is loaded.
//
// # What it watches
//
// It is told of every transition of the partitions that this process decides (it is an observer of the approval), and remembers the open cases
// that have a provisional clock: those accepted late in a year whose successor has no notice yet. When the calendar in force covers the days of
// such a clock, it puts a recount on case-input, with what the calendar makes of it; the transition decides. Where the approval runs in
// another process, that process settles its own.
//
// # Delivery
//
// At least once, under an id that derives from the case, the calendar and the instants. A case is asked about until the log says that it is
// settled, so neither an outage of Kafka nor a restart between the notice and the recount leaves one behind. While the log is restored a case may
// be asked about as it stood long ago: such a recount finds another clock, and changes nothing.
//
// Deadlines that were certain are never moved here: that takes a person and permithub calendar apply.
package recount

import (
	"cmp"
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Source stands in the inputs, and signs them as their officer.
const Source = "hub"

// Ports are what the recount needs of the world.
type Ports struct {
	// Calendar returns the calendar in force.
	Calendar func() *calendar.Calendar
	// Publish returns once every record is acknowledged by Kafka.
	Publish func(ctx context.Context, records ...schemas.Record) error
	Now     func() time.Time
}

// Every is the time between two looks at the calendar: a notice is months early, and nobody waits for a second.
const Every = time.Second

// patience is how long an input that was put on case-input is left to the approval before it is put there again.
const patience = time.Minute

// Recount is the register of provisional cases. It is safe for concurrent use.
type Recount struct {
	ports Ports
	log   *slog.Logger

	mu   sync.Mutex
	open map[string]provisional // by dossier: a person has at most one open case
}

// provisional is one open case with a provisional clock.
type provisional struct {
	partition int32
	c         *schemas.Case
	version   string    // of the calendar that was looked at last
	asked     time.Time // when its recount was put on case-input; zero where it had none
}

// New returns an empty register.
func New(p Ports, log *slog.Logger) *Recount {
	return &Recount{ports: p, log: log, open: map[string]provisional{}}
}

// Restore takes in a transition that the log held before.
func (r *Recount) Restore(t *schemas.Transition) { r.Observe(t) }

// Observe takes in a transition.
func (r *Recount) Observe(t *schemas.Transition) {
	r.mu.Lock()
	defer r.mu.Unlock()
	c := t.Dossier.Open
	if c == nil || !waits(c) {
		delete(r.open, t.DossierID)
		return
	}
	r.open[t.DossierID] = provisional{partition: t.Input.Partition, c: c}
}

// waits reports whether a clock of the case is provisional.
func waits(c *schemas.Case) bool {
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.Provisional && k.ResolvedAt == nil {
			return true
		}
	}
	return false
}

// Forget drops what a partition told.
func (r *Recount) Forget(partition int32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for id, p := range r.open {
		if p.partition == partition {
			delete(r.open, id)
		}
	}
}

// Run looks at the calendar until ctx ends. An outage is logged when it begins and when it ends.
func (r *Recount) Run(ctx context.Context) {
	tick := time.NewTicker(Every)
	defer tick.Stop()
	down := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		n, err := r.settle(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !down:
			r.log.ErrorContext(ctx, "provisional deadlines cannot be settled", "code", fault.CodeOf(err), "error", err.Error())
		case n > 0:
			r.log.InfoContext(ctx, "provisional deadlines are counted anew", "cases", n, "calendar", r.ports.Calendar().Version())
		}
		down = err != nil
	}
}

// settle puts a recount on case-input for every case that the calendar in force can settle, and returns how many.
func (r *Recount) settle(ctx context.Context) (int, error) {
	cal := r.ports.Calendar()
	inputs := r.due(cal, r.ports.Now())
	if len(inputs) == 0 {
		return 0, nil
	}
	records := make([]schemas.Record, len(inputs))
	for i, in := range inputs {
		rec, err := in.Record()
		if err != nil {
			return 0, err
		}
		records[i] = rec
	}
	if err := r.ports.Publish(ctx, records...); err != nil {
		return 0, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, in := range inputs {
		if p, ok := r.open[in.DossierID]; ok && p.c.ApplicationNo == in.ApplicationNo {
			p.version, p.asked = cal.Version(), r.ports.Now()
			r.open[in.DossierID] = p
		}
	}
	return len(inputs), nil
}

// due returns the inputs for the cases that the calendar counts otherwise. A case whose days it still does not cover costs one look a calendar.
func (r *Recount) due(cal *calendar.Calendar, now time.Time) []*schemas.Input {
	r.mu.Lock()
	defer r.mu.Unlock()
	var inputs []*schemas.Input
	for dossier, p := range r.open {
		if p.version == cal.Version() && (p.asked.IsZero() || now.Sub(p.asked) < patience) {
			continue
		}
		found := casework.Recounted(cal, p.c, casework.ProvisionalOnly, Source)
		if found != nil {
			inputs = append(inputs, casework.RecountInput(dossier, p.c.ApplicationNo, found, Source, schemas.At(now)))
			continue // marked once it is published
		}
		p.version, p.asked = cal.Version(), time.Time{}
		r.open[dossier] = p
	}
	slices.SortFunc(inputs, func(a, b *schemas.Input) int { return cmp.Compare(a.ApplicationNo, b.ApplicationNo) })
	return inputs
}
