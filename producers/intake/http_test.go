package intake

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/gateway"
	"permithub/internal/problem"
	"permithub/internal/reception"
	"permithub/schemas"
)

func TestEnvelope(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*http.Request)
		body   []byte
		status int
		code   string
	}{
		"no content type":      {func(r *http.Request) { r.Header.Del("Content-Type") }, sample(t), 415, "media_type"},
		"compressed":           {func(r *http.Request) { r.Header.Set("Content-Encoding", "gzip") }, sample(t), 415, "media_type"},
		"as large as it may":   {nil, append(sample(t), bytes.Repeat([]byte(" "), 256<<10-len(sample(t)))...), 202, ""},
		"one byte more":        {nil, append(sample(t), bytes.Repeat([]byte(" "), 256<<10-len(sample(t))+1)...), 413, "body_too_large"},
		"connection breaks":    {func(r *http.Request) { r.Body = io.NopCloser(cut()) }, nil, 400, "body_incomplete"},
		"not json":             {nil, []byte("citizen_id=1"), 400, "json_syntax"},
		"faults of content":    {nil, edited(t, put("3", "sex")), 422, "sex_unknown"},
		"both kinds of faults": {nil, append([]byte("{\"sex\":\"\xff\","), sample(t)[1:]...), 400, "invalid_utf8"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			r := b.request(t, province, http.MethodPost, submitPath, tc.body)
			if tc.change != nil {
				tc.change(r)
			}
			w := b.do(r)
			want(t, w, tc.status)
			if tc.code == "" {
				return
			}
			var p problem.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			if len(p.Faults) == 0 || p.Faults[0].Code != tc.code || p.Status != tc.status || w.Header().Get("Content-Type") != problem.ContentType {
				t.Errorf("got %s %+v, want first %s", w.Header().Get("Content-Type"), p, tc.code)
			}
			if got := b.faults(t, tc.code); got != 1 {
				t.Errorf("faults{%s}: got %v, want 1", tc.code, got)
			}
			if n := len(b.topic.inputs(t)); n != 0 {
				t.Errorf("published %d inputs", n)
			}
		})
	}
}

func TestSignature(t *testing.T) {
	for name, tc := range map[string]struct {
		who     credentials
		skew    time.Duration
		change  func(*http.Request)
		status  int
		message string
		reason  string
	}{
		"new secret":       {province, 0, nil, 202, "", ""},
		"old secret":       {credentials{"ak-province", "province-old-secret"}, 0, nil, 202, "", ""},
		"90 s ahead":       {province, 90 * time.Second, nil, 202, "", ""},
		"91 s ahead":       {province, 91 * time.Second, nil, 401, "Clock skew exceeded", "clock_skew"},
		"91 s behind":      {province, -91 * time.Second, nil, 401, "Clock skew exceeded", "clock_skew"},
		"no signature":     {province, 0, func(r *http.Request) { r.Header = http.Header{} }, 401, "Invalid access key", "access_key"},
		"unknown key":      {credentials{"ak-nobody", "x"}, 0, nil, 401, "Invalid access key", "access_key"},
		"wrong secret":     {credentials{"ak-province", "window-secret"}, 0, nil, 401, "Invalid signature", "signature"},
		"of another path":  {province, 0, func(r *http.Request) { r.URL.Path += "/3ZCLYTDTCLFJ2LDFF/withdrawal" }, 401, "Invalid signature", "signature"},
		"of another query": {province, 0, func(r *http.Request) { r.URL.RawQuery = "a=1" }, 401, "Invalid signature", "signature"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.now = noon.Add(tc.skew)
			r := b.request(t, tc.who, http.MethodPost, submitPath, sample(t))
			b.now = noon
			if tc.change != nil {
				tc.change(r)
			}
			body := want(t, b.do(r), tc.status)
			if tc.reason == "" {
				return
			}
			if body["message"] != tc.message {
				t.Errorf("message: got %v, want %s", body["message"], tc.message)
			}
			if got := testutil.ToFloat64(b.metrics.denials.WithLabelValues(tc.reason)); got != 1 {
				t.Errorf("denials{%s}: got %v, want 1", tc.reason, got)
			}
			b.counted(t, unknownSource, reception.Unauthorised, 1)
		})
	}
}

