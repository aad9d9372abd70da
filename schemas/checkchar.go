package schemas

import "strings"

const alphabet37 = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"

// Check37 returns the check character of s under ISO 7064 MOD 37,36; s is of [0-9A-Z], other characters are skipped, as GB/T 36904 skips its dots.
func Check37(s string) byte {
	p := 36
	for i := range len(s) {
		v := strings.IndexByte(alphabet37, s[i])
		if v < 0 {
			continue
		}
		p = step37(p, v)
	}
	return alphabet37[(37-p)%36]
}

func step37(p, v int) int {
	p = (p + v) % 36
	if p == 0 {
		p = 36
	}
	return p * 2 % 37
}

// Valid37 reports whether the last character of s is the check character of the rest.
func Valid37(s string) bool {
	return len(s) > 1 && strings.IndexByte(alphabet37, s[len(s)-1]) >= 0 && Check37(s[:len(s)-1]) == s[len(s)-1]
}
