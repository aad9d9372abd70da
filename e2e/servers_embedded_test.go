//go:build !kafka

package e2e

import (
	"testing"
	"time"

	"permithub/internal/embedded"
)

// startServers starts the embedded broker and Redis.
func startServers(t *testing.T) *servers {
	t.Helper()
	s, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &servers{
		name: "embedded", brokers: s.Brokers(), redis: s.Redis(), replication: 1, session: "3s",
		flush: func(*testing.T) { s.FlushRedis() },
	}
}

// outage is how long the foreign systems are down.
const outage = 3 * time.Second

// tortured starts what TestTorture breaks; the embedded broker lives in the test's own process and is not killed.
func tortured(t *testing.T) (*servers, brokers) {
	t.Helper()
	return startServers(t), brokers{}
}
