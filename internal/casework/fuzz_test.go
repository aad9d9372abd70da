package casework

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"permithub/schemas"
)

// FuzzDecide: whatever file and input can be read, Decide answers and does not panic, and what it answers can be read again.
func FuzzDecide(f *testing.F) {
	p := testPolicy(f)
	p.DeemedAfter.Days = 5
	for _, name := range []string{"automatic", "by-hand", "supplement", "held"} {
		seed(f, "testdata/"+name+".ndjson")
	}
	f.Add([]byte(`{}`), []byte(`{"kind":"effect_result","result":{"status":"done"}}`))
	f.Fuzz(func(t *testing.T, file, input []byte) {
		var fl File
		if json.Unmarshal(file, &fl) != nil {
			return
		}
		in, err := schemas.DecodeInput(input)
		if err != nil {
			return
		}
		tr, err := p.Decide(&fl, in)
		if err != nil || tr == nil {
			return
		}
		if _, err := tr.Record(); err != nil {
			t.Skip() // a year beyond 9999 in the file itself cannot be written, and was never written
		}
	})
}

// seed adds the states and inputs of a recorded life.
func seed(f *testing.F, path string) {
	f.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	var fl File
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		var rec recorded
		if err := json.Unmarshal(lines.Bytes(), &rec); err != nil {
			f.Fatal(err)
		}
		f.Add([]byte(encode(f, fl)), []byte(rec.Input))
		if rec.Transition == nil {
			continue
		}
		tr, err := schemas.DecodeTransition(rec.Transition)
		if err != nil {
			f.Fatal(err)
		}
		fl = File{Dossier: tr.Dossier, Person: tr.Person}
	}
}

// BenchmarkDecide decides the whole life of an automatic case with one earlier permit.
func BenchmarkDecide(b *testing.B) {
	d := adult(b)
	var inputs []schemas.Input
	d.tap = func(in *schemas.Input, _ *schemas.Transition) { inputs = append(inputs, *in) }
	issueFully(d, "1", "NEW", permitFacts("OLD"))
	b.ReportAllocs()
	for b.Loop() {
		f := File{}
		for i := range inputs {
			tr, err := d.p.Decide(&f, &inputs[i])
			if err != nil {
				b.Fatal(err)
			}
			if tr != nil {
				f = File{Dossier: tr.Dossier, Person: tr.Person}
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(inputs)), "ns/input")
}
