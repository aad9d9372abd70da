package bus

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/segmentio/kafka-go"

	"permithub/internal/fault"
	"permithub/schemas"
)

// dispatcher belongs to the producer's goroutine: it holds the queues and decides what leaves when. Nothing in it is shared,
// except a queue while a request carries its batch.
type dispatcher struct {
	producer *producer
	queues   map[topicPartition]*queue
	ready    []*queue           // have something to send and are not under way
	busy     map[int32]struct{} // brokers that owe an answer
	returned chan answer
}

// answer is what a finished request brings back.
type answer struct {
	leader int32
	queues []*queue
}

// queue holds what waits for one partition.
type queue struct {
	topicPartition
	waiting []pending
	// batch is cut and offered until it is settled; nil when the next is to be cut.
	batch *batch
	// limit is the most records of a batch; it shrinks for a topic that refuses large batches.
	limit   int
	listed  bool      // in ready, or under way
	retryAt time.Time // the earliest time of the next attempt
	// session and sequence make this partition's batches recognisable. A session is left behind when it is not known
	// whether its last batch was written.
	session    *session
	ownSession bool // the shared session was left behind
	sequence   int32
}

// pending is one record and the call that waits for it.
type pending struct {
	record     *schemas.Record
	submission *submission
}

// batch is what one acknowledgement settles.
type batch struct {
	records  []pending
	wire     *[]byte // encoded when it is first sent, so that a repeat is the same to the byte
	attempts int
	err      error // of the last attempt
}

func newDispatcher(p *producer) *dispatcher {
	return &dispatcher{producer: p, queues: map[topicPartition]*queue{}, busy: map[int32]struct{}{}, returned: make(chan answer)}
}

func (d *dispatcher) idle() bool { return len(d.ready) == 0 && len(d.busy) == 0 }

func (d *dispatcher) enqueue(submissions []*submission) {
	for _, s := range submissions {
		for i, r := range s.records {
			q := d.queues[s.targets[i]]
			if q == nil {
				q = &queue{topicPartition: s.targets[i], limit: maxBatchRecords}
				d.queues[s.targets[i]] = q
			}
			q.waiting = append(q.waiting, pending{r, s})
			d.list(q)
		}
		if len(s.records) == 0 {
			close(s.done)
		}
	}
}

func (d *dispatcher) list(q *queue) {
	if !q.listed {
		q.listed = true
		d.ready = append(d.ready, q)
	}
}

// dispatch sends to every broker that is free, and returns how long until a pausing queue is due.
func (d *dispatcher) dispatch(ctx context.Context, now time.Time) time.Duration {
	next := time.Hour
	groups := map[int32][]*queue{}
	rest := d.ready[:0]
	for _, q := range d.ready {
		leader := d.producer.cluster.leader(q.topicPartition)
		_, busy := d.busy[leader]
		switch pause := q.retryAt.Sub(now); {
		case ctx.Err() == nil && pause > 0:
			next = min(next, pause)
			rest = append(rest, q)
		case busy:
			rest = append(rest, q)
		case !d.cut(q):
			q.listed = false
		default:
			groups[leader] = append(groups[leader], q)
		}
	}
	clear(d.ready[len(rest):])
	d.ready = rest
	for leader, queues := range groups {
		d.busy[leader] = struct{}{}
		go func() {
			d.producer.send(ctx, leader, queues)
			d.returned <- answer{leader, queues}
		}()
	}
	return next
}

// cut takes the next batch from what waits, unless one is to be repeated; it reports whether there is one.
func (d *dispatcher) cut(q *queue) bool {
	if q.batch != nil {
		return true
	}
	b, size, n := &batch{}, 0, 0
	for ; n < len(q.waiting) && len(b.records) < q.limit; n++ {
		p := q.waiting[n]
		if p.submission.ctx.Err() != nil {
			p.submission.settle(1, unavailable(p.submission.ctx.Err()))
			continue
		}
		if size += recordSize(p.record); size > maxRecordBytes && len(b.records) > 0 {
			break
		}
		b.records = append(b.records, p)
	}
	q.waiting = slices.Delete(q.waiting, 0, n)
	if len(b.records) == 0 {
		return false
	}
	q.batch = b
	return true
}

// settle takes in what a request brought back.
func (d *dispatcher) settle(ctx context.Context, a answer) {
	delete(d.busy, a.leader)
	for _, q := range a.queues {
		d.settleOne(ctx, q)
		if q.batch != nil || len(q.waiting) > 0 {
			d.list(q)
		}
	}
}

func (d *dispatcher) settleOne(ctx context.Context, q *queue) {
	b := q.batch
	q.listed = false
	switch err := b.err; {
	case err == nil:
		if b.attempts == 0 { // else a request that was given up may still hold it
			reuse(b.wire)
		}
		q.sequence = nextSequence(q.sequence, len(b.records))
		q.finish(nil)
	case tooLarge(err) && len(b.records) > 1:
		q.limit = len(b.records) / 2
		q.waiting = append(slices.Clone(b.records), q.waiting...)
		q.batch = nil
	case tooLarge(err):
		q.finish(fault.Reject("record-too-large", err))
	case !retriable(err) && !sequenceLost(err):
		q.finish(unavailable(err))
	case ctx.Err() != nil || time.Now().After(b.records[0].submission.deadline):
		q.leaveSession() // it may have been written: its numbers cannot be used for anything else
		q.finish(unavailable(err))
	default:
		if sequenceLost(err) {
			q.leaveSession()
			b.wire = nil
		}
		b.attempts++
		q.retryAt = time.Now().Add(networkBackoff.after(b.attempts))
	}
}

// nextSequence wraps from the largest int32 to 0, as the brokers do.
func nextSequence(sequence int32, records int) int32 {
	return int32((uint32(sequence) + uint32(records)) & 0x7fffffff)
}

// finish answers everybody whose records the batch holds.
func (q *queue) finish(err error) {
	for _, p := range q.batch.records {
		p.submission.settle(1, err)
	}
	q.batch = nil
	q.retryAt = time.Time{}
}

// leaveSession makes the next batch start under a new producer id, at sequence 0.
func (q *queue) leaveSession() {
	q.session, q.ownSession, q.sequence = nil, true, 0
}

func (s *submission) settle(records int, err error) {
	if err != nil && s.err == nil {
		s.err = err
	}
	if s.remaining -= records; s.remaining == 0 {
		close(s.done)
	}
}

func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}

// sequenceLost: the broker has forgotten this producer id, or an unclean election took records with it.
func sequenceLost(err error) bool {
	return errors.Is(err, kafka.OutOfOrderSequenceNumber) || errors.Is(err, kafka.UnknownProducerId) || errors.Is(err, kafka.InvalidProducerEpoch)
}
