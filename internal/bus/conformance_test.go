package bus

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/ThreeDotsLabs/watermill/pubsub/tests"
	"go.uber.org/goleak"
)

// TestConformance runs Watermill's own suite on the embedded broker.
func TestConformance(t *testing.T) {
	testConformance(t, startKfake(t).ListenAddrs())
}

func testConformance(t *testing.T, brokers []string) {
	for _, tt := range []struct {
		name     string
		cfg      SubscriberConfig
		keyed    bool
		features tests.Features
	}{
		{"lanes unordered", SubscriberConfig{Concurrency: 16}, false, tests.Features{ConsumerGroups: true, Persistent: true}},
		{"lanes ordered", SubscriberConfig{Concurrency: 16}, true, tests.Features{ConsumerGroups: true, Persistent: true, GuaranteedOrder: true}},
		{"batches ordered", SubscriberConfig{Batch: true}, true, tests.Features{ConsumerGroups: true, Persistent: true, GuaranteedOrder: true}},
		// Short: fifty groups of their own that each read everything measure the machine, not the subscriber.
		{"no group", SubscriberConfig{}, false, tests.Features{Persistent: true, NewSubscriberReceivesOldMessages: true, ForceShort: true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Partitions = 12
			tt.cfg.RedeliveryPause = time.Millisecond // the suite nacks one key some hundred times
			pubSub := func(t *testing.T, group string) (message.Publisher, message.Subscriber) {
				cfg := tt.cfg
				if tt.features.ConsumerGroups {
					cfg.Group = group
				}
				client := testConfig(brokers)
				client.DrainTimeout = 200 * time.Millisecond // the suite leaves messages unacknowledged
				c := openClient(t, client)
				var sub message.Subscriber = c.Subscriber(cfg)
				if cfg.Batch {
					sub = newUnbatch(sub.(*Subscriber))
				}
				t.Cleanup(func() { // the suite does not close every subscriber that it was given
					if err := sub.Close(); err != nil {
						t.Errorf("close subscriber: %v", err)
					}
				})
				return conformancePublisher{c.Publisher(), tt.keyed}, sub
			}
			tests.TestPubSub(t, tt.features,
				func(t *testing.T) (message.Publisher, message.Subscriber) { return pubSub(t, "default") }, pubSub)
		})
	}
}

// conformancePublisher keys messages by their payload where the suite asks for order: it compares the order of messages
// with the same payload.
type conformancePublisher struct {
	*Publisher
	keyed bool
}

func (p conformancePublisher) Publish(topic string, messages ...*message.Message) error {
	if !p.keyed {
		return p.Publisher.Publish(topic, messages...)
	}
	keyed := make([]*message.Message, len(messages))
	for i, m := range messages {
		keyed[i] = m.CopyWithContext()
		keyed[i].Metadata[MetadataKey] = "k" + string(m.Payload)
	}
	return p.Publisher.Publish(topic, keyed...)
}

// unbatch shows a batch subscriber to the suite record by record: a batch is acknowledged after its last record.
type unbatch struct {
	*Subscriber
	closed  chan struct{}
	once    sync.Once
	running sync.WaitGroup
}

func newUnbatch(s *Subscriber) *unbatch { return &unbatch{Subscriber: s, closed: make(chan struct{})} }

func (u *unbatch) Subscribe(ctx context.Context, topic string) (<-chan *message.Message, error) {
	in, err := u.Subscriber.Subscribe(ctx, topic)
	if err != nil {
		return nil, err
	}
	out := make(chan *message.Message)
	u.running.Add(1)
	go func() {
		defer u.running.Done()
		defer close(out)
		var batches sync.WaitGroup
		defer batches.Wait()
		for m := range in {
			batches.Add(1)
			go func() {
				defer batches.Done()
				u.batch(m, out)
			}()
		}
	}()
	return out, nil
}

func (u *unbatch) batch(m *message.Message, out chan<- *message.Message) {
	b, _ := BatchOf(m)
	for i := range b.Records {
		for acked := false; !acked; {
			ctx, cancel := context.WithCancel(m.Context())
			one := toMessage(&b.Records[i])
			delete(one.Metadata, MetadataKey)
			one.SetContext(ctx)
			select {
			case out <- one:
			case <-u.closed:
				cancel()
				m.Nack()
				return
			case <-m.Context().Done():
				cancel()
				m.Nack()
				return
			}
			select {
			case <-one.Acked():
				acked = true
			case <-one.Nacked():
			case <-m.Context().Done():
				cancel()
				m.Nack()
				return
			}
			cancel()
		}
	}
	m.Ack()
}

func (u *unbatch) Close() error {
	u.once.Do(func() { close(u.closed) })
	err := u.Subscriber.Close()
	u.running.Wait()
	return err
}

// ignoreSuite leaves out the goroutines that Watermill's suite forgets: its multiplier blocks on a channel that its test does not read to the
// end, and waits for those that block.
var ignoreSuite = []goleak.Option{
	goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func2"),
	goleak.IgnoreAnyFunction("github.com/ThreeDotsLabs/watermill/internal/subscriber.(*multiplier).Subscribe.func3"),
}
