package bus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
	"github.com/segmentio/kafka-go/protocol/produce"
	"github.com/segmentio/kafka-go/protocol/rawproduce"

	"permithub/schemas"
)

// errNoAnswer stands for a partition that the broker left out of its answer.
var errNoAnswer = errors.New("partition missing in the broker's answer")

// session is a producer id: with it and a sequence number the brokers recognise a repeated batch (KIP-98).
type session struct {
	id    int64
	epoch int16
}

// sessions hands out producer ids: one for all partitions, and further ones for those that had to leave it.
type sessions struct {
	cluster *cluster
	mu      sync.Mutex
	shared  *session
}

func (s *sessions) forQueue(ctx context.Context, own bool) (*session, error) {
	if own {
		return s.open(ctx)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shared != nil {
		return s.shared, nil
	}
	opened, err := s.open(ctx)
	s.shared = opened
	return opened, err
}

func (s *sessions) open(ctx context.Context) (*session, error) {
	// -1 asks for a new id; 0 would claim producer 0.
	res, err := s.cluster.client().InitProducerID(ctx, &kafka.InitProducerIDRequest{ProducerID: -1, ProducerEpoch: -1})
	if err == nil {
		err = res.Error
	}
	if err != nil {
		return nil, fmt.Errorf("open producer session: %w", err)
	}
	return &session{id: int64(res.Producer.ProducerID), epoch: int16(res.Producer.ProducerEpoch)}, nil
}

// send offers the batch of every queue to the broker that leads them all, and leaves the outcome in the batches. Where
// leadership may have moved it reads the metadata again before it returns.
func (p *producer) send(ctx context.Context, leader int32, queues []*queue) {
	moved := leader == noLeader
	if moved {
		fail(queues, errNoLeader)
	} else if err := p.prepare(ctx, queues); err != nil {
		fail(queues, err)
	} else {
		p.request(ctx, queues)
	}
	for _, q := range queues {
		moved = moved || q.batch.err != nil && retriable(q.batch.err)
	}
	if moved {
		_ = p.cluster.refresh(ctx) // the next attempt shows what is still wrong
	}
}

func fail(queues []*queue, err error) {
	for _, q := range queues {
		q.batch.err = err
	}
}

// prepare encodes what was not sent before.
func (p *producer) prepare(ctx context.Context, queues []*queue) error {
	now := time.Now()
	for _, q := range queues {
		if q.session == nil {
			s, err := p.sessions.forQueue(ctx, q.ownSession)
			if err != nil {
				return err
			}
			q.session = s
		}
		if q.batch.wire == nil {
			records := make([]*schemas.Record, len(q.batch.records))
			for i := range records {
				records[i] = q.batch.records[i].record
			}
			q.batch.wire = encodeBatch(records, now, producerState{q.session.id, q.session.epoch, q.sequence})
		}
	}
	return nil
}

// request sends one produce request. Answers are matched by topic and partition: Apache Kafka orders them as it likes.
func (p *producer) request(ctx context.Context, queues []*queue) {
	fail(queues, errNoAnswer)
	want := make(map[topicPartition]*batch, len(queues))
	wires := make(map[topicPartition][]byte, len(queues))
	for _, q := range queues {
		want[q.topicPartition], wires[q.topicPartition] = q.batch, *q.batch.wire
	}
	res, err := p.cluster.produce(ctx, wires)
	if err != nil {
		fail(queues, err)
		return
	}
	for tp, answer := range res {
		if b := want[tp]; b != nil {
			b.err = answer.err
		}
	}
}

// landed is a broker's answer for one partition.
type landed struct {
	base int64
	err  error
}

// produce sends one encoded batch for each partition, all led by one broker, and waits until the in-sync replicas have them.
// An error, and an error in an answer, leave open whether a batch was written.
func (c *cluster) produce(ctx context.Context, wires map[topicPartition][]byte) (map[topicPartition]landed, error) {
	const allInSync = -1
	req := &rawproduce.Request{Acks: allInSync, Timeout: int32(requestTimeout / time.Millisecond)}
	topics := map[string]int{}
	for tp, wire := range wires {
		i, ok := topics[tp.topic]
		if !ok {
			i = len(req.Topics)
			topics[tp.topic] = i
			req.Topics = append(req.Topics, rawproduce.RequestTopic{Topic: tp.topic})
		}
		req.Topics[i].Partitions = append(req.Topics[i].Partitions,
			rawproduce.RequestPartition{Partition: tp.partition, RecordSet: protocol.RawRecordSet{Reader: bytes.NewReader(wire)}})
	}
	// The broker answers within its own time limit; the second one is for the way there and back.
	sent := time.Now()
	m, err := c.roundTrip(ctx, requestTimeout+time.Second, req)
	if err != nil {
		return nil, err
	}
	out := make(map[topicPartition]landed, len(wires))
	for _, t := range m.(*produce.Response).Topics {
		for _, part := range t.Partitions {
			a := landed{base: part.BaseOffset}
			// A repeat of a batch that was written before is what was asked for.
			if part.ErrorCode != 0 && kafka.Error(part.ErrorCode) != kafka.DuplicateSequenceNumber {
				a.err = kafka.Error(part.ErrorCode)
			} else if part.ErrorCode == 0 && part.LogAppendTime > 0 {
				c.clock.note(sent, time.Now(), time.UnixMilli(part.LogAppendTime))
			}
			out[topicPartition{t.Topic, part.Partition}] = a
		}
	}
	return out, nil
}
