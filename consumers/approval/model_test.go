package approval

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"permithub/e2e/audit"
	"permithub/internal/bus"
	"permithub/schemas"
)

// TestEveryInterleaving is a model check of the stamped log: two processes that both believe they own a partition, and a network and brokers that
// misbehave, in every order there is. The owners are the real step; the partition is a model of Kafka's: what is not yet replicated is read by
// nobody and may be cut off with its leader. At the end a third owner finishes, and the log must hold the one history that a single owner
// without any trouble would have written, as this package's own check and the auditor see it.
//
// Bounded are the faults and the steps of a run: two owners can void each other's writes for as long as they like, which a pause ends in the
// bus, and no order of steps ends here.
func TestEveryInterleaving(t *testing.T) {
	bound := bounds{faults: 2, steps: 7}
	if testing.Short() {
		bound = bounds{faults: 1, steps: 6}
	}
	recs := inputs(t, anyList(person(1).life())...)
	want, _ := expected(t, recs)
	x := &explorer{}
	checked := map[string]bool{}
	runs, void := 0, 0
	for more := true; more; more = x.next() {
		w := newWorld(t, x, bound, recs)
		w.run()
		runs++
		shape := w.shape()
		if checked[shape] {
			continue
		}
		checked[shape] = true
		if strings.Contains(shape, "void") {
			void++
		}
		if got := history(w.partition.topic()); !slices.Equal(got, want) {
			t.Fatalf("%d transitions, want %d, after\n%s", len(got), len(want), strings.Join(w.story, "\n"))
		}
		if r := audit.Check(w.evidence(recs)); len(r.Faults) > 0 {
			t.Fatalf("%s\nafter\n%s", r, strings.Join(w.story, "\n"))
		}
	}
	t.Logf("%d runs came to %d logs, %d with void records", runs, len(checked), void)
	if void == 0 {
		t.Error("no run left a void record: the model checks nothing")
	}
}

// A log whose void records count does not pass: the model finds what it is there to find.
func TestInterleavingsFindAMissingCheck(t *testing.T) {
	recs := inputs(t, anyList(person(1).life())...)
	want, _ := expected(t, recs)
	x := &explorer{}
	for more := true; more; more = x.next() {
		w := newWorld(t, x, bounds{faults: 1, steps: 8}, recs)
		w.partition.unchecked = true
		w.run()
		var got []string
		for _, r := range w.partition.records {
			got = append(got, string(r.Value))
		}
		if !slices.Equal(got, want) {
			return
		}
	}
	t.Error("every run without the check came to the one history")
}

func anyList(list []schemas.Input) []any {
	var out []any
	for _, in := range list {
		out = append(out, in)
	}
	return out
}

// explorer walks a tree of choices depth first: a run asks it at every fork, and takes the next branch at the last fork that has one left.
type explorer struct {
	taken, width []int
	at           int
}

func (x *explorer) choose(n int) int {
	if x.at == len(x.taken) {
		x.taken, x.width = append(x.taken, 0), append(x.width, n)
	}
	x.at++
	return x.taken[x.at-1]
}

// next moves to the next branch; false when every one was taken.
func (x *explorer) next() bool {
	x.at = 0
	for i := len(x.taken) - 1; i >= 0; i-- {
		if x.taken[i]++; x.taken[i] < x.width[i] {
			x.taken, x.width = x.taken[:i+1], x.width[:i+1]
			return true
		}
	}
	return false
}

type bounds struct{ faults, steps int }

// replica is one partition as the leader has it: what lies before replicated is read and stays, the rest may be cut off.
type replica struct {
	records    []bus.Record
	stamps     []int64
	replicated int64
	unchecked  bool // the mutant: every record counts
}

func (r *replica) topic() *topic { return &topic{records: r.records, stamps: r.stamps} }

func (r *replica) land(at int64, recs []schemas.Record) (base int64) {
	l := r.topic()
	base = l.land(at, recs)
	r.records, r.stamps = l.records, l.stamps
	return base
}

func (r *replica) cut() {
	r.records, r.stamps = r.records[:r.replicated], r.stamps[:r.replicated]
}

