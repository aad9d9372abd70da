package work

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"permithub/consumers/clock"
	"permithub/consumers/feed"
	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/schemas"
)

// Now is the clock of the benchmark: cards of cases that ended must not have outlived their time in Redis.
func Now() time.Time { return received.Add(time.Hour) }

// OpenStore opens the deadlines in Redis.
func OpenStore(addr, prefix string, partitions int) (*deadline.Store, error) {
	return deadline.Open(deadline.Config{Addrs: []string{addr}, Prefix: prefix, Timeout: 30 * time.Second, Now: Now,
		PartitionOf: func(key string) int32 { return bus.PartitionOf(key, partitions) }})
}

// Events derives the public events from a value of case-log.
func Events(value []byte) ([]schemas.Record, error) {
	t, err := schemas.DecodeOutline(value)
	if err != nil {
		return nil, err
	}
	return feed.Derive(t)
}

// Index projects transitions into Redis for the peers, whose topics hold no void records: the next offset is the next transition.
type Index struct {
	store *deadline.Store

	mu    sync.Mutex
	marks map[int32]int64
}

// NewIndex returns an index over an empty Redis.
func NewIndex(s *deadline.Store) *Index { return &Index{store: s, marks: map[int32]int64{}} }

var errOutOfOrder = errors.New("transitions came out of order")

// Apply projects transitions of one partition that follow each other; first is the offset of the first one. What was applied before is
// passed over. Calls for one partition must follow each other.
func (x *Index) Apply(ctx context.Context, partition int32, first int64, values [][]byte) error {
	x.mu.Lock()
	mark := x.marks[partition]
	x.mu.Unlock()
	next := first + int64(len(values))
	switch {
	case next <= mark:
		return nil
	case first > mark:
		return fmt.Errorf("partition %d: %w: %d after %d", partition, errOutOfOrder, first, mark)
	}
	values = values[mark-first:]
	transitions := make([]*schemas.Transition, len(values))
	for i, v := range values {
		t, err := schemas.DecodeOutline(v)
		if err != nil {
			return err
		}
		transitions[i] = t
	}
	verdict, _, err := x.store.Apply(ctx, clock.Project(partition, mark, next, transitions))
	if err != nil {
		return err
	}
	if verdict != deadline.Applied && verdict != deadline.Already {
		return fmt.Errorf("partition %d: index %s", partition, verdict)
	}
	x.mu.Lock()
	x.marks[partition] = next
	x.mu.Unlock()
	return nil
}
