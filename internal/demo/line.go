package demo

import (
	"bufio"
	"bytes"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"permithub/schemas"
)

//go:embed cases.jsonl
var builtIn embed.FS

// Line is one application of a cases file.
type Line struct {
	// Title says what the line shows; optional.
	Title string `json:"title,omitempty"`
	// Application is the body for the intake, sent as it stands here, faults included.
	Application json.RawMessage `json:"application"`
	// Registration is what the registration system knows of the person; without it the person is unknown there, unless an earlier line told.
	Registration json.RawMessage `json:"registration,omitempty"`
	// Channel is "online" (without a word) or "window".
	Channel schemas.Channel `json:"channel,omitempty"`
	// Stages says for each opinion "auto" or "manual". Without it every stage is automatic, or manual where there is a script.
	Stages *schemas.Stages `json:"stages,omitempty"`
	// Script is what people do, in order; each act waits until the case rests.
	Script []Act `json:"script,omitempty"`
	// Faults are switches of the simulators for this application alone.
	Faults []Fault `json:"faults,omitempty"`
	// Expect is what must come of it; only the built-in set has it.
	Expect *Expect `json:"expect,omitempty"`
}

// Act is one thing that a person does. With an officer it goes to the desk; without, it is the applicant's: "supplement" or "withdraw".
type Act struct {
	Action     string          `json:"action"`
	Officer    string          `json:"officer,omitempty"`
	Opinion    string          `json:"opinion,omitempty"`
	Reasons    []string        `json:"reasons,omitempty"`
	Items      []string        `json:"items,omitempty"`
	Override   string          `json:"override,omitempty"`
	ReturnTo   string          `json:"return_to,omitempty"`
	Ground     string          `json:"ground,omitempty"`
	NoticeNo   string          `json:"notice_no,omitempty"`
	EffectID   string          `json:"effect_id,omitempty"`
	Verdict    string          `json:"verdict,omitempty"`
	Supplement json.RawMessage `json:"supplement,omitempty"` // the applicant's: the intake's supplement body without its number
	Reason     string          `json:"reason,omitempty"`     // the applicant's withdrawal: a code
}

// Fault is one switch of one simulator.
type Fault struct {
	// System is "epermit", "registration", "sms" or "dataplatform".
	System string `json:"system"`
	// Op is the operation, e.g. "issue"; empty means any.
	Op string `json:"op,omitempty"`
	// Mode is "refuse", "delay", "timeout" (executed, never answered), "error" (5xx) or "outage" (connection closed at once).
	Mode string `json:"mode"`
	// Code is what the system says where it refuses.
	Code string `json:"code,omitempty"`
	// DelayMS is how long a delay takes.
	DelayMS int `json:"delay_ms,omitempty"`
	// Share of the calls, 0 to 1; zero means all.
	Share float64 `json:"share,omitempty"`
	// Times is how often; zero means always.
	Times int `json:"times,omitempty"`
}

// Expect is what must come of a line; a field without a word is not compared, but for the status: that is 202.
type Expect struct {
	HTTPStatus int      `json:"http_status,omitempty"`
	Outcome    string   `json:"outcome,omitempty"`
	Reasons    []string `json:"reasons,omitempty"`
	Cancelled  int      `json:"cancelled"`
}

// BuiltIn is the set that the demo shows.
func BuiltIn() ([]Line, error) {
	f, err := builtIn.Open("cases.jsonl")
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return Read(f)
}

// maxLine bounds one line; the intake takes 256 KiB, and the person's registration and the script come on top.
const maxLine = 4 << 20

// Read reads a cases file. It names every faulty line at once.
func Read(r io.Reader) ([]Line, error) {
	sc := bufio.NewScanner(r)
	sc.Buffer(make([]byte, 64<<10), maxLine)
	var lines []Line
	var errs []error
	for n := 1; sc.Scan(); n++ {
		b := bytes.TrimSpace(sc.Bytes())
		if len(b) == 0 {
			continue
		}
		l, err := parse(b)
		if err != nil {
			errs = append(errs, fmt.Errorf("line %d: %w", n, err))
			continue
		}
		lines = append(lines, l)
	}
	if err := sc.Err(); err != nil {
		errs = append(errs, fmt.Errorf("read cases: %w", err))
	}
	return lines, errors.Join(errs...)
}

// parse reads one line. A word it does not know is a fault of the file: a misspelt "faults" must not pass for a line without.
func parse(b []byte) (Line, error) {
	var l Line
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		return l, err
	}
	switch {
	case len(l.Application) == 0:
		return l, errors.New(`no "application"`)
	case l.Channel != "" && l.Channel != schemas.Online && l.Channel != schemas.Window:
		return l, fmt.Errorf("channel %q, want online or window", l.Channel)
	}
	return l, nil
}

// channel is where the line goes in.
func (l *Line) channel() schemas.Channel {
	if l.Channel == "" {
		return schemas.Online
	}
	return l.Channel
}

// stages is who gives the opinions.
func (l *Line) stages() schemas.Stages {
	switch {
	case l.Stages != nil:
		return *l.Stages
	case len(l.Script) > 0:
		return byPeople
	}
	return schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}
}

// identity is what the runner needs of an application before anybody has checked it; a field of the wrong type counts as absent.
type identity struct {
	CitizenID           string
	SourceApplicationNo string
	FullName            string
	Phone               string
	RecognitionType     string
}

func (l *Line) identity() identity {
	var fields map[string]json.RawMessage
	_ = json.Unmarshal(l.Application, &fields) // a body that is not JSON has no identity: the intake will say what is wrong with it
	text := func(raw json.RawMessage) (s string) {
		_ = json.Unmarshal(raw, &s)
		return s
	}
	var phone map[string]json.RawMessage
	_ = json.Unmarshal(fields["contact_phone"], &phone)
	return identity{
		CitizenID: text(fields["citizen_id"]), SourceApplicationNo: text(fields["source_application_no"]), FullName: text(fields["full_name"]),
		Phone: text(phone["number"]), RecognitionType: text(fields["recognition_type"]),
	}
}
