package epermitsim

import (
	"strconv"
	"strings"
)

// application is the body of an issue request as the platform reads it.
type application struct {
	RequestID    string `json:"requestId"`
	ApplyNo      string `json:"applyNo"`
	ApplyType    string `json:"applyType"`
	IDNumber     string `json:"idNumber"`
	Name         string `json:"name"`
	Sex          string `json:"sex"`
	Nation       string `json:"nation"`
	HukouCode    string `json:"hukouCode"`
	HukouAddress string `json:"hukouAddress"`
	LiveCode     string `json:"liveCode"`
	LiveAddress  string `json:"liveAddress"`
	OrgCode      string `json:"orgCode"`
}

// fault returns the code under which the platform refuses the application, or "".
func (a *application) fault() string {
	for _, field := range []string{a.RequestID, a.ApplyNo, a.IDNumber, a.Name, a.Sex, a.Nation, a.HukouCode, a.LiveCode, a.LiveAddress, a.OrgCode} {
		if field == "" {
			return "FIELD_MISSING"
		}
	}
	switch {
	case a.ApplyType != "1" && a.ApplyType != "2":
		return "APPLY_TYPE_UNKNOWN"
	case !citizenNumber(a.IDNumber):
		return "ID_NUMBER_INVALID"
	case !strings.HasPrefix(a.LiveCode, "330424"):
		return "AREA_NOT_SERVED"
	}
	return ""
}

// citizenNumber checks GB 11643 in the form of ISO 7064 MOD 11-2: the weighted sum with the check character is 1 modulo 11.
func citizenNumber(s string) bool {
	if len(s) != 18 {
		return false
	}
	rest := 0
	for i := range 18 {
		digit := int(s[i] - '0')
		switch {
		case i == 17 && (s[i] == 'X' || s[i] == 'x'):
			digit = 10
		case s[i] < '0' || s[i] > '9':
			return false
		}
		rest = (rest*2 + digit) % 11
	}
	return rest == 1
}

// licenceID makes out a GB/T 36904 identifier; the check character is ISO 7064 MOD 37,36, found by trying: the remainder must be 1.
func licenceID(kind, issuer, serial, version string) string {
	body := strings.Join([]string{kind, issuer, serial, version}, ".")
	text := strings.ReplaceAll(body, ".", "")
	for v := range int64(36) {
		check := strings.ToUpper(strconv.FormatInt(v, 36))
		if hybridRemainder(text+check) == 1 {
			return "1.2.156.3005.2." + body + "." + check
		}
	}
	return "" // not reached: one of the 36 characters fits
}

// hybridRemainder is the recursion of ISO 7064 for MOD 37,36 over a whole string, its check character included.
func hybridRemainder(s string) int {
	p := 36
	for i := range len(s) {
		v, err := strconv.ParseInt(s[i:i+1], 36, 0)
		if err != nil {
			return 0
		}
		sum := (p + int(v)) % 36
		if i == len(s)-1 {
			return sum
		}
		if sum == 0 {
			sum = 36
		}
		p = sum * 2 % 37
	}
	return 0
}

func issueDone(p Permit) any {
	return map[string]any{"success": true, "errorCode": "", "errorMsg": "", "data": p}
}

// issueRefused quotes the person, so that tests see whether a caller passes that on.
func issueRefused(code string, a *application) any {
	return map[string]any{"success": false, "errorCode": code, "errorMsg": "申请人 " + a.Name + " (" + a.IDNumber + ") 不能签发", "data": nil}
}

// refusal words a refusal that a fault asks for.
func refusal(op, code string) (int, any) {
	if op == OpResult {
		return 200, map[string]any{"code": code, "msg": "查询失败"}
	}
	return 200, issueRefused(code, &application{Name: "（略）", IDNumber: "（略）"})
}
