package bus

import (
	"bytes"
	"encoding/binary"
	"errors"
	"hash/crc32"
	"io"
	"math"
	"runtime"
	"testing"
	"time"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/segmentio/kafka-go/compress"
	"github.com/segmentio/kafka-go/protocol"
	"pgregory.net/rapid"

	"permithub/schemas"
)

// decodeWire reads a record set as a fetch does.
func decodeWire(wire []byte, from int64) (fetched, error) {
	return decodeRecordSet(wire[sizePrefix:], topicPartition{"t", 3}, from)
}

// kafkaGo reads a record set with kafka-go's own decoder and checksum.
func kafkaGo(t *rapid.T, wire []byte) []Record {
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bytes.NewReader(wire)); err != nil {
		t.Fatal(err)
	}
	var out []Record
	for {
		r, err := set.Records.ReadRecord()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		key, err1 := protocol.ReadAll(r.Key)
		value, err2 := protocol.ReadAll(r.Value)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		rec := Record{Record: schemas.Record{Topic: "t", Key: string(key), Value: value}, Partition: 3, Offset: r.Offset, Time: r.Time}
		for _, h := range r.Headers {
			rec.Headers = append(rec.Headers, schemas.Header{Key: h.Key, Value: string(h.Value)})
		}
		out = append(out, rec)
	}
}

// What is encoded here is what kafka-go, with its own decoder and checksum, reads.
func TestRecordBatchRoundTrip(t *testing.T) {
	text := rapid.StringMatching(`[ -~]{0,40}`)
	records := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) schemas.Record {
		return schemas.Record{Topic: "t", Key: text.Draw(t, "key"), Value: rapid.SliceOfN(rapid.Byte(), 0, 300).Draw(t, "value"),
			Headers: rapid.SliceOfN(rapid.Custom(func(t *rapid.T) schemas.Header {
				return schemas.Header{Key: text.Draw(t, "header"), Value: text.Draw(t, "header value")}
			}), 0, 4).Draw(t, "headers")}
	}), 1, 200)
	at := time.UnixMilli(1_700_000_000_123)
	rapid.Check(t, func(t *rapid.T) {
		in := records.Draw(t, "records")
		pointers, bound := make([]*schemas.Record, len(in)), sizePrefix+batchHeaderSize
		want := make([]Record, len(in))
		for i := range in {
			pointers[i] = &in[i]
			bound += recordSize(&in[i])
			want[i] = Record{Record: in[i], Partition: 3, Offset: int64(i), Time: at}
		}
		wire := appendRecordBatch(nil, pointers, at, producerState{id: 7, epoch: 1, sequence: 42})
		if len(wire) > bound {
			t.Fatalf("%d bytes, bound was %d", len(wire), bound)
		}
		got, err := decodeWire(wire, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got.records, cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, kafkaGo(t, wire), cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("kafka-go reads something else:\n%s", diff)
		}
		if got.end != int64(len(in)) {
			t.Fatalf("end: got %d, want %d", got.end, len(in))
		}
		from := rapid.Int64Range(0, int64(len(in))).Draw(t, "from")
		if part, err := decodeWire(wire, from); err != nil || len(part.records) != len(in)-int(from) {
			t.Fatalf("from %d: got %d records, %v", from, len(part.records), err)
		}
	})
}

// A batch whose records were all removed must not hold a reader up.
func TestFetchStepsOverAnEmptyBatch(t *testing.T) {
	wire := appendRecordBatch(nil, []*schemas.Record{{Value: []byte("v")}}, time.Now(), anonymous)
	got, err := decodeWire(wire, 5) // everything in it lies before 5
	if err != nil || got.end != 6 || len(got.records) != 0 {
		t.Errorf("got end %d, %d records, %v", got.end, len(got.records), err)
	}
}

