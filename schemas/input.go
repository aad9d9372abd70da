package schemas

// InputKind says what happened.
type InputKind string

// Kinds of input.
const (
	InputSubmission      InputKind = "submission"       // an application arrived
	InputContradiction   InputKind = "contradiction"    // its source sent another person under the number of this application
	InputSupplement      InputKind = "supplement"       // the applicant answered a supplement request
	InputWithdrawal      InputKind = "withdrawal"       // the applicant withdrew
	InputOfficerAction   InputKind = "officer_action"   // a person at the desk acted
	InputEffectAttempt   InputKind = "effect_attempt"   // a step asks to make a call that cannot be repeated safely
	InputEffectResult    InputKind = "effect_result"    // a foreign system answered, or refused
	InputSMSReceipt      InputKind = "sms_receipt"      // the gateway reported the delivery of a notice
	InputDeadlineReached InputKind = "deadline_reached" // a rung of a clock was reached
	InputRecount         InputKind = "recount"          // another calendar counts the clocks of a case anew
)

// Input is one thing that happened to a person's file: the value of case-input.
type Input struct {
	InputID       string    `json:"input_id"`               // 输入编号: derives from the source, its message id and the kind, so a repeat has the same
	Kind          InputKind `json:"kind"`                   // 输入类型: says which one of the parts below is there
	DossierID     string    `json:"dossier_id"`             // 个人档案编号 (一人一档): the Kafka key
	PersonToken   string    `json:"person_token,omitempty"` // 人员标识: full HMAC of the citizen id, with submissions only
	ApplicationNo string    `json:"application_no"`         // 申请编号: of the case that it is about
	Source        string    `json:"source"`                 // 来源: who said it: a key name, "desk", a step
	ReceivedAt    Time      `json:"received_at"`            // 收到时间: the only clock that a decision knows
	BodyHash      string    `json:"body_hash"`              // 内容摘要: SHA-256 of what was said: the same id with another body is a conflict
	Traceparent   string    `json:"traceparent,omitempty"`  // 链路标识: W3C trace context of what caused it

	Submission    *Submission      `json:"submission,omitempty"`    // 申请, of kind submission
	Contradiction *Contradiction   `json:"contradiction,omitempty"` // 申请冲突, of kind contradiction
	Supplement    *Supplement      `json:"supplement,omitempty"`    // 补正, of kind supplement
	Withdrawal    *Withdrawal      `json:"withdrawal,omitempty"`    // 撤回, of kind withdrawal
	Action        *OfficerAction   `json:"action,omitempty"`        // 经办操作, of kind officer_action
	Attempt       *EffectAttempt   `json:"attempt,omitempty"`       // 发送许可请求, of kind effect_attempt
	Result        *EffectResult    `json:"result,omitempty"`        // 办理结果, of kind effect_result
	Receipt       *SMSReceipt      `json:"receipt,omitempty"`       // 短信回执, of kind sms_receipt
	Deadline      *DeadlineReached `json:"deadline,omitempty"`      // 时限到达, of kind deadline_reached
	Recount       *Recount         `json:"recount,omitempty"`       // 期限重算, of kind recount
	Person        *Person          `json:"person,omitempty"`        // 个人信息: whole with a submission; with a supplement only what it corrects, with an officer's act only the remark
}

// Contradiction says that the source of an application sent another person's under the same number. It was refused; the file of the
// first one records it.
type Contradiction struct {
	SourceApplicationNo string `json:"source_application_no"` // 来源系统的申请编号: the one that both were sent under
	OtherApplicationNo  string `json:"other_application_no"`  // 冲突的申请编号: what the refused one would have been
}

// Supplement answers a request: what it names replaces or adds to what was declared. Personal corrections come in Input.Person.
type Supplement struct {
	Employment      []Condition `json:"employment,omitempty"`             // 合法稳定就业
	Residence       []Condition `json:"residence,omitempty"`              // 合法稳定住所
	Rental          []Condition `json:"rental,omitempty"`                 // 居住出租房屋
	Schooling       []Condition `json:"schooling,omitempty"`              // 连续就读
	PreviousPermits []string    `json:"previous_permits,omitempty"`       // 原居住证编号, as declared
	Intervals       []Interval  `json:"registration_intervals,omitempty"` // 居住登记时段
	Materials       []Material  `json:"materials,omitempty"`              // 材料
	AgentGiven      bool        `json:"agent_given,omitempty"`            // 是否补正代办人; the agent itself is personal: Input.Person.Agent
}

// Withdrawal is the applicant's 撤回.
type Withdrawal struct {
	Reason string `json:"reason,omitempty"` // 撤回原因: a code
}

// ActionKind is what an officer does.
type ActionKind string

// Actions of officers.
const (
	ActAccept            ActionKind = "accept"             // 受理
	ActRequestSupplement ActionKind = "request_supplement" // 补正
	ActNotAccept         ActionKind = "not_accept"         // 不予受理
	ActReview            ActionKind = "review"             // 审核通过
	ActApprove           ActionKind = "approve"            // 审批准予
	ActRefuse            ActionKind = "refuse"             // 不予互认
	ActReturn            ActionKind = "return"             // 退回
	ActSuspend           ActionKind = "suspend"            // 中止
	ActResume            ActionKind = "resume"             // 恢复
	ActWithdraw          ActionKind = "withdraw"           // 撤回, at the citizen's wish
	ActRetry             ActionKind = "retry"              // order a held or failed effect again
	ActWaive             ActionKind = "waive"              // formally waive a duty
	ActSettle            ActionKind = "settle"             // decide what became of an unknown notice
	ActProposeRevocation ActionKind = "propose_revocation" // 提出撤销 of an issued permit
	ActConfirmRevocation ActionKind = "confirm_revocation" // 确认撤销, by another person
	ActRejectRevocation  ActionKind = "reject_revocation"  // 否决撤销, by another person
)

