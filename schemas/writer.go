//go:build !schemagen

package schemas

import (
	"encoding/base64"
	"encoding/binary"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// writer writes the types that travel, byte for byte as encoding/json does: the methods of the types are generated (codec_gen.go).
type writer struct {
	b   []byte
	err error
}

const hexDigits = "0123456789abcdef"

// unescaped are the ASCII bytes that encoding/json writes as they are.
var unescaped = func() (t [256]bool) {
	for c := range t {
		t[c] = plain[c] && c != '<' && c != '>' && c != '&'
	}
	return t
}()

// unescapedUntil returns where the first byte stands that is not written as it is, see plainUntil.
func unescapedUntil(s []byte) int {
	i := 0
	for ; i+8 <= len(s); i += 8 {
		x := binary.LittleEndian.Uint64(s[i:])
		if n := firstOf(x, notPlain(x)|is(x, '<'*eachOne)|is(x, '>'*eachOne)|is(x, '&'*eachOne)); n < 8 {
			return i + n
		}
	}
	for i < len(s) && unescaped[s[i]] {
		i++
	}
	return i
}

func (w *writer) str(s string) {
	if n := unescapedUntil(unsafe.Slice(unsafe.StringData(s), len(s))); n < len(s) {
		w.strFrom(s, n)
		return
	}
	w.b = append(append(append(w.b, '"'), s...), '"')
}

// strFrom writes a string of which something, from i on, may have to be escaped.
func (w *writer) strFrom(s string, i int) {
	b := append(w.b, '"')
	from := 0
	for i < len(s) {
		c := s[i]
		if unescaped[c] {
			i++
			continue
		}
		if c < utf8.RuneSelf {
			b = append(b, s[from:i]...)
			b = appendEscaped(b, c)
			i++
			from = i
			continue
		}
		r, size := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && size == 1:
			b = append(append(b, s[from:i]...), `\ufffd`...)
			from = i + 1
		case r == '\u2028' || r == '\u2029': // line ends in JavaScript
			b = append(append(b, s[from:i]...), `\u202`...)
			b = append(b, hexDigits[r&0xf])
			from = i + size
		}
		i += size
	}
	w.b = append(append(b, s[from:]...), '"')
}

func appendEscaped(b []byte, c byte) []byte {
	switch c {
	case '"', '\\':
		return append(b, '\\', c)
	case '\b':
		return append(b, `\b`...)
	case '\f':
		return append(b, `\f`...)
	case '\n':
		return append(b, `\n`...)
	case '\r':
		return append(b, `\r`...)
	case '\t':
		return append(b, `\t`...)
	}
	return append(b, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&0xf])
}

func (w *writer) raw(s string) { w.b = append(w.b, s...) }

func (w *writer) number(n int64) { w.b = strconv.AppendInt(w.b, n, 10) }

func (w *writer) boolean(v bool) { w.b = strconv.AppendBool(w.b, v) }

func (w *writer) base64(v []byte) {
	w.b = append(w.b, '"')
	w.b = base64.StdEncoding.AppendEncode(w.b, v)
	w.b = append(w.b, '"')
}

func (w *writer) time(t Time) {
	if !t.writable() {
		w.err = errTimeRange
	}
	w.b = append(w.b, '"')
	w.b = t.appendTo(w.b)
	w.b = append(w.b, '"')
}

// comma separates a property from the one before, where there is one.
func (w *writer) comma() {
	if w.b[len(w.b)-1] != '{' {
		w.b = append(w.b, ',')
	}
}
