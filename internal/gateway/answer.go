package gateway

import (
	"encoding/json"
	"fmt"
	"net/http"

	"permithub/internal/fault"
)

// Classify returns the error that an HTTP answer of the gateway, or of a system behind it, stands for, and nil for an answer that speaks
// of the record: 2xx, and 4xx other than those named here. system is the code of the error or its beginning.
//
// 401 and 403 are about our key, clock or routes (system_credentials, system_clock); 3xx, 404 and 405 about the configured address
// (system_route); 408, 429 and 5xx about the far side's state (system). All are unavailable: no record is at fault.
func Classify(system string, status int, body []byte) error {
	switch {
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		return denied(system, status, reasonOf(body))
	case status < 200, status >= 300 && status < 400, status == http.StatusNotFound, status == http.StatusMethodNotAllowed:
		return fault.Outage(system+"_route", fmt.Errorf("http status %d", status))
	case status == http.StatusRequestTimeout, status == http.StatusTooManyRequests, status >= 500:
		return fault.Outage(system, fmt.Errorf("http status %d", status))
	}
	return nil
}

func denied(system string, status int, reason Reason) error {
	switch reason {
	case ClockSkew:
		return fault.Outage(system+"_clock", fmt.Errorf("http status %d: %s", status, reason))
	case InvalidAccessKey, InvalidSignature, RouteForbidden:
		return fault.Outage(system+"_credentials", fmt.Errorf("http status %d: %s", status, reason))
	}
	return fault.Outage(system+"_credentials", fmt.Errorf("http status %d without a known message", status))
}

// reasonOf reads the gateway's message; 0 is one that we do not know.
func reasonOf(body []byte) Reason {
	var r refusal
	if json.Unmarshal(body, &r) != nil {
		return 0
	}
	for reason, message := range messages {
		if message != "" && message == r.Message {
			return Reason(reason)
		}
	}
	return 0
}

// decode reads an answer about the record into out. A refusal without JSON is permanent under its status; a success without JSON comes
// from something in between, e.g. a proxy's page, and is unavailable.
func (c *Client) decode(path string, status int, body []byte, out any) error {
	if err := Classify(c.system, status, body); err != nil {
		return fmt.Errorf("post %s: %w", path, err)
	}
	if json.Unmarshal(body, out) == nil { // its error quotes the text
		return nil
	}
	if status >= 300 {
		return fault.Rejectf(fmt.Sprintf("%s_http_%d", c.system, status), "post %s: refused without a reason", path)
	}
	return fault.Outage(c.system+"_garbled", fmt.Errorf("post %s: the answer is not the interface's JSON", path))
}

// RefusalCode is the stable code of a refusal for which the system gave a code of its own: system_code. A code that is no code, or that may
// hold a number of a person, becomes system_unlisted: codes stand in metrics and dead letters.
func RefusalCode(system, code string) string {
	const longest, longestNumber = 32, 7 // a date of birth has 8 digits, a phone 11
	digits, run := 0, 0
	for i := range len(code) {
		if run++; code[i] < '0' || code[i] > '9' {
			run = 0
		}
		digits = max(digits, run)
	}
	if code == "" || len(code) > longest || digits > longestNumber || !only(code, "_.-") {
		code = "unlisted"
	}
	return system + "_" + code
}
