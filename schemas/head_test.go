package schemas_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

// TestHeadOfSamples reads the head of every released shape of a transition as the whole reading has it.
func TestHeadOfSamples(t *testing.T) {
	names, err := filepath.Glob("testdata/case-log.v1/*.json")
	if err != nil || len(names) == 0 {
		t.Fatal(names, err)
	}
	older, err := filepath.Glob("released/samples/case-log.v1/*.json")
	if err != nil || len(older) == 0 {
		t.Fatal(older, err)
	}
	var h schemas.Head
	for _, name := range append(names, older...) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		checkHead(t, name, &h, raw)
	}
}

// checkHead compares the head of a value with the whole of it. The head is used again from value to value, as a restore does.
func checkHead(t *testing.T, name string, h *schemas.Head, raw []byte) {
	t.Helper()
	want, err := schemas.DecodeTransition(raw)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	if !h.Read(raw) {
		t.Fatalf("%s: no head found", name)
	}
	if string(h.DossierID) != want.DossierID || h.Offset != want.Input.Offset || len(h.Events) != len(want.Events) {
		t.Errorf("%s: dossier %s, input %d, %d events; want %s, %d, %d", name, h.DossierID, h.Offset, len(h.Events), want.DossierID, want.Input.Offset, len(want.Events))
		return
	}
	for i := range want.Events {
		if e := &h.Events[i]; !e.Of(want.Events[i].Type) || !e.At.Equal(want.Events[i].At.Time) {
			t.Errorf("%s: event %d is %s at %s, want %s at %s", name, i, e.Type, e.At, want.Events[i].Type, want.Events[i].At)
		}
	}
	open, known := schemas.HasOpenCase(raw)
	if !known || open != (want.Dossier.Open != nil) {
		t.Errorf("%s: open case %v, known %v; want %v", name, open, known, want.Dossier.Open != nil)
	}
}

func TestNoHead(t *testing.T) {
	for _, value := range []string{
		``, `null`, `[]`, `{}`, `{"dossier_id":"A"`, `{"dossier_id":1,"input":{},"events":[]}`, `{"dossier_id":"A","input":[],"events":[]}`,
		`{"dossier_id":"A","input":{"offset":"1"},"events":[]}`, `{"dossier_id":"A","input":{"offset":1},"events":[{"type":"x","at":"yesterday"}]}`,
		`{"dossier_id":"A","input":{"offset":1},"events":[{"type":"x"`,
	} {
		if new(schemas.Head).Read([]byte(value)) {
			t.Errorf("a head was found in %s", value)
		}
	}
	for _, value := range []string{``, `null`, `{}`, `{"dossier":[]}`, `{"dossier":{"seq":1`, `{"dossier":{"open"`} {
		if _, known := schemas.HasOpenCase([]byte(value)); known {
			t.Errorf("known of %s", value)
		}
	}
}

// A head does not depend on the order of the properties: what a later release writes may stand elsewhere.
func TestHeadInAnotherOrder(t *testing.T) {
	value := []byte(`{"events":[{"at":"2024-09-10T10:00:00+08:00","code":"x","type":"issued"}],"dossier":{"seq":1,"open":{}},"new":{"dossier_id":"B"},"input":{"new":[1],"offset":7},"dossier_id":"A"}`)
	var h schemas.Head
	if !h.Read(value) || string(h.DossierID) != "A" || h.Offset != 7 || len(h.Events) != 1 || !h.Events[0].Of(schemas.EvIssued) {
		t.Errorf("%+v", h)
	}
	if open, known := schemas.HasOpenCase(value); !open || !known {
		t.Errorf("open %v, known %v", open, known)
	}
	if diff := cmp.Diff("2024-09-10T10:00:00+08:00", h.Events[0].At.String()); diff != "" {
		t.Error(diff)
	}
}

// FuzzHead holds that whatever is written as a transition has a head, and that it is the right one.
func FuzzHead(f *testing.F) {
	names, err := filepath.Glob("testdata/case-log.v1/*.json")
	if err != nil || len(names) == 0 {
		f.Fatal(names, err)
	}
	for _, name := range names {
		f.Add(readSeed(f, name))
	}
	var h schemas.Head
	f.Fuzz(func(t *testing.T, raw []byte) {
		h.Read(raw)
		schemas.HasOpenCase(raw)
		v, err := schemas.DecodeTransition(raw)
		if err != nil {
			return
		}
		rec, err := v.Record()
		if err != nil {
			t.Fatal(err)
		}
		checkHead(t, "written", &h, rec.Value)
	})
}

func BenchmarkHead(b *testing.B) {
	raw, err := os.ReadFile("testdata/case-log.v1/closed.json")
	if err != nil {
		b.Fatal(err)
	}
	v, err := schemas.DecodeTransition(raw)
	if err != nil {
		b.Fatal(err)
	}
	rec, err := v.Record()
	if err != nil {
		b.Fatal(err)
	}
	var h schemas.Head
	b.Run("head", func(b *testing.B) {
		b.SetBytes(int64(len(rec.Value)))
		b.ReportAllocs()
		for b.Loop() {
			h.Read(rec.Value)
		}
	})
	b.Run("open case", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			schemas.HasOpenCase(rec.Value)
		}
	})
	b.Run("whole", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			_, _ = schemas.DecodeTransition(rec.Value)
		}
	})
}