func TestStatus(t *testing.T) {
	b := newBench(t, nil)
	no := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)["application_no"].(string)
	get := func(who credentials, no string) *httptest.ResponseRecorder {
		return b.do(b.request(t, who, http.MethodGet, submitPath+"/"+no, nil))
	}
	got := want(t, get(province, no), http.StatusOK)
	if diff := cmp.Diff(object{"application_no": no, "stage": "submitted", "stage_name": "已提交", "received_at": "2024-07-04T12:00:00+08:00"}, got); diff != "" {
		t.Errorf("after submission (-want +got)\n%s", diff)
	}
	accepted, due := schemas.At(noon.Add(time.Hour)), schemas.At(noon.Add(108*time.Hour))
	card := b.cards.cards[no]
	card.Version, card.Stage, card.Outcome, card.Reasons = 7, schemas.StageRefused, "refused", []string{"r1_no_valid_permit", "no_condition"}
	card.Items, card.AcceptedAt, card.DueAt, card.DueProvisional = []string{"material:identity"}, &accepted, &due, true
	b.cards.cards[no] = card
	got = want(t, get(province, no), http.StatusOK)
	wantBody := object{"application_no": no, "stage": "refused", "stage_name": "不予互认", "outcome": "refused", "outcome_name": "不予互认",
		"reasons": []any{object{"code": "r1_no_valid_permit", "text": "理由 r1_no_valid_permit"}, object{"code": "no_condition", "text": "理由 no_condition"}},
		"items":   []any{"material:identity"}, "received_at": "2024-07-04T12:00:00+08:00", "accepted_at": "2024-07-04T13:00:00+08:00",
		"due_at": "2024-07-09T00:00:00+08:00", "due_provisional": true}
	if diff := cmp.Diff(wantBody, got); diff != "" {
		t.Errorf("when refused (-want +got)\n%s", diff)
	}
	b.ports.Count = func(c *schemas.Card) *casework.Count {
		if c.ApplicationNo != no {
			t.Errorf("asked to explain %s", c.ApplicationNo)
		}
		return &casework.Count{Deadline: calendar.Deadline{CalendarVersion: "cal-1"}}
	}
	if count, ok := want(t, get(province, no), http.StatusOK)["due_count"].(object); !ok || count["calendar_version"] != "cal-1" {
		t.Errorf("explained as %v", count)
	}
	want(t, get(window, no), http.StatusNotFound)
	want(t, get(province, "3ZCLYTDTCLFJ2LDFG"), http.StatusNotFound) // check character
	other := schemas.ApplicationNo(no[:12], "province", "another")
	want(t, get(province, other), http.StatusNotFound)
	b.counted(t, "province", resultStatus, 3)
	b.counted(t, "window", reception.NotFound, 1)
}

func TestSupplement(t *testing.T) {
	b := newBench(t, nil)
	no := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)["application_no"].(string)
	path := submitPath + "/" + no + "/supplements"
	full := newSupplement()
	full["agent"], full["employment"], full["previous_permits"] = agent, []any{"other"}, []any{"P-0001"}
	full["other_text"] = object{"employment": "灵活就业"}
	full["registration_intervals"] = []any{object{"from": "2022-01-01", "to": "2022-02-01", "division": "330402"}}
	full["contact_phone"] = object{"number": "13957300002", "source": "window", "consent_at": "2024-07-04T09:29:00+08:00"}
	first := want(t, b.post(t, province, path, encode(t, full)), http.StatusAccepted)
	in := b.topic.inputs(t)[1]
	golden(t, "testdata/supplement.json", pretty(t, in))
	b.now = b.now.Add(time.Minute)
	again := want(t, b.post(t, province, path, encode(t, full)), http.StatusAccepted)
	if first["input_id"] != again["input_id"] || b.topic.inputs(t)[2].BodyHash != in.BodyHash {
		t.Error("a repeat is not the same input")
	}
	full["previous_permits"] = []any{"P-0002"}
	want(t, b.post(t, province, path, encode(t, full)), http.StatusAccepted)
	if b.topic.inputs(t)[3].BodyHash == in.BodyHash {
		t.Error("other content has the same hash")
	}
	want(t, b.post(t, window, path, encode(t, full)), http.StatusNotFound)
	want(t, b.post(t, province, submitPath+"/ABC/supplements", encode(t, full)), http.StatusNotFound)
	want(t, b.post(t, province, path, []byte(`{"supplement_no":"BZ-2"}`)), http.StatusUnprocessableEntity)
	b.topic.err = fmt.Errorf("no leader")
	want(t, b.post(t, province, path, encode(t, full)), http.StatusServiceUnavailable)
	b.topic.err, b.cards.err = nil, fmt.Errorf("connection refused")
	want(t, b.post(t, province, path, encode(t, full)), http.StatusAccepted)
	b.counted(t, "province", resultSupplement, 4)
}

func TestWithdrawal(t *testing.T) {
	b := newBench(t, nil)
	no := want(t, b.post(t, window, submitPath, forWindow(t)), http.StatusAccepted)["application_no"].(string)
	path := submitPath + "/" + no + "/withdrawal"
	body := want(t, b.post(t, window, path, encode(t, newWithdrawal())), http.StatusAccepted)
	in := b.topic.inputs(t)[1]
	got := &schemas.Input{InputID: body["input_id"].(string), Kind: schemas.InputWithdrawal, DossierID: no[:12], ApplicationNo: no, Source: "window",
		ReceivedAt: schemas.At(noon), BodyHash: in.BodyHash, Withdrawal: &schemas.Withdrawal{Reason: "left_county"}}
	if diff := cmp.Diff(got, in); diff != "" {
		t.Errorf("input (-want +got)\n%s", diff)
	}
	if in.InputID != schemas.InputID("window", "CH-1", schemas.InputWithdrawal) {
		t.Errorf("input id: got %s", in.InputID)
	}
	want(t, b.post(t, province, path, encode(t, newWithdrawal())), http.StatusNotFound)
	b.counted(t, "window", resultWithdrawal, 1)
}

