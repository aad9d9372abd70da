// Package approval turns inputs into transitions: it is the one writer of the case log.
//
// # Delivery
//
// One input gives at most one transition, stamped with the offset at which it is expected to land. A batch is decided in order and appended
// as one record batch for each request. Where the append lands elsewhere, another owner was first: the step reads on from where it expected
// to land, applies what is valid there and decides the batch again. An answer that was lost is handled in the same way.
//
// # State
//
// The files of the partitions that this process owns are in memory, restored when a partition is assigned: from the log, or from a snapshot that the log
// bears out and the rest of the log (see [Keeper]). Each is the bytes of its
// last transition; files with an open case that were asked for are kept decoded too, the last ones of them. The position at which to resume is
// in the log: the group's committed offset is only a hint.
//
// # Errors
//
// An input that cannot be decoded, is not as its schema says, belongs to no file or would give a transition larger than a record may be becomes a dead letter under its
// source position; the rest of its batch goes on. A batch that is decided again parks it again, under the same id.
package approval

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Log is the case log.
type Log interface {
	// Read calls fn for every valid record of the partition from an offset to the end of the log, and returns that end.
	Read(ctx context.Context, partition int32, from int64, fn func(bus.Record) error) (end int64, err error)
	// Append writes the records as one batch stamped from an offset on. Any error leaves open whether they are valid; [bus.ErrLost] says that they are void.
	Append(ctx context.Context, partition int32, at int64, recs []schemas.Record) error
}

// Observer sees what becomes of the files of the partitions that this process owns.
type Observer interface {
	History
	// Restore is told of the last transition of a file that was found in the log, where the file has an open case or had one when it was last told
	// of. In no order, and from several goroutines at once.
	Restore(t *schemas.Transition)
	// Restored is told that a partition was read to its end, and that inputs before resume are answered.
	Restored(partition int32, resume int64)
	// Observe is told of a transition that this process has just written, once.
	Observe(t *schemas.Transition)
	// Forget is told that a partition is given away.
	Forget(partition int32)
}

// History is what an observer makes of transitions that their files tell nothing of any more.
type History interface {
	// Wants reports whether Past is to be told of a transition that begins like this.
	Wants(h *schemas.Head) bool
	// Past is told of a transition that was found in the log: from before, another owner's, or one whose answer was lost. In the order of the log.
	Past(t *schemas.Transition)
	// Save returns what the past of a partition came to, in a form of its own.
	Save(partition int32) ([]byte, error)
	// Load takes it back, in place of the past. It refuses what does not count any more.
	Load(partition int32, saved []byte) error
}

// maxDecoded is about how many files of open cases a process keeps decoded: three times their bytes each, and of so many small parts that they are what
// the collector is busy with. Whose file is not among them pays a fifth more for the next input.
const maxDecoded = 8_192

// Step is the approval step of one process.
type Step struct {
	name    string
	policy  func() *casework.Policy
	log     Log
	park    func(ctx context.Context, rec bus.Record, err error) error
	observe Observer
	read    func([]byte) (*schemas.Input, error) // refuses what the schema of case-input does not allow
	maxSkew time.Duration                        // zero believes everybody
	doubted func(ctx context.Context, rec *bus.Record, early time.Duration)
	keeper  *Keeper        // nil keeps no snapshots
	report  func(Restored) // nil tells nobody
	room    int            // about how many files are kept decoded, in all partitions together

	mu    sync.Mutex
	owned map[int32]*partition
}

// New returns the step. The policy is asked for once a batch: another one may come into force between two, never within one. Park writes a dead
// letter and returns once it is durable.
func New(name string, p func() *casework.Policy, l Log, park func(context.Context, bus.Record, error) error, o Observer) *Step {
	return &Step{name: name, policy: p, log: l, park: park, observe: o, read: schemas.AdmitInput, room: maxDecoded, owned: map[int32]*partition{}}
}

// Doubt has the step pass over a deadline that was reported more than maxSkew before it was due by the clock of the broker that dated the
// report: the clock of whoever reported it runs ahead, and a breach is not made of that. Nothing remembers such a report, so it counts when it
// comes again. Report is told of each. Call it before the first batch.
func (s *Step) Doubt(maxSkew time.Duration, report func(ctx context.Context, rec *bus.Record, early time.Duration)) {
	s.maxSkew, s.doubted = maxSkew, report
}

// Restored is how a partition was restored.
type Restored struct {
	Partition int32
	// Snapshot is the offset at which the snapshot stood; 0 where there was none.
	Snapshot int64
	// Transitions were read from the log, behind the snapshot.
	Transitions int
	// Files of persons, of which Open have an open case.
	Files, Open int
	Took        time.Duration
}

