package approval

import (
	"fmt"
	"slices"
	"testing"
)

// misplaced tells of files that are decoded and not listed, and the other way round.
func (o *office) misplaced() error {
	p := o.owned[3]
	if p == nil {
		return nil
	}
	decoded := 0
	for id, f := range p.files {
		if (f.state != nil) != (f.place != nil) || f.place != nil && f.place.Value != id {
			return fmt.Errorf("file %s: decoded %v, listed %v", id, f.state != nil, f.place != nil)
		}
		if f.place != nil {
			decoded++
		}
	}
	if decoded != p.decoded.Len() || decoded > max(p.room, 0) {
		return fmt.Errorf("%d files are decoded, %d are listed, there is room for %d", decoded, p.decoded.Len(), p.room)
	}
	return nil
}

// A file without an open case is kept as the bytes of its last transition, whether this process wrote it or found it; it answers as any other.
func TestClosedFilesAreKeptAsBytes(t *testing.T) {
	recs := inputs(t, mixed(3)...)
	cut := len(recs) - 6 // behind it all cases have ended, and receipts come
	writer := open(t, &topic{})
	writer.assign(t)
	if err := writer.handle(recs[:cut]); err != nil {
		t.Fatal(err)
	}
	reader := open(t, writer.log.topic)
	reader.assign(t)
	for name, o := range map[string]*office{"written": writer, "found": reader} {
		for id, f := range o.owned[3].files {
			if f.state != nil && !f.open || len(f.value) == 0 {
				t.Errorf("%s: file %s: open %v, decoded %v, %d bytes", name, id, f.open, f.state != nil, len(f.value))
			}
			if spare := cap(f.value) - len(f.value); spare > len(f.value)/4 { // what the allocator rounds up
				t.Errorf("%s: file %s keeps %d bytes in room for %d", name, id, len(f.value), cap(f.value))
			}
		}
	}
	if err := reader.handle(recs[cut:]); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, writer.log.topic, recs)
	again := inputs(t, person(0).submit(), person(1).submit())
	for i := range again {
		again[i].Offset = int64(len(recs) + i)
	}
	if err := reader.handle(again); err != nil {
		t.Fatal(err)
	}
	for id, f := range reader.owned[3].files {
		if f.state != nil {
			t.Errorf("file %s is kept decoded after it was asked for", id)
		}
	}
}

// An open file that is asked for and not changed is decoded once.
func TestOpenFilesAreDecodedOnce(t *testing.T) {
	p := person(1)
	recs := inputs(t, p.submit(), p.submit())
	first := open(t, &topic{})
	first.assign(t)
	if err := first.handle(recs[:1]); err != nil {
		t.Fatal(err)
	}
	second := open(t, first.log.topic)
	second.assign(t)
	if second.owned[3].files[p.dossier].state != nil {
		t.Error("decoded before anybody asked")
	}
	if err := second.handle(recs[1:]); err != nil {
		t.Fatal(err)
	}
	if f := second.owned[3].files[p.dossier]; f.state == nil || !f.open {
		t.Errorf("open %v, decoded %v", f.open, f.state != nil)
	}
}

// So many open files are kept decoded, the ones that were written last; the others answer as they do.
func TestDecodedFilesAreBounded(t *testing.T) {
	const persons, room = 20, 4
	var submissions []any
	for i := range persons {
		submissions = append(submissions, person(i).submit())
	}
	o := open(t, &topic{})
	o.room = room
	o.assign(t)
	recs := inputs(t, submissions...)
	for i := range recs { // each in a batch of its own
		if err := o.handle(recs[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	p := o.owned[3]
	check := func(when string, want ...int) {
		t.Helper()
		for i := range persons {
			f := p.files[person(i).dossier]
			if decoded := f.state != nil; decoded != slices.Contains(want, i) || decoded != (f.place != nil) || !f.open {
				t.Errorf("%s: person %d: decoded %v, open %v, listed %v", when, i, decoded, f.open, f.place != nil)
			}
		}
		if p.decoded.Len() != len(want) {
			t.Errorf("%s: %d are listed", when, p.decoded.Len())
		}
	}
	check("after the submissions", 16, 17, 18, 19)

	again := inputs(t, person(17).submit(), person(3).submit()) // which changes nothing
	for i := range again {
		again[i].Offset = int64(len(recs) + i)
	}
	if err := o.handle(again); err != nil {
		t.Fatal(err)
	}
	check("after two were asked for", 3, 17, 18, 19)

	o.room = 2
	all := inputs(t, submissions...) // which change nothing, in one batch that is larger than the room
	for i := range all {
		all[i].Offset = int64(len(recs) + len(again) + i)
	}
	if err := o.handle(all); err != nil {
		t.Fatal(err)
	}
	check("after a batch of everybody", 18, 19)
	checkHistory(t, o.log.topic, recs)

	o = open(t, &topic{})
	o.room = room
	o.assign(t)
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	p = o.owned[3]
	check("after the submissions in one batch", 16, 17, 18, 19)
}
