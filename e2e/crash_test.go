package e2e

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/e2e/audit"
	"permithub/internal/demo"
	"permithub/internal/failpoint"
	"permithub/internal/gateway"
	"permithub/schemas"
)

// crashLoad is how many applications a crash test sends: each point is passed by several, before and after the crash.
const crashLoad = 12

// crash kills the process that runs the victim's steps at a point, starts it again and lets the load come to its end.
type crash struct {
	point  failpoint.Point
	victim []string
	// pass is at which pass it dies, not the first one so that work was done before.
	pass int
	// doubts says that a notice may be left of which nobody knows whether it was sent.
	doubts bool
	// slow rows wait for a tier or a lease, and are left out of the short run.
	slow bool
	// scene replaces the common one.
	scene func(t *testing.T, c *crash, in *installation)
	// change alters the configuration.
	change func(config map[string]any)
	// lines replaces the stream of people whom everything is right with.
	lines func(t *testing.T) []demo.Line
	// also checks what the audit cannot know of.
	also func(t *testing.T, in *installation, e *audit.Evidence)
}

var callers = split[1]

func crashes() []crash {
	return []crash{
		{point: failpoint.I1, victim: []string{"intake"}, pass: 3},
		{point: failpoint.I2, victim: []string{"intake"}, pass: 3},
		{point: failpoint.I3, victim: []string{"intake", "clock"}, pass: 1, scene: answeredThenLost},
		{point: failpoint.A1, victim: []string{"desk"}, pass: 2, lines: officersLines, scene: officersRepeat},
		{point: failpoint.P1, victim: []string{"approval"}, pass: 4},
		{point: failpoint.P2, victim: []string{"approval"}, pass: 4},
		{point: failpoint.P3, victim: []string{"approval"}, pass: 4},
		{point: failpoint.P4, victim: []string{"approval"}, pass: 1, scene: lateCopies},
		{point: failpoint.P5, victim: []string{"approval"}, pass: 1, scene: zombie},
		{point: failpoint.P6, victim: []string{"approval"}, pass: 4},
		{point: failpoint.D1, victim: callers, pass: 6, doubts: true},
		{point: failpoint.D2, victim: callers, pass: 6, doubts: true},
		{point: failpoint.D3, victim: callers, pass: 6, doubts: true},
		{point: failpoint.D4, victim: []string{"verification"}, pass: 1, slow: true, lines: oneUnclear, also: waitedTwice},
		{point: failpoint.D5, victim: []string{"notification"}, pass: 2, doubts: true},
		{point: failpoint.G1, victim: []string{"issuance"}, pass: 2},
		{point: failpoint.G2, victim: []string{"cancellation"}, pass: 2},
		{point: failpoint.Q1, victim: []string{"approval"}, pass: 1, scene: unreadable},
		{point: failpoint.Q2, victim: []string{"approval"}, pass: 1, scene: replayedAndDied},
		{point: failpoint.R1, victim: []string{"clock"}, pass: 3},
		{point: failpoint.R2, victim: []string{"clock"}, pass: 1, scene: indexLost},
		{point: failpoint.S1, victim: []string{"approval"}, pass: 2, change: snapshotsAlways, scene: halfASnapshot},
		{point: failpoint.T1, victim: []string{"overdue"}, pass: 1, slow: true, change: pushSoon, scene: producedTwice},
		{point: failpoint.T2, victim: []string{"overdue"}, pass: 1, change: pushSoon, scene: downAtTheDeadline},
	}
}

// TestCrashPoints kills a process at each named point with SIGKILL. What was promised holds after the restart, as the auditor sees it.
func TestCrashPoints(t *testing.T) {
	all := crashes()
	var met []failpoint.Point
	for i := range all {
		met = append(met, all[i].point)
	}
	for _, p := range failpoint.All {
		if !slices.Contains(met, p) {
			t.Errorf("no test crashes at %s", p)
		}
	}
	program := crashable(t)
	for i := range all {
		c := &all[i]
		t.Run(string(c.point), func(t *testing.T) {
			if c.slow && testing.Short() {
				t.Skip("waits for a retry tier or a lease")
			}
			t.Parallel()
			c.run(t, program)
		})
	}
}

// crashable builds the hub with its failpoints, once.
var crashable = func() func(*testing.T) string {
	build := sync.OnceValues(func() (string, error) {
		program := filepath.Join(filepath.Dir(binary), "permithub-failpoint")
		out, err := exec.Command("go", "build", "-tags", "failpoint", "-o", program, "..").CombinedOutput()
		if err != nil {
			err = fmt.Errorf("build the hub with failpoints: %w\n%s", err, out)
		}
		return program, err
	})
	return func(t *testing.T) string {
		t.Helper()
		program, err := build()
		if err != nil {
			t.Fatal(err)
		}
		return program
	}
}()

