package intake

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"permithub/internal/gateway"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// store is the card store as the intake sees it.
type store struct {
	mu    sync.Mutex
	cards map[string]schemas.Card
	held  map[string]string // by source and number: the application that has it
	err   error
}

func (s *store) Find(_ context.Context, no string) (schemas.Card, bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	card, ok := s.cards[no]
	return card, ok && s.err == nil, s.err
}

func (s *store) Reserve(_ context.Context, source, number, no string) (holder string, settled bool, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return "", false, s.err
	}
	key := source + "/" + number
	if s.held[key] == "" {
		if s.held == nil {
			s.held = map[string]string{}
		}
		s.held[key] = no
	}
	_, settled = s.cards[s.held[key]]
	return s.held[key], settled, nil
}

func (s *store) Put(_ context.Context, card schemas.Card) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.cards[card.ApplicationNo]; !ok && s.err == nil {
		s.cards[card.ApplicationNo] = card
	}
	return s.err
}

// topic is case-input as the intake sees it.
type topic struct {
	mu      sync.Mutex
	records []schemas.Record
	err     error
	// hold, where set, is asked before the acknowledgement.
	hold func(ctx context.Context) error
}

func (k *topic) publish(ctx context.Context, records ...schemas.Record) error {
	if k.hold != nil {
		if err := k.hold(ctx); err != nil {
			return err
		}
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.err == nil {
		k.records = append(k.records, records...)
	}
	return k.err
}

func (k *topic) inputs(t testing.TB) []*schemas.Input {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	var all []*schemas.Input
	for _, r := range k.records {
		in, err := schemas.DecodeInput(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		if r.Topic != schemas.TopicCaseInput || r.Key != in.DossierID {
			t.Errorf("record: topic %s, key %s", r.Topic, r.Key)
		}
		all = append(all, in)
	}
	return all
}

// bench is an intake with everything around it.
type bench struct {
	*Service
	handler http.Handler
	cards   *store
	topic   *topic
	reg     *prometheus.Registry
	logs    *bytes.Buffer
	now     time.Time
}

var auto = schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}

var manual = schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}

func testConfig() Config {
	return Config{
		RouteKey:   []byte("a route key for tests only"),
		ReceiptKey: ReceiptKey{ID: "2024-07", Secret: []byte("a receipt key for tests, 32 bytes")},
		Sources: []Source{
			{Name: "province", AccessKey: "ak-province", Secrets: []string{"province-new-secret", "province-old-secret"}, Channel: schemas.Online, Stages: auto},
			{Name: "window", AccessKey: "ak-window", Secrets: []string{"window-secret"}, Channel: schemas.Window, Stages: manual},
		},
	}
}

func newBench(t testing.TB, change func(*Config)) *bench {
	t.Helper()
	cfg := testConfig()
	if change != nil {
		change(&cfg)
	}
	b := &bench{cards: &store{cards: map[string]schemas.Card{}}, topic: &topic{}, reg: prometheus.NewPedanticRegistry(), logs: new(bytes.Buffer), now: noon}
	ports := Ports{Publish: b.topic.publish, Cards: b.cards, ReasonText: func(code string) string { return "理由 " + code }, Now: func() time.Time { return b.now }}
	var err error
	b.Service, err = New(cfg, ports, slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), b.reg)
	if err != nil {
		t.Fatal(err)
	}
	b.handler = b.Handler()
	return b
}

// credentials of one key.
type credentials struct{ accessKey, secret string }

var (
	province = credentials{"ak-province", "province-new-secret"}
	window   = credentials{"ak-window", "window-secret"}
)

func (b *bench) request(t testing.TB, who credentials, method, path string, body []byte) *http.Request {
	t.Helper()
	r := httptest.NewRequest(method, path, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	if err := gateway.Sign(r, who.accessKey, who.secret, b.now); err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *bench) do(r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func (b *bench) post(t testing.TB, who credentials, path string, body []byte) *httptest.ResponseRecorder {
	t.Helper()
	return b.do(b.request(t, who, http.MethodPost, path, body))
}

// want fails unless the answer has the status, and returns its body.
func want(t testing.TB, w *httptest.ResponseRecorder, status int) object {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status: got %d %s, want %d", w.Code, w.Body, status)
	}
	var m object
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil {
		t.Fatalf("body: %v", err)
	}
	return m
}

func (b *bench) counted(t testing.TB, source, result string, n float64) {
	t.Helper()
	if got := testutil.ToFloat64(b.metrics.requests.WithLabelValues(source, result)); got != n {
		t.Errorf("requests{%s,%s}: got %v, want %v", source, result, got, n)
	}
}

// forWindow is the sample as the window sends it.
func forWindow(t testing.TB) []byte { return edited(t, put(nil, "channel")) }

// cut is a body whose connection breaks.
func cut() io.Reader {
	return io.MultiReader(strings.NewReader(`{"sex":`), iotest.ErrReader(io.ErrUnexpectedEOF))
}

// faults reads how often a code was found.
func (b *bench) faults(t *testing.T, code string) float64 {
	t.Helper()
	families, err := b.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "permithub_intake_faults_total" && m.GetLabel()[0].GetValue() == code {
				return m.GetCounter().GetValue()
			}
		}
	}
	t.Errorf("%s is not counted", code)
	return 0
}
