package schemas

import "time"

// CitizenKind says whose procedure a number belongs to.
type CitizenKind int

// Kinds of 18-character numbers.
const (
	MainlandID   CitizenKind = iota // 公民身份号码, GB 11643
	HongKongID                      // 港澳台居民居住证, address part 81, 82, 83
	ForeignersID                    // 外国人永久居留身份证, prefix 9
)

var citizenWeights = [17]int{7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2}

// CheckCitizenID returns the check character that the first 17 digits ask for (GB 11643-1999), and false where they are not digits.
func CheckCitizenID(first17 string) (byte, bool) {
	if len(first17) != 17 {
		return 0, false
	}
	sum := 0
	for i := range 17 {
		c := first17[i]
		if c < '0' || c > '9' {
			return 0, false
		}
		sum += int(c-'0') * citizenWeights[i]
	}
	return "10X98765432"[sum%11], true
}

// KindOfCitizenID tells mainland numbers from those that belong to another procedure (rule R5).
func KindOfCitizenID(id string) CitizenKind {
	switch {
	case len(id) > 0 && id[0] == '9':
		return ForeignersID
	case len(id) > 1 && id[0] == '8' && id[1] >= '1' && id[1] <= '3':
		return HongKongID
	}
	return MainlandID
}

// BirthDate returns the birth date inside an 18-character number: a civil date, never an instant.
func BirthDate(id string) (time.Time, bool) {
	if len(id) != 18 {
		return time.Time{}, false
	}
	t, err := time.Parse("20060102", id[6:14])
	return t, err == nil
}

// AgeOn returns the full years that the holder of id has on the civil day of t in Shanghai.
func AgeOn(id string, t time.Time) (int, bool) {
	b, ok := BirthDate(id)
	if !ok {
		return 0, false
	}
	y, m, d := t.In(Shanghai).Date()
	age := y - b.Year()
	if m < b.Month() || m == b.Month() && d < b.Day() {
		age--
	}
	return age, true
}

// SexOf returns the GB/T 2261.1 code inside an 18-character number: odd sequence numbers are male.
func SexOf(id string) string {
	if len(id) == 18 && (id[16]-'0')%2 == 1 {
		return "1"
	}
	return "2"
}

// Masked returns a name as notices and tables may show it: the first character and a star, 张*.
func Masked(name string) string {
	for _, r := range name {
		return string(r) + "*"
	}
	return ""
}
