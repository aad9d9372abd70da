package calendar_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/internal/calendar"
)

var promise = calendar.Limit{Days: 2}

func TestPromise(t *testing.T) {
	for _, tc := range []struct {
		name, accepted, lastDay string
		provisional             bool
	}{
		{"first day in force", "2024-07-04", "2024-07-08", false},
		{"make-up Saturday, then Mid-Autumn", "2024-09-13", "2024-09-18", false},
		{"National Day", "2024-09-30", "2024-10-09", false},
		{"Sunday before Spring Festival works", "2025-01-24", "2025-01-27", false},
		{"Sunday before National Day works", "2025-09-26", "2025-09-29", false},
		{"accepted on a day off", "2026-01-01", "2026-01-05", false},
		{"last day is a working Saturday", "2026-02-12", "2026-02-14", false},
		{"nine days off", "2026-02-13", "2026-02-24", false},
		{"between Mid-Autumn and National Day", "2026-09-29", "2026-10-08", false},
		{"needs the next notice", "2026-12-30", "2027-01-04", true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c := load(t)
			for _, hour := range []string{" 00:00:00", " 12:00:00", " 23:59:59"} {
				d := c.Count(instant(t, tc.accepted+hour), promise)
				if got, want := d.LastDay, date(t, tc.lastDay); got != want {
					t.Errorf("accepted%s: last day: got %v, want %v", hour, got, want)
				}
				if got, want := d.Due, date(t, tc.lastDay).AddDays(1).Start(); !got.Equal(want) {
					t.Errorf("accepted%s: due: got %v, want %v", hour, got, want)
				}
				if d.Provisional != tc.provisional {
					t.Errorf("accepted%s: provisional: got %v, want %v", hour, d.Provisional, tc.provisional)
				}
			}
		})
	}
}

func TestOtherLimits(t *testing.T) {
	for _, tc := range []struct {
		name, accepted string
		limit          calendar.Limit
		due            string
	}{
		{"close of business", "2026-02-12 10:00", calendar.Limit{Days: 2, End: calendar.CloseOfBusiness}, "2026-02-14 17:00"},
		{"15 calendar days", "2026-01-05 10:00", calendar.Limit{Days: 15, Unit: calendar.CalendarDays}, "2026-01-21"},
		{"15 calendar days end in a holiday", "2026-02-02 10:00", calendar.Limit{Days: 15, Unit: calendar.CalendarDays}, "2026-02-25"},
		{"15 calendar days end on a make-up Saturday", "2026-02-13 10:00", calendar.Limit{Days: 15, Unit: calendar.CalendarDays}, "2026-03-01"},
		{"calendar days to close of business", "2026-01-05 10:00",
			calendar.Limit{Days: 5, Unit: calendar.CalendarDays, End: calendar.CloseOfBusiness}, "2026-01-12 17:00"},
		{"zero days count as one", "2026-01-05 10:00", calendar.Limit{}, "2026-01-07"},
		{"instant in another zone", "2026-01-05T16:00:00Z", calendar.Limit{Days: 1}, "2026-01-08"}, // 2026-01-06 in Shanghai
		{"instant before midnight in another zone", "2026-01-05T15:59:59Z", calendar.Limit{Days: 1}, "2026-01-07"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, provisional := load(t).Due(instant(t, tc.accepted), tc.limit)
			if want := instant(t, tc.due); !got.Equal(want) || provisional {
				t.Errorf("got %v provisional %v, want %v", got, provisional, want)
			}
		})
	}
}

func TestLedger(t *testing.T) {
	c := load(t)
	type row struct {
		Day     string
		Counted int
	}
	rows := func(d calendar.Deadline) (out []row) {
		for _, day := range d.Ledger {
			out = append(out, row{day.Date.String(), day.Counted})
		}
		return out
	}
	got := rows(c.Count(instant(t, "2024-09-13 09:00"), promise))
	want := []row{{"2024-09-13", 0}, {"2024-09-14", 1}, {"2024-09-15", 0}, {"2024-09-16", 0}, {"2024-09-17", 0}, {"2024-09-18", 2}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("working days (-want +got):\n%s", diff)
	}
	got = rows(c.Count(instant(t, "2026-09-23 09:00"), calendar.Limit{Days: 2, Unit: calendar.CalendarDays}))
	want = []row{{"2026-09-23", 0}, {"2026-09-24", 1}, {"2026-09-25", 2}, {"2026-09-26", 0}, {"2026-09-27", 0}, {"2026-09-28", 0}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("calendar days (-want +got):\n%s", diff)
	}
}

func drawLimit(t *rapid.T) calendar.Limit {
	return calendar.Limit{
		Days: rapid.IntRange(1, 60).Draw(t, "days"),
		Unit: rapid.SampledFrom([]calendar.Unit{calendar.WorkingDays, calendar.CalendarDays}).Draw(t, "unit"),
		End:  rapid.SampledFrom([]calendar.End{calendar.EndOfDay, calendar.CloseOfBusiness}).Draw(t, "end"),
	}
}

func TestDueEqualsDayWalker(t *testing.T) {
	c, w := load(t), newWalker(t)
	rapid.Check(t, func(t *rapid.T) {
		from := time.Date(2023, 12, 31, 16, 0, 0, 0, time.UTC).Add(time.Duration(rapid.Int64Range(0, int64(1500*24*time.Hour)).Draw(t, "from")))
		days := rapid.IntRange(1, 60).Draw(t, "days")
		got, _ := c.Due(from, calendar.Limit{Days: days})
		if want := w.due(from, days); !got.Equal(want) {
			t.Fatalf("%d working days from %v: got %v, want %v", days, from, got, want)
		}
	})
}

