package calendar

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
	"unicode/utf8"
)

// notice is one year's file in the holiday-cn layout.
type notice struct {
	file   string
	Year   int
	Papers []string
	Days   []noticeDay
}

type noticeDay struct {
	Name string
	Date Date
	Off  bool
}

// statutory is the file of the days off that have a fixed date by law.
type statutory struct {
	// Basis names the law.
	Basis string
	// InForce is the first day on which the law has these days off.
	InForce Date
	Fixed   []fixedDay
}

type fixedDay struct {
	Name  string
	Month time.Month
	Day   int
}

// on returns the name of the festival that is off by law on d, "" where there is none.
func (s *statutory) on(d Date) string {
	if len(s.Fixed) == 0 || d.Before(s.InForce) {
		return ""
	}
	_, month, day := d.Civil()
	for _, f := range s.Fixed {
		if f.Month == month && f.Day == day {
			return f.Name
		}
	}
	return ""
}

// field is one key of a JSON object: where its value goes, and whether it may be left out.
type field struct {
	into     any
	optional bool
}

// anything takes a key that is allowed and not used.
func anything() field { return field{into: new(any), optional: true} }

// readObject reads one JSON object key by key and returns every fault. encoding/json alone would stop at the first
// fault, and would accept repeated keys, other spellings of a key, null and bytes that are not UTF-8.
func readObject(data []byte, fields map[string]field) []error {
	if !utf8.Valid(data) {
		return []error{errors.New("not UTF-8")}
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	if t, err := dec.Token(); err != nil || t != json.Delim('{') {
		return []error{errors.New("not a JSON object")}
	}
	var faults []error
	seen := map[string]bool{}
	for dec.More() {
		key, raw, err := readMember(dec)
		if err != nil {
			return append(faults, fmt.Errorf("broken JSON: %w", err))
		}
		if err := fields[key].accept(raw, seen[key]); err != nil {
			faults = append(faults, fmt.Errorf("key %q: %w", key, err))
		}
		seen[key] = true
	}
	if _, err := dec.Token(); err != nil {
		return append(faults, fmt.Errorf("broken JSON: %w", err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		faults = append(faults, errors.New("data after the JSON object"))
	}
	for _, key := range sortedKeys(fields) {
		if !seen[key] && !fields[key].optional {
			faults = append(faults, fmt.Errorf("key %q: missing", key))
		}
	}
	return faults
}

func readMember(dec *json.Decoder) (string, json.RawMessage, error) {
	t, err := dec.Token()
	if err != nil {
		return "", nil, err
	}
	key, _ := t.(string)
	var raw json.RawMessage
	err = dec.Decode(&raw)
	return key, raw, err
}

func (f field) accept(raw json.RawMessage, again bool) error {
	switch {
	case again:
		return errors.New("repeated")
	case f.into == nil:
		return errors.New("unknown")
	case string(raw) == "null":
		return errors.New("null")
	}
	return json.Unmarshal(raw, f.into)
}

// readNotice reads one year's file. It returns the readable part beside the faults, so that the checks across
// files can name theirs too.
func readNotice(file string, data []byte) (notice, []error) {
	n := notice{file: file}
	var days []json.RawMessage
	faults := readObject(data, map[string]field{
		// Optional here, because an empty one is the same fault.
		"year": {&n.Year, true}, "papers": {&n.Papers, true}, "days": {&days, true},
		"$schema": anything(), "$id": anything(),
	})
	faults = append(faults, n.faults(len(days))...)
	for i, raw := range days {
		day, bad := readNoticeDay(raw)
		label := fmt.Sprintf("day %d", i+1)
		if !day.Date.IsZero() {
			label = fmt.Sprintf("day %v", day.Date)
		}
		for _, err := range bad {
			faults = append(faults, fmt.Errorf("%s: %w", label, err))
		}
		if len(bad) == 0 {
			n.Days = append(n.Days, day)
		}
	}
	return n, faults
}

// faults checks the head of the file. A year without papers or days is what publishers put up before the notice
// exists: taking it would silently turn every holiday of that year into a working day.
func (n *notice) faults(days int) []error {
	var faults []error
	if n.Year < 1950 || n.Year > 2999 {
		faults = append(faults, fmt.Errorf("year %d: outside 1950 to 2999", n.Year))
	}
	if len(n.Papers) == 0 {
		faults = append(faults, errors.New("papers: names no notice"))
	}
	for _, p := range n.Papers {
		if p == "" {
			faults = append(faults, errors.New("papers: an empty name"))
		}
	}
	if days == 0 {
		faults = append(faults, errors.New("days: lists no day"))
	}
	return faults
}

func readNoticeDay(data []byte) (noticeDay, []error) {
	var day noticeDay
	faults := readObject(data, map[string]field{
		"name": {into: &day.Name}, "date": {into: &day.Date}, "isOffDay": {into: &day.Off},
	})
	if len(faults) > 0 {
		return day, faults
	}
	if day.Name == "" {
		faults = append(faults, errors.New("names no festival"))
	}
	if day.Date.IsZero() {
		faults = append(faults, errors.New("has no date"))
	} else if !day.Off && !weekend(day.Date) {
		faults = append(faults, fmt.Errorf("make-up day is a %v, which works anyway", day.Date.Weekday()))
	}
	return day, faults
}

// readStatutory reads the file of the fixed days off.
func readStatutory(data []byte) (statutory, []error) {
	var s statutory
	var days []json.RawMessage
	faults := readObject(data, map[string]field{
		"basis": {into: &s.Basis}, "in_force": {into: &s.InForce}, "fixed": {into: &days}, "remark": anything(),
	})
	if len(faults) == 0 && s.Basis == "" {
		faults = append(faults, errors.New("basis: names no law"))
	}
	for i, raw := range days {
		var name, monthDay string
		bad := readObject(raw, map[string]field{"name": {into: &name}, "month_day": {into: &monthDay}})
		// 2001 has no 29 February: a fixed day exists in every year.
		d, err := ParseDate("2001-" + monthDay)
		if len(bad) == 0 && (err != nil || name == "") {
			bad = append(bad, fmt.Errorf("want a name and a month_day MM-DD of every year, got %q %q", name, monthDay))
		}
		for _, err := range bad {
			faults = append(faults, fmt.Errorf("fixed day %d: %w", i+1, err))
		}
		_, month, day := d.Civil()
		s.Fixed = append(s.Fixed, fixedDay{Name: name, Month: month, Day: day})
	}
	return s, faults
}
