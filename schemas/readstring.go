//go:build !schemagen

package schemas

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"net/netip"
	"net/url"
	"strings"
	"unicode/utf8"
)

// plain are the bytes that stand for themselves inside a string, as far as ASCII goes.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return t
}()

// Eight bytes at once: each of them this byte.
const (
	eachOne       = 0x0101010101010101
	eachHighBit   = 0x80 * eachOne
	eachSpace     = ' ' * eachOne
	eachQuote     = '"' * eachOne
	eachBackslash = '\\' * eachOne
)

// is borrows the high bit of each byte of x that is the one in each. What lies above such a byte may be wrong.
func is(x, each uint64) uint64 { return (x ^ each) - eachOne }

// notPlain borrows the high bit of each byte of x that is less than a space, a quote or a backslash; likewise.
func notPlain(x uint64) uint64 { return (x - eachSpace) | is(x, eachQuote) | is(x, eachBackslash) }

// firstOf returns which byte of x is the first that was borrowed from, or is beyond ASCII; 8 where there is none.
func firstOf(x, borrowed uint64) int {
	return bits.TrailingZeros64((borrowed&^x|x)&eachHighBit) / 8
}

// plainUntil returns where, from i on, the first byte stands that is not plain.
func plainUntil(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:])
		if n := firstOf(x, notPlain(x)); n < 8 {
			return i + n
		}
	}
	for i < len(b) && plain[b[i]] {
		i++
	}
	return i
}

// quoted reads a string. What it returns may be part of the document.
func (r *reader) quoted() ([]byte, bool) {
	if r.at() != '"' {
		r.syntax()
		return nil, false
	}
	r.cooked = false
	from := r.i + 1
	i := plainUntil(r.b, from)
	if i < len(r.b) && r.b[i] == '"' {
		r.i = i + 1
		return r.b[from:i], true
	}
	return r.quotedSlow(from, i)
}

// quotedSlow reads a string that is not all ASCII, or has escapes.
func (r *reader) quotedSlow(from, i int) ([]byte, bool) {
	escapes := false
	for ; i < len(r.b); i++ {
		switch c := r.b[i]; {
		case c == '"':
			r.i = i + 1
			s := r.b[from:i]
			if !escapes && utf8.Valid(s) {
				return s, true
			}
			var text string // encoding/json knows the escapes, and what becomes of bytes that are no UTF-8
			if json.Unmarshal(r.b[from-1:i+1], &text) != nil {
				r.syntax()
				return nil, false
			}
			r.cooked = true
			return []byte(text), true
		case c == '\\':
			escapes = true
			i++
		case c < ' ':
			r.syntax()
			return nil, false
		}
	}
	r.syntax()
	return nil, false
}

// str reads a string.
func (r *reader) str(property string) string {
	s, ok := r.word(property)
	if !ok {
		return ""
	}
	return r.own(s)
}

// own makes a string of what quoted has just returned.
func (r *reader) own(s []byte) string {
	if r.text != "" && !r.cooked {
		return r.text[r.i-1-len(s) : r.i-1]
	}
	return string(s)
}

// word reads a string; what it returns may be part of the document.
func (r *reader) word(property string) ([]byte, bool) {
	if r.at() != '"' {
		r.mismatch(property)
		return nil, false
	}
	return r.quoted()
}

// base64 reads bytes.
func (r *reader) base64(property string) []byte {
	s, ok := r.word(property)
	if !ok {
		return nil
	}
	out := make([]byte, base64.StdEncoding.DecodedLen(len(s)))
	n, err := base64.StdEncoding.Decode(out, s)
	if err != nil {
		r.invalid(property)
		r.lost = true
		return nil
	}
	return out[:n]
}

// absoluteURI reports whether s is an absolute URI as format "uri" has it.
func absoluteURI(s string) bool {
	u, err := url.Parse(s)
	if err != nil || !u.IsAbs() {
		return false
	}
	host := u.Hostname()
	if !strings.Contains(host, ":") {
		return true
	}
	address, err := netip.ParseAddr(host)
	return err == nil && address.Zone() == "" && strings.Contains(u.Host, "[") && strings.Contains(u.Host, "]")
}

func (r *reader) match(p *pattern, s, property string) {
	if !r.unchecked && !p.matches(s) {
		r.invalid(property)
	}
}

// length bounds the characters of a string.
func (r *reader) length(s string, least, most int, property string) {
	if r.unchecked {
		return
	}
	if n := utf8.RuneCountInString(s); n < least || n > most {
		r.invalid(property)
	}
}

func (r *reader) uri(s, property string) {
	if !r.unchecked && !absoluteURI(s) {
		r.invalid(property)
	}
}
