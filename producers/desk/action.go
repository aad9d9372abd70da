package desk

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"permithub/internal/casework"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/schemas"
)

// Action is the body of POST /v1/cases/{no}/actions.
type Action struct {
	ActionID      string   `json:"action_id"`                // the client's id of this act: the same again is a repeat
	Kind          string   `json:"action"`                   // a schemas.ActionKind
	Officer       string   `json:"officer,omitempty"`        // staff number; if given, that of the token
	Opinion       string   `json:"opinion,omitempty"`        // 意见
	Reasons       []string `json:"reasons,omitempty"`        // codes; every one at once
	Items         []string `json:"items,omitempty"`          // missing items; every one at once
	Override      string   `json:"override,omitempty"`       // why an item that was visible before is asked for only now
	ReturnTo      string   `json:"return_to,omitempty"`      // "pre_examining" or "under_review"
	Ground        string   `json:"ground,omitempty"`         // T6 ground of a suspension, or ground of a revocation
	NoticeNo      string   `json:"notice_no,omitempty"`      // number of the written notice of a suspension, or of the decision that revokes
	EffectID      string   `json:"effect_id,omitempty"`      // of the effect to retry, waive or settle
	Verdict       string   `json:"verdict,omitempty"`        // "sent" or "resend"
	ExpectVersion int64    `json:"expect_version,omitempty"` // version of the case that the officer saw; 0 does not compare
}

// Codes of the content of an act.
var (
	codeActionID      = problem.Content("action_id_form", "操作编号须为 1 至 64 个字母、数字或 . _ : -", "an action id is 1 to 64 letters, digits or . _ : -")
	codeActionUnknown = problem.Content("action_unknown", "没有这种操作", "there is no such action")
	codeOfficer       = problem.Content("officer_mismatch", "经办人与登录人员不一致", "the officer is not the one who authenticated")
	codeNotForAction  = problem.Content("field_not_for_action", "此操作没有这个字段", "this action has no such field")
	codeReasonUnknown = problem.Content("reason_unknown", "没有这个理由代码", "there is no such reason code")
	codeItemForm      = problem.Content("item_form", "补正事项须为 condition、agent 或 material: 加材料种类", "an item is condition, agent, or material: and a kind of material")
	codeReturnTo      = problem.Content("return_to_unknown", "只能退回到 pre_examining 或 under_review", "a case returns to pre_examining or under_review")
	codeGround        = problem.Content("ground_unknown", "中止事由须为 hearing、inspection、appraisal 或 expert_review，撤销事由须为 revoked_ 开头的代码之一", "the ground of a suspension is hearing, inspection, appraisal or expert_review; that of a revocation one of the revoked_ codes")
	codeEffectForm    = problem.Content("effect_id_form", "不是有效的办理事项编号", "not the id of an effect")
	codeEffectOfOther = problem.Content("effect_of_other_case", "该办理事项不属于本案", "the effect belongs to another case")
	codeVerdict       = problem.Content("verdict_unknown", "结论须为 sent 或 resend", "the verdict is sent or resend")
	codeVersion       = problem.Content("expect_version_range", "版本不得小于 0", "a version is not below 0")
	contentCodes      = []problem.Code{codeActionID, codeActionUnknown, codeOfficer, codeNotForAction, codeReasonUnknown, codeItemForm, codeReturnTo, codeGround,
		codeEffectForm, codeEffectOfOther, codeVerdict, codeVersion}
)

// Codes lists every fault code that the desk may answer.
func Codes() []problem.Code {
	return slices.Concat(strictjson.Codes(), problem.TextCodes(), contentCodes)
}

// act says who may do an action, and which fields it needs and may have beside action_id, action, officer, opinion and expect_version.
type act struct {
	kind     schemas.ActionKind
	roles    []Role
	needs    []string
	optional []string
}

