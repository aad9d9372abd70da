package bus

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"permithub/internal/fault"
)

// gateBackoff is the pause of a step whose far side is unavailable.
var gateBackoff = backoff{min: 100 * time.Millisecond, max: 5 * time.Second}

// gateSettled is how long nothing may fail until a step counts as resumed. Records that never ask the far side are answered too: one of
// them opens the gate, but proves nothing.
const gateSettled = 5 * time.Second

// gate pauses a step while its far side is unavailable. After each pause it lets one record through to try.
type gate struct {
	log    *slog.Logger
	paused func(bool) // for the gauge

	mu       sync.Mutex
	failures int  // since it last counted as resumed
	closed   bool // until a try is answered
	until    time.Time
	trying   bool
	settling *time.Timer   // runs while it is open after failures
	changed  chan struct{} // closed at every change
}

func newGate(log *slog.Logger, paused func(bool)) *gate {
	return &gate{log: log, paused: paused, changed: make(chan struct{})}
}

// pass is the permission to hand one record or batch over. It must be returned.
type pass struct {
	gate *gate
	try  bool // the one that tries after a pause
}

// enter waits while the step is paused; ok is false when ctx ends first.
func (g *gate) enter(ctx context.Context) (p pass, ok bool) {
	for {
		g.mu.Lock()
		wait := time.Until(g.until)
		switch {
		case !g.closed:
			g.mu.Unlock()
			return pass{gate: g}, true
		case wait <= 0 && !g.trying:
			g.trying = true
			g.mu.Unlock()
			return pass{g, true}, true
		case g.trying:
			wait = time.Hour // until the one that tries is back
		}
		changed := g.changed
		g.mu.Unlock()
		if !waitFor(ctx, changed, wait) {
			return pass{}, false
		}
	}
}

func waitFor(ctx context.Context, changed <-chan struct{}, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-changed:
	case <-t.C:
	case <-ctx.Done():
	}
	return ctx.Err() == nil
}

// unanswered returns a pass that proved nothing.
func (p pass) unanswered() {
	p.gate.mu.Lock()
	defer p.gate.mu.Unlock()
	if p.try {
		p.gate.trying = false
		p.gate.changeLocked()
	}
}

// answered returns a pass after the handler came back with err, nil included.
func (p pass) answered(err error) {
	g := p.gate
	g.mu.Lock()
	defer g.mu.Unlock()
	if p.try {
		g.trying = false
	}
	switch unavailable := fault.ClassOf(err) == fault.Unavailable; {
	case unavailable && (p.try || !g.closed): // those that were under way when the pause began do not prolong it
		g.closed = true
		g.failures++
		g.until = time.Now().Add(gateBackoff.after(g.failures))
		if g.settling != nil {
			g.settling.Stop()
		}
		if g.failures == 1 {
			g.paused(true)
			g.log.Warn("step paused", "code", fault.CodeOf(err), "error", err)
		}
	case !unavailable && g.closed:
		g.closed = false
		failures := g.failures
		g.settling = time.AfterFunc(gateSettled, func() { g.settled(failures) })
	default:
		if !p.try {
			return
		}
	}
	g.changeLocked()
}

// settled ends a pause for good, unless something failed again meanwhile.
func (g *gate) settled(failures int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.failures != failures {
		return
	}
	g.failures = 0
	g.paused(false)
	g.log.Info("step resumed")
}

func (g *gate) changeLocked() {
	close(g.changed)
	g.changed = make(chan struct{})
}
