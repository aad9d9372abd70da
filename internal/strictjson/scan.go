package strictjson

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"unicode/utf16"
	"unicode/utf8"
)

var fieldCache sync.Map // reflect.Type → map[string]int

// fieldsOf returns the index of each field of struct type t by its JSON name. A struct embedded without a name is not supported.
func fieldsOf(t reflect.Type) map[string]int {
	if m, ok := fieldCache.Load(t); ok {
		return m.(map[string]int)
	}
	m := make(map[string]int, t.NumField())
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if t.Field(i).Anonymous || name == "" {
			panic("strictjson: field without a JSON name in " + t.String())
		}
		if name != "-" {
			m[name] = i
		}
	}
	fieldCache.Store(t, m)
	return m
}

// skip passes over the value at hand and returns its bytes.
func (w *walker) skip() []byte {
	start := w.pos
	switch w.raw[w.pos] {
	case '"':
		w.pos = w.stringEnd()
	case '{', '[':
		w.skipNested()
	default:
		for w.pos < len(w.raw) && strings.IndexByte(",]} \t\r\n", w.raw[w.pos]) < 0 {
			w.pos++
		}
	}
	return w.raw[start:w.pos]
}

func (w *walker) skipNested() {
	for open := 0; ; {
		switch w.raw[w.pos] {
		case '"':
			w.pos = w.stringEnd()
			continue
		case '{', '[':
			open++
		case '}', ']':
			open--
		}
		w.pos++
		if open == 0 {
			return
		}
	}
}

// stringEnd returns the position after the closing quote of the string at hand.
func (w *walker) stringEnd() int {
	i := w.pos + 1
	for w.raw[i] != '"' {
		if w.raw[i] == '\\' {
			i++
		}
		i++
	}
	return i + 1
}

// str reads the string at hand, and false where it holds bad UTF-8 or a lone surrogate.
func (w *walker) str() (string, bool) {
	start, end := w.pos, w.stringEnd()
	w.pos = end
	token := w.raw[start:end]
	if !utf8.Valid(token) || !pairedSurrogates(token) {
		return "", false
	}
	if bytes.IndexByte(token, '\\') < 0 {
		return string(token[1 : len(token)-1]), true
	}
	var s string
	err := json.Unmarshal(token, &s)
	return s, err == nil
}

// pairedSurrogates reports whether every \uD800…\uDFFF escape of the token is half of a pair; encoding/json turns a lone one into U+FFFD.
func pairedSurrogates(token []byte) bool {
	for i := 0; i+1 < len(token); i++ {
		if token[i] != '\\' {
			continue
		}
		i++
		if token[i] != 'u' {
			continue
		}
		first := hex4(token[i+1:])
		i += 4
		if !utf16.IsSurrogate(first) {
			continue
		}
		if !bytes.HasPrefix(token[i+1:], []byte(`\u`)) || utf16.DecodeRune(first, hex4(token[i+3:])) == utf8.RuneError {
			return false
		}
		i += 6
	}
	return true
}

// hex4 reads the four hex digits that encoding/json has already checked.
func hex4(b []byte) rune {
	n, err := strconv.ParseUint(string(b[:4]), 16, 16)
	if err != nil {
		return utf8.RuneError
	}
	return rune(n)
}
