package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/consumers/approval"
	"permithub/consumers/clock"
	"permithub/consumers/feed"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/deadline"
	"permithub/internal/docket"
	"permithub/internal/effect"
	"permithub/internal/ops"
	"permithub/producers/recount"
	"permithub/schemas"

	"permithub/bench/work"
)

// The hub's steps are put together as its flow does it, with metrics on.
func hubClient(e *Env, reg *prometheus.Registry) (*bus.Client, error) {
	return bus.Open(bus.Config{Brokers: e.Brokers, Prefix: e.Prefix}, e.Log, reg)
}

// hubRun runs the steps that add adds until ctx ends.
func hubRun(ctx context.Context, e *Env, client *bus.Client, add func(*bus.Runner) error) error {
	runner, err := client.NewRunner()
	if err != nil {
		return err
	}
	if err := add(runner); err != nil {
		return err
	}
	e.Running.Go(func() {
		if err := runner.Run(ctx); err != nil {
			e.Progress.Fail(err)
		}
	})
	return nil
}

func hubApproval(ctx context.Context, e *Env) error {
	reg := prometheus.NewRegistry()
	client, err := hubClient(e, reg)
	if err != nil {
		return err
	}
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	watching := Watch(policy, work.Now, client, reg, e.Log)
	step := approval.New(Approval, func() *casework.Policy { return policy }, client.Log(schemas.TopicCaseLog), func(ctx context.Context, rec bus.Record, err error) error {
		return client.DeadLetter(ctx, Approval, rec, err, 1)
	}, watching)
	return hubRun(ctx, e, client, func(r *bus.Runner) error {
		r.Batch(bus.Step{Name: Approval, Topics: []string{schemas.TopicCaseInput}, Assigned: step.Assigned, Revoked: step.Revoked}, func(ctx context.Context, b bus.Batch) error {
			e.Progress.Begin()
			return step.Handle(ctx, b)
		})
		return nil
	})
}

// Watch returns what the hub makes of each transition beside the log.
func Watch(policy *casework.Policy, now func() time.Time, client *bus.Client, reg *prometheus.Registry, log *slog.Logger) approval.Observer {
	cal := func() *calendar.Calendar { return policy.Calendar }
	var reasons []string
	for _, r := range casework.Reasons() {
		reasons = append(reasons, r.Code)
	}
	return watching{
		docket: docket.New(now, cal), recount: recount.New(recount.Ports{Calendar: cal, Publish: client.Publisher().Produce, Now: now}, log),
		legs: ops.NewLegs(reg, reasons, policy.Calendar.WorkingHours),
	}
}

type watching struct {
	docket  *docket.Docket
	recount *recount.Recount
	legs    *ops.Legs
}

func (w watching) Wants(h *schemas.Head) bool               { return w.docket.Wants(h) }
func (w watching) Past(t *schemas.Transition)               { w.docket.Past(t) }
func (w watching) Save(partition int32) ([]byte, error)     { return w.docket.Save(partition) }
func (w watching) Load(partition int32, saved []byte) error { return w.docket.Load(partition, saved) }
func (w watching) Restore(t *schemas.Transition)            { w.docket.Restore(t); w.recount.Restore(t) }
func (w watching) Restored(partition int32, resume int64)   { w.docket.Restored(partition, resume) }
func (w watching) Forget(partition int32)                   { w.docket.Forget(partition); w.recount.Forget(partition) }
func (w watching) Observe(t *schemas.Transition) {
	w.recount.Observe(t)
	if w.docket.Observe(t) {
		w.legs.Observe(t)
	}
}

func hubDownstream(ctx context.Context, e *Env) error {
	reg := prometheus.NewRegistry()
	client, err := hubClient(e, reg)
	if err != nil {
		return err
	}
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	index, err := clock.New(clock.Config{Partitions: e.Partitions, Now: work.Now}, &countedIndex{store, e.Progress}, client.Log(schemas.TopicCaseLog), e.Log, reg)
	if err != nil {
		return err
	}
	out := client.Publisher()
	publish := func(ctx context.Context, recs ...schemas.Record) error {
		err := out.Produce(ctx, recs...)
		if err == nil {
			e.Progress.Events(len(recs))
		}
		return err
	}
	return hubRun(ctx, e, client, func(r *bus.Runner) error {
		r.Batch(bus.Step{Name: Feed, Topics: []string{schemas.TopicCaseLog}, Stamped: true}, feed.New(publish).Handle)
		r.Batch(bus.Step{Name: Clock, Topics: []string{schemas.TopicCaseLog}, Stamped: true, Gather: clock.Gather, Assigned: index.Assigned, Revoked: index.Revoked}, index.Handle)
		return nil
	})
}

// countedIndex counts the log positions that Redis has been brought to.
type countedIndex struct {
	*deadline.Store
	progress *Progress
}

func (c *countedIndex) Apply(ctx context.Context, p deadline.Projection) (deadline.Verdict, int64, error) {
	v, mark, err := c.Store.Apply(ctx, p)
	if err == nil && v == deadline.Applied {
		c.progress.Indexed(int(p.Next - p.From))
	}
	return v, mark, err
}

func hubEffects(ctx context.Context, e *Env) error {
	client, err := hubClient(e, prometheus.NewRegistry())
	if err != nil {
		return err
	}
	out := client.Publisher()
	w := effect.Worker{Step: Verification, Kind: schemas.EffectVerify, Call: foreignCall(e), Now: work.Now,
		Publish: func(ctx context.Context, recs ...schemas.Record) error {
			err := out.Produce(ctx, recs...)
			if err == nil {
				e.Progress.Results(len(recs))
			}
			return err
		}}
	return hubRun(ctx, e, client, func(r *bus.Runner) error {
		r.Lanes(bus.Step{Name: Verification, Topics: []string{schemas.TopicCaseLog}, Stamped: true}, func(ctx context.Context, rec bus.Record) error {
			e.Progress.Begin()
			return w.Handle(ctx, rec)
		})
		return nil
	})
}

// foreignCall answers after the time that a foreign system takes.
func foreignCall(e *Env) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, _ schemas.Order) (schemas.EffectResult, error) {
		if e.CallTime > 0 {
			t := time.NewTimer(e.CallTime)
			defer t.Stop()
			select {
			case <-t.C:
			case <-ctx.Done():
				return schemas.EffectResult{}, ctx.Err()
			}
		}
		return schemas.EffectResult{At: schemas.At(work.Now()), Facts: &schemas.Facts{AsOf: schemas.At(work.Now())}}, nil
	}
}
