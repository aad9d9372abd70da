package deadletter

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/fault"
	"permithub/schemas"
)

func TestRepairedAndReplayed(t *testing.T) {
	o, in := newOffice(t), submission(1)
	o.send(in, broken)
	l := o.only()
	if l.Code != "undecodable" || l.Key != in.DossierID || !l.Repairable() {
		t.Fatalf("letter %+v", l)
	}
	f, err := o.Foresee(t.Context(), l.ID)
	if err != nil || f.Verdict != Invalid || len(f.Faults) != 1 || f.Faults[0].Pointer != "/submission/current_division" {
		t.Fatalf("before the repair: %+v, %v", f, err)
	}
	if f, err = o.Replay(t.Context(), l.ID, "yw"); err != nil || f.Verdict != Invalid || o.approve() != 0 {
		t.Fatalf("what is invalid was replayed: %+v, %v", f, err)
	}

	// Whoever repairs sees placeholders, and leaves them.
	c, err := o.Content(t.Context(), &l)
	if err != nil {
		t.Fatal(err)
	}
	shown := Mask(l.Topic, c.Current()).Text
	for _, secret := range []string{in.Person.CitizenID, in.Person.FullName, "秘密", in.Person.ContactPhone.Number, "武原街道"} {
		if strings.Contains(shown, secret) {
			t.Errorf("%s is shown", secret)
		}
	}
	line := shown[strings.Index(shown, `"current_division": "`):]
	repaired := strings.Replace(shown, line[:strings.IndexByte(line, '\n')], `"current_division": "330424001",`, 1)
	if faults, err := o.Repair(t.Context(), l.ID, "yw", Edit{Value: []byte(repaired)}); err != nil || !faults.Empty() {
		t.Fatalf("repair: %+v, %v", faults.Faults(), err)
	}
	if l = o.only(); l.Repaired() == nil {
		t.Fatal("no repair lies ready")
	}
	if _, err := o.Repair(t.Context(), l.ID, "yw", Edit{Value: []byte(repaired)}); !errors.Is(err, ErrRepairedMeanwhile) {
		t.Errorf("a repair over a repair that was not seen: %v", err)
	}
	if f, err = o.Foresee(t.Context(), l.ID); err != nil || f.Verdict != WouldChange || f.InputID != in.InputID || f.Events[0] != schemas.EvSubmitted {
		t.Fatalf("after the repair: %+v, %v", f, err)
	}
	if f, err = o.Replay(t.Context(), l.ID, "yw"); err != nil || f.Verdict != WouldChange {
		t.Fatalf("replay: %+v, %v", f, err)
	}
	recs := o.topics[schemas.TopicCaseInput]
	put := recs[len(recs)-1]
	want, _ := in.Record()
	if put.Key != in.DossierID || put.Header("ce_id") != in.InputID || put.Header(schemas.HeaderReplayOf) != l.ID || !bytes.Equal(put.Value, want.Value) {
		t.Errorf("replayed %+v", put)
	}
	if o.approve() != 1 {
		t.Error("the replay changed nothing")
	}
	got, _ := o.Find(l.ID)
	if got.State != Replayed || len(got.Acts) != 2 || got.Acts[1].RepairID != got.Acts[0].ID || got.Acts[1].To != schemas.TopicCaseInput || got.Acts[1].Officer != "yw" {
		t.Errorf("the letter stands as %+v", got)
	}
	if again, err := o.Content(t.Context(), &got); err != nil || !bytes.Equal(again.Value, broken(want.Value)) {
		t.Errorf("the original is another: %v", err)
	}
}

