package bus

import (
	"sync"
	"time"
)

// brokerClock knows what the brokers' answers tell of this machine's clock: where a topic is dated by its brokers
// (message.timestamp.type LogAppendTime), the answer to a record says when it was written.
type brokerClock struct {
	mu    sync.Mutex
	ahead time.Duration
	known bool
}

// note takes in one answer: theirs lies between sent and got, unless the clocks differ.
func (c *brokerClock) note(sent, got, theirs time.Time) {
	const fineness = time.Millisecond // theirs is cut off to it
	var ahead time.Duration
	switch {
	case theirs.Add(fineness).Before(sent):
		ahead = sent.Sub(theirs.Add(fineness))
	case theirs.After(got):
		ahead = got.Sub(theirs)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ahead, c.known = ahead, true
}

// ClockAhead returns how far this machine's clock is ahead of that of the broker which dated a record last, at the least; negative is behind.
// It is zero while the clocks may agree, and not known before the first such record.
func (c *Client) ClockAhead() (ahead time.Duration, known bool) {
	c.cluster.clock.mu.Lock()
	defer c.cluster.clock.mu.Unlock()
	return c.cluster.clock.ahead, c.cluster.clock.known
}
