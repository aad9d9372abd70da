package bus

import (
	"sync"
	"time"
)

// laneRecords is how much a partition's goroutine takes from its inbox at once.
const laneRecords = 256

// laneKey is what keeps its order: the records of one key of one topic. A record that comes out of a retry tier counts as
// one of the topic it came from.
type laneKey struct{ topic, key string }

// lanes runs the records of different keys side by side and those of one key one after the other. A lane lives as long as
// its key has something to do.
type lanes struct {
	generation *generation

	mu      sync.Mutex
	waiting map[laneKey][]lanework // of the keys that are under way
	running sync.WaitGroup
}

type lanework struct {
	delivery *delivery
	work     *work
}

func newLanes(g *generation) *lanes {
	return &lanes{generation: g, waiting: map[laneKey][]lanework{}}
}

// records hands a partition over record by record.
func (l *lanes) records(p *partition) {
	owned := l.generation.life.owned
	for p.inbox.await(owned) {
		records, end := p.inbox.take(laneRecords, defaultBatchBytes)
		for i := range records {
			if !l.record(p, &records[i]) {
				return
			}
		}
		if n := len(records); n > 0 && records[n-1].Offset+1 == end {
			continue
		}
		if w := p.progress.begin(owned, end, time.Time{}); w != nil { // moves the position over void records
			w.finish()
		}
	}
}

// record puts one record into its lane, as soon as it is due; false when the partition was revoked first.
func (l *lanes) record(p *partition, r *Record) bool {
	owned := l.generation.life.owned
	w := p.progress.begin(owned, r.Offset+1, r.Time)
	if w == nil {
		return false
	}
	d := &delivery{record: r}
	if p.tier != nil {
		mine, due := unwrap(l.generation.how.name, d)
		if !mine {
			w.finish()
			return true
		}
		// A tier is first in, first out with one delay: what stands behind is not due either.
		if wait := time.Until(due); wait > 0 && !sleep(owned, wait) {
			w.drop()
			return false
		}
	}
	return l.add(lanework{d, w})
}

func (l *lanes) add(item lanework) bool {
	r := item.delivery.record
	if r.Key == "" { // nothing to be in order with
		return l.start(laneKey{}, item)
	}
	k := laneKey{r.Topic, r.Key}
	l.mu.Lock()
	if queue, busy := l.waiting[k]; busy {
		l.waiting[k] = append(queue, item)
		l.mu.Unlock()
		return true
	}
	l.waiting[k] = nil
	l.mu.Unlock()
	return l.start(k, item)
}

// start opens a lane as soon as there is a slot.
func (l *lanes) start(k laneKey, item lanework) bool {
	if !l.generation.slots.acquire(l.generation.life.owned) {
		item.work.drop()
		l.abandon(k)
		return false
	}
	l.running.Go(func() {
		defer l.generation.slots.release()
		for ok := true; ok; item, ok = l.next(k) {
			l.handle(item)
		}
	})
	return true
}

func (l *lanes) handle(item lanework) {
	g := l.generation
	if g.life.owned.Err() == nil && g.how.deliver(g.life, item.delivery) {
		item.work.finish()
		return
	}
	item.work.drop()
}

// next takes the lane's next record, or closes the lane.
func (l *lanes) next(k laneKey) (lanework, bool) {
	if k == (laneKey{}) {
		return lanework{}, false
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	queue := l.waiting[k]
	if len(queue) == 0 {
		delete(l.waiting, k)
		return lanework{}, false
	}
	l.waiting[k] = queue[1:]
	return queue[0], true
}

// abandon drops what gathered behind a lane that never opened.
func (l *lanes) abandon(k laneKey) {
	for item, ok := l.next(k); ok; item, ok = l.next(k) {
		item.work.drop()
	}
}
