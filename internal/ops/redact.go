package ops

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"regexp"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"
)

// personal matches 18-character citizen ids and 11-digit mobile numbers. The character before it, if any, is part of the match, for
// RE2 has no look-behind; what follows is checked by hand.
var personal = regexp.MustCompile(`(^|[^0-9A-Za-z])([1-9]\d{16}[\dXx]|(?:\+?86[- ]?)?1[3-9]\d{9})`)

// maskPersonal replaces what looks personal and says how often it did.
func maskPersonal(s string) (string, int) {
	if len(s) < 11 {
		return s, 0
	}
	var out []byte
	last, n := 0, 0
	for at := 0; at < len(s); {
		m := personal.FindStringSubmatchIndex(s[at:])
		if m == nil {
			break
		}
		begin, end := at+m[4], at+m[5]
		if end < len(s) && isWord(s[end]) { // part of a longer number or hash
			at = wordEnd(s, end)
			continue
		}
		out = append(append(out, s[last:begin]...), nameOf(s[begin:end])...)
		last, at, n = end, end, n+1
	}
	if n == 0 {
		return s, 0
	}
	return string(append(out, s[last:]...)), n
}

func wordEnd(s string, at int) int {
	for at < len(s) && isWord(s[at]) {
		at++
	}
	return at
}

func isWord(c byte) bool {
	return c >= '0' && c <= '9' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
}

func nameOf(match string) string {
	if len(match) == 18 {
		return "[citizen id]"
	}
	return "[mobile number]"
}

// guard masks what looks personal in a record's message and attributes. It drops nothing.
type guard struct {
	next   slog.Handler
	masked prometheus.Counter
}

// Enabled asks the handler behind.
func (g *guard) Enabled(ctx context.Context, l slog.Level) bool { return g.next.Enabled(ctx, l) }

// Handle passes the record on, masked.
func (g *guard) Handle(ctx context.Context, r slog.Record) error {
	clean := slog.NewRecord(r.Time, r.Level, g.text(r.Message), r.PC)
	r.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(g.attr(a))
		return true
	})
	return g.next.Handle(ctx, clean)
}

// WithAttrs masks once, not with every record.
func (g *guard) WithAttrs(attrs []slog.Attr) slog.Handler {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = g.attr(a)
	}
	return &guard{next: g.next.WithAttrs(clean), masked: g.masked}
}

// WithGroup passes the group on.
func (g *guard) WithGroup(name string) slog.Handler {
	return &guard{next: g.next.WithGroup(name), masked: g.masked}
}

func (g *guard) text(s string) string {
	clean, n := maskPersonal(s)
	g.masked.Add(float64(n))
	return clean
}

func (g *guard) attr(a slog.Attr) slog.Attr {
	v := a.Value.Resolve()
	switch v.Kind() {
	case slog.KindString:
		v = slog.StringValue(g.text(v.String()))
	case slog.KindInt64:
		v = g.number(v, strconv.FormatInt(v.Int64(), 10))
	case slog.KindUint64:
		v = g.number(v, strconv.FormatUint(v.Uint64(), 10))
	case slog.KindGroup:
		members := make([]slog.Attr, len(v.Group()))
		for i, m := range v.Group() {
			members[i] = g.attr(m)
		}
		v = slog.GroupValue(members...)
	case slog.KindAny:
		v = g.any(v)
	}
	return slog.Attr{Key: a.Key, Value: v}
}

// number leaves offsets alone: an 11-digit number is far more often one of those than a phone.
func (g *guard) number(v slog.Value, text string) slog.Value {
	if len(text) != 18 {
		return v
	}
	if clean := g.text(text); clean != text {
		return slog.StringValue(clean)
	}
	return v
}

// any turns an error into its text, and any other value only where a rendering of it has something to hide.
func (g *guard) any(v slog.Value) slog.Value {
	if err, ok := v.Any().(error); ok {
		return slog.StringValue(g.text(fmt.Sprint(err))) // Sprint survives a nil pointer
	}
	text := fmt.Sprintf("%+v", v.Any())
	if clean := g.text(text); clean != text {
		return slog.StringValue(clean)
	}
	if b, err := json.Marshal(v.Any()); err == nil { // follows pointers, which %+v does not
		if clean := g.text(string(b)); clean != string(b) {
			return slog.StringValue(clean)
		}
	}
	return v
}