// world is one run: the owners, what they wait for, and what is on its way.
type world struct {
	t         *testing.T
	x         *explorer
	left      bounds
	partition replica
	recs      []bus.Record
	owners    []*owner
	delayed   []call
	story     []string
}

// owner is a process that handles the partition's inputs from where the log says. It runs only while the world waits for it.
type owner struct {
	name  string
	calls chan call // what it waits for; closed when it is done
	reply chan reply
	next  *call
	dead  bool
}

// call is one request of an owner's to the partition.
type call struct {
	append bool
	at     int64
	recs   []schemas.Record
}

type reply struct {
	records []bus.Record
	end     int64
	err     error
}

var errDead = errors.New("the process is gone")

func newWorld(t *testing.T, x *explorer, b bounds, recs []bus.Record) *world {
	w := &world{t: t, x: x, left: b, recs: recs}
	for _, name := range []string{"A", "B"} {
		w.owners = append(w.owners, w.start(name))
	}
	return w
}

func (w *world) start(name string) *owner {
	o := &owner{name: name, calls: make(chan call), reply: make(chan reply)}
	go func() {
		defer close(o.calls)
		o.work(w.t, w.recs)
	}()
	o.await()
	return o
}

// await waits until the owner asks for something, or is done.
func (o *owner) await() {
	if c, ok := <-o.calls; ok {
		o.next = &c
	} else {
		o.next = nil
	}
}

// batchOf inputs is handled at once: a life takes two batches.
const batchOf = 6

// work is what the bus does with the step: assign, hand over from where it says, hand over again what failed.
func (o *owner) work(t *testing.T, recs []bus.Record) {
	office := open(t, &topic{})
	office.Step.log = o
	resume, err := office.Assigned(context.Background(), 3)
	for err != nil {
		if errors.Is(err, errDead) {
			return
		}
		resume, err = office.Assigned(context.Background(), 3)
	}
	for batch := range slices.Chunk(recs[resume:], batchOf) {
		for {
			err := office.handle(batch)
			if errors.Is(err, errDead) {
				return
			}
			if err == nil {
				break
			}
		}
	}
}

func (o *owner) ask(c call) reply {
	if o.dead {
		return reply{err: errDead}
	}
	o.calls <- c
	return <-o.reply
}

func (o *owner) Append(_ context.Context, _ int32, at int64, recs []schemas.Record) error {
	return o.ask(call{append: true, at: at, recs: recs}).err
}

func (o *owner) Read(_ context.Context, _ int32, from int64, fn func(bus.Record) error) (int64, error) {
	r := o.ask(call{at: from})
	for _, rec := range r.records {
		if err := fn(rec); err != nil {
			return 0, err
		}
	}
	return r.end, r.err
}

// step is one thing that may happen next.
type step struct {
	what string
	do   func()
}

// run takes steps until nothing is left to happen or the bound is reached, and then lets a third owner finish without trouble.
func (w *world) run() {
	for ; w.left.steps > 0; w.left.steps-- {
		steps := w.possible()
		if len(steps) == 0 {
			break
		}
		s := steps[w.x.choose(len(steps))]
		w.story = append(w.story, s.what)
		s.do()
	}
	for _, o := range w.owners {
		if o.next != nil {
			w.kill(o)
		}
	}
	for len(w.delayed) > 0 {
		w.arrive(0)
	}
	w.partition.replicated = int64(len(w.partition.records))
	last := w.start("C")
	for last.next != nil {
		w.answer(last, w.perform(last.next))
	}
}

// possible lists what may happen next: a waiting owner is served, well or badly; a delayed request arrives; the leader dies.
func (w *world) possible() []step {
	var steps []step
	for _, o := range w.owners {
		if o.next == nil {
			continue
		}
		steps = append(steps, step{o.name + " is served", func() { w.answer(o, w.perform(o.next)) }})
		if o.next.append && w.left.faults > 0 {
			steps = append(steps, w.faults(o)...)
		}
	}
	for i := range w.delayed {
		steps = append(steps, step{"a delayed request arrives", func() { w.arrive(i) }})
	}
	if int64(len(w.partition.records)) > w.partition.replicated {
		steps = append(steps, step{"the leader dies with its tail", w.partition.cut})
	}
	return steps
}

