package approval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"sync"

	"permithub/internal/bus"
	"permithub/schemas"
)

// catchUp applies what the log holds beyond the state in memory, whoever wrote it. After an error the state is that of what was read so far.
func (s *Step) catchUp(ctx context.Context, p *partition) error {
	r := &reading{step: s, p: p, last: map[string]*latest{}}
	end, err := s.log.Read(ctx, p.id, p.end, r.take)
	if err != nil {
		err = fmt.Errorf("read on in partition %d: %w", p.id, err)
	} else {
		p.end = end
	}
	return errors.Join(err, r.settle())
}

// reading follows the log of a partition and keeps the last transition of each file. A transition carries its file whole, so the others are looked
// at no further than their head: decoding them all was nine tenths of a restore.
type reading struct {
	step *Step
	p    *partition
	head schemas.Head
	last map[string]*latest // by dossier
}

// latest is the last transition of a file as far as the log was read. Its bytes are its own: those of a fetch hold thousands of others.
type latest struct{ value []byte }

// errNoHead says that a valid record of the log is no transition.
var errNoHead = errors.New("not a transition")

func (r *reading) take(rec bus.Record) error {
	if !r.head.Read(rec.Value) {
		return fmt.Errorf("case log %d/%d: %w", rec.Partition, rec.Offset, errNoHead)
	}
	if r.step.observe.Wants(&r.head) {
		t, err := schemas.DecodeTransition(rec.Value)
		if err != nil {
			return fmt.Errorf("case log %d/%d: %w", rec.Partition, rec.Offset, err)
		}
		r.step.observe.Past(t)
	}
	l := r.last[string(r.head.DossierID)]
	if l == nil {
		l = &latest{}
		r.last[string(r.head.DossierID)] = l
	}
	l.keep(rec.Value)
	r.p.end, r.p.resume = rec.Offset+1, max(r.p.resume, r.head.Offset+1)
	r.p.last, r.p.fresh = rec.Offset, r.p.fresh+1
	return nil
}

// keep takes a copy, where the one before was if it fits there: most files are met many times in one reading, and grow meanwhile.
func (l *latest) keep(value []byte) {
	switch room := cap(l.value); {
	case room == 0:
		l.value = make([]byte, 0, len(value))
	case room < len(value):
		l.value = make([]byte, 0, len(value)+len(value)/2)
	}
	l.value = append(l.value[:0], value...)
}

// trimmed is the value in room of its size.
func (l *latest) trimmed() []byte {
	if spare := cap(l.value) - len(l.value); spare > len(l.value)/8 {
		return bytes.Clone(l.value)
	}
	return l.value
}

// settle makes the files that were met the state of the partition.
func (r *reading) settle() error {
	type change struct {
		dossierID string
		file      *file
		err       error
	}
	changes := make([]change, 0, len(r.last))
	for id := range r.last {
		changes = append(changes, change{dossierID: id})
	}
	inParallel(len(changes), func(i int) {
		c := &changes[i]
		was := r.p.files[c.dossierID]
		c.file, c.err = r.step.restored(r.last[c.dossierID].trimmed(), was != nil && was.open)
	})
	var errs []error
	for i := range changes {
		if c := &changes[i]; c.err != nil {
			errs = append(errs, fmt.Errorf("case log %d: last transition of %s: %w", r.p.id, c.dossierID, c.err))
		} else {
			r.p.keep(c.dossierID, c.file)
		}
	}
	r.step.observe.Restored(r.p.id, r.p.resume)
	return errors.Join(errs...)
}

// restored is the file that a transition leaves. Only where the file has an open case, or where told says that it had one, is there anything to tell.
func (s *Step) restored(value []byte, told bool) (*file, error) {
	open, known := schemas.HasOpenCase(value)
	if known && !open && !told {
		return &file{value: value}, nil
	}
	t, err := schemas.DecodeTransition(value)
	if err != nil {
		return nil, err
	}
	s.observe.Restore(t)
	return &file{value: value, open: t.Dossier.Open != nil}, nil
}

// grain is how many calls of inParallel one goroutine takes at once.
const grain = 256

// inParallel calls do for each number below n, on all processors, and returns when all are done.
func inParallel(n int, do func(i int)) {
	if n <= grain {
		for i := range n {
			do(i)
		}
		return
	}
	work := make(chan int)
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for from := range work {
				for i := from; i < min(from+grain, n); i++ {
					do(i)
				}
			}
		})
	}
	for from := 0; from < n; from += grain {
		work <- from
	}
	close(work)
	workers.Wait()
}
