package calendar

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"time"
)

// source is one file before it is read.
type source struct {
	name string
	data []byte
}

// Parse builds a calendar from files in the holiday-cn layout, one per year, and at most one file of fixed statutory
// days (with the key "fixed"). It returns every fault at once, each with its file and day; files count from 1.
//
// Without a file of statutory days every Monday to Friday outside the notices is taken to work. With one, a notice
// that lets people work on such a day is a fault: a shortened or damaged file must not count as a year.
func Parse(files ...[]byte) (*Calendar, error) {
	sources := make([]source, len(files))
	for i, data := range files {
		sources[i] = source{fmt.Sprintf("file %d", i+1), data}
	}
	return parse(sources)
}

// Load is [Parse] of every *.json at the root of each layer. A file of a later layer replaces the file of the
// same name in an earlier one, so a directory can add a year to the embedded notices or amend one.
func Load(layers ...fs.FS) (*Calendar, error) {
	byName := map[string][]byte{}
	for _, layer := range layers {
		names, err := fs.Glob(layer, "*.json")
		if err != nil {
			return nil, fmt.Errorf("list calendar files: %w", err)
		}
		for _, name := range names {
			data, err := fs.ReadFile(layer, name)
			if err != nil {
				return nil, fmt.Errorf("read calendar file %s: %w", name, err)
			}
			byName[name] = data
		}
	}
	var sources []source
	for _, name := range sortedKeys(byName) {
		sources = append(sources, source{name, byName[name]})
	}
	return parse(sources)
}

func parse(sources []source) (*Calendar, error) {
	var (
		notices []notice
		fixed   *statutory
		faults  []error
	)
	report := func(file string, found []error) {
		for _, err := range found {
			faults = append(faults, fmt.Errorf("%s: %w", file, err))
		}
	}
	for _, src := range sources {
		if !isStatutory(src.data) {
			n, found := readNotice(src.name, src.data)
			report(src.name, found)
			notices = append(notices, n)
			continue
		}
		s, found := readStatutory(src.data)
		if fixed != nil {
			found = append(found, errors.New("a second file of statutory days"))
		}
		report(src.name, found)
		fixed = &s
	}
	if len(notices) == 0 {
		faults = append(faults, errors.New("no file with a year's notice"))
	}
	faults = append(faults, acrossFiles(notices)...)
	if len(faults) > 0 {
		return nil, fmt.Errorf("parse calendar: %w", errors.Join(faults...))
	}
	c := newCalendar(canonical(notices), *cmp.Or(fixed, &statutory{}))
	if err := errors.Join(c.statutoryFaults()...); err != nil {
		return nil, fmt.Errorf("parse calendar: %w", err)
	}
	return c, nil
}

// isStatutory tells the two kinds of file apart; a file that is no JSON is reported as a notice.
func isStatutory(data []byte) bool {
	var keys map[string]json.RawMessage
	if json.Unmarshal(data, &keys) != nil {
		return false
	}
	_, fixed := keys["fixed"]
	return fixed
}

// acrossFiles finds a year or a day that two files, or one file twice, speak of, and days outside their file's year.
func acrossFiles(notices []notice) []error {
	var faults []error
	years, days := map[int]string{}, map[Date]string{}
	for _, n := range notices {
		if other, twice := years[n.Year]; twice && n.Year != 0 {
			faults = append(faults, fmt.Errorf("%s: year %d is already in %s", n.file, n.Year, other))
		}
		years[n.Year] = n.file
		for _, day := range n.Days {
			if !n.covers(day.Date) {
				faults = append(faults, fmt.Errorf("%s: day %v: not in %d nor in the December before", n.file, day.Date, n.Year))
			}
			if other, twice := days[day.Date]; twice {
				faults = append(faults, fmt.Errorf("%s: day %v: already listed in %s", n.file, day.Date, other))
			}
			days[day.Date] = n.file
		}
	}
	return faults
}

// covers says whether the notice may list d: a notice is for the year in its title, and may begin in the December
// before it (元旦 of 2019 began on 2018-12-29).
func (n *notice) covers(d Date) bool {
	year, month, _ := d.Civil()
	return year == n.Year || year == n.Year-1 && month == time.December
}

// statutoryFaults finds days off by law that a notice lets people work on.
func (c *Calendar) statutoryFaults() []error {
	var faults []error
	for _, n := range c.notices {
		for _, f := range c.fixed.Fixed {
			d := On(n.Year, f.Month, f.Day)
			if c.fixed.on(d) != "" && c.at(d)&markWorks != 0 {
				faults = append(faults, fmt.Errorf("%s: day %v: %s is off by law, the notice lets people work", n.file, d, f.Name))
			}
		}
	}
	return faults
}

// canonical sorts notices by year and their days by date, so that the layout of files does not matter.
func canonical(notices []notice) []notice {
	for _, n := range notices {
		slices.SortFunc(n.Days, func(a, b noticeDay) int { return a.Date.Compare(b.Date) })
	}
	slices.SortFunc(notices, func(a, b notice) int { return cmp.Compare(a.Year, b.Year) })
	return notices
}

// hash names everything that can change an answer: 48 bits of a SHA-256, enough to tell the few calendars of
// one installation apart.
func (c *Calendar) hash() string {
	data, err := json.Marshal(struct {
		Notices []notice
		Fixed   statutory
		Hours   []Schedule
	}{c.notices, c.fixed, c.hours})
	if err != nil {
		panic("calendar: content does not marshal: " + err.Error()) // only strings, numbers and valid dates
	}
	sum := sha256.Sum256(data)
	return "cal-" + hex.EncodeToString(sum[:6])
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
