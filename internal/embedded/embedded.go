// Package embedded runs a broker and a Redis inside the process, for the demo and for quick tests.
//
// # Limits
//
// The broker (franz-go's kfake) has one node and no replication; Redis (miniredis) sorts a whole set for each range query. Neither is for
// production, and a claim about Kafka counts only when it was seen on Apache Kafka.
package embedded

import (
	"fmt"
	"os"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Servers are the embedded broker and Redis of one process.
type Servers struct {
	kafka *kfake.Cluster
	redis *miniredis.Miniredis
	dir   string
	stop  chan struct{}
	ended chan struct{}
}

// tick is how often the clock of the embedded Redis moves: it stands still unless told.
const tick = 100 * time.Millisecond

// Start starts both on free loopback ports. The broker has no topics yet; it keeps its log in a temporary directory that Close removes: in
// memory it would only grow.
func Start() (*Servers, error) {
	dir, err := os.MkdirTemp("", "permithub-broker-")
	if err != nil {
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	broker, err := kfake.NewCluster(kfake.NumBrokers(1), kfake.DataDir(dir), kfake.GroupMinSessionTimeout(time.Second))
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("embedded broker: %w", err)
	}
	redis, err := miniredis.Run()
	if err != nil {
		broker.Close()
		_ = os.RemoveAll(dir)
		return nil, fmt.Errorf("embedded redis: %w", err)
	}
	s := &Servers{kafka: broker, redis: redis, dir: dir, stop: make(chan struct{}), ended: make(chan struct{})}
	go s.ticking()
	return s, nil
}

func (s *Servers) ticking() {
	defer close(s.ended)
	t := time.NewTicker(tick)
	defer t.Stop()
	for {
		select {
		case <-t.C:
			s.redis.FastForward(tick)
		case <-s.stop:
			return
		}
	}
}

// Brokers are the addresses of the broker.
func (s *Servers) Brokers() []string { return s.kafka.ListenAddrs() }

// Redis is the address of the Redis.
func (s *Servers) Redis() string { return s.redis.Addr() }

// FlushRedis empties the Redis, as a lossy failover would.
func (s *Servers) FlushRedis() { s.redis.FlushAll() }

// Close stops both and removes the broker's directory. It is called once.
func (s *Servers) Close() error {
	close(s.stop)
	<-s.ended
	s.redis.Close()
	s.kafka.Close()
	return os.RemoveAll(s.dir)
}
