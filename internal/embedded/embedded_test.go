package embedded

import (
	"net"
	"os"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// Both servers answer, two pairs stand side by side, and Close leaves nothing behind.
func TestStartAndClose(t *testing.T) {
	var all []*Servers
	for range 2 {
		s, err := Start()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, s)
	}
	for _, s := range all {
		for _, addr := range append(s.Brokers(), s.Redis()) {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				t.Errorf("%s: %v", addr, err)
				continue
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(s.dir); !os.IsNotExist(err) {
			t.Errorf("%s is left: %v", s.dir, err)
		}
	}
}
