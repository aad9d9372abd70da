package bus

import (
	"encoding/binary"
	"hash/crc32"
	"slices"
	"sync"
	"time"

	"permithub/schemas"
)

// producerState is what makes a batch recognisable as a repeat. See KIP-98, "Idempotent Producer".
type producerState struct {
	id       int64
	epoch    int16
	sequence int32
}

// anonymous marks a batch that the broker does not compare with earlier ones.
var anonymous = producerState{id: -1, epoch: -1, sequence: -1}

// Layout of a record batch, magic 2 (https://kafka.apache.org/documentation/#recordbatch): offsets of the fields from the
// start of the batch.
const (
	batchLengthAt      = 8
	batchLeaderEpochAt = 12
	batchMagicAt       = 16
	batchCRCAt         = 17
	batchAttributesAt  = 21
	batchLastDeltaAt   = 23
	batchFirstTimeAt   = 27
	batchMaxTimeAt     = 35
	batchProducerIDAt  = 43
	batchEpochAt       = 51
	batchSequenceAt    = 53
	batchCountAt       = 57
	batchHeaderSize    = 61

	// sizePrefix precedes the batch on the wire: kafka-go writes a raw record set as it is, so it carries its own.
	sizePrefix = 4
)

// wires holds the memory of batches that were answered: a request without an answer may still be read by its connection.
var wires = sync.Pool{New: func() any { return new([]byte) }}

// encodeBatch encodes one batch as it is sent. Once it is answered, reuse takes it back.
func encodeBatch(records []*schemas.Record, at time.Time, p producerState) *[]byte {
	wire := wires.Get().(*[]byte)
	*wire = appendRecordBatch((*wire)[:0], records, at, p)
	return wire
}

func reuse(wire *[]byte) { wires.Put(wire) }

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// appendRecordBatch appends one uncompressed batch of all records, with its size prefix; every record bears the time at.
func appendRecordBatch(b []byte, records []*schemas.Record, at time.Time, p producerState) []byte {
	start := len(b)
	size := sizePrefix + batchHeaderSize
	for _, r := range records {
		size += recordSize(r)
	}
	b = append(slices.Grow(b, size), make([]byte, sizePrefix+batchHeaderSize)...)
	for i, r := range records {
		b = appendRecord(b, i, r)
	}
	be := binary.BigEndian
	be.PutUint32(b[start:], uint32(len(b)-start-sizePrefix))
	h := b[start+sizePrefix:]
	be.PutUint32(h[batchLengthAt:], uint32(len(h)-batchLeaderEpochAt))
	be.PutUint32(h[batchLeaderEpochAt:], ^uint32(0)) // the broker's to fill in
	h[batchMagicAt] = 2
	be.PutUint32(h[batchLastDeltaAt:], uint32(len(records)-1))
	be.PutUint64(h[batchFirstTimeAt:], uint64(at.UnixMilli()))
	be.PutUint64(h[batchMaxTimeAt:], uint64(at.UnixMilli()))
	be.PutUint64(h[batchProducerIDAt:], uint64(p.id))
	be.PutUint16(h[batchEpochAt:], uint16(p.epoch))
	be.PutUint32(h[batchSequenceAt:], uint32(p.sequence))
	be.PutUint32(h[batchCountAt:], uint32(len(records)))
	be.PutUint32(h[batchCRCAt:], crc32.Checksum(h[batchAttributesAt:], castagnoli))
	return b
}

func appendRecord(b []byte, index int, r *schemas.Record) []byte {
	b = binary.AppendVarint(b, int64(recordBodySize(index, r)))
	b = append(b, 0, 0) // attributes; timestamp delta
	b = binary.AppendVarint(b, int64(index))
	if r.Key == "" {
		b = binary.AppendVarint(b, -1) // null
	} else {
		b = appendString(b, r.Key)
	}
	b = binary.AppendVarint(b, int64(len(r.Value)))
	b = append(b, r.Value...)
	b = binary.AppendVarint(b, int64(len(r.Headers)))
	for i := range r.Headers {
		b = appendString(b, r.Headers[i].Key)
		b = appendString(b, r.Headers[i].Value)
	}
	return b
}

func appendString(b []byte, s string) []byte {
	b = binary.AppendVarint(b, int64(len(s)))
	return append(b, s...)
}

func recordBodySize(index int, r *schemas.Record) int {
	n := 2 + varintSize(index) + stringSize(r.Key) + varintSize(len(r.Value)) + len(r.Value) + varintSize(len(r.Headers))
	for i := range r.Headers {
		n += stringSize(r.Headers[i].Key) + stringSize(r.Headers[i].Value)
	}
	return n
}

// stringSize also fits the null key, whose length -1 takes one byte as 0 does.
func stringSize(s string) int { return varintSize(len(s)) + len(s) }

func varintSize(v int) int {
	n := 1
	for u := uint64(v) << 1; u >= 0x80; u >>= 7 {
		n++
	}
	return n
}

// maxRecordOverhead is what a record's own length and its index take at most.
const maxRecordOverhead = 5 + 3

// recordSize is an upper bound of what the record takes in a batch.
func recordSize(r *schemas.Record) int { return recordBodySize(0, r) + maxRecordOverhead }
