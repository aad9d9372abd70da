package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
	"time"

	"permithub/bench/pipeline"
)

// Parts of a run.
const (
	partPipeline  = "pipeline"
	partEffects   = "effects"
	partLatency   = "latency"
	partGroups    = "groups"
	partDeadlines = "deadlines"
	partScale     = "scale"
	partRestore   = "restore"
)

var parts = []string{partPipeline, partEffects, partLatency, partGroups, partDeadlines, partScale, partRestore}

type runCmd struct {
	Rounds      int           `default:"3" help:"Interleaved rounds of every measurement."`
	Only        []string      `help:"Parts to measure: pipeline, effects, latency, groups, deadlines, scale, restore."`
	Brokers     []string      `default:"embedded,kafka" help:"Brokers to measure against: embedded, kafka (three Apache Kafka brokers)."`
	Partitions  []int         `default:"1,4,12" help:"Partition counts of the pipeline."`
	Contenders  []string      `help:"Contenders; all where none are named."`
	N           int           `default:"20000" help:"Applications in one drain."`
	SlowN       int           `default:"10000" help:"Applications for contenders that take one message at a time."`
	Persons     int           `default:"5000" help:"Persons that the applications are of."`
	Rates       []int         `default:"200,2000" help:"Applications a second for latency."`
	For         time.Duration `default:"10s" help:"How long latency is measured at each rate."`
	CallTime    time.Duration `default:"2ms" help:"How long a foreign system takes in the effects part."`
	Deadlines   int           `default:"1000000" help:"Deadlines that are scheduled in Redis."`
	Transitions []int         `default:"10000,100000,1000000" help:"Transitions of a partition in the scale part; the last of them also in the restore part."`
	Out         string        `default:"results" type:"path" help:"Folder of the results."`
	Profile     string        `help:"Folder for processor and allocation profiles of the contenders." type:"path"`
	Quiet       bool          `help:"No line for each measurement."`
}

// Run measures what is asked for and writes the results after every part.
func (c *runCmd) Run(ctx context.Context) error {
	if len(c.Only) == 0 {
		c.Only = parts
	}
	for _, p := range c.Only {
		if !slices.Contains(parts, p) {
			return fmt.Errorf("no part %q: there are %s", p, strings.Join(parts, ", "))
		}
	}
	if len(c.Contenders) == 0 {
		for _, x := range append(pipeline.Contenders(), pipeline.Floors()...) {
			c.Contenders = append(c.Contenders, x.Name)
		}
	}
	for _, kind := range c.Brokers {
		if err := c.against(ctx, kind); err != nil {
			return err
		}
	}
	return (&reportCmd{Out: c.Out}).Run()
}

// against measures every part that needs this broker.
func (c *runCmd) against(ctx context.Context, kind string) (err error) {
	fmt.Fprintf(os.Stderr, "%s  starting %s and redis-server\n", clockTime(), kind)
	s, err := startServers(ctx, kind)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	r := &runner{runCmd: c, servers: s, results: newResults(kind)}
	for _, part := range parts {
		if !slices.Contains(c.Only, part) {
			continue
		}
		measure := map[string]func(context.Context) error{
			partPipeline: r.pipeline, partEffects: r.effects, partLatency: r.latency, partGroups: r.groups, partDeadlines: r.deadlines, partScale: r.scale, partRestore: r.restores,
		}[part]
		r.results.Part = part
		r.results.Samples = nil
		if err := measure(ctx); err != nil {
			return fmt.Errorf("%s against %s: %w", part, kind, err)
		}
		if len(r.results.Samples) == 0 {
			continue // the part is of another broker
		}
		if err := r.results.write(c.Out); err != nil {
			return err
		}
	}
	return nil
}

// runner measures against one set of servers.
type runner struct {
	*runCmd
	*servers
	results *results
	fields  int
}

// without returns the contenders but for a floor that says nothing in this part.
func (r *runner) without(floor string) []string {
	return slices.DeleteFunc(slices.Clone(r.Contenders), func(name string) bool { return name == floor })
}

// slow are the contenders that take one message at a time.
var slow = []string{"sarama"}

