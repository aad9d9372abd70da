//go:build !schemagen

package schemas

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"math/bits"
	"unsafe"
)

// reader reads one JSON document into one of the types that travel, and checks it against the type's schema on the way: the methods of
// the types are generated (codec_gen.go). It accepts what encoding/json does, save that a key in another case is another key.
type reader struct {
	b []byte
	i int
	// text is the whole document where strings may share it; else every string is a copy, and a string that is kept keeps no document.
	text string
	// first is set while nothing of the innermost object or array was read.
	first bool
	depth int
	// broken: not JSON. lost: JSON that the type cannot hold. fault: the first property that is not as the schema has it.
	broken bool
	lost   bool
	fault  string
	// twice: a property stands twice in an object.
	twice bool
	// cooked: the last string had escapes, or bytes that are no UTF-8, so that it is not part of the document.
	cooked bool
	// outline passes over what an outline does not have; about is the number of the case that it is about, once that is known.
	outline bool
	about   string
	// unchecked leaves out what costs much and tells only whether the schema allows a value that can be read anyhow.
	unchecked bool
}

// maxNesting is that of encoding/json.
const maxNesting = 10_000

// document is a type that travels as a value of its own.
type document[T any] interface {
	*T
	read(*reader) (seen uint32)
	write(*writer)
}

// readDocument reads a whole document.
func readDocument[T any, P document[T]](b []byte, how reading) (*T, *reader) {
	v, r := new(T), &reader{b: b, unchecked: !how.checked, outline: how.outline}
	switch {
	case how.outline && len(b) > 0:
		r.text = unsafe.String(&b[0], len(b))
	case how.shared:
		r.text = string(b)
	}
	if r.at() != '{' {
		r.lost = true // null is no record
	}
	P(v).read(r)
	if r.space(); r.i < len(r.b) {
		r.broken = true
	}
	if r.twice && !r.broken {
		return readDocument[T, P](lastWins(b), how)
	}
	return v, r
}

// lastWins writes a document again without what a later property of the same name replaces.
func lastWins(b []byte) []byte {
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	if d.Decode(&v) != nil {
		return nil
	}
	out, err := json.Marshal(v)
	if err != nil {
		return nil
	}
	return out
}

func (r *reader) invalid(property string) {
	if r.fault == "" {
		r.fault = property
	}
}

func (r *reader) syntax() { r.broken, r.i = true, len(r.b) }

func (r *reader) space() {
	for r.i < len(r.b) {
		switch r.b[r.i] {
		case ' ', '\t', '\r', '\n':
			r.i++
		default:
			return
		}
	}
}

// at moves to the next value and returns its first byte; 0 where there is none.
func (r *reader) at() byte {
	if r.i < len(r.b) && r.b[r.i] > ' ' {
		return r.b[r.i]
	}
	if r.space(); r.i < len(r.b) {
		return r.b[r.i]
	}
	r.syntax()
	return 0
}

// mismatch passes over a value of another type. Null stands for a value that is absent, as in encoding/json.
func (r *reader) mismatch(property string) {
	r.invalid(property)
	if r.at() != 'n' {
		r.lost = true
	}
	r.skip()
}

// present reports whether the value is not null.
func (r *reader) present(property string) bool {
	if r.at() != 'n' {
		return true
	}
	r.mismatch(property)
	return false
}

func (r *reader) enter() bool {
	if r.depth++; r.depth > maxNesting {
		r.syntax()
		return false
	}
	r.i++
	r.first = true
	return true
}

func (r *reader) leave() {
	r.i++
	r.depth--
	r.first = false
}

func (r *reader) object(property string) bool {
	if r.at() == '{' {
		return r.enter()
	}
	r.mismatch(property)
	return false
}

func (r *reader) array(property string) bool {
	if r.at() == '[' {
		return r.enter()
	}
	r.mismatch(property)
	return false
}