// A process that dies between the replay and its disposition leaves the letter standing. Replaying it again changes nothing.
func TestReplayedTwiceHappensOnce(t *testing.T) {
	for _, decided := range []bool{true, false} {
		t.Run(fmt.Sprintf("decided meanwhile %v", decided), func(t *testing.T) {
			o, in := newOffice(t), submission(1)
			rec, _ := in.Record()
			if err := o.publish(t.Context(), rec); err != nil {
				t.Fatal(err)
			}
			id := o.park("approval", o.topics[schemas.TopicCaseInput][0], fault.Reject("transition_too_large", nil))
			o.done = 1
			if err := o.Read(t.Context()); err != nil {
				t.Fatal(err)
			}
			p, err := o.plan(t.Context(), id)
			if err != nil || p.Verdict != WouldChange {
				t.Fatalf("%+v, %v", p.Forecast, err)
			}
			if err := o.publish(t.Context(), p.record); err != nil { // and dies
				t.Fatal(err)
			}
			changed := 0
			if decided {
				changed = o.approve()
			}
			f, err := o.Replay(t.Context(), id, "yw")
			if want := map[bool]Verdict{true: NoChange, false: WouldChange}[decided]; err != nil || f.Verdict != want {
				t.Errorf("again: %+v, %v, want %s", f, err, want)
			}
			if changed += o.approve(); changed != 1 {
				t.Errorf("it happened %d times", changed)
			}
			if l, _ := o.Find(id); l.State != Replayed {
				t.Errorf("the letter is %s", l.State)
			}
		})
	}
}

func TestWhatARepairMayNotChange(t *testing.T) {
	other := submission(2)
	for name, tc := range map[string]struct {
		spoil, repair func([]byte) []byte
		want          string // pointer and code of the one fault
	}{
		"its id":          {broken, swap(submission(1).InputID, other.InputID), "/input_id identity_changed"},
		"its content":     {broken, swap(`"hukou_province":"41"`, `"hukou_province":"42"`), ""},
		"its body's hash": {broken, swap(submission(1).BodyHash, other.BodyHash), "/body_hash identity_changed"},
		"its source":      {broken, swap(`"source":"province","received_at"`, `"source":"window","received_at"`), "/source identity_changed"},
		"when it came":    {broken, swap("T10:00:00", "T09:00:00"), "/received_at identity_changed"},
		"a time that cannot be right": {func(v []byte) []byte { return swap("2026-03-02T10:00:00+08:00", "1970-01-01T08:00:00+08:00")(v) },
			func(v []byte) []byte { return v }, ""},
		"an id that was lost comes back from the envelope": {swap(submission(1).InputID, "?"), func(v []byte) []byte { return v }, ""},
		"an id that was lost is made up":                   {swap(submission(1).InputID, "?"), swap(submission(1).InputID, other.InputID), "/input_id identity_changed"},
		"a number whose check character was wrong":         {swap(submission(1).ApplicationNo, miscounted(submission(1).ApplicationNo)), func(v []byte) []byte { return v }, ""},
		"a number of somebody else":                        {swap(submission(1).ApplicationNo, miscounted(submission(1).ApplicationNo)), swap(submission(1).ApplicationNo, other.ApplicationNo), "/application_no identity_changed/application_no application_no"},
		"who it is about":                                  {broken, swap(submission(1).Person.CitizenID, other.Person.CitizenID), "/person/citizen_id identity_changed/person/citizen_id person_changed"},
		"a citizen id that was wrong":                      {swap(submission(1).Person.CitizenID, "330424"), func(v []byte) []byte { return v }, ""},
		"a citizen id that was wrong becomes another's": {swap(submission(1).Person.CitizenID, "330424"), swap(submission(1).Person.CitizenID, other.Person.CitizenID),
			"/person/citizen_id person_changed"},
		"what it is": {swap(`"kind":"submission"`, `"kind":"gift"`), swap(`"kind":"submission"`, `"kind":"officer_action"`),
			"/action required/kind identity_changed/action officers_act"},
		"half a record": {func(v []byte) []byte { return v[:len(v)/2] }, func(v []byte) []byte { return v }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			o, in := newOffice(t), submission(1)
			o.send(in, tc.spoil)
			whole, _ := in.Record()
			faults, err := o.Repair(t.Context(), o.only().ID, "yw", Edit{Value: tc.repair(whole.Value)})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range faults.Faults() {
				got += f.Pointer + " " + f.Code
			}
			if got != tc.want {
				t.Errorf("faults %q, want %q", got, tc.want)
			}
			after := o.only()
			if (after.Repaired() != nil) != (tc.want == "") {
				t.Error("a faulty repair was kept, or a good one was not")
			}
		})
	}
}

