package console

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"permithub/internal/casework"
	"permithub/internal/problem"
	"permithub/internal/timeline"
	"permithub/internal/trace"
	"permithub/producers/desk"
	"permithub/schemas"
)

// offer is one act that the officer may do on the case now.
type offer struct {
	Kind    schemas.ActionKind
	Name    string
	Why     string // why it is not for this officer; "" where it is
	Reasons []choice
	Items   []choice
	Returns []choice
	Grounds []choice
	Effects []choice
	Verdict bool
	Notice  bool // needs the number of a written notice
	Opinion bool // needs words
	Again   bool // a second supplement request: may need an override
}

// choice is one box or option.
type choice struct {
	Value, Name string
	Chosen      bool
}

// offers lists the acts that the life of a case knows in this stage and the officer's roles allow.
func (v *visit) offers(s *subject) []offer {
	var out []offer
	for _, kind := range actOrder {
		known := slices.ContainsFunc(casework.Moves(), func(m casework.Move) bool { return m.From == s.open.Stage && m.Command == string(kind) })
		if !known || !desk.Allows(v.officer, kind) {
			continue
		}
		o := offer{Kind: kind, Name: actNames[kind]}
		v.fill(&o, s)
		onDuty := kind == schemas.ActRetry || kind == schemas.ActWaive || kind == schemas.ActSettle
		if onDuty && len(o.Effects) == 0 {
			continue
		}
		opinions := map[string]string{}
		for _, x := range s.open.Opinions {
			opinions[x.Level] = x.Officer
		}
		if !onDuty && kind != schemas.ActWithdraw && kind != schemas.ActSuspend && v.gaveOther(opinions, s.open.Stage) {
			o.Why = "您已在本案签署过另一级意见，应由他人办理"
		}
		out = append(out, o)
	}
	return out
}

// fill adds what the act's form asks for. Every failed condition is chosen from the start (一次性告知).
func (v *visit) fill(o *offer, s *subject) {
	c := s.open
	switch o.Kind {
	case schemas.ActNotAccept, schemas.ActRefuse, schemas.ActReturn:
		o.Opinion = o.Kind == schemas.ActReturn
		for _, r := range casework.Reasons() {
			failed := slices.ContainsFunc(c.Findings, func(f schemas.Finding) bool { return f.Outcome == "fail" && f.Reason == r.Code })
			o.Reasons = append(o.Reasons, choice{r.Code, v.lang.reason(r.Code), failed && o.Kind != schemas.ActReturn})
		}
		if o.Kind == schemas.ActReturn {
			o.Returns = append(o.Returns, choice{Value: string(schemas.StagePreExamine), Name: "退回窗口（受理）"})
			if c.Stage == schemas.StageApproval {
				o.Returns = append(o.Returns, choice{string(schemas.StageReview), "退回审核", true})
			}
		}
	case schemas.ActRequestSupplement:
		o.Again = len(c.Supplements) > 0
		items := []string{casework.ItemCondition, casework.ItemAgent, "material:identity", "material:special_provision"}
		for _, group := range []string{"employment", "residence", "rental", "schooling"} {
			for _, k := range schemas.ConditionsOf(group) {
				items = append(items, "material:"+string(k))
			}
		}
		for _, item := range items {
			o.Items = append(o.Items, choice{Value: item, Name: v.lang.item(item)})
		}
	case schemas.ActSuspend:
		o.Notice = true
		o.Grounds = []choice{{"hearing", "听证", true}, {"inspection", "检验检测", false}, {"appraisal", "鉴定", false}, {"expert_review", "专家评审", false}}
	case schemas.ActRetry, schemas.ActWaive, schemas.ActSettle:
		o.Verdict, o.Opinion = o.Kind == schemas.ActSettle, o.Kind == schemas.ActWaive
		for _, d := range c.Duties {
			refused := d.Status == schemas.DutyRefused
			if o.Kind == schemas.ActSettle && d.Status == schemas.DutyUnknown || o.Kind != schemas.ActSettle && refused {
				o.Effects = append(o.Effects, choice{d.EffectID, v.lang.duty(&d), len(o.Effects) == 0})
			}
		}
	}
}

func (l language) duty(d *schemas.Duty) string {
	return strings.TrimSpace(l.text(timeline.DutyName(d)) + " " + d.PermitNo + " " + d.Code)
}

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

// previewPage says what an act will do before it is done.
type previewPage struct {
	No       string
	Act      string
	Faults   []problem.Fault
	Refused  string // why the case would not take it
	From, To schemas.Stage
	Notices  []schemas.SMS
	Cancels  []string
	Later    bool // notices and cancellations follow the issue
	Fields   []field
}

// field carries the form from the preview to the act.
type field struct{ Name, Value string }

var actFields = []string{"action_id", "action", "opinion", "reasons", "items", "override", "return_to", "ground", "notice_no", "effect_id", "verdict", "expect_version"}

func (v *visit) preview() error {
	s, err := v.subject("preview")
	if err != nil {
		return err
	}
	p, in, err := v.prepared(s)
	if err != nil {
		return err
	}
	if in != nil {
		if err := v.foresee(p, s, in); err != nil {
			return err
		}
	}
	return v.show("preview", "办理预览", p)
}

