package e2e

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"permithub/e2e/audit"
	"permithub/internal/demo"
	"permithub/internal/gateway"
	"permithub/schemas"
)

var (
	tortureFor  = flag.Duration("torture.duration", 30*time.Second, "how long TestTorture strikes")
	tortureSeed = flag.Uint64("torture.seed", 1, "what TestTorture draws its blows from: the same seed gives the same schedule")
)

// blow is one thing that is done to the installation and, a while later, mended.
type blow struct {
	at, lasts time.Duration
	kind      string
	target    int
}

func (b blow) String() string {
	return fmt.Sprintf("%6.1fs %s %d for %.1fs", b.at.Seconds(), b.kind, b.target, b.lasts.Seconds())
}

// Kinds of blows, as often as they stand here.
var kinds = []string{"kill", "kill", "kill", "freeze", "freeze", "flush redis", "kill redis", "kill broker", "cut line", "cut line", "slow line", "time out", "time out", "errors"}

// schedule draws the blows of a seed: the same for ever, whatever the machine does.
func schedule(seed uint64, total time.Duration, session time.Duration) []blow {
	r := rand.New(rand.NewPCG(seed, 0))
	seconds := func(least, most float64) time.Duration {
		return time.Duration((least + r.Float64()*(most-least)) * float64(time.Second))
	}
	var all []blow
	for at := seconds(2, 4); at < total; at += seconds(1, 4) {
		b := blow{at: at, kind: kinds[r.IntN(len(kinds))], target: r.IntN(64), lasts: seconds(0.2, 5)}
		switch b.kind {
		case "freeze":
			b.lasts += session
		case "kill broker":
			b.lasts += 10 * time.Second
		}
		all = append(all, b)
	}
	return all
}

// rack is an installation under torture.
type rack struct {
	*installation
	t       *testing.T
	slots   [][]string // steps of each process
	running []*process // by slot; nil while it is down
	frozen  []bool
	lines   []*front // to the brokers, to Redis and to the foreign systems
	broken  map[string]bool
	broker  brokers
	begun   time.Time
}

// brokers can be killed and started; nil functions where the broker is embedded.
type brokers struct{ kill, start func(t *testing.T, id int) }

// TestTorture lets everything that can break do so, over and over, drawn by a seed, while people apply, apply again, and officers act; then it
// mends all, waits for rest, and has the auditor look. A run that fails says how to repeat its schedule.
func TestTorture(t *testing.T) {
	s, b := tortured(t)
	session, err := time.ParseDuration(s.session)
	if err != nil {
		t.Fatal(err)
	}
	if testing.Short() {
		*tortureFor = min(*tortureFor, 10*time.Second)
	}
	t.Logf("seed %d for %v on %s; again: make torture SEED=%d DURATION=%v", *tortureSeed, *tortureFor, s.name, *tortureSeed, *tortureFor)
	k := newRack(t, s, b)
	load := k.begin()
	k.supervised()
	k.suffer(schedule(*tortureSeed, *tortureFor, session))
	k.mend()
	load.finish()
	k.judge(load)
}

func newRack(t *testing.T, s *servers, b brokers) *rack {
	t.Helper()
	k := &rack{t: t, slots: slices.Concat(split, split), broken: map[string]bool{}, broker: b}
	officers := officersLines(t)
	k.installation = install(t, s, append(stream(t, 1, 1), officers...), func(config map[string]any) {
		lines, brokers := kafkaLines(t, s.brokers)
		k.lines = append(k.lines, lines...)
		config["kafka"].(map[string]any)["brokers"] = brokers
		config["redis"].(map[string]any)["addresses"] = []string{k.line(s.redis)}
		for _, name := range systems {
			system := config["systems"].(map[string]any)[name].(map[string]any)
			system["base_url"] = "http://" + k.line(strings.TrimPrefix(system["base_url"].(string), "http://"))
		}
	})
	k.frozen = make([]bool, len(k.slots))
	for i, steps := range k.slots {
		k.running = append(k.running, k.installation.begin(t, steps...))
		k.ready(t, k.running[i])
	}
	k.begun = time.Now()
	return k
}

