package intake

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/reception"
	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got)\n%s", path, diff)
	}
}

func pretty(t *testing.T, v any) []byte {
	t.Helper()
	b, err := json.MarshalIndent(v, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return append(b, '\n')
}

const submitPath = "/v1/applications"

// The golden holds the canonical input with its content hash: a change of either turns every repeat of an open case into a conflict.
func TestSubmit(t *testing.T) {
	b := newBench(t, nil)
	r := b.request(t, province, http.MethodPost, submitPath, sample(t))
	const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	r.Header.Set("traceparent", parent)
	body := want(t, b.do(r), http.StatusAccepted)
	inputs := b.topic.inputs(t)
	if len(inputs) != 1 {
		t.Fatalf("published %d inputs, want 1", len(inputs))
	}
	golden(t, "testdata/input.json", pretty(t, inputs[0]))
	if got := b.topic.records[0].Header("traceparent"); got != parent {
		t.Errorf("traceparent: got %q", got)
	}
	receipt, err := VerifyReceipt(body["receipt"].(string), b.cfg.ReceiptKey)
	if err != nil {
		t.Fatal(err)
	}
	wantReceipt := Receipt{ApplicationNo: body["application_no"].(string), Source: "province", SourceApplicationNo: "ZLB-20240704-000001",
		BodySHA256: inputs[0].BodyHash, ReceivedAt: schemas.At(noon)}
	if diff := cmp.Diff(wantReceipt, receipt); diff != "" {
		t.Errorf("receipt (-want +got)\n%s", diff)
	}
	if body["received_at"] != "2024-07-04T12:00:00+08:00" {
		t.Errorf("received_at: got %v", body["received_at"])
	}
	b.counted(t, "province", resultAccepted, 1)
}

func TestRepeatGetsTheFirstAnswer(t *testing.T) {
	b := newBench(t, nil)
	first := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	b.now = b.now.Add(26 * time.Hour)
	// Other order of keys and of ticked conditions, other white space: the same content.
	again := edited(t, put([]any{"labour_contract", "social_insurance"}, "employment"))
	second := want(t, b.post(t, province, submitPath, again), http.StatusAccepted)
	if diff := cmp.Diff(first, second); diff != "" {
		t.Errorf("answers (-first +second)\n%s", diff)
	}
	if n := len(b.topic.inputs(t)); n != 1 {
		t.Errorf("published %d inputs, want 1", n)
	}
	b.counted(t, "province", resultRepeated, 1)
}

func TestOtherContentUnderTheSameNumberIsRecorded(t *testing.T) {
	b := newBench(t, nil)
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	changed := edited(t, put("海盐县武原街道样例路9号", "current_address"))
	for range 2 {
		body := want(t, b.post(t, province, submitPath, changed), http.StatusConflict)
		if body["type"] != "urn:permithub:problem:conflict" {
			t.Errorf("type: got %v", body["type"])
		}
	}
	in := b.topic.inputs(t)
	if len(in) != 3 || in[1].InputID != in[0].InputID || in[1].BodyHash == in[0].BodyHash || in[1].ApplicationNo != in[0].ApplicationNo {
		t.Errorf("the conflict was not put on case-input under the same id: %d inputs", len(in))
	}
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	b.counted(t, "province", resultConflict, 2)
}

// otherCitizen has the sample's birth date and sex.
const otherCitizen = "340102199003071240"

// The number of an application holds the person: another citizen id under the same source number is another number, and a conflict all the same.
func TestAnotherPersonUnderTheSameNumberIsRecorded(t *testing.T) {
	b := newBench(t, nil)
	first := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)["application_no"]
	other := edited(t, put(otherCitizen, "citizen_id"))
	for range 2 {
		body := want(t, b.post(t, province, submitPath, other), http.StatusConflict)
		if body["type"] != "urn:permithub:problem:conflict" {
			t.Errorf("type: got %v", body["type"])
		}
	}
	in := b.topic.inputs(t)
	if len(in) != 3 {
		t.Fatalf("published %d inputs, want the application and two conflicts", len(in))
	}
	got, again := in[1], in[2]
	if got.Kind != schemas.InputContradiction || got.ApplicationNo != first || got.DossierID != in[0].DossierID || got.Person != nil || again.InputID != got.InputID {
		t.Errorf("the file of %s is not told: %+v", first, got)
	}
	if c := got.Contradiction; c == nil || c.OtherApplicationNo == first || c.SourceApplicationNo != in[0].Submission.SourceApplicationNo {
		t.Errorf("contradiction %+v", c)
	}
	want(t, b.post(t, window, submitPath, edited(t, func(o object) { delete(o, "channel"); o["citizen_id"] = otherCitizen })), http.StatusAccepted) // each source counts for itself
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	b.counted(t, "province", resultConflict, 2)
}

