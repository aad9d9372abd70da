package notification

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/effect"
	"permithub/internal/fault"
	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite the goldens")

const (
	dossier = "ABCDEFGHIJKL"
	no      = "ABCDEFGHIJKLMNOPX"
)

var (
	now      = schemas.At(time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai))
	effectID = schemas.EffectID(no, schemas.EffectNotify, 1)
	errOdd   = errors.New("connection reset")
)

// world is the gateway, the memory of receipts and Kafka around the step.
type world struct {
	t       *testing.T
	answers []error // of the gateway, one for each call; then nil
	expect  error
	sent    error
	down    bool // Kafka
	texts   []string
	noted   []string
	inputs  []schemas.Input
	logged  bytes.Buffer
}

func (w *world) Send(_ context.Context, phone string, sms schemas.SMS) (string, error) {
	w.texts = append(w.texts, phone+" "+sms.EffectID+" "+sms.Text)
	if len(w.answers) == 0 {
		return "gateway-7", nil
	}
	err := w.answers[0]
	w.answers = w.answers[1:]
	return "gateway-7", err
}

func (w *world) Expect(_ context.Context, phone, effectID string) error {
	w.noted = append(w.noted, fmt.Sprintf("expect %s %s after %d", phone, effectID, len(w.texts)))
	return w.expect
}

func (w *world) Sent(_ context.Context, ref, effectID string) error {
	w.noted = append(w.noted, fmt.Sprintf("sent %s %s", ref, effectID))
	return w.sent
}

func (w *world) publish(_ context.Context, recs ...schemas.Record) error {
	if w.down {
		return fault.Outage("kafka", nil)
	}
	for _, r := range recs {
		in, err := schemas.DecodeInput(r.Value)
		if err != nil {
			w.t.Fatal(err)
		}
		w.inputs = append(w.inputs, *in)
	}
	return nil
}

func (w *world) start(run string) *Step {
	worker := effect.Worker{Step: "notification", Publish: w.publish, Now: func() time.Time { return now.Time }}
	return New(run, w, w, worker, slog.New(slog.NewTextHandler(&w.logged, nil)))
}

func (w *world) results() []string {
	var list []string
	for _, in := range w.inputs {
		switch in.Kind {
		case schemas.InputEffectAttempt:
			list = append(list, "ask "+in.Attempt.Run)
		default:
			list = append(list, strings.TrimSpace(fmt.Sprintf("%s %s %s", in.Result.Status, in.Result.Code, in.Result.Ref)))
		}
	}
	return list
}

// record is a transition with one effect.
func record(t *testing.T, seq int64, kind schemas.EffectKind, run string) bus.Record {
	t.Helper()
	tr := schemas.Transition{
		Seq: seq, DossierID: dossier, ApplicationNo: no, Input: schemas.InputRef{ReceivedAt: now}, Dossier: schemas.Dossier{DossierID: dossier, Seq: seq},
		Effects: []schemas.Effect{{EffectID: effectID, Kind: kind, Notice: "N1", PermitNo: "NEW", Run: run}},
		Person:  &schemas.Person{FullName: "欧阳娜娜", CitizenID: "11010519491231002X", ContactPhone: schemas.Phone{Number: "13900000000"}},
	}
	rec, err := tr.Record()
	if err != nil {
		t.Fatal(err)
	}
	return bus.Record{Record: rec, Offset: seq}
}

func TestAsksBeforeItSends(t *testing.T) {
	w := &world{t: t}
	s := w.start("run-a")
	for range 2 {
		if err := s.Handle(context.Background(), record(t, 1, schemas.EffectNotify, "")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"ask run-a", "ask run-a"}, w.results()); diff != "" || len(w.texts) > 0 {
		t.Fatalf("%d sent (-want +got):\n%s", len(w.texts), diff)
	}
	if w.inputs[0].InputID != w.inputs[1].InputID {
		t.Error("a redelivery asks anew")
	}
	if err := s.Handle(context.Background(), record(t, 2, schemas.EffectTransmit, "run-a")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"done  gateway-7"}, w.results()[2:]); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	want := []string{"expect 13900000000 " + effectID + " after 0", "sent gateway-7 " + effectID}
	if diff := cmp.Diff(want, w.noted); diff != "" {
		t.Errorf("noted (-want +got):\n%s", diff)
	}
}

