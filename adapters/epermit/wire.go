package epermit

import (
	"regexp"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

// The foreign fields, each with its meaning; testdata shows them filled in.

type issueRequest struct {
	RequestID    string `json:"requestId" doc:"请求流水号, 幂等键: the effect id"`
	ApplyNo      string `json:"applyNo" doc:"申请编号"`
	ApplyType    string `json:"applyType" doc:"互认类型: 1 现有证件互认, 2 居住登记时间互认"`
	IDNumber     string `json:"idNumber" doc:"公民身份号码"`
	Name         string `json:"name" doc:"姓名"`
	Sex          string `json:"sex" doc:"性别, GB/T 2261.1"`
	Nation       string `json:"nation" doc:"民族, GB/T 3304 code"`
	HukouCode    string `json:"hukouCode" doc:"常住户口省县, GB/T 2260"`
	HukouAddress string `json:"hukouAddress" doc:"常住户口详细地址"`
	LiveCode     string `json:"liveCode" doc:"现居住地乡镇街道: 330424 and 3 digits"`
	LiveAddress  string `json:"liveAddress" doc:"现居住住址"`
	AcceptTime   string `json:"acceptTime,omitempty" doc:"受理时间, Asia/Shanghai"`
	ApproveTime  string `json:"approveTime,omitempty" doc:"审批时间, Asia/Shanghai"`
	OrgCode      string `json:"orgCode" doc:"签发机关"`
}

type issueAnswer struct {
	Success   *bool        `json:"success" doc:"true: issued, now or by an earlier request of this id"`
	Data      *permitEntry `json:"data" doc:"with success"`
	ErrorCode string       `json:"errorCode" doc:"without success"`
	// errorMsg is not read: it may quote the person.
}

type resultRequest struct {
	RequestID string `json:"requestId" doc:"请求流水号 of the issue asked for"`
}

// resultOK is the result interface's code for an answered question, also where nothing was issued.
const resultOK = "00"

type resultAnswer struct {
	Code  string        `json:"code" doc:"00: answered"`
	Datas []permitEntry `json:"datas" doc:"empty: nothing was issued under this id"`
}

type revokeRequest struct {
	RequestID  string `json:"requestId" doc:"请求流水号, 幂等键: the effect id"`
	ApplyNo    string `json:"applyNo" doc:"申请编号"`
	PermitNo   string `json:"permitNo" doc:"居住证编号"`
	IDNumber   string `json:"idNumber" doc:"公民身份号码"`
	Reason     string `json:"reason" doc:"撤销事由: 1 欺骗贿赂, 2 滥用职权, 3 超越职权, 4 违反程序, 5 不符合条件, 9 其他"`
	RevokeTime string `json:"revokeTime" doc:"撤销决定时间, Asia/Shanghai"`
	OrgCode    string `json:"orgCode" doc:"撤销机关"`
}

type revokeAnswer struct {
	Success   *bool         `json:"success" doc:"true: revoked, now or by an earlier request of this id"`
	Data      *revokedEntry `json:"data" doc:"with success"`
	ErrorCode string        `json:"errorCode" doc:"without success"`
	// errorMsg is not read: it may quote the person.
}

type revokedEntry struct {
	RequestID string `json:"requestId" doc:"请求流水号"`
	PermitNo  string `json:"permitNo" doc:"居住证编号"`
	Status    string `json:"status" doc:"3 撤销"`
	SerialNo  string `json:"serialNo" doc:"撤销流水号"`
}

type permitEntry struct {
	RequestID string `json:"requestId" doc:"请求流水号"`
	ApplyNo   string `json:"applyNo" doc:"申请编号"`
	PermitNo  string `json:"permitNo" doc:"居住证编号"`
	LicenceID string `json:"licenceId" doc:"电子证照标识, GB/T 36904"`
	IssueTime string `json:"issueTime" doc:"签发时间, Asia/Shanghai"`
	Status    string `json:"status" doc:"1 有效, 2 注销, 3 撤销"`
}

// foreignTime is the platform's way to write a time in Asia/Shanghai.
const foreignTime = time.DateTime

var applyTypes = map[schemas.RecognitionType]string{schemas.ExistingPermit: "1", schemas.RegistrationTime: "2"}

var permitStatus = map[string]string{"1": schemas.PermitValid, "2": schemas.PermitCancelled, "3": schemas.PermitRevoked}

var revokeReasons = map[string]string{
	schemas.RevokedFraud: "1", schemas.RevokedAbuseOfPower: "2", schemas.RevokedBeyondAuthority: "3", schemas.RevokedUnlawfulProcedure: "4",
	schemas.RevokedNotQualified: "5", schemas.RevokedByLaw: "9",
}

// revokeRequestOf uses nothing of the order that changes when the same effect is ordered again.
func revokeRequestOf(o *schemas.Order, orgCode string) (revokeRequest, error) {
	if len(o.Effect.Reasons) != 1 || revokeReasons[o.Effect.Reasons[0]] == "" || o.Ended.Revocation == nil {
		return revokeRequest{}, fault.Rejectf(system+"_unmapped", "ground of revocation without a foreign code")
	}
	return revokeRequest{
		RequestID: o.Effect.EffectID, ApplyNo: o.ApplicationNo, PermitNo: o.Effect.PermitNo, IDNumber: o.Person.CitizenID,
		Reason: revokeReasons[o.Effect.Reasons[0]], RevokeTime: timeOf(o.Ended.Revocation.DecidedAt), OrgCode: orgCode,
	}, nil
}

// issueRequestOf uses nothing of the order that changes when the same effect is ordered again: a repeat must be the same to the byte.
func issueRequestOf(o *schemas.Order, orgCode string) (issueRequest, error) {
	s, p := &o.Case.Submission, &o.Person
	applyType, ok := applyTypes[s.RecognitionType]
	if !ok {
		return issueRequest{}, fault.Rejectf(system+"_unmapped", "recognition type without a foreign code")
	}
	return issueRequest{
		RequestID: o.Effect.EffectID, ApplyNo: o.ApplicationNo, ApplyType: applyType,
		IDNumber: p.CitizenID, Name: p.FullName, Sex: p.Sex, Nation: p.EthnicGroup.Code,
		HukouCode: s.HukouCounty, HukouAddress: p.HukouAddress, LiveCode: s.CurrentDivision, LiveAddress: p.CurrentAddress,
		AcceptTime: timeOf(o.Case.AcceptedAt), ApproveTime: timeOf(o.Case.DecidedAt), OrgCode: orgCode,
	}, nil
}

func timeOf(t *schemas.Time) string {
	if t == nil {
		return ""
	}
	return t.In(schemas.Shanghai).Format(foreignTime)
}

// Numbers and hyphens, as printed on the permit.
var permitNo = regexp.MustCompile(`^[0-9A-Z][0-9A-Z-]{5,31}$`)

// permitOf reads a permit of the platform. Nonsense is permanent: asking again brings the same, and a person must look at the platform.
func (c *Client) permitOf(e *permitEntry, effectID string) (schemas.Permit, error) {
	nonsense := func(why string) (schemas.Permit, error) {
		return schemas.Permit{}, fault.Rejectf(system+"_nonsense", "%s", why)
	}
	at, err := time.ParseInLocation(foreignTime, e.IssueTime, schemas.Shanghai)
	status, known := permitStatus[e.Status]
	switch {
	case e.RequestID != effectID:
		return nonsense("the permit is that of another request id")
	case e.ApplyNo != schemas.ApplicationOf(effectID):
		return nonsense("the permit is that of another application")
	case !permitNo.MatchString(e.PermitNo):
		return nonsense("the permit number is no number")
	case isCitizenID(e.PermitNo):
		// Permit numbers stand in logs and public topics, where no citizen id may be.
		return nonsense("the permit number is a citizen id")
	case err != nil:
		return nonsense("the time of issue is no time")
	case !known:
		return nonsense("the status of the permit is not known")
	}
	if err := checkLicenceID(e.LicenceID, c.cfg.LicenceType, c.cfg.LicenceIssuer); err != nil {
		return schemas.Permit{}, fault.Reject(system+"_nonsense", err)
	}
	return schemas.Permit{PermitNo: e.PermitNo, LicenceID: e.LicenceID, ApplicationNo: e.ApplyNo, IssuedAt: schemas.At(at), Status: status}, nil
}

func isCitizenID(s string) bool {
	if _, ok := schemas.BirthDate(s); !ok {
		return false
	}
	check, ok := schemas.CheckCitizenID(s[:17])
	return ok && check == s[17]
}
