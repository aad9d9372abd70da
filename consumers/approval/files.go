package approval

import (
	"container/list"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"permithub/internal/casework"
	"permithub/schemas"
)

// partition is the state of one owned partition; only the goroutine that handles its batches touches it.
type partition struct {
	id     int32
	end    int64 // where the next transition is expected to land
	resume int64 // the first input that no valid transition has answered yet
	files  map[string]*file
	// decoded are the dossiers whose files are kept decoded, the one that was kept first at the front; room is how many there may be.
	decoded list.List
	room    int

	last     int64     // offset of the last valid transition; -1 without one
	snapshot int64     // where the snapshot ended that it was begun from; 0 without one
	fresh    int       // transitions since the last snapshot
	taken    time.Time // when the last snapshot was taken; zero without one
}

func newPartition(id int32) *partition {
	return &partition{id: id, last: -1, files: map[string]*file{}}
}

// restored is what there is to tell of a partition that was just restored.
func (p *partition) restored(took time.Duration) Restored {
	r := Restored{Partition: p.id, Snapshot: p.snapshot, Transitions: p.fresh, Files: len(p.files), Took: took}
	for _, f := range p.files {
		if f.open {
			r.Open++
		}
	}
	return r
}

// keep makes f the file of its person. Where it has an open case, its next input is expected soon: it stays decoded until there is no room for it
// among those that came later.
func (p *partition) keep(dossierID string, f *file) {
	f = f.atRest()
	was := p.files[dossierID]
	if was == f {
		return
	}
	p.files[dossierID] = f
	var place *list.Element
	if was != nil {
		place, was.place = was.place, nil
	}
	switch {
	case place == nil && f.state != nil:
		f.place = p.decoded.PushBack(dossierID)
	case place != nil && f.state != nil:
		p.decoded.MoveToBack(place)
		f.place = place
	case place != nil:
		p.decoded.Remove(place)
	}
	for p.decoded.Len() > p.room {
		oldest := p.decoded.Remove(p.decoded.Front()).(string)
		p.files[oldest].place = nil // a draft may still have it
		p.files[oldest] = p.files[oldest].asBytes()
	}
}

// file is one person's file. What it says is never changed: the next transition puts another one in its place.
type file struct {
	value []byte         // of its last transition, as it stands in the log; nil before the first
	open  bool           // it has an open case
	state *casework.File // what the value says; nil where it is not decoded
	place *list.Element  // among those that are kept decoded; nil where it is not
}

// fileOf is the file after a transition that has this value.
func fileOf(t *schemas.Transition, value []byte) *file {
	return &file{value: value, open: t.Dossier.Open != nil, state: &casework.File{Dossier: t.Dossier, Person: t.Person}}
}

// decoded returns the file with its state.
func (f *file) decoded() (*file, error) {
	if f.state != nil {
		return f, nil
	}
	t, err := schemas.DecodeTransition(f.value)
	if err != nil {
		return nil, fmt.Errorf("file: %w", err)
	}
	return fileOf(t, f.value), nil
}

// atRest is the file as it waits for its next input: nothing is expected of one without an open case, so it is kept as bytes only.
func (f *file) atRest() *file {
	if f.open || f.state == nil {
		return f
	}
	return f.asBytes()
}

func (f *file) asBytes() *file { return &file{value: f.value, open: f.open} }

// hash is what the next transition chains to; empty for the first.
func (f *file) hash() string {
	if f.value == nil {
		return ""
	}
	sum := sha256.Sum256(f.value)
	return hex.EncodeToString(sum[:])
}
