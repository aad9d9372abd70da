package bus

import (
	"context"

	"github.com/ThreeDotsLabs/watermill/message"

	"permithub/internal/fault"
)

// lifetime is how long the work of one generation may go on.
type lifetime struct {
	// owned ends when the partitions are revoked or the member is told to stop: nothing new is handed over.
	owned context.Context
	// work ends some time after owned: handlers are told to give up.
	work context.Context
	// patience ends some time after the member was told to stop: handlers that still run are left behind. A mere
	// revocation waits for them, so that two owners never work at once in a member that is alive.
	patience context.Context
}

// deliver hands d over until it is acknowledged. It returns false when the partition was revoked first.
func (c *consumption) deliver(l lifetime, d *delivery) bool {
	for d.attempt = 1; ; d.attempt++ {
		p, ok := c.gate.enter(l.owned)
		if !ok {
			return false
		}
		d.failure = nil
		acknowledged, answered := c.handOver(l, d)
		if !answered || fault.ClassOf(d.failure) == fault.Stopped {
			p.unanswered()
		} else {
			p.answered(d.failure)
		}
		switch {
		case acknowledged:
			return true
		case l.owned.Err() != nil:
			return false
		case fault.ClassOf(d.failure) == fault.Unavailable:
			continue // the gate makes it wait
		}
		if !sleep(l.owned, c.pause.after(d.attempt)) {
			return false
		}
	}
}

// handOver gives one message to the router and waits for its verdict. The message's context ends with the verdict.
func (c *consumption) handOver(l lifetime, d *delivery) (acknowledged, answered bool) {
	ctx, cancel := context.WithCancel(context.WithValue(l.work, deliveryKey{}, d))
	defer cancel()
	var m *message.Message
	if d.record != nil {
		m = toMessage(d.record)
	} else {
		m = message.NewMessage("", nil)
	}
	m.SetContext(ctx)
	select {
	case c.out <- m:
	case <-l.owned.Done():
		return false, false
	}
	select {
	case <-m.Acked():
		return true, true
	case <-m.Nacked():
		return false, true
	case <-l.patience.Done():
		c.log.Error("handler left behind: it did not stop in time", "topic", d.topic(), "partition", d.partition())
		return false, false
	}
}

func (d *delivery) topic() string {
	if d.record != nil {
		return d.record.Topic
	}
	return d.batch.Topic
}

func (d *delivery) partition() int32 {
	if d.record != nil {
		return d.record.Partition
	}
	return d.batch.Partition
}
