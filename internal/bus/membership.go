package bus

import (
	"context"
	"errors"
	"time"

	"github.com/segmentio/kafka-go"
)

// joinBackoff is the pause after the group refused this member; kafka-go's default of 5 s is a long stop.
const joinBackoff = 500 * time.Millisecond

// coordinatorTimeout bounds one exchange with the group's coordinator.
const coordinatorTimeout = 5 * time.Second

// membership is one member of a consumer group, from joining to leaving.
type membership struct {
	client *Client
	how    *consumption
}

// run takes part in the group until ctx ends, then finishes the work in hand, commits and leaves.
func (m *membership) run(ctx context.Context) error {
	cfg := m.client.cfg
	group, err := kafka.NewConsumerGroup(kafka.ConsumerGroupConfig{
		ID: m.how.group, Topics: m.how.topics, Brokers: cfg.Brokers, Dialer: m.client.connector.newDialer(),
		GroupBalancers:    []kafka.GroupBalancer{kafka.RoundRobinGroupBalancer{}},
		HeartbeatInterval: cfg.HeartbeatInterval, SessionTimeout: cfg.SessionTimeout, RebalanceTimeout: cfg.RebalanceTimeout,
		JoinGroupBackoff: joinBackoff, Timeout: coordinatorTimeout, StartOffset: kafka.FirstOffset,
	})
	if err != nil {
		return err
	}
	// Close first, drain meanwhile: told the other way round, the member would join once more before it leaves.
	left := make(chan struct{})
	context.AfterFunc(ctx, func() {
		defer close(left)
		_ = group.Close() // waits for the generation; never fails
	})
	patience, cancel := m.patience(ctx)
	defer cancel()
	for ctx.Err() == nil {
		m.generation(ctx, patience, group)
	}
	return m.leave(left)
}

// patience returns a context that ends when handlers have had their time after ctx ended.
func (m *membership) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	patience, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(ctx, func() {
		sleep(patience, 2*m.how.drain)
		cancel()
	})
	return patience, func() { stop(); cancel() }
}

// generation waits for the next generation of the group and works in it until it ends.
func (m *membership) generation(ctx, patience context.Context, group *kafka.ConsumerGroup) {
	kg, err := group.Next(ctx)
	if err != nil {
		if ctx.Err() == nil && !errors.Is(err, kafka.RebalanceInProgress) {
			m.how.log.Warn("join group", "group", m.how.group, "error", err)
		}
		return
	}
	done := make(chan struct{})
	// The group's next generation waits until this function returns, so that the hand-over is clean.
	kg.Start(func(revoked context.Context) {
		defer close(done)
		owned, cancel := context.WithCancel(ctx)
		defer cancel()
		stop := context.AfterFunc(revoked, cancel)
		defer stop()
		newGeneration(m.client, m.how, kg).run(owned, patience)
	})
	<-done
}

// leave waits until kafka-go has told the coordinator, but no longer than its exchanges may take.
func (m *membership) leave(left <-chan struct{}) error {
	limit := m.client.cfg.RebalanceTimeout + 2*coordinatorTimeout
	t := time.NewTimer(limit)
	defer t.Stop()
	select {
	case <-left:
		return nil
	case <-t.C:
		return errors.New("leave group: coordinator does not answer")
	}
}
