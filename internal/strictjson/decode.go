package strictjson

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"strconv"
	"strings"

	"permithub/internal/problem"
)

// Decode reads raw into the struct that into points to and notes every fault in list. It returns false where raw is not one JSON
// document, so that there is nothing to check any further.
func Decode(raw []byte, into any, list *problem.List) bool {
	if len(bytes.TrimLeft(raw, " \t\r\n")) == 0 {
		list.Add("", EmptyBody)
		return false
	}
	if depth(raw) > MaxDepth {
		list.Add("", TooDeep, MaxDepth)
		return false
	}
	if !json.Valid(raw) {
		notDocument(raw, list)
		return false
	}
	w := walker{raw: raw, list: list}
	w.space()
	if w.raw[w.pos] != '{' {
		list.Add("", WrongType)
		return false
	}
	w.value(reflect.ValueOf(into).Elem())
	return true
}

// depth counts how deep brackets nest outside strings. It needs no valid JSON, so it bounds the parser too.
func depth(raw []byte) int {
	deepest, now, quoted := 0, 0, false
	for i := 0; i < len(raw); i++ {
		switch c := raw[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '{' || c == '[':
			now++
			deepest = max(deepest, now)
		case c == '}' || c == ']':
			now--
		}
	}
	return deepest
}

func notDocument(raw []byte, list *problem.List) {
	d := json.NewDecoder(bytes.NewReader(raw))
	var first json.RawMessage
	err := d.Decode(&first)
	if err == nil {
		list.Add("", TrailingData)
		return
	}
	at := int64(len(raw))
	var bad *json.SyntaxError
	if errors.As(err, &bad) && !errors.Is(err, io.ErrUnexpectedEOF) {
		at = bad.Offset
	}
	list.Add("", SyntaxError, int(at))
}

// walker goes over bytes that encoding/json accepted, so it never meets a syntax error.
type walker struct {
	raw  []byte
	pos  int
	path []string
	list *problem.List
}

// fault notes c at the current place; content checks leave the place alone afterwards.
func (w *walker) fault(c problem.Code) {
	p := w.pointer()
	w.list.Add(p, c)
	w.list.Block(p)
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

func (w *walker) pointer() string {
	var b strings.Builder
	for _, s := range w.path {
		b.WriteByte('/')
		_, _ = pointerEscape.WriteString(&b, s)
	}
	return b.String()
}

func (w *walker) space() {
	for w.pos < len(w.raw) && strings.IndexByte(" \t\r\n", w.raw[w.pos]) >= 0 {
		w.pos++
	}
}

// value reads the value at hand into v, or notes why it does not fit and passes over it.
func (w *walker) value(v reflect.Value) {
	switch c := w.raw[w.pos]; {
	case c == 'n':
		w.fault(NullValue)
		w.skip()
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		w.value(v.Elem())
	case c == '{' && v.Kind() == reflect.Struct:
		w.object(v)
	case c == '[' && v.Kind() == reflect.Slice:
		w.array(v)
	case c == '"' && v.Kind() == reflect.String:
		w.text(v)
	case (c == 't' || c == 'f') && v.Kind() == reflect.Bool:
		v.SetBool(c == 't')
		w.skip()
	case (c == '-' || c >= '0' && c <= '9') && v.Kind() == reflect.Int64:
		w.integer(v)
	default:
		w.fault(WrongType)
		w.skip()
	}
}

func (w *walker) text(v reflect.Value) {
	s, ok := w.str()
	switch {
	case !ok:
		w.fault(InvalidUTF8)
	case s == "":
		w.fault(EmptyString)
	default:
		v.SetString(s)
	}
}

func (w *walker) integer(v reflect.Value) {
	lit := w.skip()
	n, err := strconv.ParseInt(string(lit), 10, 64)
	switch {
	case err == nil:
		v.SetInt(n)
	case bytes.ContainsAny(lit, ".eE"):
		w.fault(NumberNotInteger)
	default:
		w.fault(NumberRange)
	}
}

func (w *walker) array(v reflect.Value) {
	w.pos++ // [
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := 0; ; i++ {
		w.space()
		switch w.raw[w.pos] {
		case ']':
			w.pos++
			return
		case ',':
			w.pos++
			w.space()
		}
		w.path = append(w.path, strconv.Itoa(i))
		v.Grow(1)
		v.SetLen(i + 1)
		v.Index(i).SetZero()
		w.value(v.Index(i))
		w.path = w.path[:len(w.path)-1]
	}
}

func (w *walker) object(v reflect.Value) {
	known := fieldsOf(v.Type())
	seen := make(map[string]bool, len(known))
	w.pos++ // {
	for {
		w.space()
		switch w.raw[w.pos] {
		case '}':
			w.pos++
			return
		case ',':
			w.pos++
			w.space()
		}
		key, ok := w.str()
		w.space()
		w.pos++ // :
		w.space()
		w.member(v, known, seen, key, ok)
	}
}

// maxKey bounds the keys that a pointer names; the pointer of a longer one is its object.
const maxKey = 64

func (w *walker) member(v reflect.Value, known map[string]int, seen map[string]bool, key string, readable bool) {
	if !readable {
		w.list.Add(w.pointer(), InvalidUTF8)
		w.skip()
		return
	}
	if len(key) > maxKey {
		w.list.Add(w.pointer(), UnknownKey)
		w.skip()
		return
	}
	w.path = append(w.path, key)
	defer func() { w.path = w.path[:len(w.path)-1] }()
	i, ok := known[key]
	switch {
	case seen[key]:
		w.list.Add(w.pointer(), DuplicateKey) // the content of the first one is still checked
		w.skip()
	case ok:
		w.value(v.Field(i))
	default:
		w.stranger(known, key)
	}
	seen[key] = true
}

// stranger notes a key that is not a field. A variant in case is named as such, and the field it was meant for is not reported missing as well.
func (w *walker) stranger(known map[string]int, key string) {
	code, meant := UnknownKey, ""
	for name := range known {
		if strings.EqualFold(name, key) {
			code, meant = KeyCase, name
		}
	}
	w.fault(code)
	if meant != "" {
		w.path[len(w.path)-1] = meant
		w.list.Block(w.pointer())
	}
	w.skip()
}
