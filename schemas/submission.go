package schemas

// RecognitionType is 互认类型; exactly one.
type RecognitionType string

// Recognition types of the form (附件1).
const (
	ExistingPermit   RecognitionType = "existing_permit"   // 现有证件互认
	RegistrationTime RecognitionType = "registration_time" // 居住登记时间互认
)

// Channel is the way by which an application came.
type Channel string

// Channels of policy 四(一).
const (
	Online Channel = "online" // 在线办
	Window Channel = "window" // 窗口办
)

// Handling says of one stage whether people or the rule pack give the opinion (智能速办).
type Handling string

// Ways to handle a stage.
const (
	Auto   Handling = "auto"
	Manual Handling = "manual"
)

// Stages says how each of the three opinions of a case is given; pinned into the case at submission.
type Stages struct {
	Acceptance Handling `json:"acceptance"` // 受理
	Review     Handling `json:"review"`     // 审核
	Approval   Handling `json:"approval"`   // 审批
}

// Condition is one ticked proof of the form, and what stands behind it.
type Condition string

// Proofs of the form. The group (employment, residence, schooling) is what the rules ask for; rental is a part of residence.
const (
	LabourContract     Condition = "labour_contract"     // 签订劳动合同
	FarmContract       Condition = "farm_contract"       // 签订农业承包合同
	SocialInsurance    Condition = "social_insurance"    // 参加社会保险
	BusinessLicence    Condition = "business_licence"    // 持有工商执照
	OtherEmployment    Condition = "other_employment"    // 就业：其他
	OwnedHome          Condition = "owned_home"          // 自购房屋
	EmployerDormitory  Condition = "employer_dormitory"  // 单位内部宿舍
	RentedHome         Condition = "rented_home"         // 居住出租房屋
	OtherResidence     Condition = "other_residence"     // 住所：其他
	RentalRegistration Condition = "rental_registration" // 办理出租登记
	LeaseFiling        Condition = "lease_filing"        // 办理租赁登记备案
	LeaseContract      Condition = "lease_contract"      // 签订租赁合同
	SafetyCompliant    Condition = "safety_compliant"    // 符合安全条件
	TaxPaid            Condition = "tax_paid"            // 依法缴纳税费
	OtherRental        Condition = "other_rental"        // 出租房屋：其他
	PrimarySchool      Condition = "primary_school"      // 小学学籍证明
	SecondarySchool    Condition = "secondary_school"    // 中学学籍证明
	VocationalSchool   Condition = "vocational_school"   // 中高等职业学校学籍证明
	University         Condition = "university"          // 普通高等学校学籍证明
)

// Submission is what an applicant declares, without the personal fields.
type Submission struct {
	Source              string          `json:"source"`                                       // 来源: who sent it: the name of the key, e.g. "province"
	SourceApplicationNo string          `json:"source_application_no"`                        // 来源系统的申请编号
	Channel             Channel         `json:"channel"`                                      // 渠道
	Stages              Stages          `json:"stages" outline:"-"`                           // 各环节办理方式
	RecognitionType     RecognitionType `json:"recognition_type"`                             // 互认类型; exactly one
	HukouProvince       string          `json:"hukou_province"`                               // 常住户口所在省: GB/T 2260, 2 or 6 digits
	HukouCounty         string          `json:"hukou_county"`                                 // 常住户口所在县: GB/T 2260, 6 digits
	CurrentDivision     string          `json:"current_division"`                             // 现居住地区划: 330424 and 3 digits of the township
	Employment          []Condition     `json:"employment,omitempty" outline:"-"`             // 合法稳定就业
	Residence           []Condition     `json:"residence,omitempty" outline:"-"`              // 合法稳定住所
	Rental              []Condition     `json:"rental,omitempty" outline:"-"`                 // 居住出租房屋
	Schooling           []Condition     `json:"schooling,omitempty" outline:"-"`              // 连续就读
	PreviousPermits     []string        `json:"previous_permits,omitempty" outline:"-"`       // 原居住证编号, as declared
	Intervals           []Interval      `json:"registration_intervals,omitempty" outline:"-"` // 居住登记时段, as declared
	SpecialProvision    string          `json:"special_provision,omitempty"`                  // 特别规定 (R3): "investor" 投资创业 or "talent" 引进人才
	Materials           []Material      `json:"materials,omitempty" outline:"-"`              // 材料
	Notice              TextVersion     `json:"notice" outline:"-"`                           // 重要提示 as shown
	Declaration         Declaration     `json:"declaration" outline:"-"`                      // 申请人声明
}

// TextVersion names a text that was shown to the applicant.
type TextVersion struct {
	Version string `json:"version"` // 文本版本
	SHA256  string `json:"sha256"`  // 文本摘要: hex SHA-256 of the text
}

// Declaration is 申请人声明: which text, and when it was signed. The signature itself is personal ([Person].Signature).
type Declaration struct {
	TextVersion
	Date Date `json:"date"` // 签署日期
}

// Material is a claim check: the bytes never enter Kafka.
type Material struct {
	Kind   string `json:"kind"`   // 材料种类: the condition or fact it proves, e.g. "labour_contract", "identity", "special_provision"
	Name   string `json:"name"`   // 文件名: without personal data
	Size   int64  `json:"size"`   // 大小: bytes
	SHA256 string `json:"sha256"` // 材料摘要: hex SHA-256 of the bytes
	URI    string `json:"uri"`    // 存放位置: where the bytes are
}

// Interval is one residence registration, both days included. An open registration has no To.
type Interval struct {
	From     Date   `json:"from"`         // 登记日期
	To       Date   `json:"to,omitempty"` // 注销日期; absent while the registration is open
	Division string `json:"division"`     // 登记地区划: GB/T 2260, down to the township or village
}

// Facts is what the registration system knows of a person.
type Facts struct {
	Permits    []KnownPermit    `json:"permits,omitempty"`    // 居住证
	Intervals  []Interval       `json:"intervals,omitempty"`  // 居住登记时段
	Conditions []KnownCondition `json:"conditions,omitempty"` // 核验的条件
	AsOf       Time             `json:"as_of"`                // 查询时间
}

// Status of a permit in the registration system, or in a file.
const (
	PermitValid     = "valid"
	PermitSuspended = "suspended" // annual 签注 overdue
	PermitCancelled = "cancelled"
	PermitRevoked   = "revoked" // 撤销: in files only, the registration system calls it cancelled
	PermitExpired   = "expired"
)

// KnownPermit is a 《浙江省居住证》 in the registration system.
type KnownPermit struct {
	PermitNo   string `json:"permit_no"`             // 居住证编号
	Status     string `json:"status"`                // 证件状态
	Division   string `json:"division"`              // 签发地区划: issuing county, GB/T 2260
	IssuedOn   Date   `json:"issued_on,omitempty"`   // 签发日期
	ValidUntil Date   `json:"valid_until,omitempty"` // 有效期至
}

// What the registration system says of a declared condition; a condition it does not list is unknown to it.
const (
	Confirmed    = "confirmed"
	Contradicted = "contradicted"
)

// KnownCondition is one condition that the registration system can confirm or contradict.
type KnownCondition struct {
	Kind   Condition `json:"kind"`   // 条件
	Status string    `json:"status"` // 核验结果
}

// SMS is one notice on its way to a phone: the rendered text and, for gateways with templates, what it was rendered from.
type SMS struct {
	EffectID string   `json:"effect_id"`
	Template string   `json:"template"`
	Version  int      `json:"version"`
	Params   []string `json:"params,omitempty"`
	Text     string   `json:"text"` // without the signature
}
