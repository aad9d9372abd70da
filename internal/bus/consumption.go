package bus

import (
	"context"
	"log/slog"
	"runtime"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
)

// consumption is how one step, or one Watermill subscriber, reads: what [Step] and [SubscriberConfig] come down to.
type consumption struct {
	// name stands in logs and metrics.
	name string
	// group and topics are full names.
	group   string
	topics  []string
	tiers   map[string]*Tier // by full name; these are among topics
	stamped bool
	batch   bool
	// concurrency bounds the handler calls under way.
	concurrency int
	maxRecords  int // of one batch
	maxBytes    int
	gather      time.Duration // between two fetches of which the first brought little
	pause       backoff       // before a record is handed over again
	assigned    func(ctx context.Context, partition int32) (int64, error)
	revoked     func(partition int32)
	onOpen      func() // each time all partitions of a generation are open
	gate        *gate
	log         *slog.Logger
	watch       func(*partition) (stop func()) // for the lag
	out         chan<- *message.Message
	// ahead is closed once another step, which goes first, is open; nil where none does.
	ahead <-chan struct{}
	// drain is how long work may go on without its partition, and how long a handler may take to stop after that.
	drain time.Duration
}

// Bounds where a step sets none.
const (
	defaultLanes        = 128
	defaultBatchRecords = 2_000
	defaultBatchBytes   = 4 << 20
	// laneWindow is how far the fastest key may run ahead of the slowest in one partition.
	laneWindow = 1_024
)

// headStart is how long the others wait, at most, for the step that goes first.
const headStart = 100 * time.Millisecond

// giveWay lets the step that goes first join its group before this one asks the coordinator for anything.
func (c *consumption) giveWay(ctx context.Context) {
	if c.ahead == nil {
		return
	}
	t := time.NewTimer(headStart)
	defer t.Stop()
	select {
	case <-c.ahead:
	case <-t.C:
	case <-ctx.Done():
	}
}

// defaultBatches is how many batches are handled at once: what waits meanwhile merges into larger ones.
func defaultBatches() int { return 2 * runtime.GOMAXPROCS(0) }

// redelivery is the pause before the same record is handed over again, unless the step says otherwise.
var redelivery = backoff{min: 100 * time.Millisecond, max: 5 * time.Second}

// Batch is what a batch step is given at once: records of one partition, in order.
type Batch struct {
	Topic     string // short name
	Partition int32
	Records   []Record
}

// delivery travels in a message's context from the lane that hands it over to the handler, and back.
type delivery struct {
	batch  Batch
	record *Record // nil for a batch
	// retried is set for a record that comes out of a retry tier.
	retried *retried
	// attempt counts the times this process has handed it over, from 1.
	attempt int
	// failure is why the handler refused it; set before the refusal is signalled.
	failure error
}

type deliveryKey struct{}

func deliveryOf(m *message.Message) *delivery {
	d, _ := m.Context().Value(deliveryKey{}).(*delivery)
	return d
}

// BatchOf returns the batch that a message of a batch subscriber carries.
func BatchOf(m *message.Message) (Batch, bool) {
	d := deliveryOf(m)
	if d == nil || d.record != nil {
		return Batch{}, false
	}
	return d.batch, true
}
