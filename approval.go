package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/consumers/approval"
	"permithub/internal/bus"
	"permithub/internal/snapshot"
	"permithub/schemas"
)

func addApproval(h *hub, s *step) error {
	a := approval.New(s.name, h.policy, h.bus.Log(schemas.TopicCaseLog), func(ctx context.Context, rec bus.Record, err error) error {
		return h.bus.DeadLetter(ctx, s.name, rec, err, 1)
	}, h.observer)
	a.Doubt(h.maxSkew, doubts(h))
	a.Report(restores(h))
	if k := keeper(h); k != nil {
		a.Keep(k)
		h.stack.Push("snapshots", k.Close)
	}
	h.runner.Batch(bus.Step{Name: s.name, Topics: s.reads, Assigned: a.Assigned, Revoked: a.Revoked}, a.Handle)
	return nil
}

// keeper keeps snapshots where they are wanted and their folder can be had. Without it the hub does all its work, and starts later.
func keeper(h *hub) *approval.Keeper {
	c := &h.cfg.Snapshots
	if c.Off {
		return nil
	}
	store, err := snapshot.Open(c.Dir, h.log, h.reg)
	if err != nil {
		h.log.Error("no snapshots are kept", "error", err)
		return nil
	}
	return approval.NewKeeper(store, h.bus.Log(schemas.TopicCaseLog), approval.Schedule{Every: c.Every, After: c.After}, time.Now)
}

// restores counts and tells of partitions that were restored, and from what.
func restores(h *hub) func(approval.Restored) {
	counted := prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "permithub_restore_seconds", Help: "Time a partition took to be restored when it was assigned, by what it began from: snapshot, with the rest of the log behind it, or log.",
		Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300}}, []string{"from"})
	h.reg.MustRegister(counted)
	for _, from := range []string{fromLog, fromSnapshot} {
		counted.WithLabelValues(from)
	}
	return func(r approval.Restored) {
		from := fromLog
		if r.Snapshot > 0 {
			from = fromSnapshot
		}
		counted.WithLabelValues(from).Observe(r.Took.Seconds())
		h.log.Info("partition restored", "partition", r.Partition, "from", from, "snapshot", r.Snapshot, "transitions", r.Transitions, "files", r.Files, "open", r.Open, "took", r.Took)
	}
}

// What a partition is restored from.
const (
	fromLog      = "log"
	fromSnapshot = "snapshot"
)

// doubts counts and tells of deadlines that were reported too early by Kafka's clock.
func doubts(h *hub) func(context.Context, *bus.Record, time.Duration) {
	counted := prometheus.NewCounter(prometheus.CounterOpts{
		Name: "permithub_deadlines_doubted_total", Help: "Deadlines that were reported more than 2 s before they were due by Kafka's clock, and passed over."})
	h.reg.MustRegister(counted)
	return func(ctx context.Context, rec *bus.Record, early time.Duration) {
		counted.Inc()
		h.log.ErrorContext(ctx, "a deadline was reported before it was due by Kafka's clock", "partition", rec.Partition, "offset", rec.Offset, "early_seconds", early.Seconds())
	}
}