// Report has fn told of each partition that was restored. Call it before the first batch.
func (s *Step) Report(fn func(Restored)) { s.report = fn }

// Assigned restores a partition and returns the input offset from which to go on.
func (s *Step) Assigned(ctx context.Context, id int32) (resume int64, err error) {
	begun := time.Now()
	p, err := s.begin(ctx, id)
	if err == nil {
		err = s.catchUp(ctx, p)
	}
	if err != nil {
		s.observe.Forget(id) // the next try restores from the start
		return 0, fmt.Errorf("restore partition %d: %w", id, err)
	}
	if s.report != nil {
		s.report(p.restored(time.Since(begun)))
	}
	s.remember(p, false)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.owned[id] = p
	return p.resume, nil
}

// Revoked forgets a partition; its work has drained.
func (s *Step) Revoked(id int32) {
	s.mu.Lock()
	p := s.owned[id]
	delete(s.owned, id)
	s.mu.Unlock()
	if p != nil {
		s.remember(p, true)
	}
	s.observe.Forget(id)
}

// Handle decides one batch of inputs. It is safe to repeat: what the log holds already is passed over.
func (s *Step) Handle(ctx context.Context, b bus.Batch) error {
	s.mu.Lock()
	p, owned := s.owned[b.Partition], len(s.owned)
	s.mu.Unlock()
	if p == nil {
		return fmt.Errorf("%s: partition %d is not owned", s.name, b.Partition)
	}
	p.room = max(s.room/owned, 1)
	failpoint.Here(failpoint.P1)
	for {
		err := s.decideAll(ctx, p, b.Records)
		switch {
		case err == nil:
			failpoint.Here(failpoint.P6)
			s.remember(p, false)
			return nil
		case errors.Is(err, bus.ErrLost):
			if err := s.catchUp(ctx, p); err != nil {
				return err
			}
			failpoint.Here(failpoint.P5)
		default:
			// It is open whether the append landed: read on before anything else is stamped.
			return errors.Join(err, s.catchUp(ctx, p))
		}
	}
}

// decideAll decides every input that the log has not answered yet and appends the transitions, as many a request as one batch holds.
func (s *Step) decideAll(ctx context.Context, p *partition, recs []bus.Record) error {
	d := draft{p: p, policy: s.policy(), files: map[string]*file{}}
	for i := range recs {
		if recs[i].Offset < p.resume {
			continue
		}
		t, err := s.decide(ctx, &d, &recs[i])
		if err != nil {
			return err
		}
		if t == nil {
			continue
		}
		if d.full(t) {
			if err := s.append(ctx, &d); err != nil {
				return err
			}
		}
		d.add(t)
	}
	return s.append(ctx, &d)
}

// decide applies one input to its file as the draft has it; nil where nothing changes.
func (s *Step) decide(ctx context.Context, d *draft, rec *bus.Record) (*written, error) {
	in, err := s.read(rec.Value)
	if err != nil {
		return nil, s.park(ctx, *rec, fault.Reject("undecodable", err))
	}
	if in.Deadline != nil && s.maxSkew > 0 {
		if early := in.Deadline.DueAt.Sub(rec.Time); early > s.maxSkew {
			s.doubted(ctx, rec, early)
			return nil, nil
		}
	}
	f, err := d.file(in.DossierID)
	if err != nil {
		return nil, err
	}
	t, err := d.policy.Decide(f.state, in)
	if err != nil {
		return nil, s.park(ctx, *rec, err)
	}
	if t == nil {
		return nil, nil
	}
	t.Input.Partition, t.Input.Offset = rec.Partition, rec.Offset
	t.PrevHash = f.hash()
	out, err := t.Record()
	if err != nil {
		return nil, err
	}
	if size := bus.AppendSize(out); size > bus.MaxAppendBytes {
		return nil, s.park(ctx, *rec, fault.Rejectf("transition_too_large", "%d bytes", size))
	}
	return &written{Transition: t, record: out}, nil
}

// append writes the draft's transitions and makes them the state of the partition.
func (s *Step) append(ctx context.Context, d *draft) error {
	if len(d.pending) == 0 {
		return nil
	}
	recs := make([]schemas.Record, len(d.pending))
	for i, w := range d.pending {
		recs[i] = w.record
	}
	failpoint.Here(failpoint.P2)
	if err := s.log.Append(ctx, d.p.id, d.p.end, recs); err != nil {
		return err
	}
	for _, w := range d.pending {
		s.observe.Observe(w.Transition)
	}
	d.commit()
	return nil
}
