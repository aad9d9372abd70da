package schemas

var stageNames = map[Stage]string{
	StageSubmitted: "已提交", StagePreExamine: "初审", StageSupplement: "待补正", StageNotAccepted: "不予受理", StageAccepted: "已受理",
	StageReview: "审核", StageApproval: "审批", StageRefused: "不予互认", StageApproved: "准予", StageIssuing: "签发中", StageIssued: "已签发",
	StageClosed: "办结", StageArchived: "归档", StageWithdrawn: "撤回", StageSuspended: "中止", StageRevoked: "撤销", StageHeld: "挂起",
}

// Name returns the stage in Chinese.
func (s Stage) Name() string { return stageNames[s] }

var eventNames = map[string]string{
	EvSubmitted: "提交申请", EvVerified: "核验登记信息", EvSupplementRequested: "一次性告知补正", EvSupplemented: "补正材料", EvAccepted: "受理",
	EvNotAccepted: "不予受理", EvReviewed: "审核通过", EvReturned: "退回", EvApproved: "审批准予", EvRefused: "不予互认", EvIssued: "签发居住证",
	EvPermitCancelled: "注销原居住证", EvLicencePushed: "推送电子证照", EvNoticeGranted: "准许发送通知", EvNoticeSent: "通知已发送",
	EvNoticeUnknown: "通知结果不明", EvNoticeDelivered: "通知已送达", EvNoticeUndelivered: "通知未送达", EvDossierFiled: "档案归档",
	EvDutyWaived: "事项豁免", EvClosed: "办结", EvArchived: "归档", EvWithdrawn: "撤回", EvSuspended: "中止", EvResumed: "恢复办理",
	EvHeld: "挂起", EvRetried: "重新办理", EvWarned: "时限预警", EvBreached: "超过时限", EvRecounted: "期限重算",
	EvRevocationProposed: "提出撤销", EvRevocationRejected: "否决撤销", EvRevoked: "撤销", EvPermitRevoked: "居住证已撤销", EvLicenceCorrected: "更正电子证照",
	EvConflict: "内容冲突", EvRejected: "操作未被接受",
}

// EventName returns an event type in Chinese, or the type itself where it has no name.
func EventName(eventType string) string {
	if n, ok := eventNames[eventType]; ok {
		return n
	}
	return eventType
}

var conditionNames = map[Condition]string{
	LabourContract: "签订劳动合同", FarmContract: "签订农业承包合同", SocialInsurance: "参加社会保险", BusinessLicence: "持有工商执照", OtherEmployment: "其他（就业）",
	OwnedHome: "自购房屋", EmployerDormitory: "单位内部宿舍", RentedHome: "居住出租房屋", OtherResidence: "其他（住所）",
	RentalRegistration: "办理出租登记", LeaseFiling: "办理租赁登记备案", LeaseContract: "签订租赁合同", SafetyCompliant: "符合安全条件", TaxPaid: "依法缴纳税费", OtherRental: "其他（出租房屋）",
	PrimarySchool: "小学学籍证明", SecondarySchool: "中学学籍证明", VocationalSchool: "中高等职业学校学籍证明", University: "普通高等学校学籍证明",
}

// Name returns the condition as the form prints it (附件1).
func (c Condition) Name() string { return conditionNames[c] }

// ConditionsOf lists the conditions of one group of the form: "employment", "residence", "rental" or "schooling", in the form's order.
func ConditionsOf(group string) []Condition {
	switch group {
	case "employment":
		return []Condition{LabourContract, FarmContract, SocialInsurance, BusinessLicence, OtherEmployment}
	case "residence":
		return []Condition{OwnedHome, EmployerDormitory, RentedHome, OtherResidence}
	case "rental":
		return []Condition{RentalRegistration, LeaseFiling, LeaseContract, SafetyCompliant, TaxPaid, OtherRental}
	case "schooling":
		return []Condition{PrimarySchool, SecondarySchool, VocationalSchool, University}
	}
	return nil
}
