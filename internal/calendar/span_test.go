package calendar_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/internal/calendar"
)

func TestWorkingHours(t *testing.T) {
	for _, tc := range []struct {
		name, from, to, want string
	}{
		{"one morning", "2026-01-05 08:30", "2026-01-05 12:00", "3h30m"},
		{"over lunch", "2026-01-05 11:59:30", "2026-01-05 13:30:30", "1m"},
		{"lunch only", "2026-01-05 12:00", "2026-01-05 13:30", "0s"},
		{"night", "2026-01-05 17:00", "2026-01-06 08:30", "0s"},
		{"a whole day", "2026-01-05", "2026-01-06", "7h"},
		{"make-up Sunday", "2026-01-04", "2026-01-05", "7h"},
		{"Spring Festival", "2026-02-14 16:00", "2026-02-24 09:30", "2h"},
		{"backwards", "2026-01-06", "2026-01-05", "-7h"},
		{"another zone", "2026-01-05T00:30:00Z", "2026-01-05T04:00:00Z", "3h30m"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			want, err := time.ParseDuration(tc.want)
			if err != nil {
				t.Fatal(err)
			}
			if got := load(t).WorkingHours(instant(t, tc.from), instant(t, tc.to)); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestShare(t *testing.T) {
	for _, tc := range []struct {
		name, from, due string
		percent         int
		want            string
	}{
		// 10:00–12:00, 13:30–17:00 on Monday, then two days of seven hours: 19.5 hours.
		{"half of the promise", "2026-01-05 10:00", "2026-01-08", 50, "2026-01-06 14:15"},
		{"three quarters", "2026-01-05 10:00", "2026-01-08", 75, "2026-01-07 10:37:30"},
		{"nine tenths", "2026-01-05 10:00", "2026-01-08", 90, "2026-01-07 15:03"},
		{"all of it is the deadline", "2026-01-05 10:00", "2026-01-08", 100, "2026-01-08"},
		{"more than all", "2026-01-05 10:00", "2026-01-08", 250, "2026-01-08"},
		{"none", "2026-01-05 10:00", "2026-01-08", 0, "2026-01-05 10:00"},
		{"over Spring Festival", "2026-02-13 17:00", "2026-02-25", 75, "2026-02-24 12:00"},
		{"no office hours left: time of the working day", "2026-01-05 20:00", "2026-01-06", 50, "2026-01-05 22:00"},
		{"no working day: all time", "2026-01-01", "2026-01-03", 50, "2026-01-02"},
		{"empty span", "2026-01-05", "2026-01-05", 50, "2026-01-05"},
		{"due before it began", "2026-01-06", "2026-01-05", 50, "2026-01-05"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got := load(t).Share(instant(t, tc.from), instant(t, tc.due), tc.percent)
			if want := instant(t, tc.want); !got.Equal(want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}

func TestShareIsMonotoneAndBounded(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawInstant(t, "from")
		due := from.Add(time.Duration(rapid.Int64Range(0, int64(30*24*time.Hour)).Draw(t, "span")))
		p, q := rapid.IntRange(-10, 120).Draw(t, "p"), rapid.IntRange(-10, 120).Draw(t, "q")
		if q < p {
			p, q = q, p
		}
		a, b := c.Share(from, due, p), c.Share(from, due, q)
		if a.Before(from) || b.After(due) || b.Before(a) {
			t.Fatalf("span %v to %v: %d %% at %v, %d %% at %v", from, due, p, a, q, b)
		}
		budget := c.WorkingHours(from, due)
		if spent := c.WorkingHours(from, a); budget > 0 && p > 0 && p < 100 && (spent*100-budget*time.Duration(p)).Abs() > 100 {
			t.Fatalf("span %v to %v: %v of %v are spent at %d %%", from, due, spent, budget, p)
		}
	})
}

func TestWorkingHoursAddUp(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		a, b, d := drawInstant(t, "a"), drawInstant(t, "b"), drawInstant(t, "d")
		if got, want := c.WorkingHours(a, b)+c.WorkingHours(b, d), c.WorkingHours(a, d); got != want {
			t.Fatalf("%v → %v → %v: got %v, direct %v", a, b, d, got, want)
		}
	})
}

func TestAddIsTheInverseOfWorkingHours(t *testing.T) {
	c := load(t)
	rapid.Check(t, func(t *rapid.T) {
		from := drawInstant(t, "from")
		d := time.Duration(rapid.Int64Range(1, int64(100*time.Hour)).Draw(t, "d"))
		to := c.Add(from, d)
		if got := c.WorkingHours(from, to); got != d {
			t.Fatalf("%v + %v = %v, which is %v away", from, d, to, got)
		}
		if got := c.WorkingHours(from, to.Add(-1)); got != d-1 {
			t.Fatalf("%v + %v = %v is not the first such instant", from, d, to)
		}
	})
	if from := instant(t, "2026-01-03"); !c.Add(from, 0).Equal(from) || !c.Add(from, -time.Hour).Equal(from) {
		t.Error("adding nothing moves the instant")
	}
}

func TestWorkingTime(t *testing.T) {
	c := load(t)
	from, to := instant(t, "2026-02-13 18:00"), instant(t, "2026-02-24 06:00")
	if got, want := c.WorkingTime(from, to), 36*time.Hour; got != want {
		t.Errorf("over Spring Festival: got %v, want %v", got, want)
	}
	if got := c.AddWorkingTime(from, 36*time.Hour); !got.Equal(to) {
		t.Errorf("36 h over Spring Festival: got %v, want %v", got, to)
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b, d := drawInstant(t, "a"), drawInstant(t, "b"), drawInstant(t, "d")
		if got, want := c.WorkingTime(a, b)+c.WorkingTime(b, d), c.WorkingTime(a, d); got != want {
			t.Fatalf("%v → %v → %v: got %v, direct %v", a, b, d, got, want)
		}
		left := c.WorkingTime(a, b)
		if got := c.AddWorkingTime(a, left); left > 0 && (got.After(b) || c.WorkingTime(a, got) != left) {
			t.Fatalf("%v of working days after %v: got %v", left, a, got)
		}
	})
	// The remainder of a limit, added at once, is the limit.
	rapid.Check(t, func(t *rapid.T) {
		accepted := drawInstant(t, "accepted")
		due, _ := c.Due(accepted, calendar.Limit{Days: rapid.IntRange(1, 30).Draw(t, "days")})
		paused := accepted.Add(time.Duration(rapid.Int64Range(0, int64(due.Sub(accepted)-1)).Draw(t, "paused")))
		if got := c.AddWorkingTime(paused, c.WorkingTime(paused, due)); !got.Equal(due) {
			t.Fatalf("paused and resumed at %v: due moved from %v to %v", paused, due, got)
		}
	})
}

func intervals(t *testing.T, texts ...string) []calendar.Interval {
	t.Helper()
	out := make([]calendar.Interval, len(texts))
	for i, s := range texts {
		if err := out[i].UnmarshalText([]byte(s)); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestSeasonalHours(t *testing.T) {
	winter := intervals(t, "08:30-12:00", "13:30-17:00")
	summer := intervals(t, "08:30-11:30", "14:30-17:30:30")
	base := load(t)
	c, err := base.WithHours(calendar.Schedule{Hours: winter}, calendar.Schedule{From: date(t, "2026-06-01"), Hours: summer})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.WorkingHours(instant(t, "2026-05-29"), instant(t, "2026-06-02")), 7*time.Hour+6*time.Hour+30*time.Second; got != want {
		t.Errorf("over the change: got %v, want %v", got, want)
	}
	due, _ := c.Due(instant(t, "2026-05-29"), calendar.Limit{Days: 1, End: calendar.CloseOfBusiness})
	if want := instant(t, "2026-06-01 17:30:30"); !due.Equal(want) {
		t.Errorf("close of business in summer: got %v, want %v", due, want)
	}
	if c.Version() == base.Version() {
		t.Error("other hours have the same version")
	}
	same, err := base.WithHours(calendar.Schedule{Hours: calendar.OfficeHours()})
	if err != nil || same.Version() != base.Version() {
		t.Errorf("the same hours: got version %v, %v, want %v", same.Version(), err, base.Version())
	}
}

func TestHoursFaults(t *testing.T) {
	june := date(t, "2026-06-01")
	for _, tc := range []struct {
		name      string
		schedules []calendar.Schedule
		want      []string
	}{
		{"none", nil, []string{"no schedule"}},
		{"every fault at once", []calendar.Schedule{
			{From: june, Hours: []calendar.Interval{{Open: 12 * time.Hour, Close: 8 * time.Hour}}},
			{From: june, Hours: intervals(t, "08:00-12:00", "11:00-17:00")},
			{From: june.AddDays(1)},
		}, []string{
			"schedule 1: hours 12:00-08:00: not a stretch of one day",
			"schedule 2: from 2026-06-01 is not after the one before",
			"schedule 2: hours 11:00-17:00: not after 08:00-12:00",
			"schedule 3: no hours",
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t).WithHours(tc.schedules...)
			for _, want := range tc.want {
				if err == nil || !strings.Contains(err.Error(), want) {
					t.Errorf("got %v\nwant it to contain %q", err, want)
				}
			}
		})
	}
}

func TestIntervalText(t *testing.T) {
	for in, want := range map[string]string{"08:30-12:00": "08:30-12:00", "13:30:05 - 24:00": "13:30:05-24:00", "00:00-24:00:00": "00:00-24:00"} {
		iv := intervals(t, in)[0]
		if diff := cmp.Diff(want, iv.String()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", in, diff)
		}
	}
	for _, bad := range []string{"", "08:30", "8-12", "08:30-25:00", "08:30-12:00-13:00"} {
		var iv calendar.Interval
		if err := iv.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q: got %v, want an error", bad, iv)
		}
	}
}
