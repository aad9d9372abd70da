package intake

// Application is the body of POST /v1/applications: the form of 盐政办发〔2024〕10号 附件1 and what the hub needs beside it.
type Application struct {
	SourceApplicationNo string       `json:"source_application_no" doc:"来源系统的申请编号；同一编号重复提交视为同一申请" pattern:"^[0-9A-Za-z._:-]{1,64}$" example:"ZLB-20240704-000001"`
	Channel             string       `json:"channel,omitempty" doc:"渠道：online 在线办，window 窗口办；省略时取来源的渠道，给出时须一致" enum:"online,window"`
	CitizenID           string       `json:"citizen_id" doc:"公民身份号码（GB 11643）" minLength:"18" maxLength:"18" example:"11010519491231002X"`
	FullName            string       `json:"full_name" doc:"姓名；保留生僻字和间隔号" maxLength:"100" example:"张三"`
	Sex                 string       `json:"sex" doc:"性别（GB/T 2261.1）：1 男，2 女；与公民身份号码一致" enum:"1,2" example:"2"`
	EthnicGroup         EthnicGroup  `json:"ethnic_group" doc:"民族（GB/T 3304）"`
	HukouProvince       string       `json:"hukou_province" doc:"常住户口所在省（GB/T 2260，2 位或 6 位）" pattern:"^[0-9]{2}([0-9]{4})?$" example:"34"`
	HukouCounty         string       `json:"hukou_county" doc:"常住户口所在县（GB/T 2260，6 位）" pattern:"^[0-9]{6}$" example:"340102"`
	HukouAddress        string       `json:"hukou_address" doc:"常住户口详细地址" maxLength:"200"`
	CurrentAddress      string       `json:"current_address" doc:"现居住住址" maxLength:"200"`
	CurrentDivision     string       `json:"current_division" doc:"现居住地镇（街道）代码：330424 加 3 位" pattern:"^330424[0-9]{3}$" example:"330424001"`
	RecognitionType     string       `json:"recognition_type" doc:"互认类型，二者选一：existing_permit 现有证件互认，registration_time 居住登记时间互认" enum:"existing_permit,registration_time"`
	Employment          []string     `json:"employment,omitempty" nullable:"false" doc:"合法稳定就业" enum:"labour_contract,farm_contract,social_insurance,business_licence,other_employment,other"`
	Residence           []string     `json:"residence,omitempty" nullable:"false" doc:"合法稳定住所" enum:"owned_home,employer_dormitory,rented_home,other_residence,other"`
	Rental              []string     `json:"rental,omitempty" nullable:"false" doc:"居住出租房屋" enum:"rental_registration,lease_filing,lease_contract,safety_compliant,tax_paid,other_rental,other"`
	Schooling           []string     `json:"schooling,omitempty" nullable:"false" doc:"连续就读（学籍证明）" enum:"primary_school,secondary_school,vocational_school,university"`
	OtherText           *OtherText   `json:"other_text,omitempty" doc:"勾选“其他”时填写的内容"`
	Notice              TextVersion  `json:"notice" doc:"提交前向申请人展示的重要提示"`
	Declaration         Declaration  `json:"declaration" doc:"申请人声明、签名、日期"`
	ContactPhone        ContactPhone `json:"contact_phone" doc:"接收办结短信的手机号码，及其来源和同意时间"`
	PreviousPermits     []string     `json:"previous_permits,omitempty" nullable:"false" maxItems:"20" doc:"以前申领的《浙江省居住证》证号" pattern:"^[0-9A-Z-]{4,32}$"`
	Intervals           []Interval   `json:"registration_intervals,omitempty" nullable:"false" maxItems:"200" doc:"省内居住登记起止"`
	Agent               *Agent       `json:"agent,omitempty" doc:"代办人：未满十六周岁或行动不便的，由监护人或近亲属申请"`
	SpecialProvision    string       `json:"special_provision,omitempty" doc:"条例第十六条特别规定：investor 投资创业，talent 引进人才" enum:"investor,talent"`
	Materials           []Material   `json:"materials,omitempty" nullable:"false" maxItems:"100" doc:"上传材料：只传摘要和地址，不传内容"`
}

// EthnicGroup is a code of GB/T 3304 with its name; both must agree.
type EthnicGroup struct {
	Code string `json:"code" pattern:"^[0-9]{2}$" doc:"GB/T 3304 代码" example:"01"`
	Name string `json:"name" maxLength:"20" doc:"民族名称，与代码一致" example:"汉族"`
}

// OtherText holds what was written beside each ticked 其他.
type OtherText struct {
	Employment string `json:"employment,omitempty" maxLength:"200" doc:"就业：其他"`
	Residence  string `json:"residence,omitempty" maxLength:"200" doc:"住所：其他"`
	Rental     string `json:"rental,omitempty" maxLength:"200" doc:"出租房屋：其他"`
}

