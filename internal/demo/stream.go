package demo

import (
	"encoding/json"
	"errors"
	"fmt"

	"permithub/schemas"
)

// Stream returns line n, n = 1, 2, 3 …, of an endless stream of made-up applications: the built-in lines that people and faults have no part in, each
// time as a new person.
func Stream(lines []Line, n int) (Line, error) {
	var plain []Line
	for i := range lines {
		l := &lines[i]
		if len(l.Registration) > 0 && len(l.Script) == 0 && len(l.Faults) == 0 && l.Expect != nil && l.Expect.HTTPStatus == 0 && l.Expect.Outcome == string(schemas.StageIssued) {
			plain = append(plain, *l)
		}
	}
	if len(plain) == 0 {
		return Line{}, fmt.Errorf("the set has no line to go on with")
	}
	return NewPerson(plain[n%len(plain)], n)
}

// ForPeople returns the line as one that waits at the window for an officer.
func ForPeople(l Line) Line {
	stages := byPeople
	l.Stages, l.Channel = &stages, schemas.Window
	return l
}

// NewPerson gives a line another person, the n-th: another sequence number inside the citizen id, another phone, another source number.
func NewPerson(l Line, n int) (Line, error) {
	var app map[string]any
	if err := json.Unmarshal(l.Application, &app); err != nil {
		return l, err
	}
	old, _ := app["citizen_id"].(string)
	if len(old) != 18 {
		return l, fmt.Errorf("line %q has no citizen id", l.Title)
	}
	// Two steps keep the sex inside the number; the birth day moves when the sequence numbers of a day are used up.
	seq := int(old[16]-'0')%2 + 2*(100+n%400)
	first17 := old[:12] + fmt.Sprintf("%02d%03d", 1+(n/400)%28, seq)
	check, ok := schemas.CheckCitizenID(first17)
	if !ok {
		return l, fmt.Errorf("line %q: citizen id is not digits", l.Title)
	}
	app["citizen_id"] = first17 + string(check)
	app["source_application_no"] = fmt.Sprintf("DEMO-S%06d", n)
	app["contact_phone"].(map[string]any)["number"] = fmt.Sprintf("137%08d", n)
	l.Expect = nil
	var err1, err2 error
	l.Application, err1 = json.Marshal(app)
	l.Registration, err2 = withOwnPermits(l.Registration, n)
	return l, errors.Join(err1, err2)
}

// withOwnPermits gives the permits of a registration numbers of their own: no two people hold one permit.
func withOwnPermits(registration json.RawMessage, n int) (json.RawMessage, error) {
	if len(registration) == 0 {
		return nil, nil
	}
	var known map[string]any
	if err := json.Unmarshal(registration, &known); err != nil {
		return nil, err
	}
	permits, _ := known["permits"].([]any)
	for i := range permits {
		if p, ok := permits[i].(map[string]any); ok {
			p["permit_no"] = fmt.Sprintf("%vS%06d", p["permit_no"], n)
		}
	}
	return json.Marshal(known)
}
