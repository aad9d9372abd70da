package main

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"permithub/internal/calendar"
	"permithub/internal/demo"
)

const (
	newYearsEve = "2026-12-30 10:00"
	notice2027  = `{"year": 2027, "papers": ["示例通知〔2026〕1号"], "days": [
	{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, {"name": "元旦", "date": "2027-01-04", "isOffDay": true},
	{"name": "劳动节", "date": "2027-05-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-02", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-01", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-02", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`
)

// yearEnd is a demo on the last days of 2026 with one case under review, whose deadline needs the notice for 2027.
type yearEnd struct {
	*demonstration
	t  *testing.T
	no string
}

func startYearEnd(t *testing.T) *yearEnd {
	t.Helper()
	builtIn, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]any{"application": builtIn[0].Application, "registration": builtIn[0].Registration, "stages": map[string]string{"acceptance": "auto", "review": "manual", "approval": "manual"}}
	b, err := json.Marshal(line)
	if err != nil {
		t.Fatal(err)
	}
	lines, err := demo.Read(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	start, err := calendar.ParseInstant(newYearsEve)
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	p := &process{ctx: t.Context(), stdout: new(bytes.Buffer), stderr: new(bytes.Buffer), now: func() time.Time { return start.Add(time.Since(began)) }}
	d, err := startDemo(p, lines, p.now, true)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.close(); err != nil {
			t.Error(err)
		}
	})
	r := demo.Runner{Doors: d.doors, Watch: d.watch, Patience: demoPatience, Done: func(*demo.Result) {}}
	res := r.Run(t.Context(), lines)[0]
	if res.Outcome != "under_review" {
		t.Fatalf("case rests at %s: %+v", res.Outcome, res.Problems)
	}
	return &yearEnd{d, t, res.ApplicationNo}
}

// command runs a command line against the demo and returns what it printed.
func (y *yearEnd) command(want int, args ...string) string {
	y.t.Helper()
	var out, errs bytes.Buffer
	ctx, cancel := context.WithTimeout(y.t.Context(), time.Minute)
	defer cancel()
	p := &process{ctx: ctx, stdout: &out, stderr: &errs, now: y.hub.now}
	if got := run(append(args, "--config", y.config), p); got != want {
		y.t.Fatalf("permithub %s: exit %d, want %d\n%s%s", strings.Join(args, " "), got, want, &out, &errs)
	}
	return out.String() + errs.String()
}

// shown is what permithub case --json says of the case.
type shown struct {
	Cases []struct {
		Calendar string
		Clocks   []struct {
			ID          string
			DueAt       string `json:"due_at"`
			Provisional bool
		}
		Events []struct {
			Type   string
			Who    string
			Ground []string
		}
	}
}

func (y *yearEnd) show() (s shown) {
	y.t.Helper()
	if err := json.Unmarshal([]byte(y.command(0, "case", y.no, "--json")), &s); err != nil || len(s.Cases) != 1 {
		y.t.Fatalf("%d cases, %v", len(s.Cases), err)
	}
	return s
}

func (y *yearEnd) recounts() []string {
	var out []string
	for _, e := range y.show().Cases[0].Events {
		if e.Type == "deadline_recounted" {
			out = append(out, e.Who+" "+strings.Join(e.Ground, " "))
		}
	}
	return out
}

func (y *yearEnd) notice() string {
	y.t.Helper()
	file := filepath.Join(y.t.TempDir(), "来文.json")
	if err := os.WriteFile(file, []byte(notice2027), 0o600); err != nil {
		y.t.Fatal(err)
	}
	return file
}

func TestCalendarCheckAndApply(t *testing.T) {
	y := startYearEnd(t)
	if k := y.show().Cases[0].Clocks[0]; !k.Provisional || k.DueAt != "2027-01-05T00:00:00+08:00" {
		t.Fatalf("before: %+v", k)
	}
	file := y.notice()
	out := y.command(0, "calendar", "check", file)
	for _, want := range []string{"已知至 2027-12-31", "在办 1 件，期限变动 1 件", y.no + "  T1  2027-01-04 24:00 → 2027-01-05 24:00  延后（确定）", y.no + "  T4  "} {
		if !strings.Contains(out, want) {
			t.Errorf("check prints\n%swant %q", out, want)
		}
	}
	if got := y.recounts(); len(got) > 0 {
		t.Errorf("a check has changed the case: %v", got)
	}
	y.command(0, "calendar", "apply", file, "--by", "900")
	after := y.show().Cases[0]
	if k := after.Clocks[0]; k.Provisional || k.DueAt != "2027-01-06T00:00:00+08:00" {
		t.Errorf("after: %+v", k)
	}
	y.until("the hub loads what was installed", func() bool { return y.hub.notices.Current().Version() == after.Calendar })
	once := y.recounts()
	if len(once) != 2 || !strings.Contains(once[0], "示例通知〔2026〕1号") || !strings.Contains(once[0], "2027-01-04 24:00:00") {
		t.Errorf("recorded: %q", once)
	}
	if out := y.command(0, "calendar", "apply", file, "--by", "900"); !strings.Contains(out, "期限变动 0 件") {
		t.Errorf("applied twice:\n%s", out)
	}
	if twice := y.recounts(); !slices.Equal(once, twice) {
		t.Errorf("applied twice: %q", twice)
	}
	if out := y.command(1, "calendar", "check", y.broken()); !strings.Contains(out, "2027.json: day 2027-01-01: already listed") {
		t.Errorf("a faulty file: %s", out)
	}
}

// until waits for the hub, which looks at its folder every two seconds.
func (y *yearEnd) until(what string, so func() bool) {
	y.t.Helper()
	limit := time.After(20 * time.Second)
	for !so() {
		select {
		case <-limit:
			y.t.Fatalf("never: %s", what)
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (y *yearEnd) broken() string {
	y.t.Helper()
	file := filepath.Join(y.t.TempDir(), "x.json")
	if err := os.WriteFile(file, []byte(strings.Replace(notice2027, "2027-01-04", "2027-01-01", 1)), 0o600); err != nil {
		y.t.Fatal(err)
	}
	return file
}

func TestANoticeThatIsLoadedSettlesTheDeadline(t *testing.T) {
	y := startYearEnd(t)
	if err := install(y.notice(), filepath.Join(y.hub.cfg.Calendar.Dir, "2027.json")); err != nil {
		t.Fatal(err)
	}
	y.until("settled", func() bool { return !y.show().Cases[0].Clocks[0].Provisional })
	got := y.recounts()
	if len(got) != 2 || !strings.HasPrefix(got[0], "hub ") {
		t.Errorf("recorded: %q", got)
	}
}
