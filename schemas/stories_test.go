package schemas_test

import (
	"time"

	"permithub/schemas"
)

// automaticIssue: nobody at the desk; three earlier permits are cancelled, and the applicant is told.
func (b *book) automaticIssue() {
	const no = "ZLB-20240910-000001"
	f := b.open("19900101", 11, "欧阳𠮷")
	f.submit("submission", "submitted", no, func(*schemas.Submission) {})
	f.send("contradiction", "input-contradicted", schemas.Input{Kind: schemas.InputContradiction, ApplicationNo: f.no(no), Source: "province",
		Contradiction: &schemas.Contradiction{SourceApplicationNo: no, OtherApplicationNo: f.other(no)}})
	f.answer("effect-result-facts", "accepted", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: f.known("33010620190001", "33020320200002", "33050220210003")})
	f.answer("effect-result-permit", "issued-three-cancels", no, schemas.EffectIssue, 1, schemas.EffectResult{Ref: "33042420240000001", Permit: permit("33042420240000001", f.no(no))})
	f.answer("effect-result-cancelled", "permit-cancelled", no, schemas.EffectCancel, 1, schemas.EffectResult{Ref: "ZX-1"})
	f.answer("", "", no, schemas.EffectCancel, 2, schemas.EffectResult{Ref: "ZX-2", Code: "already_cancelled"})
	f.answer("", "", no, schemas.EffectCancel, 3, schemas.EffectResult{Ref: "ZX-3"})
	f.answer("", "licence-pushed", no, schemas.EffectPublish, 1, schemas.EffectResult{Ref: "batch-20240910-7"})
	f.send("effect-attempt", "notice-granted", schemas.Input{Kind: schemas.InputEffectAttempt, ApplicationNo: f.no(no), Source: "notification",
		Attempt: &schemas.EffectAttempt{EffectID: f.effect(no, schemas.EffectNotify, 1), Run: "hub-1/3/42"}})
	f.answer("effect-result-unknown", "notice-unknown", no, schemas.EffectNotify, 1, schemas.EffectResult{Status: schemas.EffectUnknown, Code: "timeout"})
	f.send("sms-receipt", "notice-delivered", schemas.Input{Kind: schemas.InputSMSReceipt, ApplicationNo: f.no(no), Source: "receipts",
		Receipt: &schemas.SMSReceipt{EffectID: f.effect(no, schemas.EffectNotify, 1), Ref: "0910100500", Delivered: true, Code: "DELIVRD", At: schemas.At(f.at)}})
	f.answer("", "closed", no, schemas.EffectFile, 1, schemas.EffectResult{Ref: "archive/2024/1"})
	f.revoked(no)
}

// revoked: months later two officers revoke the permit; a first proposal is rejected.
func (f *file) revoked(no string) {
	propose := schemas.OfficerAction{Kind: schemas.ActProposeRevocation, Officer: "HY0103", Ground: schemas.RevokedFraud}
	f.at = f.at.AddDate(0, 3, 0)
	f.act("officer-propose-revocation", "revocation-proposed", no, propose, schemas.Remark{Opinion: "劳动合同疑为伪造"})
	f.act("officer-reject-revocation", "revocation-rejected", no, schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "HY0104"}, schemas.Remark{Opinion: "单位书面证明尚未取得"})
	f.act("", "", no, propose, schemas.Remark{Opinion: "用人单位书面证明未与其订立劳动合同"})
	f.act("officer-confirm-revocation", "revoked", no, schemas.OfficerAction{Kind: schemas.ActConfirmRevocation, Officer: "HY0104"}, schemas.Remark{NoticeNo: "盐公撤决〔2024〕1号"})
	f.answer("effect-result-revoked", "permit-revoked", no, schemas.EffectRevoke, 1, schemas.EffectResult{Ref: "CX-1"})
	f.answer("", "licence-corrected", no, schemas.EffectCorrect, 1, schemas.EffectResult{Ref: "batch-20241210-1"})
}

