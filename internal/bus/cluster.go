package bus

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/metadata"
)

// requestTimeout bounds one request, the broker's own waiting included.
const requestTimeout = 10 * time.Second

// topicPartition names a partition by the topic's full name.
type topicPartition struct {
	topic     string
	partition int32
}

// noLeader stands for a partition that has none just now.
const noLeader = int32(-1)

var errNoLeader = errors.New("partition has no leader")

// cluster sends requests and knows which broker leads which partition.
type cluster struct {
	transport *kafka.Transport
	addr      net.Addr

	clock      brokerClock
	refreshing chan struct{} // holds one token: who has it may refresh

	mu        sync.Mutex
	leaders   map[string][]int32 // by topic, then partition
	refreshed time.Time
}

func newCluster(transport *kafka.Transport, brokers []string) *cluster {
	return &cluster{transport: transport, addr: kafka.TCP(brokers...), refreshing: make(chan struct{}, 1), leaders: map[string][]int32{}}
}

// roundTrip sends one request to the broker that it belongs to. Nothing is retried.
func (c *cluster) roundTrip(ctx context.Context, limit time.Duration, req kafka.Request) (kafka.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	return c.transport.RoundTrip(ctx, c.addr, req)
}

func (c *cluster) client() *kafka.Client {
	return &kafka.Client{Addr: c.addr, Transport: c.transport, Timeout: requestTimeout}
}

// partitions returns the leader of each partition of topic, noLeader where it is not known. The slice must not be changed.
func (c *cluster) partitions(ctx context.Context, topic string) ([]int32, error) {
	if l := c.cached(topic); l != nil {
		return l, nil
	}
	return c.readPartitions(ctx, topic)
}

// readPartitions asks kafka-go, which answers from its cache of the whole cluster.
func (c *cluster) readPartitions(ctx context.Context, topic string) ([]int32, error) {
	res, err := c.roundTrip(ctx, requestTimeout, &metadata.Request{TopicNames: []string{topic}})
	if err != nil {
		return nil, fmt.Errorf("read metadata of %s: %w", topic, err)
	}
	t := &res.(*metadata.Response).Topics[0]
	if t.ErrorCode != 0 {
		return nil, fmt.Errorf("read metadata of %s: %w", topic, kafka.Error(t.ErrorCode))
	}
	leaders := leadersOf(t)
	c.mu.Lock()
	c.leaders[topic] = leaders
	c.mu.Unlock()
	return leaders, nil
}

func leadersOf(t *metadata.ResponseTopic) []int32 {
	leaders := make([]int32, len(t.Partitions))
	for i := range leaders {
		leaders[i] = noLeader
	}
	for i := range t.Partitions {
		p := &t.Partitions[i]
		if int(p.PartitionIndex) < len(leaders) && p.LeaderID >= 0 {
			leaders[p.PartitionIndex] = p.LeaderID
		}
	}
	return leaders
}

func (c *cluster) cached(topic string) []int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.leaders[topic]
}

// leader returns the broker that leads the partition as far as is known without asking, or noLeader.
func (c *cluster) leader(tp topicPartition) int32 {
	if l := c.cached(tp.topic); int(tp.partition) < len(l) {
		return l[tp.partition]
	}
	return noLeader
}

// awaitPartitions is partitions, tried again while Kafka does not know the topic or does not answer, until ctx ends.
func (c *cluster) awaitPartitions(ctx context.Context, topic string) ([]int32, error) {
	for failures := 1; ; failures++ {
		leaders, err := c.partitions(ctx, topic)
		if err == nil || !retriable(err) {
			return leaders, err
		}
		if !sleep(ctx, networkBackoff.after(failures)) {
			return nil, errors.Join(err, ctx.Err())
		}
		_ = c.refresh(ctx) // what it could not read, the next round reports
	}
}

// refreshPause keeps a burst of moved partitions from asking for the same metadata again and again.
const refreshPause = 20 * time.Millisecond

// refresh reads the cluster's layout again. Callers at the same time share one reading.
//
// kafka-go answers metadata requests from a cache that NOT_LEADER does not renew, and offers no call to renew it. It does
// so after a request that may create a topic; this one names a topic that no cluster can have, so nothing is created.
func (c *cluster) refresh(ctx context.Context) error {
	asked := time.Now()
	select {
	case c.refreshing <- struct{}{}:
		defer func() { <-c.refreshing }()
	case <-ctx.Done():
		return ctx.Err()
	}
	if c.refreshedSince(asked.Add(-refreshPause)) {
		return nil
	}
	req := &metadata.Request{TopicNames: []string{"/"}, AllowAutoTopicCreation: true}
	_, err := c.roundTrip(ctx, requestTimeout, req)
	for retry := 0; err != nil && ctx.Err() == nil && retry < 2; retry++ { // a broker that died leaves a dead connection in the pool
		_, err = c.roundTrip(ctx, requestTimeout, req)
	}
	for _, topic := range c.knownTopics() {
		_, _ = c.readPartitions(ctx, topic) // what is gone keeps its last leaders until somebody asks for it
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refreshed = time.Now()
	return err
}

func (c *cluster) knownTopics() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Collect(maps.Keys(c.leaders))
}

func (c *cluster) refreshedSince(t time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.refreshed.After(t)
}

// retriable reports whether the same request may succeed later. What Kafka did not say itself is the network's.
func retriable(err error) bool {
	var code kafka.Error
	if !errors.As(err, &code) {
		return true
	}
	switch code {
	case kafka.Unknown, kafka.BrokerNotAvailable, kafka.ReplicaNotAvailable, kafka.StaleControllerEpoch:
		return true
	}
	return code.Temporary()
}
