package calendar

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Shanghai is the zone in which days begin and end. It is a fixed offset, not zone data: China has kept +08:00 without
// daylight saving since 1991-09-15, nothing is counted before 2024, and the binary must count the same on a machine
// without a zone database and after an update of one.
var Shanghai = time.FixedZone("CST", zoneSeconds)

const (
	zoneSeconds = 8 * 60 * 60
	daySeconds  = 24 * 60 * 60
	// epochDay is 1970-01-01 in days since 0000-12-31.
	epochDay = 719163
)

// Date is a civil date in Shanghai, never an instant. Dates compare with ==; the zero Date is no date.
// It is a day number and not a time.Time, so that adding a day or asking for the weekday is arithmetic and
// a date with a clock time or a zone cannot exist.
type Date struct {
	// n is the number of days since 0000-12-31.
	n int32
}

// On returns the date of year, month and day; days out of range run over into the next month as in time.Date.
func On(year int, month time.Month, day int) Date {
	return Of(time.Date(year, month, day, 0, 0, 0, 0, Shanghai))
}

// Of returns the date on which t falls in Shanghai.
func Of(t time.Time) Date {
	s := t.Unix() + zoneSeconds
	days := s / daySeconds
	if s%daySeconds < 0 {
		days--
	}
	return Date{int32(days + epochDay)}
}

// ParseDate reads YYYY-MM-DD, from year 1.
func ParseDate(s string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, Shanghai)
	if err != nil {
		return Date{}, fmt.Errorf("date %q: %s", s, reason(err, "want YYYY-MM-DD"))
	}
	if t.Year() < 1 {
		return Date{}, fmt.Errorf("date %q: before year 1", s)
	}
	return Of(t), nil
}

// String returns YYYY-MM-DD.
func (d Date) String() string { return d.Start().Format(time.DateOnly) }

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// Start returns the first instant of the day, 00:00 +08:00.
func (d Date) Start() time.Time {
	return time.Unix((int64(d.n)-epochDay)*daySeconds-zoneSeconds, 0).In(Shanghai)
}

// Civil returns year, month and day.
func (d Date) Civil() (int, time.Month, int) { return d.Start().Date() }

// Weekday returns the day of the week.
func (d Date) Weekday() time.Weekday {
	// Day 1, 0001-01-01, was a Monday.
	return time.Weekday((d.n%7 + 7) % 7)
}

// AddDays returns the date n days later, earlier for a negative n.
func (d Date) AddDays(n int) Date { return Date{d.n + int32(n)} }

// Sub returns the number of days from o to d.
func (d Date) Sub(o Date) int { return int(d.n) - int(o.n) }

// Before reports whether d is earlier than o.
func (d Date) Before(o Date) bool { return d.n < o.n }

// After reports whether d is later than o.
func (d Date) After(o Date) bool { return d.n > o.n }

// Compare orders dates for slices.SortFunc and the like.
func (d Date) Compare(o Date) int { return cmp.Compare(d.n, o.n) }

// Equal is ==, for callers that compare with go-cmp.
func (d Date) Equal(o Date) bool { return d == o }

// MarshalText writes YYYY-MM-DD, nothing for no date.
func (d Date) MarshalText() ([]byte, error) {
	if d.IsZero() {
		return nil, nil
	}
	return []byte(d.String()), nil
}

// UnmarshalText reads YYYY-MM-DD, nothing as no date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	v, err := ParseDate(string(text))
	if err == nil {
		*d = v
	}
	return err
}

// ParseInstant reads an instant as people write it: RFC 3339 with its own offset, or "2006-01-02",
// "2006-01-02 15:04" and "2006-01-02 15:04:05" as Shanghai time; a date alone is its 00:00. The result is in Shanghai.
func ParseInstant(s string) (time.Time, error) {
	s = strings.TrimSpace(s)
	layout := time.DateTime
	switch {
	case strings.Contains(s, "T"):
		layout = time.RFC3339
	case len(s) <= len(time.DateOnly):
		layout = time.DateOnly
	case strings.Count(s, ":") == 1:
		layout = "2006-01-02 15:04"
	}
	t, err := time.ParseInLocation(layout, s, Shanghai)
	if err != nil {
		return time.Time{}, fmt.Errorf("instant %q: %s", s, reason(err, `want RFC 3339 with an offset `+
			`("2026-01-05T09:30:00+08:00") or Shanghai time as "2026-01-05", "2026-01-05 09:30" or "2026-01-05 09:30:00"`))
	}
	return t.In(Shanghai), nil
}

// reason returns what is wrong with a time: that it does not exist ("day out of range"), else the forms that are read.
func reason(err error, want string) string {
	var p *time.ParseError
	if errors.As(err, &p) && strings.HasSuffix(p.Message, "out of range") {
		return strings.TrimPrefix(p.Message, ": ")
	}
	return want
}
