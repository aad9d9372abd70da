package intake

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"permithub/internal/gateway"
	"permithub/internal/openapi"
	"permithub/internal/problem"
	"permithub/internal/reception"
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
	mux.Handle("GET /openapi.json", openapi.Serve(document))
	mux.Handle("GET /openapi.yaml", openapi.Serve(document))
	return mux
}

// call is one request whose signature was accepted.
type call struct {
	w   http.ResponseWriter
	r   *http.Request
	src *Source
}

var (
	problemUnavailable = problem.New(http.StatusServiceUnavailable, "unavailable", "暂时无法受理", "Not available").
				Explained("尚未收件；请稍后以相同内容重试，不会重复受理", "nothing was taken; send the same again later, it will not be taken twice").RetryIn(reception.RetryAfter)
	problemConflict = problem.New(http.StatusConflict, "conflict", "编号重复而内容不同", "The same number with other content").
			Explained("该来源申请编号已用于内容不同的申请；本次提交未受理，已记录", "this source application number was used with other content; this submission is not taken, and recorded")
	problemNotFound = problem.New(http.StatusNotFound, "not-found", "没有这一申请", "No such application")
)

// signed handles an operation of sources that sign.
func (s *Service) signed(op string, handle func(*call) reception.Answer) http.Handler {
	return s.front.Serve(op, unknownSource, func(w http.ResponseWriter, r *http.Request) (string, reception.Answer) {
		key, err := s.verifier.Verify(r)
		if err != nil {
			s.deny(w, err)
			return unknownSource, reception.Answer{Result: reception.Unauthorised}
		}
		return key.Source, handle(&call{w, r, s.sources[key.Source]})
	})
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

func (s *Service) postApplication(c *call) reception.Answer {
	raw, list := s.front.Body(c.w, c.r)
	if !list.Empty() {
		return s.front.Faulty(list)
	}
	a, list := DecodeApplication(raw, s.checks(c.src))
	if !list.Empty() {
		return s.front.Faulty(list)
	}
	taken, err := s.Submit(c.r.Context(), c.src.Name, a, trace.Parent(c.r.Header))
	switch {
	case errors.Is(err, ErrConflict):
		return reception.Refuse(resultConflict, problemConflict)
	case err != nil:
		return s.unavailable(c.r.Context(), c.src, err)
	case taken.Repeated:
		return reception.Answer{Result: resultRepeated, Status: http.StatusAccepted, Body: taken}
	}
	return reception.Answer{Result: resultAccepted, Status: http.StatusAccepted, Body: taken, Taken: true}
}

func (s *Service) unavailable(ctx context.Context, src *Source, err error) reception.Answer {
	return s.front.Unavailable(ctx, err, slog.String("source", src.Name))
}
