package sms

import (
	"encoding/json"
	"errors"
	"fmt"

	"permithub/internal/fault"
)

// answer is what the gateway says to a submission. Success is kept raw: some releases quote it.
type answer struct {
	MsgGroup string          `json:"msgGroup"`
	RspCod   string          `json:"rspcod"`
	Success  json.RawMessage `json:"success"`
}

const maxRef = 64

// refusals says what each rspcod means for the notice. Faults of our account are outages: the notice waits until they are mended.
var refusals = map[string]struct {
	code string
	ours bool
}{
	"IllegalMac":      {"sms_illegal_mac", true},
	"InvalidUsrOrPwd": {"sms_invalid_account", true},
	"IllegalSignId":   {"sms_illegal_signature", true},
	"NoSignId":        {"sms_no_signature", true},
	"InvalidMobile":   {codeMobile, false},
	"TooManyMobiles":  {"sms_too_many_mobiles", false},
	"InvalidMessage":  {codeMessage, false},
}

// readAnswer returns the gateway's number for the notice. Bytes that are not an answer leave it open whether the notice went out.
func readAnswer(b []byte) (string, error) {
	var a answer
	if json.Unmarshal(b, &a) != nil || a.RspCod == "" {
		return "", fault.Unknown(codeUnknown, errors.New("answer is not the gateway's JSON"))
	}
	yes := string(a.Success) == "true" || string(a.Success) == `"true"`
	if a.RspCod == "success" && yes {
		return cleanRef(a.MsgGroup), nil
	}
	if a.RspCod == "success" || yes {
		return "", fault.Unknown(codeUnknown, errors.New("answer contradicts itself"))
	}
	r, known := refusals[a.RspCod]
	switch {
	case !known:
		return "", fmt.Errorf("gateway refused with an unlisted rspcod %q", cleanWord(a.RspCod))
	case r.ours:
		return "", fault.Outage(r.code, nil)
	}
	return "", fault.Reject(r.code, nil)
}

// cleanRef lets through only what a message number may look like: it travels into the log and the receipts' index.
func cleanRef(ref string) string {
	if len(ref) > maxRef {
		return ""
	}
	for i := range len(ref) {
		if c := ref[i]; c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return ""
		}
	}
	return ref
}

// cleanWord keeps a foreign code readable without letting a number of a citizen through: letters only, 32 at most.
func cleanWord(s string) string {
	if s == "" || len(s) > 32 {
		return "unreadable"
	}
	for i := range len(s) {
		if c := s[i]; (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "unreadable"
		}
	}
	return s
}
