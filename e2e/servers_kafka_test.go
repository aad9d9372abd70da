//go:build kafka

package e2e

import (
	"testing"

	"permithub/internal/testcluster"
)

// startServers takes the three shared Apache Kafka brokers and starts a redis-server.
func startServers(t *testing.T) *servers {
	t.Helper()
	return serversWith(t, testcluster.Kafka(t))
}

func serversWith(t *testing.T, c *testcluster.Cluster) *servers {
	t.Helper()
	redis := testcluster.StartRedis(t, testcluster.RedisConfig{})
	return &servers{
		name: "kafka", brokers: c.Brokers(), redis: redis.Addr(), replication: 3, session: "6s",
		flush:      func(t *testing.T) { redis.Flush(t) },
		killRedis:  func(t *testing.T) { redis.Kill(t) },
		startRedis: func(t *testing.T) { redis.Restart(t) },
	}
}

// tortured takes the three brokers alone, so that they may be killed.
func tortured(t *testing.T) (*servers, brokers) {
	t.Helper()
	c := testcluster.KafkaAlone(t)
	return serversWith(t, c), brokers{
		kill:  func(t *testing.T, id int) { c.Kill(t, id) },
		start: func(t *testing.T, id int) { c.Start(t, id) },
	}
}
