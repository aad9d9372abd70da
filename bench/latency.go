package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/HdrHistogram/hdrhistogram-go"
	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"

	"permithub/bench/pipeline"
	"permithub/bench/work"
)

// latencyPartitions is the partition count of the latency part.
const latencyPartitions = 4

// warmUp is how long applications flow before their latency counts, at the same rate.
const warmUp = 3 * time.Second

// latency measures open loop: applications are sent when they are due, whether or not the ones before came out. What counts is from the moment
// an application was due until its public event can be read by a consumer outside the contender.
func (r *runner) latency(ctx context.Context) error {
	one, err := newLoad(100, 100) // what a first application becomes
	if err != nil {
		return err
	}
	r.results.Note = fmt.Sprintf("from the time an application was due until its public event was read; %d partitions, %s each after %s of the same rate", latencyPartitions, r.For, warmUp)
	for _, rate := range r.Rates {
		err := r.rounds(ctx, r.without(pipeline.Work), func(ctx context.Context, name string, round int) (err error) {
			f, err := r.field(ctx, latencyPartitions)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, f.close(ctx)) }()
			if err := r.redis.Flush(ctx); err != nil {
				return err
			}
			s, err := r.latencyOf(ctx, f, order{Contender: name, Transition: one.transition, Public: one.public}, rate)
			if err != nil {
				return fmt.Errorf("%s at %d/s: %w", name, rate, err)
			}
			s.Contender, s.Rate, s.Round = name, rate, round
			r.keep(s)
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) latencyOf(ctx context.Context, f *field, o order, rate int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	if r.Profile != "" {
		o.Profile = fmt.Sprintf("%s/latency-%s-%s-%d.pprof", r.Profile, r.kind, o.Contender, rate)
	}
	p, err := startContender(ctx, f, o)
	if err != nil {
		return sample{}, err
	}
	defer p.kill()
	if w, err := p.next(); err != nil || w.Event != "ready" {
		return sample{}, fmt.Errorf("%s %w", w.Error, errors.Join(err, errors.New("did not get ready")))
	}
	raw, err := json.Marshal(loadOrder{Brokers: f.brokers, Prefix: f.prefix, Rate: rate, For: r.For})
	if err != nil {
		return sample{}, err
	}
	l, err := startSelf(ctx, "load", string(raw))
	if err != nil {
		return sample{}, err
	}
	defer l.kill()
	if !l.lines.Scan() {
		return sample{}, errors.Join(errors.New("the load ended without an answer"), l.lines.Err())
	}
	var s sample
	if err := json.Unmarshal(l.lines.Bytes(), &s); err != nil {
		return s, err
	}
	if err := p.stop(); err != nil {
		return s, err
	}
	for {
		w, err := p.next()
		if err != nil {
			return s, err
		}
		if w.Event == "done" {
			sent := s.N + int(warmUp.Seconds()*float64(rate))
			s.ClientMicros, s.Allocs = w.cost(sent).ClientMicros, w.cost(sent).Allocs
			return s, nil
		}
	}
}

// loadOrder says what the process that sends applications has to do.
type loadOrder struct {
	Brokers []string
	Prefix  string
	Rate    int
	For     time.Duration
}

type loadCmd struct {
	Order string `arg:"" help:"The order, as JSON."`
}

// lateness bounds how long is waited for the last events.
const lateness = 30 * time.Second

// tick is how often applications that have fallen due are sent.
const tick = 200 * time.Microsecond

// Run sends and reads.
func (c *loadCmd) Run(ctx context.Context) error {
	var o loadOrder
	if err := json.Unmarshal([]byte(c.Order), &o); err != nil {
		return err
	}
	warm := int(warmUp.Seconds() * float64(o.Rate))
	n := warm + int(o.For.Seconds()*float64(o.Rate))
	applications := make([]*kgo.Record, n)
	numbers := make(map[string]int, n)
	for i := range applications {
		rec, err := work.Application(i, n) // a first application of each person: one public event
		if err != nil {
			return err
		}
		applications[i] = toFranz(o.Prefix+"."+schemas.TopicCaseInput, &rec)
		numbers[rec.Header("ce_subject")] = i
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(o.Brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(0),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ConsumeTopics(o.Prefix+"."+schemas.TopicApplications), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return err
	}
	defer client.Close()
	started := make(chan time.Time, 1)
	failed := make(chan error, 1)
	go func() { failed <- send(ctx, client, applications, o.Rate, started) }()
	s, err := readLatency(ctx, client, numbers, <-started, o.Rate, warm)
	if err == nil {
		err = <-failed
	}
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(s)
}

// due is when application i is to be sent.
func due(start time.Time, i, rate int) time.Time {
	return start.Add(time.Duration(i) * time.Second / time.Duration(rate))
}

func send(ctx context.Context, client *kgo.Client, applications []*kgo.Record, rate int, started chan<- time.Time) error {
	start := time.Now().Add(100 * time.Millisecond)
	started <- start
	t := time.NewTicker(tick)
	defer t.Stop()
	var refused error
	for i := 0; i < len(applications); {
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		for now := time.Now(); i < len(applications) && !due(start, i, rate).After(now); i++ {
			client.Produce(ctx, applications[i], func(_ *kgo.Record, err error) {
				if err != nil {
					refused = err
				}
			})
		}
	}
	return errors.Join(client.Flush(ctx), refused)
}

// readLatency reads public events until there is one for every application.
func readLatency(ctx context.Context, client *kgo.Client, numbers map[string]int, start time.Time, rate, warm int) (sample, error) {
	total := len(numbers)
	ctx, cancel := context.WithDeadline(ctx, due(start, total, rate).Add(lateness))
	defer cancel()
	h := hdrhistogram.New(1, (10 * time.Minute).Microseconds(), 3)
	for len(numbers) > 0 {
		fetches := client.PollFetches(ctx)
		now := time.Now()
		if ctx.Err() != nil {
			return sample{}, fmt.Errorf("%d of %d applications had no event", len(numbers), total)
		}
		fetches.EachRecord(func(r *kgo.Record) {
			at := slices.IndexFunc(r.Headers, func(h kgo.RecordHeader) bool { return h.Key == "ce_subject" })
			if at < 0 {
				return
			}
			i, waited := numbers[string(r.Headers[at].Value)]
			if !waited {
				return
			}
			delete(numbers, string(r.Headers[at].Value))
			if i >= warm {
				_ = h.RecordValue(max(now.Sub(due(start, i, rate)).Microseconds(), 1)) // ten minutes are beyond the deadline above
			}
		})
	}
	ms := func(us int64) float64 { return float64(us) / 1000 }
	return sample{N: total - warm, P50: ms(h.ValueAtQuantile(50)), P99: ms(h.ValueAtQuantile(99)), Max: ms(h.Max())}, nil
}
