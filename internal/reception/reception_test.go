package reception

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// desk is a reception with what it stands on.
type desk struct {
	*Reception
	reg     *prometheus.Registry
	logs    *bytes.Buffer
	now     time.Time
	counted []string
	publish func(ctx context.Context, records ...schemas.Record) error
}

var away = problem.New(http.StatusServiceUnavailable, "unavailable", "暂时无法受理", "Not available").RetryIn(RetryAfter)

func open(t *testing.T, l Limits) *desk {
	t.Helper()
	d := &desk{reg: prometheus.NewPedanticRegistry(), logs: new(bytes.Buffer), now: time.Date(2026, 3, 2, 9, 0, 0, 0, schemas.Shanghai)}
	d.publish = func(context.Context, ...schemas.Record) error { return nil }
	d.Reception = New(Config{
		Step: "test", Limits: l.Or(16, 1), Operations: []string{"tell"}, Codes: []problem.Code{problem.Required}, Unavailable: away,
		Publish: func(ctx context.Context, r ...schemas.Record) error { return d.publish(ctx, r...) },
		Count:   func(op, caller, result string) { d.counted = append(d.counted, op+" "+caller+" "+result) },
		Now:     func() time.Time { return d.now },
	}, slog.New(slog.NewTextHandler(d.logs, nil)), d.reg)
	return d
}

func (d *desk) tell(receive func(http.ResponseWriter, *http.Request) (string, Answer), body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	d.Serve("tell", "nobody", receive).ServeHTTP(w, r)
	return w
}

func TestAnswersAreWrittenAndCounted(t *testing.T) {
	d := open(t, Limits{})
	by := func(a Answer) func(http.ResponseWriter, *http.Request) (string, Answer) {
		return func(w http.ResponseWriter, _ *http.Request) (string, Answer) {
			if a.Problem == nil && a.Body == nil {
				w.WriteHeader(http.StatusTeapot)
			}
			return "somebody", a
		}
	}
	for _, row := range []struct {
		a      Answer
		status int
		body   string
	}{
		{Answer{Result: "taken", Status: http.StatusAccepted, Body: map[string]int{"n": 1}, Taken: true}, http.StatusAccepted, `{"n":1}`},
		{Refuse(NotFound, problem.New(http.StatusNotFound, "not-found", "没有", "None")), http.StatusNotFound, "urn:permithub:problem:not-found"},
		{Answer{Result: Unauthorised}, http.StatusTeapot, ""}, // the step has answered itself
	} {
		if w := d.tell(by(row.a), ""); w.Code != row.status || !strings.Contains(w.Body.String(), row.body) {
			t.Errorf("%s: got %d %s", row.a.Result, w.Code, w.Body)
		}
	}
	if diff := cmp.Diff([]string{"tell somebody taken", "tell somebody not_found", "tell somebody unauthorised"}, d.counted); diff != "" {
		t.Errorf("counted (-want +got)\n%s", diff)
	}
}

func TestOneMoreThanAreAtWork(t *testing.T) {
	d := open(t, Limits{})
	var inner *httptest.ResponseRecorder
	d.tell(func(http.ResponseWriter, *http.Request) (string, Answer) {
		inner = d.tell(func(http.ResponseWriter, *http.Request) (string, Answer) {
			t.Error("asked beyond the limit")
			return "", Answer{}
		}, "")
		return "first", Answer{Result: "taken"}
	}, "")
	if inner.Code != http.StatusServiceUnavailable || inner.Header().Get("Retry-After") == "" {
		t.Errorf("got %d", inner.Code)
	}
	func() { // a panic gives its place back
		defer func() { _ = recover() }()
		d.tell(func(http.ResponseWriter, *http.Request) (string, Answer) { panic("a defect") }, "")
	}()
	d.tell(func(http.ResponseWriter, *http.Request) (string, Answer) { return "last", Answer{Result: "taken"} }, "")
	if diff := cmp.Diff([]string{"tell nobody busy", "tell first taken", "tell last taken"}, d.counted); diff != "" {
		t.Errorf("counted (-want +got)\n%s", diff)
	}
}

