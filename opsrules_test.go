package main

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode"

	"github.com/alecthomas/kong"
	"github.com/goccy/go-yaml"
)

// rule is one recording or alert rule.
type rule struct {
	Alert       string            `yaml:"alert"`
	Record      string            `yaml:"record"`
	Expr        string            `yaml:"expr"`
	For         string            `yaml:"for"`
	Labels      map[string]string `yaml:"labels"`
	Annotations map[string]string `yaml:"annotations"`
}

// ruleFiles are what an operator hands to Prometheus.
const ruleFiles = "deploy/prometheus/rules/*.yml"

func rules(t *testing.T) (all []rule) {
	t.Helper()
	files, err := filepath.Glob(ruleFiles)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		var f struct {
			Groups []struct {
				Rules []rule `yaml:"rules"`
			} `yaml:"groups"`
		}
		if err := yaml.Unmarshal(b, &f); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		for _, g := range f.Groups {
			all = append(all, g.Rules...)
		}
	}
	return all
}

var (
	metricName = regexp.MustCompile(`\bpermithub_[a-z0-9_]+`)
	recordName = regexp.MustCompile(`\b(permithub|slo):[a-z0-9_:]+`)
)

// usesOfMetrics says which alerts and dashboards look at each metric, through recording rules too.
func usesOfMetrics(t *testing.T, all map[string]family) map[string][]string {
	t.Helper()
	type recording struct{ name, slo string } // sloth gives those of every objective the same names
	through := map[recording][]string{}
	base := func(expr string) (names []string) {
		for _, m := range metricName.FindAllString(expr, -1) {
			if _, ok := all[m]; !ok {
				m = strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(m, "_bucket"), "_sum"), "_count")
			}
			if _, ok := all[m]; !ok {
				t.Errorf("no metric is called %s: %.80s", m, expr)
			}
			names = append(names, m)
		}
		for _, r := range recordName.FindAllString(expr, -1) {
			for rec, metrics := range through {
				if rec.name == r && (!strings.Contains(expr, "sloth_id=") || strings.Contains(expr, `sloth_id="`+rec.slo+`"`)) {
					names = append(names, metrics...)
				}
			}
		}
		return names
	}
	uses := map[string][]string{}
	add := func(expr, user string) {
		for _, m := range base(expr) {
			if !slices.Contains(uses[m], user) {
				uses[m] = append(uses[m], user)
			}
		}
	}
	for _, r := range rules(t) { // a rule stands after those that it uses
		if r.Record != "" {
			rec := recording{r.Record, r.Labels["sloth_id"]}
			through[rec] = append(through[rec], base(r.Expr)...)
			continue
		}
		add(r.Expr, r.Alert)
	}
	for _, p := range panels(t) {
		add(p.expr, p.dashboard)
	}
	for _, users := range uses {
		slices.Sort(users)
	}
	return uses
}

// alerts by name; a burn rate has two of one name, by severity.
func alerts(t *testing.T) map[string][]rule {
	t.Helper()
	all := map[string][]rule{}
	for _, r := range rules(t) {
		if r.Alert != "" {
			all[r.Alert] = append(all[r.Alert], r)
		}
	}
	if len(all) == 0 {
		t.Fatal("no alerts in " + ruleFiles)
	}
	return all
}

func TestAlertsAreComplete(t *testing.T) {
	for name, same := range alerts(t) {
		for _, r := range same {
			for _, text := range []string{"summary", "description"} {
				if !strings.ContainsFunc(r.Annotations[text], func(c rune) bool { return unicode.Is(unicode.Han, c) }) {
					t.Errorf("%s: %s is not Chinese: %q", name, text, r.Annotations[text])
				}
			}
			if want := "docs/runbooks/" + name + ".md"; r.Annotations["runbook_url"] != want {
				t.Errorf("%s: runbook %q, want %q", name, r.Annotations["runbook_url"], want)
			}
			if s := r.Labels["severity"]; s != "page" && s != "ticket" {
				t.Errorf("%s: severity %q", name, s)
			}
		}
	}
}

