package bus

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

// maxRecordBytes is the largest record that is offered to Kafka: a broker's default limit is 1 MiB for a batch.
const maxRecordBytes = 1_000_000

// maxBatchRecords bounds what waits for one acknowledgement.
const maxBatchRecords = 5_000

var errClosed = errors.New("bus is closed")

// producer is the one writer of a process. Callers put submissions into its inbox; one goroutine owns everything else and
// keeps at most one request under way to each broker, so that the records of a partition keep their order.
type producer struct {
	cluster  *cluster
	timeout  time.Duration
	metrics  *metrics
	sessions sessions

	wake chan struct{}   // a submission came or closing began; holds one token
	quit context.Context // ends the requests under way; its cancel is the last resort of close
	stop context.CancelFunc
	done chan struct{} // closed when run has returned

	mu      sync.Mutex
	inbox   []*submission
	started bool
	closed  bool
}

// submission is one call of Produce. The run goroutine settles it.
type submission struct {
	// ctx is the caller's: a record whose caller has gone is not sent any more.
	ctx       context.Context
	deadline  time.Time
	records   []*schemas.Record
	targets   []topicPartition
	remaining int
	err       error
	done      chan struct{}
}

func newProducer(c *cluster, timeout time.Duration, m *metrics) *producer {
	quit, stop := context.WithCancel(context.Background())
	return &producer{cluster: c, timeout: timeout, metrics: m, sessions: sessions{cluster: c},
		wake: make(chan struct{}, 1), quit: quit, stop: stop, done: make(chan struct{})}
}

// produce writes the records, whose topics are full names, and waits for their acknowledgement.
func (p *producer) produce(ctx context.Context, records []*schemas.Record) error {
	start := time.Now()
	targets, err := p.route(ctx, records)
	if err != nil {
		return err
	}
	s := &submission{ctx: ctx, deadline: start.Add(p.timeout), records: records, targets: targets, remaining: len(records), done: make(chan struct{})}
	if err := p.submit(s); err != nil {
		return err
	}
	select {
	case <-s.done:
		p.metrics.produceSeconds.Observe(time.Since(start).Seconds())
		return s.err
	case <-ctx.Done():
		return unavailable(ctx.Err())
	}
}

// route chooses the partition of every record: by its key, or any where it has none.
func (p *producer) route(ctx context.Context, records []*schemas.Record) ([]topicPartition, error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	targets := make([]topicPartition, len(records))
	var leaders []int32
	for i, r := range records {
		if size := recordSize(r); size > maxRecordBytes {
			return nil, fault.Rejectf("record-too-large", "record of %d bytes for %s", size, r.Topic)
		}
		if i == 0 || r.Topic != records[i-1].Topic {
			var err error
			if leaders, err = p.cluster.awaitPartitions(ctx, r.Topic); err != nil {
				return nil, unavailable(err)
			}
		}
		targets[i] = topicPartition{r.Topic, rand.Int32N(int32(len(leaders)))}
		if r.Key != "" {
			targets[i].partition = PartitionOf(r.Key, len(leaders))
		}
	}
	return targets, nil
}

func (p *producer) submit(s *submission) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return errClosed
	}
	if !p.started { // the first record starts the goroutine: a client that only reads has none
		p.started = true
		go p.run(p.quit)
	}
	p.inbox = append(p.inbox, s)
	p.signal()
	return nil
}

func (p *producer) signal() {
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// close sends what waits and ends the goroutine; when ctx ends first, what waits is given up.
func (p *producer) close(ctx context.Context) error {
	p.mu.Lock()
	started := p.started
	p.closed = true
	p.signal()
	p.mu.Unlock()
	defer p.stop()
	if !started {
		return nil
	}
	select {
	case <-p.done:
		return nil
	case <-ctx.Done():
		p.stop()
		p.signal()
		<-p.done
		return unavailable(ctx.Err())
	}
}

// take empties the inbox and reports whether more may come.
func (p *producer) take() (submissions []*submission, open bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	submissions, p.inbox = p.inbox, nil
	return submissions, !p.closed
}

// run owns the queues. It ends when the producer is closed and everything has been settled.
func (p *producer) run(ctx context.Context) {
	defer close(p.done)
	d := newDispatcher(p)
	retry := time.NewTimer(time.Hour)
	defer retry.Stop()
	for {
		submissions, open := p.take()
		d.enqueue(submissions)
		next := d.dispatch(ctx, time.Now())
		if !open && d.idle() {
			return
		}
		retry.Reset(next)
		select {
		case <-p.wake:
		case <-retry.C:
		case a := <-d.returned:
			d.settle(ctx, a)
		}
	}
}
