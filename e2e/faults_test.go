package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"permithub/internal/demo"
	"permithub/schemas"
)

// load is applications of new people on their way through the doors while a scenario breaks things.
type load struct {
	in    *installation
	total int
	done  atomic.Int64
	ended chan struct{}
	all   []*demo.Result
}

// loadSize is how many applications a scenario sends: enough that something is under way at every moment of it.
const loadSize = 40

// begin sends n applications in the background, from number first on.
func (in *installation) load(t *testing.T, first, n int) *load {
	t.Helper()
	return in.loadLines(t, stream(t, first, n))
}

// loadLines sends these in the background.
func (in *installation) loadLines(t *testing.T, lines []demo.Line) *load {
	t.Helper()
	l := &load{in: in, total: len(lines), ended: make(chan struct{})}
	go func() {
		defer close(l.ended)
		l.all = in.send(t, lines, func(*demo.Result) { l.done.Add(1) })
	}()
	t.Cleanup(func() { <-l.ended })
	return l
}

// through waits until a share of the load has come to rest.
func (l *load) through(t *testing.T, share float64) {
	t.Helper()
	want := int64(share * float64(l.total))
	eventually(t, fmt.Sprintf("%d of %d applications are through", want, l.total), func() string {
		if n := l.done.Load(); n < want {
			return fmt.Sprintf("%d are; %s", n, l.in.read.unsettled())
		}
		return ""
	})
}

// issued waits for the end of the load: every application must have been issued a permit.
func (l *load) issued(t *testing.T) {
	t.Helper()
	l.through(t, 1)
	<-l.ended
	issued(t, l.all)
}

// scenario breaks something under a load that has begun; what it breaks it mends.
type scenario struct {
	name string
	// steps of the processes; nil is one process with all.
	steps [][]string
	// doubts says that a notice may be left of which nobody knows whether it was sent.
	doubts bool
	do     func(t *testing.T, in *installation, l *load)
}

func scenarios() []scenario {
	return []scenario{
		{"hub killed", nil, true, hubKilled},
		{"one of two hubs killed", [][]string{nil, nil}, true, oneOfTwoKilled},
		{"deciders killed", split, true, decidersKilled},
		{"hub frozen", [][]string{nil, nil}, true, hubFrozen},
		{"redis flushed", nil, false, redisFlushed},
		{"redis restarted", nil, true, redisRestarted},
		{"foreign systems down", nil, false, foreignDown},
		{"answers lost", nil, false, answersLost},
	}
}

// TestFaults breaks one thing after the other under load. No application is lost, no effect is doubled, and Redis equals the log afterwards.
func TestFaults(t *testing.T) {
	for _, s := range scenarios() {
		t.Run(s.name, func(t *testing.T) { s.run(t, startServers(t)) })
	}
}

func (s *scenario) run(t *testing.T, on *servers) {
	in := install(t, on, stream(t, 1, 1), nil)
	steps := s.steps
	if steps == nil {
		steps = [][]string{nil}
	}
	for _, names := range steps {
		in.begin(t, names...)
	}
	for _, p := range in.hubs {
		in.ready(t, p)
	}
	l := in.load(t, 1, loadSize)
	l.through(t, 0.15)
	s.do(t, in, l)
	l.issued(t)
	in.settled(t, s.doubts)
	in.audit(t)
	for _, p := range in.hubs {
		p.stop(t, closing)
	}
}

// settled checks the notices of unknown end. One that did go out is settled by its receipt, which the gateway pushes until it is taken; one that
// did not is left to a person.
func (in *installation) settled(t *testing.T, doubts bool) {
	t.Helper()
	eventually(t, "receipts settle what was sent", func() string {
		unknown := in.read.unknown()
		if len(unknown) == 0 {
			return ""
		}
		if !doubts {
			return fmt.Sprintf("unknown: %v", unknown)
		}
		for _, e := range in.ledger(t, "sms") {
			text, _ := e.Detail["content"].(string)
			for _, id := range unknown {
				if e.Outcome == "done" && strings.Contains(text, schemas.ApplicationOf(id)) {
					return id + " was sent and is still unknown"
				}
			}
		}
		return ""
	})
}

// hubKilled kills the only process three times.
func hubKilled(t *testing.T, in *installation, l *load) {
	for i := range 3 {
		in.crash(t, in.hubs[0])
		in.serve(t)
		l.through(t, 0.2+0.2*float64(i))
	}
}

