package bus

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/fetch"
)

// rawFetch sends a fetch as kafka-go encodes it, and keeps the answer's record batches as the bytes that came: kafka-go's own decoder copies
// every record twice, by reflection.
type rawFetch struct {
	fetch.Request
	clientID string
	version  int16
}

// minFetchVersion is the first with record batches of today's form; every broker since 0.11 has it.
const minFetchVersion = 4

// maxAnswerBytes bounds what a broker may make this process allocate. A first record that is larger than the request allows is sent all the
// same, so this is far above maxFetchBytes.
const maxAnswerBytes = 256 << 20

var errFetchAnswer = errors.New("fetch: answer cut short")

// fetchCorrelations numbers the requests; kafka-go does not tell which numbers it uses on the same connection, and nobody compares them: one
// request is under way on a connection at a time.
var fetchCorrelations atomic.Int32

// Required implements protocol.RawExchanger.
func (f *rawFetch) Required(versions map[protocol.ApiKey]int16) bool {
	f.version = versions[protocol.Fetch]
	return true
}

// RawExchange implements protocol.RawExchanger.
func (f *rawFetch) RawExchange(rw io.ReadWriter) (protocol.Message, error) {
	if f.version < minFetchVersion {
		return nil, fmt.Errorf("fetch: the broker speaks version %d only, want %d", f.version, minFetchVersion)
	}
	correlation := fetchCorrelations.Add(1)
	if err := protocol.WriteRequest(rw, f.version, correlation, f.clientID, &f.Request); err != nil {
		return nil, err
	}
	var size [4]byte
	if _, err := io.ReadFull(rw, size[:]); err != nil {
		return nil, err
	}
	n := binary.BigEndian.Uint32(size[:])
	if n < 4 || n > maxAnswerBytes {
		return nil, fmt.Errorf("fetch: an answer of %d bytes", n)
	}
	body := make([]byte, n)
	if _, err := io.ReadFull(rw, body); err != nil {
		return nil, err
	}
	r := wireReader{b: body}
	if got := r.int32(); got != correlation {
		return nil, fmt.Errorf("fetch: answer %d to request %d", got, correlation)
	}
	return readFetchAnswer(&r, f.version)
}

// fetchAnswer is a fetch response whose record batches are not decoded yet.
type fetchAnswer struct {
	errorCode  int16
	partitions []partitionAnswer
}

type partitionAnswer struct {
	topicPartition
	errorCode int16
	highWater int64
	records   []byte
}

// ApiKey implements protocol.Message.
func (*fetchAnswer) ApiKey() protocol.ApiKey { return protocol.Fetch } //nolint:revive // kafka-go's name

// readFetchAnswer reads a response of versions 4 to 11. Reference: https://kafka.apache.org/protocol#The_Messages_Fetch.
func readFetchAnswer(r *wireReader, version int16) (*fetchAnswer, error) {
	a := &fetchAnswer{}
	r.int32() // throttle time
	if version >= 7 {
		a.errorCode = r.int16()
		r.int32() // session
	}
	for range r.count() {
		topic := string(r.bytes(int(r.int16())))
		for range r.count() {
			p := partitionAnswer{topicPartition: topicPartition{topic, r.int32()}, errorCode: r.int16(), highWater: r.int64()}
			r.int64() // last stable offset
			if version >= 5 {
				r.int64() // log start
			}
			for range r.count() {
				r.bytes(16) // an aborted transaction
			}
			if version >= 11 {
				r.int32() // preferred replica
			}
			p.records = r.bytes(int(r.int32()))
			a.partitions = append(a.partitions, p)
		}
	}
	if r.short {
		return nil, errFetchAnswer
	}
	return a, nil
}

// wireReader reads Kafka's primitive types. After the end it reads zeros, and short says so.
type wireReader struct {
	b     []byte
	short bool
}

// bytes takes the next n bytes; none where n is negative, which stands for null.
func (r *wireReader) bytes(n int) []byte {
	if n <= 0 {
		return nil
	}
	if n > len(r.b) {
		r.short, r.b = true, nil
		return nil
	}
	out := r.b[:n:n]
	r.b = r.b[n:]
	return out
}

// fixed is bytes for a number: of n bytes in any case.
func (r *wireReader) fixed(n int) []byte {
	if b := r.bytes(n); b != nil {
		return b
	}
	return make([]byte, n)
}

func (r *wireReader) int16() int16 { return int16(binary.BigEndian.Uint16(r.fixed(2))) }
func (r *wireReader) int32() int32 { return int32(binary.BigEndian.Uint32(r.fixed(4))) }
func (r *wireReader) int64() int64 { return int64(binary.BigEndian.Uint64(r.fixed(8))) }

// count reads the length of an array, which cannot have more elements than bytes are left.
func (r *wireReader) count() int {
	n := int(r.int32())
	if n > len(r.b) {
		r.short, r.b = true, nil
		return 0
	}
	return max(n, 0)
}

func (r *wireReader) varint() int64 {
	v, n := binary.Varint(r.b)
	if n <= 0 {
		r.short, r.b = true, nil
		return 0
	}
	r.b = r.b[n:]
	return v
}