// While the first one has no card it may still be on its way to Kafka, or have failed there: neither answer is safe.
func TestAnotherPersonUnderANumberBeingTaken(t *testing.T) {
	b := newBench(t, nil)
	b.topic.err = errors.New("no leader")
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusServiceUnavailable)
	b.topic.err = nil
	other := edited(t, put(otherCitizen, "citizen_id"))
	w := b.post(t, province, submitPath, other)
	want(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	b.cards.held = nil // a minute later
	want(t, b.post(t, province, submitPath, other), http.StatusAccepted)
	if n := len(b.topic.inputs(t)); n != 1 {
		t.Errorf("published %d inputs, want 1", n)
	}
}

func TestNumberOfAnotherSubmissionIsNoRepeat(t *testing.T) {
	b := newBench(t, nil)
	no := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)["application_no"].(string)
	card := b.cards.cards[no]
	card.SourceApplicationNo = "one with the same 20 bits"
	b.cards.cards[no] = card
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	if n := len(b.topic.inputs(t)); n != 2 {
		t.Errorf("published %d inputs, want 2: the dossier decides", n)
	}
}

func TestKafkaDoesNotAcknowledge(t *testing.T) {
	b := newBench(t, nil)
	b.topic.err = errors.New("no leader")
	w := b.post(t, province, submitPath, sample(t))
	want(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") != "5" {
		t.Errorf("Retry-After: got %q", w.Header().Get("Retry-After"))
	}
	if len(b.cards.cards) != 0 {
		t.Error("a card was written for an application that Kafka does not have")
	}
	b.topic.err = nil
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	b.counted(t, "province", reception.Unavailable, 1)
}

func TestKafkaIsSilent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.topic.hold = func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }
		start := time.Now()
		want(t, b.post(t, province, submitPath, sample(t)), http.StatusServiceUnavailable)
		if took := time.Since(start); took != 5*time.Second {
			t.Errorf("answered after %s, want the publish timeout", took)
		}
	})
}

func TestCardStoreIsAway(t *testing.T) {
	b := newBench(t, nil)
	b.cards.err = errors.New("connection refused")
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	in := b.topic.inputs(t)
	if len(in) != 2 || in[0].InputID != in[1].InputID || in[0].BodyHash != in[1].BodyHash {
		t.Errorf("want the same input twice for the dossier to see, got %d", len(in))
	}
	for op, want := range map[string]float64{"find": 2, "reserve": 0, "put": 0} { // not asked again
		if got := testutil.ToFloat64(b.metrics.cardErrors.WithLabelValues(op)); got != want {
			t.Errorf("card errors{%s}: got %v, want %v", op, got, want)
		}
	}
	want(t, b.do(b.request(t, province, http.MethodGet, submitPath+"/"+in[0].ApplicationNo, nil)), http.StatusServiceUnavailable)
}

// Identical submissions at the same moment are one input even while the card store is away; another content among them is a conflict.
func TestSameMoment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.cards.err = errors.New("connection refused")
		release := make(chan struct{})
		b.topic.hold = func(context.Context) error { <-release; return nil }
		first, changed := sample(t), edited(t, put("海盐县武原街道样例路9号", "current_address"))
		answers := make(chan *httptest.ResponseRecorder, 8)
		var wg sync.WaitGroup
		send := func(body []byte) {
			wg.Go(func() { answers <- b.post(t, province, submitPath, body) })
			synctest.Wait()
		}
		for range 6 {
			send(first)
		}
		send(changed)
		close(release)
		wg.Wait()
		close(answers)
		byStatus, bodies := map[int]int{}, map[string]int{}
		for w := range answers {
			byStatus[w.Code]++
			if w.Code == http.StatusAccepted {
				bodies[w.Body.String()]++
			}
		}
		if diff := cmp.Diff(map[int]int{202: 6, 409: 1}, byStatus); diff != "" || len(bodies) != 1 {
			t.Errorf("%d different 202 answers; statuses (-want +got)\n%s", len(bodies), diff)
		}
		if n := len(b.topic.inputs(t)); n != 2 {
			t.Errorf("published %d inputs, want the first and the conflict", n)
		}
	})
}

