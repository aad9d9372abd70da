package schemas

// Stage is where a case stands (domain: 案件流程).
type Stage string

// Stages of a case.
const (
	StageSubmitted   Stage = "submitted"            // 已提交
	StagePreExamine  Stage = "pre_examining"        // 初审
	StageSupplement  Stage = "supplement_requested" // 待补正
	StageNotAccepted Stage = "not_accepted"         // 不予受理
	StageAccepted    Stage = "accepted"             // 已受理
	StageReview      Stage = "under_review"         // 审核
	StageApproval    Stage = "under_approval"       // 审批
	StageRefused     Stage = "refused"              // 不予互认
	StageApproved    Stage = "approved"             // 准予
	StageIssuing     Stage = "issuing"              // 签发中
	StageIssued      Stage = "issued"               // 已签发
	StageClosed      Stage = "closed"               // 办结
	StageArchived    Stage = "archived"             // 归档
	StageWithdrawn   Stage = "withdrawn"            // 撤回
	StageSuspended   Stage = "suspended"            // 中止
	StageRevoked     Stage = "revoked"              // 撤销
	StageHeld        Stage = "held"                 // 挂起
)

// Transition is one step of a person's file: the value of case-log. It is whole in itself: new state, events, effects.
type Transition struct {
	Seq           int64    `json:"seq"`                            // 档案序号: 1, 2, 3 … in this dossier
	PrevHash      string   `json:"prev_hash,omitempty"`            // 前序摘要: hex SHA-256 of the value of transition seq-1
	DossierID     string   `json:"dossier_id"`                     // 个人档案编号: the Kafka key
	ApplicationNo string   `json:"application_no" outline:"about"` // 申请编号: of the case that the input is about
	Input         InputRef `json:"input" outline:"-"`              // 输入: what is answered here
	Events        []Event  `json:"events"`                         // 事件: what the file must remember
	Effects       []Effect `json:"effects,omitempty" outline:"-"`  // 办理事项: what foreign systems are asked to do
	Dossier       Dossier  `json:"dossier"`                        // 个人档案: the file after it, whole
	Person        *Person  `json:"person,omitempty" outline:"-"`   // 个人信息: of the last application
}

// InputRef names the input that a transition answers, and where it stood: the resume point is in the log.
type InputRef struct {
	InputID     string    `json:"input_id"`              // 输入编号
	Kind        InputKind `json:"kind"`                  // 输入类型
	Source      string    `json:"source"`                // 来源
	ReceivedAt  Time      `json:"received_at"`           // 收到时间
	Partition   int32     `json:"partition"`             // 输入分区: in case-input
	Offset      int64     `json:"offset"`                // 输入位移: in case-input
	Traceparent string    `json:"traceparent,omitempty"` // 链路标识
}

// Event is one thing that the file must remember.
type Event struct {
	Type          string   `json:"type"`                  // 事件类型
	At            Time     `json:"at"`                    // 发生时间: when it is true, not when it was seen
	ApplicationNo string   `json:"application_no"`        // 申请编号
	From          Stage    `json:"from,omitempty"`        // 原环节
	To            Stage    `json:"to,omitempty"`          // 新环节; absent where the case stays
	Officer       string   `json:"officer,omitempty"`     // 经办人: staff number, or rule pack and version
	Remark        string   `json:"remark,omitempty"`      // 经办说明: the input id of one of Person.Remarks
	Reasons       []string `json:"reasons,omitempty"`     // 理由代码
	Items         []string `json:"items,omitempty"`       // 补正事项
	EffectID      string   `json:"effect_id,omitempty"`   // 办理事项编号
	Code          string   `json:"code,omitempty"`        // 代码: ground, conflict, foreign code, cause
	Ref           string   `json:"ref,omitempty"`         // 编号: permit number, notice number, foreign number
	Clock         string   `json:"clock,omitempty"`       // 时限编号
	Rung          int      `json:"rung,omitempty"`        // 预警档: percent of the budget
	DueAt         *Time    `json:"due_at,omitempty"`      // 到期时间
	DetectedAt    *Time    `json:"detected_at,omitempty"` // 发现时间
	Cause         *Cause   `json:"cause,omitempty"`       // 超期原因: of a breach
	WasDueAt      *Time    `json:"was_due_at,omitempty"`  // 原到期时间: of a recount
	Papers        []string `json:"papers,omitempty"`      // 依据文件: of a recount
}

