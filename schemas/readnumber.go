//go:build !schemagen

package schemas

import (
	"bytes"
	"math"
	"strconv"
	"strings"
)

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
