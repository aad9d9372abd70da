package issuance

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
	"permithub/schemas"
)

// platform answers as it is told and keeps what it was asked.
type platform struct {
	issue, find error
	known       bool
	asked       []string
}

var permit = schemas.Permit{PermitNo: "NEW", LicenceID: "L", IssuedAt: schemas.At(time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai))}

func (p *platform) Issue(_ context.Context, o schemas.Order) (schemas.Permit, error) {
	p.asked = append(p.asked, "issue "+o.Effect.EffectID)
	return permit, p.issue
}

func (p *platform) Find(_ context.Context, effectID string) (schemas.Permit, bool, error) {
	p.asked = append(p.asked, "find "+effectID)
	return permit, p.known, p.find
}

func TestCall(t *testing.T) {
	odd := errors.New("odd")
	tests := []struct {
		name  string
		far   platform
		class fault.Class // of the error; with done, of none
		code  string
		done  bool
		asked []string
	}{
		{"issued", platform{}, 0, "", true, []string{"issue E"}},
		{"refused for good", platform{issue: fault.Reject("no", nil)}, fault.Permanent, "no", false, []string{"issue E"}},
		{"no class", platform{issue: odd}, fault.Unmarked, "unmarked", false, []string{"issue E"}},
		{"the answer was lost, it was issued", platform{issue: fault.Unknown("timeout", nil), known: true}, 0, "", true, []string{"issue E", "find E"}},
		{"an outage, it was issued", platform{issue: fault.Outage("epermit", nil), known: true}, 0, "", true, []string{"issue E", "find E"}},
		// Not known there: the same order is made again later, so it is an outage and never the last word.
		{"the answer was lost, it was not issued", platform{issue: fault.Unknown("timeout", nil)}, fault.Unavailable, "timeout", false, []string{"issue E", "find E"}},
		{"an outage all along", platform{issue: fault.Outage("epermit", nil), find: fault.Outage("epermit", nil)}, fault.Unavailable, "epermit", false, []string{"issue E", "find E"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			r, err := Call(&tt.far)(context.Background(), schemas.Order{Effect: schemas.Effect{EffectID: "E"}})
			if (err == nil) != tt.done || err != nil && (fault.ClassOf(err) != tt.class || fault.CodeOf(err) != tt.code) {
				t.Errorf("answered with %v", err)
			}
			if tt.done && (r.Permit == nil || cmp.Diff(permit, *r.Permit) != "" || r.Ref != "NEW" || !r.At.Equal(permit.IssuedAt.Time)) {
				t.Errorf("result %+v", r)
			}
			if diff := cmp.Diff(tt.asked, tt.far.asked); diff != "" {
				t.Errorf("asked (-want +got):\n%s", diff)
			}
		})
	}
}

// A query whose own end is unknown must not be taken for the end of the order: it says nothing of it.
func TestQueryOfUnknownEnd(t *testing.T) {
	far := &platform{issue: fault.Unknown("timeout", nil), find: fault.Unknown("timeout", nil)}
	if _, err := Call(far)(context.Background(), schemas.Order{}); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("answered with %v", err)
	}
}

func TestStoppedAsksNothingMore(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	far := &platform{issue: fault.Outage("epermit", context.Canceled)}
	if _, err := Call(far)(ctx, schemas.Order{}); fault.ClassOf(err) != fault.Stopped || len(far.asked) != 1 {
		t.Errorf("answered with %v, asked %v", err, far.asked)
	}
}

type revoker struct {
	got schemas.Order
	err error
}

func (f *revoker) Revoke(_ context.Context, o schemas.Order) (string, error) {
	f.got = o
	return "ref-1", f.err
}

func TestRevoke(t *testing.T) {
	f := &revoker{}
	order := schemas.Order{Effect: schemas.Effect{EffectID: "E", PermitNo: "NEW"}}
	r, err := Revoke(f)(context.Background(), order)
	if err != nil || r.Ref != "ref-1" || f.got.Effect.PermitNo != "NEW" {
		t.Errorf("result %+v, %v for %+v", r, err, f.got)
	}
	f.err = fault.Reject("no", nil)
	if _, err := Revoke(f)(context.Background(), order); !errors.Is(err, f.err) {
		t.Errorf("answered with %v", err)
	}
}
