package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"permithub/internal/fault"
)

// fewBytes is what one fetch of single records asks for; Kafka sends a batch whole, however large.
const fewBytes = 64 << 10

// ReadAt returns the records of the partition at these offsets, in the order of the offsets. One that is not there, because it was never
// written or is kept no longer, is [ErrOutOfRange]. It waits out short outages until ctx ends.
func (c *Client) ReadAt(ctx context.Context, topic string, partition int32, offsets []int64) ([]Record, error) {
	missing := slices.Clone(offsets)
	slices.Sort(missing)
	tp := topicPartition{c.fullName(topic), partition}
	if len(missing) > 0 {
		bounds, err := c.partitionOffsets(ctx, tp)
		if err != nil {
			return nil, fmt.Errorf("read from %s/%d: %w", topic, partition, err)
		}
		if first, last := missing[0], missing[len(missing)-1]; first < bounds.First || last >= bounds.Next {
			return nil, fmt.Errorf("read from %s/%d: %w: %d to %d is not within %d and %d", topic, partition, ErrOutOfRange, first, last, bounds.First, bounds.Next)
		}
	}
	found := make([]Record, 0, len(missing))
	for failures := 0; len(missing) > 0; {
		f, err := c.fetchAt(ctx, tp, missing[0])
		if err != nil {
			failures++
			if fault.ClassOf(err) == fault.Permanent || !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
				return nil, fmt.Errorf("read from %s/%d: %w", topic, partition, unavailable(errors.Join(err, ctx.Err())))
			}
			_ = c.cluster.refresh(ctx)
			continue
		}
		failures = 0
		for i := range f {
			if len(missing) > 0 && f[i].Offset == missing[0] {
				found, missing = append(found, f[i]), missing[1:]
			}
		}
	}
	return c.short(found), nil
}

// fetchAt returns what Kafka sends from the offset on; the record itself is the first, or it is an error.
func (c *Client) fetchAt(ctx context.Context, tp topicPartition, offset int64) ([]Record, error) {
	f, err := c.fetchOne(ctx, tp, offset, fewBytes)
	switch {
	case err != nil:
		return nil, err
	case len(f.records) == 0 && f.end == offset:
		return nil, errNoAnswer // a leader that is catching up
	case len(f.records) == 0 || f.records[0].Offset != offset:
		return nil, fmt.Errorf("%w: there is no record %d", ErrOutOfRange, offset)
	}
	return f.records, nil
}