// faults are the ways in which an append may go wrong.
func (w *world) faults(o *owner) []step {
	fault := func(what string, before func(c *call)) step {
		return step{o.name + ": " + what, func() {
			w.left.faults--
			before(o.next)
			w.answer(o, reply{err: errLink})
		}}
	}
	return []step{
		fault("the answer is lost", func(c *call) { w.perform(c) }),
		fault("the request is lost", func(*call) {}),
		fault("the request is delayed", func(c *call) { w.delayed = append(w.delayed, *c) }),
		fault("written, not replicated", func(c *call) { w.partition.land(c.at, c.recs) }),
		{o.name + " is killed", func() { w.left.faults--; w.kill(o) }},
	}
}

// perform serves a call as Kafka does: an append that is answered is replicated with all before it; a read ends where replication does.
func (w *world) perform(c *call) reply {
	p := &w.partition
	if !c.append {
		var records []bus.Record
		for i := c.at; i < p.replicated; i++ {
			if p.stamps[i] == i || p.unchecked {
				records = append(records, p.records[i])
			}
		}
		return reply{records: records, end: p.replicated}
	}
	base := p.land(c.at, c.recs)
	p.replicated = int64(len(p.records))
	if base != c.at && !p.unchecked {
		return reply{err: fmt.Errorf("append at %d: %w", c.at, bus.ErrLost)}
	}
	return reply{}
}

func (w *world) arrive(i int) {
	c := w.delayed[i]
	w.delayed = slices.Delete(slices.Clone(w.delayed), i, i+1)
	w.partition.land(c.at, c.recs)
	w.partition.replicated = int64(len(w.partition.records))
}

func (w *world) answer(o *owner, r reply) {
	o.reply <- r
	o.await()
}

func (w *world) kill(o *owner) {
	o.dead = true
	w.answer(o, reply{err: errDead})
}

// shape tells one log from another: where each record lies and whether it counts. What it says is the step's, which draws nothing by lot.
func (w *world) shape() string {
	var b strings.Builder
	for i, r := range w.partition.records {
		counts := "valid"
		if w.partition.stamps[i] != int64(i) {
			counts = "void"
		}
		fmt.Fprintf(&b, "%s %s;", counts, r.Header("ce_id"))
	}
	return b.String()
}

// evidence is what an auditor gets to see, with the books of far sides that did what the inputs say.
func (w *world) evidence(recs []bus.Record) *audit.Evidence {
	c := person(1)
	done := func(op, kind string, detail map[string]any) []audit.Entry {
		return []audit.Entry{{At: t0.Time, Op: op, RequestID: c.no + "-" + kind + "-1", Outcome: "done", Detail: detail, Keys: []string{"13900000000"}}}
	}
	permit := "NEW-" + c.dossier
	e := &audit.Evidence{Taken: []string{c.no}, Calendar: map[string]bool{}, Ledgers: map[string][]audit.Entry{
		"epermit":      done("issue", "issue", map[string]any{"issue": map[string]any{"permit": map[string]any{"permitNo": permit}}}),
		"registration": done("cancel", "cancel", map[string]any{"old_no": "OLD", "new_no": permit}),
		"dataplatform": done("push", "publish", nil),
		"sms":          done("norsubmit", "notify", map[string]any{"content": "（" + c.no + "）"}),
	}}
	e.Inputs = outsiders(recs, func(int) string { return "" })
	e.Log = outsiders(w.partition.records, func(i int) string { return fmt.Sprint(w.partition.stamps[i]) })
	return e
}

// outsiders are records as a reader outside the hub finds them.
func outsiders(recs []bus.Record, stamp func(int) string) []audit.Record {
	var out []audit.Record
	for i, r := range recs {
		headers := map[string]string{}
		for _, h := range r.Headers {
			headers[h.Key] = h.Value
		}
		if s := stamp(i); s != "" {
			headers[bus.HeaderStamp] = s
		}
		out = append(out, audit.Record{Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Headers: headers, Value: r.Value})
	}
	return out
}
