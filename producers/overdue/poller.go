package overdue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/deadline"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Index is where deadlines wait; deadline.Store is one.
type Index interface {
	Claim(ctx context.Context, partition int32, now time.Time, limit int, lease time.Duration) ([]deadline.Entry, error)
	Extend(ctx context.Context, partition int32, entries []deadline.Entry, until time.Time) error
	Next(ctx context.Context, partitions ...int32) (time.Time, bool, error)
}

// Gauge measures an index; deadline.Store is one.
type Gauge interface {
	Skew(ctx context.Context) (time.Duration, error)
	Count(ctx context.Context, now time.Time, partitions ...int32) (deadline.Counts, error)
}

// Publisher returns nil when the records are durable; bus.Publisher is one.
type Publisher interface {
	Produce(ctx context.Context, records ...schemas.Record) error
}

// Poller finds deadlines that are due and puts them on case-input.
type Poller struct {
	cfg     Config
	index   Index
	gauge   Gauge
	publish Publisher
	logger  *slog.Logger
	metrics *metrics

	measured time.Time
	down     bool
	redis    time.Duration // how far this machine's clock is ahead of Redis's

	mu     sync.Mutex
	ahead  time.Duration // how far it is ahead of the clock that counts; 0 where it counts itself
	leases []lease       // of what was produced, oldest first
}

// lease is a lot that was produced: it is left to the log for longer than its claim lasts.
type lease struct {
	partition int32
	entries   []deadline.Entry
	claimed   time.Time
}

// New returns a poller and registers its metrics. A nil reg keeps them to itself.
func New(cfg Config, index Index, gauge Gauge, publish Publisher, logger *slog.Logger, reg prometheus.Registerer) (*Poller, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	m, err := newMetrics(reg)
	return &Poller{cfg: cfg.withDefaults(), index: index, gauge: gauge, publish: publish, logger: logger, metrics: m}, err
}

// Run polls until ctx ends. Outages of Redis or Kafka are logged when they begin and end, and waited out. Call it once.
func (p *Poller) Run(ctx context.Context) {
	for ctx.Err() == nil {
		wait, err := p.poll(ctx)
		if ctx.Err() != nil {
			return
		}
		p.report(ctx, err)
		fired, stop := p.cfg.After(wait)
		select {
		case <-ctx.Done():
		case <-fired:
		}
		stop()
	}
}

func (p *Poller) report(ctx context.Context, err error) {
	switch {
	case err != nil && !p.down:
		p.logger.ErrorContext(ctx, "deadlines cannot be produced", "code", fault.CodeOf(err), "error", err.Error())
	case err == nil && p.down:
		p.logger.InfoContext(ctx, "deadlines are produced again")
	}
	p.down = err != nil
	if err != nil {
		p.metrics.failures.Inc()
		return
	}
	p.metrics.last.SetToCurrentTime()
}

// poll produces everything that is due and returns how long to sleep.
func (p *Poller) poll(ctx context.Context) (time.Duration, error) {
	began := time.Now()
	defer func() { p.metrics.poll.Observe(time.Since(began).Seconds()) }()
	measured := p.measure(ctx) // what cannot be measured does not keep deadlines from being produced
	if err := errors.Join(measured, p.prolong(ctx), p.drain(ctx)); err != nil {
		return p.cfg.MaxWait, err
	}
	next, ok, err := p.index.Next(ctx, p.cfg.Partitions...)
	if err != nil || !ok {
		return p.cfg.MaxWait, err
	}
	failpoint.Here(failpoint.T2)
	// At least a millisecond: that is how finely the index is sorted.
	return min(max(next.Sub(p.now()), time.Millisecond), p.cfg.MaxWait), nil
}

// now is the time that counts: this machine's, or Redis's or Kafka's where that is behind by too much.
func (p *Poller) now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cfg.Now().Add(-p.ahead)
}

// atOnce is how many partitions are looked at side by side: one waits for Kafka while another one waits for Redis.
const atOnce = 4

