package deadletter

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/bus"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Source reads the topics; bus.Client is one.
type Source interface {
	// Offsets returns what each partition of the topic holds.
	Offsets(ctx context.Context, topic string) (map[int32]bus.Offsets, error)
	// ReadPartition calls fn for each record from an offset to the end, and returns that end.
	ReadPartition(ctx context.Context, topic string, partition int32, from int64, fn func(bus.Record) error) (end int64, err error)
	// ReadAt returns the records at these offsets.
	ReadAt(ctx context.Context, topic string, partition int32, offsets []int64) ([]bus.Record, error)
}

// State is how a letter stands.
type State string

// States of a letter.
const (
	Standing State = "standing" // nobody has dealt with it; a repair may lie ready
	Replayed State = "replayed"
	GivenUp  State = "given_up"
)

// Letter is what the book holds of a dead letter: everything but its content.
type Letter struct {
	ID        string       `json:"dead_letter_id"`
	Topic     string       `json:"topic"` // where the record was read
	Partition int32        `json:"partition"`
	Offset    int64        `json:"offset"`
	Key       string       `json:"key,omitempty"`
	Step      string       `json:"step"` // who gave it up; "" where the letter itself cannot be read
	Class     string       `json:"class"`
	Code      string       `json:"code"`
	Reason    string       `json:"reason"` // ids and codes
	Attempts  int          `json:"attempts"`
	At        schemas.Time `json:"at"`
	ReplayOf  string       `json:"replay_of,omitempty"` // the letter that its record was replayed out of before
	State     State        `json:"state"`
	Acts      []Act        `json:"acts,omitempty"` // oldest first

	at place
}

// Repaired is the last repair of the letter, or nil.
func (l *Letter) Repaired() *Act {
	for i := len(l.Acts) - 1; i >= 0; i-- {
		if l.Acts[i].Kind == schemas.DispositionRepaired {
			return &l.Acts[i]
		}
	}
	return nil
}

// Act is one disposition without the content that it may carry.
type Act struct {
	ID       string                  `json:"disposition_id"`
	Letter   string                  `json:"dead_letter_id"`
	Kind     schemas.DispositionKind `json:"kind"`
	Officer  string                  `json:"officer"`
	Second   string                  `json:"second,omitempty"`
	Reason   string                  `json:"reason,omitempty"`
	Ticket   string                  `json:"ticket,omitempty"`
	To       string                  `json:"to,omitempty"`
	RepairID string                  `json:"repair_id,omitempty"`
	At       schemas.Time            `json:"at"`

	at place
}

// place is where a record stands in its topic.
type place struct {
	partition int32
	offset    int64
}

// Book is every letter that its topic holds with what was done about it. It is safe for concurrent use; what it answers is as new as the last
// [Book.Read].
type Book struct {
	source  Source
	now     func() time.Time
	reading sync.Mutex // held by whoever reads on

	mu      sync.RWMutex
	letters map[string]*Letter
	acts    map[string][]Act
	next    map[topicPartition]int64
}

type topicPartition struct {
	topic     string
	partition int32
}

// NewBook returns a book that has read nothing yet. A nil reg keeps its gauges to itself.
func NewBook(source Source, now func() time.Time, reg prometheus.Registerer) (*Book, error) {
	b := &Book{source: source, now: now, letters: map[string]*Letter{}, acts: map[string][]Act{}, next: map[topicPartition]int64{}}
	return b, b.register(reg)
}

// kinds of disposition, for the counter.
var kinds = []schemas.DispositionKind{schemas.DispositionRepaired, schemas.DispositionReplayed, schemas.DispositionGivenUp}

func (b *Book) register(reg prometheus.Registerer) error {
	if reg == nil {
		return nil
	}
	errs := []error{
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "permithub_dead_letters_standing", Help: "Dead letters that nobody has replayed or given up. Every process tells the same: take the maximum."},
			func() float64 { n, _ := b.standing(); return float64(n) })),
		reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "permithub_dead_letter_age_seconds", Help: "Age of the oldest dead letter that nobody has replayed or given up; 0 without one."},
			func() float64 { _, age := b.standing(); return age.Seconds() })),
	}
	for _, kind := range kinds {
		errs = append(errs, reg.Register(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "permithub_dead_letter_dispositions", ConstLabels: prometheus.Labels{"kind": string(kind)},
			Help: "What people did about dead letters, for ever: repaired, replayed, given_up. Every process tells the same: take the maximum."},
			func() float64 { return float64(b.did(kind)) })))
	}
	return errors.Join(errs...)
}

func (b *Book) standing() (count int, age time.Duration) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, l := range b.letters {
		if stateOf(b.acts[l.ID]) == Standing {
			count++
			age = max(age, b.now().Sub(l.At.Time))
		}
	}
	return count, age
}

