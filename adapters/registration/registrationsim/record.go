package registrationsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// Record is what the system knows of one person; as JSON:
//
//	{
//	  "permits": [{"permit_no": "ZJ330411000001", "status": "valid", "division": "330411", "issued_on": "2025-03-01", "valid_until": "2026-02-28"}],
//	  "intervals": [{"from": "2025-01-01", "to": "2025-12-31", "division": "330411"}],
//	  "conditions": ["social_insurance", {"kind": "labour_contract", "status": "contradicted"}]
//	}
//
// Everything may be left out. A status left out is "valid", a "to" left out is a registration that is still open, and a condition written
// as a plain string is confirmed.
type Record struct {
	Permits    []Permit    `json:"permits,omitempty"`
	Intervals  []Interval  `json:"intervals,omitempty"`
	Conditions []Condition `json:"conditions,omitempty"`
}

// Permit is one 《浙江省居住证》.
type Permit struct {
	PermitNo   string `json:"permit_no"`
	Status     string `json:"status,omitempty"` // valid, suspended, cancelled, expired; empty is valid
	Division   string `json:"division"`         // issuing county, GB/T 2260
	IssuedOn   string `json:"issued_on,omitempty"`
	ValidUntil string `json:"valid_until,omitempty"`
	ReplacedBy string `json:"replaced_by,omitempty"` // of a cancelled permit
	Serial     string `json:"serial,omitempty"`      // of the cancellation
}

// Interval is one residence registration, both days included.
type Interval struct {
	From     string `json:"from"`
	To       string `json:"to,omitempty"`
	Division string `json:"division"`
}

// Condition is a condition of the form that the system can say something about.
type Condition struct {
	Kind   string `json:"kind"`
	Status string `json:"status"` // confirmed, contradicted
}

// UnmarshalJSON reads {"kind", "status"}, or a plain string as confirmed.
func (c *Condition) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		c.Status = "confirmed"
		return json.Unmarshal(b, &c.Kind)
	}
	type plain Condition
	return json.Unmarshal(b, (*plain)(c))
}

// Validate returns every fault at once.
func (r *Record) Validate() error {
	var errs []error
	for i, p := range r.Permits {
		if p.PermitNo == "" {
			errs = append(errs, fmt.Errorf("permits[%d]: permit_no: needed", i))
		}
		if _, known := statusCodes[p.Status]; !known && p.Status != "" {
			errs = append(errs, fmt.Errorf("permits[%d]: status: want valid, suspended, cancelled or expired", i))
		}
		errs = append(errs, division(fmt.Sprintf("permits[%d]", i), p.Division), day(fmt.Sprintf("permits[%d]: issued_on", i), p.IssuedOn),
			day(fmt.Sprintf("permits[%d]: valid_until", i), p.ValidUntil))
	}
	for i, v := range r.Intervals {
		at := fmt.Sprintf("intervals[%d]", i)
		if v.From == "" || v.To != "" && v.To < v.From {
			errs = append(errs, fmt.Errorf("%s: want from, and to not before it", at))
		}
		errs = append(errs, division(at, v.Division), day(at+": from", v.From), day(at+": to", v.To))
	}
	for i, c := range r.Conditions {
		if kindCodes[c.Kind] == "" || resultCodes[c.Status] == "" {
			errs = append(errs, fmt.Errorf("conditions[%d]: want a kind of the form and confirmed or contradicted", i))
		}
	}
	return errors.Join(errs...)
}

func day(field, s string) error {
	if _, err := time.Parse(time.DateOnly, s); s != "" && err != nil {
		return fmt.Errorf("%s: want YYYY-MM-DD", field)
	}
	return nil
}

func division(at, s string) error {
	if len(s) != 6 && len(s) != 9 && len(s) != 12 {
		return fmt.Errorf("%s: division: want a GB/T 2260 code", at)
	}
	return nil
}

// Person is a person of the system's database.
type Person struct {
	CitizenID string `json:"citizen_id"`
	FullName  string `json:"full_name,omitempty"` // empty: any name is taken as right
	Record
}

// The system's own codes, written down here a second time on purpose: a mistake in the client's table must not hide in the simulator.
var (
	statusCodes = map[string]string{"valid": "1", "suspended": "2", "cancelled": "3", "expired": "4"}
	resultCodes = map[string]string{"confirmed": "1", "contradicted": "2"}
	kindCodes   = map[string]string{
		"labour_contract": "11", "farm_contract": "12", "social_insurance": "13", "business_licence": "14", "other_employment": "19",
		"owned_home": "21", "employer_dormitory": "22", "rented_home": "23", "other_residence": "29",
		"rental_registration": "31", "lease_filing": "32", "lease_contract": "33", "safety_compliant": "34", "tax_paid": "35", "other_rental": "39",
		"primary_school": "41", "secondary_school": "42", "vocational_school": "43", "university": "44",
	}
)