func TestDueIsMonotone(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimit(t)
		a, b := drawInstant(t, "a"), drawInstant(t, "b")
		if b.Before(a) {
			a, b = b, a
		}
		dueA, _ := c.Due(a, l)
		dueB, _ := c.Due(b, l)
		if dueB.Before(dueA) || !dueA.After(a) {
			t.Fatalf("%v: accepted %v due %v; accepted %v due %v", l, a, dueA, b, dueB)
		}
	})
}

func TestNeverDueOnADayOff(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		l := drawLimit(t)
		from := drawInstant(t, "from")
		d := c.Count(from, l)
		last := d.Ledger[len(d.Ledger)-1]
		if !last.Working || last.Date != d.LastDay || calendar.Of(d.Due.Add(-1)) != d.LastDay {
			t.Fatalf("last day %v, last row %+v, due %v", d.LastDay, last, d.Due)
		}
		counted, provisional := 0, false
		for i, day := range d.Ledger {
			counted = max(counted, day.Counted)
			provisional = provisional || i > 0 && day.Provisional
			if day.Date != d.Ledger[0].Date.AddDays(i) {
				t.Fatalf("the ledger skips a day before %v", day.Date)
			}
		}
		due, prov := c.Due(from, l)
		if counted != l.Days || provisional != d.Provisional || prov != provisional || !due.Equal(d.Due) {
			t.Fatalf("ledger counts %d provisional %v; deadline %d %v; Due %v %v", counted, provisional, l.Days, d.Provisional, due, prov)
		}
		if l.Unit == calendar.WorkingDays && c.WorkingDays(calendar.Of(from), d.LastDay) != l.Days {
			t.Fatalf("%d working days lie between %v and %v, want %d", c.WorkingDays(calendar.Of(from), d.LastDay), from, d.LastDay, l.Days)
		}
	})
}

func TestLimitsAddUp(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawInstant(t, "from")
		a, b := rapid.IntRange(1, 40).Draw(t, "a"), rapid.IntRange(1, 40).Draw(t, "b")
		first := c.Count(from, calendar.Limit{Days: a})
		second := c.Count(first.LastDay.Start(), calendar.Limit{Days: b})
		whole := c.Count(from, calendar.Limit{Days: a + b})
		if second.LastDay != whole.LastDay || whole.Provisional != (first.Provisional || second.Provisional) {
			t.Fatalf("%d then %d days end on %v, %d days on %v", a, b, second.LastDay, a+b, whole.LastDay)
		}
	})
}

// TestNoticeSettlesAProvisionalDeadline loads a made-up notice for 2027 over the embedded ones.
func TestNoticeSettlesAProvisionalDeadline(t *testing.T) {
	before := load(t)
	after := loadOver(t, map[string]string{"2027.json": `{"year": 2027, "papers": ["示例通知"], "days": [
		{"name": "元旦", "date": "2027-01-01", "isOffDay": true},
		{"name": "元旦", "date": "2027-01-04", "isOffDay": true},
		{"name": "劳动节", "date": "2027-05-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-02", "isOffDay": true},
		{"name": "国庆节", "date": "2027-10-01", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-02", "isOffDay": true},
		{"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`})
	accepted := instant(t, "2026-12-30 10:00")
	was, is := before.Count(accepted, promise), after.Count(accepted, promise)
	if !was.Provisional || was.LastDay != date(t, "2027-01-04") {
		t.Errorf("before: got %v provisional %v", was.LastDay, was.Provisional)
	}
	if is.Provisional || is.LastDay != date(t, "2027-01-05") {
		t.Errorf("after: got %v provisional %v", is.LastDay, is.Provisional)
	}
	if got, want := after.Horizon(), date(t, "2027-12-31"); got != want {
		t.Errorf("horizon: got %v, want %v", got, want)
	}
	if before.Version() == after.Version() {
		t.Error("another notice has the same version")
	}
}

func TestLimitValidate(t *testing.T) {
	if err := promise.Validate(); err != nil {
		t.Errorf("2 working days: %v", err)
	}
	err := calendar.Limit{Days: 0, Unit: 7, End: 9}.Validate()
	want := "limit: days 0: outside 1 to 3660\nlimit: unit 7: unknown\nlimit: end 9: unknown"
	if err == nil || err.Error() != want {
		t.Errorf("got %v\nwant %s", err, want)
	}
	var u calendar.Unit
	if err := u.UnmarshalText([]byte("weeks")); err == nil {
		t.Error("unit weeks was accepted")
	}
}

func TestDueDoesNotAllocate(t *testing.T) {
	c, from := load(t), instant(t, "2026-02-13 10:00")
	if n := testing.AllocsPerRun(100, func() { c.Due(from, promise) }); n != 0 {
		t.Errorf("got %v allocations a call, want 0", n)
	}
}

func BenchmarkDue(b *testing.B) {
	c := load(b)
	for _, bc := range []struct {
		name, accepted string
		limit          calendar.Limit
	}{
		{"TwoDays", "2024-07-04", promise},
		{"TwoDaysOverSpringFestival", "2026-02-13", promise},
		{"TwoDaysProvisional", "2027-09-30", promise},
		{"FifteenCalendarDays", "2026-01-05", calendar.Limit{Days: 15, Unit: calendar.CalendarDays}},
	} {
		b.Run(bc.name, func(b *testing.B) {
			from := instant(b, bc.accepted)
			b.ReportAllocs()
			for b.Loop() {
				c.Due(from, bc.limit)
			}
		})
	}
}

func BenchmarkCount(b *testing.B) {
	c, from := load(b), instant(b, "2026-02-13")
	b.ReportAllocs()
	for b.Loop() {
		c.Count(from, promise)
	}
}
