package bus

import (
	"context"
	"sync"
	"time"
)

// progress knows which records of one partition are finished. Its position is the only thing that is ever committed, and
// it never passes an unfinished record.
type progress struct {
	freed chan struct{} // holds one token after the position has moved

	mu        sync.Mutex
	position  int64   // everything below it is finished
	committed int64   // what Kafka was last told
	open      []*work // in the order of their offsets; the first is unfinished
	limit     int
	running   sync.WaitGroup
}

// work is a stretch of a partition that is handed over: one record, or one batch.
type work struct {
	progress *progress
	end      int64
	at       time.Time // of its first record; zero where there is none
	finished bool
}

// newProgress lets so many stretches be open at once.
func newProgress(limit int) *progress {
	return &progress{freed: make(chan struct{}, 1), limit: limit}
}

// start sets where the partition goes on. That is no news for Kafka: only what is finished from here on is committed.
func (p *progress) start(position int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.position, p.committed = position, position
}

// begin opens the stretch up to end, behind all others, as soon as the limit allows; it returns nil when ctx ends. Every
// stretch must be finished or dropped.
func (p *progress) begin(ctx context.Context, end int64, at time.Time) *work {
	for {
		p.mu.Lock()
		if len(p.open) < p.limit {
			w := &work{progress: p, end: end, at: at}
			p.open = append(p.open, w)
			p.running.Add(1)
			p.mu.Unlock()
			return w
		}
		p.mu.Unlock()
		select {
		case <-p.freed:
		case <-ctx.Done():
			return nil
		}
	}
}

// finish marks the stretch as done and moves the position over every finished one at the front.
func (w *work) finish() {
	p := w.progress
	p.mu.Lock()
	w.finished = true
	n := 0
	for n < len(p.open) && p.open[n].finished {
		p.position = p.open[n].end
		p.open[n] = nil
		n++
	}
	p.open = p.open[n:]
	p.mu.Unlock()
	if n > 0 {
		notify(p.freed)
	}
	p.running.Done()
}

// drop gives the stretch up: the position stays before it, and whoever reads the partition next gets it again.
func (w *work) drop() { w.progress.running.Done() }

// drain waits until every stretch is finished or dropped. Nothing may begin any more.
func (p *progress) drain() { p.running.Wait() }

// uncommitted returns the position, and whether Kafka has yet to be told.
func (p *progress) uncommitted() (position int64, news bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.position, p.position != p.committed
}

func (p *progress) told(position int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.committed = position
}

// oldest returns the time of the first unfinished record, or zero.
func (p *progress) oldest() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.open) == 0 {
		return time.Time{}
	}
	return p.open[0].at
}
