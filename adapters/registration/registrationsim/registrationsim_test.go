package registrationsim

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/simulator"
)

const citizen = "11010519491231002X"

func newSim() *System {
	now := func() time.Time { return time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC) }
	return New(Config{Secrets: map[string]string{"k": "s"}}, simulator.New("registration", now))
}

func call(s *System, method, target, body string) (int, string) {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(method, target, strings.NewReader(body)))
	return w.Code, w.Body.String()
}

func TestSeeding(t *testing.T) {
	const one = `{"citizen_id":"11010519491231002x","permits":[{"permit_no":"ZJ1","division":"330411","issued_on":"2025-03-01"}],` +
		`"intervals":[{"from":"2025-01-01","division":"330411"}],"conditions":["social_insurance",{"kind":"labour_contract","status":"contradicted"}]}`
	const two = `{"citizen_id":"330411199001010013"}`
	for _, tc := range []struct {
		name, body, want string
		status           int
	}{
		{"one", one, `{"people":1}`, 201},
		{"list", "[" + one + "," + two + "]", `{"people":2}`, 201},
		{"lines", one + "\n" + two + "\n", `{"people":2}`, 201},
		{"same again", one + one, `{"people":2}`, 201},
		{"nothing", "", `{"people":0}`, 201},
		{"misspelt", `{"citizen_id":"1","permit":[]}`, "permit", 400},
		{"nobody", `{}`, "citizen_id", 400},
		{"second of two is wrong", one + `{"citizen_id":"2","permits":[{}]}`, `"people":1`, 400},
		{"permit of two people", one + `{"citizen_id":"2","permits":[{"permit_no":"ZJ1","division":"330411"}]}`, "another person", 400},
		{"not JSON", "x", "not JSON", 400},
	} {
		t.Run(tc.name, func(t *testing.T) {
			status, body := call(newSim(), http.MethodPost, "/_sim/people", tc.body)
			if status != tc.status || !strings.Contains(body, tc.want) {
				t.Errorf("got %d %s, want %d %s", status, body, tc.status, tc.want)
			}
		})
	}
	s := newSim()
	call(s, http.MethodPost, "/_sim/people", one)
	_, body := call(s, http.MethodGet, "/_sim/people?citizen_id="+citizen, "")
	var got Person
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := Person{CitizenID: citizen, Record: Record{
		Permits:    []Permit{{PermitNo: "ZJ1", Status: "valid", Division: "330411", IssuedOn: "2025-03-01"}},
		Intervals:  []Interval{{From: "2025-01-01", Division: "330411"}},
		Conditions: []Condition{{"social_insurance", "confirmed"}, {"labour_contract", "contradicted"}},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if status, _ := call(s, http.MethodGet, "/_sim/people?citizen_id=2", ""); status != http.StatusNotFound {
		t.Errorf("nobody: got %d", status)
	}
}

func TestValidateNamesEveryFault(t *testing.T) {
	r := Record{
		Permits:    []Permit{{Status: "lost", IssuedOn: "x", ValidUntil: "y", Division: "1"}},
		Intervals:  []Interval{{To: "2025-02-30", Division: "330411"}},
		Conditions: []Condition{{Kind: "wealth", Status: "confirmed"}},
	}
	err := r.Validate()
	for _, part := range []string{"permit_no", "status", "issued_on", "valid_until", "division", "intervals[0]: want from", "intervals[0]: to", "conditions[0]"} {
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("%s is not named in %v", part, err)
		}
	}
}

func TestAddPermit(t *testing.T) {
	s := newSim()
	p := Permit{PermitNo: "HY1", Division: "330424"}
	for range 2 {
		if err := s.AddPermit(citizen, p); err != nil {
			t.Fatal(err)
		}
	}
	if got, _ := s.Person(citizen); len(got.Permits) != 1 || got.Permits[0].Status != "valid" {
		t.Errorf("got %+v", got)
	}
	if err := s.AddPermit("2", p); err == nil {
		t.Error("a second owner was taken")
	}
	if err := s.AddPermit("2", Permit{}); err == nil {
		t.Error("a permit without a number was taken")
	}
}

func TestRetire(t *testing.T) {
	s := newSim()
	if err := s.AddPermit("11010519491231002X", Permit{PermitNo: "P1", Division: "330424"}); err != nil {
		t.Fatal(err)
	}
	s.Retire("11010519491231002x", "P1")
	s.Retire("11010519491231002X", "P2")
	s.Retire("nobody", "P1")
	p, _ := s.Person("11010519491231002X")
	if len(p.Permits) != 1 || p.Permits[0].Status != "cancelled" {
		t.Errorf("permits %+v", p.Permits)
	}
	entries := len(s.kit.Ledger())
	if s.Retire("11010519491231002X", "P1"); len(s.kit.Ledger()) != entries {
		t.Error("a permit was retired twice")
	}
}

func TestUnsignedCallsAreDenied(t *testing.T) {
	s := newSim()
	for _, path := range []string{"/residence/v1/persons/query", "/residence/v1/permits/cancel"} {
		if status, _ := call(s, http.MethodPost, path, `{}`); status != http.StatusUnauthorized {
			t.Errorf("%s: got %d", path, status)
		}
	}
	for _, e := range s.kit.Ledger() {
		if e.Outcome != simulator.Denied {
			t.Errorf("ledger has %+v", e)
		}
	}
}
