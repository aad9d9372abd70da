package board

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"time"

	"permithub/deploy/divisions"
	"permithub/internal/docket"
	"permithub/internal/ops"
	"permithub/schemas"
)

var at = time.Date(2026, 11, 18, 15, 4, 5, 0, schemas.Shanghai)

var towns = divisions.Townships()

// busy is a bad afternoon: every mood that the page knows.
func busy() docket.Standing {
	tally := func(open, due, warned, breached int) docket.Tally {
		return docket.Tally{Open: open, DueToday: due, Warned: warned, Breached: breached}
	}
	stages := func(n ...docket.Tally) map[schemas.Stage]docket.Tally {
		m := map[schemas.Stage]docket.Tally{}
		for i, s := range []schemas.Stage{schemas.StageReview, schemas.StageApproval, schemas.StageIssuing, schemas.StageHeld} {
			if i < len(n) {
				m[s] = n[i]
			}
		}
		return m
	}
	return docket.Standing{
		At: at, Partitions: 7, Total: tally(1284, 96, 31, 4), Oldest: at.Add(-52 * time.Hour),
		Stages: stages(tally(811, 70, 20, 3), tally(402, 20, 8, 0), tally(64, 6, 3, 0), tally(7, 0, 0, 1)),
		Deadlines: map[string]map[docket.State]int{
			"T1": {docket.OK: 1240, docket.Warned: 31, docket.Breached: 4, docket.Paused: 9}, "T4": {docket.Provisional: 12, docket.OK: 1272}, "T2": {docket.Warned: 1},
		},
		Towns: []docket.Town{
			{Division: "330424001", Tally: tally(702, 60, 20, 3), Stages: stages(tally(450, 50, 15, 3), tally(230, 10, 5, 0), tally(22, 0, 0, 0))},
			{Division: "330424005", Tally: tally(388, 30, 8, 0), Stages: stages(tally(301, 25, 6, 0), tally(80, 5, 2, 0), tally(0, 0, 0, 0), tally(7, 0, 0, 0))},
			{Division: "330424106", Tally: tally(190, 6, 3, 1), Stages: stages(tally(60, 0, 0, 0), tally(92, 5, 0, 0), tally(38, 1, 3, 1))},
			{Division: "330411001", Tally: tally(4, 0, 0, 0), Stages: stages(tally(4, 0, 0, 0))},
		},
		Superseded: 3, SupersededSince: at.Add(-20 * time.Minute), Horizon: time.Date(2027, 1, 1, 0, 0, 0, 0, schemas.Shanghai),
		Finished: docket.Finished{Count: 214, Late: 2, Hours: []int{120, 50, 20, 12, 8, 2, 1, 1}, Spans: []int{80, 20, 10, 20, 24, 40, 10, 8, 2}},
		Recent:   docket.Finished{Count: 6120, Late: 11, Hours: []int{3100, 1600, 700, 400, 220, 60, 29, 11}, Spans: []int{2100, 500, 400, 500, 620, 1200, 500, 280, 20}},
	}
}

func systemsOf(now time.Time) []ops.Health {
	return []ops.Health{
		{System: "registration", State: "closed", Answered: now.Add(-3 * time.Second)},
		{System: "epermit", State: "half-open", Since: now.Add(-time.Second), Answered: now.Add(-2 * time.Minute), Failed: now.Add(-12 * time.Second), Code: "timeout"},
		{System: "dataplatform", State: "open", Since: now.Add(-4 * time.Minute), Answered: now.Add(-5 * time.Minute), Failed: now.Add(-9 * time.Second), Code: "http_503"},
		{System: "sms", State: "closed", Answered: now.Add(-time.Second), Failed: now.Add(-time.Hour), Code: "timeout"},
		{System: "<archive>", State: "closed"},
	}
}

func sample() http.Handler {
	return Handler(Config{Standing: busy, Partitions: 12, Towns: towns, Systems: func() []ops.Health { return systemsOf(time.Now()) }})
}

func get(t *testing.T, h http.Handler, path, accept string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil)
	r.Header.Set("Accept-Language", accept)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPage(t *testing.T) {
	for _, row := range []struct {
		path string
		want []string
	}{
		{"/board?lang=zh", []string{
			`<html lang="zh-CN">`, "2026-11-18 15:04:05", "7 / 12", "<strong>1284</strong>", "<strong>96</strong>", "<strong>31</strong>", "<strong>4</strong>",
			"<strong>2 天 4 小时</strong>", "其中超期 2", "(4)</title>", "武原街道", "其他", "大数据平台", "熔断", "http_503", "试探恢复", "尚无调用", "T1 承诺时限",
			"3 · 20 分 0 秒", "2026-12-31 · 还有 43 天", "近 30 天 6120 件", `class="system bad"`, "&lt;archive&gt;",
		}},
		{"/board?lang=en", []string{
			`<html lang="en">`, "<strong>2 d 4 h</strong>", "of them late 2", "elsewhere", "held back", "T1 Promise", "Approval", "Wuyuan",
		}},
	} {
		w := get(t, sample(), row.path, "")
		for _, want := range row.want {
			if !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s does not show %q", row.path, want)
			}
		}
		if w.Header().Get("Content-Security-Policy") != policy || w.Header().Get("Cache-Control") != "no-store" {
			t.Errorf("%s: %v", row.path, w.Header())
		}
	}
}

