package console

import (
	"slices"
	"strings"

	"permithub/internal/casework"
	"permithub/internal/timeline"
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
	Notice  string // what the number of the written notice or decision is called; "" where none is needed
	Opinion bool   // needs words
	Again   bool   // a second supplement request: may need an override
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
		known := slices.ContainsFunc(casework.Moves(), func(m casework.Move) bool { return m.From == s.stage() && m.Command == string(kind) })
		if !known || !desk.Allows(v.officer, kind) || revokes(kind) && !s.revocable(kind) {
			continue
		}
		o := offer{Kind: kind, Name: actNames[kind]}
		v.fill(&o, s)
		if onDuty(kind) && len(o.Effects) == 0 {
			continue
		}
		o.Why = v.notFor(kind, s)
		out = append(out, o)
	}
	return out
}

func onDuty(k schemas.ActionKind) bool {
	return k == schemas.ActRetry || k == schemas.ActWaive || k == schemas.ActSettle
}

func revokes(k schemas.ActionKind) bool {
	return k == schemas.ActProposeRevocation || k == schemas.ActConfirmRevocation || k == schemas.ActRejectRevocation
}

// notFor says why an act is somebody else's to do, or "".
func (v *visit) notFor(kind schemas.ActionKind, s *subject) string {
	if s.open == nil {
		if r := s.end.Revocation; r != nil && revokes(kind) && r.ProposedBy == v.officer.ID {
			return "撤销由您提出，应由另一人确认或否决"
		}
		return ""
	}
	opinions := map[string]string{}
	for _, x := range s.open.Opinions {
		opinions[x.Level] = x.Officer
	}
	if !onDuty(kind) && kind != schemas.ActWithdraw && kind != schemas.ActSuspend && v.gaveOther(opinions, s.open.Stage) {
		return "您已在本案签署过另一级意见，应由他人办理"
	}
	return ""
}

// fill adds what the act's form asks for. Every failed condition is chosen from the start (一次性告知).
func (v *visit) fill(o *offer, s *subject) {
	c := s.open
	switch o.Kind {
	case schemas.ActProposeRevocation:
		o.Opinion = true
		for _, r := range casework.Revocations() {
			o.Grounds = append(o.Grounds, choice{Value: r.Code, Name: v.lang.reason(r.Code) + "（" + r.Basis + "）"})
		}
	case schemas.ActConfirmRevocation:
		o.Notice = "撤销决定书文号"
	case schemas.ActRejectRevocation:
		o.Opinion = true
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
		o.Notice = "书面通知文号"
		o.Grounds = []choice{{"hearing", "听证", true}, {"inspection", "检验检测", false}, {"appraisal", "鉴定", false}, {"expert_review", "专家评审", false}}
	case schemas.ActRetry, schemas.ActWaive, schemas.ActSettle:
		o.Verdict, o.Opinion = o.Kind == schemas.ActSettle, o.Kind == schemas.ActWaive
		for _, d := range s.duties() {
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