func (b *Book) did(kind schemas.DispositionKind) (n int) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for _, acts := range b.acts {
		for i := range acts {
			if acts[i].Kind == kind {
				n++
			}
		}
	}
	return n
}

func stateOf(acts []Act) State {
	for i := range acts {
		switch acts[i].Kind {
		case schemas.DispositionReplayed:
			return Replayed
		case schemas.DispositionGivenUp:
			return GivenUp
		case schemas.DispositionRepaired:
		}
	}
	return Standing
}

// watchEvery is the time between two looks at the topics.
const watchEvery = 15 * time.Second

// Watch reads on until ctx ends, so that the gauges are of now. While Kafka does not answer, what was read last stands.
func (b *Book) Watch(ctx context.Context, log *slog.Logger) {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	for {
		if err := b.Read(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "dead letters cannot be read", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// Read reads on to the ends of both topics. What is no longer in the dead letters' topic leaves the book.
func (b *Book) Read(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, watchEvery)
	defer cancel()
	b.reading.Lock()
	defer b.reading.Unlock()
	return errors.Join(b.readOn(ctx, schemas.TopicDeadLetter, b.letter), b.readOn(ctx, schemas.TopicDisposition, b.act))
}

func (b *Book) readOn(ctx context.Context, topic string, take func(bus.Record)) error {
	bounds, err := b.source.Offsets(ctx, topic)
	if err != nil {
		return fmt.Errorf("read %s: %w", topic, err)
	}
	if topic == schemas.TopicDeadLetter {
		b.forget(bounds)
	}
	for _, partition := range slices.Sorted(maps.Keys(bounds)) {
		tp := topicPartition{topic, partition}
		from := max(b.next[tp], bounds[partition].First)
		if from >= bounds[partition].Next {
			continue
		}
		end, err := b.source.ReadPartition(ctx, topic, partition, from, func(r bus.Record) error {
			b.mu.Lock()
			defer b.mu.Unlock()
			take(r)
			b.next[tp] = r.Offset + 1
			return nil
		})
		if err != nil {
			return err
		}
		b.next[tp] = max(b.next[tp], end)
	}
	return nil
}

// forget drops the letters that somebody deleted from their topic.
func (b *Book) forget(bounds map[int32]bus.Offsets) {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.DeleteFunc(b.letters, func(_ string, l *Letter) bool { return l.at.offset < bounds[l.at.partition].First })
}

// CodeUnreadable is the code of a letter that cannot be read itself.
const CodeUnreadable = "letter_unreadable"

// letter takes a record of the dead letters in. One that was written twice is one letter, as old as the first of the two.
func (b *Book) letter(r bus.Record) {
	at := place{r.Partition, r.Offset}
	d, err := schemas.DecodeDeadLetter(r.Value)
	if err != nil || d.DeadLetterID == "" {
		id := fmt.Sprintf("%s-%d-%d", r.Topic, r.Partition, r.Offset)
		b.letters[id] = &Letter{ID: id, Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Class: fault.Permanent.String(), Code: CodeUnreadable,
			At: schemas.At(r.Time), at: at}
		return
	}
	if known := b.letters[d.DeadLetterID]; known != nil {
		known.at = at
		return
	}
	l := &Letter{ID: d.DeadLetterID, Topic: d.Topic, Partition: d.Partition, Offset: d.Offset, Key: d.Key, Step: d.Step, Class: d.Class, Code: d.Code, Reason: d.Reason,
		Attempts: d.Attempts, At: d.At, at: at}
	l.ReplayOf = headerOf(d.Headers, schemas.HeaderReplayOf)
	for _, s := range []*string{&l.ID, &l.Topic, &l.Key, &l.Step, &l.Class, &l.Code, &l.Reason, &l.ReplayOf} {
		*s = strings.Clone(*s) // else each would keep the whole record
	}
	b.letters[l.ID] = l
}

func headerOf(headers []schemas.Header, key string) string {
	r := schemas.Record{Headers: headers}
	return r.Header(key)
}

// act takes a disposition in. One that cannot be read says nothing about any letter.
func (b *Book) act(r bus.Record) {
	d, err := schemas.DecodeDisposition(r.Value)
	if err != nil || d.DeadLetterID == "" {
		return
	}
	a := Act{ID: d.DispositionID, Letter: d.DeadLetterID, Kind: d.Kind, Officer: d.Officer, Second: d.Second, Reason: d.Reason, Ticket: d.Ticket, To: d.To, RepairID: d.RepairID, At: d.At,
		at: place{r.Partition, r.Offset}}
	for _, s := range []*string{&a.ID, &a.Letter, &a.Officer, &a.Second, &a.Reason, &a.Ticket, &a.To, &a.RepairID} {
		*s = strings.Clone(*s)
	}
	b.acts[a.Letter] = append(b.acts[a.Letter], a)
}

// Find returns the letter of that id.
func (b *Book) Find(id string) (Letter, bool) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	l := b.letters[id]
	if l == nil {
		return Letter{}, false
	}
	return b.whole(l), true
}

// whole is a copy with what was done about it; the caller holds the lock.
func (b *Book) whole(l *Letter) Letter {
	w := *l
	w.Acts = slices.Clone(b.acts[l.ID])
	w.State = stateOf(w.Acts)
	return w
}

// Filter says which letters are asked for; an empty field asks for all.
type Filter struct {
	State State
	Step  string
	Code  string
}

// List returns the letters, oldest first.
func (b *Book) List(f Filter) []Letter {
	b.mu.RLock()
	defer b.mu.RUnlock()
	var out []Letter
	for _, l := range b.letters {
		if f.Step != "" && l.Step != f.Step || f.Code != "" && l.Code != f.Code {
			continue
		}
		if w := b.whole(l); f.State == "" || w.State == f.State {
			out = append(out, w)
		}
	}
	slices.SortFunc(out, func(x, y Letter) int {
		if c := x.At.Compare(y.At.Time); c != 0 {
			return c
		}
		return strings.Compare(x.ID, y.ID)
	})
	return out
}

// Group is the letters that one step gave up for one reason.
type Group struct {
	Step, Code string
	Letters    int
	Repaired   int // of them: a repair lies ready
	Oldest     time.Time
	Newest     time.Time
}

// Groups returns the letters that stand, by step and code, the group with the oldest first.
func (b *Book) Groups() []Group {
	var out []Group
	for _, l := range b.List(Filter{State: Standing}) {
		i := slices.IndexFunc(out, func(g Group) bool { return g.Step == l.Step && g.Code == l.Code })
		if i < 0 {
			i = len(out)
			out = append(out, Group{Step: l.Step, Code: l.Code, Oldest: l.At.Time})
		}
		g := &out[i]
		g.Letters++
		g.Newest = l.At.Time
		if l.Repaired() != nil {
			g.Repaired++
		}
	}
	return out
}

// Acts returns the last dispositions of all letters, newest first, at most n.
func (b *Book) Acts(n int) []Act {
	b.mu.RLock()
	var out []Act
	for _, acts := range b.acts {
		out = append(out, acts...)
	}
	b.mu.RUnlock()
	slices.SortFunc(out, func(x, y Act) int {
		if c := y.At.Compare(x.At.Time); c != 0 {
			return c
		}
		return strings.Compare(y.ID, x.ID)
	})
	return out[:min(n, len(out))]
}

// Content is what a letter holds.
type Content struct {
	schemas.DeadLetter        // as it was written; Value is the record's, read again where the letter has none
	Gone               bool   // the record's value is kept nowhere any more
	Repair             []byte // of the last repair; nil where there is none
	RepairID           string
}

// Current is the value that a replay would put to work.
func (c *Content) Current() []byte {
	if c.Repair != nil {
		return c.Repair
	}
	return c.Value
}

// Content reads what the letter holds.
func (b *Book) Content(ctx context.Context, l *Letter) (*Content, error) {
	rec, err := b.at(ctx, schemas.TopicDeadLetter, l.at)
	if err != nil {
		return nil, err
	}
	d, err := schemas.DecodeDeadLetter(rec.Value)
	if err != nil || l.Code == CodeUnreadable {
		return &Content{DeadLetter: schemas.DeadLetter{DeadLetterID: l.ID, Topic: l.Topic, Key: l.Key, Code: l.Code, At: l.At, Value: rec.Value}}, nil
	}
	c := &Content{DeadLetter: *d}
	if c.Value == nil {
		source, err := b.at(ctx, d.Topic, place{d.Partition, d.Offset})
		switch {
		case errors.Is(err, bus.ErrOutOfRange):
			c.Gone = true
		case err != nil:
			return nil, err
		default:
			c.Value = source.Value
		}
	}
	if a := l.Repaired(); a != nil {
		rec, err := b.at(ctx, schemas.TopicDisposition, a.at)
		if err != nil {
			return nil, err
		}
		repair, err := schemas.DecodeDisposition(rec.Value)
		if err != nil {
			return nil, fmt.Errorf("read repair %s: %w", a.ID, err)
		}
		c.Repair, c.RepairID = repair.Value, a.ID
	}
	return c, nil
}

func (b *Book) at(ctx context.Context, topic string, p place) (bus.Record, error) {
	recs, err := b.source.ReadAt(ctx, topic, p.partition, []int64{p.offset})
	if err != nil {
		return bus.Record{}, err
	}
	return recs[0], nil
}
