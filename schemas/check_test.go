package schemas_test

import (
	"bytes"
	"encoding/json"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
	"pgregory.net/rapid"

	"permithub/schemas"
)

// reference answers as the general validator does; nil is valid.
func reference(s *jsonschema.Schema, value []byte) error {
	v, err := jsonschema.UnmarshalJSON(bytes.NewReader(value))
	if err != nil {
		return err
	}
	return s.Validate(v)
}

type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func mustAgree(t failer, topic string, s *jsonschema.Schema, value []byte) {
	t.Helper()
	want, got := reference(s, value), schemas.Check(topic, value)
	if (want == nil) != (got == nil) {
		t.Fatalf("%s\nCheck says %v, the reference validator %v", value, got, want)
	}
}

// samplesOf returns every sample of a topic, valid and invalid, of now and of every release.
func samplesOf(t testing.TB, topic string) (values [][]byte) {
	t.Helper()
	for _, pattern := range []string{filepath.Join("testdata", topic, "*.json"), filepath.Join("testdata", topic, "invalid", "*.json"), filepath.Join("released", "samples", topic, "*.json")} {
		names, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			values = append(values, compacted(t, read(t, name)))
		}
	}
	if len(values) == 0 {
		t.Fatalf("%s has no samples", topic)
	}
	return values
}

func TestCheckSaysWhatTheReferenceValidatorSays(t *testing.T) {
	for topic := range decoders {
		s := compiled(t, topic)
		for _, value := range samplesOf(t, topic) {
			mustAgree(t, topic, s, value)
		}
	}
}

// A schema has many corners that no sample shows: values of every kind in every place, properties taken away, given twice and made up.
func TestCheckAgreesOnSamplesThatWereMeddledWith(t *testing.T) {
	for _, topic := range slices.Sorted(maps.Keys(decoders)) {
		t.Run(topic, func(t *testing.T) {
			s, samples := compiled(t, topic), samplesOf(t, topic)
			rapid.Check(t, func(t *rapid.T) {
				raw := rapid.SampledFrom(samples).Draw(t, "sample")
				d := json.NewDecoder(bytes.NewReader(raw))
				d.UseNumber()
				var v any
				if err := d.Decode(&v); err != nil {
					t.Fatal(err)
				}
				for range rapid.IntRange(1, 2).Draw(t, "changes") {
					v = meddle(t, v, 0)
				}
				out, err := json.Marshal(v)
				if err != nil {
					t.Fatal(err)
				}
				mustAgree(t, topic, s, bytes.ReplaceAll(out, []byte(`"twice":`), []byte(`"kind":`)))
			})
		})
	}
}

// meddle changes one place inside v.
func meddle(t *rapid.T, v any, depth int) any {
	switch v := v.(type) {
	case map[string]any:
		keys := slices.Sorted(maps.Keys(v))
		if len(keys) == 0 || rapid.IntRange(0, 9).Draw(t, "here") == 0 {
			return odd(t)
		}
		k := rapid.SampledFrom(keys).Draw(t, "key")
		switch rapid.IntRange(0, 11).Draw(t, "how") {
		case 0:
			delete(v, k)
		case 1:
			v["unknown"] = odd(t)
		case 2:
			v["twice"] = odd(t)
		case 3:
			v[strings.ToUpper(k)] = odd(t)
		default:
			v[k] = meddle(t, v[k], depth+1)
		}
		return v
	case []any:
		if len(v) == 0 || rapid.IntRange(0, 5).Draw(t, "here") == 0 {
			return odd(t)
		}
		i := rapid.IntRange(0, len(v)-1).Draw(t, "index")
		v[i] = meddle(t, v[i], depth+1)
		return v
	case string:
		if rapid.Bool().Draw(t, "edit") {
			return edited(t, v)
		}
	}
	return odd(t)
}

