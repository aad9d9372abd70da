package schemas

import (
	"bytes"
	"encoding/json"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// text is made of what strings are read and written eight bytes at a time for, and of what ends that.
var text = rapid.Custom(func(t *rapid.T) string {
	parts := rapid.SliceOfN(rapid.OneOf(
		rapid.StringMatching(`[ -~]{0,20}`), rapid.StringMatching(`[a-z0-9]{0,20}`),
		rapid.SampledFrom([]string{`"`, `\`, "<", ">", "&", "\x00", "\x1f", " ", "!", "\x7f", "\x80", "\xff", "盐", "\u2028", "\u2029", "\u202a", "😀", "\xe4\xb8", "\n", "#", "[", "]", "{", "}"}),
	), 0, 8).Draw(t, "parts")
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return string(b)
})

func TestStringsAreWrittenAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := text.Draw(t, "text")
		want, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		w := &writer{}
		if w.str(s); string(w.b) != string(want) {
			t.Fatalf("%q: written as %s, want %s", s, w.b, want)
		}
	})
}

func TestStringsAreReadAsEncodingJSONDoes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quoted := `"` + text.Draw(t, "text") + `"`
		var want string
		d := json.NewDecoder(bytes.NewReader([]byte(quoted))) // up to the end of the string, whatever follows
		err := d.Decode(&want)
		r := &reader{b: []byte(quoted)}
		got, ok := r.quoted()
		if ok != (err == nil) || ok && (string(got) != want || int64(r.i) != d.InputOffset()) {
			t.Fatalf("%s: read %q up to %d, %v; want %q up to %d, %v", quoted, got, r.i, ok, want, d.InputOffset(), err)
		}
		if ok && endOfString(r.b, 1) != r.i-1 {
			t.Fatalf("%s: passed over to %d, want %d", quoted, endOfString(r.b, 1), r.i-1)
		}
	})
}

// Every day there is: civilOf counts as package time does, and daysSinceEpoch back.
func TestCivilOf(t *testing.T) {
	for d := time.Date(-1, 12, 1, 0, 0, 0, 0, time.UTC); d.Year() <= 10_000; d = d.AddDate(0, 0, 1) {
		days := floorDiv(d.Unix(), 86_400)
		year, month, day := civilOf(days)
		if year != d.Year() || month != int(d.Month()) || day != d.Day() || daysSinceEpoch(year, month, day) != days {
			t.Fatalf("day %d: %d-%d-%d, want %s", days, year, month, day, d.Format(time.DateOnly))
		}
	}
}
