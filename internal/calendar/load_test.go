package calendar_test

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
)

// yearFile is the smallest notice: New Year is off.
func yearFile(year int) []byte {
	return fmt.Appendf(nil, `{"year": %d, "papers": ["示例通知"], "days": [{"name": "元旦", "date": "%d-01-01", "isOffDay": true}]}`, year, year)
}

func loadOver(t *testing.T, files map[string]string) *calendar.Calendar {
	t.Helper()
	layer := fstest.MapFS{}
	for name, data := range files {
		layer[name] = &fstest.MapFile{Data: []byte(data)}
	}
	c, err := calendar.Load(calendars.FS, layer)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func embedded(t testing.TB, name string) []byte {
	t.Helper()
	data, err := fs.ReadFile(calendars.FS, name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func TestParseFaults(t *testing.T) {
	const head = `"year": 2026, "papers": ["p"], `
	days := func(list string) string { return `{` + head + `"days": [` + list + `]}` }
	const newYear = `{"name": "元旦", "date": "2026-01-01", "isOffDay": true}`
	for _, tc := range []struct {
		name  string
		files []string
		want  []string
	}{
		{"nothing", nil, []string{"no file with a year's notice"}},
		{"not JSON", []string{"{"}, []string{"file 1: broken JSON"}},
		{"not an object", []string{"[]"}, []string{"file 1: not a JSON object"}},
		{"not UTF-8", []string{"{\"year\": \"\xff\"}"}, []string{"file 1: not UTF-8"}},
		{"data after the object", []string{days(newYear) + "{}"}, []string{"file 1: data after the JSON object"}},
		{"placeholder of a year to come", []string{`{"year": 2027, "papers": [], "days": []}`},
			[]string{"file 1: papers: names no notice", "file 1: days: lists no day"}},
		{"unknown keys, another spelling too", []string{`{` + head + `"Days": [], "extra": 1, "days": [` + newYear + `]}`},
			[]string{`file 1: key "Days": unknown`, `file 1: key "extra": unknown`}},
		{"repeated key", []string{`{"year": 2025, ` + head + `"days": [` + newYear + `]}`}, []string{`file 1: key "year": repeated`}},
		{"null", []string{days(`{"name": "元旦", "date": "2026-01-01", "isOffDay": null}`)}, []string{`day 2026-01-01: key "isOffDay": null`}},
		{"off or not is missing", []string{days(`{"name": "元旦", "date": "2026-01-01"}`)}, []string{`day 2026-01-01: key "isOffDay": missing`}},
		{"bad dates", []string{days(newYear + `, {"name": "x", "date": "2026-02-30", "isOffDay": true}, {"name": "x", "date": "2026/3/1", "isOffDay": true}`)},
			[]string{`file 1: day 2: key "date": date "2026-02-30": day out of range`, `file 1: day 3: key "date": date "2026/3/1": want YYYY-MM-DD`}},
		{"no name, no date", []string{days(`{"name": "", "date": "", "isOffDay": true}`)},
			[]string{"file 1: day 1: names no festival", "file 1: day 1: has no date"}},
		{"a day twice", []string{days(newYear + "," + newYear)}, []string{"file 1: day 2026-01-01: already listed in file 1"}},
		{"off and make-up on one day", []string{days(`{"name": "x", "date": "2026-01-04", "isOffDay": true}, {"name": "x", "date": "2026-01-04", "isOffDay": false}`)},
			[]string{"file 1: day 2026-01-04: already listed in file 1"}},
		{"make-up day on a weekday", []string{days(newYear + `, {"name": "元旦", "date": "2026-01-05", "isOffDay": false}`)},
			[]string{"file 1: day 2026-01-05: make-up day is a Monday, which works anyway"}},
		{"another year", []string{days(`{"name": "x", "date": "2025-11-30", "isOffDay": true}, {"name": "x", "date": "2027-01-01", "isOffDay": true}`)},
			[]string{"file 1: day 2025-11-30: not in 2026 nor in the December before", "file 1: day 2027-01-01: not in 2026"}},
		{"a year twice", []string{days(newYear), days(`{"name": "x", "date": "2026-01-02", "isOffDay": true}`)},
			[]string{"file 2: year 2026 is already in file 1"}},
		{"a day in two files", []string{string(yearFile(2025)), days(newYear),
			`{"year": 2027, "papers": ["p"], "days": [{"name": "x", "date": "2026-12-31", "isOffDay": true}]}`,
			`{"year": 2026, "papers": ["p"], "days": [{"name": "x", "date": "2026-12-31", "isOffDay": true}]}`},
			[]string{"file 4: year 2026 is already in file 2", "file 4: day 2026-12-31: already listed in file 3"}},
		{"year out of range", []string{`{"year": 26, "papers": [""], "days": [` + newYear + `]}`},
			[]string{"file 1: year 26: outside 1950 to 2999", "file 1: papers: an empty name", "day 2026-01-01: not in 26"}},
		{"works on a day off by law", []string{days(newYear), string(embedded(t, "statutory.json"))},
			[]string{"file 1: day 2026-05-01: 劳动节 is off by law, the notice lets people work", "day 2026-10-02: 国庆节"}},
		{"bad file of statutory days", []string{days(newYear),
			`{"basis": "", "in_force": "2025-01-01", "fixed": [{"name": "x", "month_day": "02-29"}, {"month_day": "01-01"}]}`,
			`{"basis": "b", "in_force": "2025-01-01", "fixed": []}`},
			[]string{"file 2: basis: names no law", "file 2: fixed day 1: want a name", `file 2: fixed day 2: key "name": missing`,
				"file 3: a second file of statutory days"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var files [][]byte
			for _, f := range tc.files {
				files = append(files, []byte(f))
			}
			_, err := calendar.Parse(files...)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range tc.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant it to contain %q", err, want)
				}
			}
		})
	}
}

func TestVersionIgnoresOrderAndLayout(t *testing.T) {
	want := load(t).Version()
	c, err := calendar.Parse(embedded(t, "statutory.json"), embedded(t, "2026.json"), embedded(t, "2024.json"), embedded(t, "2025.json"))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Version(); got != want {
		t.Errorf("files in another order: got %s, want %s", got, want)
	}
	compact := strings.Join(strings.Fields(string(embedded(t, "2026.json"))), "")
	if got := loadOver(t, map[string]string{"2026.json": compact}).Version(); got != want {
		t.Errorf("file in another layout: got %s, want %s", got, want)
	}
	amended := strings.Replace(string(embedded(t, "2026.json")), "2026-09-20", "2026-09-19", 1)
	if got := loadOver(t, map[string]string{"2026.json": amended}).Version(); got == want {
		t.Errorf("amended notice: got the same version %s", got)
	}
	if len(want) != len("cal-")+12 {
		t.Errorf("version %q: want cal- and 12 hex digits", want)
	}
}

// TestNoticeReachesIntoDecember loads a notice whose first days lie in the year before.
func TestNoticeReachesIntoDecember(t *testing.T) {
	c, err := calendar.Parse([]byte(`{"$schema": "s", "$id": "i", "year": 2019, "papers": ["p"], "days": [
		{"name": "元旦", "date": "2018-12-29", "isOffDay": false}, {"name": "元旦", "date": "2018-12-31", "isOffDay": true}]}`))
	if err != nil {
		t.Fatal(err)
	}
	for day, want := range map[string]calendar.Day{
		"2018-12-28": {Working: true, Why: "工作日", Provisional: true},
		"2018-12-29": {Working: true, Why: "元旦（调休上班）", Notice: "p"},
		"2018-12-30": {Why: "周末", Provisional: true},
		"2018-12-31": {Why: "元旦（放假）", Notice: "p"},
		"2019-01-01": {Working: true, Why: "工作日"},
	} {
		want.Date = date(t, day)
		if got := c.Day(date(t, day)); got != want {
			t.Errorf("got %+v\nwant %+v", got, want)
		}
	}
}

func TestLoadNamesTheFile(t *testing.T) {
	_, err := calendar.Load(calendars.FS, fstest.MapFS{"2027.json": {Data: []byte(`{"year": 2027, "papers": [], "days": []}`)}})
	if err == nil || !strings.Contains(err.Error(), "2027.json: papers: names no notice") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	for _, name := range []string{"2024.json", "2026.json", "statutory.json"} {
		f.Add(embedded(f, name))
	}
	f.Add([]byte(`{"year": 2027, "papers": [], "days": []}`))
	f.Add([]byte(`{"year": 2026, "year": 2026, "papers": null, "days": [null, {}, {"date": 1}]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := calendar.Parse(data)
		if err != nil {
			return
		}
		// What parses also counts, and again to the same version.
		d := c.Count(c.Horizon().AddDays(-400).Start(), calendar.Limit{Days: 300})
		if !d.Ledger[len(d.Ledger)-1].Working {
			t.Errorf("due on a day off: %v", d.LastDay)
		}
		again, err := calendar.Parse(data)
		if err != nil || again.Version() != c.Version() {
			t.Errorf("parsed again: %v", err)
		}
	})
}
