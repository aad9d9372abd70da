// Package pipeline drives one application through the hub, and through its peers, in the same steps: approval reads case-input and writes
// case-log, feed derives the public events from case-log, clock keeps the deadlines in Redis equal to it.
//
// Every contender decides, encodes and derives with the hub's own code (package work). What differs is the transport, how many records
// a step is given at once, and what the hub does beyond its peers: it stamps its log and measures itself.
package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"
)

// Env is where a contender works.
type Env struct {
	Brokers []string
	Redis   string
	// Prefix stands before every topic, group and Redis key.
	Prefix     string
	Partitions int
	// Transition and Public are how many bytes a floor makes of one application on case-log, and on the public topics together.
	Transition, Public int
	Log                *slog.Logger
	Progress           *Progress
	// CallTime is how long a foreign system takes in the effect benchmark.
	CallTime time.Duration
	// Running are the steps of the hub that have not ended.
	Running sync.WaitGroup
}

// Topic returns the full name of a topic or group.
func (e *Env) Topic(short string) string { return e.Prefix + "." + short }

// Groups of the steps.
const (
	Approval     = "approval"
	Feed         = "feed"
	Clock        = "clock"
	Verification = "verification"
)

// Contender is one way to run the steps. Each function starts steps that run until ctx ends and returns at once; a step that fails
// reports it to Progress.
type Contender struct {
	Name, What string
	Downstream func(ctx context.Context, e *Env) error // feed and clock; nil where it is part of Approval
	Groups     []string                                // of Downstream, which must have settled before Approval starts
	Approval   func(ctx context.Context, e *Env) error
	// Effects runs the step that calls a foreign system for every verify order of case-log; nil where it is not compared.
	Effects func(ctx context.Context, e *Env) error
}

var downstreamGroups = []string{Feed, Clock}

// Contenders lists them all, the hub first.
func Contenders() []Contender {
	return []Contender{
		{"hub", "permithub: internal/bus under Watermill's router", hubDownstream, downstreamGroups, hubApproval, hubEffects},
		{"franz", "hand-written franz-go loop, a goroutine for each partition", franzDownstream, downstreamGroups, franzApproval, nil},
		{"readerwriter", "kafka.Reader and kafka.Writer, batches of up to 1,000", readerDownstream, downstreamGroups, readerApproval, nil},
		{"bento", "Bento: kafka_franz and batch processors in Go", bentoDownstream, downstreamGroups, bentoApproval, nil},
		{"sarama", "watermill-kafka (sarama) under Watermill's router", saramaDownstream, downstreamGroups, saramaApproval, saramaEffects},
	}
}

// Named returns the contender of that name.
func Named(name string) (Contender, error) {
	all := append(Contenders(), Floors()...)
	i := slices.IndexFunc(all, func(c Contender) bool { return c.Name == name })
	if i < 0 {
		return Contender{}, fmt.Errorf("no contender %q", name)
	}
	return all[i], nil
}

// Progress counts what is done and knows what that cost the process.
type Progress struct {
	events, indexed, results atomic.Int64
	wantEvents, wantIndexed  int64
	wantResults              int64

	once  sync.Once
	start Usage
	begun chan struct{}
	done  chan struct{}
	ended sync.Once
	err   error
}

// NewProgress is done after so many public events, transitions in Redis and results of effects.
func NewProgress(events, indexed, results int64) *Progress {
	return &Progress{wantEvents: events, wantIndexed: indexed, wantResults: results, begun: make(chan struct{}), done: make(chan struct{})}
}

// Begin notes the start; all calls but the first do nothing.
func (p *Progress) Begin() {
	p.once.Do(func() { p.start = Used(); close(p.begun) })
}

// Begun is closed when the first record was handed to the first step.
func (p *Progress) Begun() <-chan struct{} { return p.begun }

// Done is closed when everything was counted, or a step failed.
func (p *Progress) Done() <-chan struct{} { return p.done }

// Events counts public events that Kafka has acknowledged.
func (p *Progress) Events(n int) { p.events.Add(int64(n)); p.look() }

// Indexed counts transitions that Redis holds.
func (p *Progress) Indexed(n int) { p.indexed.Add(int64(n)); p.look() }

// Results counts results of effects that Kafka has acknowledged.
func (p *Progress) Results(n int) { p.results.Add(int64(n)); p.look() }

func (p *Progress) look() {
	if p.events.Load() >= p.wantEvents && p.indexed.Load() >= p.wantIndexed && p.results.Load() >= p.wantResults {
		p.ended.Do(func() { close(p.done) })
	}
}

// Fail ends the run.
func (p *Progress) Fail(err error) {
	p.ended.Do(func() { p.err = err; close(p.done) })
}

// Failed returns why the run was ended.
func (p *Progress) Failed() error { return p.err }

// Started returns what the process had used when work began.
func (p *Progress) Started() Usage { return p.start }

// Counted returns how far it got.
func (p *Progress) Counted() string {
	return fmt.Sprintf("%d of %d events, %d of %d transitions indexed, %d of %d results",
		p.events.Load(), p.wantEvents, p.indexed.Load(), p.wantIndexed, p.results.Load(), p.wantResults)
}

// Usage is what a process has used so far.
type Usage struct {
	At     time.Time
	CPU    time.Duration
	Allocs uint64
}

// Used reads the usage of this process.
func Used() Usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail with these arguments
	return Usage{time.Now(), time.Duration(u.Utime.Nano() + u.Stime.Nano()), m.Mallocs}
}

// AwaitGroups waits until every group has settled with a member, so that no contender is charged for joining.
func AwaitGroups(ctx context.Context, e *Env, groups ...string) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(e.Brokers...))
	if err != nil {
		return err
	}
	defer client.Close()
	admin := kadm.NewClient(client)
	full := make([]string, len(groups))
	for i, g := range groups {
		full[i] = e.Topic(g)
	}
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		described, err := admin.DescribeGroups(ctx, full...)
		settled := err == nil
		for _, g := range full {
			d, ok := described[g]
			settled = settled && ok && d.Err == nil && d.State == "Stable" && len(d.Members) > 0
		}
		if settled {
			return nil
		}
		select {
		case <-tick.C:
		case <-e.Progress.Done():
			return e.Progress.Failed()
		case <-ctx.Done():
			return fmt.Errorf("groups %v did not settle: %w", groups, ctx.Err())
		}
	}
}

// publicTopics are what the feed writes.
var publicTopics = []string{schemas.TopicApplications, schemas.TopicPermits}
