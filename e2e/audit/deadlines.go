package audit

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"time"
)

// shanghai has had no daylight saving since 1991.
var shanghai = time.FixedZone("CST", 8*60*60)

// promisedDays is the promise of 盐政办发〔2024〕10号: two working days, the day of acceptance not counted.
const promisedDays = 2

// deadlines counts T1 of each accepted application again, day by day, and checks that breaches are recorded once, at the true instant.
func (a *audit) deadlines(file []*transition, calendar map[string]bool) {
	breached := map[string]int{}
	for _, t := range file {
		for _, ev := range t.Events {
			switch ev.Type {
			case "accepted":
				a.promised(t, &ev, calendar)
			case "deadline_breached":
				if breached[ev.ApplicationNo+ev.Clock]++; breached[ev.ApplicationNo+ev.Clock] > 1 || ev.DueAt == nil || !ev.At.Equal(*ev.DueAt) {
					a.fault("%s: breach of %s is recorded again or dated at %v", t.where, ev.Clock, ev.At)
				}
			}
		}
	}
}

func (a *audit) promised(t *transition, ev *event, calendar map[string]bool) {
	want := Due(ev.At, promisedDays, calendar)
	if ev.DueAt == nil || !ev.DueAt.Equal(want) {
		a.fault("%s: accepted %v, due %v, want %v", t.where, ev.At, ev.DueAt, want)
	}
	found := false
	if o := t.Dossier.Open; o != nil && o.ApplicationNo == ev.ApplicationNo {
		for _, c := range o.Clocks {
			found = found || c.ID == "T1" && c.DueAt.Equal(want)
		}
	}
	for _, e := range t.Dossier.Ended {
		found = found || e.ApplicationNo == ev.ApplicationNo && e.DueAt != nil && e.DueAt.Equal(want)
	}
	if !found {
		a.fault("%s: accepted without a clock T1 due at %v", t.where, want)
	}
}

// Due is the first instant after so many working days, the first day not counted.
func Due(from time.Time, days int, calendar map[string]bool) time.Time {
	y, m, d := from.In(shanghai).Date()
	for day := 1; ; day++ {
		t := time.Date(y, m, d+day, 0, 0, 0, 0, shanghai)
		off, listed := calendar[t.Format(time.DateOnly)]
		if !listed {
			off = t.Weekday() == time.Saturday || t.Weekday() == time.Sunday
		}
		if off {
			continue
		}
		if days--; days == 0 {
			return t.AddDate(0, 0, 1)
		}
	}
}

// ReadCalendar reads the State Council's notices in the holiday-cn layout, one file a year.
func ReadCalendar(dir fs.FS) (map[string]bool, error) {
	files, err := fs.Glob(dir, "2*.json")
	if err != nil || len(files) == 0 {
		return nil, fmt.Errorf("calendar: %d files, %w", len(files), err)
	}
	days := map[string]bool{}
	for _, name := range files {
		raw, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, err
		}
		var year struct {
			Days []struct {
				Date     string `json:"date"`
				IsOffDay bool   `json:"isOffDay"`
			} `json:"days"`
		}
		if err := json.Unmarshal(raw, &year); err != nil {
			return nil, fmt.Errorf("calendar %s: %w", name, err)
		}
		for _, d := range year.Days {
			days[d.Date] = d.IsOffDay
		}
	}
	return days, nil
}