// Types of event.
const (
	EvSubmitted           = "submitted"
	EvVerified            = "verified"
	EvSupplementRequested = "supplement_requested"
	EvSupplemented        = "supplemented"
	EvAccepted            = "accepted"
	EvNotAccepted         = "not_accepted"
	EvReviewed            = "reviewed"
	EvReturned            = "returned"
	EvApproved            = "approved"
	EvRefused             = "refused"
	EvIssued              = "issued"
	EvPermitCancelled     = "permit_cancelled"
	EvLicencePushed       = "licence_pushed"
	EvNoticeGranted       = "notice_granted"
	EvNoticeSent          = "notice_sent"
	EvNoticeUnknown       = "notice_unknown"
	EvNoticeDelivered     = "notice_delivered"
	EvNoticeUndelivered   = "notice_undelivered"
	EvDossierFiled        = "dossier_filed"
	EvDutyWaived          = "duty_waived"
	EvClosed              = "closed"
	EvArchived            = "archived"
	EvWithdrawn           = "withdrawn"
	EvSuspended           = "suspended"
	EvResumed             = "resumed"
	EvHeld                = "held"
	EvRetried             = "retried"
	EvRevocationProposed  = "revocation_proposed"
	EvRevocationRejected  = "revocation_rejected"
	EvRevoked             = "revoked"
	EvPermitRevoked       = "permit_revoked"
	EvLicenceCorrected    = "licence_corrected"
	EvWarned              = "deadline_warned"
	EvBreached            = "deadline_breached"
	EvRecounted           = "deadline_recounted"
	EvConflict            = "input_conflict"
	EvRejected            = "input_rejected"
)

// EffectKind is what a foreign system is asked to do.
type EffectKind string

// Kinds of effect.
const (
	EffectVerify   EffectKind = "verify"   // look the person up in the registration system
	EffectIssue    EffectKind = "issue"    // issue the permit at the provincial platform: the pivot
	EffectCancel   EffectKind = "cancel"   // cancel one earlier permit in the registration system
	EffectPublish  EffectKind = "publish"  // push the licence to the big-data platform
	EffectNotify   EffectKind = "notify"   // ask for leave to send a notice (see EffectTransmit)
	EffectTransmit EffectKind = "transmit" // send the notice: only the run named may
	EffectFile     EffectKind = "file"     // file the dossier
	EffectRevoke   EffectKind = "revoke"   // take the permit out of force at the provincial platform
	EffectCorrect  EffectKind = "correct"  // correct the licence data at the big-data platform
)

// Effect is an intent: exactly one step carries it out, at most once at an idempotent system.
type Effect struct {
	EffectID string     `json:"effect_id"`           // 办理事项编号: the idempotency key towards the foreign system
	Kind     EffectKind `json:"kind"`                // 事项
	PermitNo string     `json:"permit_no,omitempty"` // 居住证编号: cancel: the old number; revoke, correct: the one revoked; else the new one
	NewNo    string     `json:"new_no,omitempty"`    // 替代证件编号: cancel: replaced by
	Notice   string     `json:"notice,omitempty"`    // 通知: notify, transmit: "N1" … "N4", "N6"
	Reasons  []string   `json:"reasons,omitempty"`   // 理由代码: notify, transmit: of a refusal or a revocation; revoke, correct: the ground
	Items    []string   `json:"items,omitempty"`     // 补正事项: notify, transmit: what is missing
	DueAt    *Time      `json:"due_at,omitempty"`    // 承诺办结时间: notify, transmit: the promised time
	DueOpen  bool       `json:"due_open,omitempty"`  // 承诺办结时间是否暂定: notify, transmit
	Run      string     `json:"run,omitempty"`       // 运行标识: transmit: the run that was granted leave
}