// TextVersion names the text that was shown, by its version and the hash of its UTF-8 bytes.
type TextVersion struct {
	Version string `json:"version" pattern:"^[0-9A-Za-z._-]{1,40}$" doc:"文本版本" example:"2024-07"`
	SHA256  string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"文本的 SHA-256，小写十六进制"`
}

// Declaration is 申请人声明 with its signature and date.
type Declaration struct {
	Version           string `json:"version" pattern:"^[0-9A-Za-z._-]{1,40}$" doc:"声明文本版本" example:"2024-07"`
	SHA256            string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"声明文本的 SHA-256，小写十六进制"`
	SignatureEvidence string `json:"signature_evidence" maxLength:"200" doc:"签名凭据：实名认证流水号，或签名扫描件的摘要"`
	Date              string `json:"date" format:"date" doc:"签名日期 YYYY-MM-DD，不晚于今日" example:"2024-07-04"`
}

// ContactPhone is where the completion notice goes.
type ContactPhone struct {
	Number    string `json:"number" pattern:"^1[3-9][0-9]{9}$" doc:"11 位手机号码"`
	Source    string `json:"source" enum:"applicant,real_name_account,window" doc:"来源：applicant 本人填写，real_name_account 实名账号，window 窗口登记"`
	ConsentAt string `json:"consent_at" format:"date-time" doc:"同意接收短信的时间（RFC 3339）" example:"2024-07-04T09:29:00+08:00"`
}

// Interval is one residence registration, both days included; an open one has no end.
type Interval struct {
	From     string `json:"from" format:"date" doc:"起始日（含）" example:"2023-10-01"`
	To       string `json:"to,omitempty" format:"date" doc:"终止日（含）；仍在登记的省略"`
	Division string `json:"division" pattern:"^[0-9]{6}([0-9]{3})?$" doc:"登记地行政区划代码，6 位或 9 位" example:"330402"`
}

// Agent applies for someone else. Basis: 居住证暂行条例 第九条.
type Agent struct {
	CitizenID string `json:"citizen_id" minLength:"18" maxLength:"18" doc:"代办人公民身份号码"`
	FullName  string `json:"full_name" maxLength:"100" doc:"代办人姓名"`
	Relation  string `json:"relation" enum:"guardian,near_relative" doc:"与申请人的关系：guardian 监护人，near_relative 近亲属"`
}

// Material is a claim check.
type Material struct {
	Kind   string `json:"kind" pattern:"^[a-z][a-z0-9_]{0,39}$" doc:"所证明的条件或事实，如 labour_contract、identity、special_provision" example:"labour_contract"`
	Name   string `json:"name" maxLength:"120" doc:"文件名，不得含个人信息" example:"labour-contract.pdf"`
	Size   int64  `json:"size" minimum:"1" maximum:"1073741824" doc:"字节数"`
	SHA256 string `json:"sha256" pattern:"^[0-9a-f]{64}$" doc:"内容的 SHA-256，小写十六进制"`
	URI    string `json:"uri" maxLength:"500" doc:"取件地址；不含用户信息、查询串和片段" example:"s3://materials/2024/07/6f0c"`
}

// Supplement is the body of POST /v1/applications/{no}/supplements: what it names replaces or adds to what was declared.
type Supplement struct {
	SupplementNo    string        `json:"supplement_no" pattern:"^[0-9A-Za-z._:-]{1,64}$" doc:"来源系统的补正编号；同一编号重复提交视为同一补正"`
	Employment      []string      `json:"employment,omitempty" nullable:"false" doc:"合法稳定就业" enum:"labour_contract,farm_contract,social_insurance,business_licence,other_employment,other"`
	Residence       []string      `json:"residence,omitempty" nullable:"false" doc:"合法稳定住所" enum:"owned_home,employer_dormitory,rented_home,other_residence,other"`
	Rental          []string      `json:"rental,omitempty" nullable:"false" doc:"居住出租房屋" enum:"rental_registration,lease_filing,lease_contract,safety_compliant,tax_paid,other_rental,other"`
	Schooling       []string      `json:"schooling,omitempty" nullable:"false" doc:"连续就读（学籍证明）" enum:"primary_school,secondary_school,vocational_school,university"`
	OtherText       *OtherText    `json:"other_text,omitempty" doc:"勾选“其他”时填写的内容"`
	PreviousPermits []string      `json:"previous_permits,omitempty" nullable:"false" maxItems:"20" doc:"以前申领的《浙江省居住证》证号" pattern:"^[0-9A-Z-]{4,32}$"`
	Intervals       []Interval    `json:"registration_intervals,omitempty" nullable:"false" maxItems:"200" doc:"省内居住登记起止"`
	Materials       []Material    `json:"materials,omitempty" nullable:"false" maxItems:"100" doc:"补交材料"`
	Agent           *Agent        `json:"agent,omitempty" doc:"代办人"`
	ContactPhone    *ContactPhone `json:"contact_phone,omitempty" doc:"更正的手机号码"`
}

// Withdrawal is the body of POST /v1/applications/{no}/withdrawal.
type Withdrawal struct {
	WithdrawalNo string `json:"withdrawal_no" pattern:"^[0-9A-Za-z._:-]{1,64}$" doc:"来源系统的撤回编号；同一编号重复提交视为同一撤回"`
	Reason       string `json:"reason" enum:"applicant_wish,duplicate,left_county,wrong_content,other" doc:"原因：applicant_wish 本人意愿，duplicate 重复申请，left_county 离开本县，wrong_content 填写有误，other 其他"`
}
