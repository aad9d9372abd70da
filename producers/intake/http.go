package intake

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/internal/trace"
)

// Operations of the interface, as they stand in metrics and in the OpenAPI document.
const (
	opSubmit     = "submit"
	opStatus     = "status"
	opSupplement = "supplement"
	opWithdraw   = "withdraw"
)

var operations = []string{opSubmit, opStatus, opSupplement, opWithdraw}

// retryAfter is what a caller is asked to wait after a 503.
const retryAfter = 5 * time.Second

// Handler returns the HTTP interface. The server around it sets the limits of a connection (ReadHeaderTimeout, MaxHeaderBytes); those of a
// body are the intake's own.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/applications", s.signed(opSubmit, s.postApplication))
	mux.Handle("GET /v1/applications/{no}", s.signed(opStatus, s.getStatus))
	mux.Handle("POST /v1/applications/{no}/supplements", s.signed(opSupplement, s.postSupplement))
	mux.Handle("POST /v1/applications/{no}/withdrawal", s.signed(opWithdraw, s.postWithdrawal))
	mux.Handle("/v1/applications", problem.OnlyMethod(http.MethodPost))
	mux.Handle("/v1/applications/{no}", problem.OnlyMethod(http.MethodGet))
	mux.Handle("/v1/applications/{no}/supplements", problem.OnlyMethod(http.MethodPost))
	mux.Handle("/v1/applications/{no}/withdrawal", problem.OnlyMethod(http.MethodPost))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { problemNotFound.Write(w) })
	mux.HandleFunc("GET /openapi.json", serveJSON)
	mux.HandleFunc("GET /openapi.yaml", serveYAML)
	return mux
}

// call is one request whose signature was accepted.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	src *Source
}

// answer is what a call comes to; a problem where there is one, else body.
type answer struct {
	result  string
	status  int
	body    any
	problem *problem.Problem
}

func refuse(result string, p problem.Problem) answer { return answer{result: result, problem: &p} }

var (
	problemUnavailable = problem.New(http.StatusServiceUnavailable, "unavailable", "暂时无法受理", "Not available").
				Explained("尚未收件；请稍后以相同内容重试，不会重复受理", "nothing was taken; send the same again later, it will not be taken twice").RetryIn(retryAfter)
	problemStatus = problem.New(http.StatusServiceUnavailable, "status-unavailable", "暂时无法查询", "No status at the moment").
			Explained("办理进度暂不可查，办理不受影响", "the case goes on, only its status cannot be shown").RetryIn(retryAfter)
	problemConflict = problem.New(http.StatusConflict, "conflict", "编号重复而内容不同", "The same number with other content").
			Explained("该来源申请编号已用于内容不同的申请；本次提交未受理，已记录", "this source application number was used with other content; this submission is not taken, and recorded")
	problemNotFound = problem.New(http.StatusNotFound, "not-found", "没有这一申请", "No such application")
)

// signed bounds the work, checks the signature, and writes and counts the answer.
func (s *Service) signed(op string, handle func(*call) answer) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := s.ports.Now()
		source, a := unknownSource, refuse(resultBusy, problem.Busy)
		select {
		case s.slots <- struct{}{}:
			source, a = s.verified(w, r, handle)
		default:
		}
		switch {
		case a.problem != nil:
			a.problem.Write(w)
		case a.body != nil:
			problem.WriteJSON(w, a.status, a.body)
		}
		if a.result == resultAccepted {
			failpoint.Sent(w, failpoint.I3)
		}
		s.metrics.requests.WithLabelValues(source, a.result).Inc()
		s.metrics.duration.WithLabelValues(op).Observe(s.ports.Now().Sub(start).Seconds())
		s.log.DebugContext(r.Context(), "intake request", slog.String("operation", op), slog.String("source", source), slog.String("result", a.result))
	})
}

// verified gives back the slot that its caller took, even where handle panics.
func (s *Service) verified(w http.ResponseWriter, r *http.Request, handle func(*call) answer) (string, answer) {
	defer func() { <-s.slots }()
	key, err := s.verifier.Verify(r)
	if err != nil {
		s.deny(w, err)
		return unknownSource, answer{result: resultUnauthorised}
	}
	return key.Source, handle(&call{w, r, s.sources[key.Source]})
}

func (s *Service) deny(w http.ResponseWriter, err error) {
	reason := gateway.InvalidSignature
	var d *gateway.Denial
	if errors.As(err, &d) {
		reason = d.Reason
	}
	s.metrics.denials.WithLabelValues(denialNames[reason]).Inc()
	gateway.Deny(w, err)
}

func (s *Service) postApplication(c *call) answer {
	raw, list := s.body(c)
	if !list.Empty() {
		return s.faulty(list)
	}
	a, list := DecodeApplication(raw, s.checks(c.src))
	if !list.Empty() {
		return s.faulty(list)
	}
	taken, err := s.Submit(c.r.Context(), c.src.Name, a, trace.Parent(c.r.Header))
	switch {
	case errors.Is(err, ErrConflict):
		return refuse(resultConflict, problemConflict)
	case err != nil:
		return s.unavailable(c.r.Context(), c.src, err)
	case taken.Repeated:
		return answer{result: resultRepeated, status: http.StatusAccepted, body: taken}
	}
	return answer{result: resultAccepted, status: http.StatusAccepted, body: taken}
}

func (s *Service) body(c *call) ([]byte, *problem.List) {
	list := new(problem.List)
	return strictjson.ReadBody(c.w, c.r, s.cfg.MaxBytes, s.cfg.BodyTimeout, list), list
}

func (s *Service) faulty(list *problem.List) answer {
	for _, code := range list.Codes() {
		s.metrics.faults.WithLabelValues(code).Inc()
	}
	return refuse(resultFaulty, list.Problem())
}

// unavailable answers 503 and logs the outage; the error carries ids and codes.
func (s *Service) unavailable(ctx context.Context, src *Source, err error) answer {
	if !errors.Is(err, context.Canceled) { // else the caller went away, which is no outage
		s.log.WarnContext(ctx, "intake not acknowledged", slog.String("source", src.Name), slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
	}
	return refuse(resultUnavailable, problemUnavailable)
}
