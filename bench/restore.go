package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/consumers/approval"
	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/snapshot"
	"permithub/schemas"

	"permithub/bench/pipeline"
	"permithub/bench/work"
)

// What the files of a restored partition are.
const (
	openFiles   = "open"   // each with one open case: one transition a person
	closedFiles = "closed" // each with one ended case: two transitions a person
	livesFiles  = "lives"  // each with one case that was issued: nine transitions a person, but every twentieth case is open yet
	issuedFiles = "issued" // each with one open case whose permit was just issued: three transitions a person
	endedFiles  = "ended"  // each with one case that ended: nine transitions a person
)

// Shape of the lives: how many cases are under way at once, and of how many one is open at the end.
const (
	atOnce    = 2000
	oneOpenOf = 20
)

// filled is what stands in the log of a field.
type filled struct {
	n       int
	persons int
	open    int
	size    float64 // bytes of a transition, on average
}

// withLog fills the one partition of a case-log for fn. The log has one replica: what is measured is one reader, and disks are finite.
func (r *runner) withLog(ctx context.Context, n int, files string, fn func(*field, *filled) error) (err error) {
	one := *r.servers
	one.replication = 1
	r.fields++
	f, err := openField(ctx, &one, fmt.Sprintf("b%d-%d", os.Getpid(), r.fields), 1)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(ctx)) }()
	l, err := f.fillFiles(ctx, n, files)
	if err != nil {
		return err
	}
	return fn(f, l)
}

