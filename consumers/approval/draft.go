package approval

import (
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

// file returns a person's file, decoded, as the draft has it; a new person's is empty.
func (d *draft) file(dossierID string) (*file, error) {
	if f := d.files[dossierID]; f != nil {
		return f, nil
	}
	kept := d.p.files[dossierID]
	if kept == nil {
		return &file{state: &casework.File{}}, nil
	}
	f, err := kept.decoded()
	if err != nil {
		return nil, err
	}
	d.files[dossierID] = f
	if f.open {
		d.p.keep(dossierID, f) // the same file: the next batch finds it decoded
	}
	return f, nil
}

// full reports whether one more transition would not fit into one record batch.
func (d *draft) full(w *written) bool {
	return len(d.pending) > 0 && d.bytes+bus.AppendSize(w.record) > bus.MaxAppendBytes
}

func (d *draft) add(w *written) {
	d.pending = append(d.pending, w)
	d.bytes += bus.AppendSize(w.record)
	d.files[w.DossierID] = fileOf(w.Transition, w.record.Value)
}

// commit makes the appended transitions the state of the partition.
func (d *draft) commit() {
	for _, w := range d.pending {
		d.p.keep(w.DossierID, d.files[w.DossierID])
		d.p.resume = max(d.p.resume, w.Input.Offset+1)
	}
	d.p.end += int64(len(d.pending))
	d.p.last, d.p.fresh = d.p.end-1, d.p.fresh+len(d.pending)
	d.pending, d.bytes = nil, 0
}
