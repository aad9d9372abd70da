package ops

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"slices"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"permithub/internal/reach"
)

// probeLimit bounds all of /readyz, within what an orchestrator waits by default.
const probeLimit = 800 * time.Millisecond

// ServerConfig of the listener for operators.
type ServerConfig struct {
	// Listen is host:port; port 0 takes a free one.
	Listen string
	// Pprof serves /debug/pprof too.
	Pprof bool
	// Checks decide /readyz; none means ready as soon as it serves. A probe must return when its context ends.
	Checks []reach.Check
	// Notes are shown by /readyz and never make it 503: a foreign system that is down is no reason to turn applications away.
	Notes []reach.Check
	// Board, where given, is served at /board and below.
	Board http.Handler
}

// Server answers operators: /metrics, /healthz (the process lives), /readyz (it can do its work; reasons where not), /board (where cases stand).
type Server struct {
	listener net.Listener
	http     *http.Server
	checks   []reach.Check // those that decide, then the notes
	deciding int
	stopping atomic.Bool
}

// Listen takes the address; Run serves.
func Listen(c ServerConfig, reg *prometheus.Registry, log *slog.Logger) (*Server, error) {
	l, err := (&net.ListenConfig{}).Listen(context.Background(), "tcp", c.Listen) // binds at once, nothing to cancel
	if err != nil {
		return nil, fmt.Errorf("listen for operators: %w", err)
	}
	s := &Server{listener: l, checks: slices.Concat(c.Checks, c.Notes), deciding: len(c.Checks)}
	s.http = &http.Server{
		Handler:           s.routes(reg, c),
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      90 * time.Second, // a profile takes 30 s
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(log.Handler(), slog.LevelWarn),
	}
	return s, nil
}

func (s *Server) routes(reg *prometheus.Registry, c ServerConfig) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(reg, promhttp.HandlerOpts{
		ErrorHandling: promhttp.ContinueOnError, Registry: reg, MaxRequestsInFlight: 4, Timeout: 10 * time.Second, EnableOpenMetrics: true,
	}))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		answer(w, http.StatusOK, map[string]string{"status": "alive"})
	})
	mux.HandleFunc("GET /readyz", s.ready)
	if c.Board != nil {
		mux.Handle("/board", c.Board)
		mux.Handle("/board/", c.Board)
	}
	if c.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index)
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return mux
}

// Readiness is the answer of /readyz.
type Readiness struct {
	Ready  bool          `json:"ready"`
	Checks []CheckAnswer `json:"checks"`
}

// CheckAnswer is one named check of [Readiness].
type CheckAnswer struct {
	Name   string `json:"name"`
	Ready  bool   `json:"ready"`
	Note   bool   `json:"note,omitempty"` // shown only: decides nothing
	Reason string `json:"reason,omitempty"`
}

func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	answers := Readiness{Ready: true, Checks: []CheckAnswer{}}
	for i, c := range reach.Run(r.Context(), probeLimit, s.checks) {
		a := CheckAnswer{Name: c.Name, Ready: c.Err == nil, Note: i >= s.deciding}
		if c.Err != nil {
			a.Reason = c.Err.Error()
		}
		answers.Ready = answers.Ready && (a.Ready || a.Note)
		answers.Checks = append(answers.Checks, a)
	}
	if s.stopping.Load() {
		answers.Ready = false
		answers.Checks = append(answers.Checks, CheckAnswer{Name: "process", Reason: "stopping"})
	}
	status := http.StatusOK
	if !answers.Ready {
		status = http.StatusServiceUnavailable
	}
	answer(w, status, answers)
}

func answer(w http.ResponseWriter, status int, body any) {
	b, err := json.Marshal(body)
	if err != nil {
		http.Error(w, "answer could not be encoded", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the caller has gone: nobody to tell
}

// Addr is the address that is listened on.
func (s *Server) Addr() string { return s.listener.Addr().String() }

// Drain makes /readyz say that the process is stopping, before anything stops.
func (s *Server) Drain() { s.stopping.Store(true) }

// Close gives the address back where Run was never called.
func (s *Server) Close() error { return s.listener.Close() }

// Run serves until ctx ends, then lets calls in hand finish for up to 5 s.
func (s *Server) Run(ctx context.Context) error {
	served := make(chan error, 1)
	go func() { served <- s.http.Serve(s.listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve operators: %w", err)
	case <-ctx.Done():
	}
	s.Drain()
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer cancel()
	err := s.http.Shutdown(limit)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	if ended := <-served; !errors.Is(ended, http.ErrServerClosed) {
		err = errors.Join(err, ended)
	}
	return err
}
