package registration

import (
	"context"
	"testing"

	"permithub/adapters/registration/registrationsim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"
)

func TestCancel(t *testing.T) {
	replaced := func(by string) registrationsim.Record {
		r := holder("cancelled")
		r.Permits[0].ReplacedBy, r.Permits[0].Serial = by, "ZX1"
		return r
	}
	for _, tc := range []struct {
		name    string
		client  func(*Config)
		server  func(*registrationsim.Config)
		owner   string // citizen when empty
		record  registrationsim.Record
		fault   *simulator.Fault
		order   func(*schemas.Order)
		ref     string
		class   fault.Class
		code    string
		effects int
	}{
		{name: "valid", record: holder("valid"), ref: "ZX20260105000001", effects: 1},
		{name: "suspended", record: holder("suspended"), ref: "ZX20260105000001", effects: 1},
		{name: "expired", record: holder("expired"), ref: "ZX20260105000001", effects: 1},
		{name: "cancelled before, same replacement", record: replaced(newNo), ref: "ZX1"},
		{name: "cancelled before, no replacement", record: replaced(""), ref: "already ZX1"},
		{name: "cancelled before, other replacement", record: replaced("ZJ330411000777"), class: fault.Permanent, code: "registration_replaced_by_other"},
		{name: "no such permit", class: fault.Permanent, code: "registration_no_record"},
		{name: "another person's", owner: "330411199001010013", record: holder("valid"), class: fault.Permanent, code: "registration_not_theirs"},
		{name: "conflicting state", record: holder("valid"), fault: &simulator.Fault{Mode: simulator.ModeRefuse, Code: "12"}, class: fault.Permanent, code: "registration_status_conflict"},
		{name: "new permit not known there", record: holder("valid"), server: func(c *registrationsim.Config) { c.KnowsPermit = func(no string) bool { return no != newNo } },
			class: fault.Permanent, code: "registration_new_permit_unknown"},
		{name: "new permit known there", record: holder("valid"), server: func(c *registrationsim.Config) { c.KnowsPermit = func(no string) bool { return no == newNo } },
			ref: "ZX20260105000001", effects: 1},
		{name: "without a new permit", record: holder("valid"), order: func(o *schemas.Order) { o.Effect.NewNo = "" }, class: fault.Permanent, code: "registration_cancel_without_replacement"},
		{name: "the new permit itself", record: holder("valid"), order: func(o *schemas.Order) { o.Effect.NewNo = oldNo }, class: fault.Permanent, code: "registration_cancel_without_replacement"},
		{name: "wrong secret", client: func(c *Config) { c.Gateway.Secret = "other" }, record: holder("valid"), class: fault.Unavailable, code: "registration_credentials"},
		{name: "500", record: holder("valid"), fault: &simulator.Fault{Mode: simulator.ModeError}, class: fault.Unavailable, code: "registration"},
		{name: "cut off", record: holder("valid"), fault: &simulator.Fault{Mode: simulator.ModeOutage}, class: fault.Unavailable, code: "registration"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFar(t, tc.client, tc.server)
			if tc.owner == "" {
				tc.owner = citizen
			}
			f.put(t, tc.owner, "", tc.record)
			if tc.fault != nil {
				f.kit.SetFault(*tc.fault)
			}
			o := order()
			if tc.order != nil {
				tc.order(&o)
			}
			ref, err := f.Cancel(t.Context(), o)
			checkErr(t, err, tc.class, tc.code)
			if ref != tc.ref {
				t.Errorf("reference: got %q, want %q", ref, tc.ref)
			}
			if got := f.effects(); got != tc.effects {
				t.Errorf("effects: got %d, want %d", got, tc.effects)
			}
		})
	}
}

func (f *far) effects() int {
	return len(f.kit.Find(simulator.Query{Op: "cancel", Outcome: simulator.Done}))
}

// The result was lost on the way (crash points D2 and G2): the same effect id again, or another one for the same pair, is done.
func TestCancelRepeated(t *testing.T) {
	for _, tc := range []struct {
		name   string
		first  simulator.Fault
		second func(*schemas.Order)
	}{
		{name: "answered, then repeated"},
		{name: "executed, then cut off", first: simulator.Fault{Mode: simulator.ModeTimeout, DelayMS: 1, Times: 1}},
		{name: "executed under another effect id", second: func(o *schemas.Order) { o.Effect.EffectID = "K3JQABCDEFGHWXYZ7-cancel-2" }},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFar(t, nil, nil)
			f.put(t, citizen, "", holder("valid"))
			if tc.first.Mode != "" {
				f.kit.SetFault(tc.first)
			}
			_, err := f.Cancel(t.Context(), order())
			if tc.first.Mode != "" {
				checkErr(t, err, fault.Unavailable, "registration")
			}
			o := order()
			if tc.second != nil {
				tc.second(&o)
			}
			for range 2 {
				ref, err := f.Cancel(t.Context(), o)
				if ref != "ZX20260105000001" || err != nil {
					t.Errorf("got %q, %v", ref, err)
				}
			}
			if n := f.effects(); n != 1 {
				t.Errorf("effects: %d", n)
			}
			if p, _ := f.sim.Person(citizen); p.Permits[0].Status != "cancelled" || p.Permits[0].ReplacedBy != newNo {
				t.Errorf("the permit is %+v", p.Permits[0])
			}
		})
	}
}

func TestRequestIDWithOtherContent(t *testing.T) {
	f := newFar(t, nil, nil)
	f.put(t, citizen, "", holder("valid"))
	if _, err := f.Cancel(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	o := order()
	o.Effect.NewNo = "HY330424000010"
	_, err := f.Cancel(t.Context(), o)
	checkErr(t, err, fault.Permanent, "registration_request_conflict")
}

func TestCancelledContext(t *testing.T) {
	f := newFar(t, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := f.Lookup(ctx, order()); fault.ClassOf(err) != fault.Stopped {
		t.Errorf("look-up: got %v", err)
	}
	if _, err := f.Cancel(ctx, order()); fault.ClassOf(err) != fault.Stopped {
		t.Errorf("cancel: got %v", err)
	}
}
