// Package notices keeps the calendar in force: loaded from the State Council's notices, and loaded again when they change.
//
// # Sources
//
// The notices built into the binary, and over them the files of one folder: a file there adds a year, or replaces the file of the same name.
//
// # Changes
//
// [Book.Watch] looks at the folder every few seconds and loads it again when a file came, went or changed, and at once when it is told to
// (SIGHUP). Whoever asks for the calendar after that gets the new one; who holds the old one finishes with it, since a calendar never changes.
//
// # Errors
//
// Files with a fault are reported, each fault with its file and day, once for each state of the folder; the calendar before stays in force.
package notices

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/calendar"
)

// Config says where the notices are.
type Config struct {
	// BuiltIn are the notices of the release. Required.
	BuiltIn fs.FS
	// Dir is the folder whose files stand over them; empty means none.
	Dir string
	// Every is how often the folder is looked at; zero means 2 seconds.
	Every time.Duration
}

const defaultEvery = 2 * time.Second

// Book is the calendar in force. It is safe for concurrent use.
type Book struct {
	cfg     Config
	log     *slog.Logger
	loads   *prometheus.CounterVec
	current atomic.Pointer[calendar.Calendar]

	mu   sync.Mutex // one load at a time
	seen string     // the folder as the last load found it
}

// Results of a load, as they stand in the metric.
const (
	resultChanged   = "changed"
	resultUnchanged = "unchanged"
	resultFaulty    = "faulty"
)

// Load reads the notices once: what commands need that do not stay.
func Load(cfg Config) (*calendar.Calendar, error) {
	if cfg.Dir == "" {
		return calendar.Load(cfg.BuiltIn)
	}
	return calendar.Load(cfg.BuiltIn, os.DirFS(cfg.Dir))
}

// Open loads the notices and registers the metric. At the start a fault is an error: there is no calendar to go on with. A nil reg keeps the
// metric to itself.
func Open(cfg Config, log *slog.Logger, reg prometheus.Registerer) (*Book, error) {
	if cfg.Every == 0 {
		cfg.Every = defaultEvery
	}
	b := &Book{cfg: cfg, log: log, loads: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "permithub_calendar_loads_total",
		Help: "Loads of the holiday notices after the start: changed (another calendar is in force), unchanged, faulty (the calendar before stays).",
	}, []string{"result"})}
	for _, r := range []string{resultChanged, resultUnchanged, resultFaulty} {
		b.loads.WithLabelValues(r)
	}
	b.seen = b.fingerprint()
	cal, err := Load(cfg)
	if err != nil {
		return nil, err
	}
	b.current.Store(cal)
	if reg != nil {
		if err := reg.Register(b.loads); err != nil {
			return nil, fmt.Errorf("register calendar metric: %w", err)
		}
	}
	return b, nil
}

// Current returns the calendar in force.
func (b *Book) Current() *calendar.Calendar { return b.current.Load() }

// Reload loads the notices again. On an error the calendar before stays in force.
func (b *Book) Reload(ctx context.Context) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.seen = b.fingerprint() // before the load: what changes meanwhile is loaded the next time
	before := b.Current()
	cal, err := Load(b.cfg)
	switch {
	case err != nil:
		b.loads.WithLabelValues(resultFaulty).Inc()
		b.log.ErrorContext(ctx, "calendar not loaded, the one before stays", "version", before.Version(), "error", err.Error())
		return err
	case cal.Version() == before.Version():
		b.loads.WithLabelValues(resultUnchanged).Inc()
	default:
		b.current.Store(cal)
		b.loads.WithLabelValues(resultChanged).Inc()
		b.log.InfoContext(ctx, "another calendar is in force", "version", cal.Version(), "before", before.Version(), "horizon", cal.Horizon().String())
	}
	return nil
}

// Watch loads the notices again whenever the folder changes or hangup delivers. It returns when ctx ends.
func (b *Book) Watch(ctx context.Context, hangup <-chan os.Signal) {
	tick := time.NewTicker(b.cfg.Every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-hangup:
			_ = b.Reload(ctx) // logged and counted there
		case <-tick.C:
			if b.changed() {
				_ = b.Reload(ctx)
			}
		}
	}
}

func (b *Book) changed() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.fingerprint() != b.seen
}

// fingerprint tells two states of the folder apart without reading its files. A folder that cannot be read has one of its own.
func (b *Book) fingerprint() string {
	if b.cfg.Dir == "" {
		return ""
	}
	entries, err := os.ReadDir(b.cfg.Dir)
	if err != nil {
		return err.Error()
	}
	var s strings.Builder
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), ".json") {
			continue
		}
		// A file may be a link, as Kubernetes mounts them: what counts is what it leads to.
		if info, err := os.Stat(b.cfg.Dir + string(os.PathSeparator) + e.Name()); err != nil {
			fmt.Fprintf(&s, "%s %v\n", e.Name(), err)
		} else {
			fmt.Fprintf(&s, "%s %d %d\n", e.Name(), info.Size(), info.ModTime().UnixNano())
		}
	}
	return s.String()
}