// childWithAgent: a mother applies at the counter; three officers decide, one pauses the case, and time runs out.
func (b *book) childWithAgent() {
	const no = "CK-20240910-000002"
	f := b.open("20140301", 28, "热依扎·阿不都")
	f.person.EthnicGroup = schemas.Code{Code: "05", Name: "维吾尔族"}
	f.person.Agent = &schemas.Agent{CitizenID: citizenID("19880808", 42), FullName: "古丽·阿不都", Relation: "guardian"}
	f.person.OtherText = []schemas.FreeText{{Group: "residence", Text: "随母亲居住于亲属家中"}}
	f.person.ContactPhone.Source = "window"
	b.secrets = append(b.secrets, f.person.Agent.CitizenID, f.person.Agent.FullName, f.person.OtherText[0].Text)
	f.submit("window-submission-with-agent", "submitted-at-the-window", no, func(s *schemas.Submission) {
		s.Channel, s.RecognitionType = schemas.Window, schemas.RegistrationTime
		s.Stages = schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
		s.Employment, s.PreviousPermits = nil, nil
		s.Residence, s.Schooling = []schemas.Condition{schemas.OtherResidence}, []schemas.Condition{schemas.PrimarySchool}
		s.Intervals = []schemas.Interval{{From: "2023-09-01", To: "2024-01-31", Division: "330483001"}, {From: "2024-02-01", Division: "330424101"}}
		s.Materials = []schemas.Material{material("primary_school"), material("identity"), material("other_residence")}
	})
	f.answer("", "examined-by-the-rules", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: f.known()})
	f.act("officer-accept", "accepted-by-an-officer", no, schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "HY0101", ExpectVersion: 2, Townships: []string{"330424001", "330424101"}}, schemas.Remark{Opinion: "材料齐全，符合受理条件"})
	f.act("officer-review", "reviewed", no, schemas.OfficerAction{Kind: schemas.ActReview, Officer: "HY0102"}, schemas.Remark{Opinion: "同意"})
	f.act("officer-suspend", "suspended", no, schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "HY0103", Ground: "hearing"}, schemas.Remark{NoticeNo: "盐公中止〔2024〕1号"})
	f.at = f.at.AddDate(0, 0, 7)
	f.act("officer-resume", "resumed", no, schemas.OfficerAction{Kind: schemas.ActResume, Officer: "HY0103"}, schemas.Remark{NoticeNo: "盐公恢复〔2024〕1号"})
	f.act("officer-return", "returned", no, schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "HY0103", ReturnTo: string(schemas.StageReview)}, schemas.Remark{Opinion: "请核对学籍"})
	t1 := f.file.Dossier.Open.ClockByID("T1")
	f.at = t1.DueAt.Add(2 * time.Second)
	f.send("deadline-reached", "deadline-breached", schemas.Input{Kind: schemas.InputDeadlineReached, ApplicationNo: f.no(no), Source: "overdue",
		Deadline: &schemas.DeadlineReached{Clock: "T1", Rung: 100, DueAt: t1.DueAt, DetectedAt: schemas.At(f.at.Add(time.Second))}})
	f.act("officer-refuse", "refused", no, schemas.OfficerAction{Kind: schemas.ActRefuse, Officer: "HY0102", Reasons: []string{"no_condition", "officer_judgement"}}, schemas.Remark{Opinion: "学籍未能核实"})
	notice := f.effect(no, schemas.EffectNotify, 2)
	f.send("", "", schemas.Input{Kind: schemas.InputEffectAttempt, ApplicationNo: f.no(no), Source: "notification", Attempt: &schemas.EffectAttempt{EffectID: notice, Run: "hub-1/3/42"}})
	f.answer("", "", no, schemas.EffectNotify, 2, schemas.EffectResult{Status: schemas.EffectUnknown, Code: "timeout"})
	f.act("officer-settle", "notice-settled", no, schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "HY0109", EffectID: notice, Verdict: "sent"}, schemas.Remark{Opinion: "已电话确认收到"})
}

