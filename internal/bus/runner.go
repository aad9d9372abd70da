package bus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/segmentio/kafka-go"

	"permithub/internal/fault"
)

// Runner runs the steps of one process under Watermill's router. Add the steps, then call Run once. The step that was added first gets a
// head start of up to 100 ms: where the brokers are busy with the joins of all, its work begins before theirs.
type Runner struct {
	client    *Client
	router    *message.Router
	running   chan struct{}
	unopened  atomic.Int32  // steps that wait for their first assignment
	ahead     chan struct{} // closed once the first step is open; nil before it is added
	watchdogs map[string]*watchdog
	topics    map[string]struct{} // full names of everything that is read
	faults    []error
}

// NewRunner returns a runner without steps.
func (c *Client) NewRunner() (*Runner, error) {
	router, err := message.NewRouter(message.RouterConfig{CloseTimeout: c.cfg.DrainTimeout}, quiet(c.log))
	if err != nil {
		return nil, fmt.Errorf("new router: %w", err)
	}
	return &Runner{client: c, router: router, running: make(chan struct{}), watchdogs: map[string]*watchdog{}, topics: map[string]struct{}{}}, nil
}

// quiet lets the router speak at debug level only: every failure is reported once, by the policy.
func quiet(log *slog.Logger) watermill.LoggerAdapter {
	return untraced{watermill.NewSlogLoggerWithLevelMapping(log, map[slog.Level]slog.Level{
		slog.LevelInfo: slog.LevelDebug, slog.LevelWarn: slog.LevelDebug, slog.LevelError: slog.LevelDebug})}
}

// untraced leaves out what the router says of each message: it puts the words together also where nobody listens.
type untraced struct{ watermill.LoggerAdapter }

func (untraced) Trace(string, watermill.LogFields) {}

func (u untraced) With(fields watermill.LogFields) watermill.LoggerAdapter {
	return untraced{u.LoggerAdapter.With(fields)}
}

// Batch adds a step that handles the records of a partition in batches, one batch of a partition at a time. When h fails,
// whatever its class, the whole batch comes again after a growing pause, possibly longer than before; a record that cannot
// be handled is the step's to report, by [Client.DeadLetter].
func (r *Runner) Batch(step Step, h func(ctx context.Context, b Batch) error) {
	r.add(step, true, func(m *message.Message) error {
		return h(m.Context(), deliveryOf(m).batch)
	})
}

// Lanes adds a step that handles record by record: many at once, those of one key one after the other. When h fails, the
// class of the error decides, see internal/fault and [RetryPolicy]. A record that waits in a retry tier does not hold up
// later ones of its key.
func (r *Runner) Lanes(step Step, h func(ctx context.Context, rec Record) error) {
	r.add(step, false, func(m *message.Message) error {
		d := deliveryOf(m)
		if d.retried != nil && d.retried.malformed != nil {
			return fault.Reject("retry-header", d.retried.malformed)
		}
		return h(m.Context(), *d.record)
	})
}

func (r *Runner) add(step Step, batch bool, h message.NoPublishHandlerFunc) {
	step = step.withDefaults()
	if batch {
		step.Retry.Tiers = nil
	}
	if err := step.validate(); err != nil {
		r.faults = append(r.faults, err)
		return
	}
	if r.watchdogs[step.Name] != nil {
		r.faults = append(r.faults, fmt.Errorf("step %q: added twice", step.Name))
		return
	}
	c := r.client
	log := c.log.With("step", step.Name)
	c.metrics.declare(step.Name, step.Retry.Tiers)
	c.metrics.lag.declare(step.Name)
	p := &policy{client: c, step: step, log: log}
	w := newWatchdog(c.cfg.HandlerLimit, log, c.metrics.handleSeconds.WithLabelValues(step.Name), c.metrics.hung.WithLabelValues(step.Name))
	r.watchdogs[step.Name] = w
	how := r.consumption(step, batch, log)
	handler := r.router.AddConsumerHandler(step.Name, strings.Join(step.Topics, ","), &stepSubscriber{c.Subscriber(SubscriberConfig{}), how}, h)
	handler.AddMiddleware(p.middleware, w.middleware, p.recoverPanics)
}

