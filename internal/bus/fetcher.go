package bus

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// plenty is how much a fetch brings where there is nothing to be gained by letting more gather.
const plenty = 64 << 10

// shortWait holds an empty answer back while some partitions are left out of the fetch, so that they are soon in it again.
const shortWait = 5 * time.Millisecond

// fetcher fills the inboxes of the partitions that a member owns: one loop for each broker that leads some of them.
type fetcher struct {
	cluster *cluster
	metrics *metrics
	log     *slog.Logger
	wait    time.Duration
	gather  time.Duration // between two fetches of which the first brought little
	// outOfRange is told of a partition whose position Kafka does not have; it is not fetched any more.
	outOfRange func(*partition)

	mu         sync.Mutex
	partitions map[*partition]struct{}
	expected   int           // partitions that are still being opened
	changed    chan struct{} // closed when the loops must be formed anew
}

// add lets the partition be fetched from p.next on.
func (f *fetcher) add(p *partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.partitions[p] = struct{}{}
	f.expected--
	f.regroupLocked()
}

// skip says that a partition which was expected will not come.
func (f *fetcher) skip() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.expected--
}

func (f *fetcher) remove(p *partition) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.partitions, p)
	f.regroupLocked()
}

func (f *fetcher) regroup() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.regroupLocked()
}

func (f *fetcher) regroupLocked() {
	close(f.changed)
	f.changed = make(chan struct{})
}

// steady is how long a round of loops must last to count as free of trouble.
const steady = 5 * time.Second

// run fetches until ctx ends.
func (f *fetcher) run(ctx context.Context) {
	for failures := 0; ctx.Err() == nil; {
		started := time.Now()
		if f.round(ctx) {
			continue
		}
		if time.Since(started) > steady {
			failures = 0
		}
		failures++
		if sleep(ctx, networkBackoff.after(failures)) {
			_ = f.cluster.refresh(ctx)
		}
	}
}

// round runs one loop for each leader until the loops must be formed anew. It returns false where that is because a leader
// did not do its part.
func (f *fetcher) round(ctx context.Context) bool {
	groups, changed := f.byLeader()
	if len(groups) == 0 {
		select {
		case <-changed:
		case <-ctx.Done():
		}
		return true
	}
	var loops sync.WaitGroup
	errs := make(chan error, len(groups))
	for leader, partitions := range groups {
		loops.Go(func() {
			err := errNoLeader
			if leader != noLeader {
				err = f.loop(ctx, changed, partitions)
			}
			if err != nil && ctx.Err() == nil {
				errs <- err
				f.regroup()
			}
		})
	}
	loops.Wait()
	close(errs)
	ok := true
	for err := range errs {
		ok = false
		f.log.Debug("fetch interrupted", "error", err)
	}
	return ok
}

func (f *fetcher) byLeader() (map[int32][]*partition, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	groups := map[int32][]*partition{}
	for p := range f.partitions {
		leader := f.cluster.leader(p.topicPartition)
		groups[leader] = append(groups[leader], p)
	}
	return groups, f.changed
}

// loop fetches from one broker until changed is closed, ctx ends, or the broker fails.
func (f *fetcher) loop(ctx context.Context, changed <-chan struct{}, partitions []*partition) error {
	room := make(chan struct{}, 1)
	for _, p := range partitions {
		p.inbox.onRoom(room)
	}
	for {
		select {
		case <-changed:
			return nil
		case <-ctx.Done():
			return nil
		default:
		}
		from := make(map[topicPartition]int64, len(partitions))
		for _, p := range partitions {
			if !p.inbox.full() {
				from[p.topicPartition] = p.next
			}
		}
		if len(from) == 0 {
			select {
			case <-room:
			case <-changed:
			case <-ctx.Done():
			}
			continue
		}
		brought, err := f.fetch(ctx, partitions, from)
		if err != nil {
			return err
		}
		if f.gather > 0 && brought > 0 && brought < plenty {
			f.letGather(ctx, changed)
		}
	}
}

// letGather waits before the next fetch, so that it brings more.
func (f *fetcher) letGather(ctx context.Context, changed <-chan struct{}) {
	t := time.NewTimer(f.gather)
	defer t.Stop()
	select {
	case <-t.C:
	case <-changed:
	case <-ctx.Done():
	}
}

// fetch asks for the partitions in from, and returns how many bytes came.
func (f *fetcher) fetch(ctx context.Context, partitions []*partition, from map[topicPartition]int64) (brought int, err error) {
	answers, err := f.cluster.fetch(ctx, from, f.waitFor(len(from) < len(partitions)), maxPartitionBytes)
	if err != nil {
		return 0, err
	}
	for _, p := range partitions {
		answer, ok := answers[p.topicPartition]
		if _, asked := from[p.topicPartition]; !asked || !ok {
			continue
		}
		f.deliver(p, answer)
		brought += answer.bytes
		switch {
		case errors.Is(answer.err, kafka.OffsetOutOfRange):
			f.remove(p)
			f.outOfRange(p)
		case answer.err != nil:
			err = answer.err
		}
	}
	return brought, err
}

func (f *fetcher) deliver(p *partition, answer fetched) {
	if answer.err == nil {
		p.highWater.Store(answer.highWater)
	}
	if answer.end == p.next {
		return
	}
	p.next = answer.end
	records := answer.records
	if p.stamped {
		var void int
		records, void = dropVoid(records)
		f.metrics.voidRecords.Add(float64(void))
	}
	for i := range records {
		records[i].Topic = p.short
	}
	p.inbox.put(records, answer.bytes, answer.end)
}

func (f *fetcher) waitFor(some bool) time.Duration {
	f.mu.Lock()
	defer f.mu.Unlock()
	if some || f.expected > 0 {
		return shortWait
	}
	return f.wait
}