// Whoever looks after the machines decides nothing: an act is given again by its officer, and what a foreign system said stays.
func TestARepairDecidesNothing(t *testing.T) {
	no := submission(1).ApplicationNo
	for name, tc := range map[string]struct {
		in            schemas.Input
		spoil, repair func([]byte) []byte
		want          string
	}{
		"an officer's act": {schemas.Input{Kind: schemas.InputOfficerAction, Action: &schemas.OfficerAction{Kind: schemas.ActReview, Officer: "1001"}},
			swap(`"kind":"review"`, `"kind":"aprove"`), swap(`"kind":"review"`, `"kind":"approve"`), "/action officers_act"},
		"a refusal": {schemas.Input{Kind: schemas.InputEffectResult, Result: &schemas.EffectResult{EffectID: schemas.EffectID(no, schemas.EffectIssue, 1), Status: schemas.EffectRefused,
			At: schemas.At(noon)}}, swap(`"at":"2026-03-02T12:00:00+08:00"`, `"at":"noon"`), swap(`"status":"refused"`, `"status":"done"`), "/result/status identity_changed"},
		"a delivery": {schemas.Input{Kind: schemas.InputSMSReceipt, Receipt: &schemas.SMSReceipt{EffectID: schemas.EffectID(no, schemas.EffectNotify, 1), Code: "DELIVRD", At: schemas.At(noon)}},
			swap(`"at":"2026-03-02T12:00:00+08:00"`, `"at":"noon"`), swap(`"delivered":false`, `"delivered":true`), "/receipt/delivered identity_changed"},
	} {
		t.Run(name, func(t *testing.T) {
			o, whole := newOffice(t), submission(1)
			in := tc.in
			in.InputID, in.DossierID, in.ApplicationNo = schemas.InputID("x", "1", in.Kind), whole.DossierID, no
			in.Source, in.ReceivedAt, in.BodyHash = "desk", whole.ReceivedAt, whole.BodyHash
			o.send(&in, tc.spoil)
			rec, err := in.Record()
			if err != nil {
				t.Fatal(err)
			}
			faults, err := o.Repair(t.Context(), o.only().ID, "yw", Edit{Value: tc.repair(rec.Value)})
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			for _, f := range faults.Faults() {
				got += f.Pointer + " " + f.Code
			}
			if got != tc.want {
				t.Errorf("faults %q, want %q", got, tc.want)
			}
		})
	}
}

// miscounted is the number with another check character.
func miscounted(no string) string {
	last := "A"
	if strings.HasSuffix(no, last) {
		last = "B"
	}
	return no[:len(no)-1] + last
}

func swap(a, b string) func([]byte) []byte {
	return func(v []byte) []byte { return bytes.ReplaceAll(v, []byte(a), []byte(b)) }
}

func TestAStrayRecordWithoutAnIDCannotBeRepaired(t *testing.T) {
	o, in := newOffice(t), submission(1)
	if err := o.publish(t.Context(), schemas.Record{Topic: schemas.TopicCaseInput, Key: in.DossierID, Value: []byte("not an input")}); err != nil {
		t.Fatal(err)
	}
	o.approve()
	rec, _ := in.Record()
	faults, err := o.Repair(t.Context(), o.only().ID, "yw", Edit{Value: rec.Value})
	if err != nil || len(faults.Faults()) != 1 || faults.Faults()[0].Code != "identity_unknown" {
		t.Errorf("%+v, %v", faults.Faults(), err)
	}
}

func TestAnotherContentUnderItsIDIsNotReplayed(t *testing.T) {
	o, in := newOffice(t), submission(1)
	o.send(in, broken)
	id := o.only().ID
	resent := *in
	resent.BodyHash = submission(2).BodyHash // its source corrected it and sent it again
	o.send(&resent, nil)
	rec, _ := in.Record()
	if faults, err := o.Repair(t.Context(), id, "yw", Edit{Value: rec.Value}); err != nil || !faults.Empty() {
		t.Fatalf("%+v, %v", faults.Faults(), err)
	}
	f, err := o.Replay(t.Context(), id, "yw")
	if err != nil || f.Verdict != Conflict || o.approve() != 0 {
		t.Errorf("%+v, %v", f, err)
	}
	if l := o.only(); l.State != Standing {
		t.Errorf("the letter is %s", l.State)
	}
}

