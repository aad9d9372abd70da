package deadletter

// codeNames are the codes under which records end here, in words.
var codeNames = map[string][2]string{
	"undecodable":               {"内容不符合规定的格式", "the content is not of its form"},
	"application_no":            {"申请编号有误", "the application number is wrong"},
	"dossier_mismatch":          {"申请编号与个人档案不一致", "application and file do not belong together"},
	"dossier_collision":         {"两人的档案编号相同，须人工核查", "two people share one file number: a person must look"},
	"dossier_full":              {"该档案的历史案件过多", "the file has too many ended cases"},
	"input_incomplete":          {"内容不完整", "the content is incomplete"},
	"received_at":               {"收到时间明显有误", "the time of receipt cannot be right"},
	"transition_too_large":      {"档案过大，无法写入", "the file is too large to be written"},
	"unmarked":                  {"多次重试仍未成功，原因未归类", "many tries failed, for no known reason"},
	"offset-out-of-range":       {"内容已不在保存期内", "the content is kept no longer"},
	"letter_unknown":            {"没有这封死信", "there is no such letter"},
	"letter_not_to_repair":      {"此类记录不能修复", "such a record cannot be repaired"},
	"letter_dealt_with":         {"此前已处置", "dealt with before"},
	"letter_repaired_meanwhile": {"他人已在您查看之后修复，请重新查看", "somebody has repaired it since you looked"},
	"reason_unknown":            {"请选择放弃的原因", "choose a reason"},
	"ticket_form":               {"工单编号只能有字母、数字和 . _ / # -", "a ticket's number has letters, digits and . _ / # - only"},
	"second_person_missing":     {"超过 20 件须由另一人同意", "more than 20 need a second person"},
	"rate_range":                {"每秒件数须为 1 至 1000", "a rate is 1 to 1000 a second"},
	CodeUnreadable:              {"死信本身无法读取", "the letter itself cannot be read"},
}

// CodeName returns the code in Chinese and in English, and the code itself where it has no words.
func CodeName(code string) (zh, en string) {
	if n, ok := codeNames[code]; ok {
		return n[0], n[1]
	}
	return code, code
}

// Name returns the verdict in Chinese and in English.
func (v Verdict) Name() (zh, en string) {
	switch v {
	case WouldChange:
		return "将进入办理", "its file takes it"
	case WouldRedo:
		return "由原步骤再办一次", "its step does it once more"
	case NoChange:
		return "编号已办理过或案件已了结，无需再办", "known already, or over: nothing to do"
	case Conflict:
		return "同一编号已有不同内容，不能重放", "another content is known under its id"
	case Invalid:
		return "内容有误，须先修复", "to be repaired first"
	case NoWay:
		return "此类记录不能重放", "such a record cannot be replayed"
	case Gone:
		return "内容已不在保存期内", "its content is kept no longer"
	case WasGivenUp:
		return "已放弃", "given up"
	case WasDealt:
		return "此前已处置", "dealt with before"
	}
	return string(v), string(v)
}
