package pipeline

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"

	"permithub/schemas"

	"permithub/bench/work"
)

// readerBatch bounds a batch of the Reader loop; the Writer's batches are as large.
const readerBatch = 1_000

// readerLoop hands over what the Reader holds, up to a batch, then commits it.
func readerLoop(ctx context.Context, e *Env, group, topic string, handle func(context.Context, []kafka.Message) error) {
	reader := kafka.NewReader(kafka.ReaderConfig{Brokers: e.Brokers, GroupID: e.Topic(group), Topic: e.Topic(topic),
		MinBytes: 1, MaxBytes: 8 << 20, MaxWait: fetchWait, QueueCapacity: 2 * readerBatch, CommitInterval: commitInterval,
		StartOffset: kafka.FirstOffset, JoinGroupBackoff: 500 * time.Millisecond})
	messages := make(chan kafka.Message, readerBatch)
	go func() {
		defer close(messages)
		for {
			m, err := reader.FetchMessage(ctx)
			if err != nil {
				if ctx.Err() == nil {
					e.Progress.Fail(err)
				}
				return
			}
			messages <- m
		}
	}()
	go func() {
		defer reader.Close()
		for m := range messages {
			batch := gather(m, messages)
			err := handle(ctx, batch)
			if err == nil {
				err = reader.CommitMessages(ctx, batch...)
			}
			if err != nil && ctx.Err() == nil {
				e.Progress.Fail(err)
			}
		}
	}()
}

func gather(first kafka.Message, messages <-chan kafka.Message) []kafka.Message {
	batch := []kafka.Message{first}
	for len(batch) < readerBatch {
		select {
		case m, ok := <-messages:
			if !ok {
				return batch
			}
			batch = append(batch, m)
		default:
			return batch
		}
	}
	return batch
}

func readerWriter(e *Env) *kafka.Writer {
	return &kafka.Writer{Addr: kafka.TCP(e.Brokers...), Balancer: kafka.Murmur2Balancer{Consistent: true}, RequiredAcks: kafka.RequireAll,
		BatchSize: readerBatch, BatchTimeout: time.Millisecond, BatchBytes: 900_000}
}

func readerWrite(ctx context.Context, e *Env, w *kafka.Writer, recs []schemas.Record) error {
	out := make([]kafka.Message, len(recs))
	for i := range recs {
		out[i] = kafka.Message{Topic: e.Topic(recs[i].Topic), Key: []byte(recs[i].Key), Value: recs[i].Value}
		for _, h := range recs[i].Headers {
			out[i].Headers = append(out[i].Headers, kafka.Header{Key: h.Key, Value: []byte(h.Value)})
		}
	}
	err := w.WriteMessages(ctx, out...)
	for err != nil && ctx.Err() == nil && retriable(err) { // metadata of a new topic, which the Writer does not wait for
		err = w.WriteMessages(ctx, out...)
	}
	return err
}

func retriable(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) || errors.Is(err, kafka.NotLeaderForPartition)
}

func readerApproval(ctx context.Context, e *Env) error {
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	office, writer := work.NewOffice(policy), readerWriter(e)
	readerLoop(ctx, e, Approval, schemas.TopicCaseInput, func(ctx context.Context, batch []kafka.Message) error {
		e.Progress.Begin()
		var out []schemas.Record
		for i := range batch {
			rec, ok, err := office.Decide(batch[i].Value, int32(batch[i].Partition), batch[i].Offset)
			if err != nil {
				return err
			}
			if ok {
				out = append(out, rec)
			}
		}
		return readerWrite(ctx, e, writer, out)
	})
	return nil
}

func readerDownstream(ctx context.Context, e *Env) error {
	writer := readerWriter(e)
	readerLoop(ctx, e, Feed, schemas.TopicCaseLog, func(ctx context.Context, batch []kafka.Message) error {
		var out []schemas.Record
		for i := range batch {
			recs, err := work.Events(batch[i].Value)
			if err != nil {
				return err
			}
			out = append(out, recs...)
		}
		err := readerWrite(ctx, e, writer, out)
		if err == nil {
			e.Progress.Events(len(out))
		}
		return err
	})
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	index := work.NewIndex(store)
	readerLoop(ctx, e, Clock, schemas.TopicCaseLog, func(ctx context.Context, batch []kafka.Message) error {
		first, values := map[int]int64{}, map[int][][]byte{}
		for i := range batch {
			p := batch[i].Partition
			if _, ok := first[p]; !ok {
				first[p] = batch[i].Offset
			}
			values[p] = append(values[p], batch[i].Value)
		}
		for p, v := range values {
			for from := 0; from < len(v); from += clockChunk {
				to := min(from+clockChunk, len(v))
				if err := index.Apply(ctx, int32(p), first[p]+int64(from), v[from:to]); err != nil {
					return err
				}
				e.Progress.Indexed(to - from)
			}
		}
		return nil
	})
	return nil
}
