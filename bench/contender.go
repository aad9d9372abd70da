package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"permithub/bench/pipeline"
)

// order says what a contender has to do.
type order struct {
	Contender  string
	Brokers    []string
	Redis      string
	Prefix     string
	Partitions int
	// Events, Indexed and Results are what must be counted until it is done; all zero means: until the standard input ends.
	Events, Indexed, Results int64
	// Transition and Public are the sizes of what a floor writes.
	Transition, Public int
	// Effects runs the step that calls a foreign system instead of the pipeline.
	Effects  bool
	CallTime time.Duration
	// ApprovalOnly leaves feed and clock out, and ends cleanly.
	ApprovalOnly bool
	Profile      string
}

// word is one line of a contender's answer.
type word struct {
	Event   string // "begin", "ready" or "done"
	Seconds float64
	CPU     float64 // seconds of this process
	Allocs  uint64
	Error   string
	Counted string
}

// cost is what each of n applications has cost the contender.
func (w *word) cost(n int) sample {
	per := float64(n)
	return sample{N: n, ClientMicros: w.CPU / per * 1e6, Allocs: float64(w.Allocs) / per}
}

type contenderCmd struct {
	Order string `arg:"" help:"The order, as JSON."`
}

// settleTime bounds joining the groups.
const settleTime = 2 * time.Minute

// Run carries the order out.
func (c *contenderCmd) Run(ctx context.Context) error {
	var o order
	if err := json.Unmarshal([]byte(c.Order), &o); err != nil {
		return err
	}
	say := json.NewEncoder(os.Stdout)
	forever := o.Events+o.Indexed+o.Results == 0
	if forever {
		o.Events = 1 << 62
	}
	p := pipeline.NewProgress(o.Events, o.Indexed, o.Results)
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin) // the runner is gone, or wants no more
		p.Fail(nil)
	}()
	e := o.env(p)
	if err := o.start(ctx, e); err != nil {
		return say.Encode(word{Event: "done", Error: err.Error()})
	}
	_ = say.Encode(word{Event: "ready"})
	go func() {
		<-p.Begun()
		_ = say.Encode(word{Event: "begin"})
	}()
	<-p.Done()
	if err := o.endProfile(); err != nil {
		return err
	}
	end, start := pipeline.Used(), p.Started()
	w := word{Event: "done", Seconds: end.At.Sub(start.At).Seconds(), CPU: (end.CPU - start.CPU).Seconds(), Allocs: end.Allocs - start.Allocs, Counted: p.Counted()}
	if err := p.Failed(); err != nil {
		w.Error = err.Error()
	}
	if o.ApprovalOnly {
		cancel()
		e.Running.Wait()
	}
	return say.Encode(w) // and the process ends: how each library closes is not measured
}

// endProfile ends the processor profile and writes what was allocated beside it.
func (o *order) endProfile() error {
	if o.Profile == "" {
		return nil
	}
	pprof.StopCPUProfile()
	f, err := os.Create(strings.TrimSuffix(o.Profile, ".pprof") + ".allocs.pprof")
	if err != nil {
		return err
	}
	return errors.Join(pprof.Lookup("allocs").WriteTo(f, 0), f.Close())
}

func (o *order) env(p *pipeline.Progress) *pipeline.Env {
	return &pipeline.Env{Brokers: o.Brokers, Redis: o.Redis, Prefix: o.Prefix, Partitions: o.Partitions, Transition: o.Transition, Public: o.Public, Progress: p, CallTime: o.CallTime,
		Log: slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError}))}
}

func (o *order) start(ctx context.Context, e *pipeline.Env) error {
	c, err := pipeline.Named(o.Contender)
	if err != nil {
		return err
	}
	settle, cancel := context.WithTimeout(ctx, settleTime)
	defer cancel()
	if o.Effects {
		runtime.GC()
		return c.Effects(ctx, e)
	}
	if o.ApprovalOnly {
		return c.Approval(ctx, e)
	}
	if c.Downstream != nil {
		if err := c.Downstream(ctx, e); err != nil {
			return err
		}
		if err := pipeline.AwaitGroups(settle, e, c.Groups...); err != nil {
			return err
		}
	}
	runtime.GC()
	if o.Profile != "" {
		f, err := os.Create(o.Profile)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return fmt.Errorf("profile: %w", err)
		}
	}
	if err := c.Approval(ctx, e); err != nil {
		return err
	}
	if o.Indexed == 0 { // latency is measured on settled groups
		return pipeline.AwaitGroups(settle, e, pipeline.Approval)
	}
	return nil
}
