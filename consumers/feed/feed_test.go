package feed

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/deploy/calendars"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite the goldens")

// life decides a whole automatic case, a second application while it is open, its completion, and the revocation of its permit.
func life(t *testing.T) []*schemas.Transition {
	t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := casework.Haiyan202410(cal)
	person := schemas.Person{
		CitizenID: "11010519491231002X", FullName: "秘密姓名", HukouAddress: "秘密户籍地址", CurrentAddress: "秘密现居地址", Signature: "secret-signature",
		ContactPhone: schemas.Phone{Number: "13900000000"},
	}
	token := schemas.PersonToken([]byte("test-route-key"), person.CitizenID)
	dossier := schemas.DossierID(token)
	no := schemas.ApplicationNo(dossier, "province", "1")
	at := time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai)
	submission := func(sourceNo string) schemas.Input {
		return schemas.Input{InputID: sourceNo, Kind: schemas.InputSubmission, PersonToken: token, ApplicationNo: schemas.ApplicationNo(dossier, "province", sourceNo), Person: &person,
			Submission: &schemas.Submission{
				Source: "province", SourceApplicationNo: sourceNo, Channel: schemas.Online, Stages: schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto},
				RecognitionType: schemas.ExistingPermit, HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract},
				Materials: []schemas.Material{{Kind: "labour_contract"}},
			}}
	}
	result := func(kind schemas.EffectKind, r schemas.EffectResult) schemas.Input {
		r.EffectID, r.Status, r.At = schemas.EffectID(no, kind, 1), schemas.EffectDone, schemas.At(at)
		return schemas.Input{InputID: r.EffectID, Kind: schemas.InputEffectResult, ApplicationNo: no, Result: &r}
	}
	act := func(id, officer string, kind schemas.ActionKind, ground string) schemas.Input {
		return schemas.Input{InputID: id, Kind: schemas.InputOfficerAction, ApplicationNo: no, Action: &schemas.OfficerAction{Kind: kind, Officer: officer, Ground: ground},
			Person: &schemas.Person{Remarks: []schemas.Remark{{InputID: id, Opinion: "秘密理由", NoticeNo: "秘密文号"}}}}
	}
	inputs := []schemas.Input{
		submission("1"),
		result(schemas.EffectVerify, schemas.EffectResult{Facts: &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "OLD", Status: "valid", Division: "330106"}}}}),
		submission("2"),
		result(schemas.EffectIssue, schemas.EffectResult{Permit: &schemas.Permit{PermitNo: "NEW", LicenceID: "LICENCE"}}),
		result(schemas.EffectPublish, schemas.EffectResult{}), result(schemas.EffectFile, schemas.EffectResult{}), result(schemas.EffectNotify, schemas.EffectResult{}),
		result(schemas.EffectCancel, schemas.EffectResult{}),
		act("propose", "1", schemas.ActProposeRevocation, schemas.RevokedFraud), act("confirm", "2", schemas.ActConfirmRevocation, ""),
		result(schemas.EffectRevoke, schemas.EffectResult{}),
	}
	f, log := casework.File{}, []*schemas.Transition(nil)
	for i := range inputs {
		at = at.Add(time.Minute)
		inputs[i].DossierID, inputs[i].ReceivedAt, inputs[i].BodyHash = dossier, schemas.At(at), schemas.BodyHash([]byte(inputs[i].InputID))
		tr, err := p.Decide(&f, &inputs[i])
		if err != nil || tr == nil {
			t.Fatalf("input %d: %v", i, err)
		}
		f, log = casework.File{Dossier: tr.Dossier, Person: tr.Person}, append(log, tr)
	}
	return log
}

func TestDerive(t *testing.T) {
	var got bytes.Buffer
	ids := map[string]bool{}
	for _, tr := range life(t) {
		recs, err := Derive(tr)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range recs {
			if r.Key != tr.DossierID {
				t.Errorf("key %q", r.Key)
			}
			if id := r.Topic + r.Header("ce_id"); ids[id] {
				t.Errorf("id %s twice", id)
			} else {
				ids[id] = true
			}
			got.WriteString(r.Topic + " " + string(r.Value) + "\n")
		}
	}
	for _, secret := range []string{"秘密", "11010519491231002X", "13900000000", "secret"} {
		if strings.Contains(got.String(), secret) {
			t.Errorf("a public event says %q", secret)
		}
	}
	const path = "testdata/life.golden"
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("public events (-want +got):\n%s", diff)
	}
}

// The public types hold these fields and no others: one more must be looked at by a person before it is emitted.
func TestPublicFields(t *testing.T) {
	want := map[string]string{
		"application": "event_id dossier_id application_no seq type type_name stage stage_name at channel recognition_type division reasons accepted_at due_at due_provisional",
		"permit":      "event_id dossier_id application_no seq type type_name permit_no licence_id replaced_by at",
	}
	for name, typ := range map[string]reflect.Type{"application": reflect.TypeFor[schemas.ApplicationEvent](), "permit": reflect.TypeFor[schemas.PermitEvent]()} {
		var fields []string
		for i := range typ.NumField() {
			field, _, _ := strings.Cut(typ.Field(i).Tag.Get("json"), ",")
			fields = append(fields, field)
		}
		if diff := cmp.Diff(want[name], strings.Join(fields, " ")); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestHandle(t *testing.T) {
	var produced [][]schemas.Record
	var down error
	s := New(func(_ context.Context, recs ...schemas.Record) error {
		produced = append(produced, recs)
		return down
	})
	var batch bus.Batch
	want := 0
	for i, tr := range life(t) {
		rec, err := tr.Record()
		if err != nil {
			t.Fatal(err)
		}
		derived, err := Derive(tr)
		if err != nil {
			t.Fatal(err)
		}
		want += len(derived)
		batch.Records = append(batch.Records, bus.Record{Record: rec, Offset: int64(i)})
	}
	if err := s.Handle(context.Background(), batch); err != nil {
		t.Fatal(err)
	}
	if len(produced) != 1 || len(produced[0]) != want {
		t.Fatalf("%d produces, want one of %d records", len(produced), want)
	}
	// A redelivery gives the same records.
	down = errors.New("down")
	if err := s.Handle(context.Background(), batch); !errors.Is(err, down) {
		t.Fatalf("handled with %v", err)
	}
	if diff := cmp.Diff(produced[0], produced[1]); diff != "" {
		t.Errorf("redelivery (-first +second):\n%s", diff)
	}
	quiet := &schemas.Transition{DossierID: "D", Seq: 1, Events: []schemas.Event{{Type: schemas.EvNoticeSent}}}
	value, err := json.Marshal(quiet)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Handle(context.Background(), bus.Batch{Records: []bus.Record{{Record: schemas.Record{Value: value}}}}); err != nil || len(produced) != 2 {
		t.Errorf("a transition without public events: %v, %d produces", err, len(produced))
	}
	if err := s.Handle(context.Background(), bus.Batch{Records: []bus.Record{{Record: schemas.Record{Value: []byte("?")}}}}); err == nil {
		t.Error("a log that cannot be read was passed over")
	}
}

// The step reads outlines: what it derives must not need more of a transition.
func TestDeriveNeedsAnOutlineOnly(t *testing.T) {
	for _, tr := range life(t) {
		want, err := Derive(tr)
		if err != nil {
			t.Fatal(err)
		}
		rec, err := tr.Record()
		if err != nil {
			t.Fatal(err)
		}
		outline, err := schemas.DecodeOutline(rec.Value)
		if err != nil {
			t.Fatal(err)
		}
		got, err := Derive(outline)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
}
