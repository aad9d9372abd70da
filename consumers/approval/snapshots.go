package approval

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"iter"
	"sync"
	"time"

	"permithub/internal/bus"
	"permithub/internal/snapshot"
	"permithub/schemas"
)

// Place is what a snapshot must agree with of the log.
type Place interface {
	// Origin names the log among all there are.
	Origin(ctx context.Context) (string, error)
	// Bounds returns what the partition holds.
	Bounds(ctx context.Context, partition int32) (bus.Offsets, error)
	// At returns the record at an offset; bus.ErrOutOfRange where there is none.
	At(ctx context.Context, partition int32, offset int64) (bus.Record, error)
}

// Schedule says when a snapshot of a partition is due.
type Schedule struct {
	// Every is the least time between two; zero means 5 min.
	Every time.Duration
	// After is how many transitions must have come since the last one; zero means 5,000. A partition with many files waits for more: for one
	// in sixteen of them, so that what is written stays in proportion to what happened.
	After int
}

const filesEach = 16

func (s Schedule) withDefaults() Schedule {
	if s.Every == 0 {
		s.Every = 5 * time.Minute
	}
	if s.After == 0 {
		s.After = 5000
	}
	return s
}

// worthwhile reports whether enough has happened to the partition since its last snapshot.
func (s Schedule) worthwhile(p *partition) bool {
	return p.fresh > 0 && p.fresh >= max(s.After, len(p.files)/filesEach)
}

// Keeper keeps snapshots of the partitions that a step owns. It writes them in the background, one at a time.
type Keeper struct {
	store    *snapshot.Store
	place    Place
	schedule Schedule
	now      func() time.Time

	mu      sync.Mutex
	waiting map[int32]*picture
	more    chan struct{} // holds one token where something waits
	closing chan struct{}
	ended   chan struct{}
	giveUp  context.CancelFunc
}

// NewKeeper returns a keeper at work; it ends with Close.
func NewKeeper(store *snapshot.Store, place Place, schedule Schedule, now func() time.Time) *Keeper {
	k := &Keeper{store: store, place: place, schedule: schedule.withDefaults(), now: now,
		waiting: map[int32]*picture{}, more: make(chan struct{}, 1), closing: make(chan struct{}), ended: make(chan struct{})}
	ctx, giveUp := context.WithCancel(context.Background())
	k.giveUp = giveUp
	go k.run(ctx)
	return k
}

// lastWords is how long Close lets what waits be written: a start without it takes longer, and nothing else.
const lastWords = 10 * time.Second

// Close writes what waits, for 10 s or until ctx ends, and ends. The step must have stopped.
func (k *Keeper) Close(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lastWords)
	defer cancel()
	defer k.giveUp()
	close(k.closing)
	select {
	case <-k.ended:
	case <-ctx.Done():
		k.giveUp()
		<-k.ended
	}
	return nil
}

// Keep has the step begin a partition from its snapshot where there is one, and keep snapshots. Call it before the first batch.
func (s *Step) Keep(k *Keeper) { s.keeper = k }

// picture is a partition as it stood at one instant: its files never change.
type picture struct {
	head  snapshot.Head
	files []keyed
}

type keyed struct {
	dossierID string
	file      *file
}

// offer takes a picture of a partition for the background, in place of one that waits.
func (k *Keeper) offer(p *partition, notes []byte) {
	pic := &picture{files: make([]keyed, 0, len(p.files)), head: snapshot.Head{
		Partition: p.id, End: p.last + 1, Resume: p.resume, Taken: k.now(), Items: len(p.files), Notes: notes,
	}}
	for id, f := range p.files {
		pic.files = append(pic.files, keyed{id, f})
	}
	k.mu.Lock()
	k.waiting[p.id] = pic
	k.mu.Unlock()
	select {
	case k.more <- struct{}{}:
	default:
	}
}

func (k *Keeper) run(ctx context.Context) {
	defer close(k.ended)
	for {
		pic := k.take()
		if pic == nil {
			select {
			case <-k.more:
				continue
			case <-k.closing:
			}
			if pic = k.take(); pic == nil { // what was offered last
				return
			}
		}
		if err := k.write(ctx, pic); err != nil {
			if ctx.Err() != nil {
				return
			}
			k.store.Failed(pic.head.Partition, err)
		}
	}
}

func (k *Keeper) take() *picture {
	k.mu.Lock()
	defer k.mu.Unlock()
	for id, pic := range k.waiting {
		delete(k.waiting, id)
		return pic
	}
	return nil
}

// errUnlike says that the log has not what the step believes to have written or read there.
var errUnlike = errors.New("the last record of the log is not that of its file")