// drain produces what is due in every partition. A burst in one does not hold up the others, nor does one that fails; the first error is
// returned.
func (p *Poller) drain(ctx context.Context) error {
	next := make(chan int32)
	errs := make(chan error, len(p.cfg.Partitions))
	var workers sync.WaitGroup
	for range min(atOnce, len(p.cfg.Partitions)) {
		workers.Go(func() {
			for partition := range next {
				errs <- p.empty(ctx, partition)
			}
		})
	}
	for _, partition := range p.cfg.Partitions {
		next <- partition
	}
	close(next)
	workers.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// empty produces what is due in one partition, lot by lot.
func (p *Poller) empty(ctx context.Context, partition int32) error {
	for n := p.cfg.Limit; n == p.cfg.Limit && ctx.Err() == nil; {
		var err error
		if n, err = p.fire(ctx, partition); err != nil {
			return err
		}
	}
	return nil
}

// fire claims one lot of a partition and produces it. It returns how many were due.
func (p *Poller) fire(ctx context.Context, partition int32) (int, error) {
	now := p.now() // read once: nothing is detected before it is due, even if the clock is set back meanwhile
	entries, err := p.index.Claim(ctx, partition, now, p.cfg.Limit, p.cfg.Lease)
	if err != nil || len(entries) == 0 {
		return 0, err
	}
	recs, err := records(entries, now)
	if err == nil {
		err = p.publish.Produce(ctx, recs...)
	}
	if err != nil {
		// Given back at once, so that the next look finds them; where that fails too, their lease ends.
		_ = p.index.Extend(ctx, partition, entries, now)
		return 0, fmt.Errorf("produce %d deadlines of partition %d: %w", len(entries), partition, err)
	}
	failpoint.Here(failpoint.T1)
	p.correct(ctx) // Kafka has just told its time
	p.metrics.produced(entries, p.now())
	return len(entries), p.leave(ctx, lease{partition, entries, now})
}

// leave leaves a lot that was produced to the log. What is not due by the clock that counts since then is found again at its instant: the
// approval did not believe the report.
func (p *Poller) leave(ctx context.Context, l lease) error {
	now := p.now()
	believed := make([]deadline.Entry, 0, len(l.entries))
	for _, e := range l.entries {
		if !e.Due.After(now) {
			believed = append(believed, e)
		} else if err := p.index.Extend(ctx, l.partition, []deadline.Entry{e}, e.Due); err != nil {
			return err
		}
	}
	l.entries = believed
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(believed) > 0 {
		p.leases = append(p.leases, l)
	}
	return nil
}

// prolong leaves to the log what was produced half a lease ago and is still waiting there; most is not, so it does not stand in the way of what
// is due now. Where it fails, or the process dies before, they are produced again when their lease ends: repeats.
func (p *Poller) prolong(ctx context.Context) error {
	now := p.now() // the clock by which they were claimed
	for {
		p.mu.Lock()
		if len(p.leases) == 0 || now.Sub(p.leases[0].claimed) < p.cfg.Lease/2 {
			p.mu.Unlock()
			return nil
		}
		l := p.leases[0]
		p.leases = p.leases[1:]
		p.mu.Unlock()
		if err := p.index.Extend(ctx, l.partition, l.entries, l.claimed.Add(p.cfg.Produced)); err != nil {
			return err
		}
	}
}

// measure compares the clocks and counts what waits, from time to time.
func (p *Poller) measure(ctx context.Context) error {
	if now := p.cfg.Now(); !p.measured.IsZero() && now.Sub(p.measured) < p.cfg.MeasureEvery {
		return nil
	}
	skew, err := p.gauge.Skew(ctx)
	if err != nil {
		return err
	}
	p.redis = skew
	p.correct(ctx)
	counts, err := p.gauge.Count(ctx, p.now(), p.cfg.Partitions...)
	if err != nil {
		return err
	}
	p.metrics.count(counts)
	p.measured = p.cfg.Now()
	return nil
}

// correct decides whose clock counts.
func (p *Poller) correct(ctx context.Context) {
	p.mu.Lock()
	defer p.mu.Unlock()
	kafka, _ := p.cfg.Ahead() // zero while it is not known
	p.metrics.skew.WithLabelValues(againstRedis).Set(p.redis.Seconds())
	p.metrics.skew.WithLabelValues(againstKafka).Set(kafka.Seconds())
	ahead := max(p.redis, kafka)
	if p.cfg.MaxSkew == 0 || ahead <= p.cfg.MaxSkew {
		ahead = 0
	}
	switch {
	case ahead > 0 && p.ahead == 0:
		p.logger.ErrorContext(ctx, "this machine's clock runs ahead of Redis's or Kafka's, which counts from now on",
			"ahead_of_redis_seconds", p.redis.Seconds(), "ahead_of_kafka_seconds", kafka.Seconds())
	case ahead == 0 && p.ahead > 0:
		p.logger.InfoContext(ctx, "this machine's clock agrees with Redis's and Kafka's again")
	}
	p.ahead = ahead
	p.metrics.held.Set(0)
	if ahead > 0 {
		p.metrics.held.Set(1)
	}
}
