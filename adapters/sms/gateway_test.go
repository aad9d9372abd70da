package sms

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/adapters/sms/smssim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"
)

// The port of the step that uses this adapter.
var _ interface {
	Send(ctx context.Context, phone string, sms schemas.SMS) (string, error)
} = (*Gateway)(nil)

const text = "您申请的《浙江省居住证》互认转换已办结，电子证照已签发。"

func TestSend(t *testing.T) {
	for _, tc := range []struct {
		name   string
		client func(*Config)
		server func(*smssim.Config)
		fault  *simulator.Fault
		phone  string
		sms    schemas.SMS
		class  fault.Class
		code   string // "" is a message sent
		sent   int
	}{
		{name: "free text", sms: notice(text), sent: 1},
		{name: "with country code", phone: "+86" + phone, sms: notice(text), sent: 1},
		{name: "rare character and markup", sms: notice("𠮷某<a&b>"), sent: 1},
		{name: "template", client: templates("N1@2", "tpl-1"), sms: notice(""), sent: 1},
		{name: "template of any version", client: templates("N1", "tpl-1"), sms: notice(""), sent: 1},
		{name: "template without variables", client: templates("N1", "tpl-0"), sms: schemas.SMS{EffectID: "e", Template: "N1", Version: 1}, sent: 1},
		{name: "template not mapped", client: templates("N1@1", "tpl-1"), sms: notice(""), class: fault.Unavailable, code: codeNoTemplate},
		{name: "template with other variables", client: templates("N1", "tpl-0"), sms: notice(""), class: fault.Permanent, code: codeMessage},
		{name: "not a mobile", phone: "0573-86120000", sms: notice(text), class: fault.Permanent, code: codeMobile},
		{name: "two mobiles", phone: phone + "," + phone, sms: notice(text), class: fault.Permanent, code: codeMobile},
		{name: "no text", sms: notice("  "), class: fault.Permanent, code: codeMessage},
		{name: "too long", sms: notice(strings.Repeat("长", 671)), class: fault.Permanent, code: codeTooLong},
		{name: "wrong secret", client: func(c *Config) { c.SecretKey = "other" }, sms: notice(text), class: fault.Unavailable, code: "sms_invalid_account"},
		{name: "wrong signature code", client: func(c *Config) { c.SignCode = "SIGN02" }, sms: notice(text), class: fault.Unavailable, code: "sms_illegal_signature"},
		{name: "illegal mac", fault: refusal("IllegalMac"), sms: notice(text), class: fault.Unavailable, code: "sms_illegal_mac"},
		{name: "no signature", fault: refusal("NoSignId"), sms: notice(text), class: fault.Unavailable, code: "sms_no_signature"},
		{name: "number refused", fault: refusal("InvalidMobile"), sms: notice(text), class: fault.Permanent, code: codeMobile},
		{name: "too many numbers", fault: refusal("TooManyMobiles"), sms: notice(text), class: fault.Permanent, code: "sms_too_many_mobiles"},
		{name: "message refused", fault: refusal("InvalidMessage"), sms: notice(text), class: fault.Permanent, code: codeMessage},
		{name: "unlisted refusal", fault: refusal("BlackList"), sms: notice(text), class: fault.Unmarked, code: "unmarked"},
		{name: "500", fault: &simulator.Fault{Mode: simulator.ModeError}, sms: notice(text), class: fault.Uncertain, code: codeUnknown},
		{name: "503", fault: &simulator.Fault{Mode: simulator.ModeError, Code: "503"}, sms: notice(text), class: fault.Unavailable, code: codeOutage},
		{name: "429", fault: &simulator.Fault{Mode: simulator.ModeError, Code: "429"}, sms: notice(text), class: fault.Unavailable, code: codeOutage},
		{name: "cut off", fault: &simulator.Fault{Mode: simulator.ModeOutage}, sms: notice(text), class: fault.Uncertain, code: codeUnknown},
		{name: "sent, then cut off", fault: &simulator.Fault{Mode: simulator.ModeTimeout, DelayMS: 1}, sms: notice(text), class: fault.Uncertain, code: codeUnknown, sent: 1},
		{name: "sent, then timed out", client: func(c *Config) { c.Timeout = 50 * time.Millisecond }, fault: &simulator.Fault{Mode: simulator.ModeTimeout},
			sms: notice(text), class: fault.Uncertain, code: codeUnknown, sent: 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f := newFar(t, tc.client, tc.server)
			if tc.fault != nil {
				f.kit.SetFault(*tc.fault)
			}
			to := tc.phone
			if to == "" {
				to = phone
			}
			ref, err := f.Send(t.Context(), to, tc.sms)
			check(t, ref, err, tc.class, tc.code)
			if got := f.sim.Sent(phone); got != tc.sent {
				t.Errorf("messages sent: got %d, want %d", got, tc.sent)
			}
		})
	}
}

