package schemas_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"permithub/schemas"
)

// Published identifiers that carry an ISO 7064 MOD 37,36 check character.
func TestCheck37(t *testing.T) {
	for name, tc := range map[string]struct {
		body string
		want byte
	}{
		"GRid, IFPI's standard":             {"A12425GABC1234002", 'M'},
		"GRid with its dashes":              {"A1-2425G-ABC1234002", 'M'},
		"ISAN, ISO 15706":                   {"B159D8FA01240000", 'K'},
		"ISAN with dashes":                  {"1881-66C7-3420-0000", '3'},
		"V-ISAN, ISO 15706-2":               {"000000003A8D000000000000", '6'},
		"nothing":                           {"", '1'},
		"GB/T 36904: dots are passed over":  {"11330000MB000000XA001.11330424MB0000000B.33042420240000001.001", 'V'},
		"GB/T 36904: the same without dots": {"11330000MB000000XA00111330424MB0000000B33042420240000001001", 'V'},
	} {
		t.Run(name, func(t *testing.T) {
			if got := schemas.Check37(tc.body); got != tc.want {
				t.Errorf("got %c, want %c", got, tc.want)
			}
			if whole := tc.body + string(tc.want); tc.body != "" && !schemas.Valid37(whole) {
				t.Errorf("%s is not valid", whole)
			}
		})
	}
	for _, s := range []string{"", "1", "A12425GABC1234002N", "A12425GABC1234002m", "A12425GABC1234002.", "张"} {
		if schemas.Valid37(s) {
			t.Errorf("%q is valid", s)
		}
	}
}

const alphabet37 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// What a check character is for: it finds every single wrong character. Of neighbours changed round it finds nearly all.
func TestCheck37FindsEveryWrongCharacter(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		letters := rapid.SliceOfN(rapid.SampledFrom([]byte(alphabet37)), 1, 40).Draw(t, "body")
		whole := append(letters, schemas.Check37(string(letters)))
		if !schemas.Valid37(string(whole)) {
			t.Fatalf("%s is not valid", whole)
		}
		i := rapid.IntRange(0, len(whole)-1).Draw(t, "place")
		other := rapid.SampledFrom([]byte(strings.ReplaceAll(alphabet37, string(whole[i]), ""))).Draw(t, "character")
		whole[i] = other
		if schemas.Valid37(string(whole)) {
			t.Fatalf("%s is valid too", whole)
		}
	})
}
