package schemas_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/schemas"
)

func TestCheckCitizenID(t *testing.T) {
	for name, tc := range map[string]struct {
		first string
		want  byte
		ok    bool
	}{
		"GB 11643, appendix":    {"11010519491231002", 'X', true},
		"GB 11643, second":      {"44052418800101001", '4', true},
		"by hand, remainder 0":  {"00000000000000000", '1', true},
		"by hand, remainder 7":  {"10000000000000000", '5', true},
		"16 digits":             {"1101051949123100", 0, false},
		"18 characters":         {nobody, 0, false},
		"a letter":              {"1101051949123100X", 0, false},
		"full-width digits":     {strings.Repeat("１", 17), 0, false},
		"bytes of another kind": {"1101051949123100\xff", 0, false},
		"empty":                 {"", 0, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got, ok := schemas.CheckCitizenID(tc.first); got != tc.want || ok != tc.ok {
				t.Errorf("got %q, %v; want %q, %v", got, ok, tc.want, tc.ok)
			}
		})
	}
}

// GB 11643: the weighted sum of all 18, with weight 1 on the last, is 1 modulo 11; the weights are powers of two modulo 11.
func TestCheckCitizenIDAgreesWithISO7064(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		first := rapid.StringMatching(`[0-9]{17}`).Draw(t, "first 17")
		check, ok := schemas.CheckCitizenID(first)
		if !ok {
			t.Fatalf("%s was not read", first)
		}
		sum := 0
		for _, c := range first { // Horner, from the left: ISO 7064 MOD 11-2
			sum = (sum + int(c-'0')) * 2 % 11
		}
		if value := strings.IndexByte("0123456789X", check); (sum+value)%11 != 1 {
			t.Fatalf("%s has check %c", first, check)
		}
	})
}

func TestKindOfCitizenID(t *testing.T) {
	for id, want := range map[string]schemas.CitizenKind{
		nobody: schemas.MainlandID, "810000199001010018": schemas.HongKongID, "820000199001010018": schemas.HongKongID, "830000199001010018": schemas.HongKongID,
		"911124198108030024": schemas.ForeignersID, "650101199001010018": schemas.MainlandID, "800000199001010018": schemas.MainlandID,
		"840000199001010018": schemas.MainlandID, "": schemas.MainlandID, "8": schemas.MainlandID, "9": schemas.ForeignersID,
	} {
		if got := schemas.KindOfCitizenID(id); got != want {
			t.Errorf("kind of %q: %d, want %d", id, got, want)
		}
	}
}

func TestBirthDate(t *testing.T) {
	for id, want := range map[string]string{
		nobody: "1949-12-31", "411302200002290015": "2000-02-29", "411302190002290015": "", "411302199013010015": "", "411302199000000015": "",
		"4113021990+1-10015": "", "411302900101001": "", "": "",
	} {
		got := ""
		if b, ok := schemas.BirthDate(id); ok {
			got = b.Format(time.DateOnly)
		}
		if got != want {
			t.Errorf("birth date in %q: %q, want %q", id, got, want)
		}
	}
}

func TestAgeOn(t *testing.T) {
	const midnightUTC = "2024-09-09T16:00:00Z" // the 10th begins in Shanghai
	for name, tc := range map[string]struct {
		born, on string
		want     int
	}{
		"the day before":                    {"20080910", "2024-09-09T12:00:00+08:00", 15},
		"the birthday":                      {"20080910", "2024-09-10T12:00:00+08:00", 16},
		"a microsecond before":              {"20080910", "2024-09-09T23:59:59.999999+08:00", 15},
		"at midnight, seen from elsewhere":  {"20080910", midnightUTC, 16},
		"born on 29 February, the 28th":     {"20080229", "2023-02-28T23:59:59+08:00", 14},
		"born on 29 February, 1 March":      {"20080229", "2023-03-01T00:00:00+08:00", 15},
		"born on 29 February, leap year":    {"20080229", "2024-02-29T00:00:00+08:00", 16},
		"born on 28 February, leap year":    {"20080228", "2024-02-28T00:00:00+08:00", 16},
		"the day of birth":                  {"20240910", "2024-09-10T08:00:00+08:00", 0},
		"the end of a year":                 {"20071231", "2024-01-01T00:00:00+08:00", 16},
		"summer time of 1988 moves nothing": {"19880701", "2024-07-01T00:30:00+08:00", 36},
	} {
		t.Run(name, func(t *testing.T) {
			on, err := time.Parse(time.RFC3339Nano, tc.on)
			if err != nil {
				t.Fatal(err)
			}
			if got, ok := schemas.AgeOn("411302"+tc.born+"0015", on); got != tc.want || !ok {
				t.Errorf("got %d, %v; want %d", got, ok, tc.want)
			}
		})
	}
	if _, ok := schemas.AgeOn("41130220230229001", time.Unix(0, 0)); ok {
		t.Error("an impossible number has an age")
	}
}

func TestAgeGrowsByOneAYear(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		born := time.Date(rapid.IntRange(1900, 2020).Draw(t, "year"), 1, 1+rapid.IntRange(0, 365).Draw(t, "day"), 0, 0, 0, 0, schemas.Shanghai)
		day := born.AddDate(0, 0, rapid.IntRange(0, 40000).Draw(t, "days lived"))
		id := "411302" + born.Format("20060102") + "0015"
		today, _ := schemas.AgeOn(id, day)
		next, _ := schemas.AgeOn(id, day.AddDate(0, 0, 1))
		birthday := day.AddDate(0, 0, 1).Month() == born.Month() && day.AddDate(0, 0, 1).Day() == born.Day()
		leap := born.Month() == 2 && born.Day() == 29 && day.AddDate(0, 0, 1).Month() == 3 && day.AddDate(0, 0, 1).Day() == 1 && day.Day() == 28
		if grown := next == today+1; today < 0 || grown != (birthday || leap) || !grown && next != today {
			t.Fatalf("born %s: %d on %s, %d a day later", born.Format(time.DateOnly), today, day.Format(time.DateOnly), next)
		}
	})
}

func TestSexOf(t *testing.T) {
	for serial := range 10 {
		want := "2"
		if serial%2 == 1 {
			want = "1"
		}
		if got := schemas.SexOf(fmt.Sprintf("4113021990010100%d5", serial)); got != want {
			t.Errorf("sequence number %d: %s, want %s", serial, got, want)
		}
	}
}

func TestMasked(t *testing.T) {
	for name, want := range map[string]string{
		"张三": "张*", "张": "张*", "欧阳𠮷": "欧*", "𠮷田": "𠮷*", "𪚥": "𪚥*", "热依扎·阿不都": "热*", "": "", "Ann": "A*",
	} {
		if got := schemas.Masked(name); got != want {
			t.Errorf("masked %q: %q, want %q", name, got, want)
		}
	}
}
