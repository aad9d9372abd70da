package intake

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/casework"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/internal/gateway"
	"permithub/internal/reception"
	"permithub/internal/trace"
	"permithub/schemas"
)

// Cards remembers where each application stands. It is derived from the log: the intake takes it for a fast path only and goes on without it.
type Cards interface {
	// Find returns the card of an application, and false where there is none.
	Find(ctx context.Context, applicationNo string) (schemas.Card, bool, error)
	// Reserve takes a source's number for an application that is about to be put on case-input, and returns which application has it: this
	// one, or another person's that came first. Settled says that the other one was taken; else it may still be on its way, or have failed.
	Reserve(ctx context.Context, source, number, applicationNo string) (holder string, settled bool, err error)
	// Put writes the card of an application that was just put on case-input; it never overwrites what the log said.
	Put(ctx context.Context, card schemas.Card) error
}

// Ports are what the intake stands on; all are required.
type Ports struct {
	// Publish returns once every record is acknowledged by Kafka. Repeating it is safe.
	Publish func(ctx context.Context, records ...schemas.Record) error
	Cards   Cards
	// ReasonText returns a reason code in Chinese.
	ReasonText func(code string) string
	// Count explains the promise of an application day by day; nil where there is nothing to explain.
	Count func(card *schemas.Card) *casework.Count
	Now   func() time.Time
}

// ErrConflict says that a submission has the number of an earlier one and other content. The conflict is recorded.
var ErrConflict = errors.New("the same source application number with other content")

// Accepted is what is handed back for an application that Kafka has acknowledged.
type Accepted struct {
	ApplicationNo string       `json:"application_no" doc:"申请编号" example:"K3JQ7ZJ2M4XWA2B7Q"`
	ReceivedAt    schemas.Time `json:"received_at" doc:"收到时间；重复提交得到首次的时间"`
	Receipt       string       `json:"receipt" doc:"收件回执：带签名的凭据，可离线核验"`
	Repeated      bool         `json:"-"` // it was taken before
}

// Service is the intake. It is safe for concurrent use and starts no goroutine.
type Service struct {
	cfg      Config
	ports    Ports
	sources  map[string]*Source
	verifier gateway.Verifier
	flights  flights
	front    *reception.Reception
	metrics  *metrics
	log      *slog.Logger
}

// New returns an intake whose handler is [Service.Handler], or every fault of the configuration.
func New(cfg Config, ports Ports, log *slog.Logger, reg prometheus.Registerer) (*Service, error) {
	if err := cfg.Validate(); err != nil {
		return nil, fmt.Errorf("configure intake: %w", err)
	}
	s := &Service{cfg: cfg.filled(), ports: ports, sources: make(map[string]*Source), log: log}
	ring, err := s.cfg.keyring()
	if err != nil {
		return nil, fmt.Errorf("configure intake: %w", err)
	}
	names := make([]string, 0, len(s.cfg.Sources))
	for i := range s.cfg.Sources {
		src := &s.cfg.Sources[i]
		s.sources[src.Name] = src
		names = append(names, src.Name)
	}
	s.verifier = gateway.Verifier{Lookup: ring.Lookup, Window: s.cfg.ClockSkew, Now: ports.Now}
	s.metrics = newMetrics(reg, names)
	s.front = reception.New(reception.Config{
		Step: "intake", Limits: s.cfg.Limits, Operations: operations, Codes: Codes(), Unavailable: problemUnavailable, Publish: ports.Publish,
		Before: failpoint.I1, After: failpoint.I3, Count: func(_, source, result string) { s.metrics.requests.WithLabelValues(source, result).Inc() }, Now: ports.Now,
	}, log, reg)
	return s, nil
}

// Checks returns what the content of a body from source is compared with now; source must be configured.
func (s *Service) Checks(source string) (Checks, error) {
	src, ok := s.sources[source]
	if !ok {
		return Checks{}, fault.Rejectf("unknown_source", "source %s is not configured", source)
	}
	return s.checks(src), nil
}

func (s *Service) checks(src *Source) Checks {
	return Checks{Now: s.ports.Now(), Channel: src.Channel, MaterialSchemes: s.cfg.MaterialSchemes}
}

// Submit takes an application that [Checks] found faultless and returns once Kafka has acknowledged it; sources that are polled come in here, and
// so does the HTTP interface. Submitting again is safe and gives the first answer. The error is [ErrConflict] for another content under
// the same number, and unavailable while Kafka does not acknowledge. traceparent is passed on where it is well-formed.
func (s *Service) Submit(ctx context.Context, source string, a *Application, traceparent string) (Accepted, error) {
	src, ok := s.sources[source]
	if !ok {
		return Accepted{}, fault.Rejectf("unknown_source", "source %s is not configured", source)
	}
	in, err := a.input(src, s.cfg.RouteKey, s.ports.Now(), trace.WellFormed(traceparent))
	if err != nil {
		return Accepted{}, fmt.Errorf("submit: %w", err)
	}
	return s.submit(ctx, in)
}

