package pipeline

import (
	"context"
	"sync"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"

	"permithub/bench/work"
)

// franzHandle handles records of one partition, in order.
type franzHandle func(ctx context.Context, client *kgo.Client, partition int32, records []*kgo.Record) error

// franzGroup runs a consumer group that gives every partition a goroutine of its own, which handles all that has gathered for it, and
// commits on a timer what has been handled.
func franzGroup(ctx context.Context, e *Env, group, topic string, handler func(partition int32) franzHandle) error {
	g := &franzMember{env: e, ctx: ctx, handler: handler, partitions: map[int32]*franzPartition{}}
	client, err := kgo.NewClient(
		kgo.SeedBrokers(e.Brokers...), kgo.ConsumerGroup(e.Topic(group)), kgo.ConsumeTopics(e.Topic(topic)),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.AutoCommitMarks(), kgo.AutoCommitInterval(commitInterval),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerLinger(0),
		kgo.FetchMaxWait(fetchWait), kgo.BlockRebalanceOnPoll(),
	)
	if err != nil {
		return err
	}
	g.client = client
	go g.poll()
	return nil
}

type franzMember struct {
	env        *Env
	ctx        context.Context
	client     *kgo.Client
	handler    func(int32) franzHandle
	partitions map[int32]*franzPartition
}

// franzPartition hands over what waits, merged, to one goroutine.
type franzPartition struct {
	mu      sync.Mutex
	waiting []*kgo.Record
	wake    chan struct{}
}

func (g *franzMember) poll() {
	defer g.client.Close()
	for g.ctx.Err() == nil {
		fetches := g.client.PollFetches(g.ctx)
		fetches.EachPartition(func(p kgo.FetchTopicPartition) {
			part := g.partitions[p.Partition]
			if part == nil {
				part = &franzPartition{wake: make(chan struct{}, 1)}
				g.partitions[p.Partition] = part
				go g.work(part, p.Partition)
			}
			part.mu.Lock()
			part.waiting = append(part.waiting, p.Records...)
			part.mu.Unlock()
			select {
			case part.wake <- struct{}{}:
			default:
			}
		})
		g.client.AllowRebalance()
	}
}

func (g *franzMember) work(p *franzPartition, id int32) {
	handle := g.handler(id)
	for {
		select {
		case <-p.wake:
		case <-g.ctx.Done():
			return
		}
		p.mu.Lock()
		records := p.waiting
		p.waiting = nil
		p.mu.Unlock()
		for len(records) > 0 {
			n := min(len(records), batchRecords)
			if err := handle(g.ctx, g.client, id, records[:n]); err != nil {
				if g.ctx.Err() == nil {
					g.env.Progress.Fail(err)
				}
				return
			}
			g.client.MarkCommitRecords(records[:n]...)
			records = records[n:]
		}
	}
}

func franzProduce(ctx context.Context, e *Env, client *kgo.Client, recs []schemas.Record) error {
	out := make([]*kgo.Record, len(recs))
	for i := range recs {
		out[i] = franzRecord(e, &recs[i])
	}
	return client.ProduceSync(ctx, out...).FirstErr()
}

func franzRecord(e *Env, r *schemas.Record) *kgo.Record {
	k := &kgo.Record{Topic: e.Topic(r.Topic), Key: []byte(r.Key), Value: r.Value, Headers: make([]kgo.RecordHeader, len(r.Headers))}
	for i, h := range r.Headers {
		k.Headers[i] = kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)}
	}
	return k
}

func franzApproval(ctx context.Context, e *Env) error {
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	return franzGroup(ctx, e, Approval, schemas.TopicCaseInput, func(int32) franzHandle {
		office := work.NewOffice(policy)
		return func(ctx context.Context, client *kgo.Client, partition int32, records []*kgo.Record) error {
			e.Progress.Begin()
			var out []schemas.Record
			for _, r := range records {
				rec, ok, err := office.Decide(r.Value, partition, r.Offset)
				if err != nil {
					return err
				}
				if ok {
					out = append(out, rec)
				}
			}
			return franzProduce(ctx, e, client, out)
		}
	})
}

func franzDownstream(ctx context.Context, e *Env) error {
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	index := work.NewIndex(store)
	err = franzGroup(ctx, e, Feed, schemas.TopicCaseLog, func(int32) franzHandle {
		return func(ctx context.Context, client *kgo.Client, _ int32, records []*kgo.Record) error {
			var out []schemas.Record
			for _, r := range records {
				recs, err := work.Events(r.Value)
				if err != nil {
					return err
				}
				out = append(out, recs...)
			}
			err := franzProduce(ctx, e, client, out)
			if err == nil {
				e.Progress.Events(len(out))
			}
			return err
		}
	})
	if err != nil {
		return err
	}
	return franzGroup(ctx, e, Clock, schemas.TopicCaseLog, func(int32) franzHandle {
		return func(ctx context.Context, _ *kgo.Client, partition int32, records []*kgo.Record) error {
			values := make([][]byte, len(records))
			for i, r := range records {
				values[i] = r.Value
			}
			// The hub's clock writes chunks of 500 too: Redis serves nobody else meanwhile.
			for from := 0; from < len(values); from += clockChunk {
				to := min(from+clockChunk, len(values))
				if err := index.Apply(ctx, partition, records[from].Offset, values[from:to]); err != nil {
					return err
				}
				e.Progress.Indexed(to - from)
			}
			return nil
		}
	})
}
