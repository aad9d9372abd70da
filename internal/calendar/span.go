package calendar

import "time"

// timetable gives the stretches of a day that count as time; nil where none does.
type timetable func(Date) []Interval

// wholeDay is never written to.
var wholeDay = []Interval{{0, fullDay}}

func (c *Calendar) office(d Date) []Interval {
	if c.at(d)&markWorks == 0 {
		return nil
	}
	return c.hoursOn(d)
}

func (c *Calendar) workdays(d Date) []Interval {
	if c.at(d)&markWorks == 0 {
		return nil
	}
	return wholeDay
}

func everyDay(Date) []Interval { return wholeDay }

// WorkingHours returns the office time between two instants: the intervals of office hours on working days.
// It is negative where to is earlier, so that spans add up in any order.
func (c *Calendar) WorkingHours(from, to time.Time) time.Duration {
	if to.Before(from) {
		return -c.WorkingHours(to, from)
	}
	return timetable(c.office).between(from, to)
}

// Add returns the first instant by which d of office time has passed since from; from itself for a d that is not positive.
func (c *Calendar) Add(from time.Time, d time.Duration) time.Time {
	return timetable(c.office).after(from.In(Shanghai), d)
}

// WorkingTime returns the time of working days between two instants, whole days of 24 hours: what a pause leaves of a limit.
// It is negative where to is earlier.
func (c *Calendar) WorkingTime(from, to time.Time) time.Duration {
	if to.Before(from) {
		return -c.WorkingTime(to, from)
	}
	return timetable(c.workdays).between(from, to)
}

// AddWorkingTime returns the first instant by which d of working-day time has passed since from; from itself for a d that is not positive.
func (c *Calendar) AddWorkingTime(from time.Time, d time.Duration) time.Time {
	return timetable(c.workdays).after(from.In(Shanghai), d)
}

// Share returns the instant by which percent of the working budget between from and due has passed: when to warn.
// The budget is the office time of the span; where it has none, the time of its working days; where it has
// none of those either, all of its time.
//
// The result grows with percent and never leaves the span: it is from for 0 and less, due for 100 and more, and due
// for a span that is empty.
func (c *Calendar) Share(from, due time.Time, percent int) time.Time {
	from, due = from.In(Shanghai), due.In(Shanghai)
	switch {
	case percent >= 100 || !from.Before(due):
		return due
	case percent <= 0:
		return from
	}
	for _, counts := range []timetable{c.office, c.workdays, everyDay} {
		if budget := counts.between(from, due); budget > 0 {
			// Split, because budget*percent overflows within a few years.
			p := time.Duration(percent)
			return counts.after(from, budget/100*p+budget%100*p/100)
		}
	}
	return due
}

func (counts timetable) between(from, to time.Time) time.Duration {
	var sum time.Duration
	for d, last := Of(from), Of(to); !d.After(last); d = d.AddDays(1) {
		for _, iv := range counts(d) {
			start, end := iv.on(d)
			if start.Before(from) {
				start = from
			}
			if end.After(to) {
				end = to
			}
			sum += max(0, end.Sub(start))
		}
	}
	return sum
}

// after ends because every timetable has time on every working day from some day on, and Mondays to Fridays outside
// the notices work.
func (counts timetable) after(from time.Time, left time.Duration) time.Time {
	if left <= 0 {
		return from
	}
	for d := Of(from); ; d = d.AddDays(1) {
		for _, iv := range counts(d) {
			start, end := iv.on(d)
			if start.Before(from) {
				start = from
			}
			has := max(0, end.Sub(start))
			if left <= has {
				return start.Add(left)
			}
			left -= has
		}
	}
}

func (iv Interval) on(d Date) (start, end time.Time) {
	midnight := d.Start()
	return midnight.Add(iv.Open), midnight.Add(iv.Close)
}
