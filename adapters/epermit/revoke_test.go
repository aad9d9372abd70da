package epermit

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"permithub/adapters/epermit/epermitsim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"
)

// revoker is the port as the issuance step declares it.
type revoker interface {
	Revoke(ctx context.Context, o schemas.Order) (string, error)
}

var _ revoker = (*Client)(nil)

// revocation is the order that takes the permit of an issue out of force.
func revocation(issue *schemas.Order, permitNo string) schemas.Order {
	decided := schemas.At(morning.Add(time.Hour))
	o := schemas.Order{
		Effect: schemas.Effect{EffectID: schemas.EffectID(issue.ApplicationNo, schemas.EffectRevoke, 1), Kind: schemas.EffectRevoke, PermitNo: permitNo,
			Reasons: []string{schemas.RevokedFraud}},
		DossierID: dossier, ApplicationNo: issue.ApplicationNo, OrderedAt: decided, Person: issue.Person,
	}
	o.Ended = schemas.EndedCase{ApplicationNo: o.ApplicationNo, Outcome: "revoked", PermitNo: permitNo,
		Revocation: &schemas.Revocation{Ground: schemas.RevokedFraud, ProposedBy: "1003", DecidedBy: "1004", DecidedAt: &decided}}
	return o
}

// issued has a permit issued and returns the order that would revoke it.
func issued(t *testing.T, h *harness) schemas.Order {
	t.Helper()
	o := testOrder("A1")
	permit, err := h.Issue(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return revocation(&o, permit.PermitNo)
}

func (h *harness) revocations(o *schemas.Order) int {
	return len(h.kit.Find(simulator.Query{Op: epermitsim.OpRevoke, Key: o.Effect.EffectID, Outcome: simulator.Done}))
}

func TestRevokeOnce(t *testing.T) {
	h := newHarness(t, nil)
	o := issued(t, h)
	first, err := h.Revoke(t.Context(), o)
	if err != nil || first == "" {
		t.Fatalf("got %q, %v", first, err)
	}
	o.OrderedAt = schemas.At(morning.Add(time.Hour)) // ordered again, later
	if again, err := h.Revoke(t.Context(), o); err != nil || again != first {
		t.Errorf("repeat: %q, %v, want %q", again, err, first)
	}
	permit, found, err := h.Find(t.Context(), schemas.EffectID(o.ApplicationNo, schemas.EffectIssue, 1))
	if err != nil || !found || permit.Status != schemas.PermitRevoked {
		t.Errorf("the platform says %+v, %v, %v", permit, found, err)
	}
	if n := h.revocations(&o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

// Executed, answer lost: the call is repeated under its id, and there is one revocation.
func TestRevokeWhoseAnswerIsLost(t *testing.T) {
	h := newHarness(t, nil)
	o := issued(t, h)
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpRevoke, Mode: simulator.ModeTimeout, DelayMS: 1})
	_, err := h.Revoke(t.Context(), o)
	check(t, err, fault.Unavailable, "epermit")
	h.kit.ClearFaults()
	if ref, err := h.Revoke(t.Context(), o); err != nil || ref == "" {
		t.Errorf("got %q, %v", ref, err)
	}
	if n := h.revocations(&o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

func TestRevokeRefused(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*schemas.Order)
		code   string
	}{
		{"a permit of nobody", func(o *schemas.Order) { o.Effect.PermitNo = "33042420240009999" }, "epermit_PERMIT_UNKNOWN"},
		{"of another application", func(o *schemas.Order) { o.ApplicationNo = schemas.ApplicationNo(dossier, "province", "B2") }, "epermit_PERMIT_UNKNOWN"},
		{"of another person", func(o *schemas.Order) { o.Person.CitizenID = "110105194912310110" }, "epermit_PERMIT_UNKNOWN"},
		{"no ground", func(o *schemas.Order) { o.Effect.Reasons = nil }, "epermit_unmapped"},
		{"a ground without a code", func(o *schemas.Order) { o.Effect.Reasons = []string{"no_condition"} }, "epermit_unmapped"},
		{"nobody decided", func(o *schemas.Order) { o.Ended.Revocation = nil }, "epermit_unmapped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			o := issued(t, h)
			tc.change(&o)
			_, err := h.Revoke(t.Context(), o)
			check(t, err, fault.Permanent, tc.code)
			if n := h.revocations(&o); n != 0 {
				t.Errorf("%d effects, want none", n)
			}
		})
	}
	t.Run("the same id with another content", func(t *testing.T) {
		h := newHarness(t, nil)
		o := issued(t, h)
		if _, err := h.Revoke(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o.Effect.Reasons = []string{schemas.RevokedByLaw}
		_, err := h.Revoke(t.Context(), o)
		check(t, err, fault.Permanent, "epermit_REQUEST_ID_CONFLICT")
	})
	t.Run("revoked under another id", func(t *testing.T) {
		h := newHarness(t, nil)
		o := issued(t, h)
		if _, err := h.Revoke(t.Context(), o); err != nil {
			t.Fatal(err)
		}
		o.Effect.EffectID = schemas.EffectID(o.ApplicationNo, schemas.EffectRevoke, 2)
		_, err := h.Revoke(t.Context(), o)
		check(t, err, fault.Permanent, "epermit_PERMIT_NOT_VALID")
	})
}

func TestFaultsOfThePlatformAtARevocation(t *testing.T) {
	for _, tc := range []struct {
		name  string
		fault simulator.Fault
		class fault.Class
		code  string
	}{
		{"outage", simulator.Fault{Mode: simulator.ModeOutage}, fault.Unavailable, "epermit"},
		{"5xx", simulator.Fault{Mode: simulator.ModeError, Code: "502"}, fault.Unavailable, "epermit"},
		{"busy", simulator.Fault{Mode: simulator.ModeRefuse, Code: "SYSTEM_BUSY"}, fault.Unavailable, "epermit"},
		{"refused", simulator.Fault{Mode: simulator.ModeRefuse, Code: "COURT_HOLD"}, fault.Permanent, "epermit_COURT_HOLD"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			o := issued(t, h)
			h.kit.SetFault(tc.fault)
			_, err := h.Revoke(t.Context(), o)
			check(t, err, tc.class, tc.code)
		})
	}
}

// An answer that is about something else is no success, whatever it says of itself.
func TestNonsenseAtARevocation(t *testing.T) {
	o := testOrder("A1")
	o = revocation(&o, "33042420240000001")
	good := map[string]string{"requestId": o.Effect.EffectID, "permitNo": o.Effect.PermitNo, "status": "3", "serialNo": "CX-1"}
	for field, value := range map[string]string{"requestId": "x", "permitNo": "33042420240000002", "status": "1"} {
		data := map[string]string{}
		for k, v := range good {
			data[k] = v
		}
		data[field] = value
		body, err := json.Marshal(map[string]any{"success": true, "data": data})
		if err != nil {
			t.Fatal(err)
		}
		_, err = answering(t, 200, body).Revoke(t.Context(), o)
		check(t, err, fault.Permanent, "epermit_nonsense")
	}
	_, err := answering(t, 200, []byte(`{"success":true}`)).Revoke(t.Context(), o)
	check(t, err, fault.Unavailable, "epermit_garbled")
	ref, err := answering(t, 200, []byte(strings.ReplaceAll(string(golden(t, "revoke_answer")), "CX-33042420240000001", fullName))).Revoke(t.Context(), o)
	if err != nil || ref != "" {
		t.Errorf("a number that is none: %q, %v", ref, err)
	}
}