// fillFiles appends at least n transitions to the only partition of case-log.
func (f *field) fillFiles(ctx context.Context, n int, files string) (l *filled, err error) {
	client, err := bus.Open(bus.Config{Brokers: f.brokers, Prefix: f.prefix}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	policy, err := work.Policy()
	if err != nil {
		return nil, err
	}
	w := &logWriter{log: client.Log(schemas.TopicCaseLog)}
	l = &filled{}
	for w.at < int64(n) {
		lives, err := l.lives(policy, n, files)
		if err != nil {
			return nil, err
		}
		for step := range work.LifeLength {
			for _, life := range lives {
				if step < len(life) {
					if err := w.add(ctx, life[step]); err != nil {
						return nil, err
					}
				}
			}
		}
		if err := w.flush(ctx); err != nil {
			return nil, err
		}
	}
	l.n, l.size = int(w.at), float64(w.bytes)/float64(w.at)
	return l, nil
}

// lives are what happens to the next persons, each a list of transitions.
func (l *filled) lives(policy *casework.Policy, n int, files string) ([][]schemas.Record, error) {
	var lives [][]schemas.Record
	for range min(atOnce, n) {
		person := l.persons
		l.persons++
		open := files == openFiles
		var life []schemas.Record
		var err error
		switch {
		case files == livesFiles && person%oneOpenOf == 0:
			open = true
			life, err = work.Life(policy, person, max(n/work.LifeLength, person+1), 1+person/oneOpenOf%work.OpenFor, int64(person*work.LifeLength))
		case files == issuedFiles:
			open = true
			life, err = work.Life(policy, person, max(n/work.LifeLength, person+1), 3, int64(person*work.LifeLength))
		case files == livesFiles || files == endedFiles:
			life, err = work.Life(policy, person, max(n/work.LifeLength, person+1), work.LifeLength, int64(person*work.LifeLength))
		default:
			life, err = work.Short(policy, person, n, files == closedFiles)
		}
		if err != nil {
			return nil, err
		}
		if open {
			l.open++
		}
		lives = append(lives, life)
	}
	return lives, nil
}

// logWriter appends to partition 0 of an empty log.
type logWriter struct {
	log   *bus.Log
	batch []schemas.Record
	size  int
	at    int64
	bytes int64
}

func (w *logWriter) add(ctx context.Context, rec schemas.Record) error {
	if size := bus.AppendSize(rec); w.size+size > bus.MaxAppendBytes || len(w.batch) == appendBatch {
		if err := w.flush(ctx); err != nil {
			return err
		}
	}
	w.batch, w.size, w.bytes = append(w.batch, rec), w.size+bus.AppendSize(rec), w.bytes+int64(len(rec.Value))
	return nil
}

func (w *logWriter) flush(ctx context.Context) error {
	err := w.log.Append(ctx, 0, w.at, w.batch)
	w.at += int64(len(w.batch))
	w.batch, w.size = w.batch[:0], 0
	return err
}

// restoreOrder is what a process is told that restores.
type restoreOrder struct {
	Brokers  []string
	Prefix   string
	Observed bool   // by all that observes in the hub
	Keep     string // folder of snapshots: one is used, and written where there is none; empty means none
	Ask      int    // ask for the files of so many persons afterwards, before the memory is measured
	Profile  string // file for a processor profile; empty means none
}

// restored is its answer.
type restored struct {
	Seconds, CPU float64
	Heap         int64
	Read         int // transitions, from the log
}

// restore has a process of its own restore the partition, and returns what that cost: processor time for each transition, memory for each person.
func (f *field) restore(ctx context.Context, r *runner, l *filled, o restoreOrder) (sample, error) {
	o.Brokers, o.Prefix = f.brokers, f.prefix
	raw, err := json.Marshal(o)
	if err != nil {
		return sample{}, err
	}
	before := serverCPU(0)
	p, err := startSelf(ctx, "restore", string(raw))
	if err != nil {
		return sample{}, err
	}
	defer p.kill()
	if !p.lines.Scan() {
		return sample{}, errors.Join(errors.New("the restore ended without an answer"), p.lines.Err())
	}
	var a restored
	if err := json.Unmarshal(p.lines.Bytes(), &a); err != nil {
		return sample{}, err
	}
	servers := serverCPU(p.cmd.Process.Pid)
	for p.lines.Scan() { // until its snapshot is written
	}
	return sample{
		Contender: "hub", N: l.n, Seconds: a.Seconds, PerSecond: float64(l.n) / a.Seconds, Bytes: float64(a.Heap) / float64(l.persons),
		ClientMicros: a.CPU / float64(l.n) * 1e6, ServerMicros: float64((servers - before).Microseconds()) / float64(l.n), Read: a.Read,
	}, nil
}

type restoreCmd struct {
	Order string `arg:"" help:"The order, as JSON."`
}

// Run restores the partition as the approval step does when it is assigned.
func (c *restoreCmd) Run(ctx context.Context) (err error) {
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
	var observer approval.Observer = unobserved{}
	if o.Observed {
		observer = pipeline.Watch(policy, work.LivesNow, client, prometheus.NewRegistry(), slog.New(slog.DiscardHandler))
	}
	stop, err := profile(o.Profile)
	if err != nil {
		return err
	}
	before := heap()
	log := client.Log(schemas.TopicCaseLog)
	step := approval.New("approval", func() *casework.Policy { return policy }, log, nil, observer)
	var from approval.Restored
	step.Report(func(r approval.Restored) { from = r })
	if o.Keep != "" {
		store, err := snapshot.Open(o.Keep, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			return err
		}
		keeper := approval.NewKeeper(store, log, approval.Schedule{}, time.Now)
		defer func() { err = errors.Join(err, keeper.Close(ctx)) }()
		step.Keep(keeper)
	}
	start := pipeline.Used()
	resume, err := step.Assigned(ctx, 0)
	if err != nil {
		return err
	}
	end := pipeline.Used()
	if err := stop(); err != nil {
		return err
	}
	if err := ask(ctx, step, resume, o.Ask); err != nil {
		return err
	}
	a := restored{Seconds: end.At.Sub(start.At).Seconds(), CPU: (end.CPU - start.CPU).Seconds(), Heap: heap() - before, Read: from.Transitions}
	runtime.KeepAlive(step)
	runtime.KeepAlive(observer)
	return json.NewEncoder(os.Stdout).Encode(a)
}

// ask hands the applications of the first persons in again: nothing changes, but their files are at hand afterwards as while a case is worked on.
func ask(ctx context.Context, step *approval.Step, resume int64, persons int) error {
	for from := 0; from < persons; from += atOnce {
		b := bus.Batch{Topic: schemas.TopicCaseInput}
		for i := from; i < min(from+atOnce, persons); i++ {
			rec, err := work.LifeBegins(i, persons)
			if err != nil {
				return err
			}
			b.Records = append(b.Records, bus.Record{Record: rec, Offset: resume + int64(i)})
		}
		if err := step.Handle(ctx, b); err != nil {
			return err
		}
	}
	return nil
}

func profile(name string) (stop func() error, err error) {
	if name == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(name)
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		return nil, err
	}
	return func() error { pprof.StopCPUProfile(); return f.Close() }, nil
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
func (unobserved) Save(int32) ([]byte, error)  { return nil, nil }
func (unobserved) Load(int32, []byte) error    { return nil }
func (unobserved) Restore(*schemas.Transition) {}
func (unobserved) Restored(int32, int64)       {}
func (unobserved) Observe(*schemas.Transition) {}
func (unobserved) Forget(int32)                {}

// restores measures a restore in the hub as it is, with all that observes: of a log of whole cases, from the log and from a snapshot; and what a file with
// an open case and one without take of memory.
func (r *runner) restores(ctx context.Context) error {
	n := r.Transitions[len(r.Transitions)-1]
	err := r.withLog(ctx, n, livesFiles, func(f *field, l *filled) error {
		r.results.Note = fmt.Sprintf("one partition of %d transitions of %.0f B, one replica: the cases of %d persons over 500 days, nine transitions each, of which %d are open yet; restored by a process of its own, with all that observes in the hub; processor time for each transition of the log, memory for each person",
			l.n, l.size, l.persons, l.open)
		for round := 1; round <= r.Rounds; round++ {
			keep := filepath.Join(r.dir, fmt.Sprintf("snapshots-%d", round))
			for _, what := range []string{"from the log", "from a snapshot"} {
				o := restoreOrder{Observed: true, Keep: keep}
				if r.Profile != "" {
					o.Profile = filepath.Join(r.Profile, fmt.Sprintf("%s-restore-%s-%d.pprof", r.kind, strings.ReplaceAll(what, " ", "-"), round))
				}
				s, err := f.restore(ctx, r, l, o)
				if err != nil {
					return err
				}
				s.Round, s.What = round, what
				r.keep(s)
			}
			if err := os.RemoveAll(keep); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || r.kind != embeddedBroker {
		return err
	}
	for _, files := range []string{issuedFiles, endedFiles} {
		err := r.withLog(ctx, min(n, memoryOf), files, func(f *field, l *filled) error {
			for what, asked := range map[string]int{"at rest": 0, "asked for": l.persons} {
				s, err := f.restore(ctx, r, l, restoreOrder{Observed: true, Ask: asked})
				if err != nil {
					return err
				}
				s.Round, s.What = 1, fmt.Sprintf("memory of a file, %s, %s (%d transitions of %.0f B)", files, what, l.n, l.size)
				r.keep(s)
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// memoryOf is how many transitions are enough to tell what a file takes, and few enough that every file that is asked for stays decoded.
const memoryOf = 27_000
