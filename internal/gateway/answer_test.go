package gateway

import (
	"strings"
	"testing"

	"permithub/internal/fault"
)

func TestRefusalCode(t *testing.T) {
	for _, tc := range []struct{ code, want string }{
		{"IDENTITY_MISMATCH", "p_IDENTITY_MISMATCH"},
		{"1001", "p_1001"},
		{"E1000023", "p_E1000023"},
		{"", "p_unlisted"},
		{"19491231", "p_unlisted"},
		{"13800000000", "p_unlisted"},
		{"ID-11010519491231002X", "p_unlisted"},
		{"张三", "p_unlisted"},
		{"a b", "p_unlisted"},
		{strings.Repeat("x", 33), "p_unlisted"},
	} {
		if got := RefusalCode("p", tc.code); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.code, got, tc.want)
		}
	}
}

func FuzzClassify(f *testing.F) {
	f.Add(401, []byte(`{"message":"Clock skew exceeded"}`))
	f.Add(401, []byte(`{"message":["Invalid signature"]}`))
	f.Add(200, []byte(`null`))
	f.Add(-1, []byte(`<`))
	f.Fuzz(func(t *testing.T, status int, body []byte) {
		if err := Classify("p", status, body); err != nil && fault.ClassOf(err) != fault.Unavailable {
			t.Errorf("status %d: class %s, want unavailable: an answer of the gateway is never about a record", status, fault.ClassOf(err))
		}
	})
}
