package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"runtime"

	"permithub/consumers/approval"
	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/schemas"

	"permithub/bench/pipeline"
	"permithub/bench/work"
)

// What the files of a restored partition are.
const (
	openFiles   = "open"   // each with one open case: one transition a person
	closedFiles = "closed" // each with one ended case: two transitions a person
)

// scale measures what grows with the number of persons: a partition's log, restoring it, and the memory of its files.
func (r *runner) scale(ctx context.Context) error {
	if r.kind != embeddedBroker {
		return nil
	}
	r.results.Note = "one partition, restored from its log by a process of its own; memory is the heap after a collection, for each person"
	for _, n := range r.Transitions {
		for _, files := range []string{openFiles, closedFiles} {
			if err := r.restore(ctx, n, files); err != nil {
				return fmt.Errorf("%d transitions, %s: %w", n, files, err)
			}
		}
	}
	return nil
}

func (r *runner) restore(ctx context.Context, n int, files string) (err error) {
	f, err := r.field(ctx, 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(ctx)) }()
	size, err := f.fillFiles(ctx, n, files)
	if err != nil {
		return err
	}
	raw, err := json.Marshal(restoreOrder{Brokers: f.brokers, Prefix: f.prefix})
	if err != nil {
		return err
	}
	p, err := startSelf(ctx, "restore", string(raw))
	if err != nil {
		return err
	}
	defer p.kill()
	if !p.lines.Scan() {
		return errors.Join(errors.New("the restore ended without an answer"), p.lines.Err())
	}
	var s sample
	if err := json.Unmarshal(p.lines.Bytes(), &s); err != nil {
		return err
	}
	persons := n
	if files == closedFiles {
		persons = n / 2
	}
	s.Contender, s.What, s.Round, s.N, s.PerSecond = "hub", fmt.Sprintf("%d transitions, %s, %.0f B each in the log", n, files, size), 1, n, float64(n)/s.Seconds
	s.Bytes /= float64(persons)
	s.ClientMicros /= float64(n)
	r.keep(s)
	return nil
}

// fillFiles appends n transitions to the only partition of case-log, and returns the size of one on average.
func (f *field) fillFiles(ctx context.Context, n int, files string) (size float64, err error) {
	client, err := bus.Open(bus.Config{Brokers: f.brokers, Prefix: f.prefix}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	policy, err := work.Policy()
	if err != nil {
		return 0, err
	}
	log := client.Log(schemas.TopicCaseLog)
	var batch []schemas.Record
	var at, bytes int64
	flush := func() error {
		err := log.Append(ctx, 0, at, batch)
		at += int64(len(batch))
		batch = batch[:0]
		return err
	}
	for person := 0; at+int64(len(batch)) < int64(n); person++ {
		office := work.NewOffice(policy)
		inputs := []func(int, int) (schemas.Record, error){work.Application}
		if files == closedFiles {
			inputs = append(inputs, work.Withdrawal)
		}
		for _, input := range inputs {
			in, err := input(person, n)
			if err != nil {
				return 0, err
			}
			rec, ok, err := office.Decide(in.Value, 0, at+int64(len(batch)))
			if err != nil || !ok {
				return 0, fmt.Errorf("person %d is not decided: %w", person, err)
			}
			bytes += int64(len(rec.Value))
			batch = append(batch, rec)
		}
		if len(batch) >= appendBatch {
			if err := flush(); err != nil {
				return 0, err
			}
		}
	}
	return float64(bytes) / float64(n), flush()
}

type restoreOrder struct {
	Brokers []string
	Prefix  string
}

type restoreCmd struct {
	Order string `arg:"" help:"The order, as JSON."`
}

// Run restores the partition as the approval step does when it is assigned.
func (c *restoreCmd) Run(ctx context.Context) error {
	var o restoreOrder
	if err := json.Unmarshal([]byte(c.Order), &o); err != nil {
		return err
	}
	client, err := bus.Open(bus.Config{Brokers: o.Brokers, Prefix: o.Prefix}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	before := heap()
	step := approval.New("approval", func() *casework.Policy { return policy }, client.Log(schemas.TopicCaseLog), nil, unobserved{})
	start := pipeline.Used()
	if _, err := step.Assigned(ctx, 0); err != nil {
		return err
	}
	end := pipeline.Used()
	s := sample{Seconds: end.At.Sub(start.At).Seconds(), Bytes: float64(heap() - before), ClientMicros: float64((end.CPU - start.CPU).Microseconds())}
	runtime.KeepAlive(step)
	return json.NewEncoder(os.Stdout).Encode(s)
}

// heap is what lives after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC() // what the first one found to be free is swept
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// unobserved takes no notice of transitions.
type unobserved struct{}

func (unobserved) Wants(*schemas.Head) bool    { return false }
func (unobserved) Past(*schemas.Transition)    {}
func (unobserved) Restore(*schemas.Transition) {}
func (unobserved) Restored(int32, int64)       {}
func (unobserved) Observe(*schemas.Transition) {}
func (unobserved) Forget(int32)                {}
