package bus

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/segmentio/kafka-go/protocol"
	"pgregory.net/rapid"

	"permithub/schemas"
)

// decodeWire reads a record set as a fetch does.
func decodeWire(wire []byte, from int64) (fetched, error) {
	var set protocol.RecordSet
	if _, err := set.ReadFrom(bytes.NewReader(wire)); err != nil {
		return fetched{}, err
	}
	return decodeRecordSet(set.Records, topicPartition{"t", 3}, from)
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
