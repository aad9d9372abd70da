package testcluster

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"

	"permithub/internal/localcluster"
)

const (
	startLimit = 5 * time.Minute // three JVMs on two cores that compile at the same time
	stopLimit  = 20 * time.Second
)

// Server is a cluster with an address where test processes of this machine ask for brokers to be killed and started.
type Server struct {
	kafka *localcluster.Kafka
	http  *http.Server
	url   string
	dir   string
	// hurt is set when a broker was killed and not all is as at the start yet.
	hurt atomic.Bool
	done chan struct{}
}

// Serve starts a cluster on free ports, with its data in a temporary folder, and waits until it is ready.
func Serve(ctx context.Context) (*Server, error) {
	ctx, cancel := context.WithTimeout(ctx, startLimit)
	defer cancel()
	sweep()
	dir, err := os.MkdirTemp("", fmt.Sprintf("%s%d-", dirPrefix, os.Getpid()))
	if err != nil {
		return nil, fmt.Errorf("make folder: %w", err)
	}
	s := &Server{dir: dir, done: make(chan struct{})}
	if err := s.start(ctx); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

func (s *Server) start(ctx context.Context) error {
	kafka, err := localcluster.NewKafka(ctx, localcluster.KafkaConfig{Dir: filepath.Join(s.dir, "kafka"), Secure: true})
	if err != nil {
		return err
	}
	s.kafka = kafka
	if err := kafka.Start(ctx); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen for tests: %w", err)
	}
	s.url = "http://" + listener.Addr().String()
	s.http = &http.Server{Handler: s.routes(), ReadHeaderTimeout: 10 * time.Second}
	go func() {
		defer close(s.done)
		if err := s.http.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("serve tests", "error", err)
		}
	}()
	return nil
}

// Stop ends the brokers and deletes their data.
func (s *Server) Stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), stopLimit)
	defer cancel()
	var errs []error
	if s.http != nil {
		errs = append(errs, s.http.Close())
		<-s.done
	}
	if s.kafka != nil {
		errs = append(errs, s.kafka.Stop(ctx, 0)) // the data goes, so nothing needs closing
	}
	return errors.Join(append(errs, os.RemoveAll(s.dir))...)
}

// Environ returns the variables that tell a test process about the cluster.
func (s *Server) Environ() []string { return s.place().environ() }

func (s *Server) place() place {
	secure, ca := s.kafka.Secure()
	return place{Brokers: s.kafka.Brokers(), Control: s.url, Lock: filepath.Join(s.dir, "lock"), Secure: secure, CA: ca}
}

func (s *Server) routes() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /nodes/{id}/kill", s.node(func(ctx context.Context, id int) error {
		s.hurt.Store(true)
		return s.kafka.KillNode(ctx, id)
	}))
	mux.HandleFunc("POST /nodes/{id}/start", s.node(s.kafka.StartNode))
	mux.HandleFunc("POST /ready", answer(s.kafka.WaitReady))
	mux.HandleFunc("POST /restore", answer(s.restore))
	return mux
}

// restore costs nothing while nothing is broken, so every test may ask.
func (s *Server) restore(ctx context.Context) error {
	if !s.hurt.Load() {
		return nil
	}
	if err := s.kafka.Restore(ctx); err != nil {
		return err
	}
	s.hurt.Store(false) // only a test that is alone sets it, and that one waits for this answer
	return nil
}

func (s *Server) node(do func(context.Context, int) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		answer(func(ctx context.Context) error {
			id, err := strconv.Atoi(r.PathValue("id"))
			if err != nil {
				return fmt.Errorf("no broker %q", r.PathValue("id"))
			}
			return do(ctx, id)
		})(w, r)
	}
}

func answer(do func(context.Context) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), startLimit)
		defer cancel()
		if err := do(ctx); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}
}

const dirPrefix = "permithub-testcluster-"

// sweep deletes the folders of test runs that were killed before they could. Best effort: it only saves disk space.
func sweep() {
	dirs, err := filepath.Glob(filepath.Join(os.TempDir(), dirPrefix+"*"))
	if err != nil {
		return
	}
	for _, dir := range dirs {
		var pid int
		_, err := fmt.Sscanf(filepath.Base(dir), dirPrefix+"%d-", &pid)
		if err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			_ = os.RemoveAll(dir)
		}
	}
}
