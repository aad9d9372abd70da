// Package worklist keeps the list of open cases, and the way to every person's records, equal to the case log.
//
// # Delivery
//
// A batch step over case-log, at least once, in a consumer group of its own for each run of the process: every process holds the whole list in
// memory. When a partition is assigned, the log is read from its beginning to the end as known then: a step that has its partitions has a
// whole list. The store passes over what comes twice.
//
// # Errors
//
// A transition that does not decode is unavailable, with its position: passing over it could hide a case from everybody, so the partition
// waits for people and the lag shows.
package worklist

import (
	"context"
	"fmt"

	"permithub/internal/bus"
	"permithub/internal/fault"
	"permithub/internal/worklist"
)

// Log reads the valid records of a partition of case-log up to the end as known at the call, and returns that end; bus.Log is one.
type Log interface {
	Read(ctx context.Context, partition int32, from int64, fn func(bus.Record) error) (end int64, err error)
}

// Step is the step: Assigned and Handle for the bus.
type Step struct {
	store *worklist.Store
	log   Log
}

// New returns the step that keeps the store.
func New(store *worklist.Store, log Log) *Step { return &Step{store, log} }

// chunk is how many records are applied at once while the log is read: enough that a commit costs nothing, few enough to hold in memory.
const chunk = 2000

// Assigned reads the log up to its end and returns that end.
func (s *Step) Assigned(ctx context.Context, partition int32) (int64, error) {
	from, err := s.store.Next(ctx, partition)
	if err != nil {
		return 0, err
	}
	batch := make([]worklist.Record, 0, chunk)
	end, err := s.log.Read(ctx, partition, from, func(rec bus.Record) error {
		r, err := read(rec)
		if err != nil {
			return err
		}
		if batch = append(batch, r); len(batch) < chunk {
			return nil
		}
		err = s.store.Apply(ctx, partition, batch)
		batch = batch[:0]
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("fill worklist: %w", err)
	}
	return end, s.store.Apply(ctx, partition, batch)
}

// Handle applies one batch.
func (s *Step) Handle(ctx context.Context, b bus.Batch) error {
	records := make([]worklist.Record, len(b.Records))
	for i := range b.Records {
		var err error
		if records[i], err = read(b.Records[i]); err != nil {
			return err
		}
	}
	return s.store.Apply(ctx, b.Partition, records)
}

func read(rec bus.Record) (worklist.Record, error) {
	f, err := worklist.Read(rec.Value)
	if err != nil {
		return worklist.Record{}, fault.Outage("undecodable", fmt.Errorf("case log %d/%d: %w", rec.Partition, rec.Offset, err))
	}
	return worklist.Record{Offset: rec.Offset, File: f}, nil
}