// line puts a front on the way to an address.
func (k *rack) line(addr string) string {
	f := newFront(k.t)
	f.to(addr)
	k.lines = append(k.lines, f)
	return f.addr()
}

// suffer strikes and mends on time. What cannot be struck just now, because it is down already, is passed over.
func (k *rack) suffer(blows []blow) {
	type event struct {
		at time.Duration
		do func()
	}
	var events []event
	for _, b := range blows {
		var undo func()
		events = append(events, event{b.at, func() {
			if undo = k.strike(b); undo != nil {
				k.t.Log(b)
			}
		}}, event{b.at + b.lasts, func() {
			if undo != nil {
				undo()
			}
		}})
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	for _, e := range events {
		k.wait(e.at)
		e.do()
		k.alive()
	}
}

// wait lets time pass until so long after the beginning.
func (k *rack) wait(at time.Duration) {
	select {
	case <-time.After(time.Until(k.begun.Add(at))):
	case <-k.t.Context().Done():
	}
}

// alive fails the test where a process has ended that nobody killed.
func (k *rack) alive() {
	for _, p := range k.running {
		if p != nil && p.gone() {
			k.t.Fatalf("%s ended by itself: %v\n%s", p.name, p.ended(), p.tail())
		}
	}
}

// strike does one blow and returns what mends it; nil where it is not done.
func (k *rack) strike(b blow) func() {
	slot, line := b.target%len(k.slots), b.target%len(k.lines)
	system := systems[b.target%len(systems)]
	switch b.kind {
	case "kill":
		return k.kill(slot)
	case "freeze":
		return k.freeze(slot)
	case "flush redis":
		if k.broken["redis"] {
			return nil
		}
		k.servers.flush(k.t)
		return func() {}
	case "kill redis":
		if k.servers.killRedis == nil {
			return nil
		}
		return k.once("redis", func() { k.servers.killRedis(k.t) }, func() { k.servers.startRedis(k.t) })
	case "kill broker":
		if k.broker.kill == nil {
			return nil
		}
		id := 1 + b.target%3
		return k.once("broker", func() { k.broker.kill(k.t, id) }, func() { k.broker.start(k.t, id) })
	case "cut line":
		k.lines[line].cut()
		return func() {}
	case "slow line":
		return k.once(fmt.Sprint("line ", line), func() { k.lines[line].slow(300 * time.Millisecond) }, func() { k.lines[line].slow(0) })
	case "time out": // carried out and not answered
		return k.once(system, func() { k.fault(k.t, system, map[string]any{"mode": "timeout", "delay_ms": 100, "share": 0.5}) }, func() { k.clearFaults(k.t, system) })
	default:
		return k.once(system, func() { k.fault(k.t, system, map[string]any{"mode": "error", "share": 0.5}) }, func() { k.clearFaults(k.t, system) })
	}
}

// once breaks a thing that is whole, and returns what makes it whole again.
func (k *rack) once(what string, breaks, mends func()) func() {
	if k.broken[what] {
		return nil
	}
	k.broken[what] = true
	breaks()
	return func() { mends(); k.broken[what] = false }
}

func (k *rack) kill(slot int) func() {
	p := k.running[slot]
	if p == nil || k.frozen[slot] {
		return nil
	}
	k.crash(k.t, p)
	k.running[slot] = nil
	return func() { k.running[slot] = k.installation.begin(k.t, k.slots[slot]...) }
}

// freeze suspends a process beyond its session; the balancers take it off meanwhile.
func (k *rack) freeze(slot int) func() {
	p := k.running[slot]
	if p == nil || k.frozen[slot] {
		return nil
	}
	k.frozen[slot] = true
	if err := p.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		k.t.Fatal(err)
	}
	k.left(p)
	return func() {
		p.goesOn(k.t)
		k.frozen[slot] = false
		k.hubs = append(k.hubs, p)
		k.connect()
	}
}

// mend waits until every process is at work again: the schedule has mended all else.
func (k *rack) mend() {
	k.t.Helper()
	for _, p := range k.running {
		k.ready(k.t, p)
	}
}

