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
	for failures := 0; from < bounds.Next; {
		f, err := c.fetchOne(ctx, tp, from, readBytes)
		if err != nil {
			failures++
			if !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
				return bounds.Next, unavailable(errors.Join(err, ctx.Err()))
			}
			_ = c.cluster.refresh(ctx)
			continue
		}
		failures = 0
		for len(f.records) > 0 && f.records[len(f.records)-1].Offset >= bounds.Next {
			f.records = f.records[:len(f.records)-1]
		}
		if err := fn(c.short(f.records)); err != nil {
			return bounds.Next, err
		}
		from = f.end
	}
	return bounds.Next, nil
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
