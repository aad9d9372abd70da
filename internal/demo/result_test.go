package demo

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func TestAsExpected(t *testing.T) {
	for _, row := range []struct {
		name   string
		result Result
		want   bool
	}{
		{"nothing expected", Result{HTTPStatus: 500}, true},
		{"as expected", Result{HTTPStatus: 202, Outcome: "refused", Reasons: []string{"b", "a"}, expect: &Expect{Outcome: "refused", Reasons: []string{"a", "b"}}}, true},
		{"another outcome", Result{HTTPStatus: 202, Outcome: "issued", expect: &Expect{Outcome: "refused"}}, false},
		{"a reason too many", Result{HTTPStatus: 202, Outcome: "refused", Reasons: []string{"a"}, expect: &Expect{Outcome: "refused"}}, false},
		{"a permit not cancelled", Result{HTTPStatus: 202, Outcome: "issued", expect: &Expect{Outcome: "issued", Cancelled: 1}}, false},
		{"not taken", Result{HTTPStatus: 422, Outcome: outcomeRejected, expect: &Expect{HTTPStatus: 422}}, true},
		{"taken though it should not be", Result{HTTPStatus: 202, Outcome: "issued", expect: &Expect{HTTPStatus: 422}}, false},
	} {
		t.Run(row.name, func(t *testing.T) {
			if got := row.result.AsExpected(); got != row.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

// The table shows what the result says, and never a whole name.
func TestTable(t *testing.T) {
	due := schemas.At(time.Date(2026, 12, 1, 0, 0, 0, 0, schemas.Shanghai))
	results := []*Result{
		{ApplicationNo: "KFA5EEHOGQ4VTININ", HTTPStatus: 202, Outcome: "issued", PermitNo: "33042420260000001", DueAt: &due, identity: identity{FullName: "欧阳娜娜", RecognitionType: "existing_permit"}},
		{HTTPStatus: 422, Outcome: outcomeRejected, Problems: []Problem{{Pointer: "/citizen_id", Code: "check", MessageZH: "校验码不正确"}}, expect: &Expect{Outcome: "issued"}},
	}
	var out bytes.Buffer
	if err := Table(&out, results); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"欧*", "证件互认", "已签发", "33042420260000001", "11-30 24:00", "未接收 422", "/citizen_id 校验码不正确", "✗"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q in\n%s", want, out.String())
		}
	}
	if strings.Contains(out.String(), "阳") {
		t.Error("a whole name is shown")
	}
	if got, want := Summary(results), "共 2 件：已签发 1，未接收 1。与预期不符 1 件。"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A case rests when nothing is under way; whoever waits is told at once, or gives up with the context.
func TestWatch(t *testing.T) {
	const no = "KFA5EEHOGQ4VTININ"
	w := NewWatch()
	open := func(status string) *schemas.Transition {
		return &schemas.Transition{ApplicationNo: no, Input: schemas.InputRef{InputID: "1"}, Dossier: schemas.Dossier{Open: &schemas.Case{
			ApplicationNo: no, Stage: schemas.StageReview, Duties: []schemas.Duty{{Effect: schemas.Effect{Kind: schemas.EffectVerify}, Status: status}}}}}
	}
	w.Observe(open(schemas.DutyOrdered))
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if err := w.rest(gone, no); !errors.Is(err, context.Canceled) {
		t.Errorf("a case under way rests: %v", err)
	}
	rested := make(chan error)
	go func() { rested <- w.rest(context.Background(), no) }()
	w.Observe(open(schemas.DutyDone))
	if err := <-rested; err != nil {
		t.Error(err)
	}
	rejected := open(schemas.DutyDone)
	rejected.Input.InputID, rejected.Events = "2", []schemas.Event{{Type: schemas.EvRejected, Code: "separation_of_duties"}}
	w.Observe(rejected)
	v := w.view(no)
	if diff := cmp.Diff(map[string]string{"1": "", "2": "separation_of_duties"}, v.inputs); diff != "" || v.outcome != "under_review" {
		t.Errorf("%s (-want +got)\n%s", v.outcome, diff)
	}
	if w.view("another") != nil {
		t.Error("a view of an application that was never seen")
	}
}
