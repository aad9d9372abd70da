package schemas

// ApplicationEvent tells data platforms where an application stands: the value of applications.v1. No personal fields.
type ApplicationEvent struct {
	EventID         string          `json:"event_id"`                   // 事件编号: dossier, seq and ordinal; the same event always has the same
	DossierID       string          `json:"dossier_id"`                 // 个人档案编号: the Kafka key
	ApplicationNo   string          `json:"application_no"`             // 申请编号
	Seq             int64           `json:"seq"`                        // 档案序号: orders the events of one dossier
	Type            string          `json:"type"`                       // 事件类型
	TypeName        string          `json:"type_name"`                  // 事件类型名称
	Stage           Stage           `json:"stage"`                      // 办理环节: where the application stands after it
	StageName       string          `json:"stage_name"`                 // 办理环节名称
	At              Time            `json:"at"`                         // 发生时间: when it is true, not when it was seen
	Channel         Channel         `json:"channel,omitempty"`          // 渠道
	RecognitionType RecognitionType `json:"recognition_type,omitempty"` // 互认类型
	Division        string          `json:"division,omitempty"`         // 现居住地区划: township
	Reasons         []ReasonText    `json:"reasons,omitempty"`          // 理由: every one at once
	AcceptedAt      *Time           `json:"accepted_at,omitempty"`      // 受理时间
	DueAt           *Time           `json:"due_at,omitempty"`           // 承诺办结时间: the first instant that is too late
	DueProvisional  bool            `json:"due_provisional,omitempty"`  // 办结时间是否暂定: next year's holidays are not announced yet
}

// ReasonText is a reason code with its Chinese text.
type ReasonText struct {
	Code string `json:"code"` // 理由代码
	Text string `json:"text"` // 理由
}

// PermitEvent tells data platforms that a permit was issued, cancelled or revoked: the value of permits.v1. No personal fields.
type PermitEvent struct {
	EventID       string `json:"event_id"`              // 事件编号: dossier, seq and ordinal; the same event always has the same
	DossierID     string `json:"dossier_id"`            // 个人档案编号: the Kafka key
	ApplicationNo string `json:"application_no"`        // 申请编号: of the case that brought it about
	Seq           int64  `json:"seq"`                   // 档案序号: orders the events of one dossier
	Type          string `json:"type"`                  // 事件类型: "permit_issued", "permit_cancelled" or "permit_revoked"
	TypeName      string `json:"type_name"`             // 事件类型名称
	PermitNo      string `json:"permit_no"`             // 居住证编号
	LicenceID     string `json:"licence_id,omitempty"`  // 电子证照标识: of an issued or a revoked permit
	ReplacedBy    string `json:"replaced_by,omitempty"` // 替代证件编号: the new permit, of a cancelled one
	At            Time   `json:"at"`                    // 发生时间
}
