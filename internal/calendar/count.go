package calendar

import "time"

// Deadline is the end of a limit and the days that lead to it.
type Deadline struct {
	// Accepted is the instant from which the limit was counted, in Shanghai.
	Accepted time.Time `json:"accepted_at" doc:"起算时刻"`
	// Limit is what was counted.
	Limit Limit `json:"limit" doc:"期限"`
	// Due is half-open: the first instant that is too late. For a day that ends at 24:00 it is 00:00 of the next day.
	Due time.Time `json:"due_at" doc:"届满：自该时刻起即为超期"`
	// LastDay is the last day on which one is in time.
	LastDay Date `json:"last_day" doc:"最后一日"`
	// Provisional says that a counted or skipped day has no notice yet, so that Due may move.
	Provisional bool `json:"provisional" doc:"是否暂定：所需年份的放假安排尚未公布"`
	// CalendarVersion names the calendar that counted.
	CalendarVersion string `json:"calendar_version" doc:"日历版本"`
	// Ledger holds every day from the day of acceptance to the last day.
	Ledger []Day `json:"days" doc:"逐日" nullable:"false"`
}

// Due is [Calendar.Count] without the ledger, for where a deadline is needed and not its explanation. It does not allocate.
func (c *Calendar) Due(from time.Time, l Limit) (due time.Time, provisional bool) {
	last, provisional := c.lastDay(Of(from), l)
	return c.end(last, l.End), provisional
}

// Count returns the deadline of a limit that starts at from, with its day-by-day ledger. The day on which from falls
// in Shanghai is not counted, whatever the hour and whether or not it works.
func (c *Calendar) Count(from time.Time, l Limit) Deadline {
	start := Of(from)
	last, provisional := c.lastDay(start, l)
	return Deadline{
		Accepted:        from.In(Shanghai),
		Limit:           l,
		Due:             c.end(last, l.End),
		LastDay:         last,
		Provisional:     provisional,
		CalendarVersion: c.version,
		Ledger:          c.ledger(start, last, l),
	}
}

func (c *Calendar) lastDay(start Date, l Limit) (last Date, provisional bool) {
	last = start
	for n := 0; ; {
		last = last.AddDays(1)
		m := c.at(last)
		provisional = provisional || m&markKnown == 0
		works := m&markWorks != 0
		if works || l.Unit == CalendarDays {
			n++
		}
		// Working days always end on one. A calendar limit that ends on a day off goes on to the next working day.
		if n >= l.Days && works {
			return last, provisional
		}
	}
}

func (c *Calendar) end(last Date, e End) time.Time {
	if hours := c.hoursOn(last); e == CloseOfBusiness && len(hours) > 0 {
		return last.Start().Add(hours[len(hours)-1].Close)
	}
	return last.AddDays(1).Start()
}

func (c *Calendar) ledger(start, last Date, l Limit) []Day {
	days := make([]Day, 0, last.Sub(start)+1)
	days = append(days, c.Day(start))
	n, full := 0, max(1, l.Days)
	for d := start.AddDays(1); !d.After(last); d = d.AddDays(1) {
		day := c.Day(d)
		if n < full && (day.Working || l.Unit == CalendarDays) {
			n++
			day.Counted = n
		}
		days = append(days, day)
	}
	return days
}

// Stretch is a time between two instants, the second one excluded.
type Stretch struct{ From, To time.Time }

// Extend returns a deadline that was moved to due by pauses, with its ledger: each day says how much of it was paused, and a day is
// numbered when another whole day of the limit has passed by its end.
func (c *Calendar) Extend(d Deadline, due time.Time, pauses []Stretch) Deadline {
	d.Due, d.LastDay = due, Of(due.Add(-1))
	start := Of(d.Accepted)
	d.Ledger, d.Provisional = []Day{c.Day(start)}, false
	d.Ledger[0].PausedSeconds = pausedOn(start, pauses)
	var spent time.Duration
	for day := start.AddDays(1); !day.After(d.LastDay); day = day.AddDays(1) {
		row := c.Day(day)
		row.PausedSeconds = pausedOn(day, pauses)
		if row.Working || d.Limit.Unit == CalendarDays {
			before := spent / fullDay
			spent += fullDay - time.Duration(row.PausedSeconds*float64(time.Second))
			if n := int(spent / fullDay); n > int(before) && n <= d.Limit.Days {
				row.Counted = n
			}
		}
		d.Provisional = d.Provisional || row.Provisional
		d.Ledger = append(d.Ledger, row)
	}
	return d
}

// pausedOn returns the seconds of a day that lie in the pauses, which do not overlap.
func pausedOn(d Date, pauses []Stretch) float64 {
	var sum time.Duration
	for _, p := range pauses {
		from, to := p.From, p.To
		if start := d.Start(); from.Before(start) {
			from = start
		}
		if end := d.AddDays(1).Start(); to.After(end) {
			to = end
		}
		sum += max(0, to.Sub(from))
	}
	return sum.Seconds()
}
