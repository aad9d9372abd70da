package desk

import (
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
	"permithub/internal/fault"
	"permithub/schemas"
)

// Ports are what the desk stands on; all are required.
type Ports struct {
	// Publish returns once every record is acknowledged by Kafka. Repeating it is safe.
	Publish func(ctx context.Context, records ...schemas.Record) error
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
	slots    chan struct{}
	metrics  *metrics
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
	s := &Service{cfg: cfg.filled(), ports: ports, log: log, metrics: newMetrics(reg)}
	for _, o := range s.cfg.Officers {
		k := known{o, sha256.Sum256([]byte(o.Token))}
		k.Token = ""
		s.officers = append(s.officers, k)
	}
	s.cfg.Officers = nil // the tokens stay with whoever configured them
	s.slots = make(chan struct{}, s.cfg.MaxConcurrent)
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

// publish returns once Kafka has acknowledged the act.
func (s *Service) publish(ctx context.Context, in *schemas.Input) error {
	rec, err := in.Record()
	if err != nil {
		return fmt.Errorf("publish %s: %w", in.InputID, err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.cfg.PublishTimeout)
	defer cancel()
	failpoint.Here(failpoint.A1)
	if err := s.ports.Publish(ctx, rec); err != nil {
		return fmt.Errorf("publish %s: %w", in.InputID, fault.Outage("case_input", err))
	}
	return nil
}
