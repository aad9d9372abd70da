package main

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

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

func startYearEnd(t *testing.T, script ...map[string]string) *yearEnd {
	t.Helper()
	builtIn, err := demo.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	line := map[string]any{"application": builtIn[0].Application, "registration": builtIn[0].Registration, "stages": map[string]string{"acceptance": "auto", "review": "manual", "approval": "manual"}}
	if len(script) > 0 {
		line["script"] = script
	}
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

// The same explanation everywhere: the case, the desk's interface, the card that the intake answers from, and the command that counts anything.
func TestOneExplanationOfALimit(t *testing.T) {
	y := startYearEnd(t,
		map[string]string{"action": "suspend", "officer": "200", "ground": "hearing", "notice_no": "盐公中止〔2026〕1号"},
		map[string]string{"action": "resume", "officer": "200", "notice_no": "盐公恢复〔2026〕1号"})
	type explained map[string]any
	var inCase struct {
		Cases []struct {
			Counts []explained
			Clocks []struct {
				DueAt string `json:"due_at"`
			}
		}
	}
	if err := json.Unmarshal([]byte(y.command(0, "case", y.no, "--json")), &inCase); err != nil || len(inCase.Cases) != 1 || len(inCase.Cases[0].Counts) != 2 {
		t.Fatalf("%+v %v", inCase, err)
	}
	want := inCase.Cases[0].Counts[0]
	if want["clock"] != "T1" || want["provisional"] != true || want["recorded_due_at"] != nil {
		t.Errorf("T1 of the case: %v", want)
	}
	delete(want, "clock")
	pause := want["pauses"].([]any)[0].(map[string]any)
	var asked explained
	out := y.command(0, "deadline", want["accepted_at"].(string), "--json", "--pause", pause["from"].(string)+"/"+pause["to"].(string))
	if err := json.Unmarshal([]byte(out), &asked); err != nil {
		t.Fatal(err)
	}
	asked["pauses"].([]any)[0].(map[string]any)["ground"] = "hearing" // what the command was not told
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Errorf("permithub deadline (-case +deadline):\n%s", diff)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, y.doors.Desk+"/v1/cases/"+y.no, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+y.doors.Tokens["200"])
	res, err := y.doors.HTTP.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	var shown struct {
		DueCount explained `json:"due_count"`
	}
	if err := json.NewDecoder(res.Body).Decode(&shown); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, shown.DueCount); diff != "" {
		t.Errorf("the desk's interface (-case +desk):\n%s", diff)
	}
	card, found, err := y.hub.index.Find(t.Context(), y.no)
	if err != nil || !found {
		t.Fatal(found, err)
	}
	var status explained
	if b, err := json.Marshal(y.hub.count(&card)); err != nil || json.Unmarshal(b, &status) != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, status); diff != "" {
		t.Errorf("the intake's card (-case +status):\n%s", diff)
	}
	if due, err := time.Parse(time.RFC3339Nano, want["due_at"].(string)); err != nil || due.Format(time.RFC3339Nano) != inCase.Cases[0].Clocks[0].DueAt {
		t.Errorf("explained as due %v, the clock says %s", due, inCase.Cases[0].Clocks[0].DueAt)
	}
	if text := y.command(0, "case", y.no); !strings.Contains(text, "T1 承诺时限 逐日计算") || !strings.Contains(text, "暂定") || !strings.Contains(text, "听证") {
		t.Errorf("as text:\n%s", text)
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
