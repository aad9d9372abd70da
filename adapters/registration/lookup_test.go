package registration

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/adapters/registration/registrationsim"
	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/internal/simulator"
	"permithub/schemas"
)

func TestLookup(t *testing.T) {
	whole := registrationsim.Record{
		Permits:    []registrationsim.Permit{{PermitNo: oldNo, Division: "330411", IssuedOn: "2025-03-01", ValidUntil: "2026-02-28"}},
		Intervals:  []registrationsim.Interval{{From: "2025-01-01", To: "2025-06-30", Division: "330411"}, {From: "2025-07-01", Division: "330424"}},
		Conditions: []registrationsim.Condition{{Kind: "social_insurance", Status: "confirmed"}, {Kind: "rented_home", Status: "contradicted"}},
	}
	known := schemas.Facts{
		Permits:    []schemas.KnownPermit{{PermitNo: oldNo, Status: schemas.PermitValid, Division: "330411", IssuedOn: "2025-03-01", ValidUntil: "2026-02-28"}},
		Intervals:  []schemas.Interval{{From: "2025-01-01", To: "2025-06-30", Division: "330411"}, {From: "2025-07-01", Division: "330424"}},
		Conditions: []schemas.KnownCondition{{Kind: schemas.SocialInsurance, Status: schemas.Confirmed}, {Kind: schemas.RentedHome, Status: schemas.Contradicted}},
		AsOf:       schemas.At(noon),
	}
	for _, tc := range []struct {
		name   string
		client func(*Config)
		seed   func(t *testing.T, f *far)
		fault  *simulator.Fault
		want   schemas.Facts
		class  fault.Class
		code   string
	}{
		{name: "known", seed: func(t *testing.T, f *far) { f.put(t, citizen, name, whole) }, want: known},
		{name: "nobody", want: schemas.Facts{AsOf: schemas.At(noon)}},
		{name: "no permits", seed: func(t *testing.T, f *far) { f.put(t, citizen, "", registrationsim.Record{}) }, want: schemas.Facts{AsOf: schemas.At(noon)}},
		{name: "other name", seed: func(t *testing.T, f *far) { f.put(t, citizen, "另有其人", whole) }, class: fault.Permanent, code: "registration_name_mismatch"},
		{name: "status not mapped", client: func(c *Config) {
			c.Statuses = map[string]string{"A": "valid", "B": "suspended", "C": "cancelled", "D": "expired"}
		},
			seed: func(t *testing.T, f *far) { f.put(t, citizen, "", whole) }, class: fault.Permanent, code: "registration_unknown_status"},
		{name: "wrong secret", client: func(c *Config) { c.Gateway.Secret = "other" }, class: fault.Unavailable, code: "registration_credentials"},
		{name: "busy", fault: &simulator.Fault{Mode: simulator.ModeRefuse, Code: "20"}, class: fault.Unavailable, code: "registration"},
		{name: "unknown answer", fault: &simulator.Fault{Mode: simulator.ModeRefuse, Code: "77"}, class: fault.Unmarked, code: "unmarked"},
		{name: "bad request", fault: &simulator.Fault{Mode: simulator.ModeRefuse, Code: "99"}, class: fault.Permanent, code: "registration_bad_request"},
		{name: "500", fault: &simulator.Fault{Mode: simulator.ModeError}, class: fault.Unavailable, code: "registration"},
		{name: "422 without a reason", fault: &simulator.Fault{Mode: simulator.ModeError, Code: "422"}, class: fault.Permanent, code: "registration_http_422"},
		{name: "cut off", fault: &simulator.Fault{Mode: simulator.ModeOutage}, class: fault.Unavailable, code: "registration"},
		{name: "timed out", client: func(c *Config) { c.Gateway.Timeout = 50 * time.Millisecond }, fault: &simulator.Fault{Mode: simulator.ModeTimeout}, class: fault.Unavailable, code: "registration"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFar(t, tc.client, nil)
			if tc.seed != nil {
				tc.seed(t, f)
			}
			if tc.fault != nil {
				f.kit.SetFault(*tc.fault)
			}
			got, err := f.Lookup(t.Context(), order())
			checkErr(t, err, tc.class, tc.code)
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("facts (-want +got):\n%s", diff)
			}
		})
	}
}

