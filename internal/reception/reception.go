package reception

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/schemas"
)

// Results that every reception has; a step has results of its own beside them.
const (
	Faulty       = "faulty"
	NotFound     = "not_found"
	Unavailable  = "unavailable"
	Busy         = "busy"
	Unauthorised = "unauthorised"
)

// RetryAfter is what a caller is asked to wait after an outage.
const RetryAfter = 5 * time.Second

// StatusUnavailable answers who asks where a case stands while that cannot be told.
var StatusUnavailable = problem.New(http.StatusServiceUnavailable, "status-unavailable", "暂时无法查询", "No status at the moment").
	Explained("办理进度暂不可查，办理不受影响", "the case goes on, only its status cannot be shown").RetryIn(RetryAfter)

// Config says whose reception it is. All is required.
type Config struct {
	// Step names the step in metrics and log lines.
	Step string
	// Limits are whole: see [Limits.Or].
	Limits Limits
	// Operations are the operations of the interface, Codes the fault codes that it may answer.
	Operations []string
	Codes      []problem.Code
	// Unavailable answers whose input Kafka did not acknowledge.
	Unavailable problem.Problem
	// Publish returns once every record is acknowledged by Kafka. Repeating it is safe.
	Publish func(ctx context.Context, records ...schemas.Record) error
	// Before is the point at which an input is checked and not yet published, After the one at which the answer to it is written.
	Before, After failpoint.Point
	// Count counts a request by who called and what it came to.
	Count func(operation, caller, result string)
	Now   func() time.Time
}

// Reception is the frame of a step's requests. It is safe for concurrent use and starts no goroutine.
type Reception struct {
	cfg      Config
	slots    chan struct{}
	log      *slog.Logger
	faults   *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// New registers the metrics with every label value that can occur, so that zero is visible.
func New(cfg Config, log *slog.Logger, reg prometheus.Registerer) *Reception {
	r := &Reception{
		cfg: cfg, slots: make(chan struct{}, cfg.Limits.MaxConcurrent), log: log,
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_" + cfg.Step + "_faults_total", Help: "Faults found in bodies, by code."}, []string{"code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_" + cfg.Step + "_duration_seconds", Help: "Time from the request to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"operation"}),
	}
	reg.MustRegister(r.faults, r.duration)
	for _, c := range cfg.Codes {
		r.faults.WithLabelValues(c.Name)
	}
	for _, op := range cfg.Operations {
		r.duration.WithLabelValues(op)
	}
	return r
}

// Answer is what a request comes to; a problem where there is one, else the body, else what the step has written itself.
type Answer struct {
	Result  string
	Status  int
	Body    any
	Problem *problem.Problem
	// Taken says that the answer acknowledges a new input.
	Taken bool
}

// Refuse answers with a problem.
func Refuse(result string, p problem.Problem) Answer { return Answer{Result: result, Problem: &p} }

// Serve handles one operation. Receive finds out who calls, unknown where it cannot, and what the request comes to; it is not asked while too many
// are at work.
func (r *Reception) Serve(operation, unknown string, receive func(http.ResponseWriter, *http.Request) (caller string, a Answer)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		start := r.cfg.Now()
		caller, a := unknown, Refuse(Busy, problem.Busy)
		select {
		case r.slots <- struct{}{}:
			caller, a = r.admitted(w, q, receive)
		default:
		}
		switch {
		case a.Problem != nil:
			a.Problem.Write(w)
		case a.Body != nil:
			problem.WriteJSON(w, a.Status, a.Body)
		}
		if a.Taken {
			failpoint.Sent(w, r.cfg.After)
		}
		r.cfg.Count(operation, caller, a.Result)
		r.duration.WithLabelValues(operation).Observe(r.cfg.Now().Sub(start).Seconds())
		r.log.DebugContext(q.Context(), "request answered", slog.String("step", r.cfg.Step), slog.String("operation", operation), slog.String("result", a.Result))
	})
}

// admitted gives back the slot that its caller took, even where receive panics.
func (r *Reception) admitted(w http.ResponseWriter, q *http.Request, receive func(http.ResponseWriter, *http.Request) (string, Answer)) (string, Answer) {
	defer func() { <-r.slots }()
	return receive(w, q)
}

// Body reads the body of a request; what keeps it from being read is in the list.
func (r *Reception) Body(w http.ResponseWriter, q *http.Request) ([]byte, *problem.List) {
	list := new(problem.List)
	return strictjson.ReadBody(w, q, r.cfg.Limits.MaxBytes, r.cfg.Limits.BodyTimeout, list), list
}

// Faulty answers a body with its faults, and counts them.
func (r *Reception) Faulty(list *problem.List) Answer {
	for _, code := range list.Codes() {
		r.faults.WithLabelValues(code).Inc()
	}
	return Refuse(Faulty, list.Problem())
}

// Publish returns once Kafka has acknowledged the input. Whatever keeps it from that is unavailable: the input was checked, so it is not at fault.
func (r *Reception) Publish(ctx context.Context, in *schemas.Input) error {
	rec, err := in.Record()
	if err != nil {
		return fmt.Errorf("publish %s: %w", in.InputID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, r.cfg.Limits.PublishTimeout)
	defer cancel()
	failpoint.Here(r.cfg.Before)
	if err := r.cfg.Publish(ctx, rec); err != nil {
		return fmt.Errorf("publish %s: %w", in.InputID, fault.Outage("case_input", err))
	}
	return nil
}

// Unavailable answers an input that was not acknowledged, and logs the outage; the error carries ids and codes, about says whose input it was.
func (r *Reception) Unavailable(ctx context.Context, err error, about slog.Attr) Answer {
	if !errors.Is(err, context.Canceled) { // else the caller went away, which is no outage
		r.log.WarnContext(ctx, "input not acknowledged", slog.String("step", r.cfg.Step), about, slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
	}
	return Refuse(Unavailable, r.cfg.Unavailable)
}