// A leader whose caller goes away takes nobody down; a leader that Kafka refuses speaks for all that wait.
func TestSameMomentWithoutLuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		calls := 0
		release := make(chan struct{})
		b.topic.hold = func(ctx context.Context) error {
			if calls++; calls > 1 {
				<-release
				return errors.New("no leader")
			}
			<-ctx.Done()
			return ctx.Err()
		}
		ctx, cancel := context.WithCancel(context.Background())
		var wg sync.WaitGroup
		lead := b.request(t, province, http.MethodPost, submitPath, sample(t)).WithContext(ctx)
		wg.Go(func() { b.do(lead) })
		synctest.Wait()
		var mu sync.Mutex
		statuses := map[int]int{}
		for range 5 {
			wg.Go(func() {
				w := b.post(t, province, submitPath, sample(t))
				mu.Lock()
				defer mu.Unlock()
				statuses[w.Code]++
			})
		}
		synctest.Wait()
		cancel()
		synctest.Wait()
		close(release)
		wg.Wait()
		if diff := cmp.Diff(map[int]int{503: 5}, statuses); diff != "" {
			t.Errorf("statuses (-want +got)\n%s", diff)
		}
		if calls != 2 {
			t.Errorf("asked Kafka %d times, want once for the one who left and once for all others", calls)
		}
	})
}

// One application through two sources is the same input, except for the source, its channel and stages, and the ids derived from it.
func TestParity(t *testing.T) {
	b := newBench(t, nil)
	want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)
	want(t, b.post(t, window, submitPath, forWindow(t)), http.StatusAccepted)
	in := b.topic.inputs(t)
	if in[0].Submission.Channel != schemas.Online || in[1].Submission.Channel != schemas.Window {
		t.Errorf("channels: got %s and %s", in[0].Submission.Channel, in[1].Submission.Channel)
	}
	provenance := cmp.Options{
		cmpopts.IgnoreFields(schemas.Input{}, "InputID", "ApplicationNo", "Source"),
		cmpopts.IgnoreFields(schemas.Submission{}, "Source", "Channel", "Stages"),
	}
	if diff := cmp.Diff(in[0], in[1], provenance); diff != "" {
		t.Errorf("inputs (-province +window)\n%s", diff)
	}
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Config) { c.MaxConcurrent = 1 })
		release := make(chan struct{})
		b.topic.hold = func(context.Context) error { <-release; return nil }
		var wg sync.WaitGroup
		wg.Go(func() { b.post(t, province, submitPath, sample(t)) })
		synctest.Wait()
		w := b.post(t, window, submitPath, forWindow(t))
		if w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "busy") || w.Header().Get("Retry-After") != "1" {
			t.Errorf("got %d %s", w.Code, w.Body)
		}
		close(release)
		wg.Wait()
		b.topic.hold = nil
		want(t, b.post(t, window, submitPath, forWindow(t)), http.StatusAccepted)
		b.counted(t, unknownSource, reception.Busy, 1)
	})
}

func TestSubmitOfAFetchedApplication(t *testing.T) {
	b := newBench(t, nil)
	checks, err := b.Checks("window")
	if err != nil {
		t.Fatal(err)
	}
	a, _ := DecodeApplication(forWindow(t), testChecks)
	if list := checks.Application(a); !list.Empty() {
		t.Fatal(found(list))
	}
	first, err := b.Submit(t.Context(), "window", a, "not a traceparent")
	if err != nil || first.Repeated {
		t.Fatal(first, err)
	}
	second, err := b.Submit(t.Context(), "window", a, "")
	if err != nil || !second.Repeated || second.Receipt != first.Receipt {
		t.Errorf("repeat: got %+v, %v", second, err)
	}
	a.HukouAddress = "他处"
	if _, err := b.Submit(t.Context(), "window", a, ""); !errors.Is(err, ErrConflict) {
		t.Errorf("other content: got %v", err)
	}
	if _, err := b.Submit(t.Context(), "nobody", a, ""); err == nil {
		t.Error("an unknown source was let in")
	}
	if in := b.topic.inputs(t); in[0].Traceparent != "" {
		t.Errorf("traceparent: got %q", in[0].Traceparent)
	}
}
