package bus

import (
	"context"
	"errors"
	"fmt"
	"time"

	"permithub/internal/fault"
)

// ErrOutOfRange says that the position lies before the first record that a partition still holds, or beyond its end. It is
// permanent: no waiting brings the records back.
var ErrOutOfRange = fault.Reject("offset-out-of-range", nil)

// readBytes is what one fetch of a whole partition asks for.
const readBytes = 8 << 20

// ReadPartition calls fn for each record of the partition from offset from up to its end as known at the call, void records
// included, and returns that end. It belongs to no group. It waits out short outages until ctx ends; an error of fn ends it.
func (c *Client) ReadPartition(ctx context.Context, topic string, partition int32, from int64, fn func(Record) error) (end int64, err error) {
	end, err = c.readPartition(ctx, topicPartition{c.fullName(topic), partition}, from, func(records []Record) error {
		for i := range records {
			if err := fn(records[i]); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return end, fmt.Errorf("read %s/%d: %w", topic, partition, err)
	}
	return end, nil
}

func (c *Client) readPartition(ctx context.Context, tp topicPartition, from int64, fn func([]Record) error) (int64, error) {
	bounds, err := c.partitionOffsets(ctx, tp)
	if err != nil {
		return 0, err
	}
	if from < bounds.First || from > bounds.Next {
		return bounds.Next, fmt.Errorf("%w: %d is not within %d and %d", ErrOutOfRange, from, bounds.First, bounds.Next)
	}
	ctx, stop := context.WithCancel(ctx)
	answers := c.readAhead(ctx, tp, from, bounds.Next)
	defer func() {
		stop()
		for range answers { // until nothing is fetched any more
		}
	}()
	for f := range answers {
		if f.err != nil {
			return bounds.Next, f.err
		}
		if err := fn(c.short(f.records)); err != nil {
			return bounds.Next, err
		}
	}
	if err := ctx.Err(); err != nil { // it may have ended between two answers
		return bounds.Next, unavailable(err)
	}
	return bounds.Next, nil
}

// readAhead fetches the partition from one offset to another, while what it fetched before is worked on: one answer waits and one is under way. It
// ends with the last record, with the first error, or with ctx; then the channel is closed.
func (c *Client) readAhead(ctx context.Context, tp topicPartition, from, to int64) <-chan fetched {
	answers := make(chan fetched)
	go func() {
		defer close(answers)
		for from < to {
			f := c.fetchPatiently(ctx, tp, from)
			for len(f.records) > 0 && f.records[len(f.records)-1].Offset >= to {
				f.records = f.records[:len(f.records)-1]
			}
			select {
			case answers <- f:
			case <-ctx.Done():
				return
			}
			if f.err != nil {
				return
			}
			from = f.end
		}
	}()
	return answers
}

// fetchPatiently fetches from the offset on and waits out short outages until ctx ends.
func (c *Client) fetchPatiently(ctx context.Context, tp topicPartition, from int64) fetched {
	for failures := 1; ; failures++ {
		f, err := c.fetchOne(ctx, tp, from, readBytes)
		if err == nil {
			return f
		}
		if !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
			return fetched{err: unavailable(errors.Join(err, ctx.Err()))}
		}
		_ = c.cluster.refresh(ctx)
	}
}

func (c *Client) fetchOne(ctx context.Context, tp topicPartition, from int64, bytes int32) (fetched, error) {
	const wait = 500 * time.Millisecond // there is something to read: only a leader that is catching up makes it wait
	answers, err := c.cluster.fetch(ctx, map[topicPartition]int64{tp: from}, wait, bytes)
	if err != nil {
		return fetched{}, err
	}
	f, ok := answers[tp]
	if !ok {
		return fetched{}, errNoAnswer
	}
	return f, f.err
}

// short gives the records their topic's short name, in place.
func (c *Client) short(records []Record) []Record {
	for i := range records {
		records[i].Topic = c.shortName(records[i].Topic)
	}
	return records
}

// partitionOffsets waits out short outages until ctx ends.
func (c *Client) partitionOffsets(ctx context.Context, tp topicPartition) (Offsets, error) {
	for failures := 1; ; failures++ {
		leaders, err := c.cluster.awaitPartitions(ctx, tp.topic)
		if err != nil {
			return Offsets{}, unavailable(err)
		}
		if int(tp.partition) >= len(leaders) {
			return Offsets{}, fault.Rejectf("no-such-partition", "topic has %d", len(leaders))
		}
		out := map[int32]Offsets{}
		err = c.cluster.listOffsets(ctx, tp.topic, boundsOf(tp.partition), out)
		if err == nil {
			return out[tp.partition], nil
		}
		if !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
			return Offsets{}, unavailable(errors.Join(err, ctx.Err()))
		}
		_ = c.cluster.refresh(ctx)
	}
}