var acts = []act{
	{schemas.ActAccept, []Role{Clerk}, nil, nil},
	{schemas.ActRequestSupplement, []Role{Clerk}, []string{"items"}, []string{"override"}},
	{schemas.ActNotAccept, []Role{Clerk}, []string{"reasons"}, nil},
	{schemas.ActReview, []Role{Reviewer}, nil, nil},
	{schemas.ActApprove, []Role{Approver}, nil, nil},
	{schemas.ActRefuse, []Role{Reviewer, Approver}, []string{"reasons"}, nil},
	{schemas.ActReturn, []Role{Reviewer, Approver}, []string{"reasons", "return_to"}, nil},
	{schemas.ActSuspend, []Role{Reviewer, Approver}, []string{"ground", "notice_no"}, nil},
	{schemas.ActResume, []Role{Reviewer, Approver}, nil, []string{"notice_no"}},
	{schemas.ActWithdraw, []Role{Clerk}, nil, nil},
	{schemas.ActRetry, []Role{Supervisor}, []string{"effect_id"}, nil},
	{schemas.ActWaive, []Role{Supervisor}, []string{"effect_id", "opinion"}, nil},
	{schemas.ActSettle, []Role{Supervisor}, []string{"effect_id", "verdict"}, nil},
	{schemas.ActProposeRevocation, []Role{Reviewer, Approver, Supervisor}, []string{"ground", "opinion"}, nil},
	{schemas.ActConfirmRevocation, []Role{Approver, Supervisor}, []string{"notice_no"}, nil},
	{schemas.ActRejectRevocation, []Role{Approver, Supervisor}, []string{"opinion"}, nil},
}

func actOf(kind string) *act {
	for i := range acts {
		if string(acts[i].kind) == kind {
			return &acts[i]
		}
	}
	return nil
}

func (t *act) allows(o *Officer) bool { return o.Has(t.roles...) }

// Allows reports whether the officer's roles may do the action on some case.
func Allows(o *Officer, kind schemas.ActionKind) bool {
	t := actOf(string(kind))
	return t != nil && t.allows(o)
}

const (
	maxOpinion = 500
	maxReasons = 20
	maxItems   = 40
	maxNotice  = 64
)

