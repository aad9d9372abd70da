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
func (t Time) String() string {
	var b [len(wireLayout)]byte
	return string(t.appendTo(b[:0]))
}

// appendTo appends the time as it stands on the wire. A transition has a dozen of them.
func (t Time) appendTo(b []byte) []byte {
	const day = 86_400
	seconds := t.Unix() + 8*3600
	days := floorDiv(seconds, day)
	year, month, dayOfMonth := civilOf(days)
	if year < 0 || year > 9999 { // nobody reads it again, but it is shown
		return At(t.Time).AppendFormat(b, wireLayout)
	}
	rest := int(seconds - days*day)
	b = appendTwo(appendTwo(b, year/100), year%100)
	b = appendTwo(append(b, '-'), month)
	b = appendTwo(append(b, '-'), dayOfMonth)
	b = appendTwo(append(b, 'T'), rest/3600)
	b = appendTwo(append(b, ':'), rest/60%60)
	b = appendTwo(append(b, ':'), rest%60)
	if micros := t.Nanosecond() / 1000; micros > 0 {
		b = appendTwo(append(b, '.'), micros/10_000)
		b = appendTwo(appendTwo(b, micros/100%100), micros%100)
		for b[len(b)-1] == '0' {
			b = b[:len(b)-1]
		}
	}
	return append(b, "+08:00"...)
}

// appendTwo appends two digits.
func appendTwo(b []byte, n int) []byte { return append(b, byte('0'+n/10), byte('0'+n%10)) }

const (
	daysPerEra  = 146_097 // of 400 years, after which the Gregorian calendar repeats
	daysToEpoch = 719_468 // from 0000-03-01 to 1970-01-01
)

// civilOf returns the civil date of a day that is counted from 1970-01-01. Years begin in March here, so that a leap day is the last of its year.
func civilOf(days int64) (year, month, day int) {
	days += daysToEpoch
	era := floorDiv(days, daysPerEra)
	ofEra := int(days - era*daysPerEra)
	yearOfEra := (ofEra - ofEra/1460 + ofEra/36_524 - ofEra/146_096) / 365
	ofYear := ofEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	fromMarch := (5*ofYear + 2) / 153
	day = ofYear - (153*fromMarch+2)/5 + 1
	year, month = int(era)*400+yearOfEra, fromMarch+3
	if month > 12 {
		year, month = year+1, month-12
	}
	return year, month, day
}

func floorDiv(a, b int64) int64 {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
}

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

// Within these are the years of four digits, at +08:00.
var (
	firstWritable = time.Date(0, 1, 1, 0, 0, 0, 0, Shanghai)
	lastWritable  = time.Date(10_000, 1, 1, 0, 0, 0, 0, Shanghai)
)

func (t Time) writable() bool { return !t.Before(firstWritable) && t.Before(lastWritable) }

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