func TestStrangeAnswers(t *testing.T) {
	for _, tc := range []struct {
		name, data, code string
	}{
		{"no data", `null`, codeBadAnswer},
		{"list", `[]`, codeBadAnswer},
		{"permit without a number", `{"zjlb":[{"zt":"1","xzqh":"330411"}]}`, codeBadAnswer},
		{"permit with a sentence for a number", `{"zjlb":[{"zjbh":"` + name + `","zt":"1","xzqh":"330411"}]}`, codeBadAnswer},
		{"unknown status", `{"zjlb":[{"zjbh":"ZJ1","zt":"5","xzqh":"330411"}]}`, "registration_unknown_status"},
		{"status is personal", `{"zjlb":[{"zjbh":"ZJ1","zt":"` + citizen + `","xzqh":"330411"}]}`, "registration_unknown_status"},
		{"date that does not exist", `{"zjlb":[{"zjbh":"ZJ1","zt":"1","xzqh":"330411","qfrq":"20250230"}]}`, codeBadAnswer},
		{"division in words", `{"djlb":[{"djrq":"20250101","xzqh":"嘉兴"}]}`, codeBadAnswer},
		{"registration without a beginning", `{"djlb":[{"zxrq":"20250101","xzqh":"330411"}]}`, codeBadAnswer},
		{"registration that ends before it begins", `{"djlb":[{"djrq":"20250102","zxrq":"20250101","xzqh":"330411"}]}`, codeBadAnswer},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newSystem(t, config("http://127.0.0.1:1"))
			_, err := s.facts(envelope{Code: codeOK, Data: json.RawMessage(tc.data)})
			checkErr(t, err, fault.Permanent, tc.code)
		})
	}
	for _, data := range []string{`null`, `{}`, `{"zxjg":"3"}`, `{"zxjg":1}`} {
		_, err := cancelled(envelope{Code: codeOK, Data: json.RawMessage(data)}, newNo)
		checkErr(t, err, fault.Permanent, codeBadAnswer)
	}
}

func FuzzFacts(f *testing.F) {
	f.Add([]byte(`{"cxsj":"20260105093000","zjlb":[{"zjbh":"ZJ1","zt":"1","xzqh":"330411","qfrq":"20250301"}],"djlb":[{"djrq":"20250101","xzqh":"330411"}],"hylb":[{"hylx":"13","hyjg":"1"}]}`))
	f.Add([]byte(`null`))
	f.Add([]byte(`{"djlb":[{"djrq":"99991231","zxrq":"00010101","xzqh":"330411"}]}`))
	s, err := New(config("http://127.0.0.1:1"), clock)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		facts, err := s.facts(envelope{Code: codeOK, Data: data})
		if err != nil {
			return
		}
		for _, p := range facts.Permits {
			if !plain(p.PermitNo, maxPermitNo) || p.Status == "" || p.IssuedOn != "" && !p.IssuedOn.Valid() {
				t.Errorf("got %+v", p)
			}
		}
		for _, v := range facts.Intervals {
			if !v.From.Valid() || v.To != "" && (!v.To.Valid() || v.To < v.From) {
				t.Errorf("got %+v", v)
			}
		}
	})
}

func FuzzCancelled(f *testing.F) {
	f.Add("00", []byte(`{"zxjg":"2","zxlsh":"ZX1","xzjbh":""}`))
	f.Add("12", []byte(`null`))
	f.Fuzz(func(t *testing.T, code string, data []byte) {
		ref, err := cancelled(envelope{Code: code, Data: data}, newNo)
		serial := strings.TrimPrefix(strings.TrimPrefix(ref, "already"), " ")
		if err != nil && ref != "" || serial != "" && !plain(serial, maxSerial) {
			t.Errorf("got %q, %v", ref, err)
		}
	})
}

// Every condition of the form has a code, in the client and in the simulator.
func TestEveryConditionHasACode(t *testing.T) {
	f := newFar(t, nil, nil)
	var r registrationsim.Record
	var want []schemas.KnownCondition
	for _, group := range []string{"employment", "residence", "rental", "schooling"} {
		for _, c := range schemas.ConditionsOf(group) {
			r.Conditions = append(r.Conditions, registrationsim.Condition{Kind: string(c), Status: "confirmed"})
			want = append(want, schemas.KnownCondition{Kind: c, Status: schemas.Confirmed})
		}
	}
	f.put(t, citizen, "", r)
	got, err := f.Lookup(t.Context(), order())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got.Conditions); diff != "" {
		t.Errorf("conditions (-want +got):\n%s", diff)
	}
}

func TestValidate(t *testing.T) {
	cfg := Config{
		Gateway:    gateway.Config{BaseURL: "ftp://x"},
		Statuses:   map[string]string{"1": "valid", "9": "lost"},
		Conditions: map[string]schemas.Condition{"1": "wealth"},
	}
	err := cfg.Validate()
	var got []string
	for _, part := range []string{"base url", "access key", "secret", `"9"`, `"1" is no condition`, `no code for "suspended"`, `no code for "expired"`} {
		if err == nil || !strings.Contains(err.Error(), part) {
			got = append(got, part)
		}
	}
	if len(got) > 0 {
		t.Errorf("not named: %v in %v", got, err)
	}
	if err := config("http://127.0.0.1:1").Validate(); err != nil {
		t.Error(err)
	}
	if got := codesOf(statusCodes, cancellable...); !slices.Equal(got, []string{"1", "2", "4"}) {
		t.Errorf("cancelled from %v", got)
	}
}
