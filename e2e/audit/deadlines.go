package audit

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// shanghai has had no daylight saving since 1991.
var shanghai = time.FixedZone("CST", 8*60*60)

// promisedDays is the promise of 盐政办发〔2024〕10号: two working days, the day of acceptance not counted.
const promisedDays = 2

// grace is how long a breach may stay unrecorded while the hub runs.
const grace = time.Minute

// promise is what T1 of one application comes to by this count.
type promise struct {
	due       time.Time
	met       *time.Time // issued or ended
	suspended bool       // the due time moves with working hours, which this count leaves to the hub's own tests
	breached  int
}

// deadlines counts T1 of each accepted application again, day by day, and checks that each breach is recorded once, at the true instant, and that
// none is missing.
func (a *audit) deadlines(file []*transition, e *Evidence) {
	promises := map[string]*promise{}
	breaches := map[string]int{}
	for _, t := range file {
		for i := range t.Events {
			ev := &t.Events[i]
			p := promises[ev.ApplicationNo]
			switch {
			case ev.Type == "accepted" && p == nil:
				promises[ev.ApplicationNo] = &promise{due: Due(ev.At, promisedDays, e.Calendar)}
				a.promised(t, ev, e.Calendar)
			case ev.Type == "deadline_breached":
				breaches[ev.ApplicationNo+ev.Clock]++
				a.breach(t, ev, breaches[ev.ApplicationNo+ev.Clock], p)
			case p == nil:
			case ev.Type == "suspended":
				p.suspended = true
			case p.met == nil && (ev.Type == "issued" || slices.Contains(ends, ev.To)):
				p.met = &ev.At
			}
		}
	}
	for _, no := range slices.Sorted(maps.Keys(promises)) {
		p := promises[no]
		late := p.met == nil && p.due.Add(grace).Before(e.Now) || p.met != nil && !p.due.After(*p.met)
		if late && p.breached == 0 && !p.suspended {
			a.fault("application %s: due %v, met %v, and no breach is recorded", no, p.due, p.met)
		}
	}
}

// breach checks one recorded breach: the first of its clock, dated when it was due and seen no earlier; of T1 where this count says so.
func (a *audit) breach(t *transition, ev *event, nth int, p *promise) {
	if nth > 1 || ev.DueAt == nil || !ev.At.Equal(*ev.DueAt) || ev.DetectedAt == nil || ev.DetectedAt.Before(ev.At) {
		a.fault("%s: breach of %s is recorded again or dated wrong: at %v, due %v, detected %v", t.where, ev.Clock, ev.At, ev.DueAt, ev.DetectedAt)
	}
	if p == nil || ev.Clock != "T1" {
		return
	}
	p.breached++
	if !p.suspended && !ev.At.Equal(p.due) {
		a.fault("%s: breach of T1 dated %v, due %v", t.where, ev.At, p.due)
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