// edited is a string that is nearly another one.
func edited(t *rapid.T, s string) string {
	r := []rune(s)
	if len(r) == 0 {
		return "x"
	}
	i := rapid.IntRange(0, len(r)-1).Draw(t, "at")
	switch rapid.IntRange(0, 4).Draw(t, "edit how") {
	case 0:
		return string(r[:i]) + string(r[i+1:])
	case 1:
		return string(r[:i]) + string(r[i]) + string(r[i:])
	case 2:
		return s + "\n"
	}
	r[i] = rapid.SampledFrom([]rune("09azAZ-+.:|/\\\"<&_ \u2028é汉𠮷\ufffd\x00")).Draw(t, "rune")
	return string(r)
}

// odd is a value of any kind, most of them on some edge.
func odd(t *rapid.T) any {
	return rapid.SampledFrom([]any{
		nil, true, false, "", "x", "0", "汉", strings.Repeat("9", 201), strings.Repeat("汉", 200), "T1", "R1", "R1/R2", "submission", "withdrawal", "2024-02-29", "2023-02-29",
		"2024-09-10T07:59:60+08:00", "2024-09-10T08:59:60+08:00", "2024-09-10T24:00:00+08:00", "0000-01-01T00:00:00+08:00", "2024-09-10T10:00:00.1234567+08:00", "2024-09-10t10:00:00+08:00",
		"2024-09-10T10:00:00.+08:00", "urn:x", "http://[::1]/", "http://[::1%25lo]/", "http://::1/", "//host/x", "%zz", "s3://a b", "QUJD", "QUJ", "QU\nJD", "=",
		json.Number("0"), json.Number("-0"), json.Number("1"), json.Number("-1"), json.Number("100"), json.Number("101"), json.Number("1.0"), json.Number("1.5"), json.Number("1e2"), json.Number("10e-1"),
		json.Number("1e-1"), json.Number("0e99"), json.Number("2147483648"), json.Number("9223372036854775807"), json.Number("9223372036854775808"), json.Number("-9223372036854775809"), json.Number("1e30"),
		[]any{}, []any{nil}, []any{"x"}, []any{"condition", "agent"}, []any{[]any{}}, map[string]any{}, map[string]any{"kind": "x"},
	}).Draw(t, "odd")
}

func FuzzCheck(f *testing.F) {
	topics := slices.Sorted(maps.Keys(decoders))
	validators := make([]*jsonschema.Schema, len(topics))
	for i, topic := range topics {
		validators[i] = compiled(f, topic)
		for n, value := range samplesOf(f, topic) {
			if n%8 == 0 {
				f.Add(uint8(i), value)
			}
		}
	}
	for _, s := range []string{`{`, `{}`, `{"a":1,"a":2}`, `{"kind":"submission","kind":"x"}`, `[1,]`, `{"seq":1.0}`, `{"seq":01}`, "{\"seq\":1}\x00", `{"a":"\ud800"}`, "{\"\xff\":\"\xff\"}", `{"person":{"sex":null}}`} {
		f.Add(uint8(0), []byte(s))
	}
	f.Fuzz(func(t *testing.T, which uint8, raw []byte) {
		if hugeExponent(raw) {
			t.Skip("the reference validator writes such numbers out")
		}
		i := int(which) % len(topics)
		mustAgree(t, topics[i], validators[i], raw)
	})
}

// hugeExponent finds numbers like 1e999999.
func hugeExponent(raw []byte) bool {
	for _, part := range bytes.FieldsFunc(bytes.ToLower(raw), func(r rune) bool {
		return r == ',' || r == '}' || r == ']' || r == ':' || r == ' ' || r == '\n' || r == '\t' || r == '\r'
	}) {
		if _, exponent, ok := bytes.Cut(part, []byte("e")); ok && len(bytes.TrimLeft(exponent, "+-0")) > 3 && part[0] != '"' {
			return true
		}
	}
	return false
}

