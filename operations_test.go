package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/demo"
)

// What operations see is tested on a demo that runs, once for the whole package: its metrics, their table, the dashboards and the page.

func TestMain(m *testing.M) {
	code := m.Run()
	if watched.demo != nil {
		if err := watched.demo.close(); err != nil {
			fmt.Fprintln(os.Stderr, "close the demo:", err)
			code = max(code, 1)
		}
	}
	os.Exit(code)
}

var watched struct {
	once sync.Once
	demo *demonstration
	err  error
}

// runningDemo returns the demo after the built-in applications went through it.
func runningDemo(t *testing.T) *demonstration {
	t.Helper()
	watched.once.Do(func() { watched.demo, watched.err = playDemo() })
	if watched.err != nil {
		t.Fatal(watched.err)
	}
	return watched.demo
}

func playDemo() (*demonstration, error) {
	lines, err := demo.BuiltIn()
	if err != nil {
		return nil, err
	}
	p := &process{ctx: context.Background(), stdout: io.Discard, stderr: io.Discard, now: time.Now}
	d, err := startDemo(p, lines, time.Now, false)
	if err != nil {
		return nil, err
	}
	// What becomes of each line is another test's question: on a busy machine a conflict may be found by the approval, not by the intake.
	runnerOf(d).Run(p.ctx, lines)
	return d, nil
}

// runnerOf sends applications to the demo, as its command does.
func runnerOf(d *demonstration) *demo.Runner {
	return &demo.Runner{Doors: d.doors, Watch: d.watch, AtOnce: demoAtOnce, Patience: demoPatience, Done: func(*demo.Result) {}}
}

// families are the metrics of the hub itself as a scrape finds them.
func families(t *testing.T, reg *prometheus.Registry) map[string]family {
	t.Helper()
	got, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]family{}
	for _, f := range got {
		if strings.HasPrefix(f.GetName(), "permithub_") {
			all[f.GetName()] = family{name: f.GetName(), kind: strings.ToLower(f.GetType().String()), help: f.GetHelp(), series: len(f.GetMetric())}
		}
	}
	for _, d := range described(reg) {
		if f, ok := all[d.name]; ok {
			f.labels = d.labels
			all[d.name] = f
		}
	}
	return all
}

type family struct {
	name, kind, help string
	labels           []string
	series           int
}

var desc = regexp.MustCompile(`fqName: "(permithub_[^"]*)".*variableLabels: \{([^}]*)\}`)

// described returns what is registered, whether or not a scrape finds a series of it.
func described(reg *prometheus.Registry) (all []family) {
	ch := make(chan *prometheus.Desc)
	go func() { reg.Describe(ch); close(ch) }()
	for d := range ch {
		if m := desc.FindStringSubmatch(d.String()); m != nil {
			all = append(all, family{name: m[1], labels: strings.FieldsFunc(m[2], func(r rune) bool { return r == ',' })})
		}
	}
	return all
}

// mostSeries bounds what one process may cost a Prometheus: labels are closed sets, so a busy hub has no more than an idle one.
const mostSeries = 1200

func TestMetricsAreConventional(t *testing.T) {
	reg := runningDemo(t).hub.reg
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("promlint: %s: %s", p.Metric, p.Text)
	}
	seen := families(t, reg)
	for _, d := range described(reg) {
		if _, ok := seen[d.name]; !ok {
			t.Errorf("%s has no series: zero must be visible", d.name)
		}
		for _, l := range d.labels {
			if !slices.Contains([]string{
				"against", "class", "clock", "code", "event", "from", "kind", "leg", "op", "operation", "outcome", "partition", "reason", "reason_class", "result", "source", "stage", "state",
				"step", "system", "tier", "topic", "verdict", "version", "way",
			}, l) {
				t.Errorf("%s has the label %s, which is not known to be a closed set", d.name, l)
			}
		}
	}
	series := 0
	for _, f := range seen {
		series += f.series
	}
	if series > mostSeries {
		t.Errorf("%d series, %d are the most", series, mostSeries)
	}
	t.Logf("%d metrics, %d series", len(seen), series)
}

// TestMetricsTable keeps docs/metrics.md equal to what the code registers.
func TestMetricsTable(t *testing.T) {
	golden(t, "docs/metrics.md", metricsTable(t, families(t, runningDemo(t).hub.reg)))
}

// TestBoard: the page of a running hub shows what its docket says, by the county's own names.
func TestBoard(t *testing.T) {
	d := runningDemo(t)
	res, err := http.Get("http://" + d.hub.addrs["metrics"] + "/board?lang=zh")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	s := d.hub.docket.Standing()
	if s.Total.Open == 0 || s.Recent.Count == 0 {
		t.Fatal("a demo without open and without settled cases shows nothing")
	}
	for _, want := range []string{
		fmt.Sprintf("<strong>%d</strong>", s.Total.Open), fmt.Sprintf("近 30 天 %d 件", s.Recent.Count), "武原街道", "省电子居住证平台", "最近答复", fmt.Sprintf("%d / %d", s.Partitions, demoPartitions),
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("the page does not show %q", want)
		}
	}
}

// golden compares a file of the tree with what it should be, or rewrites it.
func golden(t *testing.T, name, want string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	got, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, string(got)); d != "" {
		t.Errorf("%s is out of date: go generate . (-want +got)\n%s", name, d)
	}
}

func metricsTable(t *testing.T, all map[string]family) string {
	t.Helper()
	used := usesOfMetrics(t, all)
	var b strings.Builder
	b.WriteString(`# Metrics

Written by ` + "`go generate .`" + ` from the registry of a running demo. ` + "`/metrics`" + ` of every process also has the usual ` + "`go_*`, `process_*` and `promhttp_*`" + `.
Labels are closed sets and every series stands at zero from the start; no label carries a number of a case or a person.

| Metric | Type | Labels | Unit | Meaning | Used by |
|---|---|---|---|---|---|
`)
	for _, name := range sortedNames(all) {
		f := all[name]
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s | %s |\n", f.name, f.kind, strings.Join(f.labels, ", "), unitOf(f.name), strings.ReplaceAll(f.help, "|", `\|`), strings.Join(used[name], ", "))
	}
	return b.String()
}

func unitOf(name string) string {
	for _, u := range []struct{ suffix, unit string }{
		{"_timestamp_seconds", "s, Unix time"}, {"_seconds", "s"}, {"_workhours", "office hours"}, {"_records", "records"}, {"_total", "count"},
	} {
		if strings.HasSuffix(name, u.suffix) {
			return u.unit
		}
	}
	return "number"
}
