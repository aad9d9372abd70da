package pipeline

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"
	_ "github.com/warpstreamlabs/bento/public/components/kafka" // kafka_franz
	_ "github.com/warpstreamlabs/bento/public/components/pure"  // drop
	"github.com/warpstreamlabs/bento/public/service"

	"permithub/schemas"

	"permithub/bench/work"
)

// One thread keeps the order of a partition, which the case log needs; batches as large as they gather within 2 ms.
const bentoStream = `
input:
  kafka_franz:
    seed_brokers: [%s]
    topics: [%q]
    consumer_group: %q
    start_from_oldest: true
    commit_period: 200ms
    fetch_max_wait: 250ms
    checkpoint_limit: 8192
    batching: { count: 1000, period: 2ms }
pipeline:
  threads: 1
  processors:
    - %s: {}
output: %s
`

const bentoKafka = `
  kafka_franz:
    seed_brokers: [%s]
    topic: ${! meta("out_topic") }
    key: ${! meta("out_key") }
    partitioner: murmur2_hash
    compression: none
    max_in_flight: 16
    metadata: { include_patterns: ["^ce_", "^content-type$", "^traceparent$", "^ph-"] }
`

// bentoStreams runs one stream whose processor is Go code.
func bentoRun(ctx context.Context, e *Env, group, topic, output string, process func(context.Context, service.MessageBatch) ([]service.MessageBatch, error)) error {
	env := service.NewEnvironment()
	err := env.RegisterBatchProcessor(group, service.NewConfigSpec(), func(*service.ParsedConfig, *service.Resources) (service.BatchProcessor, error) {
		return bentoProcessor(func(ctx context.Context, b service.MessageBatch) ([]service.MessageBatch, error) {
			out, err := process(ctx, b)
			if err != nil && ctx.Err() == nil {
				e.Progress.Fail(err)
			}
			return out, err
		}), nil
	})
	if err != nil {
		return err
	}
	builder := env.NewStreamBuilder()
	if err := builder.SetYAML(fmt.Sprintf(bentoStream, bentoBrokers(e), e.Topic(topic), e.Topic(group), group, output)); err != nil {
		return err
	}
	if err := builder.SetLoggerYAML("level: NONE"); err != nil {
		return err
	}
	stream, err := builder.Build()
	if err != nil {
		return err
	}
	go func() {
		if err := stream.Run(ctx); err != nil && ctx.Err() == nil {
			e.Progress.Fail(err)
		}
	}()
	return nil
}

func bentoBrokers(e *Env) string { return `"` + strings.Join(e.Brokers, `", "`) + `"` }

type bentoProcessor func(context.Context, service.MessageBatch) ([]service.MessageBatch, error)

func (p bentoProcessor) ProcessBatch(ctx context.Context, b service.MessageBatch) ([]service.MessageBatch, error) {
	return p(ctx, b)
}

func (bentoProcessor) Close(context.Context) error { return nil }

func bentoPosition(m *service.Message) (partition int32, offset int64, err error) {
	p, ok1 := m.MetaGetMut("kafka_partition")
	o, ok2 := m.MetaGetMut("kafka_offset")
	pi, ok3 := p.(int)
	oi, ok4 := o.(int)
	if !ok1 || !ok2 || !ok3 || !ok4 {
		return 0, 0, errNoPosition
	}
	return int32(pi), int64(oi), nil
}

// bentoMessage takes the place of in, so that Bento acknowledges the one when the other is written.
func bentoMessage(e *Env, in *service.Message, r *schemas.Record) *service.Message {
	m := in.Copy()
	m.SetBytes(r.Value)
	m.MetaSetMut("out_topic", e.Topic(r.Topic))
	m.MetaSetMut("out_key", r.Key)
	for _, h := range r.Headers {
		m.MetaSetMut(h.Key, h.Value)
	}
	return m
}

func bentoApproval(ctx context.Context, e *Env) error {
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	office := work.NewOffice(policy)
	var mu sync.Mutex
	return bentoRun(ctx, e, Approval, schemas.TopicCaseInput, fmt.Sprintf(bentoKafka, bentoBrokers(e)), func(_ context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
		e.Progress.Begin()
		mu.Lock()
		defer mu.Unlock()
		out := make(service.MessageBatch, 0, len(batch))
		for _, m := range batch {
			value, err := m.AsBytes()
			if err != nil {
				return nil, err
			}
			partition, offset, err := bentoPosition(m)
			if err != nil {
				return nil, err
			}
			rec, ok, err := office.Decide(value, partition, offset)
			if err != nil {
				return nil, err
			}
			if ok {
				out = append(out, bentoMessage(e, m, &rec))
			}
		}
		return []service.MessageBatch{out}, nil
	})
}

func bentoDownstream(ctx context.Context, e *Env) error {
	err := bentoRun(ctx, e, Feed, schemas.TopicCaseLog, fmt.Sprintf(bentoKafka, bentoBrokers(e)), func(_ context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
		out := make(service.MessageBatch, 0, len(batch))
		for _, m := range batch {
			value, err := m.AsBytes()
			if err != nil {
				return nil, err
			}
			recs, err := work.Events(value)
			if err != nil {
				return nil, err
			}
			for i := range recs {
				out = append(out, bentoMessage(e, m, &recs[i]))
			}
		}
		return []service.MessageBatch{out}, nil
	})
	if err != nil {
		return err
	}
	if err := bentoWatch(ctx, e); err != nil {
		return err
	}
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	index := work.NewIndex(store)
	return bentoRun(ctx, e, Clock, schemas.TopicCaseLog, "\n  drop: {}\n", func(ctx context.Context, batch service.MessageBatch) ([]service.MessageBatch, error) {
		var values [][]byte
		var at int32
		var first int64
		for i, m := range batch { // a batch of this input is of one partition
			value, err := m.AsBytes()
			if err != nil {
				return nil, err
			}
			partition, offset, err := bentoPosition(m)
			if err != nil {
				return nil, err
			}
			if i == 0 {
				at, first = partition, offset
			}
			if partition != at {
				return nil, errNoPosition
			}
			values = append(values, value)
		}
		for from := 0; from < len(values); from += clockChunk {
			to := min(from+clockChunk, len(values))
			if err := index.Apply(ctx, at, first+int64(from), values[from:to]); err != nil {
				return nil, err
			}
			e.Progress.Indexed(to - from)
		}
		return []service.MessageBatch{batch}, nil
	})
}

// bentoWatch counts what stands in the public topics: a processor is not told when its messages were acknowledged.
func bentoWatch(ctx context.Context, e *Env) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(e.Brokers...))
	if err != nil {
		return err
	}
	admin := kadm.NewClient(client)
	var topics []string
	for _, t := range publicTopics {
		topics = append(topics, e.Topic(t))
	}
	go func() {
		defer client.Close()
		tick := time.NewTicker(20 * time.Millisecond)
		defer tick.Stop()
		seen := int64(0)
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			ends, err := admin.ListEndOffsets(ctx, topics...)
			if err != nil {
				continue
			}
			sum := int64(0)
			ends.Each(func(o kadm.ListedOffset) { sum += max(o.Offset, 0) })
			e.Progress.Events(int(sum - seen))
			seen = sum
		}
	}()
	return nil
}