// write marks the picture with the log's own last record and keeps it.
func (k *Keeper) write(ctx context.Context, pic *picture) (err error) {
	h := &pic.head
	if h.Origin, err = k.place.Origin(ctx); err != nil {
		return err
	}
	rec, err := k.place.At(ctx, h.Partition, h.End-1)
	if err != nil {
		return err
	}
	var about schemas.Head
	if !about.Read(rec.Value) {
		return errUnlike
	}
	for i := range pic.files {
		if pic.files[i].dossierID == string(about.DossierID) && !bytes.Equal(pic.files[i].file.value, rec.Value) {
			return errUnlike
		}
	}
	h.Last = markOf(&rec)
	return k.store.Write(h, pic.items(ctx))
}

// items ends early with ctx: the store finds fewer than the head tells of.
func (pic *picture) items(ctx context.Context) iter.Seq[snapshot.Item] {
	return func(yield func(snapshot.Item) bool) {
		for _, f := range pic.files {
			if ctx.Err() != nil || !yield(snapshot.Item{Key: f.dossierID, Open: f.file.open, Value: f.file.value}) {
				return
			}
		}
	}
}

func markOf(rec *bus.Record) snapshot.Mark {
	sum := sha256.Sum256(rec.Value)
	return snapshot.Mark{Time: rec.Time.UTC(), SHA256: sum[:]}
}

// remember offers a picture of the partition where one is due. At its end a partition does not wait for the time.
func (s *Step) remember(p *partition, ending bool) {
	k := s.keeper
	if k == nil || !k.schedule.worthwhile(p) || !ending && k.now().Sub(p.taken) < k.schedule.Every {
		return
	}
	notes, err := s.observe.Save(p.id)
	if err != nil {
		k.store.Failed(p.id, err)
		return
	}
	k.offer(p, notes)
	p.fresh, p.taken = 0, k.now()
}

// begin returns the partition as its newest snapshot has it that the log bears out, or an empty one.
func (s *Step) begin(ctx context.Context, id int32) (*partition, error) {
	p := newPartition(id)
	if s.keeper == nil {
		return p, nil
	}
	bounds, err := s.keeper.place.Bounds(ctx, id)
	if err != nil {
		return nil, err
	}
	if bounds.First > 0 { // a snapshot does not stand in for what the log has lost: reading from the beginning raises the alarm
		return p, nil
	}
	origin, err := s.keeper.place.Origin(ctx)
	if err != nil {
		return nil, err
	}
	h, err := s.keeper.store.Load(id, func(h *snapshot.Head) (func(snapshot.Item) error, error) {
		s.observe.Forget(id) // what a snapshot before this one had it load
		if err := s.keeper.admit(ctx, h, origin, bounds); err != nil {
			return nil, err
		}
		if err := s.observe.Load(id, h.Notes); err != nil {
			return nil, snapshot.Refuse(snapshot.Outdated, err)
		}
		p = &partition{id: id, end: h.End, last: h.End - 1, resume: h.Resume, taken: h.Taken, files: make(map[string]*file, min(max(h.Items, 0), manyFiles))}
		return p.put, nil
	})
	switch {
	case err != nil:
		return nil, err
	case h == nil:
		s.observe.Forget(id)
		return newPartition(id), nil
	}
	p.snapshot = h.End
	return p, s.tellOpen(p)
}

// manyFiles bounds the room that is made for the files that a snapshot says it has.
const manyFiles = 1 << 20

// put takes in a file of a snapshot.
func (p *partition) put(i snapshot.Item) error {
	p.files[i.Key] = &file{value: i.Value, open: i.Open}
	return nil
}

// admit compares a snapshot with the log that is there.
func (k *Keeper) admit(ctx context.Context, h *snapshot.Head, origin string, bounds bus.Offsets) error {
	switch {
	case h.Origin != origin:
		return snapshot.Refuse(snapshot.Foreign, errors.New("it is of another cluster or topic"))
	case h.End < 1 || h.Resume < 0:
		return snapshot.Refuse(snapshot.Torn, errors.New("it stands nowhere"))
	case h.End > bounds.Next:
		return snapshot.Refuse(snapshot.Ahead, fmt.Errorf("it stands at %d, the log ends at %d", h.End, bounds.Next))
	}
	rec, err := k.place.At(ctx, h.Partition, h.End-1)
	switch {
	case errors.Is(err, bus.ErrOutOfRange):
		return snapshot.Refuse(snapshot.Ahead, err)
	case err != nil:
		return err
	}
	if mark := markOf(&rec); !mark.Time.Equal(h.Last.Time) || !bytes.Equal(mark.SHA256, h.Last.SHA256) {
		return snapshot.Refuse(snapshot.Differs, errors.New("the log has another record where it ends"))
	}
	return nil
}

// tellOpen tells the observer of every file that has an open case.
func (s *Step) tellOpen(p *partition) error {
	var open []*file
	for _, f := range p.files {
		if f.open {
			open = append(open, f)
		}
	}
	errs := make([]error, len(open))
	inParallel(len(open), func(i int) {
		var t *schemas.Transition
		if t, errs[i] = schemas.DecodeTransition(open[i].value); errs[i] == nil {
			s.observe.Restore(t)
		}
	})
	return errors.Join(errs...)
}
