package registration

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

const pathQuery = "/residence/v1/persons/query"

type personQuery struct {
	QQBH   string `json:"qqbh"`
	GMSFHM string `json:"gmsfhm"`
	XM     string `json:"xm"`
}

type personAnswer struct {
	CXSJ string           `json:"cxsj"`
	ZJLB []permitLine     `json:"zjlb"`
	DJLB []registerLine   `json:"djlb"`
	HYLB []conditionCheck `json:"hylb"`
}

type permitLine struct {
	ZJBH string `json:"zjbh"`
	ZT   string `json:"zt"`
	XZQH string `json:"xzqh"`
	QFRQ string `json:"qfrq"`
	YXQZ string `json:"yxqz"`
}

type registerLine struct {
	DJRQ string `json:"djrq"`
	ZXRQ string `json:"zxrq"`
	XZQH string `json:"xzqh"`
}

type conditionCheck struct {
	HYLX string `json:"hylx"`
	HYJG string `json:"hyjg"`
}

// Lookup returns what the system knows of the person: permits, registrations, and conditions that it confirms or contradicts. A person
// without a record is an answer, not an error: nothing is known of them. It changes nothing there and is safe to repeat.
func (s *System) Lookup(ctx context.Context, o schemas.Order) (schemas.Facts, error) {
	e, err := s.call(ctx, pathQuery, personQuery{QQBH: o.Effect.EffectID, GMSFHM: strings.ToUpper(o.Person.CitizenID), XM: o.Person.FullName})
	if err != nil {
		return schemas.Facts{}, fmt.Errorf("look up %s: %w", o.Effect.EffectID, err)
	}
	facts, err := s.facts(e)
	if err != nil {
		return schemas.Facts{}, fmt.Errorf("look up %s: %w", o.Effect.EffectID, err)
	}
	return facts, nil
}

func (s *System) facts(e envelope) (schemas.Facts, error) {
	switch e.Code {
	case codeOK:
	case codeNoRecord:
		return schemas.Facts{AsOf: schemas.At(s.now())}, nil
	default:
		return schemas.Facts{}, e.refusal()
	}
	var a *personAnswer
	if json.Unmarshal(e.Data, &a) != nil || a == nil {
		return schemas.Facts{}, fault.Rejectf(codeBadAnswer, "data is not a person's record")
	}
	return s.mapPerson(a)
}

func (s *System) mapPerson(a *personAnswer) (schemas.Facts, error) {
	f := schemas.Facts{AsOf: schemas.At(s.now())}
	if t, err := time.ParseInLocation("20060102150405", a.CXSJ, schemas.Shanghai); err == nil {
		f.AsOf = schemas.At(t)
	}
	for i := range a.ZJLB {
		p, err := s.mapPermit(&a.ZJLB[i])
		if err != nil {
			return schemas.Facts{}, fmt.Errorf("permit %d: %w", i+1, err)
		}
		f.Permits = append(f.Permits, p)
	}
	for i := range a.DJLB {
		v, err := mapInterval(&a.DJLB[i])
		if err != nil {
			return schemas.Facts{}, fmt.Errorf("registration %d: %w", i+1, err)
		}
		f.Intervals = append(f.Intervals, v)
	}
	for _, c := range a.HYLB {
		kind, known := s.conditions[c.HYLX]
		if status := checkResults[c.HYJG]; known && status != "" {
			f.Conditions = append(f.Conditions, schemas.KnownCondition{Kind: kind, Status: status})
		}
	}
	return f, nil
}

// checkResults is 核验结果. Any other result says nothing.
var checkResults = map[string]string{"1": schemas.Confirmed, "2": schemas.Contradicted}

const maxPermitNo = 32

func (s *System) mapPermit(l *permitLine) (schemas.KnownPermit, error) {
	if !plain(l.ZJBH, maxPermitNo) {
		return schemas.KnownPermit{}, fault.Rejectf(codeBadAnswer, "zjbh is not a permit number")
	}
	status, known := s.statuses[l.ZT]
	if !known {
		return schemas.KnownPermit{}, fault.Rejectf("registration_unknown_status", "permit %s: zt %q is not mapped", l.ZJBH, clean(l.ZT, 4))
	}
	issued, ok1 := date(l.QFRQ)
	until, ok2 := date(l.YXQZ)
	if !ok1 || !ok2 || !division(l.XZQH) {
		return schemas.KnownPermit{}, fault.Rejectf(codeBadAnswer, "permit %s: qfrq, yxqz or xzqh is malformed", l.ZJBH)
	}
	return schemas.KnownPermit{PermitNo: l.ZJBH, Status: status, Division: l.XZQH, IssuedOn: issued, ValidUntil: until}, nil
}

func mapInterval(l *registerLine) (schemas.Interval, error) {
	from, ok1 := date(l.DJRQ)
	to, ok2 := date(l.ZXRQ)
	if !ok1 || !ok2 || from == "" || !division(l.XZQH) || to != "" && to < from {
		return schemas.Interval{}, fault.Rejectf(codeBadAnswer, "djrq, zxrq or xzqh is malformed")
	}
	return schemas.Interval{From: from, To: to, Division: l.XZQH}, nil
}

// date reads yyyyMMdd; empty and 99991231 are no date.
func date(s string) (schemas.Date, bool) {
	if s == "" || s == "99991231" {
		return "", true
	}
	t, err := time.Parse("20060102", s)
	return schemas.Date(t.Format(time.DateOnly)), err == nil
}

// division accepts GB/T 2260 counties (6 digits) and the township and village levels below them (9, 12).
func division(s string) bool {
	return (len(s) == 6 || len(s) == 9 || len(s) == 12) && strings.Trim(s, "0123456789") == ""
}
