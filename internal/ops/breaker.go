package ops

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/sony/gobreaker/v2"

	"permithub/internal/fault"
)

// BreakerConfig says when a foreign system counts as down.
type BreakerConfig struct {
	// Failures in a row that open the breaker; zero means 5.
	Failures uint32
	// Pause is how long it stays open before one call is let through to try; zero means 10s.
	Pause time.Duration
}

// Breaker stands in front of one foreign system, so that a system that is down is not called again and again.
//
// Only unavailable errors count: a refusal is an answer. Calls that were stopped or whose end is unknown count neither way.
// It is safe for concurrent use.
type Breaker struct {
	system string
	gate   *gobreaker.CircuitBreaker[struct{}]
	calls  prometheus.ObserverVec

	mu     sync.Mutex
	health Health // without the state, which the gate knows
}

// Health is how a foreign system stands, as its breaker sees it.
type Health struct {
	// System is its name.
	System string
	// State is "closed" where calls go through, "open" where they are held back, and "half-open" while one call tries.
	State string
	// Since is when the state began; zero where it has been closed since the start.
	Since time.Time
	// Answered is when the system last answered, even with a refusal; zero where it never did.
	Answered time.Time
	// Failed is when it last did not answer, and Code how; zero where it always did.
	Failed time.Time
	Code   string
}

// Health reports how the system stands.
func (b *Breaker) Health() Health {
	state := b.gate.State() // may change it, which takes the lock
	b.mu.Lock()
	defer b.mu.Unlock()
	h := b.health
	h.State = state.String()
	return h
}

// learn notes how a call ended. A refusal is an answer; a call that was stopped tells nothing.
func (b *Breaker) learn(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch class := fault.ClassOf(err); {
	case err == nil || class == fault.Permanent:
		b.health.Answered = time.Now()
	case class == fault.Unavailable || class == fault.Uncertain:
		b.health.Failed, b.health.Code = time.Now(), fault.CodeOf(err)
	}
}

// Systems makes the breakers of a process and owns their metrics.
type Systems struct {
	open  *prometheus.GaugeVec
	calls *prometheus.HistogramVec
}

// callResults are the classes of fault and ok.
var callResults = []string{"ok", fault.Unmarked.String(), fault.Permanent.String(), fault.Unavailable.String(), fault.Uncertain.String(), fault.Stopped.String()}

// NewSystems registers the metrics of the foreign systems.
func NewSystems(reg prometheus.Registerer) *Systems {
	s := &Systems{
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "permithub_breaker_open", Help: "1 while calls to the foreign system are held back because it does not answer.",
		}, []string{"system"}),
		calls: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "permithub_foreign_call_seconds", Help: "Time of one call to a foreign system, by how it ended: ok or the class of the error.",
			Buckets: []float64{.005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30},
		}, []string{"system", "result"}),
	}
	reg.MustRegister(s.open, s.calls)
	return s
}

// Breaker returns a new breaker for the named system.
func (s *Systems) Breaker(system string, c BreakerConfig) *Breaker {
	failures := c.Failures
	if failures == 0 {
		failures = 5
	}
	pause := c.Pause
	if pause == 0 {
		pause = 10 * time.Second
	}
	for _, r := range callResults {
		s.calls.WithLabelValues(system, r)
	}
	open := s.open.WithLabelValues(system)
	b := &Breaker{system: system, calls: s.calls.MustCurryWith(prometheus.Labels{"system": system}), health: Health{System: system}}
	b.gate = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
		Name:        system,
		MaxRequests: 1,
		Timeout:     pause,
		ReadyToTrip: func(n gobreaker.Counts) bool { return n.ConsecutiveFailures >= failures },
		IsSuccessful: func(err error) bool {
			return fault.ClassOf(err) != fault.Unavailable
		},
		IsExcluded: func(err error) bool {
			class := fault.ClassOf(err)
			return class == fault.Stopped || class == fault.Uncertain
		},
		OnStateChange: func(_ string, _, to gobreaker.State) {
			open.Set(map[gobreaker.State]float64{gobreaker.StateOpen: 1}[to])
			b.mu.Lock()
			defer b.mu.Unlock()
			b.health.Since = time.Now()
		},
	})
	return b
}

// Do calls f unless the system is held back; then it returns an unavailable error under the system's name, and the step pauses.
// An error of f is returned as it is. A call whose context has ended is not made.
func (b *Breaker) Do(ctx context.Context, f func() error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := b.gate.Execute(func() (struct{}, error) {
		begun := time.Now()
		err := f()
		b.calls.With(prometheus.Labels{"result": resultOf(err)}).Observe(time.Since(begun).Seconds())
		b.learn(err)
		return struct{}{}, err
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		return fault.Outage(b.system, err)
	}
	return err
}

// Ready reports an open breaker, for [ServerConfig].Notes.
func (b *Breaker) Ready(context.Context) error {
	if b.gate.State() == gobreaker.StateOpen {
		return fault.Outage(b.system, errors.New("held back"))
	}
	return nil
}

func resultOf(err error) string {
	if err == nil {
		return "ok"
	}
	return fault.ClassOf(err).String()
}