// What both decoders read, they read alike. The hub's own keeps to the letter of a key, and takes 1.0 for an integer.
func FuzzDecodeAsEncodingJSON(f *testing.F) {
	for _, topic := range []string{schemas.TopicCaseInput, schemas.TopicCaseLog} {
		for n, value := range samplesOf(f, topic) {
			if n%8 == 0 {
				f.Add(value)
			}
		}
	}
	for _, s := range []string{`{"input":null,"events":[]}`, `{"events":null}`, `{"input":{"received_at":"2024-09-10T02:00:00Z"}}`, `{"application_no":"\u003c\ud842\udfb7\ud800"}`, "{\"application_no\":\"\xff\u2028\"}", `{"events":[{"due_at":null}]}`} {
		f.Add([]byte(s))
	}
	names := map[string]bool{}
	jsonNames(reflect.TypeFor[schemas.Transition](), names, map[reflect.Type]bool{})
	f.Fuzz(func(t *testing.T, raw []byte) {
		var want *schemas.Transition
		if json.Unmarshal(raw, &want) != nil || want == nil || ambiguous(raw, names) {
			return
		}
		got, err := schemas.DecodeTransition(raw)
		if err != nil {
			t.Fatalf("encoding/json reads it, DecodeTransition says %v", err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("read differently (-encoding/json +here):\n%s", diff)
		}
	})
}

// jsonNames collects the names of all properties that a type reaches.
func jsonNames(t reflect.Type, names map[string]bool, seen map[reflect.Type]bool) {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return
	}
	seen[t] = true
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		names[name] = true
		jsonNames(t.Field(i).Type, names, seen)
	}
}

// ambiguous reports whether a property stands twice in an object, or in another case than its own.
func ambiguous(raw []byte, names map[string]bool) bool {
	d := json.NewDecoder(bytes.NewReader(raw))
	var objects []map[string]bool // nil for an array
	value := true                 // the next string is no key
	for {
		token, err := d.Token()
		if err != nil {
			return false
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				objects = append(objects, map[string]bool{})
			case '[':
				objects = append(objects, nil)
			default:
				objects = objects[:len(objects)-1]
			}
			value = len(objects) == 0 || objects[len(objects)-1] == nil
			continue
		case string:
			if !value {
				keys := objects[len(objects)-1]
				if keys[token] {
					return true
				}
				keys[token] = true
				for name := range names {
					if name != token && strings.EqualFold(name, token) {
						return true
					}
				}
				value = true
				continue
			}
		}
		value = len(objects) == 0 || objects[len(objects)-1] == nil
	}
}

func TestCheckNamesThePropertyAndNoValue(t *testing.T) {
	for name, test := range map[string]struct{ topic, value, want string }{
		"not JSON":   {schemas.TopicPermits, `{`, "check permits.v1: not JSON"},
		"property":   {schemas.TopicPermits, `{"event_id":"张三"}`, "check permits.v1: PermitEvent.event_id is not as its schema says"},
		"missing":    {schemas.TopicPermits, `{}`, "check permits.v1: PermitEvent is not as its schema says"},
		"retry tier": {schemas.TopicRetry30s, `anything`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := ""
			if err := schemas.Check(test.topic, []byte(test.value)); err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("got %q, want %q", got, test.want)
			}
		})
	}
}

func TestAdmitInputRefusesWhatItsSchemaRefuses(t *testing.T) {
	for _, value := range samplesOf(t, schemas.TopicCaseInput) {
		_, err := schemas.AdmitInput(value)
		if valid := schemas.Check(schemas.TopicCaseInput, value) == nil; valid != (err == nil) {
			t.Errorf("%s\nis valid: %v, admitted: %v", value, valid, err)
		}
	}
}

// BenchmarkCheck compares what it costs to decode a value and to check it: with the generated code, and with the reference validator beside
// encoding/json.
func BenchmarkCheck(b *testing.B) {
	for _, name := range []string{"case-input.v1/submission", "case-log.v1/accepted", "applications.v1/accepted"} {
		topic, _, _ := strings.Cut(name, "/")
		value := compacted(b, read(b, filepath.Join("testdata", name+".json")))
		s := compiled(b, topic)
		b.Run(name+"/generated", func(b *testing.B) {
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				if err := schemas.Check(topic, value); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(name+"/reference", func(b *testing.B) {
			b.SetBytes(int64(len(value)))
			b.ReportAllocs()
			for b.Loop() {
				if err := reference(s, value); err != nil {
					b.Fatal(err)
				}
				if _, err := decoders[topic](value); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
