package bus

import "time"

// batches hands a partition over as batches, one at a time. What arrives while every slot is taken merges into the next
// batch: without that, a backlog stays one of tiny batches and the cost of a record never falls.
func (g *generation) batches(p *partition) {
	for p.inbox.await(g.life.owned) {
		if !g.slots.acquire(g.life.owned) {
			return
		}
		ok := g.batch(p)
		g.slots.release()
		if !ok {
			return
		}
	}
}

func (g *generation) batch(p *partition) bool {
	records, end := p.inbox.take(g.how.maxRecords, g.how.maxBytes)
	var at time.Time
	if len(records) > 0 {
		at = records[0].Time
	}
	w := p.progress.begin(g.life.owned, end, at)
	if w == nil {
		return false
	}
	if len(records) > 0 && !g.how.deliver(g.life, &delivery{batch: Batch{Topic: p.short, Partition: p.partition, Records: records}}) {
		w.drop()
		return false
	}
	w.finish()
	return true
}
