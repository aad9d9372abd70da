package bus

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Log is a stamped topic: append only where you said you would.
//
// The owner of a partition knows its end, writes a batch that is valid there and nowhere else, and learns from the answer
// where it landed. Whoever lost the race leaves void records, which [Log.Read] and every step leave out. Safe for
// concurrent use; one owner's calls for one partition must follow each other.
type Log struct {
	client *Client
	topic  string

	mu     sync.Mutex
	losses map[int32]int // by partition: appends lost in a row
}

// Log returns the stamped topic of this short name.
func (c *Client) Log(topic string) *Log {
	return &Log{client: c, topic: topic, losses: map[int32]int{}}
}

// ErrLost says that an append landed behind another writer's and is void: read on from the same offset and decide again.
var ErrLost = errors.New("another writer was first")

// contentionBackoff bounds the pause of a writer that lost again; the pause itself is drawn evenly from zero up, because the
// two would meet again if theirs were alike.
var contentionBackoff = backoff{min: 20 * time.Millisecond, max: time.Second}

// MaxAppendBytes is the most that the records of one Append may take, by AppendSize.
const MaxAppendBytes = maxRecordBytes

// AppendSize is what the record takes of MaxAppendBytes.
func AppendSize(r schemas.Record) int { return recordSize(&r) + stampSize }

// Append writes the records as one batch, stamped at, at+1, …, and returns nil only when they stand there.
//
// [ErrLost] means that they stand elsewhere and are void; one that loses again and again is told so after a growing pause,
// in which the other writer gets on. A permanent error means that they were refused. Any other error
// leaves open whether they were written: the caller reads on from at, and either finds them there or decides again.
// Append never repeats a request, because the answer to a repeat would speak of the repeat.
func (l *Log) Append(ctx context.Context, partition int32, at int64, records []schemas.Record) error {
	if len(records) == 0 {
		return nil
	}
	if err := l.append(ctx, topicPartition{l.client.fullName(l.topic), partition}, at, records); err != nil {
		return fmt.Errorf("append to %s/%d at %d: %w", l.topic, partition, at, err)
	}
	return nil
}

func (l *Log) append(ctx context.Context, tp topicPartition, at int64, records []schemas.Record) error {
	size := 0
	full, batch := make([]schemas.Record, len(records)), make([]*schemas.Record, len(records))
	for i := range records {
		full[i] = stamped(records[i], tp.topic, at+int64(i))
		batch[i] = &full[i]
		size += recordSize(batch[i])
	}
	if size > MaxAppendBytes {
		return fault.Rejectf("batch-too-large", "%d bytes", size)
	}
	if err := l.awaitLeader(ctx, tp); err != nil {
		return unavailable(err)
	}
	start := time.Now()
	wire := encodeBatch(batch, start, anonymous)
	answers, err := l.client.cluster.produce(ctx, map[topicPartition][]byte{tp: *wire})
	failpoint.Here(failpoint.P3)
	a, answered := answers[tp]
	if answered {
		reuse(wire)
	}
	switch {
	case err == nil && !answered:
		err = errNoAnswer
	case err == nil:
		err = a.err
	}
	if err != nil {
		return l.failed(ctx, err)
	}
	l.client.metrics.produceSeconds.Observe(time.Since(start).Seconds())
	return l.landed(ctx, tp.partition, a.base == at)
}

// landed tells an append that stands from one that lost. Two writers that both decide again at once can void each other for
// as long as they like: each one's void records are what the other one's offset did not foresee. So whoever lost twice in a
// row steps back for a time of its own.
func (l *Log) landed(ctx context.Context, partition int32, stands bool) error {
	l.mu.Lock()
	if stands {
		l.losses[partition] = 0
	} else {
		l.losses[partition]++
	}
	n := l.losses[partition]
	l.mu.Unlock()
	if stands {
		return nil
	}
	failpoint.Here(failpoint.P4)
	if n > 1 {
		sleep(ctx, rand.N(contentionBackoff.after(n-1)))
	}
	return ErrLost
}

// awaitLeader waits until somebody leads the partition: before anything is sent, waiting is safe.
func (l *Log) awaitLeader(ctx context.Context, tp topicPartition) error {
	ctx, cancel := context.WithTimeout(ctx, l.client.cfg.ProduceTimeout)
	defer cancel()
	for failures := 1; ; failures++ {
		leaders, err := l.client.cluster.awaitPartitions(ctx, tp.topic)
		if err != nil {
			return err
		}
		if int(tp.partition) >= len(leaders) {
			return fault.Rejectf("no-such-partition", "topic has %d", len(leaders))
		}
		if leaders[tp.partition] != noLeader {
			return nil
		}
		if !sleep(ctx, networkBackoff.after(failures)) {
			return errors.Join(errNoLeader, ctx.Err())
		}
		_ = l.client.cluster.refresh(ctx)
	}
}

// failed classes what Kafka answered. NOT_LEADER too leaves the outcome open: it is also given after the record was
// written, when leadership moves before the replicas have it.
func (l *Log) failed(ctx context.Context, err error) error {
	switch {
	case tooLarge(err), errors.Is(err, kafka.InvalidRecord):
		return fault.Reject("record-refused", err)
	case retriable(err):
		_ = l.client.cluster.refresh(ctx)
	}
	return unavailable(err)
}

// Read calls fn for each valid record of the partition from offset from, up to the end of the log as it is known at the
// call, and returns that end. It waits out short outages until ctx ends; an error of fn ends it at once.
func (l *Log) Read(ctx context.Context, partition int32, from int64, fn func(Record) error) (end int64, err error) {
	tp := topicPartition{l.client.fullName(l.topic), partition}
	end, err = l.client.readPartition(ctx, tp, from, func(records []Record) error {
		valid, void := dropVoid(records)
		l.client.metrics.voidRecords.Add(float64(void))
		for i := range valid {
			if err := fn(valid[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return end, fmt.Errorf("read %s/%d: %w", l.topic, partition, err)
	}
	return end, nil
}
