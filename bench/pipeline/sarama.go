package pipeline

import (
	"context"
	"errors"
	"sync"

	"github.com/IBM/sarama"
	"github.com/ThreeDotsLabs/watermill"
	wk "github.com/ThreeDotsLabs/watermill-kafka/v3/pkg/kafka"
	"github.com/ThreeDotsLabs/watermill/message"

	"permithub/internal/bus"
	"permithub/internal/effect"
	"permithub/schemas"

	"permithub/bench/work"
)

// metadataKey carries the Kafka key, as the module's own partitioning marshaler wants it.
const metadataKey = "partition_key"

func saramaMarshaler() wk.MarshalerUnmarshaler {
	return wk.NewWithPartitioningMarshaler(func(_ string, m *message.Message) (string, error) { return m.Metadata[metadataKey], nil })
}

// murmur2Partitioner puts a key where every other contender puts it.
type murmur2Partitioner struct{}

func (murmur2Partitioner) RequiresConsistency() bool { return true }
func (murmur2Partitioner) Partition(m *sarama.ProducerMessage, partitions int32) (int32, error) {
	if m.Key == nil {
		return 0, nil
	}
	key, err := m.Key.Encode()
	return bus.PartitionOf(string(key), int(partitions)), err
}

func saramaPublisher(e *Env) (message.Publisher, error) {
	cfg := wk.DefaultSaramaSyncPublisherConfig()
	cfg.Producer.RequiredAcks = sarama.WaitForAll // the module's default is the leader alone
	cfg.Producer.Partitioner = func(string) sarama.Partitioner { return murmur2Partitioner{} }
	return wk.NewPublisher(wk.PublisherConfig{Brokers: e.Brokers, Marshaler: saramaMarshaler(), OverwriteSaramaConfig: cfg}, watermill.NopLogger{})
}

// saramaRoute runs one handler under Watermill's router.
func saramaRoute(ctx context.Context, e *Env, group, topic string, handler message.NoPublishHandlerFunc) error {
	cfg := wk.DefaultSaramaSubscriberConfig()
	cfg.Consumer.Offsets.Initial = sarama.OffsetOldest
	subscriber, err := wk.NewSubscriber(wk.SubscriberConfig{Brokers: e.Brokers, Unmarshaler: saramaMarshaler(), OverwriteSaramaConfig: cfg,
		ConsumerGroup: e.Topic(group)}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
	if err != nil {
		return err
	}
	router.AddNoPublisherHandler(group, e.Topic(topic), subscriber, func(m *message.Message) error {
		err := handler(m)
		if err != nil && ctx.Err() == nil {
			e.Progress.Fail(err)
		}
		return err
	})
	go func() {
		if err := router.Run(ctx); err != nil {
			e.Progress.Fail(err)
		}
	}()
	return nil
}

var errNoPosition = errors.New("message without a position")

func saramaPosition(m *message.Message) (partition int32, offset int64, err error) {
	partition, ok1 := wk.MessagePartitionFromCtx(m.Context())
	offset, ok2 := wk.MessagePartitionOffsetFromCtx(m.Context())
	if !ok1 || !ok2 {
		return 0, 0, errNoPosition
	}
	return partition, offset, nil
}

func saramaMessage(r *schemas.Record) *message.Message {
	m := message.NewMessage(r.Header("ce_id"), r.Value)
	m.Metadata[metadataKey] = r.Key
	for _, h := range r.Headers {
		m.Metadata[h.Key] = h.Value
	}
	return m
}

func saramaApproval(ctx context.Context, e *Env) error {
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	publisher, err := saramaPublisher(e)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	offices := map[int32]*work.Office{} // one message of a partition is under way at a time, so an office needs no lock
	return saramaRoute(ctx, e, Approval, schemas.TopicCaseInput, func(m *message.Message) error {
		e.Progress.Begin()
		partition, offset, err := saramaPosition(m)
		if err != nil {
			return err
		}
		mu.Lock()
		office := offices[partition]
		if office == nil {
			office = work.NewOffice(policy)
			offices[partition] = office
		}
		mu.Unlock()
		rec, ok, err := office.Decide(m.Payload, partition, offset)
		if err != nil || !ok {
			return err
		}
		return publisher.Publish(e.Topic(rec.Topic), saramaMessage(&rec))
	})
}

func saramaDownstream(ctx context.Context, e *Env) error {
	publisher, err := saramaPublisher(e)
	if err != nil {
		return err
	}
	err = saramaRoute(ctx, e, Feed, schemas.TopicCaseLog, func(m *message.Message) error {
		recs, err := work.Events(m.Payload)
		if err != nil {
			return err
		}
		for i := range recs {
			if err := publisher.Publish(e.Topic(recs[i].Topic), saramaMessage(&recs[i])); err != nil {
				return err
			}
		}
		e.Progress.Events(len(recs))
		return nil
	})
	if err != nil {
		return err
	}
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	index := work.NewIndex(store)
	return saramaRoute(ctx, e, Clock, schemas.TopicCaseLog, func(m *message.Message) error {
		partition, offset, err := saramaPosition(m)
		if err != nil {
			return err
		}
		if err := index.Apply(m.Context(), partition, offset, [][]byte{m.Payload}); err != nil {
			return err
		}
		e.Progress.Indexed(1)
		return nil
	})
}

func saramaEffects(ctx context.Context, e *Env) error {
	publisher, err := saramaPublisher(e)
	if err != nil {
		return err
	}
	w := effect.Worker{Step: Verification, Kind: schemas.EffectVerify, Call: foreignCall(e), Now: work.Now,
		Publish: func(_ context.Context, recs ...schemas.Record) error {
			for i := range recs {
				if err := publisher.Publish(e.Topic(recs[i].Topic), saramaMessage(&recs[i])); err != nil {
					return err
				}
			}
			e.Progress.Results(len(recs))
			return nil
		}}
	return saramaRoute(ctx, e, Verification, schemas.TopicCaseLog, func(m *message.Message) error {
		e.Progress.Begin()
		rec := bus.Record{Record: schemas.Record{Key: m.Metadata[metadataKey], Value: m.Payload,
			Headers: []schemas.Header{{Key: schemas.HeaderEffects, Value: m.Metadata[schemas.HeaderEffects]}}}}
		return w.Handle(m.Context(), rec)
	})
}
