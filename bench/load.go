package main

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/consumers/clock"
	"permithub/consumers/feed"
	"permithub/internal/bus"
	"permithub/schemas"

	"permithub/bench/work"
)

// load is a set of applications and what every contender must make of them.
type load struct {
	applications []schemas.Record
	events       int64
	deadlines    int64
	bytes        int // of one application, on average
	transition   int // of one transition, on average
	public       int // of the public events of one transition together, on average
}

// newLoad makes n applications of so many persons and decides them here, once, to know what must come out.
func newLoad(n, persons int) (*load, error) {
	policy, err := work.Policy()
	if err != nil {
		return nil, err
	}
	office := work.NewOffice(policy)
	l := &load{applications: make([]schemas.Record, n)}
	last := map[string]*schemas.Transition{}
	for i := range l.applications {
		rec, err := work.Application(i, persons)
		if err != nil {
			return nil, err
		}
		l.applications[i] = rec
		l.bytes += len(rec.Value)
		out, ok, err := office.Decide(rec.Value, 0, int64(i))
		if err != nil || !ok {
			return nil, fmt.Errorf("application %d is not decided: %w", i, err)
		}
		l.transition += len(out.Value)
		t, err := schemas.DecodeTransition(out.Value)
		if err != nil {
			return nil, err
		}
		events, err := feed.Derive(t)
		if err != nil {
			return nil, err
		}
		l.events += int64(len(events))
		for _, e := range events {
			l.public += len(e.Value)
		}
		last[t.ApplicationNo] = t
	}
	for _, t := range last {
		for _, c := range clock.Project(0, 0, 1, []*schemas.Transition{t}).Cases {
			l.deadlines += int64(len(c.Deadlines))
		}
	}
	l.bytes /= n
	l.transition /= n
	l.public /= n
	return l, nil
}

// field is the topics of one contender's round.
type field struct {
	*servers
	prefix     string
	partitions int
	client     *kgo.Client
	admin      *kadm.Client
	topics     []string
}

func openField(ctx context.Context, s *servers, prefix string, partitions int) (*field, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(s.brokers...), kgo.ProducerBatchCompression(kgo.NoCompression()), kgo.ProducerBatchMaxBytes(900<<10),
		kgo.RecordPartitioner(kgo.StickyKeyPartitioner(nil)))
	if err != nil {
		return nil, err
	}
	f := &field{servers: s, prefix: prefix, partitions: partitions, client: client, admin: kadm.NewClient(client)}
	for _, t := range schemas.Topics() {
		f.topics = append(f.topics, f.topic(t.Name))
	}
	made, err := f.admin.CreateTopics(ctx, int32(partitions), s.replication, nil, f.topics...)
	if err == nil {
		err = made.Error()
	}
	if err != nil {
		client.Close()
		return nil, fmt.Errorf("create topics: %w", err)
	}
	return f, f.awaitLeaders(ctx)
}

// awaitLeaders waits until every partition's leader knows that it is: for up to a second after its creation a topic answers NOT_LEADER.
func (f *field) awaitLeaders(ctx context.Context) error {
	t := time.NewTicker(50 * time.Millisecond)
	defer t.Stop()
	for {
		ends, err := f.admin.ListEndOffsets(ctx, f.topics...)
		if err == nil && ends.Error() == nil {
			return nil
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("await leaders: %w", ctx.Err())
		}
	}
}

func (f *field) topic(short string) string { return f.prefix + "." + short }

// fill puts the applications on case-input.
func (f *field) fill(ctx context.Context, l *load) error {
	var mu sync.Mutex
	var first error
	for i := range l.applications {
		f.client.Produce(ctx, toFranz(f.topic(schemas.TopicCaseInput), &l.applications[i]), func(_ *kgo.Record, err error) {
			mu.Lock()
			defer mu.Unlock()
			if first == nil {
				first = err
			}
		})
	}
	if err := f.client.Flush(ctx); err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	return first
}

func toFranz(topic string, r *schemas.Record) *kgo.Record {
	k := &kgo.Record{Topic: topic, Key: []byte(r.Key), Value: r.Value, Headers: make([]kgo.RecordHeader, len(r.Headers))}
	for i, h := range r.Headers {
		k.Headers[i] = kgo.RecordHeader{Key: h.Key, Value: []byte(h.Value)}
	}
	return k
}

// check compares what the contender left behind with what must be there: nobody wins by leaving work out.
func (f *field) check(ctx context.Context, l *load) error {
	ends, err := f.admin.ListEndOffsets(ctx, f.topic(schemas.TopicCaseLog), f.topic(schemas.TopicApplications), f.topic(schemas.TopicPermits))
	if err == nil {
		err = ends.Error()
	}
	if err != nil {
		return err
	}
	var transitions, events int64
	ends.Each(func(o kadm.ListedOffset) {
		if o.Topic == f.topic(schemas.TopicCaseLog) {
			transitions += o.Offset
		} else {
			events += o.Offset
		}
	})
	redis := redis.NewClient(&redis.Options{Addr: f.redis.Addr()})
	defer redis.Close()
	var deadlines int64
	for p := range f.partitions {
		n, err := redis.ZCard(ctx, fmt.Sprintf("%s:{p%d}:deadlines", f.prefix, p)).Result()
		if err != nil {
			return err
		}
		deadlines += n
	}
	if transitions < int64(len(l.applications)) || events < l.events || deadlines != l.deadlines {
		return fmt.Errorf("left behind %d transitions of %d, %d events of %d, %d deadlines of %d",
			transitions, len(l.applications), events, l.events, deadlines, l.deadlines)
	}
	return nil
}

func (f *field) close(ctx context.Context) error {
	defer f.client.Close()
	_, err := f.admin.DeleteTopics(ctx, f.topics...)
	return err
}

// partitionOf is where a key's records stand.
func (f *field) partitionOf(key string) int32 { return bus.PartitionOf(key, f.partitions) }