// more moves to the next element of an object or array; false at its end.
func (r *reader) more(end byte) bool {
	c := r.at()
	switch {
	case c == end:
		r.leave()
		return false
	case r.first:
		r.first = false
	case c == ',':
		r.i++
		r.at()
	default:
		r.syntax()
	}
	return !r.broken
}

// item moves to the next element of an array; false at its end.
func (r *reader) item() bool { return r.more(']') }

// key moves to the value of the next property and returns its name; false at the end of the object.
func (r *reader) key() ([]byte, bool) {
	if !r.more('}') {
		return nil, false
	}
	k, ok := r.quoted()
	if !ok {
		return nil, false
	}
	if r.at() != ':' {
		r.syntax()
		return nil, false
	}
	r.i++
	return k, true
}

// once notes a property, and that it was there before.
func (r *reader) once(seen, bit uint32) uint32 {
	if seen&bit != 0 {
		r.twice = true
	}
	return seen | bit
}

func (r *reader) boolean(property string) bool {
	switch c := r.at(); c {
	case 't', 'f':
		r.skip()
		return c == 't'
	}
	r.mismatch(property)
	return false
}

// skip passes over a value of any kind.
func (r *reader) skip() {
	switch c := r.at(); c {
	case '{':
		if r.enter() {
			for _, ok := r.key(); ok; _, ok = r.key() {
				r.skip()
			}
		}
	case '[':
		if r.enter() {
			for r.item() {
				r.skip()
			}
		}
	case '"':
		r.quoted()
	case 't':
		r.name("true")
	case 'f':
		r.name("false")
	case 'n':
		r.name("null")
	default:
		if r.literal(); r.broken {
			return
		}
	}
}

// pass passes over a value that nobody looks into: of an object or array it sees to the brackets and strings alone.
func (r *reader) pass() {
	if c := r.at(); c != '{' && c != '[' {
		r.skip()
		return
	}
	depth := 0
	for i := r.i; i < len(r.b); i++ {
		switch r.b[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				r.i = i + 1
				return
			}
		case '"':
			if i = endOfString(r.b, i+1); i < 0 {
				r.syntax()
				return
			}
		}
	}
	r.syntax()
}

// foreign reports whether the value is a case that the outline is not about. It looks at a number that comes first and has no escapes, as the hub
// writes it; of any other case it says no.
func (r *reader) foreign() bool {
	if !r.outline || r.about == "" {
		return false
	}
	r.at()
	rest, ok := bytes.CutPrefix(r.b[r.i:], []byte(`{"application_no":"`))
	if !ok {
		return false
	}
	n := 0
	for n < len(rest) && plain[rest[n]] {
		n++
	}
	return n < len(rest) && rest[n] == '"' && string(rest[:n]) != r.about
}

// endOfString returns where the quote stands that ends the string whose first byte is b[from]; -1 where none does.
func endOfString(b []byte, from int) int {
	for i := from; i < len(b); i++ {
		if i = quoteFrom(b, i); i == len(b) {
			return -1
		}
		escapes := 0
		for b[i-1-escapes] == '\\' { // it ends before the opening quote
			escapes++
		}
		if escapes%2 == 0 {
			return i
		}
	}
	return -1
}

// quoteFrom returns where the first quote stands from i on; len(b) where none does. Most strings are shorter than what makes bytes.IndexByte pay.
func quoteFrom(b []byte, i int) int {
	for ; i+8 <= len(b); i += 8 {
		x := binary.LittleEndian.Uint64(b[i:]) ^ eachQuote
		if found := (x - eachOne) &^ x & eachHighBit; found != 0 {
			return i + bits.TrailingZeros64(found)/8
		}
	}
	for i < len(b) && b[i] != '"' {
		i++
	}
	return i
}

func (r *reader) name(s string) {
	if !bytes.HasPrefix(r.b[r.i:], []byte(s)) {
		r.syntax()
		return
	}
	r.i += len(s)
}