// prepared checks the form; the input is nil where it has faults.
func (v *visit) prepared(s *subject) (*previewPage, *schemas.Input, error) {
	raw, err := v.body()
	if err != nil {
		return nil, nil, err
	}
	p := &previewPage{No: s.no, Act: actNames[schemas.ActionKind(v.r.PostForm.Get("action"))]}
	for _, name := range actFields {
		for _, value := range v.r.PostForm[name] {
			p.Fields = append(p.Fields, field{name, value})
		}
	}
	in, refusal := v.ports.Desk.Prepare(v.officer, s.no, raw, trace.Parent(v.r.Header))
	switch {
	case refusal == nil:
		return p, in, nil
	case refusal.Status == http.StatusForbidden:
		return nil, nil, v.refused("act_"+v.r.PostForm.Get("action"), s.no, errForbidden)
	case len(refusal.Faults) == 0:
		return nil, nil, errForm
	}
	p.Faults = refusal.Faults
	return p, nil, nil
}

// foresee decides the act on the file as it stands, and tells what would come of it. An approval's messages and cancellations come with the
// permit: so the issue is decided too, with a number that nobody has yet.
func (v *visit) foresee(p *previewPage, s *subject, in *schemas.Input) error {
	file := &casework.File{Dossier: s.last.Dossier, Person: s.last.Person}
	t, err := v.ports.Policy().Decide(file, in)
	if err != nil {
		return err
	}
	if t == nil {
		p.Refused = v.lang.rejection("repeated")
		return nil
	}
	if code := rejected(t); code != "" {
		p.Refused = v.lang.rejection(code)
		return nil
	}
	for i := range t.Events {
		if t.Events[i].To != "" {
			if p.From == "" {
				p.From = t.Events[i].From
			}
			p.To = t.Events[i].To
		}
	}
	if err := v.told(p, t); err != nil {
		return err
	}
	for i := range t.Effects {
		if t.Effects[i].Kind == schemas.EffectIssue {
			return v.afterIssue(p, t, &t.Effects[i])
		}
	}
	return nil
}

// told adds the notices and cancellations that a transition orders.
func (v *visit) told(p *previewPage, t *schemas.Transition) error {
	for i := range t.Effects {
		switch t.Effects[i].Kind {
		case schemas.EffectNotify:
			sms, err := v.ports.Render(t.Order(i))
			if err != nil {
				return err
			}
			p.Notices = append(p.Notices, sms)
		case schemas.EffectCancel:
			p.Cancels = append(p.Cancels, t.Effects[i].PermitNo)
		}
	}
	return nil
}

func (v *visit) afterIssue(p *previewPage, t *schemas.Transition, issue *schemas.Effect) error {
	file := &casework.File{Dossier: t.Dossier, Person: t.Person}
	now := t.Input.ReceivedAt
	issued, err := v.ports.Policy().Decide(file, &schemas.Input{
		InputID: "foreseen", Kind: schemas.InputEffectResult, DossierID: t.DossierID, ApplicationNo: t.ApplicationNo, Source: "issuance", ReceivedAt: now,
		Result: &schemas.EffectResult{EffectID: issue.EffectID, Status: schemas.EffectDone, At: now, Permit: &schemas.Permit{PermitNo: "（签发后的证号）", LicenceID: "-", IssuedAt: now}},
	})
	if err != nil || issued == nil {
		return err
	}
	p.Later = true
	return v.told(p, issued)
}

// rejected returns why the case did not take an act, or "".
func rejected(t *schemas.Transition) string {
	for i := range t.Events {
		if e := &t.Events[i]; e.Type == schemas.EvRejected || e.Type == schemas.EvConflict {
			return e.Code
		}
	}
	return ""
}

// act submits an act, waits for the case's answer and shows the case again, as it is now.
func (v *visit) act() error {
	s, err := v.subject("act")
	if err != nil {
		return err
	}
	p, in, err := v.prepared(s)
	if err != nil {
		return err
	}
	if in == nil {
		return v.show("preview", "办理预览", p)
	}
	changed, stop := v.ports.List.Watch(in.DossierID)
	defer stop()
	if err := v.record("act_"+string(in.Action.Kind), s.no, ""); err != nil {
		return err
	}
	if refusal := v.ports.Desk.Submit(v.r.Context(), in); refusal != nil {
		return errUnanswered
	}
	t, err := v.answer(in, changed)
	switch {
	case err != nil:
		return err
	case t == nil:
		return v.redirect("/cases/" + s.no + "?pending")
	}
	if code := rejected(t); code != "" {
		return v.redirect("/cases/" + s.no + "?refused=" + code)
	}
	if _, err := v.ports.Holds.Release(v.r.Context(), s.no, v.officer.ID); err != nil {
		v.log.WarnContext(v.r.Context(), "hold not released", "error", err) // it ends by itself
	}
	return v.redirect("/cases/" + s.no + "?done")
}

// answer waits until the log holds the transition that answers the input; nil where that takes too long.
func (v *visit) answer(in *schemas.Input, changed <-chan struct{}) (*schemas.Transition, error) {
	ctx, cancel := context.WithTimeout(v.r.Context(), v.cfg.Answer)
	defer cancel()
	for {
		file, err := v.file(in.DossierID)
		if err != nil {
			return nil, err
		}
		if t := answered(file, in.InputID); t != nil {
			return t, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return nil, nil
		case <-v.closing:
			return nil, nil
		}
	}
}

func answered(f *timeline.File, inputID string) *schemas.Transition {
	for i := len(f.Transitions) - 1; i >= 0; i-- {
		if f.Transitions[i].Input.InputID == inputID {
			return f.Transitions[i]
		}
	}
	return nil
}
