package registration

import (
	"context"
	"encoding/json"
	"fmt"

	"permithub/internal/fault"
)

// Answers of the envelope.
const (
	codeOK             = "00"
	codeNoRecord       = "01"
	codeNameMismatch   = "02"
	codeNotTheirs      = "11"
	codeStatusMismatch = "12"
	codeNewNotKnown    = "13"
	codeBusy           = "20"
	codeRequestReused  = "21"
	codeBadRequest     = "99"
)

// refusals maps the codes that are final words to the codes of our errors.
var refusals = map[string]string{
	codeNoRecord:       "registration_no_record",
	codeNameMismatch:   "registration_name_mismatch",
	codeNotTheirs:      "registration_not_theirs",
	codeStatusMismatch: "registration_status_conflict",
	codeNewNotKnown:    "registration_new_permit_unknown",
	codeRequestReused:  "registration_request_conflict",
	codeBadRequest:     "registration_bad_request",
}

const codeBadAnswer = "registration_bad_answer"

// envelope is every answer. Its msg is never read: it may name the person.
type envelope struct {
	Code string          `json:"code"`
	Data json.RawMessage `json:"data"`
}

// call posts a request and returns the envelope's code and data.
func (s *System) call(ctx context.Context, path string, request any) (envelope, error) {
	var e envelope
	status, err := s.client.Post(ctx, path, request, &e)
	switch {
	case err != nil:
		return envelope{}, err
	case status < 200 || status > 299:
		if e.Code == codeOK || e.Code == "" {
			return envelope{}, fault.Reject(fmt.Sprintf("%s_http_%d", system, status), nil)
		}
	}
	return e, nil
}

// refusal is the error of every code but 00.
func (e *envelope) refusal() error {
	if e.Code == codeBusy {
		return fault.Outage(system, fmt.Errorf("code %s", codeBusy))
	}
	if code, known := refusals[e.Code]; known {
		return fault.Reject(code, nil)
	}
	return fmt.Errorf("answer with an unknown code %q", clean(e.Code, 4))
}

// clean keeps a foreign code readable where it is short and plain, and drops it where it may be something else.
func clean(s string, longest int) string {
	if !plain(s, longest) {
		return "unreadable"
	}
	return s
}

// plain reports whether s is of 1 to longest letters, digits and hyphens.
func plain(s string, longest int) bool {
	if s == "" || len(s) > longest {
		return false
	}
	for i := range len(s) {
		if c := s[i]; c != '-' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return false
		}
	}
	return true
}
