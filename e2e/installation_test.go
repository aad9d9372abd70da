package e2e

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"permithub/internal/demo"
	"permithub/schemas"
)

const (
	partitions = 4
	atOnce     = 12
	closing    = 15 * time.Second // what a process may take to end when it is asked
)

// systems are the foreign systems that simulate plays.
var systems = []string{"epermit", "registration", "sms", "dataplatform"}

// installation is one hub as an operator sets it up: configuration, topics, processes.
type installation struct {
	servers *servers
	dir     string
	config  string
	prefix  string
	lines   []demo.Line
	fronts  map[string]*front // by door: intake, desk, receipts
	sims    map[string]string // base URLs of the simulators
	sim     *process
	all     []*process // every one that was ever started
	hubs    []*process // those that should be running
	read    *follower
	doors   *demo.Doors
	program string // the hub with its failpoints, where a scene needs it

	mu    sync.Mutex
	taken []string // application numbers answered 202
}

// install writes a configuration for the sources and officers of lines, creates the topics and starts the simulators; no hub runs yet.
func install(t *testing.T, s *servers, lines []demo.Line, change func(config map[string]any)) *installation {
	t.Helper()
	in := &installation{servers: s, dir: folder(t), lines: lines, fronts: map[string]*front{}, sims: map[string]string{}}
	in.prefix = "e2e-" + filepath.Base(in.dir)
	in.config = filepath.Join(in.dir, "permithub.yaml")
	for _, door := range []string{"intake", "desk", "receipts"} {
		in.fronts[door] = newFront(t)
	}
	in.write(t, change)
	in.run(t, "topics", "--create")
	in.read = follow(t, s.brokers, in.prefix)
	in.simulate(t)
	in.doors = &demo.Doors{
		Intake: in.fronts["intake"].url(), Desk: in.fronts["desk"].url(), Sources: demo.Sources(lines, secretOf), Tokens: map[string]string{}, Simulators: in.sims,
		HTTP: &http.Client{Transport: &persistent{http.Transport{MaxIdleConnsPerHost: atOnce}}, Timeout: patience}, Now: time.Now,
	}
	for _, o := range demo.Officers(lines) {
		in.doors.Tokens[o] = secretOf("officer-" + o)
	}
	t.Cleanup(func() { in.doors.HTTP.CloseIdleConnections() })
	t.Cleanup(func() { in.keep(t) })
	return in
}

