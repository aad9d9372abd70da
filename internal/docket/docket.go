package docket

import (
	"slices"
	"strings"
	"sync"
	"time"
	"unique"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// Docket is the register.
type Docket struct {
	now      func() time.Time
	calendar func() *calendar.Calendar

	mu       sync.Mutex
	marks    map[int32]int64    // by partition: offset of the last input that was taken in
	open     map[string]*entry  // by dossier: a person has at most one open case
	finished map[int32]finished // by partition

	countedBy map[int32]string // by partition: the version of the calendar that finished was counted by, or several
}

// entry is one open case.
type entry struct {
	partition  int32
	stage      schemas.Stage
	town       string
	submitted  time.Time
	issued     time.Time // zero before the issue
	clocks     []clock
	superseded int // earlier permits whose cancellation is ordered and not done
}

// clock is one time limit that still runs, or is paused.
type clock struct {
	id    string
	due   time.Time
	state State
}

// New returns an empty docket. Now ages what is open; the calendar counts office hours and says until when its days are known.
func New(now func() time.Time, cal func() *calendar.Calendar) *Docket {
	return &Docket{now: now, calendar: cal, marks: map[int32]int64{}, open: map[string]*entry{}, finished: map[int32]finished{}, countedBy: map[int32]string{}}
}

// Observe takes in a transition and reports whether it is new to this docket.
//
// One input gives at most one transition, and case-log has the partitions of case-input, so within a partition the input's offset rises with
// every valid record. The case is taken whole from the state, not from the events: one that is released from 挂起 moves without a move.
func (d *Docket) Observe(t *schemas.Transition) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	p := t.Input.Partition
	if mark, ok := d.marks[p]; ok && t.Input.Offset <= mark {
		return false
	}
	d.marks[p] = t.Input.Offset
	d.take(t)
	d.finish(t)
	return true
}

// take makes the transition the state of its file.
func (d *Docket) take(t *schemas.Transition) {
	c := t.Dossier.Open
	if c == nil || !slices.Contains(Stages, c.Stage) {
		delete(d.open, t.DossierID)
		return
	}
	e := d.open[t.DossierID]
	if e == nil {
		e = &entry{}
		d.open[strings.Clone(t.DossierID)] = e
	}
	e.set(t.Input.Partition, c)
}

// kept is one of a few strings, and none of the transition's: those of a transition that was read share one copy of the whole of it. Mostly it is
// what it was.
func kept(was, s string) string {
	if was == s {
		return was
	}
	return unique.Make(s).Value()
}

// clockID is the id of a clock as kept has it.
func clockID(id string) string {
	if i := slices.Index(Clocks, id); i >= 0 {
		return Clocks[i]
	}
	return kept("", id)
}

// Forget drops what a partition told; call it when the partition is given away.
func (d *Docket) Forget(partition int32) {
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.marks, partition)
	delete(d.finished, partition)
	delete(d.countedBy, partition)
	for id, e := range d.open {
		if e.partition == partition {
			delete(d.open, id)
		}
	}
}

// set makes the entry what the case says.
func (e *entry) set(partition int32, c *schemas.Case) {
	*e = entry{partition: partition, stage: c.Stage, town: kept(e.town, c.Submission.CurrentDivision), submitted: c.SubmittedAt.Time, clocks: e.clocks[:0]}
	if c.IssuedAt != nil {
		e.issued = c.IssuedAt.Time
	}
	for i := range c.Duties {
		if d := &c.Duties[i]; d.Kind == schemas.EffectCancel && d.Status != schemas.DutyDone && d.Status != schemas.DutyWaived {
			e.superseded++
		}
	}
	for i := range c.Clocks {
		if k := &c.Clocks[i]; k.ResolvedAt == nil {
			e.clocks = append(e.clocks, clock{clockID(k.ID), k.DueAt.Time, StateOf(k)})
		}
	}
}
