package sms

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"

	"pgregory.net/rapid"
)

func ExampleSplit() {
	pieces := Split("海盐公安", strings.Repeat("证", 65))
	fmt.Println(len(pieces), len([]rune(pieces[0])), len([]rune(pieces[1])))
	// Output: 2 67 4
}

func TestSegments(t *testing.T) {
	for _, tc := range []struct {
		name, signature, text string
		want                  int
	}{
		{"nothing", "", "", 0},
		{"signature only", "海盐公安", "", 1},
		{"70 with the signature", "海盐公安", strings.Repeat("证", 64), 1},
		{"71 with the signature", "海盐公安", strings.Repeat("证", 65), 2},
		{"134 is two", "", strings.Repeat("证", 134), 2},
		{"135 is three", "", strings.Repeat("证", 135), 3},
		{"35 rare characters", "", strings.Repeat("𠮷", 35), 1},
		{"36 rare characters", "", strings.Repeat("𠮷", 36), 2},
		{"pairs leave a unit free", "", strings.Repeat("𠮷", 67), 3}, // 33 in each piece, not 33.5
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := Segments(tc.signature, tc.text); got != tc.want {
				t.Errorf("got %d, want %d", got, tc.want)
			}
		})
	}
}

func TestSplitProperties(t *testing.T) {
	chars := rapid.SampledFrom([]rune("证a，。0𠮷𪚥😀\u0301·"))
	rapid.Check(t, func(t *rapid.T) {
		signature := string(rapid.SliceOfN(chars, 0, 8).Draw(t, "signature"))
		body := string(rapid.SliceOfN(chars, 0, 300).Draw(t, "text"))
		whole := body
		if signature != "" {
			whole = "【" + signature + "】" + body
		}
		pieces := Split(signature, body)
		if got := strings.Join(pieces, ""); got != whole {
			t.Fatalf("joined: got %q, want %q", got, whole)
		}
		limit := 67
		if len(utf16.Encode([]rune(whole))) <= 70 {
			limit = 70
		}
		for i, p := range pieces {
			n := len(utf16.Encode([]rune(p)))
			if n == 0 || n > limit || !utf8.ValidString(p) {
				t.Fatalf("piece %d of %d: %d units, valid %v", i, len(pieces), n, utf8.ValidString(p))
			}
			if i < len(pieces)-1 && n < 66 {
				t.Fatalf("piece %d of %d wastes room: %d units", i, len(pieces), n)
			}
		}
		if limit == 70 && len(pieces) > 1 {
			t.Fatal("one SMS would do")
		}
	})
}

func FuzzSplit(f *testing.F) {
	f.Add("海盐公安", "证\xff𠮷")
	f.Fuzz(func(t *testing.T, signature, body string) {
		got := strings.Join(Split(signature, body), "")
		if !strings.HasSuffix(got, body) {
			t.Errorf("text %q is not in %q", body, got)
		}
	})
}
