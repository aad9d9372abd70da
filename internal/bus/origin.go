package bus

import (
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/kafka-go/protocol/metadata"
)

// Origin names the log among all there are: the id that the cluster gave itself, and the topic's full name. A topic that was deleted and made
// again has the same origin; what stood in it tells, see [Log.At]. It waits out short outages until ctx ends.
func (l *Log) Origin(ctx context.Context) (string, error) {
	c := l.client
	topic := c.fullName(l.topic)
	for failures := 1; ; failures++ {
		id, err := c.cluster.id(ctx)
		if err == nil {
			return id + "/" + topic, nil
		}
		if !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
			return "", unavailable(fmt.Errorf("origin of %s: %w", l.topic, errors.Join(err, ctx.Err())))
		}
	}
}

// id asks for the cluster's own id. Brokers have one since Kafka 0.10.1.
func (c *cluster) id(ctx context.Context) (string, error) {
	res, err := c.roundTrip(ctx, requestTimeout, &metadata.Request{TopicNames: []string{}})
	if err != nil {
		return "", err
	}
	return res.(*metadata.Response).ClusterID, nil
}

// Bounds returns what the partition holds. It waits out short outages until ctx ends.
func (l *Log) Bounds(ctx context.Context, partition int32) (Offsets, error) {
	bounds, err := l.client.partitionOffsets(ctx, topicPartition{l.client.fullName(l.topic), partition})
	if err != nil {
		return Offsets{}, fmt.Errorf("bounds of %s/%d: %w", l.topic, partition, err)
	}
	return bounds, nil
}

// At returns the record at the offset, be it valid or void; [ErrOutOfRange] where there is none. It waits out short outages until ctx ends.
func (l *Log) At(ctx context.Context, partition int32, offset int64) (Record, error) {
	records, err := l.client.ReadAt(ctx, l.topic, partition, []int64{offset})
	if err != nil {
		return Record{}, err
	}
	return records[0], nil
}