// TestAlertRules runs promtool's own check and the unit tests of the rules: each alert has a case in which it fires and one in which it stays silent.
func TestAlertRules(t *testing.T) {
	promtool := server(t, "promtool")
	files, err := filepath.Glob(ruleFiles)
	if err != nil {
		t.Fatal(err)
	}
	if out, err := exec.CommandContext(t.Context(), promtool, append([]string{"check", "rules"}, files...)...).CombinedOutput(); err != nil {
		t.Errorf("%v\n%s", err, out)
	}
	for name := range alerts(t) {
		t.Run(name, func(t *testing.T) {
			test := filepath.Join("deploy", "prometheus", "tests", name+".yml")
			firesAndStaysSilent(t, name, test)
			if out, err := exec.CommandContext(t.Context(), promtool, "test", "rules", test).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
		})
	}
	tests, err := filepath.Glob("deploy/prometheus/tests/*.yml")
	if err != nil || len(tests) != len(alerts(t)) {
		t.Errorf("%d tests for %d alerts (%v)", len(tests), len(alerts(t)), err)
	}
}

func firesAndStaysSilent(t *testing.T, alert, file string) {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var f struct {
		Tests []struct {
			Rules []struct {
				Alert  string `yaml:"alertname"`
				Expect []any  `yaml:"exp_alerts"`
			} `yaml:"alert_rule_test"`
		} `yaml:"tests"`
	}
	if err := yaml.Unmarshal(b, &f); err != nil {
		t.Fatal(err)
	}
	var fires, silent bool
	for _, test := range f.Tests {
		for _, r := range test.Rules {
			fires = fires || r.Alert == alert && len(r.Expect) > 0
			silent = silent || r.Alert == alert && len(r.Expect) == 0
		}
	}
	if !fires || !silent {
		t.Errorf("%s: a case that fires %v, one that stays silent %v", file, fires, silent)
	}
}

// server finds a program that `make deps` installs. Its absence fails the test: a test that is skipped proves nothing.
func server(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		t.Fatalf("%v: make deps installs it", err)
	}
	return path
}

// TestObjectivesAreWhatTheRulesSay compares the sums in the head of slo.yml: sloth itself takes minutes to compile, so nobody runs it for a check.
func TestObjectivesAreWhatTheRulesSay(t *testing.T) {
	objectives, err := os.ReadFile("deploy/prometheus/slo/permithub.yml")
	if err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile("deploy/prometheus/rules/slo.yml")
	if err != nil {
		t.Fatal(err)
	}
	head, body, _ := bytes.Cut(b, []byte("\n"))
	want := fmt.Sprintf("# Written by `make slo`. Objectives: sha256 %x. Rules below: sha256 %x.", sha256.Sum256(objectives), sha256.Sum256(body))
	if string(head) != want {
		t.Errorf("deploy/prometheus/rules/slo.yml is not what sloth made of the objectives: make slo\n got %s\nwant %s", head, want)
	}
}

var runbookParts = []string{"## 现象", "## 影响", "## 检查", "## 处理", "## 升级"}

var commandLine = regexp.MustCompile(`(?m)^\s*(?:\./)?permithub ([a-z-]+)`)

// TestRunbooks: each alert has one, with its five parts in order, and the commands and metrics in it exist.
func TestRunbooks(t *testing.T) {
	known := commandNames(t)
	all := families(t, runningDemo(t).hub.reg)
	for name := range alerts(t) {
		b, err := os.ReadFile(filepath.Join("docs", "runbooks", name+".md"))
		if err != nil {
			t.Error(err)
			continue
		}
		text, at := string(b), 0
		if !strings.HasPrefix(text, "# "+name+" ") {
			t.Errorf("%s: the heading does not begin with the alert's name", name)
		}
		for _, part := range runbookParts {
			i := strings.Index(text[at:], "\n"+part+"\n")
			if i < 0 {
				t.Errorf("%s: no %s, or not in its place", name, part)
				break
			}
			at += i
		}
		if !strings.Contains(text, "```sh\n") {
			t.Errorf("%s: names no command", name)
		}
		for _, m := range commandLine.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(known, m[1]) {
				t.Errorf("%s: there is no permithub %s", name, m[1])
			}
		}
		for _, m := range metricName.FindAllString(text, -1) {
			m = strings.TrimSuffix(strings.TrimSuffix(m, "_bucket"), "_count")
			if !slices.ContainsFunc(sortedNames(all), func(full string) bool { return strings.HasPrefix(full, m) }) { // a pattern for grep may end early
				t.Errorf("%s: no metric begins with %s", name, m)
			}
		}
	}
	files, err := filepath.Glob("docs/runbooks/*.md")
	if err != nil || len(files) != len(alerts(t)) {
		t.Errorf("%d runbooks for %d alerts (%v)", len(files), len(alerts(t)), err)
	}
}

func commandNames(t *testing.T) (names []string) {
	t.Helper()
	k, err := kong.New(&commands{}, kong.Name("permithub"))
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range k.Model.Children {
		names = append(names, n.Name)
	}
	return names
}
