package notices

import (
	"bytes"
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"permithub/deploy/calendars"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const year2027 = `{"year": 2027, "papers": ["示例通知"], "days": [
	{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-01", "isOffDay": true},
	{"name": "劳动节", "date": "2027-05-02", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-01", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-02", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`

// desk is a book over a folder of its own, watched until the test ends.
type desk struct {
	*Book
	t      *testing.T
	dir    string
	log    *bytes.Buffer
	hangup chan os.Signal
	reg    *prometheus.Registry
}

func open(t *testing.T, every time.Duration) *desk {
	t.Helper()
	d := &desk{t: t, dir: t.TempDir(), log: &bytes.Buffer{}, hangup: make(chan os.Signal), reg: prometheus.NewRegistry()}
	var err error
	if d.Book, err = Open(Config{BuiltIn: calendars.FS, Dir: d.dir, Every: every}, slog.New(slog.NewTextHandler(d.log, nil)), d.reg); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *desk) watch() (stop func()) {
	ctx, cancel := context.WithCancel(d.t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		d.Watch(ctx, d.hangup)
	}()
	return func() { cancel(); <-done }
}

func (d *desk) put(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(filepath.Join(d.dir, name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) horizon() string { return d.Current().Horizon().String() }

// until waits for the watch, which polls.
func (d *desk) until(what string, so func() bool) {
	d.t.Helper()
	limit := time.After(10 * time.Second)
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-limit:
			d.t.Fatalf("never %s", what)
		case <-tick.C:
		}
	}
}

func TestAFileThatComesIsLoaded(t *testing.T) {
	d := open(t, 5*time.Millisecond)
	defer d.watch()()
	before := d.Current()
	d.put("2027.json", year2027)
	d.until("loaded", func() bool { return d.horizon() == "2027-12-31" })
	if before.Version() == d.Current().Version() || before.Horizon().String() != "2026-12-31" {
		t.Error("who holds the calendar from before sees another one")
	}
	if err := os.Remove(filepath.Join(d.dir, "2027.json")); err != nil {
		t.Fatal(err)
	}
	d.until("gone", func() bool { return d.Current().Version() == before.Version() })
}

func TestHangupLoadsAtOnce(t *testing.T) {
	d := open(t, time.Hour)
	d.put("2027.json", year2027)
	stop := d.watch()
	d.hangup <- syscall.SIGHUP
	d.until("loaded", func() bool { return d.horizon() == "2027-12-31" })
	d.hangup <- syscall.SIGHUP // nothing new
	stop()
	if err := testutil.GatherAndCompare(d.reg, strings.NewReader(`
# HELP permithub_calendar_loads_total Loads of the holiday notices after the start: changed (another calendar is in force), unchanged, faulty (the calendar before stays).
# TYPE permithub_calendar_loads_total counter
permithub_calendar_loads_total{result="changed"} 1
permithub_calendar_loads_total{result="faulty"} 0
permithub_calendar_loads_total{result="unchanged"} 1
`)); err != nil {
		t.Error(err)
	}
}

func TestAFaultyFileLeavesTheCalendarInForce(t *testing.T) {
	for name, tc := range map[string]struct{ file, fault string }{
		"a day twice":      {strings.Replace(year2027, "2027-05-02", "2027-05-01", 1), "2027.json: day 2027-05-01: already listed in 2027.json"},
		"another year":     {strings.Replace(year2027, `"year": 2027`, `"year": 2028`, 1), "2027.json: day 2027-01-01: not in 2028"},
		"an unknown key":   {strings.Replace(year2027, `"papers"`, `"paper": "x", "papers"`, 1), `2027.json: key "paper": unknown`},
		"a working Monday": {strings.Replace(year2027, `"2027-01-01", "isOffDay": true`, `"2027-01-04", "isOffDay": false`, 1), "2027.json: day 2027-01-04: make-up day is a Monday"},
		"half a file":      {year2027[:100], "2027.json: broken JSON"},
	} {
		t.Run(name, func(t *testing.T) {
			d := open(t, time.Hour)
			before := d.Current()
			d.put("2027.json", tc.file)
			err := d.Reload(t.Context())
			if err == nil || !strings.Contains(err.Error(), tc.fault) {
				t.Errorf("got %v, want %q", err, tc.fault)
			}
			if d.Current() != before {
				t.Error("another calendar is in force")
			}
			if !strings.Contains(d.log.String(), "the one before stays") {
				t.Errorf("log: %s", d.log)
			}
			if d.changed() {
				t.Error("the same fault would be reported again and again")
			}
		})
	}
}

func TestAtTheStartAFaultIsAnError(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "2027.json"), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(Config{BuiltIn: calendars.FS, Dir: dir}, slog.New(slog.DiscardHandler), nil); err == nil {
		t.Error("opened")
	}
}

func TestMetricIsClean(t *testing.T) {
	problems, err := testutil.GatherAndLint(open(t, 0).reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v %v", problems, err)
	}
}
