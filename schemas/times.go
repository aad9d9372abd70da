package schemas

import (
	"errors"
	"time"
)

// Shanghai is the zone of every time that is shown or sent. China has kept +08:00 without daylight saving since 1991-09-15,
// and the hub counts nothing before 2024, so a fixed offset needs no zone data on the machine.
var Shanghai = time.FixedZone("CST", 8*60*60)

// Time is an instant that reads and writes as RFC 3339 at +08:00, to the microsecond.
type Time struct{ time.Time }

// wireLayout writes an instant that is cut to the microsecond and stands at +08:00; package time has a fast path for it.
const wireLayout = time.RFC3339Nano

// At returns t as a wire time: in Shanghai, cut to the microsecond, without a monotonic reading.
func At(t time.Time) Time { return Time{t.Truncate(time.Microsecond).In(Shanghai)} }

// String formats t as it stands on the wire.
func (t Time) String() string { return At(t.Time).Format(wireLayout) }

// appendTo appends the time as it stands on the wire.
func (t Time) appendTo(b []byte) []byte { return At(t.Time).AppendFormat(b, wireLayout) }

// MarshalJSON writes RFC 3339 at +08:00. A year that RFC 3339 cannot write is an error: nobody could read it again.
func (t Time) MarshalJSON() ([]byte, error) {
	if !t.writable() {
		return nil, errTimeRange
	}
	b := make([]byte, 0, len(wireLayout)+2)
	b = append(b, '"')
	return append(t.appendTo(b), '"'), nil
}

var errTimeRange = errors.New("time: the year at +08:00 is not one of four digits")

func (t Time) writable() bool {
	year := t.In(Shanghai).Year()
	return year >= 0 && year <= 9999
}

// UnmarshalJSON reads RFC 3339 with any offset.
func (t *Time) UnmarshalJSON(b []byte) error {
	if len(b) < 2 || b[0] != '"' {
		return errors.New("time: not a string")
	}
	v, err := time.Parse(time.RFC3339Nano, string(b[1:len(b)-1]))
	if err != nil {
		return errors.New("time: not RFC 3339")
	}
	if read := At(v); read.writable() {
		*t = read
		return nil
	}
	return errTimeRange
}

// Date is a civil date YYYY-MM-DD, never an instant: birth dates and permit dates have no zone.
type Date string

// Valid reports whether d names a day that exists.
func (d Date) Valid() bool {
	_, err := time.Parse(time.DateOnly, string(d))
	return err == nil
}

// Day returns the civil date of t in Shanghai.
func Day(t time.Time) Date { return Date(t.In(Shanghai).Format(time.DateOnly)) }