// What other producers write may be compressed, and the broker may have set the times.
func TestDecodeCompressed(t *testing.T) {
	at := time.UnixMilli(1_700_000_000_123)
	for _, c := range []compress.Compression{compress.None, compress.Gzip, compress.Snappy, compress.Lz4, compress.Zstd} {
		t.Run(c.String(), func(t *testing.T) {
			set := protocol.RecordSet{Version: 2, Attributes: protocol.Attributes(c), Records: protocol.NewRecordReader(
				protocol.Record{Time: at, Key: protocol.NewBytes([]byte("k")), Value: protocol.NewBytes(bytes.Repeat([]byte("v"), 1000)), Headers: []protocol.Header{{Key: "h", Value: []byte("x")}}},
				protocol.Record{Time: at.Add(time.Second), Offset: 1, Value: protocol.NewBytes([]byte("w"))},
			)}
			var wire bytes.Buffer
			if _, err := set.WriteTo(&wire); err != nil {
				t.Fatal(err)
			}
			got, err := decodeWire(wire.Bytes(), 0)
			if err != nil {
				t.Fatal(err)
			}
			want := []Record{
				{Record: schemas.Record{Topic: "t", Key: "k", Value: bytes.Repeat([]byte("v"), 1000), Headers: []schemas.Header{{Key: "h", Value: "x"}}}, Partition: 3, Time: at},
				{Record: schemas.Record{Topic: "t", Value: []byte("w")}, Partition: 3, Offset: 1, Time: at.Add(time.Second)},
			}
			if diff := cmp.Diff(want, got.records, cmpopts.EquateEmpty()); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecodeLeavesTheCutOffBatchForTheNextFetch(t *testing.T) {
	first := appendRecordBatch(nil, []*schemas.Record{{Value: []byte("v")}}, time.Now(), anonymous)[sizePrefix:]
	for cut := range len(first) {
		got, err := decodeRecordSet(append(bytes.Clone(first), first[:cut]...), topicPartition{"t", 3}, 0)
		if err != nil || got.end != 1 || len(got.records) != 1 {
			t.Fatalf("cut at %d: end %d, %d records, %v", cut, got.end, len(got.records), err)
		}
	}
	if got, err := decodeRecordSet(first[:len(first)-1], topicPartition{"t", 3}, 0); err != nil || got.end != 0 {
		t.Errorf("nothing whole: end %d, %v", got.end, err)
	}
}

// A step that keeps up fetches record by record: what one of them costs in memory is what the collector runs for.
func TestDecodeTakesNoMoreThanItNeeds(t *testing.T) {
	headers := make([]schemas.Header, 10)
	for i := range headers {
		headers[i] = schemas.Header{Key: "ce_dataschema", Value: "urn:permithub:schema:case-log.v1"}
	}
	for _, records := range []int{1, 3, 100} {
		batch := make([]*schemas.Record, records)
		for i := range batch {
			batch[i] = &schemas.Record{Key: "k", Value: []byte("v"), Headers: headers}
		}
		wire := appendRecordBatch(nil, batch, time.Now(), anonymous)
		const times = 1000
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		for range times {
			if _, err := decodeWire(wire, 0); err != nil {
				t.Fatal(err)
			}
		}
		runtime.ReadMemStats(&after)
		got := int((after.TotalAlloc - before.TotalAlloc) / times)
		need := records * (int(unsafe.Sizeof(Record{})) + len(headers)*int(unsafe.Sizeof(schemas.Header{}))) // and the text of the headers
		if most := 3*need/2 + len(wire); got > most {
			t.Errorf("%d records: %d bytes, want at most %d", records, got, most)
		}
	}
}

// Whatever comes, the decoder neither panics nor goes back.
func FuzzDecodeRecordSet(f *testing.F) {
	records := []*schemas.Record{{Key: "k", Value: []byte("v"), Headers: []schemas.Header{{Key: "h", Value: "x"}}}, {Value: []byte("w")}}
	f.Add(appendRecordBatch(nil, records, time.UnixMilli(1), anonymous)[sizePrefix:], int64(1))
	f.Add([]byte{}, int64(0))
	f.Fuzz(func(t *testing.T, set []byte, from int64) {
		if len(set) >= batchHeaderSize { // else the checksum keeps everything out
			binary.BigEndian.PutUint32(set[batchCRCAt:], crc32.Checksum(set[batchAttributesAt:], castagnoli))
		}
		got, _ := decodeRecordSet(set, topicPartition{"t", 3}, from)
		if got.end < from && from != math.MaxInt64 {
			t.Errorf("went back from %d to %d", from, got.end)
		}
		for i := range got.records {
			if got.records[i].Offset < from {
				t.Errorf("record %d lies before %d", got.records[i].Offset, from)
			}
		}
	})
}

func FuzzReadFetchAnswer(f *testing.F) {
	f.Add([]byte{}, int16(11))
	f.Fuzz(func(_ *testing.T, body []byte, version int16) {
		_, _ = readFetchAnswer(&wireReader{b: body}, version) // must not panic, nor allocate without bound
	})
}

func FuzzReadRetry(f *testing.F) {
	r := Record{Record: schemas.Record{Topic: "in.v1", Key: "k"}, Partition: 4, Offset: 12, Time: time.UnixMilli(99)}
	w := wrap("step", Tier{Topic: "retry", Delay: time.Second}, &r, 3, "code", time.UnixMilli(1_000))
	values := map[string]string{}
	for _, h := range w.Headers {
		values[h.Key] = h.Value
	}
	f.Add(values[headerOriginTopic], values[headerOriginPartition], values[headerOriginOffset], values[headerOriginTime], values[headerRetryAttempts], values[headerRetryNotBefore])
	f.Add("", "-1", "x", "99999999999999999999", "", "0")
	f.Fuzz(func(t *testing.T, topic, partition, offset, at, attempts, due string) {
		in := Record{Record: schemas.Record{Topic: "retry", Headers: []schemas.Header{
			{Key: headerOriginTopic, Value: topic}, {Key: headerOriginPartition, Value: partition}, {Key: headerOriginOffset, Value: offset},
			{Key: headerOriginTime, Value: at}, {Key: headerRetryAttempts, Value: attempts}, {Key: headerRetryNotBefore, Value: due}, {Key: "kept", Value: "v"}}}}
		origin, n, _, err := readRetry(&in)
		if err != nil {
			return
		}
		if origin.Topic == "" || origin.Partition < 0 || origin.Offset < 0 || n < 0 {
			t.Errorf("accepted %+v, %d attempts", origin, n)
		}
		if diff := cmp.Diff([]schemas.Header{{Key: "kept", Value: "v"}}, origin.Headers); diff != "" {
			t.Error(diff)
		}
	})
}
