package main

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"

	"permithub/bench/work"
)

// groupPartitions is the partition count of the groups part.
const groupPartitions = 12

// groupPersons apply in turn; the first so many are there before anything starts.
const (
	groupPersons = 100_000
	groupFirst   = 2_000
)

// groups measures how long the hub's approval takes until its first record after a clean restart, and, where one of two members is killed, until
// every partition is served again.
func (r *runner) groups(ctx context.Context) error {
	if r.kind != apacheKafka {
		return nil
	}
	r.results.Note = fmt.Sprintf("%d partitions; restart: from the start of the process to its first record; handover: from SIGKILL of one of two members until every partition has a new transition, with the session time-out at its default of 10 s", groupPartitions)
	for round := 1; round <= r.Rounds; round++ {
		if err := r.group(ctx, round); err != nil {
			return err
		}
	}
	return nil
}

func (r *runner) group(ctx context.Context, round int) (err error) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	f, err := r.field(ctx, groupPartitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(context.WithoutCancel(ctx))) }()
	feeding, stop := context.WithCancel(ctx)
	defer stop()
	var sent atomic.Int64
	l, err := newLoad(groupFirst, groupPersons)
	if err != nil {
		return err
	}
	if err := f.fill(ctx, l); err != nil {
		return err
	}
	sent.Store(groupFirst)
	first, _, err := r.member(ctx, f)
	if err != nil {
		return err
	}
	if err := first.end(); err != nil { // it leaves its group
		return err
	}
	feeder := make(chan error, 1)
	go func() { feeder <- f.feed(feeding, &sent) }()
	second, took, err := r.member(ctx, f)
	if err != nil {
		return err
	}
	defer second.kill()
	r.keep(sample{Contender: "hub", What: "restart", Partitions: groupPartitions, Round: round, Seconds: took.Seconds()})
	third, _, err := r.member(ctx, f)
	if err != nil {
		return err
	}
	defer third.kill()
	killed := time.Now()
	if err := second.cmd.Process.Kill(); err != nil {
		return err
	}
	after := sent.Load()
	last, err := f.served(ctx, after)
	if err != nil {
		return err
	}
	r.keep(sample{Contender: "hub", What: "handover", Partitions: groupPartitions, Round: round, Seconds: last.Sub(killed).Seconds()})
	stop()
	if err := <-feeder; err != nil && !errors.Is(err, context.Canceled) {
		return err
	}
	return nil
}

// member starts a process with the approval step and waits for its first record.
func (r *runner) member(ctx context.Context, f *field) (*process, time.Duration, error) {
	start := time.Now()
	p, err := startContender(ctx, f, order{Contender: "hub", ApprovalOnly: true})
	if err != nil {
		return nil, 0, err
	}
	for {
		w, err := p.next()
		if err == nil && w.Error != "" {
			err = errors.New(w.Error)
		}
		if err != nil {
			p.kill()
			return nil, 0, err
		}
		if w.Event == "begin" {
			return p, time.Since(start), nil
		}
	}
}

// feedEvery is the time between two applications.
const feedEvery = 2 * time.Millisecond

// feed sends one application after the other until ctx ends.
func (f *field) feed(ctx context.Context, sent *atomic.Int64) error {
	t := time.NewTicker(feedEvery)
	defer t.Stop()
	for {
		select {
		case <-t.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		rec, err := work.Application(int(sent.Load()), groupPersons)
		if err != nil {
			return err
		}
		f.client.Produce(ctx, toFranz(f.topic(schemas.TopicCaseInput), &rec), nil)
		sent.Add(1)
	}
}

// served waits until every partition of case-log has a transition of an application that was sent after so many, and returns when the last of
// them had one.
func (f *field) served(ctx context.Context, after int64) (time.Time, error) {
	numbers := map[string]bool{}
	for i := after; i < after+groupPersons/2; i++ {
		rec, err := work.Application(int(i), groupPersons)
		if err != nil {
			return time.Time{}, err
		}
		numbers[rec.Header("ce_subject")] = true
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(f.brokers...), kgo.ConsumeTopics(f.topic(schemas.TopicCaseLog)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return time.Time{}, err
	}
	defer client.Close()
	var last time.Time
	seen := map[int32]bool{}
	for len(seen) < f.partitions {
		fetches := client.PollFetches(ctx)
		if ctx.Err() != nil {
			return last, fmt.Errorf("%d of %d partitions were served: %w", len(seen), f.partitions, ctx.Err())
		}
		fetches.EachRecord(func(r *kgo.Record) {
			for _, h := range r.Headers {
				if h.Key == "ce_subject" && numbers[string(h.Value)] && !seen[r.Partition] {
					seen[r.Partition] = true
					if r.Timestamp.After(last) {
						last = r.Timestamp // when its writer encoded it
					}
				}
			}
		})
	}
	return last, nil
}