func TestGrantOfAnotherRun(t *testing.T) {
	w := &world{t: t}
	if err := w.start("run-b").Handle(context.Background(), record(t, 2, schemas.EffectTransmit, "run-a")); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"unknown run_gone"}, w.results()); diff != "" || len(w.texts) > 0 {
		t.Errorf("%d sent (-want +got):\n%s", len(w.texts), diff)
	}
}

func TestAnswersOfTheGateway(t *testing.T) {
	tests := []struct {
		name   string
		answer error
		class  fault.Class // of what Handle returns; Unmarked where it returns nil
		want   []string
	}{
		{"refused", fault.Reject("InvalidMobile", nil), fault.Unmarked, []string{"refused InvalidMobile"}},
		{"unknown", fault.Unknown("timeout", nil), fault.Unmarked, []string{"unknown timeout"}},
		{"no class may have sent", errOdd, fault.Unmarked, []string{"unknown sms_unclear"}},
		{"cancelled may have sent", context.Canceled, fault.Unmarked, []string{"unknown sms_unclear"}},
		{"surely not reached", fault.Outage("sms", nil), fault.Unavailable, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			w := &world{t: t, answers: []error{tt.answer}}
			s := w.start("run-a")
			rec := record(t, 2, schemas.EffectTransmit, "run-a")
			err := s.Handle(context.Background(), rec)
			if (err != nil) != (tt.want == nil) || err != nil && fault.ClassOf(err) != tt.class {
				t.Fatalf("handled with %v", err)
			}
			if diff := cmp.Diff(tt.want, w.results()); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
			// Delivered again: only a gateway that was surely not reached is called again.
			if err := s.Handle(context.Background(), rec); err != nil {
				t.Fatal(err)
			}
			calls := 1
			if tt.want == nil {
				calls = 2
			}
			if len(w.texts) != calls {
				t.Errorf("the gateway was called %d times, want %d", len(w.texts), calls)
			}
		})
	}
}

// The answer of the gateway, whatever it was, could not be brought back: the redelivery brings the same answer and sends nothing.
func TestAtMostOneSend(t *testing.T) {
	for name, answer := range map[string]error{"sent": nil, "unknown": fault.Unknown("timeout", nil), "unclear": errOdd, "refused": fault.Reject("x", nil)} {
		t.Run(name, func(t *testing.T) {
			w := &world{t: t, answers: []error{answer}, down: true}
			s := w.start("run-a")
			rec := record(t, 2, schemas.EffectTransmit, "run-a")
			for range 3 {
				if err := s.Handle(context.Background(), rec); fault.ClassOf(err) != fault.Unavailable {
					t.Fatalf("handled with %v though nothing was reported", err)
				}
			}
			w.down = false
			if err := s.Handle(context.Background(), rec); err != nil {
				t.Fatal(err)
			}
			if len(w.texts) != 1 || len(w.inputs) != 1 {
				t.Errorf("%d sent, %d reported", len(w.texts), len(w.inputs))
			}
		})
	}
}

// An officer has a refused notice sent again: another grant, another call.
func TestSentAgainByDecision(t *testing.T) {
	w := &world{t: t, answers: []error{fault.Reject("NoSignId", nil)}}
	s := w.start("run-a")
	for _, seq := range []int64{2, 9} {
		if err := s.Handle(context.Background(), record(t, seq, schemas.EffectTransmit, "run-a")); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"refused NoSignId", "done  gateway-7"}, w.results()); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

// A correlation that cannot be kept costs a receipt at most: the notice is owed within a minute and goes out once.
func TestCorrelationNeverDelaysANotice(t *testing.T) {
	w := &world{t: t, expect: errOdd, sent: errOdd}
	s := w.start("run-a")
	rec := record(t, 2, schemas.EffectTransmit, "run-a")
	if err := s.Handle(context.Background(), rec); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"done  gateway-7"}, w.results()); diff != "" || len(w.texts) != 1 {
		t.Errorf("%d sent, results (-want +got):\n%s", len(w.texts), diff)
	}
	if log := w.logged.String(); strings.Count(log, effectID) != 2 || strings.Contains(log, "139") || strings.Contains(log, "欧阳") {
		t.Errorf("log %q", log)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	s := (&world{t: t}).start("run-a")
	last := sending{effectID, int64(2*maxSent + 1)}
	for n := range last.seq + 1 {
		s.remember(sending{effectID, n}, outcome{})
	}
	if len(s.sent)+len(s.before) > 2*maxSent {
		t.Errorf("%d sends remembered", len(s.sent)+len(s.before))
	}
	for _, id := range []sending{last, {effectID, last.seq - maxSent}} {
		if _, ok := s.remembered(id); !ok {
			t.Errorf("forgot %v", id)
		}
	}
}

