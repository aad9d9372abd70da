package schemas_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite testdata")

// Go types of the topics that have one.
var decoders = map[string]func([]byte) (any, error){
	schemas.TopicCaseInput:    func(b []byte) (any, error) { return schemas.DecodeInput(b) },
	schemas.TopicCaseLog:      func(b []byte) (any, error) { return schemas.DecodeTransition(b) },
	schemas.TopicDeadLetter:   func(b []byte) (any, error) { return schemas.DecodeDeadLetter(b) },
	schemas.TopicDisposition:  func(b []byte) (any, error) { return schemas.DecodeDisposition(b) },
	schemas.TopicApplications: decodeAs[schemas.ApplicationEvent],
	schemas.TopicPermits:      decodeAs[schemas.PermitEvent],
}

func decodeAs[T any](b []byte) (any, error) {
	v := new(T)
	return v, json.Unmarshal(b, v)
}

// compiled returns the validator of a topic's schema, with formats checked.
func compiled(t testing.TB, topic string) *jsonschema.Schema {
	t.Helper()
	raw, ok := schemas.SchemaOf(topic)
	if !ok {
		t.Fatalf("%s has no schema", topic)
	}
	return compile(t, raw)
}

func compile(t testing.TB, raw []byte) *jsonschema.Schema {
	t.Helper()
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	c.AssertContent()
	if err := c.AddResource("schema.json", doc); err != nil {
		t.Fatal(err)
	}
	s, err := c.Compile("schema.json")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func validate(t *testing.T, s *jsonschema.Schema, value []byte) error {
	t.Helper()
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		t.Fatal(err)
	}
	return s.Validate(v)
}

// What the stories leave behind is what testdata holds, so a change on the wire shows as a change of a file.
func TestSamplesAreUpToDate(t *testing.T) {
	want := map[string][]byte{}
	for _, s := range tellStories(t).samples {
		want[filepath.Join("testdata", s.topic, s.name+".json")] = indented(t, s.value)
	}
	if *update {
		rewrite(t, want)
	}
	for name, value := range want {
		have, err := os.ReadFile(name)
		if err != nil {
			t.Errorf("%v; go test ./schemas -update writes it", err)
		} else if diff := cmp.Diff(string(have), string(value)); diff != "" {
			t.Errorf("%s is out of date; go test ./schemas -update rewrites it (-file +now):\n%s", name, diff)
		}
	}
	for topic := range decoders {
		for _, name := range list(t, filepath.Join("testdata", topic, "*.json")) {
			if want[name] == nil {
				t.Errorf("%s is left over: no story makes it", name)
			}
		}
	}
}

func rewrite(t *testing.T, files map[string][]byte) {
	t.Helper()
	for topic := range decoders {
		for _, name := range list(t, filepath.Join("testdata", topic, "*.json")) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, value := range files {
		write(t, name, value)
	}
}

func write(t *testing.T, name string, value []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, value, 0o644); err != nil {
		t.Fatal(err)
	}
}

// Every sample, of now and of every release, is valid and means the same after it was read and written again: records are kept for ever.
func TestSamplesValidateAndReadBack(t *testing.T) {
	for topic, decode := range decoders {
		schema := compiled(t, topic)
		now := list(t, filepath.Join("testdata", topic, "*.json"))
		if len(now) < 2 {
			t.Errorf("%s has %d samples", topic, len(now))
		}
		for _, name := range append(now, list(t, filepath.Join("released", "samples", topic, "*.json"))...) {
			t.Run(name, func(t *testing.T) {
				value := compacted(t, read(t, name))
				if err := validate(t, schema, value); err != nil {
					t.Errorf("not valid: %v", err)
				}
				v, err := decode(value)
				if err != nil {
					t.Fatal(err)
				}
				again, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(string(value), string(again)); diff != "" {
					t.Errorf("reads back as another (-sample +again):\n%s", diff)
				}
			})
		}
	}
}

// Consumers tolerate what they do not know: so does every schema, at every depth.
func TestUnknownPropertiesAreTolerated(t *testing.T) {
	for topic, decode := range decoders {
		schema := compiled(t, topic)
		for _, name := range list(t, filepath.Join("testdata", topic, "*.json")) {
			var v any
			if err := json.Unmarshal(read(t, name), &v); err != nil {
				t.Fatal(err)
			}
			value, err := json.Marshal(withUnknown(v))
			if err != nil {
				t.Fatal(err)
			}
			if err := validate(t, schema, value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if _, err := decode(value); err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}

func withUnknown(v any) any {
	switch v := v.(type) {
	case []any:
		for i := range v {
			v[i] = withUnknown(v[i])
		}
	case map[string]any:
		for k := range v {
			v[k] = withUnknown(v[k])
		}
		v["added_in_a_later_year"] = map[string]any{"deep": []any{1, "二"}}
	}
	return v
}

// Every kind of input and of effect, every type of event and of transition that the rules can reach in a story has its sample.
func TestSamplesCoverEveryKind(t *testing.T) {
	samples := map[string]string{}
	for topic := range decoders {
		for _, name := range list(t, filepath.Join("testdata", topic, "*.json")) {
			samples[topic] += string(compacted(t, read(t, name)))
		}
	}
	for topic, definitions := range map[string][]string{
		schemas.TopicCaseInput:    {"InputKind", "ActionKind", "EffectStatus", "Channel", "Handling", "RecognitionType"},
		schemas.TopicCaseLog:      {"InputKind", "EffectKind"},
		schemas.TopicApplications: {"Channel", "RecognitionType"},
	} {
		for _, d := range definitions {
			for _, v := range enumOf(t, topic, d) {
				if !strings.Contains(samples[topic], fmt.Sprintf(":%q", v)) {
					t.Errorf("no sample of %s has %s %q", topic, d, v)
				}
			}
		}
	}
}

func enumOf(t *testing.T, topic, definition string) []string {
	t.Helper()
	raw, _ := schemas.SchemaOf(topic)
	var s struct {
		Definitions map[string]struct {
			Enum []string `json:"enum"`
		} `json:"definitions"`
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	if len(s.Definitions[definition].Enum) == 0 {
		t.Errorf("schema of %s has no enum %s", topic, definition)
	}
	return s.Definitions[definition].Enum
}

func list(t *testing.T, glob string) []string {
	t.Helper()
	names, err := filepath.Glob(glob)
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	return names
}

func read(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func indented(t *testing.T, value []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Indent(&b, value, "", "  "); err != nil {
		t.Fatal(err)
	}
	return append(b.Bytes(), '\n')
}

func compacted(t testing.TB, value []byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := json.Compact(&b, value); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}