func (s *Service) submit(ctx context.Context, in *schemas.Input) (Accepted, error) {
	for {
		g, leads := s.flights.join(in.ApplicationNo, in.BodyHash)
		if leads {
			return s.lead(ctx, g, in)
		}
		if err := g.wait(ctx); err != nil {
			return Accepted{}, fmt.Errorf("submit %s: %w", in.ApplicationNo, err)
		}
		same := g.hash == in.BodyHash
		switch {
		case g.err == nil && same:
			repeated := g.answer
			repeated.Repeated = true
			return repeated, nil
		case g.err == nil:
			return Accepted{}, s.conflict(ctx, in)
		case errors.Is(g.err, context.Canceled): // the leader's caller went away; this one is still here
		case same, fault.ClassOf(g.err) == fault.Unavailable: // asking Kafka again, one waiter after the other, would only queue them up
			return Accepted{}, g.err
		}
	}
}

func (s *Service) lead(ctx context.Context, g *flight, in *schemas.Input) (a Accepted, err error) {
	err = errors.New("submission ended early") // stays only where take panics: those who wait must not wait for ever
	defer func() { s.flights.land(in.ApplicationNo, g, a, err) }()
	a, err = s.take(ctx, in)
	return a, err
}

// take answers a repeat from the card, records a conflict, and publishes what is new. Where the store does not answer it is not asked again.
func (s *Service) take(ctx context.Context, in *schemas.Input) (Accepted, error) {
	number := in.Submission.SourceApplicationNo
	card, found, away := s.card(ctx, in.ApplicationNo)
	// The number holds only 20 bits of the source's number: another submission of the same person may share it, rarely. It is no repeat.
	if found && card.Source == in.Source && card.SourceApplicationNo == number {
		if card.BodyHash != in.BodyHash {
			return Accepted{}, s.conflict(ctx, in)
		}
		a := s.accepted(in, card.ReceivedAt)
		a.Repeated = true
		return a, nil
	}
	if away == nil {
		if err := s.reserve(ctx, in); err != nil {
			return Accepted{}, err
		}
	}
	if err := s.front.Publish(ctx, in); err != nil {
		return Accepted{}, err
	}
	failpoint.Here(failpoint.I2)
	if !found && away == nil {
		s.putCard(ctx, schemas.Card{ApplicationNo: in.ApplicationNo, Source: in.Source, SourceApplicationNo: number, BodyHash: in.BodyHash,
			ReceivedAt: in.ReceivedAt, Stage: schemas.StageSubmitted})
	}
	return s.accepted(in, in.ReceivedAt), nil
}

// reserve refuses a number under which another person's application came before: the number of an application holds the person, so
// neither card nor file of this one would show it. The other file records it. Where Redis does not answer, the application is taken.
func (s *Service) reserve(ctx context.Context, in *schemas.Input) error {
	holder, settled, err := s.holder(ctx, in)
	switch {
	case err != nil || holder == in.ApplicationNo:
		return nil
	case !settled:
		if _, found := s.findCard(ctx, holder); !found {
			return fault.Outage("number_reserved", fmt.Errorf("submit %s: application %s is being taken under the same number", in.ApplicationNo, holder))
		}
	}
	contradiction, err := contradictionOf(in, holder)
	if err != nil {
		return fmt.Errorf("submit %s: %w", in.ApplicationNo, err)
	}
	return s.conflict(ctx, contradiction)
}

// holder returns which application has the source's number.
func (s *Service) holder(ctx context.Context, in *schemas.Input) (no string, settled bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CardTimeout)
	defer cancel()
	no, settled, err = s.ports.Cards.Reserve(ctx, in.Source, in.Submission.SourceApplicationNo, in.ApplicationNo)
	if err != nil {
		s.metrics.cardErrors.WithLabelValues("reserve").Inc()
	}
	return no, settled, err
}

// conflict puts the contradiction on case-input, where the dossier records it, and says so once that is durable.
func (s *Service) conflict(ctx context.Context, in *schemas.Input) error {
	if err := s.front.Publish(ctx, in); err != nil {
		return err
	}
	return fmt.Errorf("submit %s: %w", in.ApplicationNo, ErrConflict)
}

func (s *Service) accepted(in *schemas.Input, at schemas.Time) Accepted {
	return Accepted{ApplicationNo: in.ApplicationNo, ReceivedAt: at, Receipt: s.cfg.ReceiptKey.Sign(Receipt{
		ApplicationNo: in.ApplicationNo, Source: in.Source, SourceApplicationNo: in.Submission.SourceApplicationNo,
		BodySHA256: in.BodyHash, ReceivedAt: at,
	})}
}

func (s *Service) findCard(ctx context.Context, no string) (schemas.Card, bool) {
	card, found, err := s.card(ctx, no)
	return card, found && err == nil
}

func (s *Service) card(ctx context.Context, no string) (schemas.Card, bool, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CardTimeout)
	defer cancel()
	card, found, err := s.ports.Cards.Find(ctx, no)
	if err != nil {
		s.metrics.cardErrors.WithLabelValues("find").Inc()
		return card, false, fmt.Errorf("find card %s: %w", no, err)
	}
	return card, found, nil
}

func (s *Service) putCard(ctx context.Context, card schemas.Card) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.CardTimeout)
	defer cancel()
	if err := s.ports.Cards.Put(ctx, card); err != nil {
		s.metrics.cardErrors.WithLabelValues("put").Inc()
	}
}
