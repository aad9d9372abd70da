package ops

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
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

func TestHealth(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewSystems(prometheus.NewRegistry()).Breaker("sms", BreakerConfig{Failures: 2, Pause: time.Minute})
		want := Health{System: "sms", State: "closed"}
		check := func(when string) {
			t.Helper()
			if diff := cmp.Diff(want, b.Health()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", when, diff)
			}
			time.Sleep(time.Second)
		}
		check("before the first call")
		_ = b.Do(t.Context(), func() error { return fault.Reject("blacklisted", nil) })
		want.Answered = time.Now()
		check("after a refusal")
		_ = b.Do(t.Context(), func() error { return context.Canceled })
		check("after a call that was stopped")
		_ = b.Do(t.Context(), func() error { return fault.Unknown("timeout", nil) })
		want.Failed, want.Code = time.Now(), "timeout"
		check("after a call whose end is unknown")
		for range 2 {
			_ = b.Do(t.Context(), func() error { return fault.Outage("http_503", nil) })
		}
		want.Failed, want.Code, want.State, want.Since = time.Now(), "http_503", "open", time.Now()
		check("after an outage")
		time.Sleep(time.Minute)
		got := b.Health()
		want.State, want.Since = "half-open", got.Since
		check("after the pause")
		_ = b.Do(t.Context(), func() error { return nil })
		want.State, want.Answered, want.Since = "closed", time.Now(), time.Now()
		check("after it answers again")
	})
}
