package bus

import (
	"testing"
	"time"
)

func TestBrokerClock(t *testing.T) {
	sent := time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)
	got := sent.Add(20 * time.Millisecond)
	for name, row := range map[string]struct{ theirs, want time.Duration }{
		"in between":           {10 * time.Millisecond, 0},
		"cut off to the ms":    {-time.Millisecond, 0},
		"this one is ahead":    {-3 * time.Second, 3*time.Second - time.Millisecond},
		"this one is behind":   {3 * time.Second, 20*time.Millisecond - 3*time.Second},
		"as late as the reply": {20 * time.Millisecond, 0},
	} {
		var c brokerClock
		if c.note(sent, got, sent.Add(row.theirs)); c.ahead != row.want || !c.known {
			t.Errorf("%s: ahead %s, want %s", name, c.ahead, row.want)
		}
	}
}