// Dossier is one person's file (一人一档): at most one open case, the ended ones, the permits.
type Dossier struct {
	DossierID   string      `json:"dossier_id"`                    // 个人档案编号
	PersonToken string      `json:"person_token"`                  // 人员标识: full HMAC of the citizen id
	Seq         int64       `json:"seq"`                           // 档案序号: of the last transition
	Open        *Case       `json:"open,omitempty" outline:"own"`  // 在办案件: at most one
	Ended       []EndedCase `json:"ended,omitempty" outline:"own"` // 已结案件
	Permits     []Permit    `json:"permits,omitempty"`             // 本系统签发的居住证
	Seen        []Seen      `json:"seen,omitempty" outline:"-"`    // 已收输入: the last ones
}

// Seen remembers an input, so that its repeat changes nothing and its contradiction is recorded.
type Seen struct {
	InputID  string `json:"id"` // 输入编号
	BodyHash string `json:"h"`  // 内容摘要: first 16 hex digits
}

// Case is one open application.
type Case struct {
	ApplicationNo string     `json:"application_no"`                 // 申请编号
	BodyHash      string     `json:"body_hash"`                      // 申请内容摘要
	Stage         Stage      `json:"stage"`                          // 办理环节
	StageAt       *Time      `json:"stage_at,omitempty"`             // 环节开始时间
	HeldFrom      Stage      `json:"held_from,omitempty"`            // 挂起前环节; also the stage before a suspension
	Submission    Submission `json:"submission"`                     // 申请
	SubmittedAt   Time       `json:"submitted_at"`                   // 提交时间
	Facts         *Facts     `json:"facts,omitempty" outline:"-"`    // 登记信息: of the last look-up
	Findings      []Finding  `json:"findings,omitempty" outline:"-"` // 规则核验: the rule trace of the last evaluation
	Opinions      []Opinion  `json:"opinions,omitempty" outline:"-"` // 意见
	Supplements   []ItemList `json:"supplements,omitempty"`          // 补正通知
	Reasons       []string   `json:"reasons,omitempty"`              // 理由代码: why a person must judge, or why it was refused
	AcceptedAt    *Time      `json:"accepted_at,omitempty"`          // 受理时间
	DecidedAt     *Time      `json:"decided_at,omitempty"`           // 决定时间
	IssuedAt      *Time      `json:"issued_at,omitempty"`            // 签发时间
	Permit        *Permit    `json:"permit,omitempty"`               // 居住证
	Duties        []Duty     `json:"duties,omitempty" outline:"-"`   // 办理事项: every effect that was ordered, and what became of it
	Clocks        []Clock    `json:"clocks,omitempty"`               // 时限
	RulePack      string     `json:"rule_pack"`                      // 规则版本
	Calendar      string     `json:"calendar"`                       // 日历版本
}

// Finding is one rule applied to one case.
type Finding struct {
	Rule    string `json:"rule"`             // 规则编号: "R1"
	Outcome string `json:"outcome"`          // 核验结果: "pass", "fail", "manual", "exempt"
	Reason  string `json:"reason,omitempty"` // 理由代码: where it did not pass
	Basis   string `json:"basis"`            // 依据: the clause
	Detail  string `json:"detail,omitempty"` // 说明: counted days, permit number: no personal data
}

// Opinion is one of the three opinions of the form.
type Opinion struct {
	Level   string `json:"level"`            // 意见层级: "acceptance" 受理人, "review" 审核人, "approval" 审批人
	Verdict string `json:"verdict"`          // 结论
	Officer string `json:"officer"`          // 经办人: staff number, or rule pack and version
	Remark  string `json:"remark,omitempty"` // 经办说明: the input id of one of Person.Remarks
	At      Time   `json:"at"`               // 签署时间
}

// ItemList is one supplement request: every missing item at once (一次性告知).
type ItemList struct {
	At      Time     `json:"at"`                // 通知时间
	Items   []string `json:"items"`             // 补正事项
	Officer string   `json:"officer"`           // 经办人: staff number, or rule pack and version
	Remark  string   `json:"remark,omitempty"`  // 经办说明: the input id of one of Person.Remarks
	Visible []string `json:"visible,omitempty"` // 当时可见事项: what was missing when it was asked for, by the rule pack's own count
}

