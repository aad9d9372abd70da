package casework

import (
	"slices"
	"strings"

	"permithub/schemas"
)

// Reason codes: why an application was refused, not accepted or sent to a person.
const (
	ReasonNoValidPermit    = "r1_no_valid_permit"
	ReasonUnderSixMonths   = "r2_under_six_months"
	ReasonNoCondition      = "no_condition"
	ReasonLocalHukou       = "r4_local_hukou"
	ReasonOtherProcedure   = "r5_other_procedure"
	ReasonAgentRequired    = "r6_agent_required"
	ReasonOpenApplication  = "r9_open_application"
	ReasonSuspendedPermit  = "r11_suspended_permit"
	ReasonSpecialUnproven  = "r3_special_unproven"
	ReasonOfficerJudgement = "officer_judgement"
)

// Reason is a ground as a person reads it: what, on which basis, and what can be done about it.
type Reason struct {
	Code, Text, Basis, Remedy string
}

var reasons = []Reason{
	{ReasonNoValidPermit, "未查询到您持有有效的《浙江省居住证》", "盐政办发〔2024〕10号 三(一)", "可改按居住登记时间互认申请，或先恢复原居住证效力"},
	{ReasonUnderSixMonths, "您在浙江省内累计居住登记未满六个月", "盐政办发〔2024〕10号 三(二)", "累计居住登记满六个月后可再次申请"},
	{ReasonNoCondition, "合法稳定居住、合法稳定就业、连续就读三项条件均未能证实", "盐政办发〔2024〕10号 三", "取得其中一项证明材料后可再次申请"},
	{ReasonLocalHukou, "您的常住户口在海盐县，不属于流动人口", "浙江省流动人口居住登记条例 第二条", "无需办理居住证"},
	{ReasonOtherProcedure, "港澳台居民和外国人不适用本程序", "浙江省流动人口居住登记条例 第三十八条", "请按港澳台居民居住证或外国人居留的规定办理"},
	{ReasonAgentRequired, "未满十六周岁，应由监护人或近亲属代为申请", "居住证暂行条例 第九条", "由监护人或近亲属代为申请"},
	{ReasonOpenApplication, "您已有一件互认申请正在办理", "盐政办发〔2024〕10号 附件1 一人一档", "请等待在办申请办结，或先撤回"},
	{ReasonSuspendedPermit, "您的居住证因未按期签注已中止使用", "居住证暂行条例 第十条", "补办签注手续后居住证恢复效力"},
	{ReasonSpecialUnproven, "投资创业或引进人才的特别规定未附证明", "浙江省流动人口居住登记条例 第十六条", "补充证明材料后可再次申请"},
	{ReasonOfficerJudgement, "经办人认定不符合互认条件", "盐政办发〔2024〕10号 四(二)", "详见意见栏"},
}

// Reasons lists every reason code with its text, basis and remedy.
func Reasons() []Reason { return slices.Clone(reasons) }

// ReasonText returns a reason, or a ground of revocation, in Chinese, or the code itself where it is not one of ours.
func ReasonText(code string) string {
	for _, list := range [][]Reason{reasons, revocations} {
		if i := indexOf(list, code); i >= 0 {
			return list[i].Text
		}
	}
	return code
}

func indexOf(list []Reason, code string) int {
	return slices.IndexFunc(list, func(r Reason) bool { return r.Code == code })
}

func knownReason(code string) bool { return indexOf(reasons, code) >= 0 }

// Items that can be missing. "material:<condition>" asks for the proof of one ticked condition.
const (
	ItemCondition = "condition"
	ItemAgent     = "agent"
	itemMaterial  = "material:"
	itemIdentity  = itemMaterial + "identity"
	itemSpecial   = itemMaterial + "special_provision"
)

// knownItem reports whether an item has a text.
func knownItem(item string) bool { return ItemText(item) != item }

// ItemText returns a missing item in Chinese, or the item itself where it is not one of ours.
func ItemText(item string) string {
	switch item {
	case ItemCondition:
		return "居住、就业或就读证明材料（至少一项）"
	case ItemAgent:
		return "监护人或近亲属的身份证明"
	case itemIdentity:
		return "有效身份证件"
	case itemSpecial:
		return "投资创业或引进人才证明"
	}
	if kind, ok := strings.CutPrefix(item, itemMaterial); ok {
		if name := schemas.Condition(kind).Name(); name != "" {
			return "“" + name + "”的证明材料"
		}
	}
	return item
}
