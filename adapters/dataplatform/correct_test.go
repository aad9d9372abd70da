package dataplatform

import (
	"testing"
	"time"

	"permithub/adapters/dataplatform/dataplatformsim"
	"permithub/internal/fault"
	"permithub/schemas"
)

// revocation is the order that takes a pushed licence out of force: the case has ended, its permit stands in the file.
func revocation(issue *schemas.Order) schemas.Order {
	decided := schemas.At(morning.AddDate(0, 1, 0))
	return schemas.Order{
		Effect: schemas.Effect{EffectID: schemas.EffectID(issue.ApplicationNo, schemas.EffectCorrect, 1), Kind: schemas.EffectCorrect,
			PermitNo: issue.Case.Permit.PermitNo, Reasons: []string{schemas.RevokedFraud}},
		DossierID: dossier, ApplicationNo: issue.ApplicationNo, OrderedAt: decided, Permit: *issue.Case.Permit, Person: issue.Person,
		Ended: schemas.EndedCase{ApplicationNo: issue.ApplicationNo, Outcome: "revoked", Revocation: &schemas.Revocation{Ground: schemas.RevokedFraud, DecidedAt: &decided}},
	}
}

func TestCorrectOnce(t *testing.T) {
	h := newHarness(t, nil)
	pushed := testOrder("A1")
	if _, err := h.Push(t.Context(), pushed); err != nil {
		t.Fatal(err)
	}
	o := revocation(&pushed)
	first, err := h.Correct(t.Context(), o)
	if err != nil || first == "" {
		t.Fatalf("got %q, %v", first, err)
	}
	o.OrderedAt = schemas.At(o.OrderedAt.Add(time.Hour))
	if again, err := h.Correct(t.Context(), o); err != nil || again != first {
		t.Errorf("repeat: %q, %v, want %q", again, err, first)
	}
	h.want(t, o, 4, 1)
	rows := h.platform.Rows("up_lic_data")
	if len(rows) != 2 || rows[0].Row["lic_status"] != "1" || rows[1].Row["lic_status"] != "3" || rows[1].Row["cd_operation"] != "U" ||
		rows[0].Row["lic_identifier"] != rows[1].Row["lic_identifier"] {
		t.Errorf("rows %v", rows)
	}
}

func TestCorrectRefused(t *testing.T) {
	h := newHarness(t, nil)
	pushed := testOrder("A1")
	o := revocation(&pushed)
	o.Permit = schemas.Permit{}
	_, err := h.Correct(t.Context(), o)
	check(t, err, fault.Permanent, "dataplatform_incomplete")
	o = revocation(&pushed)
	o.Ended.Revocation = nil
	_, err = h.Correct(t.Context(), o)
	check(t, err, fault.Permanent, "dataplatform_incomplete")
	h.platform.Answer("up_lic_data", dataplatformsim.NoTable)
	_, err = h.Correct(t.Context(), revocation(&pushed))
	check(t, err, fault.Permanent, "dataplatform_1001")
}
