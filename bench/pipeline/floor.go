package pipeline

import (
	"context"
	"errors"
	"slices"

	"github.com/twmb/franz-go/pkg/kgo"

	"permithub/schemas"

	"permithub/bench/work"
)

// Names of the floors.
const (
	Relay = "relay"
	Work  = "work"
)

// Floors are what no contender can be faster than: the way without the work, and the work without the way.
func Floors() []Contender {
	return []Contender{
		{Name: Relay, What: "the way alone: franz-go puts records of the same sizes, undecoded, from topic to topic, the public events of a transition as one, and reads case-log twice; no Redis",
			Downstream: relayDownstream, Groups: downstreamGroups, Approval: relayApproval},
		{Name: Work, What: "the work alone: decided, encoded, decoded, derived and put into Redis in one process, without Kafka", Approval: workApproval},
	}
}

// relay puts a record of so many bytes on a topic for each that comes.
func relay(e *Env, to string, bytes int, counted func(int)) func(int32) franzHandle {
	filler := slices.Repeat([]byte{'x'}, bytes)
	return func(int32) franzHandle {
		return func(ctx context.Context, client *kgo.Client, _ int32, records []*kgo.Record) error {
			e.Progress.Begin()
			out := make([]*kgo.Record, len(records))
			for i, r := range records {
				out[i] = &kgo.Record{Topic: e.Topic(to), Key: r.Key, Value: filler, Headers: r.Headers}
			}
			err := client.ProduceSync(ctx, out...).FirstErr()
			if err == nil {
				counted(len(out))
			}
			return err
		}
	}
}

// discard reads, and that is all.
func discard(counted func(int)) func(int32) franzHandle {
	return func(int32) franzHandle {
		return func(_ context.Context, _ *kgo.Client, _ int32, records []*kgo.Record) error {
			counted(len(records))
			return nil
		}
	}
}

func relayApproval(ctx context.Context, e *Env) error {
	return franzGroup(ctx, e, Approval, schemas.TopicCaseInput, relay(e, schemas.TopicCaseLog, e.Transition, func(int) {}))
}

func relayDownstream(ctx context.Context, e *Env) error {
	return errors.Join(
		franzGroup(ctx, e, Feed, schemas.TopicCaseLog, relay(e, schemas.TopicApplications, e.Public, e.Progress.Events)),
		franzGroup(ctx, e, Clock, schemas.TopicCaseLog, discard(e.Progress.Indexed)))
}

// workApproval does the whole work on what case-input holds, a goroutine for each partition.
func workApproval(ctx context.Context, e *Env) error {
	policy, err := work.Policy()
	if err != nil {
		return err
	}
	store, err := work.OpenStore(e.Redis, e.Prefix, e.Partitions)
	if err != nil {
		return err
	}
	inputs, err := readAll(ctx, e)
	if err != nil {
		return err
	}
	index := work.NewIndex(store)
	e.Progress.Begin()
	for partition, values := range inputs {
		go func() {
			if err := workOn(ctx, e, work.NewOffice(policy), index, partition, values); err != nil {
				e.Progress.Fail(err)
			}
		}()
	}
	return nil
}

func workOn(ctx context.Context, e *Env, office *work.Office, index *work.Index, partition int32, inputs [][]byte) error {
	for from := 0; from < len(inputs); from += clockChunk {
		chunk := inputs[from:min(from+clockChunk, len(inputs))]
		log := make([][]byte, 0, len(chunk))
		for i, value := range chunk {
			rec, ok, err := office.Decide(value, partition, int64(from+i))
			if err != nil {
				return err
			}
			if ok {
				log = append(log, rec.Value)
			}
		}
		events := 0
		for _, value := range log {
			recs, err := work.Events(value)
			if err != nil {
				return err
			}
			events += len(recs)
		}
		if err := index.Apply(ctx, partition, int64(from), log); err != nil {
			return err
		}
		e.Progress.Events(events)
		e.Progress.Indexed(len(log))
	}
	return nil
}

// readAll reads what case-input holds, by partition.
func readAll(ctx context.Context, e *Env) (map[int32][][]byte, error) {
	client, err := kgo.NewClient(kgo.SeedBrokers(e.Brokers...), kgo.ConsumeTopics(e.Topic(schemas.TopicCaseInput)), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()))
	if err != nil {
		return nil, err
	}
	defer client.Close()
	out := map[int32][][]byte{}
	for n := int64(0); n < e.Progress.wantIndexed; {
		fetches := client.PollFetches(ctx)
		if err := fetches.Err0(); err != nil {
			return nil, err
		}
		fetches.EachRecord(func(r *kgo.Record) { out[r.Partition] = append(out[r.Partition], r.Value); n++ })
	}
	return out, nil
}
