package board

import "permithub/schemas"

// tongue is a language of the page; its value is the place in a text.
type tongue int

const (
	chinese tongue = iota
	english
)

// text is one text in every language.
type text [2]string

var texts = map[string]text{
	"lang":      {"zh-CN", "en"},
	"title":     {"居住证互认 · 值班页", "Residence permits · duty board"},
	"county":    {"浙江省海盐县", "Haiyan County, Zhejiang"},
	"asof":      {"截至", "as of"},
	"live":      {"自动刷新", "refreshes itself"},
	"share":     {"本进程负责的分区", "partitions of this process"},
	"open":      {"在办", "Open"},
	"due":       {"今日到期", "Due today"},
	"warned":    {"已预警", "Warned"},
	"breached":  {"已超期", "Breached"},
	"oldest":    {"等得最久", "Waits longest"},
	"settled":   {"今日办结", "Settled today"},
	"late":      {"其中超期", "of them late"},
	"none":      {"无", "none"},
	"days":      {"天", "d"},
	"hours":     {"小时", "h"},
	"minutes":   {"分", "min"},
	"seconds":   {"秒", "s"},
	"ago":       {"前", " ago"},
	"bytown":    {"按镇（街道）", "By town"},
	"bystage":   {"按环节", "By stage"},
	"matrix":    {"镇（街道）与环节", "Towns and stages"},
	"town":      {"镇（街道）", "Town"},
	"stage":     {"环节", "Stage"},
	"total":     {"合计", "All"},
	"elsewhere": {"其他", "elsewhere"},
	"promise":   {"到期、预警、超期按承诺时限（T1，两个工作日）计", "Due, warned and breached are by the promise (T1, two working days)"},
	"times":     {"办理时长", "Processing time"},
	"workhours": {"工作小时，受理至办结", "office hours, acceptance to settlement"},
	"walltime":  {"自然时间，受理至办结", "wall time, acceptance to settlement"},
	"recent":    {"近 30 天", "last 30 days"},
	"today":     {"今日", "today"},
	"cases":     {"件", "cases"},
	"systems":   {"外部系统", "Foreign systems"},
	"closed":    {"正常", "up"},
	"half-open": {"试探恢复", "trying"},
	"down":      {"熔断", "held back"},
	"idle":      {"尚无调用", "not called yet"},
	"answered":  {"最近答复", "last answer"},
	"failed":    {"最近失败", "last failure"},
	"since":     {"持续", "for"},
	"limits":    {"各项时限", "Time limits"},
	"limit":     {"时限", "Limit"},
	"ok":        {"正常", "On time"},
	"paused":    {"中止", "Paused"},
	"prov":      {"暂定", "Provisional"},
	"old":       {"新证已发、旧证未销", "Old permits not cancelled yet"},
	"horizon":   {"日历覆盖至", "Calendar known until"},
	"remaining": {"还有", "left"},
	"other":     {"English", "中文"},
}

// stagesInEnglish; schemas has the Chinese names.
var stagesInEnglish = map[schemas.Stage]string{
	schemas.StageSubmitted: "Submitted", schemas.StagePreExamine: "Examined", schemas.StageSupplement: "Supplement", schemas.StageAccepted: "Accepted",
	schemas.StageReview: "Review", schemas.StageApproval: "Approval", schemas.StageSuspended: "Suspended", schemas.StageApproved: "Approved",
	schemas.StageIssuing: "Issuing", schemas.StageIssued: "Issued", schemas.StageHeld: "Held",
}

var clockNames = map[string]text{
	"T1": {"承诺时限", "Promise"}, "T2": {"证照推送", "Push"}, "T3": {"同步短信", "Notice"}, "T4": {"法定时限", "Statutory"}, "T5": {"补正告知", "Supplement"},
	"R8": {"原证注销", "Cancellation"},
}

// systemNames name the foreign systems; one that is not here shows its own name.
var systemNames = map[string]text{
	"registration": {"居住登记系统", "Registration"}, "epermit": {"省电子居住证平台", "E-permit platform"}, "sms": {"短信网关", "SMS gateway"},
	"dataplatform": {"大数据平台", "Data platform"}, "archive": {"电子档案", "Archive"},
}

var hourLabels = []text{
	{"≤ 1", "≤ 1"}, {"1–4", "1–4"}, {"4–8", "4–8"}, {"8–12", "8–12"}, {"12–16", "12–16"}, {"16–20", "16–20"}, {"20–24", "20–24"}, {"> 24", "> 24"},
}

var spanLabels = []text{
	{"≤ 1 秒", "≤ 1 s"}, {"≤ 10 秒", "≤ 10 s"}, {"≤ 1 分", "≤ 1 min"}, {"≤ 10 分", "≤ 10 min"}, {"≤ 1 小时", "≤ 1 h"}, {"≤ 8 小时", "≤ 8 h"}, {"≤ 1 天", "≤ 1 d"},
	{"≤ 4 天", "≤ 4 d"}, {"> 4 天", "> 4 d"},
}
