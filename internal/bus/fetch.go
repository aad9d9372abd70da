package bus

import (
	"context"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// Bounds of one fetch.
const (
	maxPartitionBytes = 1 << 20
	maxFetchBytes     = 16 << 20
)

// fetched is what one fetch brought for one partition.
type fetched struct {
	records []Record
	// end is the offset to fetch next.
	end int64
	// highWater is the offset after the last record that all in-sync replicas have.
	highWater int64
	// bytes is the size of keys and values.
	bytes int
	err   error
}

// fetch asks one broker for several partitions, each from its offset. An empty answer is held back for wait.
func (c *cluster) fetch(ctx context.Context, from map[topicPartition]int64, wait time.Duration, partitionBytes int32) (map[topicPartition]fetched, error) {
	req := &rawFetch{clientID: c.transport.ClientID, Request: fetch.Request{
		ReplicaID: -1, MaxWaitTime: int32(wait / time.Millisecond), MinBytes: 1, MaxBytes: maxFetchBytes, SessionEpoch: -1,
	}}
	topics := map[string]int{}
	for tp, offset := range from {
		i, ok := topics[tp.topic]
		if !ok {
			i = len(req.Topics)
			topics[tp.topic] = i
			req.Topics = append(req.Topics, fetch.RequestTopic{Topic: tp.topic})
		}
		req.Topics[i].Partitions = append(req.Topics[i].Partitions, fetch.RequestPartition{Partition: tp.partition,
			CurrentLeaderEpoch: -1, FetchOffset: offset, LogStartOffset: -1, PartitionMaxBytes: partitionBytes})
	}
	m, err := c.roundTrip(ctx, wait+requestTimeout, req)
	if err != nil {
		return nil, err
	}
	answer := m.(*fetchAnswer)
	if answer.errorCode != 0 {
		return nil, kafka.Error(answer.errorCode)
	}
	out := make(map[topicPartition]fetched, len(from))
	for i := range answer.partitions {
		part := &answer.partitions[i]
		if offset, asked := from[part.topicPartition]; asked {
			out[part.topicPartition] = decodePartition(part, offset)
		}
	}
	return out, nil
}

func decodePartition(part *partitionAnswer, from int64) fetched {
	if part.errorCode != 0 {
		return fetched{end: from, err: kafka.Error(part.errorCode)}
	}
	f, err := decodeRecordSet(part.records, part.topicPartition, from)
	f.highWater = part.highWater
	f.err = err
	return f
}
