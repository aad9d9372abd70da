package bus

import (
	"context"
	"fmt"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol/offsetcommit"
)

// commitTimeout bounds one commit, so that a silent coordinator does not hold up a rebalance.
const commitTimeout = 3 * time.Second

// finalCommits is how often the last commit of a generation is tried: without it the next owner repeats work.
const finalCommits = 3

// commitRegularly commits until ctx ends.
func (g *generation) commitRegularly(ctx context.Context) {
	tick := time.NewTicker(g.client.cfg.CommitInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := g.commit(); err != nil {
				g.log.Debug("commit offsets", "error", err) // the next tick tries again
			}
		case <-ctx.Done():
			return
		}
	}
}

// commitFinally commits what was finished while draining. What it cannot commit is read again by the next owner.
func (g *generation) commitFinally() {
	for attempt := 1; ; attempt++ {
		err := g.commit()
		switch {
		case err == nil:
			return
		case attempt == finalCommits || !retriable(err):
			g.log.Warn("commit offsets", "error", err)
			return
		}
		sleep(context.Background(), networkBackoff.after(attempt))
	}
}

// commit tells the coordinator the positions that have moved, as a member of this generation: an old owner's late commit is
// refused. It uses the connections of the process, not that of the heartbeats, where kafka-go spins when two calls wait.
func (g *generation) commit() error {
	moved := map[topicPartition]int64{}
	for _, p := range g.parts {
		if position, news := p.progress.uncommitted(); news {
			moved[p.topicPartition] = position
		}
	}
	if len(moved) == 0 {
		return nil
	}
	if err := g.client.cluster.commit(g.how.group, g.kafka, moved); err != nil {
		return err
	}
	for _, p := range g.parts {
		if position, ok := moved[p.topicPartition]; ok {
			p.progress.told(position)
		}
	}
	return nil
}

func (c *cluster) commit(group string, member *kafka.Generation, offsets map[topicPartition]int64) error {
	const unknownEpoch = -1
	req := &offsetcommit.Request{GroupID: group, GenerationID: member.ID, MemberID: member.MemberID}
	topics := map[string]int{}
	for tp, offset := range offsets {
		i, ok := topics[tp.topic]
		if !ok {
			i = len(req.Topics)
			topics[tp.topic] = i
			req.Topics = append(req.Topics, offsetcommit.RequestTopic{Name: tp.topic})
		}
		req.Topics[i].Partitions = append(req.Topics[i].Partitions,
			offsetcommit.RequestPartition{PartitionIndex: tp.partition, CommittedOffset: offset, CommittedLeaderEpoch: unknownEpoch})
	}
	m, err := c.roundTrip(context.Background(), commitTimeout, req)
	if err != nil {
		return err
	}
	for _, t := range m.(*offsetcommit.Response).Topics {
		for _, p := range t.Partitions {
			if p.ErrorCode != 0 {
				return fmt.Errorf("%s/%d: %w", t.Name, p.PartitionIndex, kafka.Error(p.ErrorCode))
			}
		}
	}
	return nil
}
