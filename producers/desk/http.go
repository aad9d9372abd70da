package desk

import (
	"context"
	"log/slog"
	"net/http"

	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/internal/reception"
	"permithub/internal/trace"
	"permithub/schemas"
)

// Handler returns the HTTP interface under /v1/cases/; a console may be mounted beside it on the same listener.
func (s *Service) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /v1/cases/{no}/actions", s.authenticated(opAct, s.postAction))
	mux.Handle("GET /v1/cases/{no}", s.authenticated(opShow, s.getCase))
	mux.Handle("/v1/cases/{no}/actions", problem.OnlyMethod(http.MethodPost))
	mux.Handle("/v1/cases/{no}", problem.OnlyMethod(http.MethodGet))
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { problemNotFound.Write(w) })
	return mux
}

// CaseView is where a case stands.
type CaseView struct {
	schemas.Card
	StageName   string       `json:"stage_name"`
	ReasonTexts []ReasonText `json:"reason_texts,omitempty"`
	// Count explains due_at day by day, as permithub deadline does.
	Count *casework.Count `json:"due_count,omitempty"`
}

// ReasonText is one reason with its text.
type ReasonText struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// call is one request of an authenticated officer.
type call struct {
	w       http.ResponseWriter
	r       *http.Request
	officer *Officer
	before  func(*schemas.Input) error // may be nil
}

var (
	problemUnavailable = problem.New(http.StatusServiceUnavailable, "unavailable", "暂时无法提交", "Not available").
				Explained("操作尚未提交；请稍后以相同操作编号重试", "nothing was taken; send the same act again with its action_id").RetryIn(reception.RetryAfter)
	problemUnauthorised = problem.New(http.StatusUnauthorized, "unauthorised", "未登录", "Not authenticated")
	problemForbidden    = problem.New(http.StatusForbidden, "forbidden", "无权进行此操作", "Not allowed").
				Explained("您的岗位不能进行此操作", "none of your roles may do this")
	problemRelated = problem.New(http.StatusForbidden, "related", "应当回避", "Not for a relative").
			Explained("本人或已申报亲属的案件，由他人办理", "your own case, or that of a relative you declared, is for others")
	problemNotFound = problem.New(http.StatusNotFound, "not-found", "没有这一案件", "No such case")
)

// authenticated handles an operation of officers.
func (s *Service) authenticated(op string, handle func(*call) reception.Answer) http.Handler {
	return s.front.Serve(op, "", func(w http.ResponseWriter, r *http.Request) (string, reception.Answer) {
		o, ok := s.Authenticate(r)
		if !ok {
			w.Header().Set("WWW-Authenticate", `Bearer realm="permithub"`)
			return "", reception.Refuse(reception.Unauthorised, problemUnauthorised)
		}
		return o.ID, handle(&call{w: w, r: r, officer: o})
	})
}

// Act answers POST /v1/cases/{no}/actions of an officer who was authenticated elsewhere. before is asked when the act is known to be whole and the officer's
// to do: nothing is submitted where it fails. It returns the status that was answered.
func (s *Service) Act(w http.ResponseWriter, r *http.Request, o *Officer, before func(*schemas.Input) error) (status int) {
	s.front.Serve(opAct, "", func(w http.ResponseWriter, r *http.Request) (string, reception.Answer) {
		a := s.postAction(&call{w, r, o, before})
		if status = a.Status; a.Problem != nil {
			status = a.Problem.Status
		}
		return o.ID, a
	}).ServeHTTP(w, r)
	return status
}

// Show answers GET /v1/cases/{no} of an officer who was authenticated elsewhere.
func (s *Service) Show(w http.ResponseWriter, r *http.Request, o *Officer) {
	s.front.Serve(opShow, "", func(w http.ResponseWriter, r *http.Request) (string, reception.Answer) {
		return o.ID, s.getCase(&call{w: w, r: r, officer: o})
	}).ServeHTTP(w, r)
}

func (s *Service) postAction(c *call) reception.Answer {
	no := c.r.PathValue("no")
	dossier, err := schemas.DossierOf(no)
	if err != nil {
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	raw, list := s.front.Body(c.w, c.r)
	if !list.Empty() {
		return s.front.Faulty(list)
	}
	in, refusal := s.prepare(c.officer, no, dossier, raw, trace.Parent(c.r.Header))
	if refusal != nil {
		return *refusal
	}
	if c.before != nil {
		if err := c.before(in); err != nil {
			return s.unavailable(c.r.Context(), no, err)
		}
	}
	verdict, refusal := s.submit(c.r.Context(), in)
	if refusal != nil {
		return *refusal
	}
	return s.answered(c.r.Context(), in, verdict)
}

// prepare returns the input of an act, or the answer that says why there is none.
func (s *Service) prepare(o *Officer, no, dossier string, raw []byte, traceparent string) (*schemas.Input, *reception.Answer) {
	refused := func(a reception.Answer) (*schemas.Input, *reception.Answer) { return nil, &a }
	a, list := decode(raw, no, s.knownReason)
	if t := actOf(a.Kind); t != nil && !t.allows(o) {
		return refused(reception.Refuse(resultForbidden, problemForbidden))
	}
	if o.Related(dossier) {
		return refused(reception.Refuse(resultForbidden, problemRelated))
	}
	if a.Officer != "" && a.Officer != o.ID {
		list.Add("/officer", codeOfficer)
	}
	if !list.Empty() {
		return refused(s.front.Faulty(list))
	}
	in, err := a.input(o, no, dossier, s.ports.Now(), traceparent)
	if err != nil {
		return refused(s.unavailable(context.Background(), no, err))
	}
	return in, nil
}

func (s *Service) unavailable(ctx context.Context, no string, err error) reception.Answer {
	return s.front.Unavailable(ctx, err, slog.String("application_no", no))
}

func (s *Service) getCase(c *call) reception.Answer {
	no := c.r.PathValue("no")
	if _, err := schemas.DossierOf(no); err != nil {
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	ctx, cancel := context.WithTimeout(c.r.Context(), s.cfg.CardTimeout)
	defer cancel()
	card, found, err := s.ports.FindCard(ctx, no)
	switch {
	case err != nil:
		s.log.WarnContext(ctx, "case not shown", slog.String("application_no", no), slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
		return reception.Refuse(reception.Unavailable, reception.StatusUnavailable)
	case !found:
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	return reception.Answer{Result: resultShown, Status: http.StatusOK, Body: s.view(card)}
}

func (s *Service) view(card schemas.Card) CaseView {
	v := CaseView{Card: card, StageName: card.Stage.Name()}
	if s.ports.Count != nil {
		v.Count = s.ports.Count(&card)
	}
	for _, code := range card.Reasons {
		v.ReasonTexts = append(v.ReasonTexts, ReasonText{code, s.ports.ReasonText(code)})
	}
	return v
}
