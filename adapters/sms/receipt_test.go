package sms

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/adapters/sms/smssim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"
)

const token = "t0ken-of-the-receipts"

func pushable(c *Config) { c.ReceiptToken = token }

const delivered = `{"reportStatus":"CM:0000","mobile":"13800001234","submitDate":"20260105120000","receiveDate":"20260105120003","errorCode":"DELIVRD","msgGroup":"0105120000000001"}`

func TestReceipts(t *testing.T) {
	at := time.Date(2026, 1, 5, 12, 0, 0, 0, schemas.Shanghai)
	want := Receipt{MsgGroup: "0105120000000001", Mobile: phone, Delivered: true, Code: "DELIVRD", SubmittedAt: at, ReceivedAt: at.Add(3 * time.Second)}
	failed := Receipt{MsgGroup: "7", Mobile: phone, Code: "MA:0054"}
	for _, tc := range []struct {
		name, method, path, body, from string
		change                         func(*Config)
		fails                          error
		status                         int
		want                           []Receipt
	}{
		{name: "one", body: delivered, status: 200, want: []Receipt{want}},
		{name: "list", body: "[" + delivered + "," + delivered + "]", status: 200, want: []Receipt{want, want}},
		{name: "empty list", body: "[]", status: 200},
		{name: "numbers unquoted", body: `{"mobile":13800001234,"errorCode":"MA:0054","msgGroup":7,"submitDate":null}`, status: 200, want: []Receipt{failed}},
		{name: "platform status only", body: `{"reportStatus":"CM:0000","msgGroup":"7","receiveDate":"2026-01-05 12:00:03"}`, status: 200,
			want: []Receipt{{MsgGroup: "7", Delivered: true, Code: "CM:0000", ReceivedAt: at.Add(3 * time.Second)}}},
		{name: "intermediate", body: `{"errorCode":"ACCEPTD","msgGroup":"7"}`, status: 200},
		{name: "number in the code", body: `{"errorCode":"13800001234","msgGroup":"7"}`, status: 200, want: []Receipt{{MsgGroup: "7", Code: "unreadable"}}},
		{name: "one of two malformed", body: `[{"errorCode":"DELIVRD"},{"errorCode":"MA:0054","msgGroup":"7","mobile":"13800001234"}]`, status: 400, want: []Receipt{failed}},
		{name: "not JSON", body: "x", status: 400},
		{name: "no body", status: 400},
		{name: "too large", body: "[" + strings.Repeat(" ", maxReceiptBytes) + "]", status: 400},
		{name: "too many", body: "[{}" + strings.Repeat(",{}", maxReceipts) + "]", status: 400},
		{name: "GET", method: http.MethodGet, status: 405},
		{name: "not stored", body: delivered, fails: errors.New("no acknowledgement"), status: 503},
		{name: "refused for good", body: delivered, fails: fault.Reject("x", nil), status: 422},
		{name: "wrong token", path: "/receipts/other", body: delivered, status: 404},
		{name: "no token", path: "/", body: delivered, status: 404},
		{name: "no check configured", change: func(c *Config) { c.ReceiptToken = "" }, body: delivered, status: 404},
		{name: "listed network", change: func(c *Config) { c.ReceiptToken, c.ReceiptFrom = "", []string{"192.0.2.0/24"} }, body: delivered, status: 200, want: []Receipt{want}},
		{name: "listed network, mapped address", change: func(c *Config) { c.ReceiptFrom = []string{"192.0.2.0/24"} }, from: "[::ffff:192.0.2.9]:5", body: delivered, status: 200, want: []Receipt{want}},
		{name: "other network", change: func(c *Config) { c.ReceiptFrom = []string{"198.51.100.0/24"} }, body: delivered, status: 404},
		{name: "no address", change: func(c *Config) { c.ReceiptFrom = []string{"192.0.2.0/24"} }, from: "@", body: delivered, status: 404},
	} {
		t.Run(tc.name, func(t *testing.T) {
			cfg := config("http://127.0.0.1:1")
			pushable(&cfg)
			if tc.change != nil {
				tc.change(&cfg)
			}
			var got []Receipt
			h := newGateway(t, cfg).Receipts(func(_ context.Context, r Receipt) error {
				if tc.fails == nil {
					got = append(got, r)
				}
				return tc.fails
			})
			r := httptest.NewRequest(or(tc.method, http.MethodPost), or(tc.path, "/receipts/"+token), strings.NewReader(tc.body))
			r.RemoteAddr = or(tc.from, r.RemoteAddr) // 192.0.2.1, as httptest has it
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			if w.Code != tc.status {
				t.Errorf("status: got %d, want %d", w.Code, tc.status)
			}
			if strings.Contains(w.Body.String(), phone) {
				t.Errorf("the answer carries the number: %s", w.Body)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("delivered (-want +got):\n%s", diff)
			}
		})
	}
}

