package calendar_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"time"

	"github.com/6tail/lunar-go/HolidayUtil"
	"pgregory.net/rapid"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
)

func load(t testing.TB) *calendar.Calendar {
	t.Helper()
	c, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func instant(t testing.TB, s string) time.Time {
	t.Helper()
	v, err := calendar.ParseInstant(s)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func date(t testing.TB, s string) calendar.Date {
	t.Helper()
	d, err := calendar.ParseDate(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// exceptions are the notices written down a second time, as ranges, apart from the data files.
var exceptions = map[int]struct{ off, working string }{
	2024: {"01-01 02-10..02-17 04-04..04-06 05-01..05-05 06-10 09-15..09-17 10-01..10-07",
		"02-04 02-18 04-07 04-28 05-11 09-14 09-29 10-12"},
	2025: {"01-01 01-28..02-04 04-04..04-06 05-01..05-05 05-31..06-02 10-01..10-08",
		"01-26 02-08 04-27 09-28 10-11"},
	2026: {"01-01..01-03 02-15..02-23 04-04..04-06 05-01..05-05 06-19..06-21 09-25..09-27 10-01..10-07",
		"01-04 02-14 02-28 05-09 09-20 10-10"},
}

// exceptionDays expands the ranges into date → works.
func exceptionDays(t *testing.T) map[string]bool {
	days := map[string]bool{}
	for year, e := range exceptions {
		for list, works := range map[string]bool{e.off: false, e.working: true} {
			for item := range strings.FieldsSeq(list) {
				first, last, isRange := strings.Cut(item, "..")
				if !isRange {
					last = first
				}
				for d := date(t, fmt.Sprintf("%d-%s", year, first)); !d.After(date(t, fmt.Sprintf("%d-%s", year, last))); d = d.AddDays(1) {
					days[d.String()] = works
				}
			}
		}
	}
	return days
}

func TestEveryDayOfTheNotices(t *testing.T) {
	c := load(t)
	exception := exceptionDays(t)
	if got, want := len(exception), 36+33+39; got != want {
		t.Fatalf("exception days in the table: got %d, want %d", got, want)
	}
	for d := date(t, "2024-01-01"); d.Before(date(t, "2027-01-01")); d = d.AddDays(1) {
		want, listed := exception[d.String()]
		if !listed {
			want = d.Weekday() >= time.Monday && d.Weekday() <= time.Friday
		}
		got, why, known := c.Working(d)
		if got != want || !known {
			t.Errorf("%v: got working %v (%s) known %v, want %v known", d, got, why, known, want)
		}
		notice := c.Day(d).Notice
		if listed != (notice != "") {
			t.Errorf("%v: listed %v, notice %q", d, listed, notice)
		}
		if year, _, _ := d.Civil(); listed && !strings.Contains(notice, fmt.Sprintf("%d年部分节假日安排", year)) {
			t.Errorf("%v: notice %q is not that of its year", d, notice)
		}
	}
}

// TestAgainstLunar compares every day with a holiday table of other authors.
func TestAgainstLunar(t *testing.T) {
	c := load(t)
	years := 0
	for year := 2024; year <= 2026; year++ {
		if HolidayUtil.GetHolidaysByYear(year).Len() == 0 {
			continue
		}
		years++
		for d := calendar.On(year, 1, 1); d.Before(calendar.On(year+1, 1, 1)); d = d.AddDays(1) {
			want := d.Weekday() >= time.Monday && d.Weekday() <= time.Friday
			if h := HolidayUtil.GetHoliday(d.String()); h != nil {
				want = h.IsWork()
			}
			if got, why, _ := c.Working(d); got != want {
				t.Errorf("%v: got working %v (%s), want %v", d, got, why, want)
			}
		}
	}
	if years < 2 {
		t.Fatalf("the table of other authors has %d of the years 2024 to 2026, want at least 2", years)
	}
}

func TestWhy(t *testing.T) {
	const (
		n2025 = "国务院办公厅关于2025年部分节假日安排的通知（国办发明电〔2024〕12号）"
		law   = "全国年节及纪念日放假办法（2024年11月10日国务院令第795号修订）第二条"
	)
	for _, tc := range []struct {
		day, why, notice   string
		working, undecided bool
	}{
		{day: "2025-09-26", why: "工作日", working: true},
		{day: "2025-09-27", why: "周末"},
		{day: "2025-09-28", why: "国庆节、中秋节（调休上班）", notice: n2025, working: true},
		{day: "2025-10-01", why: "国庆节、中秋节（放假）", notice: n2025},
		{day: "2027-01-01", why: "元旦（法定节假日）", notice: law, undecided: true},
		{day: "2027-05-03", why: "工作日", working: true, undecided: true},
		{day: "2027-10-02", why: "周末", undecided: true},
		{day: "2023-10-02", why: "工作日", working: true, undecided: true}, // before the statute in the data is in force
	} {
		t.Run(tc.day, func(t *testing.T) {
			got := load(t).Day(date(t, tc.day))
			want := calendar.Day{Date: date(t, tc.day), Working: tc.working, Why: tc.why, Notice: tc.notice, Provisional: tc.undecided}
			if got != want {
				t.Errorf("got %+v\nwant %+v", got, want)
			}
		})
	}
}

func TestHorizon(t *testing.T) {
	if got, want := load(t).Horizon(), date(t, "2026-12-31"); got != want {
		t.Errorf("horizon: got %v, want %v", got, want)
	}
	gap, err := calendar.Parse(yearFile(2024), yearFile(2026))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := gap.Horizon(), date(t, "2024-12-31"); got != want {
		t.Errorf("horizon with a gap: got %v, want %v", got, want)
	}
	if _, _, known := gap.Working(date(t, "2025-07-01")); known {
		t.Error("a day in the gap is known")
	}
	if _, _, known := gap.Working(date(t, "2026-07-01")); !known {
		t.Error("a day after the gap is not known")
	}
}

func TestWorkingDaysAddUp(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b, d := drawDate(t, "a"), drawDate(t, "b"), drawDate(t, "d")
		if got, want := c.WorkingDays(a, b)+c.WorkingDays(b, d), c.WorkingDays(a, d); got != want {
			t.Fatalf("%v → %v → %v: got %d, direct %d", a, b, d, got, want)
		}
	})
}

func drawDate(t *rapid.T, label string) calendar.Date {
	return calendar.On(2024, 1, 1).AddDays(rapid.IntRange(-40, 1500).Draw(t, label))
}

// drawInstant reaches from before the first notice to well after the last one.
func drawInstant(t *rapid.T, label string) time.Time {
	first := time.Date(2023, 11, 1, 0, 0, 0, 0, time.UTC)
	return first.Add(time.Duration(rapid.Int64Range(0, int64(1600*24*time.Hour)).Draw(t, label)))
}

// walker decides days straight from the data files with the time package, sharing nothing with the calendar.
type walker struct{ works map[string]bool }

func newWalker(t testing.TB) walker {
	w := walker{works: map[string]bool{}}
	for _, name := range []string{"2024.json", "2025.json", "2026.json"} {
		data, err := fs.ReadFile(calendars.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		var file struct {
			Days []struct {
				Date     string
				IsOffDay bool
			}
		}
		if err := json.Unmarshal(data, &file); err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Days {
			w.works[d.Date] = !d.IsOffDay
		}
	}
	return w
}

func (w walker) working(day time.Time) bool {
	if works, listed := w.works[day.Format(time.DateOnly)]; listed {
		return works
	}
	switch day.Format("01-02") {
	case "01-01", "05-01", "05-02", "10-01", "10-02", "10-03":
		if day.Year() >= 2027 {
			return false
		}
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// due counts limit working days after the day of t, one day at a time.
func (w walker) due(t time.Time, days int) time.Time {
	day := t.In(time.FixedZone("", 8*3600))
	day = time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())
	for days > 0 {
		day = day.AddDate(0, 0, 1)
		if w.working(day) {
			days--
		}
	}
	return day.AddDate(0, 0, 1)
}
