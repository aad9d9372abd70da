package console

import (
	"crypto/rand"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"permithub/internal/trace"
	"permithub/producers/desk"
	"permithub/schemas"
)

func actionID() string { return rand.Text() }

// body makes the form the body that the API takes, so that both go through the same checks.
func (v *visit) body() ([]byte, error) {
	f := v.r.PostForm
	version, err := strconv.ParseInt(f.Get("expect_version"), 10, 64)
	if err != nil || version < 1 {
		return nil, errForm
	}
	return json.Marshal(desk.Action{
		ActionID: f.Get("action_id"), Kind: f.Get("action"), Opinion: strings.TrimSpace(f.Get("opinion")), Reasons: f["reasons"], Items: f["items"],
		Override: strings.TrimSpace(f.Get("override")), ReturnTo: f.Get("return_to"), Ground: f.Get("ground"), NoticeNo: strings.TrimSpace(f.Get("notice_no")),
		EffectID: f.Get("effect_id"), Verdict: f.Get("verdict"), ExpectVersion: version,
	})
}

// asked is an act as a form asks for it: on the case of the address, through the checks of the API. The input is nil where the form has faults;
// the page then names them.
func (v *visit) asked(what string) (*subject, *previewPage, *schemas.Input, error) {
	s, err := v.subject(what)
	if err != nil {
		return nil, nil, nil, err
	}
	raw, err := v.body()
	if err != nil {
		return nil, nil, nil, err
	}
	kind := v.r.PostForm.Get("action")
	p := &previewPage{No: s.no, Act: actNames[schemas.ActionKind(kind)]}
	for _, name := range actFields {
		for _, value := range v.r.PostForm[name] {
			p.Fields = append(p.Fields, field{name, value})
		}
	}
	in, refusal := v.ports.Desk.Prepare(v.officer, s.no, raw, trace.Parent(v.r.Header))
	switch {
	case refusal == nil:
	case refusal.Status == http.StatusForbidden:
		err = v.refused("act_"+kind, s.no, errForbidden)
	case len(refusal.Faults) == 0:
		err = errForm
	default:
		p.Faults = refusal.Faults
	}
	return s, p, in, err
}

// preview shows what an act would do, and does nothing.
func (v *visit) preview() error {
	s, p, in, err := v.asked("preview")
	if err == nil && in != nil {
		err = v.foresee(p, s, in)
	}
	if err != nil {
		return err
	}
	return v.show("preview", "办理预览", p)
}

// act submits an act and shows the case again, with what the log said to it.
func (v *visit) act() error {
	s, p, in, err := v.asked("act")
	switch {
	case err != nil:
		return err
	case in == nil:
		return v.show("preview", "办理预览", p)
	}
	verdict, err := v.submit(in)
	if err != nil {
		return err
	}
	seen := url.Values{"since": {strconv.FormatInt(in.Action.ExpectVersion, 10)}}
	switch {
	case verdict.Pending:
		seen.Set("pending", in.InputID)
		return v.redirect("/cases/" + s.no + "?" + seen.Encode())
	case verdict.Code != "":
		seen.Set("refused", verdict.Code)
		return v.redirect("/cases/" + s.no + "?" + seen.Encode())
	}
	return v.redirect("/cases/" + s.no + "?done")
}

// submit records an act, puts it on the way and brings back what the log says to it. A case that took it is let go of.
func (v *visit) submit(in *schemas.Input) (desk.Verdict, error) {
	if err := v.record("act_"+string(in.Action.Kind), in.ApplicationNo, ""); err != nil {
		return desk.Verdict{}, err
	}
	verdict, refusal := v.ports.Desk.Submit(v.r.Context(), in)
	if refusal != nil {
		return desk.Verdict{}, errUnanswered
	}
	if !verdict.Pending && verdict.Code == "" {
		if _, err := v.ports.Holds.Release(v.r.Context(), in.ApplicationNo, v.officer.ID); err != nil {
			v.log.WarnContext(v.r.Context(), "hold not released", "error", err) // it ends by itself
		}
	}
	return verdict, nil
}

// said tells on the page of a case what came of the act that led there: an act that had no answer yet is looked up again at each look.
func (v *visit) said(p *casePage, s *subject) error {
	q := v.r.URL.Query()
	code, refused, done := q.Get("refused"), q.Has("refused"), q.Has("done")
	if id := q.Get("pending"); id != "" {
		a, known, err := v.ports.List.Answer(v.r.Context(), s.last.DossierID, id)
		if err != nil {
			return err
		}
		code, refused, done = a.Code, known && a.Code != "", known && a.Code == ""
		if !known {
			p.Said = v.lang.text("已提交，尚待处理")
		}
	}
	switch {
	case refused:
		p.Said, p.Refused = v.lang.rejection(code), true
		if since, err := strconv.ParseInt(q.Get("since"), 10, 64); err == nil && since > 0 {
			p.Since = v.changes(s, since)
		}
	case done:
		p.Said = v.lang.text("已办理")
	}
	return nil
}