// folder is a short-named one, kept where -keep says so.
func folder(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ph") //nolint:usetesting // with -keep it outlives the test
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if *keep {
			t.Logf("kept: %s", dir)
		} else if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

func secretOf(name string) string { return "e2e-secret-" + name + "-0123456789abcdef" }

// write writes the configuration as JSON, which is YAML, and the secrets into files of their own.
func (in *installation) write(t *testing.T, change func(map[string]any)) {
	t.Helper()
	secret := func(name string) map[string]any {
		path := filepath.Join(in.dir, "secret-"+name)
		if err := os.WriteFile(path, []byte(secretOf(name)+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		return map[string]any{"file": path}
	}
	var sources, officers []any
	for _, s := range demo.Sources(in.lines, secretOf) {
		sources = append(sources, map[string]any{"name": s.Name, "access_key": s.AccessKey, "secret": secret(s.Name), "channel": string(s.Channel),
			"stages": map[string]any{"acceptance": string(s.Stages.Acceptance), "review": string(s.Stages.Review), "approval": string(s.Stages.Approval)}})
	}
	for _, o := range demo.Officers(in.lines) {
		officers = append(officers, map[string]any{"id": o, "name": "officer " + o, "token": secret("officer-" + o), "roles": []string{"acceptance", "review", "approval", "supervisor"}})
	}
	if officers == nil {
		officers = []any{map[string]any{"id": "e2e", "name": "nobody", "token": secret("officer-e2e"), "roles": []string{"supervisor"}}}
	}
	foreign, listen := map[string]any{}, map[string]any{}
	for _, name := range systems {
		addr := fixedPort(t)
		in.sims[name], listen[name] = "http://"+addr, addr
		foreign[name] = map[string]any{"base_url": "http://" + addr, "timeout": "2s"}
	}
	foreign["sms"].(map[string]any)["receipt_listen"] = "127.0.0.1:0"
	foreign["archive"] = map[string]any{"dir": filepath.Join(in.dir, "archive")}
	listen["receipt_url"], listen["ledger_dir"] = in.fronts["receipts"].url(), in.dir
	config := map[string]any{
		"profile": "local", "shutdown_timeout": "10s",
		"kafka":   map[string]any{"brokers": in.servers.brokers, "prefix": in.prefix, "partitions": partitions, "replication": in.servers.replication, "session_timeout": in.servers.session},
		"redis":   map[string]any{"addresses": []string{in.servers.redis}, "prefix": in.prefix, "timeout": "1s"},
		"intake":  map[string]any{"listen": "127.0.0.1:0", "sources": sources},
		"desk":    map[string]any{"listen": "127.0.0.1:0", "officers": officers},
		"metrics": map[string]any{"listen": "127.0.0.1:0"},
		// Far more often than an installation would: whatever restarts here begins from a snapshot.
		"snapshots": map[string]any{"every": "1s", "after": 1},
		"systems":   foreign, "simulate": listen,
		"log": map[string]any{"level": "debug", "format": "json"},
	}
	if change != nil {
		change(config)
	}
	text, err := json.MarshalIndent(config, "", "  ")
	if err == nil {
		err = os.WriteFile(in.config, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// run runs a command of the binary on the installation and returns what it printed.
func (in *installation) run(t *testing.T, command string, args ...string) string {
	t.Helper()
	p := launch(t, command, nil, slices.Concat(strings.Fields(command), []string{"--config", in.config}, args)...)
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("permithub %s does not end\n%s", command, p.said())
	}
	if err := p.ended(); err != nil {
		t.Fatalf("permithub %s: %v\n%s", command, err, p.said())
	}
	return p.stdout()
}

// simulate starts the foreign systems; what they did before is in their ledgers.
func (in *installation) simulate(t *testing.T) {
	t.Helper()
	in.sim = launch(t, "simulate", nil, "simulate", "--config", in.config)
	in.all = append(in.all, in.sim)
	in.sim.door(t, systems...)
}

// serve starts a hub process with these steps, all where none is named, puts its doors behind the fronts and waits until it is ready.
func (in *installation) serve(t *testing.T, steps ...string) *process {
	t.Helper()
	p := in.begin(t, steps...)
	in.ready(t, p)
	return p
}

func (in *installation) begin(t *testing.T, steps ...string) *process {
	t.Helper()
	return in.beginProgram(t, binary, nil, steps...)
}

func (in *installation) beginProgram(t *testing.T, program string, environ []string, steps ...string) *process {
	t.Helper()
	args := []string{"serve", "--config", in.config}
	if len(steps) > 0 {
		args = append(args, "--steps", strings.Join(steps, ","))
	}
	p := launchProgram(t, program, fmt.Sprintf("hub %d", len(in.all)), environ, args...)
	in.hubs, in.all = append(in.hubs, p), append(in.all, p)
	return p
}

func (in *installation) ready(t *testing.T, p *process) {
	t.Helper()
	metrics := p.door(t, "metrics")["metrics"]
	eventually(t, p.name+" is ready", func() string { return status(t, "http://"+metrics+"/readyz", http.StatusOK) })
	in.connect()
}

// connect puts the doors of the running hubs behind the fronts.
func (in *installation) connect() {
	for door, f := range in.fronts {
		var targets []string
		for _, p := range in.hubs {
			p.mu.Lock()
			if a := p.doors[door]; a != "" && !p.gone() {
				targets = append(targets, a)
			}
			p.mu.Unlock()
		}
		f.to(targets...)
	}
}

// crash kills a hub process; the fronts notice as a balancer does.
func (in *installation) crash(t *testing.T, p *process) {
	t.Helper()
	p.kill(t)
	in.left(p)
}

// left takes a process that has ended off the balancers.
func (in *installation) left(p *process) {
	in.hubs = slices.DeleteFunc(in.hubs, func(o *process) bool { return o == p })
	in.connect()
}

// status returns "" where the URL answers with the status.
func status(t *testing.T, url string, want int) string {
	t.Helper()
	res, err := (&http.Client{Timeout: 5 * time.Second}).Get(url)
	if err != nil {
		return err.Error()
	}
	defer res.Body.Close()
	if res.StatusCode != want {
		return fmt.Sprintf("%s answers %d", url, res.StatusCode)
	}
	return ""
}

// persistent sends again what a caller of a hub under fire sends again: what got no answer, or one that says that nothing was taken.
type persistent struct{ http.Transport }

func (p *persistent) RoundTrip(req *http.Request) (*http.Response, error) {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		again := req.Clone(req.Context())
		if req.GetBody != nil {
			body, err := req.GetBody()
			if err != nil {
				return nil, err
			}
			again.Body = body
		}
		res, err := p.Transport.RoundTrip(again)
		if err == nil && res.StatusCode < 500 {
			return res, nil
		}
		if err == nil {
			_ = res.Body.Close()
			err = fmt.Errorf("answered %d", res.StatusCode)
		}
		select {
		case <-tick.C:
		case <-req.Context().Done():
			return nil, err
		}
	}
}

// send runs lines through the doors and remembers what was answered 202; done is called after each.
func (in *installation) send(t *testing.T, lines []demo.Line, done func(*demo.Result)) []*demo.Result {
	t.Helper()
	return in.sendFor(t, patience, lines, done)
}

// sendFor waits so long, and no longer, for each case to rest.
func (in *installation) sendFor(t *testing.T, wait time.Duration, lines []demo.Line, done func(*demo.Result)) []*demo.Result {
	t.Helper()
	r := demo.Runner{Doors: in.doors, Watch: in.read.watch, AtOnce: atOnce, Patience: wait, Done: func(x *demo.Result) {
		if x.HTTPStatus == http.StatusAccepted {
			in.mu.Lock()
			in.taken = append(in.taken, x.ApplicationNo)
			in.mu.Unlock()
		}
		if done != nil {
			done(x)
		}
	}}
	return r.Run(t.Context(), lines)
}

// keep writes the logs beside the configuration where the folder stays.
func (in *installation) keep(t *testing.T) {
	if !*keep {
		return
	}
	for _, p := range in.all {
		if err := p.save(in.dir); err != nil {
			t.Error(err)
		}
	}
}

// stream returns n lines of new people, from number first on, who must all be issued a permit.
func stream(t *testing.T, first, n int) []demo.Line {
	t.Helper()
	set, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	var lines []demo.Line
	for i := first; len(lines) < n; i++ {
		l, err := demo.Stream(set, i)
		if err != nil {
			t.Fatal(err)
		}
		if len(l.Registration) > 0 { // else the line repeats another's person, whom an earlier line has made known
			lines = append(lines, l)
		}
	}
	return lines
}

// issued fails the test for each result that is no permit.
func issued(t *testing.T, results []*demo.Result) {
	t.Helper()
	for _, r := range results {
		if r.Outcome != string(schemas.StageIssued) {
			b, _ := r.MarshalLine()
			t.Errorf("line %d came to %s:\n%s", r.Line, r.Outcome, b)
		}
	}
}
