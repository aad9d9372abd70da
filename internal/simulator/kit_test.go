package simulator

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2024, 7, 5, 4, 0, 0, 0, time.UTC)

// counter is the smallest simulated system: POST /count?id=…&key=… counts.
type counter struct {
	*Kit
	executed atomic.Int64
	running  chan struct{} // told of every execution, where it is not nil
}

func (c *counter) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	id, key := r.URL.Query().Get("id"), r.URL.Query().Get("key")
	c.Serve("count", []string{id, key}, w, r, func() (int, any) {
		c.executed.Add(1)
		if c.running != nil {
			c.running <- struct{}{}
		}
		c.Record(Entry{Op: "count", RequestID: id, Keys: []string{key}, Outcome: Done})
		return http.StatusOK, map[string]string{"id": id}
	})
}

func newCounter(t *testing.T) (*counter, *httptest.Server) {
	t.Helper()
	c := &counter{Kit: New("counter", func() time.Time { return noon })}
	mux := http.NewServeMux()
	mux.Handle("POST /count", c)
	c.Mount(mux)
	srv := httptest.NewServer(mux)
	t.Cleanup(func() { c.Close(); srv.Close() })
	return c, srv
}

func count(ctx context.Context, t *testing.T, srv *httptest.Server, id, key string) (int, string, error) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, srv.URL+"/count?id="+id+"&key="+key, strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(b), err
}

func TestServe(t *testing.T) {
	for _, tc := range []struct {
		name     string
		fault    Fault
		status   int // 0 is no answer
		executed int64
		outcomes []string
	}{
		{"no fault", Fault{Mode: ModeRefuse, Op: "other"}, 200, 1, []string{Done}},
		{"other key", Fault{Mode: ModeRefuse, Match: "B"}, 200, 1, []string{Done}},
		{"refused by key", Fault{Mode: ModeRefuse, Match: "A", Code: "NO"}, 422, 0, []string{Refused}},
		{"refused by request id", Fault{Mode: ModeRefuse, Match: "r1", Code: "NO"}, 422, 0, []string{Refused}},
		{"error", Fault{Mode: ModeError, Code: "503"}, 503, 0, []string{Failed}},
		{"error without a status", Fault{Mode: ModeError}, 500, 0, []string{Failed}},
		{"outage", Fault{Mode: ModeOutage}, 0, 0, []string{CutOff}},
		{"delay", Fault{Mode: ModeDelay, DelayMS: 1}, 200, 1, []string{Done}},
		{"timeout cut off", Fault{Mode: ModeTimeout, DelayMS: 1}, 0, 1, []string{Done, TimedOut}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c, srv := newCounter(t)
			c.SetFault(tc.fault)
			status, _, err := count(t.Context(), t, srv, "r1", "A")
			if status != tc.status || (err == nil) != (tc.status != 0) {
				t.Errorf("status %d, error %v, want status %d", status, err, tc.status)
			}
			if got := c.executed.Load(); got != tc.executed {
				t.Errorf("executed %d times, want %d", got, tc.executed)
			}
			var outcomes []string
			for _, e := range c.Find(Query{Key: "r1"}) {
				outcomes = append(outcomes, e.Outcome)
			}
			if d := cmp.Diff(tc.outcomes, outcomes); d != "" {
				t.Errorf("ledger (-want +got):\n%s", d)
			}
		})
	}
}

func TestTimeoutHoldsUntilTheCallerGoes(t *testing.T) {
	c, srv := newCounter(t)
	c.running = make(chan struct{})
	c.SetFault(Fault{Mode: ModeTimeout})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() { <-c.running; cancel() }()
	if _, _, err := count(ctx, t, srv, "r1", "A"); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want no answer until the caller goes", err)
	}
	srv.Close() // waits for the call
	if got := len(c.Find(Query{Outcome: Done})); got != 1 {
		t.Errorf("%d effects, want 1", got)
	}
}