func TestFaultsAreAnsweredAndCounted(t *testing.T) {
	d := open(t, Limits{MaxBytes: 8})
	w := d.tell(func(w http.ResponseWriter, r *http.Request) (string, Answer) {
		if _, list := d.Body(w, r); !list.Empty() {
			return "somebody", d.Faulty(list)
		}
		return "somebody", Answer{Result: "taken"}
	}, `{"much":"too much"}`)
	if w.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("a long body: got %d", w.Code)
	}
	list := new(problem.List)
	list.Add("/a", problem.Required)
	list.Add("/b", problem.Required)
	if a := d.Faulty(list); a.Result != Faulty || len(a.Problem.Faults) != 2 {
		t.Errorf("got %+v", a)
	}
	if got := testutil.ToFloat64(d.faults.WithLabelValues(problem.Required.Name)); got != 2 {
		t.Errorf("%v counted, want 2", got)
	}
}

func TestWhatKafkaDoesNotAcknowledge(t *testing.T) {
	d := open(t, Limits{PublishTimeout: time.Millisecond})
	in := &schemas.Input{InputID: "i", Kind: schemas.InputWithdrawal, DossierID: "K3JQ7ZJ2M4XW", ApplicationNo: "K3JQ7ZJ2M4XWA2B7Q", Source: "window", ReceivedAt: schemas.At(d.now), Withdrawal: &schemas.Withdrawal{}}
	var key string
	d.publish = func(_ context.Context, r ...schemas.Record) error { key = r[0].Key; return nil }
	if err := d.Publish(t.Context(), in); err != nil || key != in.DossierID {
		t.Fatalf("published under %q: %v", key, err)
	}
	d.publish = func(ctx context.Context, _ ...schemas.Record) error { <-ctx.Done(); return ctx.Err() }
	err := d.Publish(t.Context(), in)
	if fault.ClassOf(err) != fault.Unavailable || !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v", err)
	}
	a := d.Unavailable(t.Context(), err, slog.String("application_no", in.ApplicationNo))
	if a.Result != Unavailable || a.Problem.Status != http.StatusServiceUnavailable {
		t.Errorf("got %+v", a)
	}
	for _, part := range []string{"input not acknowledged", "step=test", in.ApplicationNo, "code=case_input"} {
		if !strings.Contains(d.logs.String(), part) {
			t.Errorf("the log says nothing of %s: %s", part, d.logs)
		}
	}
	d.logs.Reset()
	if d.Unavailable(t.Context(), fmt.Errorf("publish: %w", context.Canceled), slog.String("source", "window")); d.logs.Len() > 0 {
		t.Errorf("who went away is no outage: %s", d.logs)
	}
}

func TestLimits(t *testing.T) {
	want := Limits{MaxBytes: 5, BodyTimeout: 10 * time.Second, PublishTimeout: 5 * time.Second, CardTimeout: 2 * time.Second, MaxConcurrent: 7}
	l := Limits{MaxBytes: 5, CardTimeout: 2 * time.Second}
	if got := l.Or(1, 7); got != want {
		t.Errorf("got %+v", got)
	}
	for _, bad := range []Limits{{MaxBytes: -1}, {BodyTimeout: -1}, {PublishTimeout: -1}, {CardTimeout: -1}, {MaxConcurrent: -1}} {
		if bad.Validate() == nil {
			t.Errorf("%+v passed", bad)
		}
	}
}

func TestMetricsAreWellNamed(t *testing.T) {
	d := open(t, Limits{})
	problems, err := testutil.GatherAndLint(d.reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("%v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(d.reg); err != nil || n != 2 {
		t.Errorf("%d metrics are visible at zero, %v", n, err)
	}
}
