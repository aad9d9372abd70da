package schemas

// Person holds every personal field of a record, and no other object does.
type Person struct {
	CitizenID      string     `json:"citizen_id,omitempty"`         // 公民身份号码: GB 11643, upper-case X
	FullName       string     `json:"full_name,omitempty"`          // 姓名
	Sex            string     `json:"sex,omitempty"`                // 性别: GB/T 2261.1: "1" male, "2" female
	EthnicGroup    Code       `json:"ethnic_group,omitzero"`        // 民族: GB/T 3304
	HukouAddress   string     `json:"hukou_address,omitempty"`      // 常住户口详细地址
	CurrentAddress string     `json:"current_address,omitempty"`    // 现居住住址
	ContactPhone   Phone      `json:"contact_phone,omitzero"`       // 联系电话
	Agent          *Agent     `json:"agent,omitempty"`              // 代办人
	Signature      string     `json:"signature_evidence,omitempty"` // 签名: 实名认证 reference or the scanned signature's claim check
	OtherText      []FreeText `json:"other_text,omitempty"`         // 其他说明: the texts written beside 其他
	Remarks        []Remark   `json:"remarks,omitempty"`            // 经办说明: what officers wrote; with an officer's act its own, in the log those that the record names
}

// Remark is what an officer wrote with one act. It is free text and may name people, so it stands with the personal data, and
// what belongs to it names it by the act.
type Remark struct {
	InputID  string `json:"input_id"`            // 输入编号: of the act
	Opinion  string `json:"opinion,omitempty"`   // 意见
	Override string `json:"override,omitempty"`  // 再次补正说明: why an item that was visible before is asked for only now
	NoticeNo string `json:"notice_no,omitempty"` // 书面通知文号: number of the written notice of a pause or of its end
}

// Remark returns what was written with an act; empty where nothing was, or where the record does not name it any more.
func (p *Person) Remark(inputID string) Remark {
	if p == nil || inputID == "" {
		return Remark{}
	}
	for _, r := range p.Remarks {
		if r.InputID == inputID {
			return r
		}
	}
	return Remark{}
}

// Code is a coded value with its name, e.g. GB/T 3304 "01" 汉族.
type Code struct {
	Code string `json:"code"` // 代码
	Name string `json:"name"` // 名称
}

// Phone is where the completion notice goes, with its provenance and the consent to use it.
type Phone struct {
	Number    string `json:"number"`     // 手机号码
	Source    string `json:"source"`     // 号码来源: e.g. "applicant", "real_name_account", "window"
	ConsentAt Time   `json:"consent_at"` // 同意时间: when the applicant agreed to be told by SMS
}

// Agent applies for a person under 16 or immobile. Basis: 居住证暂行条例 第九条.
type Agent struct {
	CitizenID string `json:"citizen_id"` // 代办人公民身份号码
	FullName  string `json:"full_name"`  // 代办人姓名
	Relation  string `json:"relation"`   // 与申请人关系: "guardian" 监护人 or "near_relative" 近亲属
}

// FreeText is what an applicant wrote beside a ticked 其他.
type FreeText struct {
	Group string `json:"group"` // 栏目: "employment", "residence", "rental"
	Text  string `json:"text"`  // 说明
}
