package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"permithub/internal/bus"
	"permithub/schemas"

	"permithub/bench/pipeline"
	"permithub/bench/work"
)

// effects measures the steps that call a foreign system one message at a time: transitions of so many persons, each of which orders a look-up.
func (r *runner) effects(ctx context.Context) error {
	var names []string
	for _, c := range pipeline.Contenders() {
		if c.Effects != nil && slices.Contains(r.Contenders, c.Name) {
			names = append(names, c.Name)
		}
	}
	transitions, err := orders(r.SlowN)
	if err != nil {
		return err
	}
	r.results.Note = fmt.Sprintf("%d transitions of as many persons, each with one order; the foreign system answers after %s", len(transitions), r.CallTime)
	partitions := slices.Max(r.Partitions)
	return r.rounds(ctx, names, func(ctx context.Context, name string, round int) (err error) {
		f, err := r.field(ctx, partitions)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, f.close(ctx)) }()
		if err := f.fillLog(ctx, transitions); err != nil {
			return err
		}
		s, err := r.contender(ctx, f, order{Contender: name, Results: int64(len(transitions)), Effects: true, CallTime: r.CallTime}, len(transitions))
		if err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		s.Contender, s.Partitions, s.Round = name, partitions, round
		r.keep(s)
		return nil
	})
}

// orders decides the first application of each of n persons: every transition orders a look-up.
func orders(n int) ([]schemas.Record, error) {
	policy, err := work.Policy()
	if err != nil {
		return nil, err
	}
	office := work.NewOffice(policy)
	out := make([]schemas.Record, n)
	for i := range out {
		in, err := work.Application(i, n)
		if err != nil {
			return nil, err
		}
		rec, ok, err := office.Decide(in.Value, 0, int64(i))
		if err != nil || !ok {
			return nil, fmt.Errorf("application %d is not decided: %w", i, err)
		}
		out[i] = rec
	}
	return out, nil
}

// appendBatch is how many transitions are appended at once.
const appendBatch = 200

// fillLog appends transitions to case-log, stamped, as the hub's approval does.
func (f *field) fillLog(ctx context.Context, transitions []schemas.Record) (err error) {
	client, err := bus.Open(bus.Config{Brokers: f.brokers, Prefix: f.prefix}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, client.Close(ctx)) }()
	byPartition := map[int32][]schemas.Record{}
	for _, t := range transitions {
		p := f.partitionOf(t.Key)
		byPartition[p] = append(byPartition[p], t)
	}
	log := client.Log(schemas.TopicCaseLog)
	for p, all := range byPartition {
		at := int64(0)
		for part := range slices.Chunk(all, appendBatch) {
			if err := log.Append(ctx, p, at, part); err != nil {
				return err
			}
			at += int64(len(part))
		}
	}
	return nil
}
