package console

import (
	"fmt"
	"net/http"
	"strings"

	"permithub/deploy/divisions"
	"permithub/internal/casework"
	"permithub/internal/deadletter"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// language of a page. Chinese is what the pages are written in; English is looked up.
type language string

const (
	chinese language = "zh"
	english language = "en"
)

// of picks the language of a text that has both.
func (l language) of(zh, en string) string {
	if l == english {
		return en
	}
	return zh
}

// languageOf is what the officer chose, else Chinese: a browser's own language says little on an office's machine.
func languageOf(r *http.Request) language {
	if c, err := r.Cookie(languageCookie); err == nil && c.Value == string(english) {
		return english
	}
	return chinese
}

// text returns a Chinese text in the language; one without a translation stays Chinese.
func (l language) text(zh string) string {
	if l == english {
		if en, ok := englishTexts[zh]; ok {
			return en
		}
	}
	return zh
}

// HTML is the language tag of a page.
func (l language) HTML() string {
	if l == english {
		return "en"
	}
	return "zh-CN"
}

var queueNames = map[worklist.Queue]string{worklist.Running: "系统办理中", worklist.Acceptance: "待受理", worklist.Applicant: "待申请人", worklist.Review: "待审核",
	worklist.Approval: "待审批", worklist.Held: "挂起"}

var typeNames = map[schemas.RecognitionType]string{schemas.ExistingPermit: "现有证件互认", schemas.RegistrationTime: "居住登记时间互认"}

var channelNames = map[schemas.Channel]string{schemas.Online: "在线办", schemas.Window: "窗口办"}

var roleNames = map[desk.Role]string{desk.Clerk: "受理人", desk.Reviewer: "审核人", desk.Approver: "审批人", desk.Supervisor: "督办人", desk.Operator: "运维", desk.Auditor: "审计"}

// town returns the name of a township, or its code where the county has none of it.
func (l language) town(code string) string {
	t, ok := divisions.Find(code)
	switch {
	case !ok:
		return code
	case l == english:
		return t.English
	}
	return t.Name
}

func townCodes() []string {
	var out []string
	for _, t := range divisions.Townships() {
		out = append(out, t.Code)
	}
	return out
}

// actOrder is the order in which acts are offered: what leads on comes first.
var actOrder = []schemas.ActionKind{schemas.ActAccept, schemas.ActReview, schemas.ActApprove, schemas.ActResume, schemas.ActRequestSupplement, schemas.ActReturn,
	schemas.ActNotAccept, schemas.ActRefuse, schemas.ActSuspend, schemas.ActWithdraw, schemas.ActRetry, schemas.ActSettle, schemas.ActWaive,
	schemas.ActProposeRevocation, schemas.ActConfirmRevocation, schemas.ActRejectRevocation}

var actNames = map[schemas.ActionKind]string{
	schemas.ActAccept: "受理", schemas.ActReview: "审核通过", schemas.ActApprove: "审批准予", schemas.ActResume: "恢复办理", schemas.ActRequestSupplement: "一次性告知补正",
	schemas.ActReturn: "退回", schemas.ActNotAccept: "不予受理", schemas.ActRefuse: "不予互认", schemas.ActSuspend: "中止", schemas.ActWithdraw: "按申请人意愿撤回",
	schemas.ActRetry: "重新办理事项", schemas.ActSettle: "认定通知结果", schemas.ActWaive: "豁免事项",
	schemas.ActProposeRevocation: "提出撤销", schemas.ActConfirmRevocation: "确认撤销", schemas.ActRejectRevocation: "否决撤销",
}

var findingNames = map[string]string{"pass": "通过", "fail": "不通过", "manual": "转人工", "exempt": "豁免"}

func (l language) reason(code string) string {
	if code == "" {
		return ""
	}
	return l.text(casework.ReasonText(code))
}

// item names what is missing.
func (l language) item(item string) string {
	if kind, ok := strings.CutPrefix(item, "material:"); ok && schemas.Condition(kind).Name() != "" {
		return fmt.Sprintf(l.text("“%s”的证明材料"), l.text(schemas.Condition(kind).Name()))
	}
	return l.text(casework.ItemText(item))
}

var permitNames = map[string]string{schemas.PermitValid: "有效", schemas.PermitSuspended: "中止", schemas.PermitCancelled: "已注销", schemas.PermitExpired: "已过期", schemas.PermitRevoked: "已撤销"}

// detail shows what a rule rested on: a condition by its name, anything else as it is.
func (l language) detail(text string) string {
	if name := schemas.Condition(text).Name(); name != "" {
		return l.text(name)
	}
	return text
}

var dueNames = map[worklist.Due]string{worklist.Overdue: "已超期", worklist.DueToday: "今日到期", worklist.DueTomorrow: "明日到期"}
var dispositionNames = map[schemas.DispositionKind]string{schemas.DispositionRepaired: "修复", schemas.DispositionReplayed: "重放", schemas.DispositionGivenUp: "放弃"}

// giveUpName is why a dead letter was given up, in words.
func giveUpName(l language, code string) string {
	for _, r := range deadletter.Reasons() {
		if r.Code == code {
			return l.of(r.ZH, r.EN)
		}
	}
	return code
}

// purposes for which personal data may be revealed.
var purposes = []string{"verify_identity", "contact_applicant", "check_material", "answer_enquiry"}

// rejection says why a case did not take an act.
func (l language) rejection(code string) string {
	if stage, ok := strings.CutPrefix(code, "stage_"); ok && schemas.Stage(stage).Name() != "" {
		return fmt.Sprintf(l.text("案件在“%s”环节，不能作此办理"), l.text(schemas.Stage(stage).Name()))
	}
	c := desk.Rejection(code)
	if l == english {
		return c.EN
	}
	return c.ZH
}
