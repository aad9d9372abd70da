package docket

import (
	"permithub/internal/calendar"
	"permithub/schemas"
)

// Wants reports whether [Docket.Past] is to be told of a transition that begins like this: of one that finished a case within the days that are
// counted.
func (d *Docket) Wants(h *schemas.Head) bool {
	for i := range h.Events {
		e := &h.Events[i]
		if (e.Of(schemas.EvIssued) || e.Of(schemas.EvRefused)) && calendar.Of(d.now()).Sub(calendar.Of(e.At.Time)) < keptDays {
			return true
		}
	}
	return false
}

// Past counts the case that a transition of the past finished. How its file stands is for [Docket.Restore].
func (d *Docket) Past(t *schemas.Transition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.finish(t)
}

// Restore takes in how a file stands, from its last transition.
func (d *Docket) Restore(t *schemas.Transition) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.take(t)
}

// Restored says that the partition was taken in up to the input before resume.
func (d *Docket) Restored(partition int32, resume int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.marks[partition] = resume - 1
}