// doubt is how long a notice may be of unknown end before the supervisor decides: its receipt may be on the way.
const doubt = 5 * time.Second

// supervised has an officer look at notices of which nobody knows whether they were sent, and have them sent again: the recorded decision without
// which the hub never repeats one.
func (k *rack) supervised() {
	officer := demo.Officers(k.installation.lines)[0]
	done, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		seen := map[string]time.Time{}
		for {
			select {
			case <-done:
				return
			case now := <-tick.C:
				for _, id := range k.read.unknown() {
					switch first, known := seen[id]; {
					case !known:
						seen[id] = now
					case now.Sub(first) > doubt:
						k.resend(officer, id)
						seen[id] = now
					}
				}
			}
		}
	}()
	k.t.Cleanup(func() { close(done); <-ended })
}

func (k *rack) resend(officer, effectID string) {
	body, err := json.Marshal(map[string]string{"action_id": effectID, "action": "settle", "effect_id": effectID, "verdict": "resend", "opinion": "未见回执，重新发送"})
	if err != nil {
		k.t.Error(err)
		return
	}
	req, err := http.NewRequestWithContext(k.t.Context(), http.MethodPost, k.doors.Desk+"/v1/cases/"+schemas.ApplicationOf(effectID)+"/actions", bytes.NewReader(body))
	if err != nil {
		k.t.Error(err)
		return
	}
	req.Header.Set("Authorization", "Bearer "+k.doors.Tokens[officer])
	req.Header.Set("Content-Type", "application/json")
	res, err := k.doors.HTTP.Do(req)
	if err != nil {
		return // the next look sends it again, under the same id
	}
	defer res.Body.Close()
	switch res.StatusCode {
	case http.StatusOK, http.StatusAccepted: // done, or in Kafka
	case http.StatusConflict: // its receipt has come meanwhile
	case http.StatusServiceUnavailable: // the next look sends it again, under the same id
	default:
		k.t.Errorf("decide about %s: answered %d", effectID, res.StatusCode)
	}
}

// crowd applies without end, some people more than once, until it is told to finish.
type crowd struct {
	k       *rack
	quit    chan struct{}
	ended   sync.WaitGroup
	mu      sync.Mutex
	results []*demo.Result
	again   int
}

// begin lets people apply: a line after the other, in an order of the seed's, and repeats of what was sent before, all at once.
func (k *rack) begin() *crowd {
	c := &crowd{k: k, quit: make(chan struct{})}
	set, err := demo.BuiltIn()
	if err != nil {
		k.t.Fatal(err)
	}
	lines := make(chan demo.Line)
	c.ended.Go(func() {
		defer close(lines)
		r := rand.New(rand.NewPCG(*tortureSeed, 1))
		var sent []demo.Line
		for n := 1; ; n++ {
			l := c.draw(r, set, n, sent)
			select {
			case lines <- l:
				sent = append(sent, l)
			case <-c.quit:
				return
			}
		}
	})
	for range atOnce {
		c.ended.Go(func() {
			for l := range lines {
				wait := glance
				if len(l.Script) > 0 {
					wait = settling // its people act when it rests
				}
				out := k.sendFor(k.t, wait, []demo.Line{l}, nil)
				c.mu.Lock()
				c.results = append(c.results, out...)
				c.mu.Unlock()
			}
		})
	}
	c.ended.Go(c.progress)
	k.t.Cleanup(func() { c.stop(); c.ended.Wait() })
	return c
}

// glance is how long a person waits for the outcome before the next one applies: what is stuck must not keep others away.
const glance = 3 * time.Second

// draw takes the next line: a new person most of the time, a case for officers sometimes, and sometimes one that was sent before.
func (c *crowd) draw(r *rand.Rand, set []demo.Line, n int, sent []demo.Line) demo.Line {
	switch x := r.IntN(10); {
	case x < 2 && len(sent) > 0:
		l := sent[r.IntN(len(sent))]
		c.repeat(l)
		return c.fresh(demo.Stream(set, n))
	case x == 2:
		return c.fresh(demo.NewPerson(officersLines(c.k.t)[0], 6000+n))
	default:
		return c.fresh(demo.Stream(set, n))
	}
}

