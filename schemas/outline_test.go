package schemas_test

import (
	"reflect"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

// withoutAside empties every field that an outline leaves out.
func withoutAside(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			withoutAside(v.Elem())
		}
	case reflect.Slice:
		for i := range v.Len() {
			withoutAside(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			switch f := v.Type().Field(i); {
			case f.Tag.Get("outline") == "-":
				v.Field(i).SetZero()
			case f.IsExported() && f.Type != reflect.TypeFor[schemas.Time]():
				withoutAside(v.Field(i))
			}
		}
	}
}

// withoutOthers takes away the cases that the transition is not about.
func withoutOthers(t *schemas.Transition) {
	if c := t.Dossier.Open; c != nil && c.ApplicationNo != t.ApplicationNo {
		t.Dossier.Open = nil
	}
	t.Dossier.Ended = slices.DeleteFunc(t.Dossier.Ended, func(c schemas.EndedCase) bool { return c.ApplicationNo != t.ApplicationNo })
}

// mustOutline holds that an outline is the whole transition but for what has the tag; what cannot be read as a whole may have an outline.
func mustOutline(t failer, value []byte) {
	t.Helper()
	whole, err := schemas.DecodeTransition(value)
	if err != nil {
		return
	}
	withoutAside(reflect.ValueOf(whole))
	outline, err := schemas.DecodeOutline(value)
	if err != nil {
		t.Fatalf("%s\nis a transition without an outline: %v", value, err)
	}
	withoutOthers(whole)
	withoutOthers(outline) // a case is left out where its number comes first
	if diff := cmp.Diff(whole, outline); diff != "" {
		t.Fatalf("%s\noutline (-want +got):\n%s", value, diff)
	}
}

func TestOutline(t *testing.T) {
	for _, value := range samplesOf(t, schemas.TopicCaseLog) {
		mustOutline(t, value)
	}
	for name, value := range map[string]string{
		"quotes, brackets and backslashes in what is passed over": `{"person":{"full_name":"a\"}]\\","x":["}{\\\"",{}]},"input":{"input_id":"\\"},"seq":7,"dossier_id":"D","events":[]}`,
		"escapes in what is kept":                                 `{"dossier_id":"\u4e2d\n","events":[{"type":"\"","remark":"x"}],"person":null,"effects":[]}`,
		"cases of others, of none and of an escaped number":       `{"application_no":"A","dossier":{"open":{"application_no":"B","x":[{}]},"ended":[{"application_no":"C"},{"stage":"x"},{"application_no":"A","outcome":"issued"},{"application_no":"\u0041"}]}}`,
		"a number that comes late":                                `{"dossier":{"open":{"application_no":"B"},"ended":[{"application_no":"A"}]},"application_no":"A"}`,
		"a property twice":                                        `{"seq":1,"person":{"sex":"1"},"seq":2,"person":{"sex":"2"},"dossier":{"seq":3,"seen":[1],"seen":[]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := schemas.DecodeTransition([]byte(value)); err != nil {
				t.Fatal(err)
			}
			mustOutline(t, []byte(value))
		})
	}
	for name, value := range map[string]string{
		"an object that does not end": `{"seq":1,"person":{"full_name":"x"`,
		"a string that does not end":  `{"seq":1,"person":{"full_name":"x\"}}`,
		"no object":                   `[]`,
		"nothing":                     ``,
	} {
		t.Run(name, func(t *testing.T) {
			if got, err := schemas.DecodeOutline([]byte(value)); err == nil {
				t.Errorf("read as %+v", got)
			}
		})
	}
}

func FuzzDecodeOutline(f *testing.F) {
	for _, value := range samplesOf(f, schemas.TopicCaseLog) {
		f.Add(value)
	}
	f.Fuzz(func(t *testing.T, value []byte) { mustOutline(t, value) })
}

func BenchmarkDecodeTransition(b *testing.B) {
	value := largest(b)
	b.Run("whole", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		for b.Loop() {
			if _, err := schemas.DecodeTransition(value); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("outline", func(b *testing.B) {
		b.SetBytes(int64(len(value)))
		for b.Loop() {
			if _, err := schemas.DecodeOutline(value); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// largest is the largest sample of a transition.
func largest(t testing.TB) (value []byte) {
	for _, v := range samplesOf(t, schemas.TopicCaseLog) {
		if len(v) > len(value) && schemas.Check(schemas.TopicCaseLog, v) == nil {
			value = v
		}
	}
	return value
}
