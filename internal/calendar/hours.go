package calendar

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

const fullDay = 24 * time.Hour

// Interval is a stretch of office hours within one day, from Open up to but not including Close, both since midnight.
// As text it is "08:30-12:00", with seconds where there are any.
type Interval struct {
	Open, Close time.Duration
}

// Schedule is the office hours of every working day from a date on, until the next schedule.
type Schedule struct {
	// From is the first day; zero means since ever.
	From Date `json:"from"`
	// Hours are the intervals of a day in order, without overlap; at least one.
	Hours []Interval `json:"hours"`
}

// OfficeHours returns the hours of a calendar that was given none: 08:30–12:00 and 13:30–17:00.
func OfficeHours() []Interval {
	return []Interval{
		{Open: 8*time.Hour + 30*time.Minute, Close: 12 * time.Hour},
		{Open: 13*time.Hour + 30*time.Minute, Close: 17 * time.Hour},
	}
}

// WithHours returns a calendar with the same days and these office hours, for example one schedule for the summer and
// one from autumn on. It returns every fault at once. The version differs where the hours differ.
func (c *Calendar) WithHours(schedules ...Schedule) (*Calendar, error) {
	var faults []error
	if len(schedules) == 0 {
		faults = append(faults, errors.New("no schedule"))
	}
	for i, s := range schedules {
		if i > 0 && !schedules[i-1].From.Before(s.From) {
			faults = append(faults, fmt.Errorf("schedule %d: from %v is not after the one before", i+1, s.From))
		}
		for _, err := range s.faults() {
			faults = append(faults, fmt.Errorf("schedule %d: %w", i+1, err))
		}
	}
	if len(faults) > 0 {
		return nil, fmt.Errorf("set office hours: %w", errors.Join(faults...))
	}
	copied := *c
	copied.hours = slices.Clone(schedules)
	for i := range copied.hours {
		copied.hours[i].Hours = slices.Clone(copied.hours[i].Hours)
	}
	copied.version = copied.hash()
	return &copied, nil
}

func (s Schedule) faults() []error {
	var faults []error
	if len(s.Hours) == 0 {
		faults = append(faults, errors.New("no hours"))
	}
	for i, iv := range s.Hours {
		if iv.Open < 0 || iv.Open >= iv.Close || iv.Close > fullDay {
			faults = append(faults, fmt.Errorf("hours %v: not a stretch of one day", iv))
		}
		if i > 0 && s.Hours[i-1].Close > iv.Open {
			faults = append(faults, fmt.Errorf("hours %v: not after %v", iv, s.Hours[i-1]))
		}
	}
	return faults
}

// hoursOn returns the schedule in force on d; whether d works is another question.
func (c *Calendar) hoursOn(d Date) []Interval {
	for i := len(c.hours) - 1; i >= 0; i-- {
		if !d.Before(c.hours[i].From) {
			return c.hours[i].Hours
		}
	}
	return nil
}

// String returns "08:30-12:00".
func (iv Interval) String() string { return clock(iv.Open) + "-" + clock(iv.Close) }

// MarshalText writes "08:30-12:00".
func (iv Interval) MarshalText() ([]byte, error) { return []byte(iv.String()), nil }

// UnmarshalText reads "08:30-12:00" or "08:30:00-12:00:00"; the end may be 24:00.
func (iv *Interval) UnmarshalText(text []byte) error {
	from, to, _ := strings.Cut(string(text), "-")
	opens, err1 := parseClock(from)
	closes, err2 := parseClock(to)
	if err1 != nil || err2 != nil {
		return fmt.Errorf("office hours %q: want HH:MM-HH:MM", text)
	}
	*iv = Interval{Open: opens, Close: closes}
	return nil
}

func clock(d time.Duration) string {
	s := fmt.Sprintf("%02d:%02d", d/time.Hour, d/time.Minute%60)
	if rest := d % time.Minute; rest != 0 {
		s += fmt.Sprintf(":%02d", rest/time.Second)
	}
	return s
}

func parseClock(s string) (time.Duration, error) {
	s = strings.TrimSpace(s)
	if s == "24:00" || s == "24:00:00" {
		return fullDay, nil
	}
	layout := time.TimeOnly
	if strings.Count(s, ":") == 1 {
		layout = "15:04"
	}
	t, err := time.Parse(layout, s)
	if err != nil {
		return 0, err
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute + time.Duration(t.Second())*time.Second, nil
}
