package gateway

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"permithub/internal/fault"
	"permithub/internal/simulator"

	"github.com/google/go-cmp/cmp"
)

type said struct {
	Code string `json:"code"`
}

func newClient(t *testing.T, cfg Config, now time.Time) *Client {
	t.Helper()
	c, err := NewClient("platform", cfg, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func serve(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	return srv
}

func TestPostClassesAnswers(t *testing.T) {
	const private = "110105194912310" // stands for whatever a far side may quote
	for _, tc := range []struct {
		name   string
		status int
		body   string
		class  fault.Class
		code   string
		out    string
	}{
		{"success", 200, `{"code":"ok"}`, fault.Unmarked, "unmarked", "ok"},
		{"refusal of the interface", 422, `{"code":"NO"}`, fault.Unmarked, "unmarked", "NO"},
		{"refusal without a reason", 400, private, fault.Permanent, "platform_http_400", ""},
		{"invalid signature", 401, `{"message":"Invalid signature"}`, fault.Unavailable, "platform_credentials", ""},
		{"invalid access key", 401, `{"message":"Invalid access key"}`, fault.Unavailable, "platform_credentials", ""},
		{"route forbidden", 401, `{"message":"The route_id is forbidden."}`, fault.Unavailable, "platform_credentials", ""},
		{"clock", 401, `{"message":"Clock skew exceeded"}`, fault.Unavailable, "platform_clock", ""},
		{"401 of something else", 401, private, fault.Unavailable, "platform_credentials", ""},
		{"403", 403, `{"message":"` + private + `"}`, fault.Unavailable, "platform_credentials", ""},
		{"404", 404, private, fault.Unavailable, "platform_route", ""},
		{"405", 405, "", fault.Unavailable, "platform_route", ""},
		{"redirect", 302, "", fault.Unavailable, "platform_route", ""},
		{"429", 429, "", fault.Unavailable, "platform", ""},
		{"500", 500, private, fault.Unavailable, "platform", ""},
		{"504", 504, "", fault.Unavailable, "platform", ""},
		{"a proxy's page", 200, "<html>" + private, fault.Unavailable, "platform_garbled", ""},
		{"wrong type", 200, `{"code":{"` + private + `":1}}`, fault.Unavailable, "platform_garbled", ""},
		{"too long", 200, strings.Repeat(private, 100), fault.Unavailable, "platform", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			srv := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Location", "/elsewhere?id="+private)
				w.WriteHeader(tc.status)
				_, _ = io.WriteString(w, tc.body)
			})
			c := newClient(t, Config{BaseURL: srv.URL, AccessKey: "k", Secret: "hush-hush", MaxAnswer: 1000}, published)
			var out said
			_, err := c.Post(t.Context(), "/api/x", map[string]string{"id": private}, &out)
			if got := fault.ClassOf(err); got != tc.class || fault.CodeOf(err) != tc.code {
				t.Errorf("class %s, code %s (%v), want %s, %s", got, fault.CodeOf(err), err, tc.class, tc.code)
			}
			if (err == nil) != (tc.out != "") || out.Code != tc.out {
				t.Errorf("answer %q, error %v, want %q", out.Code, err, tc.out)
			}
			if err != nil && (strings.Contains(err.Error(), private) || strings.Contains(err.Error(), "hush-hush")) {
				t.Errorf("error tells too much: %v", err)
			}
		})
	}
}

func TestPostWhenNobodyAnswers(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := "http://" + l.Addr().String()
	_ = l.Close()
	release := make(chan struct{})
	silent := serve(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		select {
		case <-r.Context().Done():
		case <-release:
		}
	})
	defer close(release)
	cut := serve(t, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })

	for _, tc := range []struct {
		name, base string
	}{{"refused", closed}, {"silent", silent.URL}, {"cut off", cut.URL}} {
		t.Run(tc.name, func(t *testing.T) {
			c := newClient(t, Config{BaseURL: tc.base, AccessKey: "k", Secret: "s", Timeout: 50 * time.Millisecond}, published)
			_, err := c.Post(t.Context(), "/api/x", 1, &said{})
			if fault.ClassOf(err) != fault.Unavailable || fault.CodeOf(err) != "platform" {
				t.Errorf("got %v, want unavailable", err)
			}
			if strings.Contains(err.Error(), tc.base+"/") {
				t.Errorf("error quotes the URL: %v", err)
			}
		})
	}
	t.Run("cancelled", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		seen := make(chan struct{})
		srv := serve(t, func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			close(seen)
			<-r.Context().Done()
		})
		go func() { <-seen; cancel() }()
		c := newClient(t, Config{BaseURL: srv.URL, AccessKey: "k", Secret: "s"}, published)
		if _, err := c.Post(ctx, "/api/x", 1, &said{}); fault.ClassOf(err) != fault.Stopped {
			t.Errorf("got %v, want stopped", err)
		}
	})
	t.Run("the caller's deadline", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
		defer cancel()
		c := newClient(t, Config{BaseURL: silent.URL, AccessKey: "k", Secret: "s"}, published)
		if _, err := c.Post(ctx, "/api/x", 1, &said{}); fault.ClassOf(err) != fault.Unavailable {
			t.Errorf("got %v, want unavailable", err)
		}
	})
}

