package deadletter

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"permithub/schemas"
)

func compact(t interface {
	Helper()
	Fatalf(string, ...any)
}, value []byte) string {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		t.Fatalf("compact: %v", err)
	}
	return b.String()
}

// samples are every value of case-input that the schemas keep, valid and not.
func samples(t testing.TB) map[string][]byte {
	t.Helper()
	out := map[string][]byte{}
	for _, pattern := range []string{"../../schemas/testdata/case-input.v1/*.json", "../../schemas/testdata/case-input.v1/invalid/*.json"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("samples %v, %v", names, err)
		}
		for _, name := range names {
			b, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			out[filepath.Base(name)] = b
		}
	}
	return out
}

// What is left alone comes back as it was, and nothing personal is seen on the way.
func TestMaskHidesAndUnmaskPutsBack(t *testing.T) {
	hidden := 0
	for name, value := range samples(t) {
		m := Mask(schemas.TopicCaseInput, value)
		back, faults := m.Unmask([]byte(m.Text))
		if !faults.Empty() || compact(t, back) != compact(t, value) {
			t.Errorf("%s comes back as another: %s", name, cmp.Diff(compact(t, value), compact(t, back)))
		}
		var whole struct{ Person json.RawMessage }
		if json.Unmarshal(value, &whole) != nil || whole.Person == nil {
			continue
		}
		w := rewriter{d: json.NewDecoder(bytes.NewReader(whole.Person)), leaf: nil}
		w.leaf = func(_ *jsonschema.Schema, _ []string, name string, raw json.RawMessage) json.RawMessage {
			coded := slices.Contains([]string{"input_id", "source", "relation", "group"}, name)
			if !coded && len(raw) > 8 && strings.Contains(m.Text, string(raw)) { // shorter ones would be found by chance
				t.Errorf("%s of a person is shown", name)
			}
			hidden++
			return raw
		}
		w.value(nil, nil, "")
	}
	if hidden < 100 {
		t.Fatalf("%d personal values: the samples tell too little", hidden)
	}
}

func TestMaskHidesWhatNobodyKnows(t *testing.T) {
	value := `{"kind":"submission","input_id":"13900000001","note":{"to":["王小明",7,true,null]},"source":"●1","person":{"full_name":"王小明"}}`
	want := `{"kind":"submission","input_id":"●1","note":{"to":["●2","●3",true,null]},"source":"●4","person":{"full_name":"●5 王**"}}`
	m := Mask(schemas.TopicCaseInput, []byte(value))
	if got := compact(t, []byte(m.Text)); got != strings.ReplaceAll(want, "王**", schemas.Masked("王小明")) {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	for name, tc := range map[string]struct{ edited, want string }{
		"moved":    {`{"person":{"full_name":"●5"},"x":"●3"}`, `{"person":{"full_name":"王小明"},"x":7}`},
		"replaced": {`{"person":{"full_name":"李四"}}`, `{"person":{"full_name":"李四"}}`},
		"no JSON":  {`{"person":`, `{"person":`},
	} {
		if got, faults := m.Unmask([]byte(tc.edited)); string(got) != tc.want || !faults.Empty() {
			t.Errorf("%s: %s, %+v", name, got, faults.Faults())
		}
	}
	if _, faults := m.Unmask([]byte(`{"a":["●6"]}`)); len(faults.Faults()) != 1 || faults.Faults()[0].Pointer != "/a/0" {
		t.Errorf("a placeholder that hides nothing: %+v", faults.Faults())
	}
	if m := Mask(schemas.TopicCaseInput, []byte(`{"person":{"full_name":"王小明"`)); m.Text != "" {
		t.Error("bytes that are no JSON are shown")
	}
}

func TestChanges(t *testing.T) {
	before := `{"kind":"withdrawal","source":"Window","application_no":"A","person":{"full_name":"王小明","sex":"1"},"withdrawal":{},"seq":1}`
	after := `{"kind":"withdrawal","source":"window","person":{"full_name":"李四","sex":"1"},"withdrawal":{"reason":"applicant_wish"},"seq":1}`
	want := []Change{{"/application_no", Hidden, ""}, {"/person/full_name", Hidden, Hidden}, {"/source", Hidden, `"window"`}, {"/withdrawal/reason", "", `"applicant_wish"`}}
	if diff := cmp.Diff(want, Changes(schemas.TopicCaseInput, []byte(before), []byte(after))); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	if got := Changes(schemas.TopicCaseInput, []byte("{"), []byte(`{"source":"window"}`)); len(got) != 1 || got[0].Before != "" {
		t.Errorf("from no JSON: %+v", got)
	}
	for name, value := range samples(t) {
		if got := Changes(schemas.TopicCaseInput, value, value); got != nil {
			t.Errorf("%s differs from itself: %+v", name, got)
		}
	}
}

func TestUnmaskIsTheInverseOfMask(t *testing.T) {
	text := rapid.SampledFrom([]string{"", "a", "●1", "●1 x", "<&>", "\u2028", "王"})
	leaf := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.IntRange(-5, 5), func(n int) any { return n }), rapid.Just[any](nil), rapid.Just[any](true))
	name := rapid.SampledFrom([]string{"person", "kind", "submission", "result", "x", "~/", "full_name"})
	var value func(depth int) *rapid.Generator[any]
	value = func(depth int) *rapid.Generator[any] {
		if depth == 0 {
			return leaf
		}
		return rapid.OneOf(leaf, rapid.Map(rapid.SliceOfN(value(depth-1), 0, 3), func(v []any) any { return v }),
			rapid.Map(rapid.MapOfN(name, value(depth-1), 0, 3), func(v map[string]any) any { return v }))
	}
	rapid.Check(t, func(t *rapid.T) {
		raw, err := json.Marshal(value(4).Draw(t, "value"))
		if err != nil {
			t.Fatal(err)
		}
		m := Mask(schemas.TopicCaseInput, raw)
		back, faults := m.Unmask([]byte(m.Text))
		var want, got any
		if json.Unmarshal(raw, &want) != nil || json.Unmarshal(back, &got) != nil || !faults.Empty() {
			t.Fatalf("%s comes back as %s", raw, back)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("comes back as another (-want +got):\n%s", diff)
		}
	})
}