func templates(ours, theirs string) func(*Config) {
	return func(c *Config) { c.Mode, c.Templates = ModeTemplate, map[string]string{ours: theirs} }
}

func refusal(code string) *simulator.Fault {
	return &simulator.Fault{Mode: simulator.ModeRefuse, Code: code}
}

// check also looks for what no error may carry.
func check(t *testing.T, ref string, err error, class fault.Class, code string) {
	t.Helper()
	if code == "" {
		if err != nil || ref == "" {
			t.Fatalf("got %q, %v, want a message number", ref, err)
		}
		return
	}
	if err == nil {
		t.Fatalf("got %q, want an error of class %v", ref, class)
	}
	if got := fault.ClassOf(err); got != class {
		t.Errorf("class: got %v (%v), want %v", got, err, class)
	}
	if got := fault.CodeOf(err); got != code {
		t.Errorf("code: got %q, want %q", got, code)
	}
	for _, s := range []string{phone, "0573", secret, "互认转换", "http://", "长长"} {
		if strings.Contains(err.Error(), s) {
			t.Errorf("error %q carries %q", err, s)
		}
	}
}

// The sums were computed with Python: hashlib.md5("".join(fields).encode()).hexdigest().
func TestMAC(t *testing.T) {
	for _, tc := range []struct {
		name   string
		fields []string
		want   string
	}{
		{"free text", []string{"海盐县公安局", "apuser", "s3cret-key", phone, "您的居住证已签发。<A&B>", "SIGN01", ""}, "4f58a4fb50942a151afca48ce49f49b8"},
		{"template", []string{"海盐县公安局", "apuser", "s3cret-key", "tpl-0001", phone, `["张*","330424"]`, "SIGN01", "88"}, "8e152ce8faf1f923ec7e6e30336be548"},
		{"template without variables", []string{"海盐县公安局", "apuser", "s3cret-key", "tpl-0002", phone, `[""]`, "SIGN01", ""}, "313db4a4b94441e2090f83b8b18fe4e6"},
		{"rare character", []string{"ec", "ap", "k", phone, "𠮷", "s", ""}, "534e8ab2165ee88b034866953b445e2d"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if got := mac(tc.fields...); got != tc.want {
				t.Errorf("got %s, want %s", got, tc.want)
			}
		})
	}
}

func TestSubmissionOnTheWire(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
		path   string
		want   map[string]string
	}{
		{"free text", func(c *Config) {}, "/mas/sms/norsubmit", map[string]string{
			"ecName": "海盐县公安局", "apId": "apuser", "secretKey": "s3cret-key", "mobiles": phone, "content": "您的居住证已签发。<A&B>", "sign": "SIGN01", "addSerial": "", "mac": "4f58a4fb50942a151afca48ce49f49b8"}},
		{"template", func(c *Config) { templates("N1@2", "tpl-0001")(c); c.AddSerial = "88" }, "/mas/sms/tmpsubmit", map[string]string{
			"ecName": "海盐县公安局", "apId": "apuser", "secretKey": "s3cret-key", "mobiles": phone, "templateId": "tpl-0001", "params": `["张*","330424"]`, "sign": "SIGN01", "addSerial": "88", "mac": "8e152ce8faf1f923ec7e6e30336be548"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(base64.NewDecoder(base64.StdEncoding, r.Body))
				got := map[string]string{}
				if err := json.Unmarshal(b, &got); err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(tc.want, got); diff != "" || r.URL.Path != tc.path {
					t.Errorf("path %s, body (-want +got):\n%s", r.URL.Path, diff)
				}
				_, _ = io.WriteString(w, `{"msgGroup":"0105120000000001","rspcod":"success","success":"true"}`)
			}))
			defer srv.Close()
			cfg := config(srv.URL + "/mas/")
			cfg.SecretKey = "s3cret-key"
			tc.change(&cfg)
			ref, err := newGateway(t, cfg).Send(t.Context(), phone, notice("您的居住证已签发。<A&B>"))
			if ref != "0105120000000001" || err != nil {
				t.Errorf("got %q, %v", ref, err)
			}
		})
	}
}

func TestSendWithoutConnection(t *testing.T) {
	g := newGateway(t, config("http://"+freeAddress(t)))
	ref, err := g.Send(t.Context(), phone, notice(text))
	check(t, ref, err, fault.Unavailable, codeOutage)
}

