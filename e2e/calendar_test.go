package e2e

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// TestCalendarIsLoadedAgain: a serving hub takes up notices on SIGHUP and when its folder changes, and a faulty file takes nothing from it.
func TestCalendarIsLoadedAgain(t *testing.T) {
	dir := t.TempDir()
	in := install(t, startServers(t), stream(t, 1, 1), func(config map[string]any) { config["calendar"] = map[string]any{"dir": dir} })
	p := in.serve(t)
	url := "http://" + p.door(t, "metrics")["metrics"] + "/metrics"
	counted := func(result string) {
		t.Helper()
		line := `permithub_calendar_loads_total{result="` + result + `"} 1`
		eventually(t, line, func() string {
			if p.gone() {
				t.Fatalf("%s is gone\n%s", p.name, p.tail())
			}
			res, err := http.Get(url)
			if err != nil {
				return err.Error()
			}
			defer func() { _ = res.Body.Close() }()
			body, err := io.ReadAll(res.Body)
			if err != nil {
				return err.Error()
			}
			if !strings.Contains(string(body), line) {
				return "not yet"
			}
			return ""
		})
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	counted("unchanged")
	put := func(text string) { // whole at once: the hub may look at any moment
		t.Helper()
		file := filepath.Join(dir, "2027.json")
		if err := os.WriteFile(file+".new", []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Rename(file+".new", file); err != nil {
			t.Fatal(err)
		}
	}
	put(`{"year": 2027, "papers": [], "days": []}`)
	counted("faulty")
	if said := p.said(); !strings.Contains(said, "2027.json: papers: names no notice") || !strings.Contains(said, "the one before stays") {
		t.Errorf("the fault is not in the log\n%s", p.tail())
	}
	notice := `{"year": 2027, "papers": ["示例通知"], "days": [{"name": "元旦", "date": "2027-01-01", "isOffDay": true},
		{"name": "劳动节", "date": "2027-05-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-02", "isOffDay": true},
		{"name": "国庆节", "date": "2027-10-01", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-02", "isOffDay": true},
		{"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`
	put(notice)
	counted("changed")
}
