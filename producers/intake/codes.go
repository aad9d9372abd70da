package intake

import (
	"slices"

	"permithub/internal/problem"
	"permithub/internal/strictjson"
)

// Codes of the content of the intake's bodies.
var (
	codeIDForm             = problem.Content("id_form", "编号须为 1 至 64 个字母、数字或 . _ : -", "an id is 1 to 64 letters, digits or . _ : -")
	codeVersionForm        = problem.Content("version_form", "版本须为 1 至 40 个字母、数字或 . _ -", "a version is 1 to 40 letters, digits or . _ -")
	codeChannelUnknown     = problem.Content("channel_unknown", "渠道须为 online 或 window", "the channel is online or window")
	codeChannelMismatch    = problem.Content("channel_mismatch", "渠道与来源登记的渠道不一致", "the channel is not the one of this source")
	codeCitizenForm        = problem.Content("citizen_id_form", "公民身份号码须为 17 位数字加 1 位校验码", "a citizen id is 17 digits and a check character")
	codeCitizenLowerX      = problem.Content("citizen_id_lowercase_x", "公民身份号码末位 X 须大写", "the final X of a citizen id is upper case")
	codeCitizenCheck       = problem.Content("citizen_id_check", "公民身份号码校验码不正确", "the check character of the citizen id is wrong")
	codeCitizenProvince    = problem.Content("citizen_id_province", "公民身份号码前两位不是有效的省级代码", "the first two digits of the citizen id are no province")
	codeBirthDate          = problem.Content("citizen_id_birth_date", "公民身份号码中的出生日期不存在或早于 1900 年", "the birth date in the citizen id does not exist or is before 1900")
	codeBirthFuture        = problem.Content("citizen_id_birth_future", "公民身份号码中的出生日期晚于今日", "the birth date in the citizen id is in the future")
	codeSexUnknown         = problem.Content("sex_unknown", "性别代码须为 1（男）或 2（女）", "the sex is 1 (male) or 2 (female)")
	codeSexMismatch        = problem.Content("sex_mismatch", "性别与公民身份号码不一致", "the sex differs from the citizen id")
	codeEthnicUnknown      = problem.Content("ethnic_group_unknown", "不是 GB/T 3304 的民族代码", "no ethnic group code of GB/T 3304")
	codeEthnicName         = problem.Content("ethnic_group_name", "民族名称与代码不一致", "the name of the ethnic group differs from its code")
	codeDivisionForm       = problem.Content("division_form", "行政区划代码的位数或格式不正确", "a division code has another number of digits")
	codeDivisionProvince   = problem.Content("division_province", "行政区划代码前两位不是有效的省级代码", "the first two digits of the division are no province")
	codeHukouCounty        = problem.Content("hukou_county_not_in_province", "户口所在县不属于户口所在省", "the hukou county does not lie in the hukou province")
	codeNotHaiyan          = problem.Content("division_not_haiyan", "现居住地须在海盐县（330424）", "the current residence must lie in Haiyan (330424)")
	codeTownship           = problem.Content("division_township", "海盐县没有这个镇（街道）代码", "Haiyan has no township of this code")
	codeRecognitionUnknown = problem.Content("recognition_type_unknown", "互认类型须为 existing_permit 或 registration_time", "the recognition type is existing_permit or registration_time")
	codeRecognitionBoth    = problem.Content("recognition_type_both", "互认类型只能选一项", "choose exactly one recognition type")
	codeRecognitionMissing = problem.Content("recognition_type_missing", "未选择互认类型", "no recognition type was chosen")
	codeConditionUnknown   = problem.Content("condition_unknown", "申请表的这一栏没有此选项", "the form has no such option in this group")
	codeOtherTextMissing   = problem.Content("other_text_missing", "勾选“其他”须填写内容", "the ticked 其他 needs its text")
	codeOtherTextUnticked  = problem.Content("other_text_unticked", "填写了“其他”的内容但未勾选", "the text belongs to a 其他 that is not ticked")
	codeDateForm           = problem.Content("date_form", "日期格式须为 YYYY-MM-DD", "a date is YYYY-MM-DD")
	codeDateImpossible     = problem.Content("date_impossible", "日期不存在", "there is no such day")
	codeDateFuture         = problem.Content("date_future", "日期晚于今日", "the date is in the future")
	codeIntervalReversed   = problem.Content("interval_reversed", "终止日早于起始日", "the interval ends before it begins")
	codeTimeForm           = problem.Content("time_form", "时间格式须为 RFC 3339", "a time is RFC 3339")
	codeTimeFuture         = problem.Content("time_future", "时间晚于现在", "the time is in the future")
	codePhoneNumber        = problem.Content("phone_number", "须为 11 位中国大陆手机号码", "must be a mainland mobile number of 11 digits")
	codePhoneSource        = problem.Content("phone_source", "手机号码来源须为 applicant、real_name_account 或 window", "the source of the phone is applicant, real_name_account or window")
	codeSHA256Form         = problem.Content("sha256_form", "须为 64 位小写十六进制", "must be 64 lower-case hex digits")
	codePermitNoForm       = problem.Content("permit_no_form", "证号须为 4 至 32 位大写字母、数字或 -", "a permit number is 4 to 32 upper-case letters, digits or -")
	codeKindForm           = problem.Content("material_kind_form", "材料种类须为小写字母开头的 1 至 40 个小写字母、数字或 _", "a kind of material is 1 to 40 lower-case letters, digits or _")
	codeSizeRange          = problem.Content("size_range", "文件大小须大于 0 且不超过 {n} 字节", "a size is over 0 and at most {n} bytes")
	codeURIForm            = problem.Content("uri_form", "须为完整的地址，不含用户信息、查询串和片段", "must be a whole URI without user info, query or fragment")
	codeURIScheme          = problem.Content("uri_scheme", "不接受这种地址", "the scheme of the URI is not accepted")
	codeRelation           = problem.Content("relation_unknown", "与申请人的关系须为 guardian 或 near_relative", "the relation is guardian or near_relative")
	codeAgentIsApplicant   = problem.Content("agent_is_applicant", "代办人不得是申请人本人", "the agent is the applicant")
	codeSpecialUnknown     = problem.Content("special_provision_unknown", "特别规定须为 investor 或 talent", "the special provision is investor or talent")
	codePersonalData       = problem.Content("personal_data", "此处不得出现申请人或代办人的姓名、号码", "must not hold a name or number of the applicant or the agent")
	codeSupplementEmpty    = problem.Content("supplement_empty", "补正没有任何内容", "the supplement brings nothing")
	codeWithdrawalReason   = problem.Content("withdrawal_reason_unknown", "撤回原因代码无效", "no such reason for a withdrawal")
	contentCodes           = []problem.Code{codeIDForm, codeVersionForm, codeChannelUnknown, codeChannelMismatch, codeCitizenForm, codeCitizenLowerX,
		codeCitizenCheck, codeCitizenProvince, codeBirthDate, codeBirthFuture, codeSexUnknown, codeSexMismatch, codeEthnicUnknown, codeEthnicName,
		codeDivisionForm, codeDivisionProvince, codeHukouCounty, codeNotHaiyan, codeTownship, codeRecognitionUnknown, codeRecognitionBoth,
		codeRecognitionMissing, codeConditionUnknown, codeOtherTextMissing, codeOtherTextUnticked, codeDateForm, codeDateImpossible, codeDateFuture,
		codeIntervalReversed, codeTimeForm, codeTimeFuture, codePhoneNumber, codePhoneSource, codeSHA256Form, codePermitNoForm, codeKindForm,
		codeSizeRange, codeURIForm, codeURIScheme, codeRelation, codeAgentIsApplicant, codeSpecialUnknown, codePersonalData, codeSupplementEmpty,
		codeWithdrawalReason}
)

// Codes lists every fault code that the intake may answer, in a stable order: envelope and structure, texts, content.
func Codes() []problem.Code {
	return slices.Concat(strictjson.Codes(), problem.TextCodes(), contentCodes)
}
