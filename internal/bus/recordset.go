package bus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"github.com/segmentio/kafka-go/compress"

	"permithub/schemas"
)

// Bits of a batch's attributes.
const (
	compressionMask  = 0x07
	logAppendTimeBit = 0x08
	controlBit       = 0x20
)

// batchOverhead is what stands before the length of a batch counts.
const batchOverhead = 12

// headerChunk is how many headers are allocated at once, at most.
const headerChunk = 512

// minRecordSize is what a record takes at least: its length, attributes, both deltas, and the lengths of key, value and headers.
const minRecordSize = 7

var (
	errBatchCorrupt = errors.New("record batch is corrupt")
	errBatchMagic   = errors.New("record batch is of a form from before Kafka 0.11")
)

// decodeRecordSet reads the records at or after from. Control records are passed over; the batch that a fetch cuts off at the end is left for the
// next one. The values are parts of set, which must not be changed.
func decodeRecordSet(set []byte, tp topicPartition, from int64) (fetched, error) {
	d := decoder{topicPartition: tp, from: from, fetched: fetched{end: from}}
	whole := false
	for len(set) >= batchHeaderSize {
		size := batchOverhead + int(int32(binary.BigEndian.Uint32(set[batchLengthAt:])))
		if size < batchHeaderSize {
			return d.fetched, fmt.Errorf("decode %s/%d at %d: %w", tp.topic, tp.partition, d.end, errBatchCorrupt)
		}
		if size > len(set) {
			break
		}
		if err := d.batch(set[:size:size]); err != nil {
			return d.fetched, fmt.Errorf("decode %s/%d at %d: %w", tp.topic, tp.partition, d.end, err)
		}
		set, whole = set[size:], true
	}
	if whole && d.end == from {
		d.end++ // nothing of what a broker answers lies before the offset that was asked for: do not ask for the same again
	}
	return d.fetched, nil
}

type decoder struct {
	topicPartition
	from    int64
	headers []schemas.Header // not used yet
	ahead   int              // records of the batch that are still to be read, the one at hand included
	fetched
}

func (d *decoder) batch(b []byte) error {
	be := binary.BigEndian
	if b[batchMagicAt] != 2 {
		return errBatchMagic
	}
	base, count := int64(be.Uint64(b)), int(int32(be.Uint32(b[batchCountAt:])))
	end := base + int64(int32(be.Uint32(b[batchLastDeltaAt:]))) + 1
	if end <= d.from {
		return nil
	}
	if crc32.Checksum(b[batchAttributesAt:], castagnoli) != be.Uint32(b[batchCRCAt:]) || count < 0 {
		return errBatchCorrupt
	}
	attributes := be.Uint16(b[batchAttributesAt:])
	if attributes&controlBit == 0 {
		body, err := decompress(compress.Compression(attributes&compressionMask), b[batchHeaderSize:])
		if err != nil {
			return err
		}
		at := int64(be.Uint64(b[batchFirstTimeAt:]))
		if attributes&logAppendTimeBit != 0 {
			at = int64(be.Uint64(b[batchMaxTimeAt:]))
		}
		r := wireReader{b: body}
		count = min(count, len(body)/minRecordSize+1) // of which the last one fails
		d.records = slices.Grow(d.records, count)
		for d.ahead = count; d.ahead > 0; d.ahead-- {
			if err := d.record(&r, base, at, attributes&logAppendTimeBit == 0); err != nil {
				return err
			}
		}
	}
	d.end = max(d.end, end) // also over records that were compacted away
	return nil
}

func decompress(c compress.Compression, body []byte) ([]byte, error) {
	if c == compress.None {
		return body, nil
	}
	codec := c.Codec()
	if codec == nil {
		return nil, fmt.Errorf("unknown compression %d", c)
	}
	r := codec.NewReader(bytes.NewReader(body))
	defer r.Close()
	out, err := io.ReadAll(io.LimitReader(r, maxAnswerBytes))
	if err != nil {
		return nil, fmt.Errorf("decompress %s: %w", c, err)
	}
	return out, nil
}

// record reads one record. Its time is that of the batch, plus its own part unless the broker sets the times.
func (d *decoder) record(r *wireReader, base, at int64, ownTime bool) error {
	body := wireReader{b: r.bytes(int(r.varint()))}
	body.bytes(1) // attributes
	if delta := body.varint(); ownTime {
		at += delta
	}
	offset := base + body.varint()
	if offset < d.from && !body.short { // a batch is sent whole, also for an offset inside it
		return nil
	}
	key := body.bytes(int(body.varint()))
	value := body.bytes(int(body.varint()))
	headers := d.readHeaders(&body)
	if r.short || body.short {
		return errBatchCorrupt
	}
	d.records = append(d.records, Record{
		Record:    schemas.Record{Topic: d.topic, Key: string(key), Value: value, Headers: headers},
		Partition: d.partition, Offset: offset, Time: time.UnixMilli(at),
	})
	d.bytes += len(key) + len(value)
	return nil
}

// readHeaders reads the rest of a record. All names and values of one record share one string, the headers of many records one array: as many as the
// batch has, were they all like this one.
func (d *decoder) readHeaders(body *wireReader) []schemas.Header {
	n := int(body.varint())
	if n <= 0 || n > len(body.b) {
		body.short = body.short || n > 0
		return nil
	}
	if n > len(d.headers) {
		d.headers = make([]schemas.Header, max(n, min(n*d.ahead, headerChunk)))
	}
	out := d.headers[:n:n]
	d.headers = d.headers[n:]
	text, size := string(body.b), len(body.b)
	part := func() string {
		part := body.bytes(int(body.varint()))
		end := size - len(body.b)
		return text[end-len(part) : end]
	}
	for i := range out {
		out[i].Key = part()
		out[i].Value = part()
	}
	return out
}
