package e2e

import (
	"encoding/json"
	"maps"
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
		{"a second open case", "has 2 open cases", func(e *audit.Evidence) {
			tell(e, third(e), `{"type":"submitted","at":"2024-07-04T09:00:00+08:00","application_no":"AAAAAAAAAAAAAAAAA"}`)
		}},
		{"a second outcome", "ended 2 (want 1)", func(e *audit.Evidence) {
			at := lastOf(e, "archived")
			tell(e, at, `{"type":"refused","to":"refused","at":"2024-07-04T09:00:00+08:00","application_no":"`+applicationOf(e, at)+`"}`)
		}},
		{"two valid permits", "2 valid permits at rest", func(e *audit.Evidence) {
			r := &e.Log[resting(e)]
			r.Value = []byte(strings.Replace(string(r.Value), `"permits":[{"permit_no":`, `"permits":[{"permit_no":"X","status":"valid"},{"permit_no":`, 1))
		}},
		{"two valid permits at the far sides", "the far sides hold 2 valid permits", func(e *audit.Evidence) {
			again(e, "epermit", "issue", func(x *audit.Entry) {
				x.RequestID = x.RequestID[:12] + "AAAAA-issue-1"
				x.Detail["issue"].(map[string]any)["permit"].(map[string]any)["permitNo"] = "X"
			})
		}},
		{"another's permit cancelled", "it is no earlier permit of that person", func(e *audit.Evidence) {
			e.Ledgers["registration"][entry(e, "registration", "cancel")].Detail["old_no"] = "X"
		}},
		{"the new permit cancelled", "it is no earlier permit of that person", func(e *audit.Evidence) {
			d := e.Ledgers["registration"][entry(e, "registration", "cancel")].Detail
			d["old_no"] = d["new_no"]
		}},
		{"a permit revoked by one person", "without the word of two people", func(e *audit.Evidence) {
			x := &e.Ledgers["epermit"][entry(e, "epermit", "revoke")]
			x.RequestID = e.Ledgers["epermit"][entry(e, "epermit", "issue")].RequestID
		}},
		{"a permit revoked twice", "was done 2 times", func(e *audit.Evidence) { again(e, "epermit", "revoke", nil) }},
		{"a revocation that the platform never heard of", "the platform does not know it", func(e *audit.Evidence) {
			at := entry(e, "epermit", "revoke")
			e.Ledgers["epermit"] = slices.Delete(e.Ledgers["epermit"], at, at+1)
		}},
		{"proposed and confirmed by the same person", `revokes`, func(e *audit.Evidence) {
			at := lastOf(e, "revoked")
			tell(e, at, `{"type":"revocation_proposed","officer":"S002","at":"2024-07-04T09:00:00+08:00","application_no":"`+applicationOf(e, at)+`"}`)
		}},
		{"a breach recorded twice", "is recorded again", func(e *audit.Evidence) {
			at := lastOf(e, "accepted")
			tell(e, at, breach(e, at, 0, 0)+","+breach(e, at, 0, 0))
		}},
		{"a breach dated when it was seen", "dated wrong", func(e *audit.Evidence) { at := lastOf(e, "accepted"); tell(e, at, breach(e, at, time.Hour, 0)) }},
		{"a breach seen before it was one", "dated wrong", func(e *audit.Evidence) { at := lastOf(e, "accepted"); tell(e, at, breach(e, at, 0, -time.Hour)) }},
		{"a breach before its time", "breach of T1 dated", func(e *audit.Evidence) {
			at := lastOf(e, "accepted")
			next := at + 1 + slices.IndexFunc(e.Log[at+1:], func(r audit.Record) bool { return r.Key == e.Log[at].Key })
			const day = `"2024-07-04T09:00:00+08:00"`
			tell(e, next, `{"type":"deadline_breached","at":`+day+`,"due_at":`+day+`,"detected_at":`+day+`,"clock":"T1","application_no":"`+applicationOf(e, at)+`"}`)
		}},
		{"a breach that nobody recorded", "no breach is recorded", func(e *audit.Evidence) { e.Now = e.Now.AddDate(1, 0, 0) }},
		{"a name in a log", "holds a personal text", func(e *audit.Evidence) { e.Texts["log"] = "said " + secret(t, e, "full_name") + "." }},
		{"a phone in a header", "holds a personal text", func(e *audit.Evidence) { e.Log[0].Headers["x"] = secret(t, e, "number") }},
		{"a citizen id in a key", "holds a personal text", func(e *audit.Evidence) { e.Inputs[0].Key = secret(t, e, "citizen_id") }},
		{"an address outside the person", "holds a personal text", func(e *audit.Evidence) {
			e.Log[0].Value = append([]byte(`{"note":"`+secret(t, e, "hukou_address")+`",`), e.Log[0].Value[1:]...)
		}},
		{"a deadline that Redis has lost", "redis waits for the instant 0", func(e *audit.Evidence) { delete(e.Waiting, waiting(e)) }},
		{"a deadline at another instant", "redis waits for", func(e *audit.Evidence) { e.Waiting[waiting(e)]++ }},
		{"a deadline that the log has resolved", "the log for 0", func(e *audit.Evidence) { e.Waiting["AAAAAAAAAAAAAAAAA"] = 1 }},
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

// lastOf is the last transition that tells an event of a type.
func lastOf(e *audit.Evidence, event string) int {
	for i, r := range slices.Backward(e.Log) {
		if strings.Contains(string(r.Value), `{"type":"`+event+`"`) {
			return i
		}
	}
	return -1
}

// waiting is an application that has a deadline to come.
func waiting(e *audit.Evidence) string { return slices.Min(slices.Collect(maps.Keys(e.Waiting))) }

// resting is the last transition of a file that holds a valid permit and no open case.
func resting(e *audit.Evidence) int {
	for i, r := range slices.Backward(e.Log) {
		v := string(r.Value)
		later := slices.ContainsFunc(e.Log[i+1:], func(o audit.Record) bool { return o.Key == r.Key })
		if !later && !strings.Contains(v, `"open":`) && strings.Contains(v, `"permits":[{"permit_no":`) && strings.Contains(v, `"status":"valid"`) {
			return i
		}
	}
	return -1
}

// tell puts events, as JSON, before those of a transition.
func tell(e *audit.Evidence, at int, events string) {
	r := &e.Log[at]
	r.Value = []byte(strings.Replace(string(r.Value), `"events":[`, `"events":[`+events+`,`, 1))
}

func applicationOf(e *audit.Evidence, at int) string {
	var t struct {
		ApplicationNo string `json:"application_no"`
	}
	_ = json.Unmarshal(e.Log[at].Value, &t)
	return t.ApplicationNo
}

// breach is a breach of the T1 that a transition starts, dated and detected so long after it is due.
func breach(e *audit.Evidence, at int, dated, detected time.Duration) string {
	var t struct {
		Events []struct {
			Type  string    `json:"type"`
			DueAt time.Time `json:"due_at"`
		} `json:"events"`
	}
	_ = json.Unmarshal(e.Log[at].Value, &t)
	for _, ev := range t.Events {
		if ev.Type == "accepted" {
			b, _ := json.Marshal(map[string]any{"type": "deadline_breached", "at": ev.DueAt.Add(dated), "due_at": ev.DueAt,
				"detected_at": ev.DueAt.Add(dated + detected), "clock": "T1", "application_no": applicationOf(e, at)})
			return string(b)
		}
	}
	return ""
}

// secret is a personal text of the log.
func secret(t *testing.T, e *audit.Evidence, field string) string {
	t.Helper()
	for i := range e.Log {
		if _, rest, ok := strings.Cut(string(e.Log[i].Value), `"`+field+`":"`); ok {
			text, _, _ := strings.Cut(rest, `"`)
			return text
		}
	}
	t.Fatalf("nobody has a %s", field)
	return ""
}
