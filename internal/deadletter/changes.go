package deadletter

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// Change is one value that a repair changed. A value that is hidden from people shows as [Hidden], one that was not there as "".
type Change struct {
	Pointer string `json:"pointer"`
	Before  string `json:"before,omitempty"`
	After   string `json:"after,omitempty"`
}

// Hidden stands for a value that is personal, or that nobody knows to be none.
const Hidden = hiddenMark

// Changes lists what the repaired content has otherwise than the original, masked. An original that is no JSON has no values.
func Changes(topic string, original, repaired []byte) []Change {
	before, after := leavesOf(topic, original), leavesOf(topic, repaired)
	var out []Change
	for p, was := range before {
		if is, ok := after[p]; !ok || is.raw != was.raw {
			out = append(out, Change{p, was.shown, is.shown})
		}
	}
	for p, is := range after {
		if _, ok := before[p]; !ok {
			out = append(out, Change{p, "", is.shown})
		}
	}
	slices.SortFunc(out, func(a, b Change) int { return strings.Compare(a.Pointer, b.Pointer) })
	return out
}

// leafValue is a value with what people may see of it.
type leafValue struct{ raw, shown string }

func leavesOf(topic string, value []byte) map[string]leafValue {
	out := map[string]leafValue{}
	if _, err := parse(value); err != nil {
		return out
	}
	m := newMasker(topic, value)
	w := rewriter{d: json.NewDecoder(bytes.NewReader(value))}
	w.d.UseNumber()
	w.leaf = func(s *jsonschema.Schema, path []string, name string, raw json.RawMessage) json.RawMessage {
		shown := string(raw)
		if m.hides(s, path, raw) {
			shown = Hidden
		}
		out[pointer(path)] = leafValue{string(raw), shown}
		return raw
	}
	w.value(schemaOf(topic), nil, "")
	return out
}