// A county without a case, and a process that has just begun.
func TestEmptyPage(t *testing.T) {
	h := Handler(Config{Standing: func() docket.Standing {
		return docket.Standing{At: at, Horizon: at.AddDate(1, 0, 0), Finished: docket.Finished{Hours: make([]int, 8), Spans: make([]int, 9)}, Recent: docket.Finished{Hours: make([]int, 8), Spans: make([]int, 9)}}
	}, Towns: towns, Systems: func() []ops.Health { return nil }})
	body := get(t, h, "/board", "").Body.String()
	for _, wrong := range []string{"NaN", "Inf", "%!", "class=\"tile bad\"", "class=\"tile warn\""} {
		if strings.Contains(body, wrong) {
			t.Errorf("shows %s", wrong)
		}
	}
	if !strings.Contains(body, "<strong>无</strong>") {
		t.Error("nobody waits, and the page does not say so")
	}
}

func TestLanguage(t *testing.T) {
	for _, row := range []struct{ path, accept, want string }{
		{"/board", "", "zh-CN"},
		{"/board", "en-GB,en;q=0.8", "en"},
		{"/board", "zh-TW,zh;q=0.9,en;q=0.8", "zh-CN"},
		{"/board", "fr", "en"},
		{"/board", ";;;", "zh-CN"},
		{"/board?lang=en", "zh-CN", "en"},
		{"/board?lang=zh-CN", "en", "zh-CN"},
		{"/board?lang=%22%3E%3Cscript%3E", "en", "zh-CN"},
	} {
		if body := get(t, sample(), row.path, row.accept).Body.String(); !strings.Contains(body, `<html lang="`+row.want+`">`) {
			t.Errorf("%s, %q: not in %s", row.path, row.accept, row.want)
		}
	}
}

var inline = regexp.MustCompile(`(?i)\sstyle=|<style|\son[a-z]+=|<script(\s[^>]*)?>[^<]|javascript:`)

// What the policy would refuse is not there, and every file that the page names is.
func TestNothingInlineAndEveryFileServed(t *testing.T) {
	body := get(t, sample(), "/board", "").Body.String()
	if found := inline.FindAllString(body, -1); found != nil {
		t.Errorf("inline: %q", found)
	}
	files := regexp.MustCompile(`(?:src|href)="(/[^"]*)"`).FindAllStringSubmatch(body, -1)
	if len(files) != 3 {
		t.Errorf("%d files named: %v", len(files), files)
	}
	for _, f := range files {
		if w := get(t, sample(), f[1], ""); w.Code != http.StatusOK || w.Body.Len() == 0 {
			t.Errorf("%s: %d", f[1], w.Code)
		}
	}
	if w := get(t, sample(), "/board/..%2fboard.go", ""); w.Code == http.StatusOK {
		t.Error("served a file from outside")
	}
}

func TestTextsAreWhole(t *testing.T) {
	for key, said := range texts {
		for _, s := range said {
			if s == "" {
				t.Errorf("%s lacks a language: %q", key, said)
			}
		}
	}
	for _, s := range docket.Stages {
		if s.Name() == "" || stagesInEnglish[s] == "" {
			t.Errorf("stage %s has no name", s)
		}
	}
	for _, c := range docket.Clocks {
		if reflect.ValueOf(clockNames[c]).IsZero() {
			t.Errorf("clock %s has no name", c)
		}
	}
	if len(hourLabels) != len(docket.HourBounds)+1 || len(spanLabels) != len(docket.SpanBounds)+1 {
		t.Error("labels and bounds differ in number")
	}
	for _, m := range regexp.MustCompile(`\.T "([^"]+)"`).FindAllStringSubmatch(pageHTML, -1) {
		if _, ok := texts[m[1]]; !ok {
			t.Errorf("the page asks for text %q", m[1])
		}
	}
}

func TestSpan(t *testing.T) {
	v := &view{tongue: english}
	for d, want := range map[time.Duration]string{
		-time.Second: "0 s", 59 * time.Second: "59 s", 61 * time.Second: "1 min 1 s", 25*time.Hour + 59*time.Minute: "1 d 1 h", 24 * time.Hour: "1 d", 11*24*time.Hour + time.Hour: "11 d",
		3*time.Hour + time.Minute: "3 h 1 min",
	} {
		if got := v.span(d); got != want {
			t.Errorf("%s: %q, want %q", d, got, want)
		}
	}
}
