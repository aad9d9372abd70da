package schemas_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"permithub/schemas"
)

func FuzzDecodeInput(f *testing.F) {
	fuzzDecoder(f, schemas.TopicCaseInput, schemas.DecodeInput, (*schemas.Input).Record)
}

func FuzzDecodeTransition(f *testing.F) {
	fuzzDecoder(f, schemas.TopicCaseLog, schemas.DecodeTransition, (*schemas.Transition).Record)
}

func FuzzDecodeDeadLetter(f *testing.F) {
	fuzzDecoder(f, schemas.TopicDeadLetter, schemas.DecodeDeadLetter, (*schemas.DeadLetter).Record)
}

func FuzzDecodeDisposition(f *testing.F) {
	fuzzDecoder(f, schemas.TopicDisposition, schemas.DecodeDisposition, (*schemas.Disposition).Record)
}

// fuzzDecoder holds that whatever can be read can be written, and reads back as the same.
func fuzzDecoder[T any](f *testing.F, topic string, decode func([]byte) (*T, error), record func(*T) (schemas.Record, error)) {
	samples, err := filepath.Glob(filepath.Join("testdata", topic, "*.json"))
	if err != nil || len(samples) == 0 {
		f.Fatalf("samples %v, error %v", samples, err)
	}
	for _, name := range samples[:min(len(samples), 6)] {
		f.Add(readSeed(f, name))
	}
	for _, s := range []string{`{}`, `null`, `[]`, `{"at":"9999-12-31T23:59:59Z"}`, `{"received_at":"0000-01-01T00:00:00+14:00"}`, "{\"source\":\"\xff\"}", `{"KIND":"submission","person":null}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		v, err := decode(raw)
		if (v == nil) != (err != nil) {
			t.Fatalf("value %v with error %v", v, err)
		}
		if err != nil {
			return
		}
		rec, err := record(v)
		if err != nil {
			t.Fatalf("read and cannot be written: %v", err)
		}
		again, err := decode(rec.Value)
		if err != nil {
			t.Fatalf("written and cannot be read: %v", err)
		}
		value, err := json.Marshal(again)
		if err != nil || !bytes.Equal(value, rec.Value) {
			t.Fatalf("reads back as another: %v\n%s\n%s", err, rec.Value, value)
		}
	})
}

func readSeed(f *testing.F, name string) []byte {
	f.Helper()
	var b bytes.Buffer
	raw, err := os.ReadFile(name)
	if err != nil {
		f.Fatal(err)
	}
	if err := json.Compact(&b, raw); err != nil {
		f.Fatal(err)
	}
	return b.Bytes()
}