func (r *Runner) consumption(step Step, batch bool, log *slog.Logger) *consumption {
	c := r.client
	paused := c.metrics.paused.WithLabelValues(step.Name)
	r.unopened.Add(1)
	how := &consumption{
		name: step.Name, group: c.fullName(step.Group), tiers: map[string]*Tier{}, stamped: step.Stamped, batch: batch,
		concurrency: step.Concurrency, maxRecords: step.MaxBatchRecords, maxBytes: step.MaxBatchBytes, gather: step.Gather,
		pause: backoff{min: step.Retry.Pause, max: max(redelivery.max, step.Retry.Pause)}, assigned: step.Assigned, revoked: step.Revoked,
		ahead: r.ahead, log: log,
		gate: newGate(log, func(on bool) { paused.Set(map[bool]float64{true: 1}[on]) }),
		watch: func(p *partition) func() {
			if p.tier != nil { // records wait there by design
				return func() {}
			}
			return c.metrics.lag.watch(step.Name, p)
		},
	}
	how.onOpen = sync.OnceFunc(r.opened)
	if r.ahead == nil {
		r.ahead = make(chan struct{})
		how.onOpen = sync.OnceFunc(func() { close(r.ahead); r.opened() })
	}
	for _, t := range step.Topics {
		how.topics = append(how.topics, c.fullName(t))
	}
	for _, t := range step.Retry.Tiers {
		how.topics = append(how.topics, c.fullName(t.Topic))
		how.tiers[c.fullName(t.Topic)] = &t
	}
	for _, t := range how.topics {
		r.topics[t] = struct{}{}
	}
	return how.withDefaults(c.cfg)
}

func (r *Runner) opened() {
	if r.unopened.Add(-1) == 0 {
		close(r.running)
	}
}

// stepSubscriber lets a router's handler read as its step says.
type stepSubscriber struct {
	*Subscriber
	how *consumption
}

func (s *stepSubscriber) Subscribe(ctx context.Context, _ string) (<-chan *message.Message, error) {
	return s.subscribe(ctx, s.how)
}

// Running is closed once every step has its first assignment and its partitions are open.
func (r *Runner) Running() <-chan struct{} { return r.running }

// Run runs the steps until ctx ends; then it finishes the work in hand within the drain timeout, commits and leaves the
// groups. It returns an error when a step is wrongly put together, a topic is missing, or a handler could not be stopped:
// such a handler still runs when Run returns.
func (r *Runner) Run(ctx context.Context) error {
	if err := errors.Join(r.faults...); err != nil {
		return err
	}
	if err := r.checkTopics(ctx); err != nil || ctx.Err() != nil {
		return err
	}
	var services sync.WaitGroup
	serving, stop := context.WithCancel(context.WithoutCancel(ctx))
	for _, w := range r.watchdogs {
		services.Go(func() { w.run(serving) })
	}
	err := r.router.Run(ctx)
	stop()
	services.Wait()
	if err != nil {
		return fmt.Errorf("run router: %w", err)
	}
	return r.leftBehind()
}

// topicPatience is how long a topic that was just created may take to be known everywhere.
const topicPatience = 10 * time.Second

// checkTopics waits for Kafka, and refuses to start without a topic: a group would be assigned nothing of it, silently.
func (r *Runner) checkTopics(ctx context.Context) error {
	var missing []error
	for topic := range r.topics {
		err := r.checkTopic(ctx, topic)
		for err != nil && ctx.Err() == nil && !errors.Is(err, kafka.UnknownTopicOrPartition) {
			r.client.log.Warn("wait for Kafka", "topic", topic, "error", err)
			err = r.checkTopic(ctx, topic)
		}
		if ctx.Err() != nil {
			return nil
		}
		if err != nil {
			missing = append(missing, fmt.Errorf("topic %s does not exist", topic))
		}
	}
	return errors.Join(missing...)
}

func (r *Runner) checkTopic(ctx context.Context, topic string) error {
	ctx, cancel := context.WithTimeout(ctx, min(topicPatience, r.client.cfg.ProduceTimeout))
	defer cancel()
	_, err := r.client.cluster.awaitPartitions(ctx, topic)
	return err
}

func (r *Runner) leftBehind() error {
	var names []string
	for name, w := range r.watchdogs {
		if w.underway() > 0 {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	return fmt.Errorf("handlers did not stop: %s", strings.Join(names, ", "))
}
