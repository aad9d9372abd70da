package bus

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	"github.com/ThreeDotsLabs/watermill/message"
)

// SubscriberConfig says how a Watermill subscriber reads.
type SubscriberConfig struct {
	// Group is the short name of the consumer group; members of one group share the messages. Empty means a group of its
	// own, which starts at the oldest record.
	Group string
	// Batch makes one message of each fetched batch, see [BatchOf]; otherwise a message is one record.
	Batch bool
	// Concurrency bounds the unacknowledged messages; zero means 128, or twice the processors for batches.
	Concurrency int
	// MaxBatchRecords and MaxBatchBytes bound a batch; zero means 2000 and 4 MiB.
	MaxBatchRecords, MaxBatchBytes int
	// RedeliveryPause is the first pause after a Nack, it doubles up to 50 times as long; zero means 100 ms.
	RedeliveryPause time.Duration
	// Partitions is the count that SubscribeInitialize creates a topic with; zero means the brokers' default.
	Partitions int
}

var errSubscriberClosed = errors.New("subscriber is closed")

// Subscriber implements Watermill's Subscriber. A message that is nacked comes again after a pause, records of the same key
// behind it wait. Its context ends when it is acked or nacked, or after the drain timeout where the partition was revoked.
type Subscriber struct {
	client *Client
	cfg    SubscriberConfig

	closing chan struct{}
	running sync.WaitGroup

	mu     sync.Mutex
	closed bool
}

// Subscriber returns a Watermill subscriber. Steps use a [Runner] instead, which adds the failure policy.
func (c *Client) Subscriber(cfg SubscriberConfig) *Subscriber {
	return &Subscriber{client: c, cfg: cfg, closing: make(chan struct{})}
}

// Subscribe joins the group for the topic of this short name, or for several with commas between, and delivers until ctx
// ends or the subscriber is closed.
func (s *Subscriber) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	return s.subscribe(ctx, s.consumption(strings.Split(topic, ",")))
}

func (s *Subscriber) subscribe(ctx context.Context, how *consumption) (<-chan *message.Message, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errSubscriberClosed
	}
	out := make(chan *message.Message)
	how.out = out
	ctx, cancel := context.WithCancel(ctx)
	s.running.Go(func() {
		defer close(out)
		defer cancel()
		how.giveWay(ctx)
		if err := (&membership{client: s.client, how: how}).run(ctx); err != nil {
			how.log.Error("consumer group", "group", how.group, "error", err)
		}
	})
	s.running.Go(func() {
		select {
		case <-s.closing:
		case <-ctx.Done():
		}
		cancel()
	})
	return out, nil
}

func (s *Subscriber) consumption(topics []string) *consumption {
	group := s.cfg.Group
	if group == "" {
		group = "own-" + watermill.NewUUID()
	}
	c := s.client
	how := &consumption{
		name: group, group: c.fullName(group), batch: s.cfg.Batch, concurrency: s.cfg.Concurrency,
		maxRecords: s.cfg.MaxBatchRecords, maxBytes: s.cfg.MaxBatchBytes, pause: redelivery,
		onOpen: func() {}, log: c.log, watch: func(*partition) func() { return func() {} },
		gate: newGate(c.log, func(bool) {}),
	}
	if s.cfg.RedeliveryPause > 0 {
		how.pause = backoff{min: s.cfg.RedeliveryPause, max: 50 * s.cfg.RedeliveryPause}
	}
	for _, t := range topics {
		how.topics = append(how.topics, c.fullName(t))
	}
	return how.withDefaults(c.cfg)
}

func (c *consumption) withDefaults(cfg Config) *consumption {
	if c.concurrency == 0 {
		c.concurrency = defaultLanes
		if c.batch {
			c.concurrency = defaultBatches()
		}
	}
	if c.maxRecords == 0 {
		c.maxRecords = defaultBatchRecords
	}
	if c.maxBytes == 0 {
		c.maxBytes = defaultBatchBytes
	}
	c.drain = cfg.DrainTimeout
	return c
}

// SubscribeInitialize implements Watermill's SubscribeInitializer: it creates the topic where it does not exist.
func (s *Subscriber) SubscribeInitialize(topic string) error {
	ctx, cancel := context.WithTimeout(context.Background(), s.client.cfg.ProduceTimeout)
	defer cancel()
	return s.client.CreateTopics(ctx, []TopicSpec{{Name: topic, Partitions: s.cfg.Partitions}})
}

// Close ends all subscriptions: work in hand is finished within the drain timeout, committed, and the groups are left.
func (s *Subscriber) Close() error {
	s.mu.Lock()
	if !s.closed {
		s.closed = true
		close(s.closing)
	}
	s.mu.Unlock()
	s.running.Wait()
	return nil
}