func TestClockSkewIsCorrectedOncePerCall(t *testing.T) {
	for _, tc := range []struct {
		name  string
		ahead time.Duration // the far side's clock against ours
		ok    bool
		calls int64
	}{
		{"in time", 80 * time.Second, true, 1},
		{"far side ahead", 5 * time.Minute, true, 2},
		{"far side behind", -5 * time.Minute, true, 2},
		{"too far to be believed", time.Hour, false, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			kit := simulator.New("platform", func() time.Time { return published.Add(tc.ahead) })
			auth := &simulator.HMACAuth{Secrets: map[string]string{"k": "s"}}
			var calls atomic.Int64
			guarded := auth.Guard(kit, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				b, _ := io.ReadAll(r.Body)
				simulator.Answer(w, 200, said{Code: string(b)})
			}))
			srv := serve(t, func(w http.ResponseWriter, r *http.Request) { calls.Add(1); guarded.ServeHTTP(w, r) })
			var heard []time.Duration
			c := newClient(t, Config{BaseURL: srv.URL, AccessKey: "k", Secret: "s", OnSkew: func(d time.Duration) { heard = append(heard, d) }}, published)
			var out said
			_, err := c.Post(t.Context(), "/api/x", 7, &out)
			if tc.ok && (err != nil || out.Code != "7") {
				t.Errorf("answer %q, error %v", out.Code, err)
			}
			if !tc.ok && (fault.ClassOf(err) != fault.Unavailable || fault.CodeOf(err) != "platform_clock") {
				t.Errorf("error %v, want platform_clock", err)
			}
			if got := calls.Load(); got != tc.calls {
				t.Errorf("%d calls, want %d", got, tc.calls)
			}
			var want []time.Duration
			if tc.ahead.Abs() > DefaultWindow {
				want = []time.Duration{tc.ahead}
			}
			if d := cmp.Diff(want, heard); d != "" {
				t.Errorf("heard (-want +got):\n%s", d)
			}
		})
	}
}

func TestSignerClosesTheBodyItCannotSign(t *testing.T) {
	body := &closing{Reader: strings.NewReader("x")}
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1/a?x=%20", body)
	if err != nil {
		t.Fatal(err)
	}
	s := &Signer{AccessKey: "k", Secret: "s", Now: func() time.Time { return published }}
	resp, err := s.RoundTrip(r)
	if err == nil {
		_ = resp.Body.Close()
	}
	if !errors.Is(err, errQuery) {
		t.Errorf("got %v, want %v", err, errQuery)
	}
	if !body.closed {
		t.Error("body left open")
	}
}

type closing struct {
	io.Reader
	closed bool
}

func (c *closing) Close() error { c.closed = true; return nil }

func TestConfigValidateNamesEveryFault(t *testing.T) {
	err := (&Config{BaseURL: "ftp://x", Timeout: -1, MaxAnswer: -1}).Validate()
	want := "base url: want http:// or https:// and a host\naccess key: needed\nsecret: needed\ntimeout: want 0 or more\nmax answer: want 0 or more"
	if err == nil || err.Error() != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, err.Error()))
	}
	for _, base := range []string{"http://u:p@h", "http://h?x=1", "http://h/#f", "http://h/%20", "http://", ":"} {
		if validBase(base) == nil {
			t.Errorf("%s: taken", base)
		}
	}
	if _, err := NewClient("platform", Config{}, time.Now); err == nil {
		t.Error("a client without a configuration")
	}
}

// With net/http's default of two idle connections a host, the second wave would open nearly all of them again.
func TestConnectionsAreReused(t *testing.T) {
	const inFlight, waves = 32, 3
	var opened atomic.Int64
	arrived, answer := make(chan struct{}), make(chan struct{})
	srv := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		arrived <- struct{}{}
		<-answer
		simulator.Answer(w, 200, said{Code: "ok"})
	}))
	srv.Config.ConnState = func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			opened.Add(1)
		}
	}
	srv.Start()
	defer srv.Close()
	c := newClient(t, Config{BaseURL: srv.URL, AccessKey: "k", Secret: "s"}, published)
	for range waves {
		var wg sync.WaitGroup
		for range inFlight {
			wg.Go(func() {
				if _, err := c.Post(t.Context(), "/api/x", 1, &said{}); err != nil {
					t.Error(err)
				}
			})
		}
		for range inFlight {
			<-arrived // all of them at once, so that every call needs a connection of its own
		}
		for range inFlight {
			answer <- struct{}{}
		}
		wg.Wait()
	}
	// A connection that comes back a moment late costs one more; a wave's worth would be a defect.
	if n := opened.Load(); n > inFlight*3/2 {
		t.Errorf("%d connections for %d waves of %d calls, want about %d", n, waves, inFlight, inFlight)
	}
}
