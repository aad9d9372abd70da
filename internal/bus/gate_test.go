package bus

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"permithub/internal/fault"
)

var errDown = fault.Outage("registration", errors.New("no answer"))

func TestGateLetsOneTryAfterEachPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var paused atomic.Bool
		g := newGate(testLog(), paused.Store)
		p, _ := g.enter(t.Context())
		straggler, _ := g.enter(t.Context())
		p.answered(errDown)
		if !paused.Load() {
			t.Error("not paused")
		}
		straggler.answered(errDown) // was under way; does not prolong the pause

		entered := make(chan pass, 9)
		for range 5 {
			go func() {
				if p, ok := g.enter(t.Context()); ok {
					entered <- p
				}
			}()
		}
		synctest.Wait()
		if len(entered) != 0 {
			t.Error("let through while paused")
		}
		var pauses []time.Duration
		for range 9 { // the pause grows up to its limit
			begun := time.Now()
			try := <-entered
			synctest.Wait()
			if len(entered) != 0 {
				t.Error("let more than one try")
			}
			pauses = append(pauses, time.Since(begun))
			try.answered(errDown)
			go func() {
				if p, ok := g.enter(t.Context()); ok {
					entered <- p
				}
			}()
		}
		if first, last := pauses[0], pauses[len(pauses)-1]; first > gateBackoff.min || last < gateBackoff.max*3/4 || last > gateBackoff.max {
			t.Errorf("pauses: %v", pauses)
		}
		(<-entered).answered(nil)
		synctest.Wait()
		if len(entered) != 4 || !paused.Load() {
			t.Errorf("after an answer: %d of 4 through, paused %v", len(entered), paused.Load())
		}
		time.Sleep(gateSettled)
		synctest.Wait()
		if paused.Load() {
			t.Error("still paused")
		}
	})
}

// A record that never asked the far side opens the gate and proves nothing: the pauses go on growing, and nobody is told of a change.
func TestGateKeepsCountingUntilItHasSettled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var changes atomic.Int32
		g := newGate(testLog(), func(bool) { changes.Add(1) })
		answer := func(err error) time.Duration {
			begun := time.Now()
			p, _ := g.enter(t.Context())
			p.answered(err)
			return time.Since(begun)
		}
		answer(errDown)
		var waited time.Duration
		for range 9 {
			waited = answer(nil)
			answer(errDown)
		}
		if waited < gateBackoff.max*3/4 || changes.Load() != 1 {
			t.Errorf("the last pause was %s, %d changes shown", waited, changes.Load())
		}
		answer(nil)
		time.Sleep(gateSettled)
		synctest.Wait()
		if answer(errDown); changes.Load() != 3 {
			t.Errorf("%d changes shown, want paused, resumed, paused", changes.Load())
		}
		if waited := answer(nil); waited > gateBackoff.min {
			t.Errorf("after it had settled the first pause is %s", waited)
		}
	})
}

// A try that was cut off by a revocation proves nothing; the next one may try.
func TestGateAfterATryWithoutAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := newGate(testLog(), func(bool) {})
		p, _ := g.enter(t.Context())
		p.answered(errDown)
		try, _ := g.enter(t.Context())
		try.unanswered()
		if next, ok := g.enter(t.Context()); !ok || !next.try {
			t.Error("nobody may try")
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, ok := g.enter(ctx); ok {
			t.Error("entered after its context ended")
		}
	})
}
