// Package problem answers an HTTP caller who asked for something that cannot be done, naming every fault at once.
//
// # Form
//
// Answers are application/problem+json (RFC 9457). Title and detail stand in Chinese, title_en and detail_en in English;
// problems[] lists the faults of the body, each with a JSON pointer (RFC 6901), a stable code and a message in both languages.
//
// # Personal data
//
// Titles, details and messages are constants: they never quote a value. A pointer may name a key that the caller sent, so it
// goes into the answer and never into a log line or a metric; the code may go anywhere.
//
// # Limits
//
// A list names at most [MaxFaults] faults and counts the rest in problems_omitted, so that a small body cannot ask for a huge answer.
package problem

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// ContentType of every answer of this package.
const ContentType = "application/problem+json; charset=utf-8"

// typePrefix makes the type a URI of its own that needs no host.
const typePrefix = "urn:permithub:problem:"

// Problem is one answer as RFC 9457 has it.
type Problem struct {
	Type       string  `json:"type" doc:"urn:permithub:problem: and a stable name"`
	Title      string  `json:"title" doc:"中文标题"`
	TitleEN    string  `json:"title_en" doc:"title in English"`
	Status     int     `json:"status" doc:"the HTTP status, again"`
	Detail     string  `json:"detail,omitempty" doc:"中文说明"`
	DetailEN   string  `json:"detail_en,omitempty" doc:"explanation in English"`
	Faults     []Fault `json:"problems,omitempty" nullable:"false" doc:"every fault of the body, at once"`
	Omitted    int     `json:"problems_omitted,omitempty" doc:"faults beyond those listed"`
	RetryAfter int     `json:"-"` // seconds, for the header Retry-After; 0 leaves it out
}

// Fault is one thing that is wrong with a body.
type Fault struct {
	Pointer   string `json:"pointer" doc:"JSON pointer (RFC 6901) to the faulty value; empty is the whole body" example:"/citizen_id"`
	Code      string `json:"code" doc:"stable code" example:"citizen_id_check"`
	MessageZH string `json:"message_zh" doc:"中文"`
	MessageEN string `json:"message_en" doc:"English"`
}

// New returns a problem of a stable name, without faults.
func New(status int, name, zh, en string) Problem {
	return Problem{Type: typePrefix + name, Title: zh, TitleEN: en, Status: status}
}

// Explained returns p with an explanation in both languages.
func (p Problem) Explained(zh, en string) Problem {
	p.Detail, p.DetailEN = zh, en
	return p
}

// RetryIn returns p with a Retry-After header of d, rounded up to seconds.
func (p Problem) RetryIn(d time.Duration) Problem {
	p.RetryAfter = int((d + time.Second - 1) / time.Second)
	return p
}

// Write sends p. An error of the connection is the caller's loss and nobody else's business.
func (p Problem) Write(w http.ResponseWriter) {
	if p.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.RetryAfter))
	}
	w.Header().Set("Content-Type", ContentType)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(p.Status)
	_ = json.NewEncoder(w).Encode(p)
}

// WriteJSON sends v with status as application/json; as a problem where the status says that it is one, with more to say than [Problem] has.
func WriteJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	if status >= http.StatusBadRequest {
		w.Header().Set("Content-Type", ContentType)
	}
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
