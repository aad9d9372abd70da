package casework

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"permithub/schemas"
)

// registered counts the union of the intervals that lie in Zhejiang up to the day of at, that day included, and says what it counted.
func (p *Policy) registered(intervals []schemas.Interval, at schemas.Time) (bool, string) {
	runs := p.lastRun(union(intervals, schemas.Day(at.Time)))
	days, months, rest := 0, 0, 0
	for _, r := range runs {
		days += r.days()
		m, d := r.months()
		months, rest = months+m, rest+d
	}
	if p.CountBy == CountMonths {
		// 民法典 第200–202条 count a month by its own length; days left over from broken months add up to months of thirty.
		return months+rest/30 >= 6, fmt.Sprintf("累计 %d 个月 %d 天 / 6 个月", months+rest/30, rest%30)
	}
	return days >= p.RequiredDays, fmt.Sprintf("累计 %d 天 / %d 天", days, p.RequiredDays)
}

// span is a run of civil days, both ends included, as UTC midnights.
type span struct{ from, to time.Time }

func (s span) days() int { return int(s.to.Sub(s.from).Hours()/24) + 1 }

// months returns the full months of the run and the days left over.
func (s span) months() (int, int) {
	end := s.to.AddDate(0, 0, 1)
	n := 0
	for !addMonths(s.from, n+1).After(end) {
		n++
	}
	return n, int(end.Sub(addMonths(s.from, n)).Hours() / 24)
}

// addMonths ends on the last day of a shorter month instead of running into the next one.
func addMonths(t time.Time, n int) time.Time {
	first := time.Date(t.Year(), t.Month()+time.Month(n), 1, 0, 0, 0, 0, time.UTC)
	last := first.AddDate(0, 1, -1).Day()
	return first.AddDate(0, 0, min(t.Day(), last)-1)
}

// union merges the registrations in Zhejiang; an open one runs to today, nothing counts beyond it.
func union(intervals []schemas.Interval, today schemas.Date) []span {
	var spans []span
	last, _ := time.Parse(time.DateOnly, string(today))
	for _, v := range intervals {
		from, err1 := time.Parse(time.DateOnly, string(v.From))
		end, err2 := time.Parse(time.DateOnly, string(cmp.Or(v.To, today)))
		if err1 != nil || err2 != nil || !strings.HasPrefix(v.Division, zhejiang) {
			continue
		}
		if end.After(last) {
			end = last
		}
		if !end.Before(from) {
			spans = append(spans, span{from, end})
		}
	}
	slices.SortFunc(spans, func(x, y span) int { return x.from.Compare(y.from) })
	var merged []span
	for _, s := range spans {
		if n := len(merged); n > 0 && !s.from.After(merged[n-1].to.AddDate(0, 0, 1)) {
			if s.to.After(merged[n-1].to) {
				merged[n-1].to = s.to
			}
			continue
		}
		merged = append(merged, s)
	}
	return merged
}

// lastRun drops what lies before a gap longer than the policy allows.
func (p *Policy) lastRun(spans []span) []span {
	if p.MaxGapDays == 0 {
		return spans
	}
	for i := len(spans) - 1; i > 0; i-- {
		if gap := int(spans[i].from.Sub(spans[i-1].to).Hours()/24) - 1; gap > p.MaxGapDays {
			return spans[i:]
		}
	}
	return spans
}
