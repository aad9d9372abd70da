package bus

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"

	"permithub/schemas"
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
	req := &fetch.Request{ReplicaID: -1, MaxWaitTime: int32(wait / time.Millisecond), MinBytes: 1, MaxBytes: maxFetchBytes, SessionEpoch: -1}
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
	res := m.(*fetch.Response)
	if res.ErrorCode != 0 {
		return nil, kafka.Error(res.ErrorCode)
	}
	out := make(map[topicPartition]fetched, len(from))
	for i := range res.Topics {
		for j := range res.Topics[i].Partitions {
			part := &res.Topics[i].Partitions[j]
			tp := topicPartition{res.Topics[i].Topic, part.Partition}
			if offset, asked := from[tp]; asked {
				out[tp] = decodePartition(tp, part, offset)
			}
		}
	}
	return out, nil
}

func decodePartition(tp topicPartition, part *fetch.ResponsePartition, from int64) fetched {
	if part.ErrorCode != 0 {
		return fetched{end: from, err: kafka.Error(part.ErrorCode)}
	}
	f, err := decodeRecordSet(part.RecordSet.Records, tp, from)
	f.highWater = part.HighWatermark
	f.err = err
	return f
}

// decodeRecordSet copies the records at or after from out of the library's pages. Control records are passed over.
func decodeRecordSet(set protocol.RecordReader, tp topicPartition, from int64) (fetched, error) {
	f := fetched{end: from}
	if set == nil {
		return f, nil
	}
	batches := []protocol.RecordReader{set}
	if stream, ok := set.(*protocol.RecordStream); ok {
		batches = stream.Records
	}
	d := decoder{topicPartition: tp, from: from, fetched: &f}
	for _, b := range batches {
		_, control := b.(*protocol.ControlBatch)
		if err := d.batch(b, control); err != nil {
			return f, fmt.Errorf("decode %s/%d at %d: %w", tp.topic, tp.partition, f.end, err)
		}
	}
	if f.end == from && len(batches) > 0 {
		f.end++ // a batch whose records were all removed: step over it, one offset at a time
	}
	return f, nil
}

type decoder struct {
	topicPartition
	from int64
	slab slab
	*fetched
}

func (d *decoder) batch(b protocol.RecordReader, control bool) error {
	for {
		r, err := b.ReadRecord()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := d.record(r, control); err != nil {
			return err
		}
	}
}

func (d *decoder) record(r *protocol.Record, control bool) error {
	defer release(r.Key)
	defer release(r.Value)
	if r.Offset < d.from { // a batch is sent whole, also for an offset inside it
		return nil
	}
	if control {
		d.end = r.Offset + 1
		return nil
	}
	key, err := d.slab.copy(r.Key)
	if err != nil {
		return err
	}
	value, err := d.slab.copy(r.Value)
	if err != nil {
		return err
	}
	d.records = append(d.records, Record{
		Record:    schemas.Record{Topic: d.topic, Key: string(key), Value: value, Headers: headersOf(r.Headers)},
		Partition: d.partition, Offset: r.Offset, Time: r.Time,
	})
	d.bytes += len(key) + len(value)
	d.end = r.Offset + 1
	return nil
}

func release(b protocol.Bytes) {
	if b != nil {
		_ = b.Close() // gives the page back; never fails
	}
}

func headersOf(in []protocol.Header) []schemas.Header {
	if len(in) == 0 {
		return nil
	}
	out := make([]schemas.Header, len(in))
	for i := range in {
		out[i] = schemas.Header{Key: in[i].Key, Value: string(in[i].Value)}
	}
	return out
}

// Sizes of a slab: it starts small, so that a quiet topic's fetches stay small, and doubles while one fetch goes on.
const (
	minSlab = 4 << 10
	maxSlab = 256 << 10
)

// slab holds the copied bytes of many records in few allocations.
type slab struct{ free []byte }

func (s *slab) copy(b protocol.Bytes) ([]byte, error) {
	if b == nil || b.Len() == 0 {
		return nil, nil
	}
	n := b.Len()
	if n > cap(s.free)-len(s.free) {
		s.free = make([]byte, 0, max(n, min(max(2*cap(s.free), minSlab), maxSlab)))
	}
	at := len(s.free)
	s.free = s.free[:at+n]
	out := s.free[at : at+n : at+n]
	_, err := io.ReadFull(b, out)
	return out, err
}
