package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/ThreeDotsLabs/watermill/message"
	"github.com/prometheus/client_golang/prometheus"
)

// watchdog times a step's handler calls and reports those that hang: Kafka keeps no watch on a member that is alive but
// does not get on.
type watchdog struct {
	limit   time.Duration
	log     *slog.Logger
	seconds prometheus.Observer
	hung    prometheus.Gauge

	mu    sync.Mutex
	calls map[*delivery]*call
}

type call struct {
	started  time.Time
	reported bool
}

func newWatchdog(limit time.Duration, log *slog.Logger, seconds prometheus.Observer, hung prometheus.Gauge) *watchdog {
	return &watchdog{limit: limit, log: log, seconds: seconds, hung: hung, calls: map[*delivery]*call{}}
}

func (w *watchdog) middleware(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		d, c := deliveryOf(m), &call{started: time.Now()}
		w.mu.Lock()
		w.calls[d] = c
		w.mu.Unlock()
		defer func() {
			w.seconds.Observe(time.Since(c.started).Seconds())
			w.mu.Lock()
			delete(w.calls, d)
			w.mu.Unlock()
		}()
		return next(m)
	}
}

// run looks at the calls until ctx ends.
func (w *watchdog) run(ctx context.Context) {
	tick := time.NewTicker(max(w.limit/10, time.Millisecond))
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			w.look(now)
		case <-ctx.Done():
			return
		}
	}
}

func (w *watchdog) look(now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	hung := 0
	for d, c := range w.calls {
		if now.Sub(c.started) < w.limit {
			continue
		}
		hung++
		if !c.reported {
			c.reported = true
			w.log.Error("handler hangs", "topic", d.topic(), "partition", d.partition(), "offset", d.offset(), "since", c.started)
		}
	}
	w.hung.Set(float64(hung))
}

// underway returns how many calls still run.
func (w *watchdog) underway() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.calls)
}

func (d *delivery) offset() int64 {
	if d.record != nil {
		return d.record.Offset
	}
	return d.batch.Records[0].Offset
}