// OfficerAction is one act of one officer at the desk. What the officer wrote with it is in Input.Person.Remarks.
type OfficerAction struct {
	Kind          ActionKind `json:"kind"`                     // 操作
	Officer       string     `json:"officer"`                  // 经办人: staff number
	Townships     []string   `json:"townships,omitempty"`      // 管辖镇（街道）: the divisions whose cases the officer works on; absent is the whole county
	Reasons       []string   `json:"reasons,omitempty"`        // 理由: codes, for a refusal
	Items         []string   `json:"items,omitempty"`          // 补正事项: missing items, for a supplement request
	ReturnTo      string     `json:"return_to,omitempty"`      // 退回至: "pre_examining" or "under_review"
	Ground        string     `json:"ground,omitempty"`         // 中止事由 (T6): "hearing", "inspection", "appraisal", "expert_review"; 撤销事由: "revoked_…" of a proposal
	EffectID      string     `json:"effect_id,omitempty"`      // 办理事项编号: of the effect to retry, waive or settle
	Verdict       string     `json:"verdict,omitempty"`        // 结论: settle: "sent" or "resend"
	ExpectVersion int64      `json:"expect_version,omitempty"` // 档案版本: the dossier's seq that the officer saw; 0 does not check
}

// EffectAttempt asks for leave to make a call that has no idempotency key. Only the run that was granted leave may call.
type EffectAttempt struct {
	EffectID string `json:"effect_id"` // 办理事项编号
	Run      string `json:"run"`       // 运行标识: names the process run and the partition ownership that asks
}

// EffectStatus says how a foreign call ended.
type EffectStatus string

// Ends of a foreign call.
const (
	EffectDone    EffectStatus = "done"
	EffectRefused EffectStatus = "refused" // for good: a person must look
	EffectUnknown EffectStatus = "unknown" // it may or may not have happened
)

// EffectResult is what a foreign system answered to one effect.
type EffectResult struct {
	EffectID string       `json:"effect_id"`        // 办理事项编号
	Status   EffectStatus `json:"status"`           // 结果
	Code     string       `json:"code,omitempty"`   // 结果代码: the foreign system's or the adapter's code, where not plainly done
	At       Time         `json:"at"`               // 办理时间: when the far side did it, by its own word where it gives one
	Ref      string       `json:"ref,omitempty"`    // 对方编号: the far side's own number for it
	Facts    *Facts       `json:"facts,omitempty"`  // 登记信息: of a look-up
	Permit   *Permit      `json:"permit,omitempty"` // 居住证: of an issue
}

// Permit is an electronic 《浙江省居住证》 that the hub had issued.
type Permit struct {
	PermitNo      string `json:"permit_no"`      // 居住证编号
	LicenceID     string `json:"licence_id"`     // 电子证照标识: GB/T 36904 electronic licence identifier
	ApplicationNo string `json:"application_no"` // 申请编号: of the case that it was issued for
	IssuedAt      Time   `json:"issued_at"`      // 签发时间
	Status        string `json:"status"`         // 证件状态: "valid", "cancelled" or "revoked"
}

// SMSReceipt is the gateway's word on the delivery of one notice.
type SMSReceipt struct {
	EffectID  string `json:"effect_id"`     // 办理事项编号
	Ref       string `json:"ref,omitempty"` // 短信网关编号
	Delivered bool   `json:"delivered"`     // 是否送达
	Code      string `json:"code"`          // 回执代码: as the gateway has it
	At        Time   `json:"at"`            // 回执时间
}

// DeadlineReached says that a rung of a clock was reached.
type DeadlineReached struct {
	Clock      string `json:"clock"`       // 时限编号: "T1"
	Rung       int    `json:"rung"`        // 预警档: percent of the budget; 100 is the deadline itself
	DueAt      Time   `json:"due_at"`      // 档位时刻: when the rung lay
	DetectedAt Time   `json:"detected_at"` // 发现时间
}

// Recount says what another calendar makes of the clocks of a case. It carries the result and not the calendar: whoever decides it,
// whatever calendar is loaded there, decides the same.
type Recount struct {
	Calendar string           `json:"calendar"` // 日历版本: that counted
	Reason   RecountReason    `json:"reason"`   // 重算原因
	Papers   []string         `json:"papers"`   // 依据文件: the notices that the change rests on
	Officer  string           `json:"officer"`  // 经办人: staff number, or "hub" where the hub settles a provisional deadline by itself
	Clocks   []RecountedClock `json:"clocks"`   // 时限
}

// RecountReason says why deadlines are counted anew.
type RecountReason string

// Reasons of a recount.
const (
	RecountNoticeLoaded  RecountReason = "notice_loaded"  // the notice of a year that had none
	RecountNoticeAmended RecountReason = "notice_amended" // another notice for a year that had one
)

// RecountedClock is one clock as another calendar counts it.
type RecountedClock struct {
	Clock       string `json:"clock"`                 // 时限编号: "T1"
	WasDueAt    Time   `json:"was_due_at"`            // 原到期时间: a clock that is due at another instant by now is left alone
	DueAt       Time   `json:"due_at"`                // 到期时间
	Provisional bool   `json:"provisional,omitempty"` // 是否暂定
	Rungs       []Rung `json:"rungs,omitempty"`       // 预警档: every one of the clock, without fired_at
}
