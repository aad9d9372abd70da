package approval

import (
	"crypto/sha256"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/schemas"
)

// draft holds transitions that are decided and not yet in the log, and the files as they will be: a later input of the batch is decided on
// what an earlier one did. It is thrown away where the append is lost.
type draft struct {
	p       *partition
	policy  *casework.Policy
	files   map[string]*file
	pending []*written
	bytes   int
}

// written is one transition as it goes into the log.
type written struct {
	*schemas.Transition
	record schemas.Record
}

// file returns a person's file as the draft has it; a new person's is empty.
func (d *draft) file(dossierID string) *file {
	if f := d.files[dossierID]; f != nil {
		return f
	}
	if f := d.p.files[dossierID]; f != nil {
		return f
	}
	return &file{}
}

// full reports whether one more transition would not fit into one record batch.
func (d *draft) full(w *written) bool {
	return len(d.pending) > 0 && d.bytes+bus.AppendSize(w.record) > bus.MaxAppendBytes
}

func (d *draft) add(w *written) {
	d.pending = append(d.pending, w)
	d.bytes += bus.AppendSize(w.record)
	d.files[w.DossierID] = &file{File: casework.File{Dossier: w.Dossier, Person: w.Person}, last: sha256.Sum256(w.record.Value)}
}

// commit makes the appended transitions the state of the partition.
func (d *draft) commit() {
	for id, f := range d.files {
		d.p.files[id] = f
	}
	for _, w := range d.pending {
		d.p.resume = max(d.p.resume, w.Input.Offset+1)
	}
	d.p.end += int64(len(d.pending))
	d.pending, d.bytes = nil, 0
}
