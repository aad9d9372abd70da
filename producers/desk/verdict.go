package desk

import (
	"context"
	"log/slog"
	"net/http"
	"slices"
	"strings"

	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/internal/reception"
	"permithub/internal/timeline"
	"permithub/schemas"
)

// Verdict is what came of an act that Kafka has acknowledged.
type Verdict struct {
	// Pending says that the log had not answered in time: the act is taken or refused later, and its input id tells.
	Pending bool
	// Code says why the case did not take the act; "" where it did.
	Code string
	// Version is that of the file with the answer in it.
	Version int64
}

// Submit puts a prepared act on case-input and returns what the log says to it, or the answer that says why nothing was taken; it is safe to repeat.
func (s *Service) Submit(ctx context.Context, in *schemas.Input) (Verdict, *problem.Problem) {
	v, refusal := s.submit(ctx, in)
	if refusal != nil {
		s.requests.WithLabelValues(opAct, refusal.Result).Inc()
		return v, refusal.Problem
	}
	s.requests.WithLabelValues(opAct, v.result()).Inc()
	return v, nil
}

func (v Verdict) result() string {
	switch {
	case v.Pending:
		return resultPending
	case v.Code != "":
		return resultRefused
	}
	return resultAccepted
}

func (s *Service) submit(ctx context.Context, in *schemas.Input) (Verdict, *reception.Answer) {
	if err := s.front.Publish(ctx, in); err != nil {
		refusal := s.unavailable(ctx, in.ApplicationNo, err)
		return Verdict{}, &refusal
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.AnswerTimeout)
	defer cancel()
	said, known, err := s.ports.Await(ctx, in.DossierID, in.InputID)
	if err != nil { // the act is in Kafka: what cannot be read now is read later
		s.log.WarnContext(ctx, "answer to an act not read", slog.String("application_no", in.ApplicationNo), slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
	}
	return Verdict{Pending: !known, Code: said.Code, Version: said.Version}, nil
}

// Taken is the answer to an act that the case took, or that it has not answered yet.
type Taken struct {
	InputID    string       `json:"input_id"`
	ReceivedAt schemas.Time `json:"received_at"`
	// Status is "taken", or "pending" where the log had no answer in time.
	Status   string `json:"status"`
	Version  int64  `json:"version,omitempty"` // of the case with the act in it
	Detail   string `json:"detail,omitempty"`
	DetailEN string `json:"detail_en,omitempty"`
}

// Conflict is the answer to an act that the case did not take: why, and what happened since the version that the officer saw.
type Conflict struct {
	problem.Problem
	InputID  string               `json:"input_id"`
	Version  int64                `json:"version"` // of the case as it is now
	Happened []timeline.Happening `json:"happened,omitempty"`
}

var problemConflict = problem.New(http.StatusConflict, "not-taken", "案件没有接受此操作", "The case did not take this act")

// answered is what the interface says to an act.
func (s *Service) answered(ctx context.Context, in *schemas.Input, v Verdict) reception.Answer {
	body := Taken{InputID: in.InputID, ReceivedAt: in.ReceivedAt, Status: "taken", Version: v.Version}
	switch {
	case v.Pending:
		body.Status, body.Detail, body.DetailEN = "pending", "操作已提交，尚未处理；可稍后查看案件，或以相同操作编号重发查询结果", "the act is submitted and not decided yet; look at the case later, or send it again with its action_id to learn what came of it"
		return reception.Answer{Result: v.result(), Status: http.StatusAccepted, Body: body}
	case v.Code == "":
		return reception.Answer{Result: v.result(), Status: http.StatusOK, Body: body}
	}
	code := Rejection(v.Code)
	c := Conflict{Problem: problemConflict.Explained(code.ZH, code.EN), InputID: in.InputID, Version: v.Version}
	c.Faults = []problem.Fault{{Code: code.Name, MessageZH: code.ZH, MessageEN: code.EN}}
	if since := in.Action.ExpectVersion; since > 0 {
		var err error
		if c.Happened, err = s.ports.Since(ctx, in.ApplicationNo, since); err != nil {
			s.log.WarnContext(ctx, "changes of a case not shown", slog.String("application_no", in.ApplicationNo), slog.String("code", fault.CodeOf(err)), slog.Any("error", err))
		}
	}
	return reception.Answer{Result: v.result(), Status: http.StatusConflict, Body: c}
}

func rejection(name, zh, en string) problem.Code {
	return problem.Code{Name: name, Status: http.StatusConflict, ZH: zh, EN: en}
}

// rejections are the case's answers to acts that it did not take.
var rejections = []problem.Code{
	rejection("version_changed", "案件在您查看之后有变化，请看过现状再办理；刚才的操作没有生效", "The case changed after you saw it. Look at it again; your act was not taken"),
	rejection("separation_of_duties", "同一人不得在本案签署两级意见，也不得确认或否决自己提出的撤销", "One person may not give two of the opinions, nor decide on a revocation that they proposed"),
	rejection("other_township", "此案不属于您的管辖镇（街道）", "This case is of another township"),
	rejection("not_verified", "登记信息尚未核验，不能办理", "The person has not been looked up yet"),
	rejection("case_not_open", "案件已经办结", "The case is closed"),
	rejection("already_accepted", "案件已经受理过，不能再作此办理", "The case was accepted already"),
	rejection("reasons_missing", "请至少选择一项理由", "Choose at least one reason"),
	rejection("items_missing", "请至少选择一项补正事项", "Choose at least one item"),
	rejection("item_unknown", "有不认识的补正事项", "An item is unknown"),
	rejection("visible_before", "所选事项在第一次告知时已经可见，再次要求须说明原因", "What was visible the first time needs a reason now"),
	rejection("opinion_missing", "此操作须写明意见", "This act needs an opinion"),
	rejection("return_to_unknown", "不能退回到该环节", "It cannot return there"),
	rejection("notice_no_missing", "须填写书面通知或决定的文号", "The number of the written notice or decision is needed"),
	rejection("ground_unknown", "事由不在法定范围内", "The ground is not one that the law knows"),
	rejection("officer_missing", "没有经办人", "There is no officer"),
	rejection("reason_unknown", "有不认识的理由", "A reason is unknown"),
	rejection("effect_not_refused", "该事项没有被拒绝，不需要重新办理", "This duty was not refused"),
	rejection("effect_not_open", "该事项已经了结或不能豁免", "This duty is settled, or cannot be waived"),
	rejection("notice_not_unknown", "该通知的结果已经明确", "What became of this notice is known"),
	rejection("verdict_unknown", "结论不明", "The verdict is unknown"),
	rejection("revocation_proposed", "已有人提出撤销，待另一人确认或否决", "A revocation is proposed already and waits for another officer"),
	rejection("revocation_not_proposed", "没有待确认的撤销", "No revocation is proposed"),
	rejection("permit_not_valid", "该居住证已不在有效状态，不能撤销", "The permit is not in force any more"),
	rejection(string(schemas.InputOfficerAction), "这一操作编号下已有另一内容的操作", "Another act was sent under this action id before"),
}

// Rejections lists every answer of a case to an act that it did not take, but those of its stage.
func Rejections() []problem.Code { return slices.Clone(rejections) }

// StageRejections lists the answers to an act for which the case stands in the wrong stage.
func StageRejections() []problem.Code {
	var out []problem.Code
	for _, m := range casework.Moves() {
		if c := Rejection("stage_" + string(m.From)); !slices.Contains(out, c) {
			out = append(out, c)
		}
	}
	return out
}

// Rejection returns the answer of that code with its texts.
func Rejection(code string) problem.Code {
	for _, r := range rejections {
		if r.Name == code {
			return r
		}
	}
	if stage, ok := strings.CutPrefix(code, "stage_"); ok && schemas.Stage(stage).Name() != "" {
		return rejection(code, "案件在“"+schemas.Stage(stage).Name()+"”环节，不能作此办理", "In the stage "+stage+" the case takes no such act")
	}
	return rejection("not_taken", "操作未被接受", "The act was not taken")
}
