package desk

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/casework"
	"permithub/internal/failpoint"
	"permithub/internal/reception"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/schemas"
)

// Ports are what the desk stands on; all are required.
type Ports struct {
	// Publish returns once every record is acknowledged by Kafka. Repeating it is safe.
	Publish func(ctx context.Context, records ...schemas.Record) error
	// Await returns what the log says to the act with that input id as soon as it says so; false where ctx ends before.
	Await func(ctx context.Context, dossierID, inputID string) (worklist.Answer, bool, error)
	// Since lists what happened to a case after a version of its file; acts that were not taken are not among it.
	Since func(ctx context.Context, applicationNo string, version int64) ([]timeline.Happening, error)
	// FindCard returns the card of a case, and false where there is none.
	FindCard func(ctx context.Context, applicationNo string) (schemas.Card, bool, error)
	// ReasonText returns a reason code in Chinese, and the code itself where it is not one of the rules'.
	ReasonText func(code string) string
	// Count explains the promise of a case day by day; nil where there is nothing to explain.
	Count func(card *schemas.Card) *casework.Count
	Now   func() time.Time
}

// Service is the desk. It is safe for concurrent use and starts no goroutine.
type Service struct {
	cfg      Config
	ports    Ports
	officers []known
	front    *reception.Reception
	requests *prometheus.CounterVec
	log      *slog.Logger
}

// known is an officer with the hash of the token, so that tokens of every length compare in the same time.
type known struct {
	Officer
	hash [sha256.Size]byte
}

// New returns a desk whose handler is [Service.Handler], or every fault of the configuration.
func New(cfg Config, ports Ports, log *slog.Logger, reg prometheus.Registerer) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure desk: %w", err)
	}
	cfg.Limits, cfg.AnswerTimeout = cfg.Or(64<<10, 256), cmp.Or(cfg.AnswerTimeout, 2*time.Second)
	s := &Service{cfg: cfg, ports: ports, log: log, requests: newRequests(reg)}
	s.front = reception.New(reception.Config{
		Step: "desk", Limits: cfg.Limits, Operations: []string{opAct, opShow}, Codes: Codes(), Unavailable: problemUnavailable, Publish: ports.Publish, Before: failpoint.A1,
		Count: func(op, _, result string) { s.requests.WithLabelValues(op, result).Inc() }, Now: ports.Now,
	}, log, reg)
	for _, o := range s.cfg.Officers {
		k := known{o, sha256.Sum256([]byte(o.Token))}
		k.Token = ""
		s.officers = append(s.officers, k)
	}
	s.cfg.Officers = nil // the tokens stay with whoever configured them
	return s, nil
}

// Authenticate returns the officer whose bearer token r carries. Every token is compared, in constant time, so that the time tells nothing.
func (s *Service) Authenticate(r *http.Request) (*Officer, bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") || token == "" || len(r.Header.Values("Authorization")) != 1 {
		return nil, false
	}
	hash := sha256.Sum256([]byte(token))
	var found *Officer
	for i := range s.officers {
		if subtle.ConstantTimeCompare(hash[:], s.officers[i].hash[:]) == 1 {
			found = &s.officers[i].Officer
		}
	}
	return found, found != nil
}

func (s *Service) knownReason(code string) bool { return s.ports.ReasonText(code) != code }
