// Package receipts brings the gateway's delivery receipts to the cases whose notices they speak of.
//
// # Delivery
//
// A receipt is taken once Kafka has acknowledged it; the same receipt again is the same input. A receipt that belongs to no notice we know
// of is counted and dropped: it can be of another sender behind the same gateway account.
package receipts

import (
	"context"
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/schemas"
)

// Receipt is one final word of a gateway on one notice.
type Receipt struct {
	// Refs are what the notice may be known under, the surest first.
	Refs      []string
	Delivered bool
	// Code is the gateway's own.
	Code string
	// At is when the gateway knew; zero means now.
	At time.Time
}

// Step takes receipts in.
type Step struct {
	source  string
	find    func(ctx context.Context, ref string) (effectID string, found bool, err error)
	publish func(ctx context.Context, recs ...schemas.Record) error
	now     func() time.Time
	total   *prometheus.CounterVec
}

// New returns the step and registers its metrics. Find tells which notice is known under a reference; publish returns once Kafka has
// acknowledged every record.
func New(source string, find func(context.Context, string) (string, bool, error), publish func(context.Context, ...schemas.Record) error, now func() time.Time, reg prometheus.Registerer) *Step {
	s := &Step{source: source, find: find, publish: publish, now: now, total: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "permithub_receipts_total", Help: "Delivery receipts of notices, by what became of them.",
	}, []string{"result"})}
	reg.MustRegister(s.total)
	for _, r := range []string{resultTaken, resultUnmatched, resultFailed} {
		s.total.WithLabelValues(r)
	}
	return s
}

// What became of a receipt.
const (
	resultTaken     = "taken"
	resultUnmatched = "unmatched"
	resultFailed    = "failed"
)

// Deliver takes one receipt. After an error the gateway must push it again.
func (s *Step) Deliver(ctx context.Context, r Receipt) error {
	result, err := s.deliver(ctx, r)
	s.total.WithLabelValues(result).Inc()
	return err
}

func (s *Step) deliver(ctx context.Context, r Receipt) (string, error) {
	effectID, err := s.match(ctx, r.Refs)
	if err != nil {
		return resultFailed, fmt.Errorf("receipt: %w", err)
	}
	dossier, err := schemas.DossierOf(schemas.ApplicationOf(effectID))
	if err != nil {
		return resultUnmatched, nil
	}
	if r.At.IsZero() {
		r.At = s.now()
	}
	in := schemas.Input{
		InputID: schemas.InputID(s.source, effectID+"|"+r.Code, schemas.InputSMSReceipt), Kind: schemas.InputSMSReceipt, DossierID: dossier,
		ApplicationNo: schemas.ApplicationOf(effectID), Source: s.source, ReceivedAt: schemas.At(s.now()), BodyHash: schemas.BodyHash([]byte(effectID + "|" + r.Code)),
		Receipt: &schemas.SMSReceipt{EffectID: effectID, Ref: r.Refs[0], Delivered: r.Delivered, Code: r.Code, At: schemas.At(r.At)},
	}
	rec, err := in.Record()
	if err != nil {
		return resultFailed, err
	}
	if err := s.publish(ctx, rec); err != nil {
		return resultFailed, fmt.Errorf("receipt of %s: %w", effectID, err)
	}
	return resultTaken, nil
}

// match returns the effect that the first known reference names, or "".
func (s *Step) match(ctx context.Context, refs []string) (string, error) {
	for _, ref := range refs {
		effectID, found, err := s.find(ctx, ref)
		if err != nil {
			return "", err
		}
		if found {
			return effectID, nil
		}
	}
	return "", nil
}
