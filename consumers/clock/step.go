package clock

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Index is the index that this step keeps; deadline.Store is one.
type Index interface {
	Apply(ctx context.Context, p deadline.Projection) (deadline.Verdict, int64, error)
	Mark(ctx context.Context, partition int32) (int64, bool, error)
	Reset(ctx context.Context, partition int32) error
}

// Log reads the valid records of a partition of case-log from an offset to the end as known at the call, and returns that
// end; bus.Log is one. A position outside the partition is bus.ErrOutOfRange.
type Log interface {
	Read(ctx context.Context, partition int32, from int64, fn func(bus.Record) error) (end int64, err error)
}

// Config says how the step works.
type Config struct {
	// Partitions is the partition count of case-log. Required.
	Partitions int
	// Every is how often Watch compares the marks; zero means 1 second.
	Every time.Duration
	// Chunk is how many records are applied at once; zero means 500. Redis serves nobody else for a chunk's length,
	// about 25 ms where each record is of another case with five deadlines.
	Chunk int
	// Now is the clock that ages the confirmed state of the index; nil means time.Now.
	Now func() time.Time
}

// Gather is how long the step lets transitions gather: its shortest limits are hours, and a card may be that late.
const Gather = 10 * time.Millisecond

const (
	defaultEvery = time.Second
	defaultChunk = 500
	// maxTurns bounds how often the mark may move under one chunk: with two owners for a moment it moves once or twice.
	maxTurns = 8
)

// Validate reports every fault at once.
func (c *Config) Validate() error {
	var errs []error
	if c.Partitions <= 0 {
		errs = append(errs, errors.New("clock: no partition count"))
	}
	if c.Every < 0 || c.Chunk < 0 {
		errs = append(errs, errors.New("clock: a negative interval or chunk"))
	}
	return errors.Join(errs...)
}

func (c Config) withDefaults() Config {
	if c.Every == 0 {
		c.Every = defaultEvery
	}
	if c.Chunk == 0 {
		c.Chunk = defaultChunk
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}

// Step is the step: Assigned, Revoked and Handle for the bus, Watch beside them. Its methods are safe for concurrent use.
type Step struct {
	cfg        Config
	index      Index
	log        Log
	logger     *slog.Logger
	metrics    *metrics
	partitions []*partition
}

// partition is what this process knows of one partition's index.
type partition struct {
	id int32

	mu    sync.Mutex // held while the index of this partition is written
	owned bool       // assigned to this process
	known bool       // next has been compared with the index and the log
	next  int64      // the mark, as far as this process knows

	// confirmed is the Unix ms at which the index was last known to hold what this process knows; 0 where it is not owned.
	confirmed atomic.Int64
}

// New returns the step and registers its metrics.
func New(cfg Config, index Index, log Log, logger *slog.Logger, reg prometheus.Registerer) (*Step, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	s := &Step{cfg: cfg, index: index, log: log, logger: logger}
	for id := range cfg.Partitions {
		s.partitions = append(s.partitions, &partition{id: int32(id)})
	}
	var err error
	s.metrics, err = newMetrics(reg, s.staleness)
	return s, err
}

func (s *Step) partition(id int32) (*partition, error) {
	if id < 0 || int(id) >= len(s.partitions) {
		return nil, fault.Rejectf("no_such_partition", "case-log has %d partitions, not %d", len(s.partitions), id)
	}
	return s.partitions[id], nil
}

// Assigned brings the index of a partition that this process was given up to the end of the log, and returns where to go
// on: after what the index holds. The group's committed offset does not count, since Redis may have lost what lies before.
func (s *Step) Assigned(ctx context.Context, id int32) (resume int64, err error) {
	p, err := s.partition(id)
	if err != nil {
		return 0, err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owned = true
	s.confirm(p) // staleness counts from here
	if err := s.catchUp(ctx, p); err != nil {
		return 0, err
	}
	return p.next, nil
}

// Revoked forgets a partition that this process owns no more.
func (s *Step) Revoked(id int32) {
	p, err := s.partition(id)
	if err != nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.owned, p.known = false, false
	p.confirmed.Store(0)
}

// Handle applies one fetched batch of valid records, in order. Nil means that the index holds them. Safe to repeat with other
// batch borders.
func (s *Step) Handle(ctx context.Context, b bus.Batch) error {
	p, err := s.partition(b.Partition)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for turns := 0; turns < maxTurns; turns++ {
		todo := after(b.Records, p.next)
		if p.known && len(todo) == 0 {
			s.confirm(p)
			return nil
		}
		if !p.known || todo[0].Offset > p.next {
			// A gap may hold void records only, or what another process applied before the index lost it.
			if err := s.catchUp(ctx, p); err != nil {
				return err
			}
			continue
		}
		before := p.next
		if err := s.apply(ctx, p, todo); err != nil {
			return err
		}
		if p.next > before {
			turns = -1
		}
	}
	return fault.Outage("redis", fmt.Errorf("the mark of partition %d keeps moving", p.id))
}

// confirm notes that the index holds what this process knows.
func (s *Step) confirm(p *partition) {
	if p.owned {
		p.confirmed.Store(s.cfg.Now().UnixMilli())
	}
}

// after cuts off the records that lie before next.
func after(records []bus.Record, next int64) []bus.Record {
	for i := range records {
		if records[i].Offset >= next {
			return records[i:]
		}
	}
	return nil
}

// apply applies the first chunk of records that begin at p.next, and learns from the verdict where the index stands. The
// mark moves to the record behind the chunk: what lies between is void.
func (s *Step) apply(ctx context.Context, p *partition, records []bus.Record) error {
	next := records[len(records)-1].Offset + 1
	if len(records) > s.cfg.Chunk {
		next = records[s.cfg.Chunk].Offset
		records = records[:s.cfg.Chunk]
	}
	transitions := make([]*schemas.Transition, len(records))
	for i := range records {
		t, err := schemas.DecodeOutline(records[i].Value)
		if err != nil {
			return fault.Outage("undecodable_transition", fmt.Errorf("case-log/%d@%d: %w", p.id, records[i].Offset, err))
		}
		transitions[i] = t
	}
	return s.move(ctx, p, Project(p.id, p.next, next, transitions))
}

// move applies a projection. Where the index has lost its mark, p is not known any more.
func (s *Step) move(ctx context.Context, p *partition, projection deadline.Projection) error {
	verdict, mark, err := s.index.Apply(ctx, projection)
	if err != nil {
		return fmt.Errorf("index case-log/%d: %w", p.id, err)
	}
	s.metrics.batches.WithLabelValues(string(verdict)).Inc()
	p.known = verdict != deadline.Regressed
	if p.known { // else p.next stays: how much was lost is told from it
		p.next = mark
	}
	return nil
}
