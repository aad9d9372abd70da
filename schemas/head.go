//go:build !schemagen

package schemas

// Head is what stands around the file that a transition carries: enough to follow a log without reading every file in it. The zero value is ready
// for use, and may be used again for the next transition.
type Head struct {
	// DossierID is part of the value that was read.
	DossierID []byte
	// Offset is that of the input which the transition answers.
	Offset int64
	// Events are what happened, without what each tells of it. They are good until the next Read.
	Events []EventHead
}

// EventHead is an event's type, as part of the value that was read, and its time.
type EventHead struct {
	Type []byte
	At   Time
}

// Of reports whether the event is of that type.
func (e *EventHead) Of(kind string) bool { return string(e.Type) == kind }

// Read reads the head of a value of case-log, and reports whether it found one. It stops where it knows enough: what stands behind is not looked
// at, so a head is no proof that the value can be decoded.
func (h *Head) Read(value []byte) bool {
	r := reader{b: value, unchecked: true}
	h.DossierID, h.Offset, h.Events = nil, 0, h.Events[:0]
	dossier, input, events := false, false, false
	if !r.object("Transition") {
		return false
	}
	for key, ok := r.key(); ok; key, ok = r.key() {
		switch string(key) {
		case "dossier_id":
			h.DossierID, dossier = r.word("Transition.dossier_id")
		case "input":
			h.input(&r)
			input = true
		case "events":
			h.events(&r)
			events = true
		default:
			r.skip()
		}
		if dossier && input && events {
			break
		}
	}
	return dossier && input && events && !r.broken && !r.lost
}

func (h *Head) input(r *reader) {
	if !r.object("InputRef") {
		return
	}
	for key, ok := r.key(); ok; key, ok = r.key() {
		if string(key) == "offset" {
			h.Offset = r.number("InputRef.offset", 64, 0, 1<<63-1)
		} else {
			r.skip()
		}
	}
}

func (h *Head) events(r *reader) {
	if !r.array("Transition.events") {
		return
	}
	for r.item() {
		var e EventHead
		if !r.object("Event") {
			return
		}
		for key, ok := r.key(); ok; key, ok = r.key() {
			switch string(key) {
			case "type":
				e.Type, _ = r.word("Event.type")
			case "at":
				e.At = r.time("Event.at")
			default:
				r.skip()
			}
		}
		h.Events = append(h.Events, e)
	}
}

// HasOpenCase reports whether the file that a value of case-log carries has an open case. It goes by the order in which the hub writes: an open case
// stands before the ended ones and before what the file remembers. Known is false where the value does not say so plainly: it is to be decoded then.
func HasOpenCase(value []byte) (open, known bool) {
	r := reader{b: value, unchecked: true}
	if !r.object("Transition") {
		return false, false
	}
	for key, ok := r.key(); ok; key, ok = r.key() {
		if string(key) == "dossier" {
			return r.openCase()
		}
		r.skip()
	}
	return false, false
}

func (r *reader) openCase() (open, known bool) {
	if !r.object("Dossier") {
		return false, false
	}
	for key, ok := r.key(); ok; key, ok = r.key() {
		switch string(key) {
		case "open":
			return r.at() == '{', !r.broken
		case "ended", "permits", "seen":
			return false, true
		}
		r.skip()
	}
	return false, !r.broken && !r.lost
}
