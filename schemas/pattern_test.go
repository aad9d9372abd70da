package schemas

import (
	"regexp"
	"testing"

	"pgregory.net/rapid"
)

// expressions are of every kind that the schemas have: repetition, alternatives, optional and nested parts, literals.
var expressions = []string{
	`^[A-Z2-7]{12}$`, `^[a-z][a-z0-9_-]{0,3}$`, `^[0-9]{2}([0-9]{1}([0-9]{1})?)?$`, `^33[0-9]{3}$`, `^[A-Z2-7]{2}-[1-9][0-9]*-[0-9]+$`,
	`^1\.2\.[0-9A-Z]{2}\.[0-9A-Z]+\.[0-9]{1}$`, `^(condition|agent|material:[a-z][a-z0-9_]{0,3})$`, `^R[0-9]+(/R[0-9]+)*$`, `^[0-9A-Za-z._:-]{1,6}$`, `^00-[0-9a-f]{2}$`, `^a?$`,
}

func TestPatternMatchesAsRegexp(t *testing.T) {
	for _, expression := range expressions {
		t.Run(expression, func(t *testing.T) {
			p, want := newPattern(expression), regexp.MustCompile(expression)
			rapid.Check(t, func(t *rapid.T) {
				s := rapid.StringMatching(expression).Draw(t, "matching")
				if !p.matches(s) {
					t.Fatalf("%q does not match", s)
				}
				s = edit(t, s)
				if got := p.matches(s); got != want.MatchString(s) {
					t.Fatalf("%q: got %v", s, got)
				}
			})
		})
	}
}

func TestPatternPlaces(t *testing.T) {
	for expression, want := range map[string]int{
		`^[0-9a-f]{64}$`: 64, `^00-[0-9a-f]{2}-[0-9]{1}$`: 7, `^[A-Z2-7]{16}[0-9A-Z]$`: 17,
		`^[a-z]{1,3}$`: 0, `^[0-9]{2}([0-9]{4})?$`: 0, `^(ab|cd)$`: 0, `^a?$`: 0, `^$`: 0, `^a+$`: 0,
	} {
		if got := len(newPattern(expression).places); got != want {
			t.Errorf("%s: %d places, want %d", expression, got, want)
		}
	}
}

// edit changes, adds or takes away a byte.
func edit(t *rapid.T, s string) string {
	at := rapid.IntRange(0, len(s)).Draw(t, "at")
	c := rapid.SampledFrom([]string{"", "0", "9", "a", "z", "A", "Z", "-", "_", "/", ".", ":", "R", "\n", "é", "\xff", "\x00"}).Draw(t, "byte")
	drop := min(rapid.IntRange(0, 1).Draw(t, "drop"), len(s)-at)
	return s[:at] + c + s[at+drop:]
}

func TestPatternRefusesWhatItCannotBe(t *testing.T) {
	for _, expression := range []string{`^a`, `^.$`, `(`} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s was taken", expression)
				}
			}()
			newPattern(expression)
		}()
	}
}
