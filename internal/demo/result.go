package demo

import (
	"encoding/json"
	"slices"

	"permithub/schemas"
)

// Result is what became of one line.
type Result struct {
	Line          int           `json:"line"`
	Title         string        `json:"title,omitempty"`
	HTTPStatus    int           `json:"http_status"`
	ApplicationNo string        `json:"application_no,omitempty"`
	Outcome       string        `json:"outcome"` // of an ended case; else the stage where it rests; "rejected" where the intake did not take it
	Reasons       []string      `json:"reasons"`
	Problems      []Problem     `json:"problems,omitempty"`
	PermitNo      string        `json:"permit_no,omitempty"`
	AcceptedAt    *schemas.Time `json:"accepted_at,omitempty"`
	DueAt         *schemas.Time `json:"due_at,omitempty"`
	IssuedAt      *schemas.Time `json:"issued_at,omitempty"`
	Cancelled     []string      `json:"cancelled"`
	SMS           []SMS         `json:"sms"`
	Pushed        bool          `json:"pushed"`
	Missing       []string      `json:"missing,omitempty"`  // items that a supplement request names
	Rejected      []Rejection   `json:"rejected,omitempty"` // acts of the script that were not taken
	ElapsedMS     float64       `json:"elapsed_ms"`

	expect   *Expect
	identity identity
}

// Problem is one fault that the intake named.
type Problem struct {
	Pointer   string `json:"pointer"`
	Code      string `json:"code"`
	MessageZH string `json:"message_zh,omitempty"`
	MessageEN string `json:"message_en,omitempty"`
}

// SMS is one notice that the gateway took.
type SMS struct {
	Notice string `json:"notice"`
	Text   string `json:"text"`
	Status string `json:"status"` // "sent", "delivered", "undelivered", "unknown"
}

// Rejection is one act that the case or the desk did not take.
type Rejection struct {
	Action string `json:"action"`
	Code   string `json:"code"`
}

// outcomeRejected stands where the intake answered with a 4xx.
const outcomeRejected = "rejected"

// MarshalLine writes the result as one line of JSON.
func (r *Result) MarshalLine() ([]byte, error) {
	b, err := json.Marshal(r)
	return append(b, '\n'), err
}

// AsExpected reports whether the line came to what the set expects; a line without expectation is always as expected.
func (r *Result) AsExpected() bool {
	e := r.expect
	if e == nil {
		return true
	}
	status := e.HTTPStatus
	if status == 0 {
		status = 202
	}
	if r.HTTPStatus != status {
		return false
	}
	if e.Outcome == "" {
		return true
	}
	return r.Outcome == e.Outcome && len(r.Cancelled) == e.Cancelled && sameSet(r.Reasons, e.Reasons)
}

func sameSet(a, b []string) bool {
	a, b = slices.Sorted(slices.Values(a)), slices.Sorted(slices.Values(b))
	return slices.Equal(a, b)
}

// fill takes from the case's transitions what the result tells.
func (r *Result) fill(c *caseView) {
	r.Outcome, r.Reasons, r.PermitNo = c.outcome, c.reasons, c.permitNo
	r.AcceptedAt, r.DueAt, r.IssuedAt = c.acceptedAt, c.dueAt, c.issuedAt
	r.Cancelled, r.SMS, r.Pushed, r.Missing = c.cancelled, c.sms, c.pushed, c.missing
}
