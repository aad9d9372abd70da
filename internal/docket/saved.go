package docket

import (
	"encoding/json"
	"errors"
	"slices"
	"time"

	"permithub/internal/calendar"
)

// saved is what a partition's past is counted as. It is worth something only while office hours and bounds are those by which it was counted.
type saved struct {
	Calendar string          `json:"calendar"` // its version, or several
	Hours    []float64       `json:"hours"`    // HourBounds
	Spans    []time.Duration `json:"spans"`    // SpanBounds
	Days     []savedDay      `json:"days"`
}

type savedDay struct {
	Day   calendar.Date `json:"day"`
	Hours []int         `json:"hours"`
	Spans []int         `json:"spans"`
	Late  int           `json:"late,omitempty"`
}

// several stands for a calendar's version where another came into force between.
const several = "several"

// counting notes by which calendar a partition's past is counted.
func (d *Docket) counting(partition int32) {
	now := d.calendar().Version()
	if by, ok := d.countedBy[partition]; ok && by != now {
		now = several
	}
	d.countedBy[partition] = now
}

// Save returns what was counted of a partition's past, for Load.
func (d *Docket) Save(partition int32) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	s := saved{Calendar: d.countedBy[partition], Hours: HourBounds, Spans: SpanBounds}
	if s.Calendar == "" { // nothing is counted
		s.Calendar = d.calendar().Version()
	}
	for day, t := range d.finished[partition] {
		s.Days = append(s.Days, savedDay{Day: day, Hours: t.hours[:], Spans: t.spans[:], Late: t.late})
	}
	slices.SortFunc(s.Days, func(a, b savedDay) int { return a.Day.Compare(b.Day) })
	return json.Marshal(s)
}

// Load takes a saved past in place of the partition's own. It refuses one that was counted by another calendar or by other bounds.
func (d *Docket) Load(partition int32, raw []byte) error {
	var s saved
	if err := json.Unmarshal(raw, &s); err != nil {
		return errors.New("the docket's past cannot be read")
	}
	switch {
	case s.Calendar != d.calendar().Version():
		return errors.New("the docket's past was counted by another calendar")
	case !slices.Equal(s.Hours, HourBounds) || !slices.Equal(s.Spans, SpanBounds):
		return errors.New("the docket's past was counted by other bounds")
	}
	past := finished{}
	for _, one := range s.Days {
		t := &times{late: one.Late}
		if len(one.Hours) != len(t.hours) || len(one.Spans) != len(t.spans) {
			return errors.New("the docket's past cannot be read")
		}
		copy(t.hours[:], one.Hours)
		copy(t.spans[:], one.Spans)
		past[one.Day] = t
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finished[partition], d.countedBy[partition] = past, s.Calendar
	return nil
}