var (
	actionForm = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,64}$`)
	itemForm   = regexp.MustCompile(`^(condition|agent|material:[a-z][a-z0-9_]{0,39})$`)
	effectForm = regexp.MustCompile(`^[0-9A-Z]{17}-[a-z]+-[0-9]{1,6}$`)
)

// checker holds what the checks of one act share.
type checker struct {
	*problem.List
	no          string
	knownReason func(code string) bool
}

// decode reads and checks the body of an act on case no. knownReason tells a reason code of the rules from another text.
func decode(raw []byte, no string, knownReason func(code string) bool) (*Action, *problem.List) {
	a, list := new(Action), new(problem.List)
	if strictjson.Decode(raw, a, list) {
		checker{list, no, knownReason}.action(a)
	}
	return a, list
}

func (c checker) action(a *Action) {
	if c.Need("/action_id", a.ActionID) {
		c.Match("/action_id", a.ActionID, actionForm, codeActionID)
	}
	if c.Need("/action", a.Kind) {
		c.fields(a)
	}
	c.Text("/opinion", a.Opinion, maxOpinion)
	c.Text("/override", a.Override, maxOpinion)
	c.Text("/notice_no", a.NoticeNo, maxNotice)
	c.list("/reasons", a.Reasons, maxReasons, c.knownReason, codeReasonUnknown)
	c.list("/items", a.Items, maxItems, itemForm.MatchString, codeItemForm)
	c.OneOf("/return_to", a.ReturnTo, codeReturnTo, string(schemas.StagePreExamine), string(schemas.StageReview))
	c.OneOf("/ground", a.Ground, codeGround, grounds(schemas.ActionKind(a.Kind))...)
	c.OneOf("/verdict", a.Verdict, codeVerdict, "sent", "resend")
	c.effect(a.EffectID)
	if a.ExpectVersion < 0 {
		c.Add("/expect_version", codeVersion)
	}
}

// grounds are those that an action may be done on.
func grounds(k schemas.ActionKind) []string {
	if k != schemas.ActProposeRevocation {
		return casework.SuspensionGrounds()
	}
	var out []string
	for _, r := range casework.Revocations() {
		out = append(out, r.Code)
	}
	return out
}

// fields compares the fields that are there with those of the action, so that nothing that an officer wrote is dropped silently.
func (c checker) fields(a *Action) {
	t := actOf(a.Kind)
	if t == nil {
		c.Add("/action", codeActionUnknown)
		return
	}
	given := map[string]bool{"opinion": a.Opinion != "", "reasons": len(a.Reasons) > 0, "items": len(a.Items) > 0, "override": a.Override != "",
		"return_to": a.ReturnTo != "", "ground": a.Ground != "", "notice_no": a.NoticeNo != "", "effect_id": a.EffectID != "", "verdict": a.Verdict != ""}
	for _, name := range []string{"opinion", "reasons", "items", "override", "return_to", "ground", "notice_no", "effect_id", "verdict"} {
		needed := slices.Contains(t.needs, name)
		switch {
		case needed && !given[name]:
			c.Add("/"+name, problem.Required)
		case given[name] && !needed && name != "opinion" && !slices.Contains(t.optional, name):
			c.Add("/"+name, codeNotForAction)
		}
	}
}

func (c checker) list(pointer string, items []string, limit int, known func(string) bool, code problem.Code) {
	c.Items(pointer, len(items), limit)
	for i, s := range items {
		p := pointer + "/" + strconv.Itoa(i)
		if s != "" && !known(s) {
			c.Add(p, code)
		}
		if s != "" && slices.Contains(items[:i], s) {
			c.Add(p, problem.DuplicateItem)
		}
	}
}

func (c checker) effect(id string) {
	switch {
	case id == "":
	case !effectForm.MatchString(id):
		c.Add("/effect_id", codeEffectForm)
	case schemas.ApplicationOf(id) != c.no:
		c.Add("/effect_id", codeEffectOfOther)
	}
}

// source names the desk in every input.
const source = "desk"

// input returns the canonical input of a checked act of officer o. The input id holds the officer, so that two people who happen to use
// the same action id do not stand in each other's way.
func (a *Action) input(o *Officer, no, dossier string, now time.Time, traceparent string) (*schemas.Input, error) {
	in := &schemas.Input{
		InputID: schemas.InputID(source, o.ID+"/"+a.ActionID, schemas.InputOfficerAction), Kind: schemas.InputOfficerAction, DossierID: dossier,
		ApplicationNo: no, Source: source, ReceivedAt: schemas.At(now), Traceparent: traceparent,
		Action: &schemas.OfficerAction{Kind: schemas.ActionKind(a.Kind), Officer: o.ID, Townships: o.Townships, Reasons: a.Reasons, Items: a.Items,
			ReturnTo: a.ReturnTo, Ground: a.Ground, EffectID: a.EffectID, Verdict: a.Verdict, ExpectVersion: a.ExpectVersion},
	}
	said := schemas.Remark{InputID: in.InputID, Opinion: a.Opinion, Override: a.Override, NoticeNo: a.NoticeNo}
	if said != (schemas.Remark{InputID: in.InputID}) {
		in.Person = &schemas.Person{Remarks: []schemas.Remark{said}}
	}
	b, err := json.Marshal(struct {
		ApplicationNo string                 `json:"application_no"`
		Action        *schemas.OfficerAction `json:"action"`
		Said          schemas.Remark         `json:"said"`
	}{no, in.Action, said})
	if err != nil {
		return nil, fmt.Errorf("encode action of case %s: %w", no, err)
	}
	in.BodyHash = schemas.BodyHash(b)
	return in, nil
}