// oneOfTwoKilled kills one of two processes; the other goes on, and later a new one joins it and takes over alone.
func oneOfTwoKilled(t *testing.T, in *installation, l *load) {
	in.crash(t, in.hubs[0])
	l.through(t, 0.4)
	in.serve(t)
	in.crash(t, in.hubs[0])
	l.through(t, 0.7)
}

// decidersKilled kills, one after the other, the process that decides and the one that calls foreign systems.
func decidersKilled(t *testing.T, in *installation, l *load) {
	in.crash(t, in.hubs[0])
	in.serve(t, split[0]...)
	l.through(t, 0.4)
	in.crash(t, in.hubs[0]) // the callers moved to the front of the list
	in.serve(t, split[1]...)
	l.through(t, 0.7)
}

// hubFrozen stops one of two processes in the middle of its work, as a hypervisor may, until the other has taken its partitions over, and then
// lets it go on: what it still writes in the belief that it owns them is void.
func hubFrozen(t *testing.T, in *installation, l *load) {
	frozen := in.hubs[0]
	if err := frozen.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	in.hubs = in.hubs[1:]
	in.connect()
	l.through(t, 0.5)
	if err := frozen.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	in.hubs = append(in.hubs, frozen)
	in.connect()
	l.through(t, 0.8)
}

func redisFlushed(t *testing.T, in *installation, l *load) {
	in.servers.flush(t)
	l.issued(t)
	in.rest(t)
	in.index(t)
	in.servers.flush(t) // no traffic follows that could tell of it
	in.index(t)
}

func redisRestarted(t *testing.T, in *installation, _ *load) {
	if in.servers.killRedis == nil {
		t.Skip("the embedded Redis lives in the test's own process")
	}
	in.servers.killRedis(t)
	// No decision reads Redis: permits are issued and notices sent without it.
	want := in.read.saw(schemas.EvIssued) + atOnce/2 // more than were at this step already
	eventually(t, "permits are issued without redis", func() string {
		if n := in.read.saw(schemas.EvIssued); n < want {
			return fmt.Sprintf("%d of %d are", n, want)
		}
		return ""
	})
	in.servers.startRedis(t)
}

// foreignDown stops every foreign system and starts them again with their books.
func foreignDown(t *testing.T, in *installation, l *load) {
	in.sim.stop(t, closing)
	down := time.Now()
	metrics := in.hubs[0].door(t, "metrics")["metrics"]
	// Which one is asked first depends on where the applications under way stand; new ones wait for those.
	eventually(t, "the hub holds back from a system that is down", func() string {
		text := body(t, "http://"+metrics+"/metrics")
		if !slices.ContainsFunc(systems, func(s string) bool { return strings.Contains(text, `permithub_breaker_open{system="`+s+`"} 1`) }) {
			return "no breaker is open"
		}
		return ""
	})
	if s := status(t, "http://"+metrics+"/readyz", http.StatusOK); s != "" {
		t.Errorf("a foreign outage takes the hub off the balancer: %s", s)
	}
	within(t, time.Minute, "the outage is over", func() string {
		if left := outage - time.Since(down); left > 0 {
			return left.String()
		}
		return ""
	})
	in.simulate(t)
}

// answersLost lets every system carry out a share of the calls and hang up.
func answersLost(t *testing.T, in *installation, l *load) {
	for _, system := range systems {
		in.fault(t, system, map[string]any{"mode": "timeout", "delay_ms": 100, "share": 0.35})
	}
	l.through(t, 0.9)
	for _, system := range systems {
		in.clearFaults(t, system)
	}
}

// fault switches a fault on at a simulator.
func (in *installation) fault(t *testing.T, system string, f map[string]any) {
	t.Helper()
	b, err := json.Marshal(f)
	if err != nil {
		t.Fatal(err)
	}
	in.control(t, http.MethodPost, system, "faults", b)
}

func (in *installation) clearFaults(t *testing.T, system string) {
	t.Helper()
	in.control(t, http.MethodDelete, system, "faults", nil)
}

func (in *installation) control(t *testing.T, method, system, route string, b []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, in.sims[system]+"/_sim/"+route, bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode/100 != 2 {
		said, _ := io.ReadAll(res.Body)
		t.Fatalf("%s %s: %d %s", system, route, res.StatusCode, said)
	}
}

// body returns what a URL answers, "" where it does not.
func body(t *testing.T, url string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	b, _ := io.ReadAll(res.Body)
	return string(b)
}