func TestParked(t *testing.T) {
	w := &world{t: t}
	s := w.start("run-a")
	for _, kind := range []schemas.EffectKind{schemas.EffectNotify, schemas.EffectTransmit, schemas.EffectIssue} {
		if err := s.Parked(context.Background(), record(t, 2, kind, "run-a"), "unmarked"); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]string{"refused parked_unmarked", "refused parked_unmarked"}, w.results()); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
}

func TestUndecodable(t *testing.T) {
	s := (&world{t: t}).start("run-a")
	for _, kind := range []schemas.EffectKind{schemas.EffectNotify, schemas.EffectTransmit} {
		rec := record(t, 2, kind, "run-a")
		rec.Value = []byte("?")
		if err := s.Handle(context.Background(), rec); fault.ClassOf(err) != fault.Permanent {
			t.Errorf("%s: handled with %v", kind, err)
		}
	}
}

// The very words that phones show.
func TestTexts(t *testing.T) {
	due := schemas.At(time.Date(2024, 10, 10, 0, 0, 0, 0, schemas.Shanghai)) // the first instant that is too late
	closing := schemas.At(time.Date(2024, 10, 9, 17, 0, 0, 0, schemas.Shanghai))
	var reasons []string
	for _, r := range casework.Reasons() {
		reasons = append(reasons, r.Code)
	}
	effects := []schemas.Effect{
		{Notice: "N1", PermitNo: "3304240012024000001"},
		{Notice: "N2", Reasons: []string{casework.ReasonLocalHukou}},
		{Notice: "N2", Reasons: reasons},
		{Notice: "N3", Items: []string{casework.ItemCondition}},
		{Notice: "N3", Items: []string{"material:labour_contract", "material:rented_home", "material:special_provision", "material:identity", casework.ItemAgent}},
		{Notice: "N4", DueAt: &due},
		{Notice: "N4", DueAt: &closing},
		{Notice: "N4", DueAt: &due, DueOpen: true},
		{Notice: "N6", PermitNo: "3304240012024000001", Reasons: []string{schemas.RevokedFraud}},
	}
	var got bytes.Buffer
	for _, e := range effects {
		for _, name := range []string{"张三", "𠮷田·买买提"} {
			e.EffectID = effectID
			o := schemas.Order{Effect: e, ApplicationNo: no, Person: schemas.Person{
				FullName: name, CitizenID: "11010519491231002X", CurrentAddress: "武原街道秘密路1号", ContactPhone: schemas.Phone{Number: "13900000000"}}}
			sms, err := Render(o)
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&got, "%s v%d %q\n%s\n\n", sms.Template, sms.Version, sms.Params, sms.Text)
			for _, secret := range []string{name, "11010519491231002X", "秘密路", "13900000000", "{", "}"} {
				if strings.Contains(sms.Text, secret) {
					t.Errorf("%s shows %q", e.Notice, secret)
				}
			}
			if sms.EffectID != effectID {
				t.Errorf("effect id %q", sms.EffectID)
			}
		}
	}
	const path = "testdata/texts.golden"
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
		t.Errorf("texts (-want +got):\n%s", diff)
	}
	if _, err := Render(schemas.Order{Effect: schemas.Effect{Notice: "N9"}}); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("an unknown notice: %v", err)
	}
}

// A value that looks like a placeholder is not filled in a second time.
func TestValuesAreNotTemplates(t *testing.T) {
	sms, err := Render(schemas.Order{ApplicationNo: "{reasons}", Effect: schemas.Effect{Notice: "N2", Reasons: []string{"{no}", "x"}}, Person: schemas.Person{FullName: "{no}"}})
	if err != nil {
		t.Fatal(err)
	}
	want := "{*，您的居住证互认申请（{reasons}）未予办理，理由：1.{no}；2.x。如不服，可依法申请行政复议或提起行政诉讼；可向海盐县流动人口管理服务中心咨询。"
	if diff := cmp.Diff(want, sms.Text); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
}
