package effect

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/bus"
	"permithub/internal/fault"
	"permithub/schemas"
)

const (
	dossier = "ABCDEFGHIJKL"
	no      = "ABCDEFGHIJKLMNOPX"
)

var now = time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai)

// transition orders three cancellations and one publication.
func transition(t *testing.T, seq int64) bus.Record {
	t.Helper()
	tr := schemas.Transition{
		Seq: seq, DossierID: dossier, ApplicationNo: no, Input: schemas.InputRef{InputID: "i", ReceivedAt: schemas.At(now), Traceparent: "00-trace"},
		Events: []schemas.Event{{Type: schemas.EvIssued}}, Dossier: schemas.Dossier{DossierID: dossier, Seq: seq, Open: &schemas.Case{ApplicationNo: no}},
		Person: &schemas.Person{FullName: "张三"},
	}
	for n := 1; n <= 3; n++ {
		tr.Effects = append(tr.Effects, schemas.Effect{EffectID: schemas.EffectID(no, schemas.EffectCancel, n), Kind: schemas.EffectCancel, PermitNo: fmt.Sprint("OLD-", n)})
	}
	tr.Effects = append(tr.Effects, schemas.Effect{EffectID: schemas.EffectID(no, schemas.EffectPublish, 1), Kind: schemas.EffectPublish})
	rec, err := tr.Record()
	if err != nil {
		t.Fatal(err)
	}
	return bus.Record{Record: rec, Offset: 7}
}

// far is a far side that answers as it is told, and Kafka behind the worker.
type far struct {
	t       *testing.T
	answers map[string]error // by permit number
	calls   []string
	inputs  []schemas.Input
	down    bool
}

func (f *far) call(_ context.Context, o schemas.Order) (schemas.EffectResult, error) {
	f.calls = append(f.calls, o.Effect.PermitNo)
	if o.Person.FullName != "张三" || o.Case.ApplicationNo != no || o.DossierID != dossier {
		f.t.Errorf("order without its case: %+v", o)
	}
	return schemas.EffectResult{Ref: "ref-" + o.Effect.PermitNo}, f.answers[o.Effect.PermitNo]
}

func (f *far) publish(_ context.Context, recs ...schemas.Record) error {
	if f.down {
		return fault.Outage("kafka", nil)
	}
	for _, rec := range recs {
		in, err := schemas.DecodeInput(rec.Value)
		if err != nil {
			f.t.Fatal(err)
		}
		if rec.Topic != schemas.TopicCaseInput || rec.Key != dossier || in.Traceparent != "00-trace" || in.Source != "cancellation" {
			f.t.Errorf("reported as %+v", rec)
		}
		f.inputs = append(f.inputs, *in)
	}
	return nil
}

func newWorker(t *testing.T) (*Worker, *far) {
	f := &far{t: t, answers: map[string]error{}}
	return &Worker{Step: "cancellation", Kind: schemas.EffectCancel, Call: f.call, Publish: f.publish, Now: func() time.Time { return now }}, f
}

func results(f *far) []string {
	var list []string
	for _, in := range f.inputs {
		list = append(list, fmt.Sprintf("%s %s %s %s", in.Result.EffectID[len(no)+1:], in.Result.Status, in.Result.Code, in.Result.Ref))
	}
	return list
}

