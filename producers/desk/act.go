package desk

import (
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
