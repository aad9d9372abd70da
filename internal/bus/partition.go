package bus

import (
	"strconv"
	"sync/atomic"
	"time"
)

// partition is one partition that a member owns during one generation of its group.
type partition struct {
	topicPartition
	// short is the topic's short name.
	short string
	// tier is set where the topic is a retry tier.
	tier *Tier
	// stamped: void records are dropped.
	stamped bool

	inbox    *inbox
	progress *progress
	// next is the offset to fetch; the fetch loop's own.
	next      int64
	highWater atomic.Int64
	// committed is the group's offset at the assignment; negative where it has none.
	committed int64
}

// lag returns how many records lie before the end, and when the oldest that is held was written.
func (p *partition) lag() (behind int64, oldest time.Time) {
	oldest = p.progress.oldest()
	if r := p.inbox.oldest(); oldest.IsZero() && r != nil {
		oldest = r.Time
	}
	position, _ := p.progress.uncommitted()
	return max(p.highWater.Load()-position, 0), oldest
}

func (p *partition) labels() []string { return []string{p.short, strconv.Itoa(int(p.partition))} }
