//go:build !schemagen

package schemas

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"math"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
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

// plain are the bytes that stand for themselves inside a string, as far as ASCII goes.
var plain = func() (t [256]bool) {
	for c := range t {
		t[c] = c >= ' ' && c < utf8.RuneSelf && c != '"' && c != '\\'
	}
	return t
}()

// quoted reads a string. What it returns may be part of the document.
func (r *reader) quoted() ([]byte, bool) {
	if r.at() != '"' {
		r.syntax()
		return nil, false
	}
	r.cooked = false
	from := r.i + 1
	i := from
	for i < len(r.b) && plain[r.b[i]] {
		i++
	}
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

func (r *reader) boolean(property string) bool {
	switch c := r.at(); c {
	case 't', 'f':
		r.skip()
		return c == 't'
	}
	r.mismatch(property)
	return false
}

// number reads an integer between least and most that fits into so many bits.
func (r *reader) number(property string, bits int, least, most int64) int64 {
	if c := r.at(); c != '-' && (c < '0' || c > '9') {
		r.mismatch(property)
		return 0
	}
	from := r.i
	r.literal()
	if r.broken {
		return 0
	}
	n, whole, fits := wholeNumber(r.b[from:r.i])
	switch {
	case !whole:
		r.lost = true
		r.invalid(property)
		return 0
	case n < least || n > most:
		r.invalid(property)
	}
	if !fits || bits < 64 && n>>(bits-1) != 0 && n>>(bits-1) != -1 {
		r.lost = true
		return 0
	}
	return n
}

// wholeNumber reads a JSON number. A fraction of zeros and an exponent make no fraction of it: JSON Schema calls 1.0 an integer. Where it does not
// fit, n is the largest or the least integer.
func wholeNumber(literal []byte) (n int64, whole, fits bool) {
	if len(literal) < 19 && !bytes.ContainsAny(literal, ".eE") {
		negative := literal[0] == '-'
		if negative {
			literal = literal[1:]
		}
		for _, c := range literal {
			n = 10*n + int64(c-'0')
		}
		if negative {
			n = -n
		}
		return n, true, true
	}
	text := string(literal)
	sign, text := cutSign(text)
	mantissa, power, _ := strings.Cut(strings.ToLower(text), "e")
	integer, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(integer+fraction, "0")
	if digits == "" {
		return 0, true, true
	}
	shift, err := strconv.ParseInt(power, 10, 32)
	if err != nil && power != "" {
		shift = math.MaxInt32 // an exponent beyond all measure
		if strings.HasPrefix(power, "-") {
			shift = math.MinInt32
		}
	}
	shift -= int64(len(fraction))
	significant := strings.TrimRight(digits, "0")
	shift += int64(len(digits) - len(significant))
	if shift < 0 {
		return 0, false, false
	}
	if int64(len(significant))+shift > 19 {
		return beyond(sign), true, false
	}
	n, err = strconv.ParseInt(sign+significant+strings.Repeat("0", int(shift)), 10, 64)
	if err != nil {
		return beyond(sign), true, false
	}
	return n, true, true
}

func beyond(sign string) int64 {
	if sign == "" {
		return math.MaxInt64
	}
	return math.MinInt64
}

func cutSign(s string) (sign, rest string) {
	if rest, ok := strings.CutPrefix(s, "-"); ok {
		return "-", rest
	}
	return "", s
}

// literal passes over a number.
func (r *reader) literal() {
	if r.i < len(r.b) && r.b[r.i] == '-' {
		r.i++
	}
	switch {
	case r.i >= len(r.b):
		r.syntax()
		return
	case r.b[r.i] == '0':
		r.i++
	case r.digits() == 0:
		r.syntax()
		return
	}
	if r.i < len(r.b) && r.b[r.i] == '.' {
		if r.i++; r.digits() == 0 {
			r.syntax()
			return
		}
	}
	if r.i < len(r.b) && r.b[r.i]|0x20 == 'e' {
		if r.i++; r.i < len(r.b) && (r.b[r.i] == '+' || r.b[r.i] == '-') {
			r.i++
		}
		if r.digits() == 0 {
			r.syntax()
		}
	}
}

func (r *reader) digits() (n int) {
	for r.i < len(r.b) && r.b[r.i] >= '0' && r.b[r.i] <= '9' {
		r.i++
		n++
	}
	return n
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
		n := bytes.IndexByte(b[i:], '"')
		if n < 0 {
			return -1
		}
		i += n
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

func (r *reader) name(s string) {
	if !bytes.HasPrefix(r.b[r.i:], []byte(s)) {
		r.syntax()
		return
	}
	r.i += len(s)
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

// date reads a civil date. One that never was is told by the schema; it is still read.
func (r *reader) date(property string) Date {
	s, ok := r.word(property)
	if !ok {
		return ""
	}
	if _, _, _, ok := civil(s); !ok || len(s) != len(time.DateOnly) {
		r.invalid(property)
	}
	return Date(r.own(s))
}

// time reads an instant.
func (r *reader) time(property string) (t Time) {
	s, ok := r.word(property)
	if !ok {
		return t
	}
	t, ok, leap := wireTime(s)
	switch {
	case ok:
		return t
	case leap: // JSON Schema allows for it, Go does not
		r.lost = true
		return t
	}
	r.invalid(property)
	quoted := append(append([]byte{'"'}, s...), '"')
	if t.UnmarshalJSON(quoted) != nil {
		r.lost = true
	}
	return t
}

// wireTime reads an instant as it stands on the wire: at +08:00, to the microsecond. Leap says that it would, but for its second 60.
func wireTime(s []byte) (t Time, ok, leap bool) {
	const shortest = len("2006-01-02T15:04:05+08:00")
	if len(s) < shortest || s[10] != 'T' || s[13] != ':' || s[16] != ':' || string(s[len(s)-6:]) != "+08:00" {
		return t, false, false
	}
	year, month, day, ok := civil(s[:10])
	hour, ok1 := two(s, 11, 23)
	minute, ok2 := two(s, 14, 59)
	second, ok3 := two(s, 17, 60)
	micro, ok4 := micros(s[19 : len(s)-6])
	if !ok || !ok1 || !ok2 || !ok3 || !ok4 {
		return t, false, false
	}
	if second == 60 {
		return t, false, hour == 7 && minute == 59 // 23:59:60 in UTC
	}
	seconds := daysSinceEpoch(year, month, day)*86_400 + int64(hour*3600+minute*60+second) - 8*3600
	return Time{time.Unix(seconds, int64(micro)*1000).In(Shanghai)}, true, false
}

// civil reads YYYY-MM-DD at the beginning of s; false where there was no such day.
func civil(s []byte) (year, month, day int, ok bool) {
	if len(s) < 10 || s[4] != '-' || s[7] != '-' {
		return 0, 0, 0, false
	}
	century, ok1 := two(s, 0, 99)
	rest, ok2 := two(s, 2, 99)
	month, ok3 := two(s, 5, 12)
	day, ok4 := two(s, 8, 31)
	year = 100*century + rest
	ok = ok1 && ok2 && ok3 && ok4 && month > 0 && day > 0 && day <= daysIn(year, month)
	return year, month, day, ok
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// two reads two digits, at most so much.
func two(s []byte, at, most int) (int, bool) {
	a, b := s[at]-'0', s[at+1]-'0'
	n := 10*int(a) + int(b)
	return n, a <= 9 && b <= 9 && n <= most
}

// micros reads a fraction of a second: nothing, or a dot and one to six digits.
func micros(s []byte) (int, bool) {
	if len(s) == 0 {
		return 0, true
	}
	if s[0] != '.' || len(s) < 2 || len(s) > 7 {
		return 0, false
	}
	n := 0
	for i := 1; i < 7; i++ {
		n *= 10
		if i < len(s) {
			d := s[i] - '0'
			if d > 9 {
				return 0, false
			}
			n += int(d)
		}
	}
	return n, true
}

// daysSinceEpoch counts from 1970-01-01 in the Gregorian calendar; years begin in March here, so that a leap day is the last of its year.
func daysSinceEpoch(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	era := floorDiv(year, 400)
	ofEra := year - era*400
	dayOfYear := (153*(month-3)+2)/5 + day - 1
	return int64(era)*146_097 + int64(ofEra*365+ofEra/4-ofEra/100+dayOfYear) - 719_468
}

func floorDiv(a, b int) int {
	if q := a / b; a%b >= 0 {
		return q
	}
	return a/b - 1
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
