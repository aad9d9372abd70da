package ops

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"permithub/internal/reach"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// serve starts a server and stops it with the test.
func serve(t *testing.T, c ServerConfig) (*Server, func(path string) (int, string)) {
	t.Helper()
	c.Listen = "127.0.0.1:0"
	s, err := Listen(c, NewRegistry("v1"), quiet())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
	})
	return s, func(path string) (int, string) {
		t.Helper()
		res, err := client.Get("http://" + s.Addr() + path)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		b, err := io.ReadAll(res.Body)
		if err != nil {
			t.Fatal(err)
		}
		return res.StatusCode, string(b)
	}
}

func TestServer(t *testing.T) {
	_, get := serve(t, ServerConfig{})
	for _, row := range []struct {
		path   string
		status int
		want   string
	}{
		{"/metrics", 200, `permithub_build_info{version="v1"} 1`},
		{"/metrics", 200, "go_goroutines"},
		{"/metrics", 200, "process_open_fds"},
		{"/healthz", 200, `"alive"`},
		{"/readyz", 200, `{"ready":true,"checks":[]}`},
		{"/debug/pprof/", 404, ""},
		{"/", 404, ""},
	} {
		if status, body := get(row.path); status != row.status || !strings.Contains(body, row.want) {
			t.Errorf("%s: %d, want %d with %q in:\n%.300s", row.path, status, row.status, row.want, body)
		}
	}
}

func TestReadinessGivesReasons(t *testing.T) {
	s, get := serve(t, ServerConfig{Checks: []reach.Check{
		{Name: "kafka", Probe: func(context.Context) error { return nil }},
		{Name: "redis", Probe: func(context.Context) error { return errors.New("connection refused") }},
	}})
	s.Drain()
	status, body := get("/readyz")
	var got Readiness
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	want := Readiness{Checks: []CheckAnswer{{"kafka", true, false, ""}, {"redis", false, false, "connection refused"}, {"process", false, false, "stopping"}}}
	if diff := cmp.Diff(want, got); diff != "" || status != http.StatusServiceUnavailable {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
	if status, _ := get("/healthz"); status != http.StatusOK {
		t.Errorf("healthz: %d", status)
	}
}

// A foreign system that is down is shown and turns nobody away.
func TestNotesDecideNothing(t *testing.T) {
	_, get := serve(t, ServerConfig{
		Checks: []reach.Check{{Name: "kafka", Probe: func(context.Context) error { return nil }}},
		Notes:  []reach.Check{{Name: "sms", Probe: func(context.Context) error { return errors.New("held back") }}},
	})
	status, body := get("/readyz")
	want := `{"ready":true,"checks":[{"name":"kafka","ready":true},{"name":"sms","ready":false,"note":true,"reason":"held back"}]}` + "\n"
	if diff := cmp.Diff(want, body); diff != "" || status != http.StatusOK {
		t.Errorf("%d (-want +got):\n%s", status, diff)
	}
}

func TestPprofWhereConfigured(t *testing.T) {
	_, get := serve(t, ServerConfig{Pprof: true})
	if status, body := get("/debug/pprof/"); status != http.StatusOK || !strings.Contains(body, "goroutine") {
		t.Errorf("%d %.100s", status, body)
	}
}

func TestListenTakenAddress(t *testing.T) {
	s, _ := serve(t, ServerConfig{})
	if _, err := Listen(ServerConfig{Listen: s.Addr()}, NewRegistry(""), quiet()); err == nil {
		t.Error("the same address twice")
	}
}

func TestCloseWithoutRun(t *testing.T) {
	s, err := Listen(ServerConfig{Listen: "127.0.0.1:0"}, NewRegistry(""), quiet())
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}