func or(s, otherwise string) string {
	if s == "" {
		return otherwise
	}
	return s
}

// inbox takes receipts as a hub would.
type inbox struct {
	mu   sync.Mutex
	got  []Receipt
	came chan struct{}
	turn int // pushes to turn away first
}

func (in *inbox) deliver(_ context.Context, r Receipt) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.turn > 0 {
		in.turn--
		return errors.New("not now")
	}
	in.got = append(in.got, r)
	in.came <- struct{}{}
	return nil
}

func (in *inbox) wait(t *testing.T, n int) []Receipt {
	t.Helper()
	for range n {
		select {
		case <-in.came:
		case <-time.After(10 * time.Second):
			t.Fatal("no receipt")
		}
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return append([]Receipt(nil), in.got...)
}

func TestReceiptsFromTheSimulator(t *testing.T) {
	for _, tc := range []struct {
		name      string
		fault     *smssim.ReceiptFault
		turn      int
		delivered []bool
	}{
		{name: "delivered", delivered: []bool{true}},
		{name: "turned away first", turn: 2, delivered: []bool{true}},
		{name: "failed", fault: &smssim.ReceiptFault{Mode: smssim.ReceiptFailed, Code: "MA:0001"}, delivered: []bool{false}},
		{name: "duplicate", fault: &smssim.ReceiptFault{Mode: smssim.ReceiptDuplicate}, delivered: []bool{true, true}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			in := &inbox{came: make(chan struct{}, 8), turn: tc.turn}
			var handler http.Handler
			hub := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { handler.ServeHTTP(w, r) }))
			defer hub.Close()
			f := newFar(t, pushable, func(c *smssim.Config) {
				c.CallbackURL, c.ReceiptDelay, c.RetryEvery = hub.URL+"/receipts/"+token, time.Millisecond, time.Millisecond
			})
			handler = f.Receipts(in.deliver)
			if tc.fault != nil {
				f.sim.SetReceiptFault(*tc.fault)
			}
			ref, err := f.Send(t.Context(), phone, notice(text))
			if err != nil {
				t.Fatal(err)
			}
			var got []bool
			for _, r := range in.wait(t, len(tc.delivered)) {
				if r.MsgGroup != ref || r.Mobile != phone {
					t.Errorf("receipt of another message: %+v", r)
				}
				got = append(got, r.Delivered)
			}
			if diff := cmp.Diff(tc.delivered, got); diff != "" {
				t.Errorf("delivered (-want +got):\n%s", diff)
			}
		})
	}
}

func TestLostReceipt(t *testing.T) {
	f := newFar(t, nil, func(c *smssim.Config) { c.CallbackURL = "http://127.0.0.1:1/x" })
	resp, err := http.Post(f.url+"/_sim/receipt-faults", "application/json", strings.NewReader(`{"mode":"lost","match":"`+phone+`"}`))
	if err != nil {
		t.Fatal(err)
	}
	_, _ = io.Copy(io.Discard, resp.Body)
	resp.Body.Close()
	t.Cleanup(http.DefaultClient.CloseIdleConnections)
	if _, err := f.Send(t.Context(), phone, notice(text)); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(10 * time.Second)
	for len(f.kit.Find(simulator.Query{Op: "receipt", Outcome: "lost"})) == 0 {
		if time.Now().After(deadline) {
			t.Fatal("the receipt was not lost")
		}
		select {
		case <-t.Context().Done():
		case <-time.After(time.Millisecond):
		}
	}
}

func FuzzReceipts(f *testing.F) {
	for _, s := range []string{delivered, "[" + delivered + "]", `[{"msgGroup":1e9,"errorCode":[1]}]`, `{"submitDate":"\ud800"}`, "null", "", "\xff"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		receipts, _, _ := readReceipts(strings.NewReader(string(b)))
		for _, r := range receipts {
			if r.MsgGroup == "" || r.Code == "" || len(r.Code) > 10 {
				t.Errorf("got %+v", r)
			}
		}
	})
}
