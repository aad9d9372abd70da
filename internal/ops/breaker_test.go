package ops

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/fault"
)

func TestBreaker(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		systems := NewSystems(prometheus.NewRegistry())
		b := systems.Breaker("epermit", BreakerConfig{Failures: 3, Pause: time.Minute})
		gauge := systems.open.WithLabelValues("epermit")
		calls := 0
		call := func(answer error) error {
			return b.Do(t.Context(), func() error { calls++; return answer })
		}
		down := fault.Outage("http_503", nil)
		for _, answer := range []error{down, down, fault.Reject("no", nil), fault.Unknown("timeout", nil), context.Canceled, down, fault.Unknown("timeout", nil), down} {
			if got := call(answer); !errors.Is(got, answer) {
				t.Errorf("got %v, want %v as it was", got, answer)
			}
		}
		if err := b.Ready(t.Context()); err != nil || testutil.ToFloat64(gauge) != 0 {
			t.Errorf("open after two failures in a row: %v", err)
		}
		_ = call(down)
		if calls != 9 || testutil.ToFloat64(gauge) != 1 || b.Ready(t.Context()) == nil {
			t.Fatalf("not open after three failures in a row: %d calls", calls)
		}
		err := call(nil)
		if calls != 9 || fault.ClassOf(err) != fault.Unavailable || fault.CodeOf(err) != "epermit" {
			t.Errorf("while open: %d calls, %v", calls, err)
		}
		<-time.After(time.Minute + time.Second)
		if err := call(nil); err != nil || calls != 10 || testutil.ToFloat64(gauge) != 0 {
			t.Errorf("after the pause: %v, %d calls", err, calls)
		}
	})
}

func TestBreakerLetsOneTryAfterThePause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewSystems(prometheus.NewRegistry()).Breaker("sms", BreakerConfig{Failures: 1, Pause: time.Minute})
		_ = b.Do(t.Context(), func() error { return fault.Outage("x", nil) })
		<-time.After(time.Minute + time.Second)
		release, tried := make(chan struct{}), make(chan error, 1)
		go func() { tried <- b.Do(t.Context(), func() error { <-release; return nil }) }()
		synctest.Wait()
		if err := b.Do(t.Context(), func() error { t.Error("a second try"); return nil }); fault.ClassOf(err) != fault.Unavailable {
			t.Errorf("beside the try: %v", err)
		}
		close(release)
		if err := <-tried; err != nil {
			t.Error(err)
		}
	})
}

func TestBreakerMakesNoCallAfterTheEnd(t *testing.T) {
	b := NewSystems(prometheus.NewRegistry()).Breaker("sms", BreakerConfig{})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := b.Do(ctx, func() error { t.Error("called"); return nil })
	if fault.ClassOf(err) != fault.Stopped {
		t.Errorf("got %v", err)
	}
}