func (c *crash) run(t *testing.T, program string) {
	lines := stream(t, 1, crashLoad)
	if c.lines != nil {
		lines = append(lines, c.lines(t)...)
	}
	in := install(t, startServers(t), lines, c.change)
	in.program = program
	in.begin(t, without(c.victim)...)
	in.ready(t, in.hubs[0])
	if c.scene == nil {
		c.scene = underLoad
	}
	c.scene(t, c, in)
	in.settled(t, c.doubts)
	e := in.audit(t)
	if c.also != nil {
		c.also(t, in, e)
	}
	for _, p := range in.hubs {
		p.stop(t, closing)
	}
}

// without returns every other step.
func without(some []string) []string {
	return slices.DeleteFunc(slices.Concat(split...), func(s string) bool { return slices.Contains(some, s) })
}

// arm starts the victim with its point armed. What says more than the point: arms others too.
func (c *crash) arm(t *testing.T, in *installation, more ...string) *process {
	t.Helper()
	armed := append([]string{fmt.Sprintf("%s:%d", c.point, c.pass)}, more...)
	return in.beginProgram(t, in.program, []string{"FAILPOINT=" + strings.Join(armed, ",")}, c.victim...)
}

// dies waits until the process has killed itself.
func (in *installation) dies(t *testing.T, p *process) {
	t.Helper()
	eventually(t, p.name+" reaches the point", func() string {
		if !p.gone() {
			return "it runs on"
		}
		return ""
	})
	var exit *exec.ExitError
	if err := p.ended(); !errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("%s ended with %v, not killed\n%s", p.name, err, p.tail())
	}
	in.left(p)
}

// underLoad lets the victim die at its point while applications come in.
func underLoad(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in)
	in.ready(t, victim)
	l := in.loadLines(t, in.lines)
	in.dies(t, victim)
	in.serve(t, c.victim...)
	l.issued(t)
}

// answeredThenLost has a 202 sent, the intake killed and its cards lost: the same application again gets the same number, another one under its
// source number is told apart by the dossier alone.
func answeredThenLost(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in)
	in.ready(t, victim)
	first := in.lines[0]
	no := in.submit(t, first, http.StatusAccepted)
	in.dies(t, victim)
	in.servers.flush(t)
	in.serve(t, "intake") // the clock is down: no card comes back
	if again := in.submit(t, first, http.StatusAccepted); again != no {
		t.Errorf("the repeat is %s, was %s", again, no)
	}
	in.servers.flush(t)
	in.submit(t, with(t, first, map[string]any{"hukou_address": "另一地址1号"}), http.StatusAccepted) // no card tells of the conflict: the file does
	in.serve(t, "clock")
	in.mu.Lock()
	in.taken = append(in.taken, no)
	in.mu.Unlock()
	issued(t, in.send(t, in.lines[1:], nil))
	eventually(t, "the file records the conflict", func() string {
		if n := in.read.saw(schemas.EvConflict); n != 1 {
			return fmt.Sprintf("%d conflicts", n)
		}
		return ""
	})
}

// submit sends a line's application once and returns the number that the answer names. The connection may break right behind the answer.
func (in *installation) submit(t *testing.T, l demo.Line, want int) string {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, in.fronts["intake"].url()+"/v1/applications", strings.NewReader(string(l.Application)))
	if err != nil {
		t.Fatal(err)
	}
	s := in.doors.Sources[0]
	if err := gateway.Sign(req, s.AccessKey, s.Secret, in.doors.Now()); err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/json")
	res, err := (&http.Transport{DisableKeepAlives: true}).RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var answer struct {
		ApplicationNo string `json:"application_no"`
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || res.StatusCode != want {
		t.Fatalf("answered %d, want %d; %v", res.StatusCode, want, err)
	}
	return answer.ApplicationNo
}

// officersLines are applications that three people decide.
func officersLines(t *testing.T) []demo.Line {
	t.Helper()
	set, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return []demo.Line{titled(t, set, "三级人工审批"), titled(t, set, "补正租赁合同后签发")}
}

// officersRepeat lets an officer's act meet a desk that dies: the officer sends it again under its own number, and it counts once.
func officersRepeat(t *testing.T, c *crash, in *installation) {
	desk := c.arm(t, in)
	in.ready(t, desk)
	l := in.loadLines(t, in.lines)
	in.dies(t, desk)
	in.serve(t, c.victim...)
	l.issued(t)
}