func (c *crowd) fresh(l demo.Line, err error) demo.Line {
	if err != nil {
		c.k.t.Error(err)
	}
	return l
}

// repeat sends an application once more, with whatever answer: it must change nothing.
func (c *crowd) repeat(l demo.Line) {
	c.ended.Go(func() {
		stages := schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}
		if len(l.Script) > 0 {
			stages = schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
		}
		for _, s := range c.k.doors.Sources {
			if s.Stages != stages || l.Channel != "" && l.Channel != s.Channel {
				continue
			}
			req, err := http.NewRequest(http.MethodPost, c.k.doors.Intake+"/v1/applications", strings.NewReader(string(l.Application)))
			if err == nil {
				err = gateway.Sign(req, s.AccessKey, s.Secret, time.Now())
			}
			if err != nil {
				c.k.t.Error(err)
				return
			}
			req.Header.Set("Content-Type", "application/json")
			if res, err := c.k.doors.HTTP.Do(req); err == nil {
				_ = res.Body.Close()
				c.mu.Lock()
				c.again++
				c.mu.Unlock()
			}
			return
		}
	})
}

// progress says now and then how far it is.
func (c *crowd) progress() {
	tick := time.NewTicker(10 * time.Second)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			c.mu.Lock()
			n, again := len(c.results), c.again
			c.mu.Unlock()
			c.k.t.Logf("%6.1fs %d applications are through, %d repeats, %d permits issued", time.Since(c.k.begun).Seconds(), n, again, c.k.read.saw(schemas.EvIssued))
		case <-c.quit:
			return
		}
	}
}

func (c *crowd) stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.quit:
	default:
		close(c.quit)
	}
}

// finish lets those who have applied come to their end.
func (c *crowd) finish() {
	c.stop()
	c.ended.Wait()
}

// settling bounds the wait for rest: a record may have reached the second retry tier.
const settling = 7 * time.Minute

// judge waits for rest and has the auditor look. Everybody who was taken has a permit in the end.
func (k *rack) judge(c *crowd) {
	t := k.t
	t.Helper()
	within(t, settling, "the hub is at rest", func() string {
		if s := k.read.unsettled(); s != "" {
			return s
		}
		if ids := k.read.unknown(); len(ids) > 0 {
			return fmt.Sprintf("unknown: %v", ids)
		}
		return k.read.behind(t.Context())
	})
	e := k.audit(t)
	r := audit.Check(e)
	if len(c.results) == 0 || len(r.Outcomes) == 0 {
		t.Fatal("nobody applied")
	}
	for no, stage := range r.Open {
		t.Errorf("application %s rests as %s", no, stage)
	}
	for no, outcome := range r.Outcomes {
		if outcome != string(schemas.StageIssued) {
			t.Errorf("application %s ended as %s", no, outcome)
		}
	}
	counts, _ := json.Marshal(map[string]int{"applications": len(r.Outcomes) + len(r.Open), "repeats": c.again, "transitions": r.Valid, "void": r.Void, "dead letters": len(r.DeadLettered)})
	t.Logf("%s", counts)
	for _, p := range k.hubs {
		p.stop(t, closing)
	}
}

// A seed is worth printing only where it gives the same blows again.
func TestScheduleIsTheSeeds(t *testing.T) {
	first, again := schedule(7, time.Minute, 6*time.Second), schedule(7, time.Minute, 6*time.Second)
	if !slices.Equal(first, again) || len(first) < 10 {
		t.Errorf("%d blows, then %d others", len(first), len(again))
	}
	if longer := schedule(7, time.Hour, 6*time.Second); !slices.Equal(first, longer[:len(first)]) {
		t.Error("a longer run begins in another way")
	}
	if slices.Equal(first, schedule(8, time.Minute, 6*time.Second)) {
		t.Error("another seed gives the same blows")
	}
}
