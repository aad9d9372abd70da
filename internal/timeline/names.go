package timeline

import (
	"fmt"
	"slices"
	"strings"

	"permithub/schemas"
)

// Texts turn codes into Chinese. A nil func shows the code.
type Texts struct {
	// Words shows what officers wrote. It is free text and may name people: without it only its length is shown.
	Words   bool
	Reason  func(code string) string
	Item    func(item string) string
	Officer func(id string) string
	// Term turns one of [Terms], or the name of an event or a stage, into another language; nil leaves the Chinese.
	Term func(zh string) string
}

// Phrases into which codes, times and words are set.
const (
	phraseRef      = "编号 %s"
	phraseDue      = "期限 %s"
	phraseMoved    = "期限由 %s 改为 %s"
	phraseCause    = "原因 %s，自 %s %s"
	phraseOwnStage = "本单位环节“%s”"
	phraseOutage   = "外部系统 %s 未答复"
	phraseCalendar = "放假安排变动"
	phraseUncaused = "未记录原因"
	phraseUntil    = "至 %s"
	phraseStill    = "仍未结束"
	phraseHidden   = "（%d 字）"
	phraseNoticeNo = "文号"
	phraseAskedWhy = "再次补正说明"
	phraseOpinion  = "意见"
)

// Terms lists the Chinese of everything that a sheet says in words of its own, for whoever has to have it in another language.
func Terms() []string {
	terms := []string{phraseRef, phraseDue, phraseMoved, phraseCause, phraseOwnStage, phraseOutage, phraseCalendar, phraseUncaused, phraseUntil, phraseStill, phraseHidden,
		phraseNoticeNo, phraseAskedWhy, phraseOpinion}
	for _, names := range []map[string]string{channelNames, recognitionNames, levelNames, verdictNames, findingNames, outcomeNames, kindNames, dutyNames, noticeNames,
		clockNames, codeNames, systemNames} {
		for _, zh := range names {
			terms = append(terms, zh)
		}
	}
	slices.Sort(terms)
	return slices.Compact(terms)
}

// LostTo says what a breached limit was lost to.
func LostTo(kind schemas.CauseKind, stage schemas.Stage, system string, term func(zh string) string) string {
	switch kind {
	case schemas.CauseOwnStage:
		return fmt.Sprintf(with(term, phraseOwnStage), with(term, stage.Name()))
	case schemas.CauseForeignOutage:
		return fmt.Sprintf(with(term, phraseOutage), with(term, named(systemNames, system)))
	case schemas.CauseCalendarChange:
		return with(term, phraseCalendar)
	}
	return with(term, phraseUncaused)
}

func with(f func(string) string, code string) string {
	if f == nil {
		return code
	}
	return f(code)
}

func all(f func(string) string, codes []string) []string {
	texts := make([]string, len(codes))
	for i, c := range codes {
		texts[i] = with(f, c)
	}
	return texts
}

// named looks a code up and falls back on the code itself.
func named(names map[string]string, code string) string {
	if n, ok := names[code]; ok {
		return n
	}
	return code
}

var (
	channelNames     = map[string]string{string(schemas.Online): "在线办", string(schemas.Window): "窗口办"}
	recognitionNames = map[string]string{string(schemas.ExistingPermit): "现有证件互认", string(schemas.RegistrationTime): "居住登记时间互认"}
	levelNames       = map[string]string{"acceptance": "受理", "review": "审核", "approval": "审批"}
	verdictNames     = map[string]string{
		"accepted": "受理", "deemed_accepted": "视为受理", "not_accepted": "不予受理", "passed": "通过", "approved": "准予", "refused": "不予互认", "returned": "退回", "supplement": "补正",
	}
	findingNames = map[string]string{"pass": "通过", "fail": "不通过", "manual": "转人工", "exempt": "豁免"}
	outcomeNames = map[string]string{"issued": "已签发", "refused": "不予互认", "not_accepted": "不予受理", "withdrawn": "撤回", "revoked": "撤销"}
	kindNames    = map[string]string{
		string(schemas.EffectVerify): "核验登记信息", string(schemas.EffectIssue): "签发居住证", string(schemas.EffectCancel): "注销原居住证",
		string(schemas.EffectPublish): "推送电子证照", string(schemas.EffectNotify): "短信通知", string(schemas.EffectTransmit): "发送短信", string(schemas.EffectFile): "档案归档",
		string(schemas.EffectRevoke): "撤销居住证", string(schemas.EffectCorrect): "更正电子证照",
	}
	dutyNames = map[string]string{
		schemas.DutyOrdered: "待办", schemas.DutyGranted: "发送中", schemas.DutyUnknown: "结果不明", schemas.DutyDone: "已完成", schemas.DutyRefused: "被拒绝", schemas.DutyWaived: "已豁免",
	}
	permitNames = map[string]string{schemas.PermitValid: "有效", schemas.PermitCancelled: "已注销", schemas.PermitRevoked: "已撤销"}
	noticeNames = map[string]string{"N1": "办结通知", "N2": "不予互认通知", "N3": "补正通知", "N4": "受理回执", "N5": "催办通知", "N6": "撤销通知"}
	clockNames  = map[string]string{
		"T1": "承诺时限", "T2": "证照推送", "T3": "同步短信", "T4": "法定时限", "T5": "补正告知", "R8": "原证注销",
	}
	// codeNames are the codes that events carry: grounds of a pause (T6, 行政许可法 第45条), channels, notices.
	codeNames = map[string]string{
		"deemed_accepted": "逾期未告知补正，自收到申请材料之日起即为受理（行政许可法 第三十二条）", "hearing": "听证", "inspection": "检验检测", "appraisal": "鉴定", "expert_review": "专家评审",
		"online": "在线办", "window": "窗口办", "N1": "办结通知", "N2": "不予互认通知", "N3": "补正通知", "N4": "受理回执", "N5": "催办通知", "N6": "撤销通知",
		string(schemas.RecountNoticeLoaded): "放假通知已载入", string(schemas.RecountNoticeAmended): "放假通知有变动",
	}
	systemNames = map[string]string{
		"registration": "居住登记系统", "epermit": "省电子居住证平台", "sms": "短信网关", "dataplatform": "省大数据平台", "archive": "档案库",
	}
)

// LevelName returns the level of an opinion in Chinese.
func LevelName(level string) string { return named(levelNames, level) }

// VerdictName returns the verdict of an opinion in Chinese.
func VerdictName(verdict string) string { return named(verdictNames, verdict) }

// DutyName returns what a duty is in Chinese.
func DutyName(d *schemas.Duty) string { return duty(d) }

// DutyStatus returns the state of a duty in Chinese.
func DutyStatus(status string) string { return named(dutyNames, status) }

// ClockName returns a limit in Chinese.
func ClockName(id string) string { return named(clockNames, id) }

// KindName returns in Chinese what a foreign system is asked to do.
func KindName(kind schemas.EffectKind) string { return named(kindNames, string(kind)) }

// MaskID returns a citizen id as people may see it: the first six and the last four characters.
func MaskID(id string) string {
	if len(id) != 18 {
		return strings.Repeat("*", len(id))
	}
	return id[:6] + "********" + id[14:]
}

// MaskPhone returns a number as people may see it: the first three and the last four digits.
func MaskPhone(number string) string {
	if len(number) < 8 {
		return strings.Repeat("*", len(number))
	}
	return number[:3] + strings.Repeat("*", len(number)-7) + number[len(number)-4:]
}