// What a step could not do goes back to that step alone; where it fails again, that is another letter.
func TestAStepsRecordGoesBackToItsStep(t *testing.T) {
	o := newOffice(t)
	rec := schemas.Record{Topic: schemas.TopicCaseLog, Key: "3ZCLYTDTCLFJ", Value: []byte(`{"seq":1}`), Headers: []schemas.Header{{Key: "ph-effects", Value: "issue"}}}
	if err := o.publish(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	first := o.park("issuance", o.topics[schemas.TopicCaseLog][0], errors.New("answer has no body"))
	if l := o.only(); l.Repairable() {
		t.Error("a record of the log can be repaired")
	}
	if _, err := o.Repair(t.Context(), first, "yw", Edit{Value: rec.Value}); !errors.Is(err, ErrNoRepair) {
		t.Errorf("repair: %v", err)
	}
	for _, want := range []string{first, first + "-r1", first + "-r2"} {
		l := o.only()
		if l.ID != want {
			t.Fatalf("letter %s stands, want %s", l.ID, want)
		}
		f, err := o.Replay(t.Context(), l.ID, "yw")
		if err != nil || f.Verdict != WouldRedo || f.To != schemas.TopicRetry30s {
			t.Fatalf("%+v, %v", f, err)
		}
		waiting := o.topics[schemas.TopicRetry30s]
		got := waiting[len(waiting)-1]
		if got.Header("ph-retry-step") != "issuance" || got.Header("ph-origin-topic") != schemas.TopicCaseLog || got.Header("ph-origin-offset") != "0" || got.Key != rec.Key {
			t.Fatalf("waits as %+v", got)
		}
		again := o.topics[schemas.TopicCaseLog][0] // the step gets it with the headers that it waited with, and fails
		again.Headers = got.Headers
		o.park("issuance", again, errors.New("answer has no body"))
	}
	if got := len(o.List(Filter{State: Replayed})); got != 3 {
		t.Errorf("%d letters were replayed, want 3", got)
	}
}

func TestGiveUp(t *testing.T) {
	o := newOffice(t)
	o.send(submission(1), broken)
	l := o.only()
	for _, tc := range []struct {
		officer, reason, ticket string
		want                    error
	}{{"yw", "bored", "", ErrReason}, {"yw", "sent_again", "张三", ErrTicket}, {"", "sent_again", "", ErrNoOfficer}, {"yw", "sent_again", "YW-7", nil}, {"yw", "sent_again", "", ErrDealtWith}} {
		if err := o.GiveUp(t.Context(), l.ID, tc.officer, tc.reason, tc.ticket); !errors.Is(err, tc.want) {
			t.Errorf("%+v: %v", tc, err)
		}
	}
	if err := o.GiveUp(t.Context(), "nothing", "yw", "sent_again", ""); !errors.Is(err, ErrUnknown) {
		t.Errorf("unknown: %v", err)
	}
	got, _ := o.Find(l.ID)
	want := []Act{{ID: l.ID + "-1", Letter: l.ID, Kind: schemas.DispositionGivenUp, Officer: "yw", Reason: "sent_again", Ticket: "YW-7", At: schemas.At(noon)}}
	if diff := cmp.Diff(want, got.Acts, cmp.AllowUnexported(Act{}, place{})); diff != "" || got.State != GivenUp {
		t.Errorf("%s, acts (-want +got):\n%s", got.State, diff)
	}
	if f, err := o.Replay(t.Context(), l.ID, "yw"); err != nil || f.Verdict != WasDealt {
		t.Errorf("replayed after all: %+v, %v", f, err)
	}
	if faults, err := o.Repair(t.Context(), l.ID, "yw", Edit{Value: []byte("{}")}); !errors.Is(err, ErrDealtWith) {
		t.Errorf("repaired after all: %+v, %v", faults, err)
	}
}

func TestContentThatIsKeptElsewhere(t *testing.T) {
	o, in := newOffice(t), submission(1)
	rec, _ := in.Record()
	if err := o.publish(t.Context(), rec); err != nil {
		t.Fatal(err)
	}
	large := o.topics[schemas.TopicCaseInput][0]
	large.Value = nil // the letter had no room for it
	id := o.park("approval", large, fault.Reject("transition_too_large", nil))
	if f, err := o.Foresee(t.Context(), id); err != nil || f.Verdict != WouldChange {
		t.Errorf("%+v, %v", f, err)
	}
	o.remove(schemas.TopicCaseInput, 1)
	if f, err := o.Foresee(t.Context(), id); err != nil || f.Verdict != Gone {
		t.Errorf("after its time: %+v, %v", f, err)
	}
}

func TestTheBook(t *testing.T) {
	o := newOffice(t)
	reg := prometheus.NewPedanticRegistry()
	b, err := NewBook(o, func() time.Time { return noon }, reg)
	if err != nil {
		t.Fatal(err)
	}
	gauges := func(count, age int, repaired, replayed, given int) {
		t.Helper()
		if err := b.Read(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprintf("# HELP permithub_dead_letter_age_seconds Age of the oldest dead letter that nobody has replayed or given up; 0 without one.\n"+
			"# TYPE permithub_dead_letter_age_seconds gauge\npermithub_dead_letter_age_seconds %d\n"+
			"# HELP permithub_dead_letter_dispositions What people did about dead letters, for ever: repaired, replayed, given_up. Every process tells the same: take the maximum.\n"+
			"# TYPE permithub_dead_letter_dispositions gauge\npermithub_dead_letter_dispositions{kind=\"given_up\"} %d\npermithub_dead_letter_dispositions{kind=\"repaired\"} %d\npermithub_dead_letter_dispositions{kind=\"replayed\"} %d\n"+
			"# HELP permithub_dead_letters_standing Dead letters that nobody has replayed or given up. Every process tells the same: take the maximum.\n"+
			"# TYPE permithub_dead_letters_standing gauge\npermithub_dead_letters_standing %d\n", age, given, repaired, replayed, count)
		if err := testutil.GatherAndCompare(reg, strings.NewReader(want)); err != nil {
			t.Error(err)
		}
	}
	gauges(0, 0, 0, 0, 0)
	o.send(submission(1), broken)
	o.send(submission(2), broken)
	o.park("approval", o.topics[schemas.TopicCaseInput][0], fault.Reject("undecodable", nil)) // written twice is one letter
	if err := o.publish(t.Context(), schemas.Record{Topic: schemas.TopicDeadLetter, Value: []byte("?")}, schemas.Record{Topic: schemas.TopicDisposition, Value: []byte("?")}); err != nil {
		t.Fatal(err)
	}
	gauges(3, 3600, 0, 0, 0)
	if diff := cmp.Diff([]Group{{Step: "approval", Code: "undecodable", Letters: 2, Oldest: noon.Add(-time.Hour), Newest: noon.Add(-time.Hour)},
		{Code: CodeUnreadable, Letters: 1, Oldest: noon, Newest: noon}}, b.Groups()); diff != "" {
		t.Errorf("groups (-want +got):\n%s", diff)
	}
	rec, _ := submission(1).Record()
	if faults, err := o.Repair(t.Context(), "approval-case-input.v1-0-0", "yw", Edit{Value: rec.Value}); err != nil || !faults.Empty() {
		t.Fatalf("%v, %v", faults, err)
	}
	if g := b.Groups(); g[0].Repaired != 0 {
		t.Error("the book knows what it has not read")
	}
	gauges(3, 3600, 1, 0, 0)
	if _, err := o.Replay(t.Context(), "approval-case-input.v1-0-0", "yw"); err != nil {
		t.Fatal(err)
	}
	unreadable := "dead-letter.v1-0-3"
	if f, err := o.Replay(t.Context(), unreadable, "yw"); err != nil || f.Verdict != NoWay {
		t.Errorf("an unreadable letter: %+v, %v", f, err)
	}
	if err := o.GiveUp(t.Context(), unreadable, "yw", "not_ours", ""); err != nil {
		t.Fatal(err)
	}
	gauges(1, 3600, 1, 1, 1)
	if acts := b.Acts(2); len(acts) != 2 {
		t.Errorf("%d acts", len(acts))
	}
	o.remove(schemas.TopicDeadLetter, 4) // somebody cleared the topic
	gauges(0, 0, 1, 1, 1)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}
