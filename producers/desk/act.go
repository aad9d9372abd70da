package desk

import (
	"context"

	"permithub/internal/problem"
	"permithub/schemas"
)

// Prepare returns the input that an act of the officer would be, or the answer that says why there is none. raw is the body of
// POST /v1/cases/{no}/actions.
func (s *Service) Prepare(o *Officer, no string, raw []byte, traceparent string) (*schemas.Input, *problem.Problem) {
	dossier, err := schemas.DossierOf(no)
	if err != nil {
		return nil, &problemNotFound
	}
	in, refusal := s.prepare(o, no, dossier, raw, traceparent)
	if refusal != nil {
		s.requests.WithLabelValues(opAct, refusal.Result).Inc()
		return nil, refusal.Problem
	}
	return in, nil
}

// Submit puts a prepared act on case-input and returns once Kafka has acknowledged it, or the answer that says why not; it is safe to repeat.
func (s *Service) Submit(ctx context.Context, in *schemas.Input) *problem.Problem {
	if err := s.front.Publish(ctx, in); err != nil {
		refusal := s.unavailable(ctx, in.ApplicationNo, err)
		s.requests.WithLabelValues(opAct, refusal.Result).Inc()
		return refusal.Problem
	}
	s.requests.WithLabelValues(opAct, resultAccepted).Inc()
	return nil
}
