package smssim

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"permithub/internal/simulator"
)

const (
	phone = "13800001234"
	body  = "您的居住证已签发。<A&B>"
)

func newSim(t *testing.T) *Gateway {
	t.Helper()
	g := New(Config{ECName: "海盐县公安局", APID: "apuser", SecretKey: "s3cret-key", SignCodes: []string{"SIGN01"}, Templates: map[string]int{"tpl-0001": 2}},
		simulator.New("sms", func() time.Time { return time.Date(2026, 1, 5, 4, 0, 0, 0, time.UTC) }))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := g.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return g
}

// The sums were computed with Python: hashlib.md5("".join(fields).encode()).hexdigest().
const (
	freeMAC     = "4f58a4fb50942a151afca48ce49f49b8"
	templateMAC = "8e152ce8faf1f923ec7e6e30336be548"
)

func free(change ...string) string {
	return submit(map[string]any{"ecName": "海盐县公安局", "apId": "apuser", "secretKey": "s3cret-key", "mobiles": phone, "content": body,
		"sign": "SIGN01", "addSerial": "", "mac": freeMAC}, change)
}

func templated(change ...string) string {
	return submit(map[string]any{"ecName": "海盐县公安局", "apId": "apuser", "secretKey": "s3cret-key", "mobiles": phone, "templateId": "tpl-0001",
		"params": `["张*","330424"]`, "sign": "SIGN01", "addSerial": "88", "mac": templateMAC}, change)
}

func submit(fields map[string]any, change []string) string {
	for i := 0; i+1 < len(change); i += 2 {
		fields[change[i]] = change[i+1]
	}
	b, err := json.Marshal(fields)
	if err != nil {
		panic(err)
	}
	return base64.StdEncoding.EncodeToString(b)
}

func TestSubmit(t *testing.T) {
	for _, tc := range []struct {
		name, path, body, want string
		sent                   int
	}{
		{"free text", "/sms/norsubmit", free(), "success", 1},
		{"template", "/sms/tmpsubmit", templated(), "success", 1},
		{"free text as a template", "/sms/tmpsubmit", free(), "IllegalMac", 0},
		{"mac in upper case", "/sms/norsubmit", free("mac", strings.ToUpper(freeMAC)), "IllegalMac", 0},
		{"text altered", "/sms/norsubmit", free("content", body+"。"), "IllegalMac", 0},
		{"number altered", "/sms/norsubmit", free("mobiles", "13900001234"), "IllegalMac", 0},
		{"wrong secret", "/sms/norsubmit", free("secretKey", "x"), "InvalidUsrOrPwd", 0},
		{"not base64", "/sms/norsubmit", "{}", "InvalidMessage", 0},
		{"not JSON", "/sms/norsubmit", "e30", "InvalidMessage", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			g := newSim(t)
			if got := post(t, g, tc.path, tc.body); got.RspCod != tc.want || got.Success != (tc.want == "success") || got.Success != (got.MsgGroup != "") {
				t.Errorf("got %+v, want %s", got, tc.want)
			}
			if got := g.Sent(phone); got != tc.sent {
				t.Errorf("sent %d, want %d", got, tc.sent)
			}
		})
	}
}

func post(t *testing.T, g *Gateway, path, body string) answer {
	t.Helper()
	w := httptest.NewRecorder()
	g.ServeHTTP(w, httptest.NewRequest(http.MethodPost, path, strings.NewReader(body)))
	var a answer
	if err := json.Unmarshal(w.Body.Bytes(), &a); err != nil || w.Code != http.StatusOK {
		t.Fatalf("status %d, body %s", w.Code, w.Body)
	}
	return a
}

func TestMessageRules(t *testing.T) {
	text, blank := "x", " "
	for _, tc := range []struct {
		name, op string
		mobiles  []string
		s        submission
		want     string
	}{
		{"good", "norsubmit", []string{phone, phone}, submission{Content: &text}, ""},
		{"too many", "norsubmit", make([]string, maxMobiles+1), submission{Content: &text}, "TooManyMobiles"},
		{"no mobile", "norsubmit", []string{phone, "0573"}, submission{Content: &text}, "InvalidMobile"},
		{"blank", "norsubmit", []string{phone}, submission{Content: &blank}, "InvalidMessage"},
		{"no text", "norsubmit", []string{phone}, submission{}, "InvalidMessage"},
		{"unknown template", "tmpsubmit", []string{phone}, submission{TemplateID: "x", Params: `["a","b"]`}, "InvalidMessage"},
		{"too few parameters", "tmpsubmit", []string{phone}, submission{TemplateID: "tpl-0001", Params: `["a"]`}, "InvalidMessage"},
		{"parameters are no list", "tmpsubmit", []string{phone}, submission{TemplateID: "tpl-0001", Params: `a`}, "InvalidMessage"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := newSim(t).checkMessage(tc.op, tc.mobiles, &tc.s); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
}

func TestReceiptFaultControl(t *testing.T) {
	g := newSim(t)
	for _, tc := range []struct {
		method, body string
		status       int
		want         string
	}{
		{http.MethodPost, `{"mode":"eaten"}`, 400, "mode"},
		{http.MethodPost, `{"mode":"failed","code":"EXPIRED","times":1}`, 201, ""},
		{http.MethodGet, "", 200, `"code":"EXPIRED"`},
		{http.MethodDelete, "", 204, ""},
		{http.MethodGet, "", 200, "[]"},
		{http.MethodPut, "", 405, ""},
	} {
		w := httptest.NewRecorder()
		g.ServeHTTP(w, httptest.NewRequest(tc.method, "/_sim/receipt-faults", strings.NewReader(tc.body)))
		if w.Code != tc.status || !strings.Contains(w.Body.String(), tc.want) {
			t.Errorf("%s %s: got %d %s", tc.method, tc.body, w.Code, w.Body)
		}
	}
}

func TestReceiptFaultTimes(t *testing.T) {
	g := newSim(t)
	g.SetReceiptFault(ReceiptFault{Mode: ReceiptLost, Match: phone, Times: 1})
	if _, hit := g.receiptFault("13900001234"); hit {
		t.Error("another number was hit")
	}
	if f, hit := g.receiptFault(phone); !hit || f.Mode != ReceiptLost {
		t.Error("the number was not hit")
	}
	if _, hit := g.receiptFault(phone); hit {
		t.Error("hit twice")
	}
}

// Close must not wait out a receipt's delay.
func TestCloseDropsWhatIsToCome(t *testing.T) {
	g := newSim(t)
	g.cfg.CallbackURL, g.cfg.ReceiptDelay = "http://127.0.0.1:1/x", time.Hour
	post(t, g, "/sms/norsubmit", free())
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := g.Close(ctx); err != nil {
		t.Fatal(err)
	}
	post(t, g, "/sms/norsubmit", free()) // starts nothing any more
	if got := g.kit.Find(simulator.Query{Op: "receipt"}); len(got) > 0 {
		t.Errorf("got %+v", got)
	}
}
