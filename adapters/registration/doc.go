// Package registration looks people up and cancels earlier permits in the county's residence-permit management system (居住证管理系统).
//
// # Protocol
//
// That system's interface is not public. This package defines a plain convention that a front-end of it can serve: JSON over HTTP POST
// behind the provincial gateway's signature (X-BG-HMAC-…, package gateway), field names in the style of the public-security data elements.
//
//	POST /residence/v1/persons/query    {"qqbh", "gmsfhm", "xm"}
//	  data: {"cxsj", "zjlb": [{"zjbh", "zt", "xzqh", "qfrq", "yxqz"}], "djlb": [{"djrq", "zxrq", "xzqh"}], "hylb": [{"hylx", "hyjg"}]}
//	POST /residence/v1/permits/cancel   {"qqbh", "gmsfhm", "zjbh", "yqzt", "xzjbh", "zxyy"}
//	  data: {"zxjg", "zxlsh", "zxsj", "xzjbh"}
//
// Both answer {"code", "msg", "data"}. The fields:
//
//	qqbh   请求编号    request id: our effect id; a repeat gets the stored answer
//	gmsfhm 公民身份号码   xm 姓名
//	cxsj   查询时间    yyyyMMddHHmmss, Beijing time
//	zjlb   证件列表    every 《浙江省居住证》 of the person in the province
//	zjbh   证件编号    zt 状态: 1 有效, 2 暂停使用 (签注逾期), 3 注销, 4 过期
//	qfrq   签发日期    yxqz 有效期至    xzqh 行政区划, GB/T 2260
//	djlb   居住登记列表  djrq 登记日期, zxrq 注销日期 (empty or 99991231 while the registration is open)
//	hylb   核验列表    hylx 核验类型 (codes of [conditionCodes]), hyjg 核验结果: 1 属实, 2 不符
//	yqzt   要求状态    the states from which the permit may be cancelled: the request is conditional
//	xzjbh  新证件编号   the permit that replaces it    zxyy 注销原因: 06 互认转换
//	zxjg   注销结果    1 cancelled, 2 was already cancelled    zxlsh 注销流水号    zxsj 注销时间
//
// code: 00 成功, 01 查无记录, 02 姓名不符, 11 证件不属于该人, 12 状态不符, 13 新证件不存在, 20 系统繁忙, 21 请求编号内容不一致,
// 99 报文错误.
//
// # Delivery
//
// Both calls are safe to repeat under the same effect id.
//
// # Errors
//
// fault.Unavailable: the far side is down or busy, or our key, clock or route is wrong. fault.Permanent: an answer about this person that
// trying again cannot change, so that the case is held and a person looks. Unmarked: a code that this convention does not know. No error
// carries a name or a citizen id.
//
// # Limits
//
// A status code that is not mapped is permanent, not skipped: a permit left out could refuse a citizen who has the right, or leave an old
// permit uncancelled. It is not an outage either: one strange permit must not stop everybody's look-ups. Once [Config.Statuses]
// knows the code, an officer orders the look-up again. Condition codes that are not mapped are skipped: what the system does not say
// about the form's conditions is unknown, and the rules have an answer to that.
package registration