// lateCopies delivers produce requests of before once more, while the owner is about to write: the copies are void, its own write lands behind
// them and is void too, and it dies as it learns of that.
func lateCopies(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in, "P2:4:stop")
	in.ready(t, victim)
	l := in.loadLines(t, in.lines)
	victim.stops(t)
	eventually(t, "what was written is read", func() string { return in.read.behind(t.Context()) })
	copies := 0
	last := map[int32]audit.Record{}
	for _, r := range in.read.copied(schemas.TopicCaseLog) {
		last[r.Partition] = r
	}
	for _, r := range last {
		in.again(t, &r)
		copies++
	}
	victim.goesOn(t)
	in.dies(t, victim)
	in.serve(t, c.victim...)
	l.issued(t)
	in.void(t, copies+1)
}

// again writes a record of a topic once more, to the partition where it stands, as a network does that held a request back.
func (in *installation) again(t *testing.T, r *audit.Record) {
	t.Helper()
	rec := &kgo.Record{Topic: in.prefix + "." + r.Topic, Partition: r.Partition, Key: []byte(r.Key), Value: r.Value}
	for k, v := range r.Headers {
		rec.Headers = append(rec.Headers, kgo.RecordHeader{Key: k, Value: []byte(v)})
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(in.servers.brokers...), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	if err := client.ProduceSync(t.Context(), rec).FirstErr(); err != nil {
		t.Fatal(err)
	}
}

// void checks that the log holds at least so many void records: the scene was what it claims to be.
func (in *installation) void(t *testing.T, atLeast int) {
	t.Helper()
	in.rest(t)
	if r := audit.Check(in.evidence(t)); r.Void < atLeast {
		t.Errorf("%d void records, want %d at least", r.Void, atLeast)
	}
}

// zombie suspends the owner as it is about to write, lets another decide everything, and wakes it: what it writes is void, and it dies when it
// has read what the other wrote.
func zombie(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in, "P2:4:stop")
	in.ready(t, victim)
	l := in.loadLines(t, in.lines)
	victim.stops(t)
	in.begin(t, c.victim...)
	l.issued(t)
	victim.goesOn(t)
	in.dies(t, victim)
	in.void(t, 1)
}

// stops waits until the process has suspended itself.
func (p *process) stops(t *testing.T) {
	t.Helper()
	eventually(t, p.name+" is suspended", func() string {
		if p.gone() {
			t.Fatalf("%s ended: %v\n%s", p.name, p.ended(), p.tail())
		}
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
		if err != nil {
			return err.Error()
		}
		if _, rest, _ := strings.Cut(string(stat), ") "); !strings.HasPrefix(rest, "T") {
			return "it runs"
		}
		return ""
	})
}

func (p *process) goesOn(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// oneUnclear is an application whose look-up fails in a way that nobody knows, until it has waited in the retry tier.
func oneUnclear(t *testing.T) []demo.Line {
	t.Helper()
	l := stream(t, 1000, 1)[0]
	l.Faults = []demo.Fault{{System: "registration", Op: "query", Mode: "refuse", Code: "77", Times: 6}}
	return []demo.Line{l}
}

func waitedTwice(t *testing.T, in *installation, _ *audit.Evidence) {
	t.Helper()
	origins := map[string]int{}
	for _, r := range in.read.copied(schemas.TopicRetry30s) {
		origins[r.Headers["ph-origin-topic"]+r.Headers["ph-origin-partition"]+"/"+r.Headers["ph-origin-offset"]]++
	}
	if len(origins) != 1 {
		t.Errorf("%d records wait, want one", len(origins))
	}
	for at, n := range origins {
		if n != 2 {
			t.Errorf("the record of %s waited %d times, want 2", at, n)
		}
	}
}

// unreadable puts bytes on case-input that nobody can read; the step dies behind its dead letter and writes it again.
func unreadable(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in)
	in.ready(t, victim)
	in.stray(t, "not an input")
	in.dies(t, victim)
	in.serve(t, c.victim...)
	issued(t, in.send(t, in.lines, nil))
	in.rest(t)
	ids := map[string]int{}
	for _, r := range in.read.copied(schemas.TopicDeadLetter) {
		var d schemas.DeadLetter
		if err := json.Unmarshal(r.Value, &d); err != nil {
			t.Fatal(err)
		}
		ids[d.DeadLetterID]++
	}
	for id, n := range ids {
		if n != 2 {
			t.Errorf("dead letter %s was written %d times, want 2", id, n)
		}
	}
	if len(ids) != 1 {
		t.Errorf("dead letters %v, want one", ids)
	}
}

// indexLost empties Redis; the clock dies as it notices, and the next one replays the log.
func indexLost(t *testing.T, c *crash, in *installation) {
	victim := c.arm(t, in)
	in.ready(t, victim)
	l := in.loadLines(t, in.lines)
	l.through(t, 0.5)
	in.servers.flush(t)
	in.dies(t, victim)
	in.serve(t, c.victim...)
	l.issued(t)
}

func snapshotsAlways(config map[string]any) {
	config["snapshots"] = map[string]any{"every": "1ms", "after": 1}
}

