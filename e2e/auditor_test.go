package e2e

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"permithub/e2e/audit"
)

// auditorSees breaks, in copies of good evidence, one promise after the other: an auditor that does not notice proves nothing.
func auditorSees(t *testing.T, good *audit.Evidence) {
	for _, tc := range []struct {
		name, want string
		tamper     func(e *audit.Evidence)
	}{
		{"a transition dropped", "the chain is broken", func(e *audit.Evidence) { e.Log = slices.Delete(e.Log, third(e), third(e)+1) }},
		{"a transition edited", "the chain is broken", func(e *audit.Evidence) {
			r := &e.Log[third(e)]
			r.Value = []byte(strings.Replace(string(r.Value), `"events":[`, `"events": [`, 1))
		}},
		{"a void transition taken for valid", "has seq", func(e *audit.Evidence) { e.Log[third(e)].Headers["ph-stamp"] = "999999" }},
		{"an input answered twice", "answered twice or out of order", func(e *audit.Evidence) {
			last := e.Log[third(e)]
			last.Offset, last.Headers = 1<<40, map[string]string{"ph-stamp": "1099511627776"}
			e.Log = append(e.Log, last)
		}},
		{"an input that nobody sent", "names input", func(e *audit.Evidence) { e.Inputs = e.Inputs[1:] }},
		{"an application lost", "answered 202 and is nowhere", func(e *audit.Evidence) { e.Taken = append(e.Taken, "AAAAAAAAAAAAAAAAA") }},
		{"a permit issued twice", "was done 2 times", func(e *audit.Evidence) { again(e, "epermit", "issue", nil) }},
		{"a second permit under another request", "a second permit was issued", func(e *audit.Evidence) {
			again(e, "epermit", "issue", func(x *audit.Entry) { x.RequestID = strings.Replace(x.RequestID, "-issue-1", "-issue-2", 1) })
		}},
		{"a permit that the log does not know", "the log says", func(e *audit.Evidence) {
			again(e, "epermit", "issue", func(x *audit.Entry) { x.RequestID = "AAAAAAAAAAAAAAAAA-issue-1" })
		}},
		{"cancelled before the issue", "was cancelled under", func(e *audit.Evidence) {
			x := &e.Ledgers["registration"][entry(e, "registration", "cancel")]
			x.At = x.At.Add(-time.Hour)
		}},
		{"cancelled twice", "was done 2 times", func(e *audit.Evidence) { again(e, "registration", "cancel", nil) }},
		{"an earlier permit forgotten", "was not cancelled", func(e *audit.Evidence) {
			at := entry(e, "registration", "cancel")
			e.Ledgers["registration"] = slices.Delete(e.Ledgers["registration"], at, at+1)
		}},
		{"pushed twice", "was done 2 times", func(e *audit.Evidence) { again(e, "dataplatform", "push", nil) }},
		{"a row twice", "was done 2 times", func(e *audit.Evidence) { again(e, "dataplatform", "record", nil) }},
		{"never pushed", "was pushed 0 times", func(e *audit.Evidence) { e.Ledgers["dataplatform"] = nil }},
		{"a notice sent twice", "the same notice was sent 2 times", func(e *audit.Evidence) { again(e, "sms", "norsubmit", nil) }},
		{"notices that never went out", "the gateway sent", func(e *audit.Evidence) { e.Ledgers["sms"] = nil }},
		{"a day counted that is off", "want", func(e *audit.Evidence) {
			for day := range 10 {
				e.Calendar[time.Now().AddDate(0, 0, day).Format(time.DateOnly)] = true
			}
		}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			e := copied(t, good)
			tc.tamper(e)
			if r := audit.Check(e); !slices.ContainsFunc(r.Faults, func(f string) bool { return strings.Contains(f, tc.want) }) {
				t.Errorf("want a fault with %q, got %q", tc.want, r.Faults)
			}
		})
	}
}

func copied(t *testing.T, e *audit.Evidence) *audit.Evidence {
	t.Helper()
	b, err := json.Marshal(e)
	c := new(audit.Evidence)
	if err == nil {
		err = json.Unmarshal(b, c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// third is a transition of a file that has one before and one behind it.
func third(e *audit.Evidence) int {
	return slices.IndexFunc(e.Log, func(r audit.Record) bool {
		return strings.HasPrefix(string(r.Value), `{"seq":3,`) && slices.ContainsFunc(e.Log, func(o audit.Record) bool {
			return o.Key == r.Key && strings.HasPrefix(string(o.Value), `{"seq":4,`)
		})
	})
}

// entry finds the first effect of an operation in a ledger.
func entry(e *audit.Evidence, system, op string) int {
	return slices.IndexFunc(e.Ledgers[system], func(x audit.Entry) bool { return x.Op == op && x.Outcome == "done" })
}

// again repeats the first effect of an operation, changed where change says how.
func again(e *audit.Evidence, system, op string, change func(*audit.Entry)) {
	x := e.Ledgers[system][entry(e, system, op)]
	if change != nil {
		change(&x)
	}
	e.Ledgers[system] = append(e.Ledgers[system], x)
}
