package bus

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"permithub/schemas"
)

// standingEvery is the time between two looks at the dead letters; one look takes a request for the bounds, and one for each partition that
// holds a letter which was not the oldest before.
const standingEvery = 15 * time.Second

// standing is what the dead letters that nobody has cleared away look like.
type standing struct {
	count  atomic.Int64
	oldest atomic.Int64 // Unix ns; 0 without one
}

func (s *standing) age() float64 {
	oldest := s.oldest.Load()
	if oldest == 0 {
		return 0
	}
	return max(0, time.Since(time.Unix(0, oldest)).Seconds())
}

// WatchDeadLetters keeps the count and the age of the dead letters that stand in their topic, until ctx ends. The topic keeps them for ever:
// who has dealt with one deletes the records up to it. While Kafka does not answer, what was seen last stands.
func (c *Client) WatchDeadLetters(ctx context.Context) {
	tick := time.NewTicker(standingEvery)
	defer tick.Stop()
	times := map[int32]firstRecord{}
	for {
		if err := c.lookAtDeadLetters(ctx, times); err != nil && ctx.Err() == nil {
			c.log.WarnContext(ctx, "dead letters cannot be counted", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// firstRecord is the oldest record of a partition.
type firstRecord struct {
	offset int64
	time   time.Time
}

func (c *Client) lookAtDeadLetters(ctx context.Context, times map[int32]firstRecord) error {
	ctx, cancel := context.WithTimeout(ctx, standingEvery)
	defer cancel()
	bounds, err := c.Offsets(ctx, schemas.TopicDeadLetter)
	if err != nil {
		return err
	}
	var count, oldest int64
	for partition, b := range bounds {
		if b.First >= b.Next {
			continue
		}
		count += b.Next - b.First
		first := times[partition]
		if first.time.IsZero() || first.offset != b.First {
			if first, err = c.firstRecord(ctx, partition, b.First); err != nil {
				return err
			}
			times[partition] = first
		}
		if at := first.time.UnixNano(); oldest == 0 || at < oldest {
			oldest = at
		}
	}
	c.metrics.standing.count.Store(count)
	c.metrics.standing.oldest.Store(oldest)
	return nil
}

var errEnough = errors.New("seen enough")

func (c *Client) firstRecord(ctx context.Context, partition int32, from int64) (first firstRecord, err error) {
	_, err = c.ReadPartition(ctx, schemas.TopicDeadLetter, partition, from, func(r Record) error {
		first = firstRecord{from, r.Time}
		return errEnough
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return first, err
}