// Duty is one ordered effect and its state.
type Duty struct {
	Effect
	Status    string `json:"status"`              // 状态
	OrderedAt Time   `json:"ordered_at"`          // 下达时间
	DoneAt    *Time  `json:"done_at,omitempty"`   // 完成时间
	Code      string `json:"code,omitempty"`      // 结果代码
	Ref       string `json:"ref,omitempty"`       // 对方编号
	Delivered string `json:"delivered,omitempty"` // 是否送达: notices: "yes", "no"; absent while no receipt came
}

// States of a duty.
const (
	DutyOrdered = "ordered"
	DutyGranted = "granted"
	DutyUnknown = "unknown"
	DutyDone    = "done"
	DutyRefused = "refused"
	DutyWaived  = "waived"
)

// Clock is one time limit running on a case.
type Clock struct {
	ID          string  `json:"id"`                    // 时限编号: "T1"
	Limit       *Limit  `json:"limit,omitempty"`       // 期限: absent where it runs in wall time
	StartedAt   Time    `json:"started_at"`            // 起算时间
	DueAt       Time    `json:"due_at"`                // 到期时间: half-open: the first instant that is too late
	Provisional bool    `json:"provisional,omitempty"` // 是否暂定
	Rungs       []Rung  `json:"rungs,omitempty"`       // 预警档
	Pauses      []Pause `json:"pauses,omitempty"`      // 中止时段
	PausedAt    *Time   `json:"paused_at,omitempty"`   // 中止时间: while it is paused
	ResolvedAt  *Time   `json:"resolved_at,omitempty"` // 停止时间
	BreachedAt  *Time   `json:"breached_at,omitempty"` // 超期时间
	Cause       *Cause  `json:"cause,omitempty"`       // 超期原因
}

// Limit is the length of a clock as it was counted, in the words of the configuration.
type Limit struct {
	Days int    `json:"days"` // 天数
	Unit string `json:"unit"` // 计算单位: "working_days" or "calendar_days"
	End  string `json:"end"`  // 末日届满: "end_of_day" or "close_of_business"
}

// Pause is a stretch that a clock does not count (T6).
type Pause struct {
	From   Time   `json:"from"`             // 中止时间
	To     *Time  `json:"to,omitempty"`     // 恢复时间: absent while it lasts
	Ground string `json:"ground,omitempty"` // 中止事由
	Remark string `json:"remark,omitempty"` // 说明编号: the act whose remark has the written notice's number
}

// Cause says what a breached limit was lost to.
type Cause struct {
	Kind   CauseKind `json:"kind"`             // 原因类别
	Stage  Stage     `json:"stage,omitempty"`  // 环节: of the hub's own, where the case stood
	System string    `json:"system,omitempty"` // 外部系统: that was waited for
	From   Time      `json:"from"`             // 开始时间
	To     *Time     `json:"to,omitempty"`     // 结束时间: absent where it lasted when the breach was recorded
}

// CauseKind is a kind of cause.
type CauseKind string

// Kinds of cause.
const (
	CauseOwnStage       CauseKind = "own_stage"       // the case lay in a stage of ours
	CauseForeignOutage  CauseKind = "foreign_outage"  // a foreign system did not answer
	CauseCalendarChange CauseKind = "calendar_change" // another calendar made the limit end earlier
)

// Rung is one warning of a clock, or, at 100, its deadline.
type Rung struct {
	Percent int   `json:"percent"`            // 预警档: percent of the budget
	At      Time  `json:"at"`                 // 档位时刻
	FiredAt *Time `json:"fired_at,omitempty"` // 记录时间: when it was recorded
}