func TestCloseLetsGoOfHeldCalls(t *testing.T) {
	c, srv := newCounter(t)
	c.SetFault(Fault{Mode: ModeTimeout})
	c.Close()
	if _, _, err := count(t.Context(), t, srv, "r1", "A"); err == nil {
		t.Error("answered, want a closed connection")
	}
}

func TestShareIsTheSameInEveryRun(t *testing.T) {
	run := func() (hits []int) {
		a := &armed{Fault: Fault{ID: "f1", Mode: ModeError, Share: 0.3}}
		for i := range 1000 {
			if a.hit("op", nil) {
				hits = append(hits, i)
			}
		}
		return hits
	}
	first := run()
	if d := cmp.Diff(first, run()); d != "" {
		t.Errorf("second run differs:\n%s", d)
	}
	if n := len(first); n < 250 || n > 350 {
		t.Errorf("%d of 1000 hit, want about 300", n)
	}
}

func TestTimes(t *testing.T) {
	c, srv := newCounter(t)
	c.SetFault(Fault{Mode: ModeError, Times: 2})
	var got []int
	for range 3 {
		status, _, _ := count(t.Context(), t, srv, "r1", "A")
		got = append(got, status)
	}
	if d := cmp.Diff([]int{500, 500, 200}, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestRefusalInTheSystemsOwnWords(t *testing.T) {
	c, srv := newCounter(t)
	c.Refusal = func(_, code string) (int, any) { return http.StatusOK, map[string]string{"rspcod": code} }
	c.SetFault(Fault{Mode: ModeRefuse, Code: "IllegalMac"})
	if _, body, _ := count(t.Context(), t, srv, "r1", "A"); body != `{"rspcod":"IllegalMac"}` {
		t.Errorf("got %s", body)
	}
}

func TestControl(t *testing.T) {
	c, srv := newCounter(t)
	do := func(method, path, body string) (int, string) {
		t.Helper()
		req, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if status, body := do("POST", "/_sim/faults", `{"mode":"error","code":"502","times":1}`); status != 201 || body != `{"id":"f1"}` {
		t.Fatalf("set: %d %s", status, body)
	}
	if status, _, _ := count(t.Context(), t, srv, "r1", "A"); status != 502 {
		t.Errorf("status %d, want 502", status)
	}
	if status, _, _ := count(t.Context(), t, srv, "r2", "B"); status != 200 {
		t.Errorf("status %d, want 200", status)
	}
	if _, body := do("GET", "/_sim/faults", ""); !strings.Contains(body, `"hits":1`) {
		t.Errorf("faults: %s", body)
	}
	_, body := do("GET", "/_sim/ledger?op=count&key=B", "")
	var got []Entry
	for s := bufio.NewScanner(strings.NewReader(body)); s.Scan(); {
		var e Entry
		if err := json.Unmarshal(s.Bytes(), &e); err != nil {
			t.Fatal(err)
		}
		got = append(got, e)
	}
	want := []Entry{{Seq: 2, At: noon, System: "counter", Op: "count", RequestID: "r2", Keys: []string{"B"}, Outcome: Done}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("ledger (-want +got):\n%s", d)
	}
	for _, bad := range []string{`{"mode":"sulk"}`, `{"mode":"delay"}`, `{"mode":"error","share":2}`, `{"mode":"error","x":1}`, `{`} {
		if status, _ := do("POST", "/_sim/faults", bad); status != 400 {
			t.Errorf("%s: %d, want 400", bad, status)
		}
	}
	if status, _ := do("DELETE", "/_sim/faults?id=f9", ""); status != 404 {
		t.Errorf("delete of an unknown fault: %d, want 404", status)
	}
	if status, _ := do("DELETE", "/_sim/faults?id=f1", ""); status != 204 {
		t.Errorf("delete: %d, want 204", status)
	}
	if status, _ := do("DELETE", "/_sim/faults", ""); status != 204 || len(c.armedFaults()) != 0 {
		t.Errorf("clear: %d, %d faults left", status, len(c.armedFaults()))
	}
	if status, body := do("GET", "/_sim/healthz", ""); status != 200 || !strings.Contains(body, `"counter"`) {
		t.Errorf("health: %d %s", status, body)
	}
}