// rounds runs fn for every contender in every round, each round in another order. The first round on a JVM broker warms it up and is
// thrown away.
func (r *runner) rounds(ctx context.Context, names []string, fn func(ctx context.Context, name string, round int) error) error {
	first := 1
	if r.kind == apacheKafka {
		first = 0
	}
	for round := first; round <= r.Rounds; round++ {
		for i := range names {
			if err := fn(ctx, names[(i+round)%len(names)], round); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) pipeline(ctx context.Context) error {
	loads := map[int]*load{}
	for _, n := range []int{r.N, r.SlowN} {
		l, err := newLoad(n, r.Persons)
		if err != nil {
			return err
		}
		loads[n] = l
	}
	r.results.Note = fmt.Sprintf("%d persons; %d applications of %d bytes become %d transitions of %d bytes, %d public events and %d deadlines; %d for: %s",
		r.Persons, r.N, loads[r.N].bytes, r.N, loads[r.N].transition, loads[r.N].events, loads[r.N].deadlines, r.SlowN, strings.Join(slow, ", "))
	for _, partitions := range r.Partitions {
		err := r.rounds(ctx, r.Contenders, func(ctx context.Context, name string, round int) error {
			l := loads[r.N]
			if slices.Contains(slow, name) {
				l = loads[r.SlowN]
			}
			return r.drain(ctx, name, partitions, round, l)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// drain lets one contender empty a topic that was filled before.
func (r *runner) drain(ctx context.Context, name string, partitions, round int, l *load) (err error) {
	f, err := r.field(ctx, partitions)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.close(ctx)) }()
	if err := errors.Join(f.fill(ctx, l), r.redis.Flush(ctx)); err != nil {
		return err
	}
	o := order{Contender: name, Events: l.events, Indexed: int64(len(l.applications))}
	floor := name == pipeline.Relay || name == pipeline.Work // a floor leaves nothing in Kafka, or nothing that could be checked
	if name == pipeline.Relay {
		o.Events, o.Transition, o.Public = o.Indexed, l.transition, l.public
	}
	if r.Profile != "" {
		o.Profile = fmt.Sprintf("%s/%s-%s-%d-%d.pprof", r.Profile, r.kind, name, partitions, round)
	}
	s, err := r.contender(ctx, f, o, len(l.applications))
	if err == nil && !floor {
		err = f.check(ctx, l)
	}
	if err != nil {
		return fmt.Errorf("%s, %d partitions: %w", name, partitions, err)
	}
	s.Contender, s.Partitions, s.Round = name, partitions, round
	r.keep(s)
	return nil
}

// keep takes a sample into the results; round 0 is for warming up.
func (r *runner) keep(s sample) {
	if !r.Quiet {
		fmt.Fprintf(os.Stderr, "%s  %-8s %s\n", clockTime(), r.kind, s.line())
	}
	if s.Round > 0 {
		r.results.Samples = append(r.results.Samples, s)
	}
}

func clockTime() string { return time.Now().Format(time.TimeOnly) }

func (r *runner) field(ctx context.Context, partitions int) (*field, error) {
	r.fields++
	return openField(ctx, r.servers, fmt.Sprintf("b%d-%d", os.Getpid(), r.fields), partitions)
}

// drainLimit bounds one contender's round.
const drainLimit = 5 * time.Minute

// contender runs this program again as contender and returns what its work cost, for each of n.
func (r *runner) contender(ctx context.Context, f *field, o order, n int) (sample, error) {
	ctx, cancel := context.WithTimeout(ctx, drainLimit)
	defer cancel()
	p, err := startContender(ctx, f, o)
	if err != nil {
		return sample{}, err
	}
	defer p.kill()
	var before time.Duration
	for {
		w, err := p.next()
		if err != nil {
			return sample{}, err
		}
		switch w.Event {
		case "begin":
			before = serverCPU(p.cmd.Process.Pid)
		case "done":
			if w.Error != "" {
				return sample{}, fmt.Errorf("%s (%s)", w.Error, w.Counted)
			}
			s := w.cost(n)
			s.PerSecond = float64(n) / w.Seconds
			s.ServerMicros = float64(serverCPU(p.cmd.Process.Pid)-before) / float64(n) / 1e3
			return s, nil
		}
	}
}

// process is a running contender.
type process struct {
	cmd   *exec.Cmd
	lines *bufio.Scanner
	stop  func() error // closes its standard input
}

func startContender(ctx context.Context, f *field, o order) (*process, error) {
	o.Brokers, o.Redis, o.Prefix, o.Partitions = f.brokers, f.redis.Addr(), f.prefix, f.partitions
	raw, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	return startSelf(ctx, "contender", string(raw))
}

// startSelf runs this program again.
func startSelf(ctx context.Context, args ...string) (*process, error) {
	program, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return &process{cmd: cmd, lines: bufio.NewScanner(stdout), stop: stdin.Close}, nil
}

// next reads the next line of its answer.
func (p *process) next() (word, error) {
	var w word
	if !p.lines.Scan() {
		return w, errors.Join(errors.New("the process ended without an answer"), p.lines.Err())
	}
	return w, json.Unmarshal(p.lines.Bytes(), &w)
}

// end asks it to end and waits until it has.
func (p *process) end() error {
	if err := p.stop(); err != nil {
		return err
	}
	for p.lines.Scan() { // its last words
	}
	return p.cmd.Wait()
}

// kill ends it in whatever state it is.
func (p *process) kill() {
	_ = p.stop()
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait() // it was killed
}