// halfASnapshot has the approval die while it writes a snapshot, and the newest whole ones torn as a disk does that lost its cache: the older ones, or
// the log, are read.
func halfASnapshot(t *testing.T, c *crash, in *installation) {
	first := in.serve(t, c.victim...)
	early := in.loadLines(t, in.lines[:len(in.lines)/2])
	early.through(t, 0.5)
	first.stop(t, closing)
	in.left(first)
	victim := c.arm(t, in)
	late := in.loadLines(t, in.lines[len(in.lines)/2:]) // what came early may all be decided, and nothing left to make a snapshot of
	in.dies(t, victim)
	dir := filepath.Join(in.dir, "snapshots")
	if parts, err := filepath.Glob(filepath.Join(dir, "*.part")); err != nil || len(parts) != 1 {
		t.Errorf("half a snapshot: %v %v", parts, err)
	}
	names, err := filepath.Glob(filepath.Join(dir, "*.snapshot"))
	if err != nil || len(names) == 0 {
		t.Fatalf("snapshots: %v %v", names, err)
	}
	slices.Sort(names)
	torn := 0
	for i, name := range names {
		if i+1 < len(names) && filepath.Base(names[i+1])[:5] == filepath.Base(name)[:5] {
			continue // the partition has a newer one
		}
		info, err := os.Stat(name)
		if err == nil {
			err = os.Truncate(name, info.Size()/2)
		}
		if err != nil {
			t.Fatal(err)
		}
		torn++
	}
	again := in.serve(t, c.victim...)
	early.issued(t)
	late.issued(t)
	if got := strings.Count(again.said(), `"reason":"torn"`); got != torn {
		t.Errorf("%d snapshots were torn, %d are told of", torn, got)
	}
	if len(names) > torn && !strings.Contains(again.said(), `"from":"snapshot"`) {
		t.Error("no older snapshot was used")
	}
}

// pushWithin is how soon the push of licence data is due where a test waits for a breach.
const pushWithin = 2 * time.Second

func pushSoon(config map[string]any) {
	config["approval"] = map[string]any{"limits": map[string]any{"push_within": pushWithin.String()}}
}

// unpushed has permits issued whose data the platform does not take: their push will be overdue.
func (in *installation) unpushed(t *testing.T) *load {
	t.Helper()
	in.fault(t, "dataplatform", map[string]any{"mode": "error"})
	l := in.loadLines(t, in.lines)
	eventually(t, "permits are issued", func() string {
		if n := in.read.saw(schemas.EvIssued); n < len(in.lines) {
			return fmt.Sprintf("%d of %d are", n, len(in.lines))
		}
		return ""
	})
	return l
}

// late waits until every push is overdue.
func (in *installation) late(t *testing.T) {
	t.Helper()
	issuedLast := time.Now()
	eventually(t, "the pushes are overdue", func() string {
		if left := pushWithin - time.Since(issuedLast); left > 0 {
			return left.String()
		}
		return ""
	})
}

func (in *installation) breached(t *testing.T) {
	t.Helper()
	eventually(t, "the breaches are recorded", func() string {
		if n := in.read.saw(schemas.EvBreached); n < len(in.lines) {
			return fmt.Sprintf("%d of %d are", n, len(in.lines))
		}
		return ""
	})
}

// downAtTheDeadline has the poller die while it waits for deadlines, and start again when they have passed.
func downAtTheDeadline(t *testing.T, c *crash, in *installation) {
	l := in.unpushed(t)
	victim := c.arm(t, in)
	in.dies(t, victim)
	in.late(t)
	in.serve(t, c.victim...)
	in.breached(t)
	in.clearFaults(t, "dataplatform")
	l.issued(t)
}

// producedTwice has the poller die behind a deadline that it has produced; nothing removes it from Redis before another produces it again.
func producedTwice(t *testing.T, c *crash, in *installation) {
	in.crash(t, in.hubs[0])
	in.serve(t, without([]string{"overdue", "clock"})...)
	clock := in.serve(t, "clock")
	l := in.unpushed(t)
	in.index(t)
	in.crash(t, clock)
	in.late(t)
	victim := c.arm(t, in)
	in.dies(t, victim)
	in.serve(t, c.victim...)
	in.breached(t)
	eventually(t, "a deadline is produced again", func() string {
		seen := map[string]int{}
		for _, r := range in.read.copied(schemas.TopicCaseInput) {
			if seen[r.Headers["ce_id"]]++; seen[r.Headers["ce_id"]] > 1 && strings.Contains(r.Headers["ce_type"], string(schemas.InputDeadlineReached)) {
				return ""
			}
		}
		return "none is"
	})
	in.serve(t, "clock")
	in.clearFaults(t, "dataplatform")
	l.issued(t)
}
