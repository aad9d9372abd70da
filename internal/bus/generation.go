package bus

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/segmentio/kafka-go"

	"permithub/internal/fault"
)

// openingAtOnce bounds how many partitions ask Kafka for their bounds at once.
const openingAtOnce = 8

// generation is the work of one member between two rebalances.
type generation struct {
	client  *Client
	how     *consumption
	kafka   *kafka.Generation // heartbeats are its business
	log     *slog.Logger
	life    lifetime
	slots   slots
	opening slots
	fetcher *fetcher
	lanes   *lanes
	parts   []*partition
}

func newGeneration(c *Client, how *consumption, kg *kafka.Generation) *generation {
	g := &generation{client: c, how: how, kafka: kg, log: how.log.With("group", how.group, "generation", kg.ID),
		slots: make(slots, how.concurrency), opening: make(slots, openingAtOnce)}
	limit := laneWindow
	if how.batch {
		limit = 1
	}
	for topic, assigned := range kg.Assignments {
		for _, a := range assigned {
			tier := how.tiers[topic]
			g.parts = append(g.parts, &partition{topicPartition: topicPartition{topic, int32(a.ID)}, short: c.shortName(topic),
				tier: tier, stamped: how.stamped && tier == nil, inbox: newInbox(), progress: newProgress(limit), committed: a.Offset})
		}
	}
	g.fetcher = &fetcher{cluster: c.cluster, metrics: c.metrics, log: g.log, wait: c.cfg.FetchWait, gather: how.gather, outOfRange: g.lost,
		partitions: map[*partition]struct{}{}, expected: len(g.parts), changed: make(chan struct{})}
	g.lanes = newLanes(g)
	return g
}

// run opens the partitions, works until owned ends, finishes what is in hand and commits it.
func (g *generation) run(owned, patience context.Context) {
	g.log.Info("partitions assigned", "partitions", len(g.parts))
	work, giveUp := context.WithCancel(context.WithoutCancel(owned))
	g.life = lifetime{owned: owned, work: work, patience: patience}
	stopDraining := context.AfterFunc(owned, func() {
		sleep(work, g.how.drain)
		giveUp()
	})

	var parts, services sync.WaitGroup
	var opened sync.WaitGroup
	opened.Add(len(g.parts))
	for _, p := range g.parts {
		parts.Go(func() { g.partition(p, sync.OnceFunc(opened.Done)) })
	}
	services.Go(func() {
		if opened.Wait(); owned.Err() == nil {
			g.how.onOpen()
		}
	})
	services.Go(func() { g.fetcher.run(owned) })
	committing, stopCommitting := context.WithCancel(context.WithoutCancel(owned))
	services.Go(func() { g.commitRegularly(committing) })

	<-owned.Done()
	parts.Wait()
	g.lanes.running.Wait()
	stopCommitting()
	stopDraining()
	giveUp()
	services.Wait()
	g.commitFinally()
	for _, p := range g.parts {
		g.client.metrics.stopped.DeleteLabelValues(p.labels()...)
	}
	g.log.Info("partitions released")
}

// partition works on one partition until it is revoked and drained.
func (g *generation) partition(p *partition, opened func()) {
	defer opened()
	g.client.metrics.stopped.WithLabelValues(p.labels()...) // zero is visible; another step may have set it
	if err := g.open(p); err != nil {
		g.fetcher.skip()
		if g.life.owned.Err() == nil {
			g.stopped(p, err)
		}
		return
	}
	opened()
	defer g.how.watch(p)()
	g.fetcher.add(p)
	if g.how.batch {
		g.batches(p)
	} else {
		g.lanes.records(p)
	}
	p.progress.drain()
	if g.how.revoked != nil && p.tier == nil {
		g.how.revoked(p.partition)
	}
}

// open finds out where the partition goes on. An error means that it must not be read, or that it was revoked first.
func (g *generation) open(p *partition) error {
	position, err := g.resume(p)
	if err == nil {
		position, err = g.check(p, position)
	}
	if err != nil {
		return err
	}
	p.next = position
	p.progress.start(position)
	return nil
}

// resume asks the step, where it keeps the position itself, and waits out what stands in its way.
func (g *generation) resume(p *partition) (int64, error) {
	if g.how.assigned == nil || p.tier != nil {
		return p.committed, nil
	}
	for failures := 1; ; failures++ {
		position, err := g.assigned(p)
		if err == nil && position < 0 {
			position = p.committed
		}
		if err == nil || fault.ClassOf(err) == fault.Permanent || g.life.owned.Err() != nil {
			return position, err
		}
		g.log.Warn("take over partition", "topic", p.short, "partition", p.partition, "code", fault.CodeOf(err), "error", err)
		if !sleep(g.life.owned, redelivery.after(failures)) {
			return 0, g.life.owned.Err()
		}
	}
}

func (g *generation) assigned(p *partition) (position int64, err error) {
	defer recoverInto(g.log, &err)
	return g.how.assigned(g.life.owned, p.partition)
}

// check compares the position with what the partition holds. A step that never committed starts at the oldest record.
func (g *generation) check(p *partition, position int64) (int64, error) {
	if !g.opening.acquire(g.life.owned) {
		return 0, g.life.owned.Err()
	}
	defer g.opening.release()
	bounds, err := g.client.partitionOffsets(g.life.owned, p.topicPartition)
	switch {
	case err != nil:
		return 0, err
	case position < 0:
		return bounds.First, nil
	case position < bounds.First || position > bounds.Next:
		return 0, fmt.Errorf("%w: %d is not within %d and %d", ErrOutOfRange, position, bounds.First, bounds.Next)
	}
	p.highWater.Store(bounds.Next)
	return position, nil
}

// lost is told by the fetcher that the records went away while the partition was owned.
func (g *generation) lost(p *partition) {
	g.stopped(p, fmt.Errorf("%w: %d", ErrOutOfRange, p.next))
}

// stopped raises the alarm for a partition that stays unread for this generation; the others go on.
func (g *generation) stopped(p *partition, err error) {
	g.client.metrics.stopped.WithLabelValues(p.labels()...).Set(1)
	g.log.Error("partition stopped", "topic", p.short, "partition", p.partition, "error", err)
}
