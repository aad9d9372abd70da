package deadletter

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/internal/problem"
	"permithub/internal/timeline"
	"permithub/schemas"
)

// hiddenMark begins every placeholder.
const hiddenMark = "●"

var placeholder = regexp.MustCompile(`^` + hiddenMark + `([0-9]{1,6})( .*)?$`)

// Masked is a content as people may see it.
type Masked struct {
	// Text is the JSON, indented, with a placeholder for each value that is hidden. "" where the content is no JSON: nobody knows then what in
	// it is personal.
	Text   string
	hidden []json.RawMessage
}

// Mask hides what is personal in a value of the topic, and, because anything may stand there, what no schema knows and what is not as its
// schema says.
func Mask(topic string, value []byte) Masked {
	if _, err := parse(value); err != nil {
		return Masked{}
	}
	m := newMasker(topic, value)
	w := rewriter{d: json.NewDecoder(bytes.NewReader(value)), indent: "  ", leaf: m.leaf}
	w.d.UseNumber()
	w.value(schemaOf(topic), nil, "")
	return Masked{Text: w.out.String(), hidden: m.hidden}
}

// Indented returns a JSON value as a person reads it, nothing hidden; bytes that are no JSON as they are.
func Indented(value []byte) string {
	var b bytes.Buffer
	if json.Indent(&b, value, "", "  ") != nil {
		return strings.ToValidUTF8(string(value), "\uFFFD")
	}
	return b.String()
}

// Unmask puts back what the placeholders of text stand for, wherever they stand now. A placeholder that hides nothing is a fault. Text that is no
// JSON is returned as it is.
func (m Masked) Unmask(text []byte) ([]byte, *problem.List) {
	list := new(problem.List)
	if _, err := parse(text); err != nil {
		return text, list
	}
	w := rewriter{d: json.NewDecoder(bytes.NewReader(text))}
	w.d.UseNumber()
	w.leaf = func(_ *jsonschema.Schema, path []string, _ string, raw json.RawMessage) json.RawMessage {
		n, ok := hides(raw)
		if !ok {
			return raw
		}
		if n < 1 || n > len(m.hidden) {
			list.Add(pointer(path), problem.Content("placeholder_unknown", "占位符不存在", "no such placeholder"))
			return raw
		}
		return m.hidden[n-1]
	}
	w.value(nil, nil, "")
	return w.out.Bytes(), list
}

// hides reports whether a JSON value is a placeholder, and which.
func hides(raw json.RawMessage) (int, bool) {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return 0, false
	}
	found := placeholder.FindStringSubmatch(s)
	if found == nil {
		return 0, false
	}
	n, err := strconv.Atoi(found[1])
	return n, err == nil
}

// masker decides which leaves are hidden.
type masker struct {
	wrong  map[string]bool
	all    bool // more is wrong than a list of faults holds
	hidden []json.RawMessage
}

func newMasker(topic string, value []byte) *masker {
	faults := faultsOf(topic, value)
	m := &masker{wrong: map[string]bool{}, all: len(faults.Codes()) > len(faults.Faults())}
	for _, f := range faults.Faults() {
		m.wrong[f.Pointer] = true
	}
	return m
}

func personal(path []string) bool { return len(path) > 0 && path[0] == "person" }

// hides reports whether people do not see the leaf: texts and numbers that are personal, unknown or wrong. Yes, no and nothing tell nobody's name.
func (m *masker) hides(s *jsonschema.Schema, path []string, raw json.RawMessage) bool {
	if raw[0] != '"' && (raw[0] < '0' || raw[0] > '9') && raw[0] != '-' {
		return false
	}
	_, marked := hides(raw)
	return personal(path) || s == nil || m.all || m.wrong[pointer(path)] || marked
}

func (m *masker) leaf(s *jsonschema.Schema, path []string, name string, raw json.RawMessage) json.RawMessage {
	if !m.hides(s, path, raw) {
		return raw
	}
	m.hidden = append(m.hidden, raw)
	text := hiddenMark + strconv.Itoa(len(m.hidden))
	if part := glimpse(name, raw); personal(path) && part != "" {
		text += " " + part
	}
	return quoted(text)
}

// glimpse is what of a personal value people may see, as the desk's pages show it.
func glimpse(name string, raw json.RawMessage) string {
	var s string
	if json.Unmarshal(raw, &s) != nil {
		return ""
	}
	switch {
	case name == "full_name":
		return schemas.Masked(s)
	case name == "citizen_id" && len(s) == 18:
		return timeline.MaskID(s)
	case name == "number" && len(s) == 11:
		return timeline.MaskPhone(s)
	}
	return ""
}

func quoted(s string) json.RawMessage {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string encodes
	return bytes.TrimSpace(b.Bytes())
}

// rewriter writes a JSON value again, each leaf as leaf says; the order of properties stays. The value was parsed before, so it meets no error.
type rewriter struct {
	d      *json.Decoder
	indent string // "" writes it compact
	leaf   func(s *jsonschema.Schema, path []string, name string, raw json.RawMessage) json.RawMessage
	out    bytes.Buffer
}

func (w *rewriter) value(s *jsonschema.Schema, path []string, name string) {
	token, err := w.d.Token()
	if err != nil {
		return
	}
	switch t := token.(type) {
	case json.Delim:
		w.container(t, s, path)
	case string:
		w.out.Write(w.leaf(s, path, name, quoted(t)))
	case json.Number:
		w.out.Write(w.leaf(s, path, name, json.RawMessage(t)))
	case bool:
		w.out.Write(w.leaf(s, path, name, json.RawMessage(strconv.FormatBool(t))))
	default:
		w.out.Write(w.leaf(s, path, name, json.RawMessage("null")))
	}
}

func (w *rewriter) container(open json.Delim, s *jsonschema.Schema, path []string) {
	w.out.WriteByte(byte(open))
	n := 0
	for ; w.d.More(); n++ {
		if n > 0 {
			w.out.WriteByte(',')
		}
		w.line(len(path) + 1)
		if open == '[' {
			w.value(items(s), append(path, strconv.Itoa(n)), "")
			continue
		}
		key, err := w.d.Token()
		if err != nil {
			return
		}
		name, _ := key.(string)
		w.out.Write(quoted(name))
		w.out.WriteByte(':')
		if w.indent != "" {
			w.out.WriteByte(' ')
		}
		w.value(property(s, name), append(path, name), name)
	}
	_, _ = w.d.Token() // the closing one
	if n > 0 {
		w.line(len(path))
	}
	w.out.WriteByte(byte(open) + 2) // '}' after '{', ']' after '['
}

func (w *rewriter) line(depth int) {
	if w.indent != "" {
		w.out.WriteString("\n" + strings.Repeat(w.indent, depth))
	}
}
