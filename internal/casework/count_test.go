package casework

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/internal/calendar"
	"permithub/schemas"
)

func TestCountWithAPause(t *testing.T) {
	pause := schemas.Pause{From: shanghai(t, "2024-09-13 12:00"), To: ptr(shanghai(t, "2024-09-19 06:00")), Ground: "hearing"}
	c := CountOf(testCalendar(t), shanghai(t, "2024-09-12 10:00").Time, calendar.Limit{Days: 2}, []schemas.Pause{pause})
	// Friday's second half and the working Saturday were left: half a day and a whole one after six on Thursday.
	if want := shanghai(t, "2024-09-20 18:00"); !c.Due.Equal(want.Time) || c.Provisional {
		t.Errorf("due %v, want %v", c.Due, want)
	}
	type row struct {
		Day     string
		Counted int
		Paused  float64
	}
	var got []row
	for _, d := range c.Ledger {
		got = append(got, row{d.Date.String(), d.Counted, d.PausedSeconds})
	}
	want := []row{
		{"2024-09-12", 0, 0}, {"2024-09-13", 0, 43200}, {"2024-09-14", 0, 86400}, {"2024-09-15", 0, 86400}, {"2024-09-16", 0, 86400},
		{"2024-09-17", 0, 86400}, {"2024-09-18", 0, 86400}, {"2024-09-19", 1, 21600}, {"2024-09-20", 2, 0},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// What is shown of a limit ends where the clock of the case ends, and its days account for every second of it.
func TestCountEqualsTheClock(t *testing.T) {
	cal := testCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		l := calendar.Limit{Days: rapid.IntRange(1, 15).Draw(t, "days"), Unit: rapid.SampledFrom([]calendar.Unit{calendar.WorkingDays, calendar.CalendarDays}).Draw(t, "unit")}
		at := shanghai(t, "2024-01-02").Add(time.Duration(rapid.Int64Range(0, int64(1000*24*time.Hour)).Draw(t, "started")))
		k := schemas.Clock{ID: ClockPromised, Limit: limitText(l), StartedAt: schemas.At(at)}
		for range rapid.IntRange(0, 3).Draw(t, "pauses") {
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(24*time.Hour)).Draw(t, "run")))
			from := schemas.At(at)
			at = at.Add(time.Duration(rapid.Int64Range(0, int64(20*24*time.Hour)).Draw(t, "length")))
			to := schemas.At(at)
			k.Pauses = append(k.Pauses, schemas.Pause{From: from, To: &to, Ground: "hearing"})
		}
		k = Recount(cal, k)
		c := CountOf(cal, k.StartedAt.Time, l, k.Pauses)
		if !k.DueAt.Equal(c.Due) || k.Provisional != c.Provisional {
			t.Fatalf("clock due %v %v, shown %v %v", k.DueAt, k.Provisional, c.Due, c.Provisional)
		}
		for i, d := range c.Ledger {
			if d.Date != c.Ledger[0].Date.AddDays(i) || d.Counted > l.Days || d.PausedSeconds < 0 || d.PausedSeconds > 86400 {
				t.Fatalf("row %d: %+v", i, d)
			}
		}
		if last := c.Ledger[len(c.Ledger)-1]; last.Date != c.LastDay || calendar.Of(c.Due.Add(-1)) != c.LastDay {
			t.Fatalf("last row %v, last day %v, due %v", last.Date, c.LastDay, c.Due)
		}
	})
}

// Clocks of records that do not say how they were counted go on as those records would have.
func TestAnOldClockResumes(t *testing.T) {
	d := adult(t)
	accepted(d, "2024-09-10 10:00")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "200", Ground: "hearing"}, schemas.Remark{NoticeNo: "1"})
	for i := range d.file.Dossier.Open.Clocks {
		k := &d.file.Dossier.Open.Clocks[i]
		k.Limit, k.Pauses = nil, nil
	}
	d.tick(24 * time.Hour)
	d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"})
	if k := d.clock(ClockPromised); !k.DueAt.Equal(shanghai(t, "2024-09-14").Time) || !k.Rungs[3].At.Equal(k.DueAt.Time) {
		t.Errorf("due %v, rungs %v", k.DueAt, k.Rungs)
	}
}
