package e2e

import (
	"testing"
	"time"
)

const (
	look = 20 * time.Millisecond
	// patience bounds every wait: two cores may be shared with three brokers and other tests.
	patience = 90 * time.Second
)

// eventually waits until ready returns "", and fails the test with what it last said.
func eventually(t *testing.T, what string, ready func() string) {
	t.Helper()
	within(t, patience, what, ready)
}

func within(t *testing.T, limit time.Duration, what string, ready func() string) {
	t.Helper()
	deadline := time.After(limit)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		missing := ready()
		if missing == "" {
			return
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v: %s", what, limit, missing)
		case <-t.Context().Done():
			t.Fatalf("%s: %v", what, t.Context().Err())
		}
	}
}