func TestRoutes(t *testing.T) {
	b := newBench(t, nil)
	for _, tc := range []struct {
		method, path string
		status       int
		allow        string
	}{
		{http.MethodGet, "/v1/applications", 405, "POST"},
		{http.MethodDelete, "/v1/applications/X", 405, "GET"},
		{http.MethodGet, "/v1/applications/X/withdrawal", 405, "POST"},
		{http.MethodPut, "/v1/applications/X/supplements", 405, "POST"},
		{http.MethodGet, "/", 404, ""},
		{http.MethodGet, "/v2/applications", 404, ""},
	} {
		w := b.do(httptest.NewRequest(tc.method, tc.path, nil))
		want(t, w, tc.status)
		if w.Header().Get("Allow") != tc.allow || w.Header().Get("Content-Type") != problem.ContentType {
			t.Errorf("%s %s: got %v", tc.method, tc.path, w.Header())
		}
	}
}

// A caller who stops sending is cut off by the intake's own deadline, on a real connection.
func TestStalledBody(t *testing.T) {
	b := newBench(t, func(c *Config) { c.BodyTimeout = 50 * time.Millisecond })
	srv := httptest.NewServer(b.handler)
	defer srv.Close()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+submitPath, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := gateway.Sign(r, province.accessKey, province.secret, b.now); err != nil {
		t.Fatal(err)
	}
	stalled := make(chan struct{})
	r.Header.Set("Content-Type", "application/json")
	r.Body, r.ContentLength = stalledBody{stalled}, 1000
	resp, err := srv.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	close(stalled)
	_ = resp.Body.Close()
	srv.Client().CloseIdleConnections()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("status: got %d, want 400", resp.StatusCode)
	}
}

type stalledBody struct{ until chan struct{} }

func (s stalledBody) Read([]byte) (int, error) { <-s.until; return 0, fmt.Errorf("gone") }
func (stalledBody) Close() error               { return nil }

// Nothing personal leaves by a log line, a metric, a card, a record's key or header, a receipt or a problem.
func TestNothingPersonalLeaks(t *testing.T) {
	b := newBench(t, nil)
	var out bytes.Buffer
	ask := func(who credentials, path string, body []byte) {
		w := b.post(t, who, path, body)
		out.Write(w.Body.Bytes())
	}
	ask(province, submitPath, sample(t))
	ask(province, submitPath, edited(t, put("海盐县武原街道样例路9号", "current_address")))
	ask(province, submitPath, edited(t, put("1", "sex")))
	ask(province, submitPath, edited(t, put("13957300001 ", "contact_phone", "number")))
	ask(province, submitPath, bytes.Replace(sample(t), []byte(`"sex": "2"`), []byte(`"sex": 欧阳`), 1))
	ask(province, submitPath, edited(t, put("340102199003071224", "source_application_no")))
	b.topic.err = fmt.Errorf("no leader")
	ask(window, submitPath, forWindow(t))
	families, err := b.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		out.WriteString(f.String())
	}
	out.WriteString(b.logs.String())
	for _, r := range b.topic.records {
		fmt.Fprint(&out, r.Topic, r.Key, r.Headers)
	}
	out.Write(encode(t, b.cards.cards))
	if b.logs.Len() == 0 || len(b.topic.records) != 2 {
		t.Fatalf("the test saw %d records and %d bytes of log", len(b.topic.records), b.logs.Len())
	}
	for _, secret := range []string{"340102199003071224", "欧阳", "买买提", "13957300001", "瑶海区", "样例路", "rn-8f2c6a7d1b", "亲属名下", "province-new-secret", "a receipt key"} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q leaked", secret)
		}
	}
}

func TestMetricsLint(t *testing.T) {
	b := newBench(t, nil)
	problems, err := testutil.GatherAndLint(b.reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}

func TestConfigFaults(t *testing.T) {
	c := Config{ReceiptKey: ReceiptKey{ID: "a.b"}, Limits: reception.Limits{MaxBytes: -1}, Sources: []Source{
		{Name: "Province", Secrets: []string{""}, Channel: "fax"},
		{Name: "Province", AccessKey: "k", Secrets: []string{"a", "b", "c"}, Channel: schemas.Online, Stages: auto},
	}}
	err := c.Validate()
	if err == nil {
		t.Fatal("passed")
	}
	for _, part := range []string{"route key", "receipt key: id", "limits", "source 0: name", "source 0: access key", "source 0: secrets: one is empty", "source 0: channel",
		"source 0: stages", "source 1: its name", "source 1: secrets"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not named in:\n%v", part, err)
		}
	}
	good := testConfig()
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
}