// The transport asks for a second connection only where the first took no byte, so a call that gets none in the end wrote nothing.
func TestHandover(t *testing.T) {
	var h handover
	trace := httptrace.ContextClientTrace(h.trace(t.Context()))
	for _, step := range []struct {
		name string
		do   func()
		want fault.Class
	}{
		{"asked for a connection", func() { trace.GetConn("") }, fault.Unavailable},
		{"given one", func() { trace.GotConn(httptrace.GotConnInfo{Reused: true}) }, fault.Uncertain},
		{"asked for another", func() { trace.GetConn("") }, fault.Unavailable},
		{"given that", func() { trace.GotConn(httptrace.GotConnInfo{}) }, fault.Uncertain},
	} {
		step.do()
		if got := fault.ClassOf(h.classify(t.Context(), io.EOF)); got != step.want {
			t.Errorf("%s: got %v, want %v", step.name, got, step.want)
		}
	}
}

func TestSendCancelled(t *testing.T) {
	f := newFar(t, nil, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := f.Send(ctx, phone, notice(text))
	if fault.ClassOf(err) != fault.Stopped || !errors.Is(err, context.Canceled) {
		t.Errorf("before the call: got %v of class %v", err, fault.ClassOf(err))
	}
	if n := f.sim.Sent(phone); n != 0 {
		t.Errorf("sent %d", n)
	}
}

func TestSendCancelledUnderTheCall(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		cancel()
		<-r.Context().Done()
	}))
	defer srv.Close()
	ref, err := newGateway(t, config(srv.URL)).Send(ctx, phone, notice(text))
	check(t, ref, err, fault.Uncertain, codeUnknown)
}

func TestSendToAStrangeServer(t *testing.T) {
	for _, tc := range []struct {
		name, answer string
		class        fault.Class
		code         string
	}{
		{"silence", "", fault.Uncertain, codeUnknown},
		{"no HTTP", "SSH-2.0-x\r\n", fault.Uncertain, codeUnknown},
		{"not JSON", reply("200 OK", "<html>13800001234</html>"), fault.Uncertain, codeUnknown},
		{"half an answer", "HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{\"msgGroup\":", fault.Uncertain, codeUnknown},
		{"endless", reply("200 OK", strings.Repeat("x", maxAnswerBytes+1)), fault.Uncertain, codeUnknown},
		{"contradiction", reply("200 OK", `{"rspcod":"success","success":false}`), fault.Uncertain, codeUnknown},
		{"other contradiction", reply("200 OK", `{"rspcod":"IllegalMac","success":true}`), fault.Uncertain, codeUnknown},
		{"number in the code", reply("200 OK", `{"rspcod":"13800001234","success":false}`), fault.Unmarked, "unmarked"},
		{"redirect", "HTTP/1.1 307 x\r\nLocation: http://" + phone + ".example/\r\nContent-Length: 0\r\n\r\n", fault.Unavailable, codeOutage},
		{"not found", reply("404 Not Found", "x"), fault.Unavailable, codeOutage},
		{"gateway time-out", reply("504 Gateway Timeout", "x"), fault.Uncertain, codeUnknown},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ref, err := newGateway(t, config("http://"+rawServer(t, tc.answer))).Send(t.Context(), phone, notice(text))
			check(t, ref, err, tc.class, tc.code)
		})
	}
}

func reply(status, body string) string {
	return "HTTP/1.1 " + status + "\r\nConnection: close\r\n\r\n" + body
}

// rawServer reads one request, says answer and closes.
func rawServer(t *testing.T, answer string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		c, err := l.Accept()
		if err != nil {
			return
		}
		defer c.Close()
		_, _ = c.Read(make([]byte, 64<<10))
		_, _ = io.WriteString(c, answer)
	}()
	t.Cleanup(func() { l.Close(); <-done })
	return l.Addr().String()
}

func FuzzReadAnswer(f *testing.F) {
	for _, s := range []string{`{"msgGroup":"1","rspcod":"success","success":true}`, `{"rspcod":"IllegalMac","success":false}`, `{"success":"true"}`, `[]`, ``, "\xff", `{"rspcod":"success","success":true,"msgGroup":"138 0000 1234"}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		ref, err := readAnswer(b)
		if err != nil && ref != "" {
			t.Errorf("number %q beside error %v", ref, err)
		}
		if cleanRef(ref) != ref {
			t.Errorf("unclean number %q", ref)
		}
	})
}