// recounted: accepted before the notice of the next year was out, counted anew when it is.
func (b *book) recounted() {
	const no = "ZLB-20261230-000009"
	f := b.open("19910203", 19, "钱多")
	f.at = time.Date(2026, 12, 30, 10, 0, 0, 123456000, schemas.Shanghai)
	f.submit("", "", no, func(s *schemas.Submission) { s.Stages.Review = schemas.Manual })
	f.answer("", "accepted-provisionally", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: f.known("33010620190031")})
	t1 := f.file.Dossier.Open.ClockByID("T1")
	later := schemas.At(t1.DueAt.AddDate(0, 0, 1))
	rungs := []schemas.Rung{{Percent: 50, At: t1.Rungs[0].At}, {Percent: 75, At: t1.Rungs[1].At}, {Percent: 90, At: t1.Rungs[2].At}, {Percent: 100, At: later}}
	f.send("recount", "recounted", schemas.Input{Kind: schemas.InputRecount, ApplicationNo: f.no(no), Source: "calendar", Recount: &schemas.Recount{
		Calendar: "cal-0123456789ab", Reason: schemas.RecountNoticeLoaded, Papers: []string{"国务院办公厅关于2027年部分节假日安排的通知"}, Officer: "hub",
		Clocks: []schemas.RecountedClock{{Clock: "T1", WasDueAt: t1.DueAt, DueAt: later, Rungs: rungs}},
	}})
}

// supplement: a child without an agent and without proof is asked for both at once, and answers.
func (b *book) supplement() {
	const no = "ZLB-20240910-000003"
	f := b.open("20120615", 17, "李四")
	f.submit("submission-of-a-child", "", no, func(s *schemas.Submission) {
		s.Employment, s.Materials = nil, nil
		s.Schooling = []schemas.Condition{schemas.PrimarySchool}
	})
	f.answer("", "supplement-requested", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: f.known("33010620190009")})
	person := &schemas.Person{
		Agent:        &schemas.Agent{CitizenID: citizenID("19860504", 13), FullName: "李三", Relation: "guardian"},
		ContactPhone: schemas.Phone{Number: "13900000999", Source: "applicant", ConsentAt: schemas.At(f.at)},
	}
	b.secrets = append(b.secrets, person.Agent.CitizenID, person.Agent.FullName, person.ContactPhone.Number)
	f.send("supplement", "supplemented", schemas.Input{Kind: schemas.InputSupplement, ApplicationNo: f.no(no), Source: "province", Person: person,
		Supplement: &schemas.Supplement{Materials: []schemas.Material{material("primary_school"), material("identity")}, AgentGiven: true}})
	f.answer("", "accepted-after-supplement", no, schemas.EffectVerify, 2, schemas.EffectResult{Facts: f.known("33010620190009")})
}

// refusalsAtTheCounter: a clerk asks for a proof, a second application is answered at once, and another content under the same number is noted.
func (b *book) refusalsAtTheCounter() {
	const no, second = "ZLB-20240910-000004", "ZLB-20240910-000005"
	f := b.open("19850712", 34, "王芳")
	manual := func(s *schemas.Submission) { s.Stages.Acceptance = schemas.Manual }
	f.submit("", "", no, manual)
	f.answer("effect-result-nothing-known", "", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: &schemas.Facts{AsOf: schemas.At(f.at)}})
	f.submit("", "second-application-not-accepted", second, manual)
	f.submit("submission-with-other-content", "input-conflict", no, func(s *schemas.Submission) { s.RecognitionType = schemas.RegistrationTime })
	f.act("officer-approve", "action-rejected", no, schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "HY0102"})
	f.act("officer-request-supplement", "", no, schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "HY0101", Items: []string{"material:social_insurance"}})
	f.send("supplement-of-materials", "", schemas.Input{Kind: schemas.InputSupplement, ApplicationNo: f.no(no), Source: "province",
		Supplement: &schemas.Supplement{Employment: []schemas.Condition{schemas.SocialInsurance}, Materials: []schemas.Material{material("social_insurance")}}})
	f.answer("", "", no, schemas.EffectVerify, 2, schemas.EffectResult{Facts: &schemas.Facts{AsOf: schemas.At(f.at)}})
	f.act("officer-not-accept", "not-accepted", no, schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "HY0101", Reasons: []string{"r1_no_valid_permit"}}, schemas.Remark{Opinion: "未持有有效居住证"})
}

