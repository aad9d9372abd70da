//go:build !schemagen

package schemas

import (
	"time"
)

// date reads a civil date. One that never was is told by the schema; it is still read.
func (r *reader) date(property string) Date {
	s, ok := r.word(property)
	if !ok {
		return ""
	}
	if _, _, _, ok := civil(s); !ok || len(s) != len(time.DateOnly) {
		r.invalid(property)
	}
	return Date(r.own(s))
}

// time reads an instant.
func (r *reader) time(property string) (t Time) {
	s, ok := r.word(property)
	if !ok {
		return t
	}
	t, ok, leap := wireTime(s)
	switch {
	case ok:
		return t
	case leap: // JSON Schema allows for it, Go does not
		r.lost = true
		return t
	}
	r.invalid(property)
	quoted := append(append([]byte{'"'}, s...), '"')
	if t.UnmarshalJSON(quoted) != nil {
		r.lost = true
	}
	return t
}

// wireTime reads an instant as it stands on the wire: at +08:00, to the microsecond. Leap says that it would, but for its second 60.
func wireTime(s []byte) (t Time, ok, leap bool) {
	const shortest = len("2006-01-02T15:04:05+08:00")
	if len(s) < shortest || s[10] != 'T' || s[13] != ':' || s[16] != ':' || string(s[len(s)-6:]) != "+08:00" {
		return t, false, false
	}
	year, month, day, ok := civil(s[:10])
	hour, ok1 := two(s, 11, 23)
	minute, ok2 := two(s, 14, 59)
	second, ok3 := two(s, 17, 60)
	micro, ok4 := micros(s[19 : len(s)-6])
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 {
		return t, false, false
	}
	if second == 60 {
		return t, false, hour == 7 && minute == 59 // 23:59:60 in UTC
	}
	seconds := daysSinceEpoch(year, month, day)*86_400 + int64(hour*3600+minute*60+second) - 8*3600
	return Time{time.Unix(seconds, int64(micro)*1000).In(Shanghai)}, true, false
}

// civil reads YYYY-MM-DD at the beginning of s; false where there was no such day.
func civil(s []byte) (year, month, day int, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	century, ok1 := two(s, 0, 99)
	rest, ok2 := two(s, 2, 99)
	month, ok3 := two(s, 5, 12)
	day, ok4 := two(s, 8, 31)
	year = 100*century + rest
	ok = ok1 && ok2 && ok3 && ok4 && month > 0 && day > 0 && day <= daysIn(year, month)
	return year, month, day, ok
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// two reads two digits, at most so much.
func two(s []byte, at, most int) (int, bool) {
	a, b := s[at]-'0', s[at+1]-'0'
	n := 10*int(a) + int(b)
	return n, a <= 9 && b <= 9 && n <= most
}

// micros reads a fraction of a second: nothing, or a dot and one to six digits.
func micros(s []byte) (int, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 7 {
		return 0, false
	}
	n := 0
	for i := 1; i < 7; i++ {
		n *= 10
		if i < len(s) {
			d := s[i] - '0'
			if d > 9 {
				return 0, false
			}
			n += int(d)
		}
	}
	return n, true
}

// daysSinceEpoch counts from 1970-01-01 in the Gregorian calendar; years begin in March here, so that a leap day is the last of its year.
func daysSinceEpoch(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := int(floorDiv(int64(year), 400))
	ofEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	return int64(era)*daysPerEra + int64(ofEra*365+ofEra/4-ofEra/100+dayOfYear) - daysToEpoch
}
