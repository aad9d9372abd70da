// Package calendar counts legal time limits in the working days of the People's Republic of China.
//
// # Which days work
//
// A day that the State Council's notice for its year lists is off or worked as listed; any other day works from Monday
// to Friday. Make-up days (调休上班) are working days. The notices are data (deploy/calendars), loaded once.
//
// # How a limit is counted
//
// The day of acceptance is not counted (民法典 第201条). Working days only count (行政许可法 第82条). The last day ends
// at 24:00, or at the close of business where the limit says so (民法典 第203条). A deadline is half-open: it names the
// first instant that is too late.
//
// # Years without a notice
//
// The notice for a year comes out in the autumn before it. A deadline that touches a day without a notice is provisional: it is the
// earliest it could be when weekends and the statutory days off with a fixed date are off and every other day works.
// Festivals of the lunar calendar, bridges and make-up days are unknown. Bridges and festivals move the deadline later
// when the notice is loaded; a make-up weekend can move it earlier, so a provisional deadline is counted again then.
// A notice may also list days of the December before its year (the one for 2019 does): a new notice can move deadlines
// of that December too.
//
// # Concurrency
//
// A Calendar never changes: it is safe for concurrent use, and the same version gives the same answers for ever.
// The package reads no clock and, but for [Load], does no I/O.
package calendar

import (
	"slices"
	"strings"
	"time"
)

// Calendar knows which days work and the office hours of a working day.
type Calendar struct {
	notices []notice
	fixed   statutory
	hours   []Schedule

	version string
	horizon Date
	// marks holds the days from first on, up to the end of the last year with a notice.
	first  Date
	marks  []mark
	listed map[Date]listing
}

// mark is what the table knows of a day, in a form that counts fast.
type mark uint8

const (
	markWorks mark = 1 << iota
	markKnown
)

// listing is a day as a notice lists it.
type listing struct {
	name   string
	notice string
}

// Day is one row of a deadline's ledger.
type Day struct {
	Date Date `json:"date" doc:"日期"`
	// Working says whether offices work on this day.
	Working bool `json:"working" doc:"是否工作日"`
	// Counted is the day's number within the limit, 0 for a day that is not counted.
	Counted int `json:"counted" doc:"计入期限的第几日，0 为不计"`
	// Why says in Chinese what makes it a working day or a day off.
	Why string `json:"why" doc:"理由"`
	// Notice names the State Council notice or the statute that says so; empty where the weekday alone decides.
	Notice string `json:"notice,omitempty" doc:"依据的通知或法规"`
	// Provisional marks a day whose year has no notice yet.
	Provisional bool `json:"provisional" doc:"该年份尚无通知"`
	// PausedSeconds is how much of the day a pause took out of the limit.
	PausedSeconds float64 `json:"paused_seconds,omitempty" doc:"当日中止的秒数"`
}

// Version names the content of the calendar: the notices, the statutory days and the office hours. The order of
// files and their layout do not matter.
func (c *Calendar) Version() string { return c.version }

// Horizon returns the last day that a notice covers without a gap from the first year on.
func (c *Calendar) Horizon() Date { return c.horizon }

// Working reports whether d is a working day, why in Chinese, and whether a notice covers it. Without a notice the
// answer is provisional. [Calendar.Day] also names the notice.
func (c *Calendar) Working(d Date) (working bool, why string, known bool) {
	day := c.Day(d)
	return day.Working, day.Why, !day.Provisional
}

// Papers names the notices of a year, by title and number; nil where there is none.
func (c *Calendar) Papers(year int) []string {
	for _, n := range c.notices {
		if n.Year == year {
			return slices.Clone(n.Papers)
		}
	}
	return nil
}

// Covers reports whether a notice covers every day from one to the other, both included.
func (c *Calendar) Covers(from, to Date) bool {
	for ; !from.After(to); from = from.AddDays(1) {
		if c.at(from)&markKnown == 0 {
			return false
		}
	}
	return true
}

// WorkingDays returns how many working days lie after from, up to and including to; negative where to is earlier.
func (c *Calendar) WorkingDays(from, to Date) int {
	if to.Before(from) {
		return -c.WorkingDays(to, from)
	}
	n := 0
	for from.Before(to) {
		from = from.AddDays(1)
		if c.at(from)&markWorks != 0 {
			n++
		}
	}
	return n
}

// Day returns all that is known of d, not counted within any limit.
func (c *Calendar) Day(d Date) Day {
	m := c.at(d)
	day := Day{Date: d, Working: m&markWorks != 0, Provisional: m&markKnown == 0}
	switch l, listed := c.listed[d]; {
	case listed && day.Working:
		day.Why, day.Notice = l.name+"（调休上班）", l.notice
	case listed:
		day.Why, day.Notice = l.name+"（放假）", l.notice
	case day.Working:
		day.Why = "工作日"
	case weekend(d):
		day.Why = "周末"
	default:
		day.Why, day.Notice = c.fixed.on(d)+"（法定节假日）", c.fixed.Basis
	}
	return day
}

// at is the table look-up, by the rule where the table ends.
func (c *Calendar) at(d Date) mark {
	if i := d.Sub(c.first); i >= 0 && i < len(c.marks) {
		return c.marks[i]
	}
	return c.withoutNotice(d)
}

// withoutNotice is the rule for a day that no notice covers.
func (c *Calendar) withoutNotice(d Date) mark {
	if weekend(d) || c.fixed.on(d) != "" {
		return 0
	}
	return markWorks
}

func weekend(d Date) bool {
	w := d.Weekday()
	return w == time.Saturday || w == time.Sunday
}

// newCalendar builds the table from notices that hold no fault, sorted by year.
func newCalendar(notices []notice, fixed statutory) *Calendar {
	c := &Calendar{notices: notices, fixed: fixed, listed: map[Date]listing{}}
	c.hours = []Schedule{{Hours: OfficeHours()}}
	firstYear, lastYear := notices[0].Year, notices[len(notices)-1].Year
	// From December on: a notice may list days of the December before its year.
	c.first = On(firstYear-1, time.December, 1)
	c.marks = make([]mark, On(lastYear+1, time.January, 1).Sub(c.first))
	for i := range c.marks {
		c.marks[i] = c.withoutNotice(c.first.AddDays(i))
	}
	for _, n := range notices {
		c.coverYear(n.Year)
		if c.horizon.IsZero() || On(n.Year, time.January, 1) == c.horizon.AddDays(1) {
			c.horizon = On(n.Year, time.December, 31)
		}
	}
	for _, n := range notices {
		c.list(n)
	}
	c.version = c.hash()
	return c
}

// coverYear marks the days of a year with a notice by their weekday.
func (c *Calendar) coverYear(year int) {
	for d := On(year, time.January, 1); d.Before(On(year+1, time.January, 1)); d = d.AddDays(1) {
		m := markKnown
		if !weekend(d) {
			m |= markWorks
		}
		c.marks[d.Sub(c.first)] = m
	}
}

// list lays the days that a notice lists over the weekdays.
func (c *Calendar) list(n notice) {
	papers := strings.Join(n.Papers, "；")
	for _, day := range n.Days {
		m := markKnown
		if !day.Off {
			m |= markWorks
		}
		c.marks[day.Date.Sub(c.first)] = m
		c.listed[day.Date] = listing{name: day.Name, notice: papers}
	}
}