// heldAndWithdrawn: the platform refuses an issue, a supervisor orders it again; a later application is withdrawn.
func (b *book) heldAndWithdrawn() {
	const no, second, third = "ZLB-20240910-000006", "ZLB-20240910-000007", "ZLB-20240910-000008"
	f := b.open("19790228", 51, "赵云")
	f.submit("", "", no, func(*schemas.Submission) {})
	f.answer("", "", no, schemas.EffectVerify, 1, schemas.EffectResult{Facts: f.known("33010620190021")})
	f.answer("effect-result-refused", "held", no, schemas.EffectIssue, 1, schemas.EffectResult{Status: schemas.EffectRefused, Code: "E1003"})
	f.act("officer-retry", "ordered-again", no, schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "HY0109", EffectID: f.effect(no, schemas.EffectIssue, 1)})
	f.answer("", "", no, schemas.EffectIssue, 1, schemas.EffectResult{Ref: "33042420240000002", Permit: permit("33042420240000002", f.no(no))})
	f.answer("", "", no, schemas.EffectCancel, 1, schemas.EffectResult{Ref: "ZX-9"})
	f.answer("", "", no, schemas.EffectPublish, 1, schemas.EffectResult{Ref: "batch-20240910-8"})
	f.answer("", "", no, schemas.EffectFile, 1, schemas.EffectResult{Ref: "archive/2024/2"})
	f.act("officer-waive", "duty-waived", no, schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "HY0109", EffectID: f.effect(no, schemas.EffectNotify, 1)}, schemas.Remark{Opinion: "已当面告知"})
	f.submit("", "", second, func(s *schemas.Submission) { s.SpecialProvision = "talent" })
	f.send("withdrawal", "withdrawn", schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: f.no(second), Source: "province", Withdrawal: &schemas.Withdrawal{Reason: "applicant_wish"}})
	f.submit("", "", third, func(*schemas.Submission) {})
	f.act("officer-withdraw", "withdrawn-at-the-counter", third, schemas.OfficerAction{Kind: schemas.ActWithdraw, Officer: "HY0101"}, schemas.Remark{Opinion: "本人到窗口提出"})
}

func (b *book) deadLetters() {
	at := schemas.At(time.Date(2024, 9, 10, 10, 20, 0, 0, schemas.Shanghai))
	for name, d := range map[string]schemas.DeadLetter{
		"undecodable": {DeadLetterID: "approval-case-input.v1-3-41", Topic: schemas.TopicCaseInput, Partition: 3, Offset: 41, Key: "3ZCLYTDTCLFJ", Step: "approval",
			Class: "permanent", Code: "undecodable", Reason: "decode case-input.v1: not its JSON", Attempts: 1, At: at,
			Headers: []schemas.Header{{Key: "ce_id", Value: "7"}, {Key: "ph-empty"}}, Value: []byte("{\"input_id\":")},
		"given-up": {DeadLetterID: "issuance-case-log.v1-0-9000000001", Topic: schemas.TopicCaseLog, Partition: 0, Offset: 9000000001, Key: "3ZCLYTDTCLFJ", Step: "issuance",
			Class: "unmarked", Code: "unmarked", Reason: "issue 3ZCLYTDTCLFJ2LDFF-issue-1: answer has no body", Attempts: 12, At: at, Value: []byte("{}")},
		"no-value": {DeadLetterID: "approval-case-input.v1-1-7", Topic: schemas.TopicCaseInput, Partition: 1, Offset: 7, Step: "approval",
			Class: "permanent", Code: "undecodable", Reason: "decode case-input.v1: not its JSON", At: at},
	} {
		rec, err := d.Record()
		b.keep(schemas.TopicDeadLetter, name, rec, err)
	}
	const letter = "approval-case-input.v1-3-41"
	for name, d := range map[string]schemas.Disposition{
		"repaired": {DispositionID: letter + "-1", DeadLetterID: letter, Kind: schemas.DispositionRepaired, Key: "3ZCLYTDTCLFJ", Officer: "HY0201", At: at, Value: []byte("{}")},
		"replayed": {DispositionID: letter + "-2", DeadLetterID: letter, Kind: schemas.DispositionReplayed, Key: "3ZCLYTDTCLFJ", Officer: "HY0201", At: at,
			Second: "HY0202", To: schemas.TopicCaseInput, RepairID: letter + "-1"},
		"given-up": {DispositionID: "approval-case-input.v1-1-7-1", DeadLetterID: "approval-case-input.v1-1-7", Kind: schemas.DispositionGivenUp, Officer: "HY0201", At: at,
			Reason: "sent_again", Ticket: "YW-2024/118"},
	} {
		rec, err := d.Record()
		b.keep(schemas.TopicDisposition, name, rec, err)
	}
}