func TestHandle(t *testing.T) {
	tests := []struct {
		name  string
		err   error // of the second call
		class fault.Class
		want  []string
	}{
		{"done", nil, fault.Unmarked, []string{"cancel-1 done  ref-OLD-1", "cancel-2 done  ref-OLD-2", "cancel-3 done  ref-OLD-3"}},
		{"refused for good", fault.Reject("not_yours", nil), fault.Unmarked, []string{"cancel-1 done  ref-OLD-1", "cancel-2 refused not_yours ", "cancel-3 done  ref-OLD-3"}},
		{"unknown", fault.Unknown("timeout", nil), fault.Unmarked, []string{"cancel-1 done  ref-OLD-1", "cancel-2 unknown timeout ", "cancel-3 done  ref-OLD-3"}},
		{"outage", fault.Outage("registration", nil), fault.Unavailable, []string{"cancel-1 done  ref-OLD-1"}},
		{"unmarked", errors.New("odd"), fault.Unmarked, []string{"cancel-1 done  ref-OLD-1"}},
		{"stopped", context.Canceled, fault.Stopped, []string{"cancel-1 done  ref-OLD-1"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w, f := newWorker(t)
			f.answers["OLD-2"] = tt.err
			err := w.Handle(context.Background(), transition(t, 4))
			if left := len(tt.want) == 1; (err != nil) != left || left && fault.ClassOf(err) != tt.class {
				t.Errorf("handled with %v", err)
			}
			if diff := cmp.Diff(tt.want, results(f)); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

// A redelivery calls again and reports under the same ids; an order that an officer repeats reports under new ones.
func TestResultIDs(t *testing.T) {
	w, f := newWorker(t)
	for _, seq := range []int64{4, 4, 9} {
		if err := w.Handle(context.Background(), transition(t, seq)); err != nil {
			t.Fatal(err)
		}
	}
	if a, b := f.inputs[0], f.inputs[3]; a.InputID != b.InputID || a.BodyHash != b.BodyHash {
		t.Error("a redelivery reports something else")
	}
	if f.inputs[0].InputID == f.inputs[6].InputID || f.inputs[0].InputID == f.inputs[1].InputID {
		t.Error("two orders share a result id")
	}
	if !f.inputs[0].Result.At.Equal(now) {
		t.Errorf("dated %v", f.inputs[0].Result.At)
	}
}

func TestNothingIsAcknowledgedBeforeItIsReported(t *testing.T) {
	w, f := newWorker(t)
	f.down = true
	if err := w.Handle(context.Background(), transition(t, 4)); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("handled with %v", err)
	}
}

func TestPassesOverWhatIsNotItsOwn(t *testing.T) {
	w, f := newWorker(t)
	w.Kind = schemas.EffectIssue
	rec := transition(t, 4)
	rec.Value = []byte("not even decoded")
	if err := w.Handle(context.Background(), rec); err != nil || len(f.calls) > 0 {
		t.Errorf("handled with %v, %d calls", err, len(f.calls))
	}
	w.Kind = schemas.EffectPublish
	if err := w.Handle(context.Background(), rec); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("undecodable handled with %v", err)
	}
}

func TestCarries(t *testing.T) {
	rec := transition(t, 1)
	for kind, want := range map[schemas.EffectKind]bool{schemas.EffectCancel: true, schemas.EffectPublish: true, schemas.EffectIssue: false, "can": false, "": false} {
		if got := Carries(rec, kind); got != want {
			t.Errorf("carries %q: %v", kind, got)
		}
	}
	rec.Headers = nil
	if Carries(rec, schemas.EffectCancel) {
		t.Error("no header carries an effect")
	}
}

func TestParkedIsReportedAsRefused(t *testing.T) {
	w, f := newWorker(t)
	if err := w.Parked(context.Background(), transition(t, 4), "unmarked"); err != nil {
		t.Fatal(err)
	}
	want := []string{"cancel-1 refused parked_unmarked ", "cancel-2 refused parked_unmarked ", "cancel-3 refused parked_unmarked "}
	if diff := cmp.Diff(want, results(f)); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	if err := w.Parked(context.Background(), bus.Record{}, "undecodable"); err != nil {
		t.Errorf("undecodable bytes: %v", err)
	}
	f.down = true
	if err := w.Parked(context.Background(), transition(t, 4), "unmarked"); err == nil {
		t.Error("a park that is not reported is forgotten")
	}
}

func TestAsk(t *testing.T) {
	w, f := newWorker(t)
	tr, err := schemas.DecodeTransition(transition(t, 4).Value)
	if err != nil {
		t.Fatal(err)
	}
	for _, run := range []string{"run-a", "run-a", "run-b"} {
		if err := w.Ask(context.Background(), tr.Order(0), run); err != nil {
			t.Fatal(err)
		}
	}
	if a := f.inputs[0].Attempt; a.Run != "run-a" || a.EffectID != tr.Effects[0].EffectID || f.inputs[0].Kind != schemas.InputEffectAttempt {
		t.Errorf("asked %+v", f.inputs[0])
	}
	if f.inputs[0].InputID != f.inputs[1].InputID || f.inputs[0].InputID == f.inputs[2].InputID {
		t.Error("an attempt is one for each run")
	}
}
