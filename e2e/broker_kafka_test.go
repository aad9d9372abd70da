//go:build kafka

package e2e

import (
	"testing"
	"time"

	"permithub/internal/testcluster"
	"permithub/schemas"
)

// outage is how long the foreign systems are down.
const outage = 20 * time.Second

// TestBrokerKilled kills the broker that leads a partition of the case log, under load; two in-sync replicas are left to write to.
func TestBrokerKilled(t *testing.T) {
	c := testcluster.KafkaAlone(t)
	s := scenario{name: "broker killed", do: func(t *testing.T, in *installation, l *load) {
		leader, err := in.read.leader(t.Context(), schemas.TopicCaseLog, 0)
		if err != nil {
			t.Fatal(err)
		}
		c.Kill(t, int(leader))
		l.through(t, 0.7)
		c.Start(t, int(leader))
	}}
	s.run(t, serversWith(t, c))
}