// EndedCase is what the file keeps at hand of a case that is over; its whole story is in the log.
type EndedCase struct {
	ApplicationNo       string   `json:"application_no"`               // 申请编号
	Source              string   `json:"source"`                       // 来源
	SourceApplicationNo string   `json:"source_application_no"`        // 来源系统的申请编号
	BodyHash            string   `json:"body_hash"`                    // 申请内容摘要
	SubmittedAt         Time     `json:"submitted_at"`                 // 提交时间
	Outcome             string   `json:"outcome"`                      // 结果: "issued", "refused", "not_accepted", "withdrawn", "revoked"
	Reasons             []string `json:"reasons,omitempty"`            // 理由代码
	PermitNo            string   `json:"permit_no,omitempty"`          // 居住证编号
	AcceptedAt          *Time    `json:"accepted_at,omitempty"`        // 受理时间
	DueAt               *Time    `json:"due_at,omitempty"`             // 承诺办结时间
	DueProvisional      bool     `json:"due_provisional,omitempty"`    // 承诺办结时间是否暂定
	DueLimit            *Limit   `json:"due_limit,omitempty"`          // 承诺时限: what led to due_at, with the pauses
	Pauses              []Pause  `json:"pauses,omitempty"`             // 中止时段
	IssuedAt            *Time    `json:"issued_at,omitempty"`          // 签发时间
	EndedAt             Time     `json:"ended_at"`                     // 结束时间
	Duties              []Duty   `json:"duties,omitempty" outline:"-"` // 办理事项: notices sent, permits cancelled; receipts may still come

	Channel         Channel         `json:"channel,omitempty"`                // 渠道
	RecognitionType RecognitionType `json:"recognition_type,omitempty"`       // 互认类型
	Division        string          `json:"division,omitempty"`               // 现居住地镇（街道）
	Findings        []Finding       `json:"findings,omitempty" outline:"-"`   // 规则核对: the rule trace of the decision; absent for older cases, the log has it
	Opinions        []Opinion       `json:"opinions,omitempty" outline:"-"`   // 审批意见: likewise
	Revocation      *Revocation     `json:"revocation,omitempty" outline:"-"` // 撤销: proposed, or decided; absent where none was or it was rejected
}

// Grounds on which an issued permit is revoked (行政许可法 第六十九条).
const (
	RevokedFraud             = "revoked_fraud"              // 欺骗、贿赂 (第二款)
	RevokedAbuseOfPower      = "revoked_abuse_of_power"     // 滥用职权、玩忽职守 (第一款（一）)
	RevokedBeyondAuthority   = "revoked_beyond_authority"   // 超越法定职权 (（二）)
	RevokedUnlawfulProcedure = "revoked_unlawful_procedure" // 违反法定程序 (（三）)
	RevokedNotQualified      = "revoked_not_qualified"      // 不具备申请资格或者不符合法定条件 (（四）)
	RevokedByLaw             = "revoked_by_law"             // 其他情形 (（五）)
)

// Revocation is the 撤销 of the permit that a case ended with: one officer proposes it, another decides.
type Revocation struct {
	Ground         string `json:"ground"`                    // 撤销事由 (行政许可法 第六十九条)
	ProposedBy     string `json:"proposed_by"`               // 提出人: staff number
	ProposedAt     Time   `json:"proposed_at"`               // 提出时间
	Remark         string `json:"remark"`                    // 提出理由: the input id of one of Person.Remarks
	DecidedBy      string `json:"decided_by,omitempty"`      // 决定人: staff number, never the proposer's
	DecidedAt      *Time  `json:"decided_at,omitempty"`      // 决定时间: absent while it waits for the second person
	DecisionRemark string `json:"decision_remark,omitempty"` // 决定说明: the input id of the remark with the written decision's number
}

// Order is one effect as the step that carries it out sees it. It never travels: it is read out of a transition.
type Order struct {
	Effect        Effect
	DossierID     string
	ApplicationNo string
	Seq           int64 // of the transition that orders it
	OrderedAt     Time
	Input         InputRef
	Case          Case      // empty where the case has ended
	Ended         EndedCase // empty where it is open
	Permit        Permit    // that of Effect.PermitNo; empty where the hub did not have it issued
	Person        Person
}

// Order returns effect i of the transition as the step that carries it out sees it.
func (t *Transition) Order(i int) Order {
	o := Order{Effect: t.Effects[i], DossierID: t.DossierID, ApplicationNo: t.ApplicationNo, Seq: t.Seq, OrderedAt: t.Input.ReceivedAt, Input: t.Input}
	if t.Person != nil {
		o.Person = *t.Person
	}
	if c := t.Dossier.OpenByNo(t.ApplicationNo); c != nil {
		o.Case = *c
	}
	if e := t.Dossier.EndedByNo(t.ApplicationNo); e != nil {
		o.Ended = *e
	}
	for i := range t.Dossier.Permits {
		if p := &t.Dossier.Permits[i]; p.PermitNo == o.Effect.PermitNo {
			o.Permit = *p
		}
	}
	return o
}
