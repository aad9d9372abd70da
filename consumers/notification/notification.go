// Package notification tells applicants by SMS: completion, refusal, supplement list, receipt, revocation.
//
// # Delivery
//
// The default gateway has no client message id, so a call that may have happened must not be repeated. The step first asks the case for leave
// (an effect attempt on case-input); the transition that grants it names the run that may send. That run sends once. Whoever reads the grant of
// a run that is gone reports the notice as unknown: a receipt or a recorded decision settles it.
package notification

import (
	"context"
	"log/slog"
	"sync"

	"permithub/internal/bus"
	"permithub/internal/effect"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Gateway is the SMS gateway.
type Gateway interface {
	// Send hands one notice to the gateway and returns the gateway's number for it. An uncertain error means that it may have been sent.
	Send(ctx context.Context, phone string, sms schemas.SMS) (ref string, err error)
}

// Correlation remembers which notice a receipt will speak of.
type Correlation interface {
	// Expect notes, before the call, that a receipt for this phone may come even if the gateway's answer is lost.
	Expect(ctx context.Context, phone, effectID string) error
	// Sent notes the gateway's number after the call.
	Sent(ctx context.Context, ref, effectID string) error
}

// Step asks for leave and sends.
type Step struct {
	run     string
	gateway Gateway
	receipt Correlation
	ask     effect.Worker
	send    effect.Worker
	log     *slog.Logger

	mu           sync.Mutex
	sent, before map[sending]outcome // what this run has sent, and what it had sent when it last filled a generation
}

// sending names one order of one notice: an officer may order a refused notice again, under the same effect id.
type sending struct {
	effectID string
	seq      int64
}

// outcome is the last word on a sending; it is not known for sure that it was reported.
type outcome struct {
	result schemas.EffectResult
	err    error
}

// maxSent bounds what a run remembers of its sends, in two generations; a redelivery comes within seconds, this is hours of work.
const maxSent = 50_000

// New returns the step. Run names this process run: it must differ at every start. The worker gives name, publisher and clock.
func New(run string, g Gateway, c Correlation, w effect.Worker, log *slog.Logger) *Step {
	s := &Step{run: run, gateway: g, receipt: c, ask: w, send: w, log: log, sent: map[sending]outcome{}}
	s.ask.Kind = schemas.EffectNotify
	s.send.Kind, s.send.Call = schemas.EffectTransmit, s.transmit
	return s
}

// Handle asks for leave where a notice is due, and sends where leave was given to this run.
func (s *Step) Handle(ctx context.Context, rec bus.Record) error {
	if effect.Carries(rec, schemas.EffectNotify) {
		if err := s.askAll(ctx, rec); err != nil {
			return err
		}
	}
	return s.send.Handle(ctx, rec)
}

// Parked reports notices that the bus gave up on.
func (s *Step) Parked(ctx context.Context, rec bus.Record, code string) error {
	if err := s.ask.Parked(ctx, rec, code); err != nil {
		return err
	}
	return s.send.Parked(ctx, rec, code)
}

func (s *Step) askAll(ctx context.Context, rec bus.Record) error {
	t, err := schemas.DecodeTransition(rec.Value)
	if err != nil {
		return fault.Reject("undecodable", err)
	}
	for i := range t.Effects {
		if t.Effects[i].Kind == schemas.EffectNotify {
			if err := s.ask.Ask(ctx, t.Order(i), s.run); err != nil {
				return err
			}
		}
	}
	return nil
}

// transmit sends one notice, at most once in this run: whatever the gateway's word was, a redelivery gets the same, unless the gateway surely
// was not reached.
func (s *Step) transmit(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
	id := sending{o.Effect.EffectID, o.Seq}
	if o.Effect.Run != s.run {
		return schemas.EffectResult{}, fault.Unknown("run_gone", nil)
	}
	if was, done := s.remembered(id); done {
		return was.result, was.err
	}
	sms, err := Render(o)
	if err != nil {
		return schemas.EffectResult{}, err
	}
	phone := o.Person.ContactPhone.Number
	s.note(ctx, id, s.receipt.Expect(ctx, phone, id.effectID))
	now := s.call(ctx, phone, sms)
	failpoint.Here(failpoint.D5)
	if now.err != nil && fault.ClassOf(now.err) == fault.Unavailable {
		return schemas.EffectResult{}, now.err
	}
	s.remember(id, now)
	if now.err == nil {
		s.note(ctx, id, s.receipt.Sent(ctx, now.result.Ref, id.effectID))
	}
	return now.result, now.err
}

// note logs a correlation that could not be kept. It may cost a receipt; it never delays a notice, which is owed within a minute, nor repeats it.
func (s *Step) note(ctx context.Context, id sending, err error) {
	if err != nil {
		s.log.WarnContext(ctx, "receipt cannot be correlated", slog.String("effect_id", id.effectID), slog.String("code", fault.CodeOf(err)))
	}
}

func (s *Step) call(ctx context.Context, phone string, sms schemas.SMS) outcome {
	ref, err := s.gateway.Send(ctx, phone, sms)
	if err != nil {
		return outcome{err: uncertain(err)}
	}
	return outcome{result: schemas.EffectResult{Ref: ref, At: schemas.At(s.send.Now())}}
}

// uncertain treats an error that no class was given, or a cancelled call, as one that may have sent: only a far side that surely was not reached is tried again.
func uncertain(err error) error {
	switch fault.ClassOf(err) {
	case fault.Unmarked, fault.Stopped:
		return fault.Unknown("sms_unclear", err)
	}
	return err
}

func (s *Step) remembered(id sending) (outcome, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, generation := range []map[sending]outcome{s.sent, s.before} {
		if was, ok := generation[id]; ok {
			return was, true
		}
	}
	return outcome{}, false
}

func (s *Step) remember(id sending, o outcome) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sent) >= maxSent {
		s.before, s.sent = s.sent, map[sending]outcome{}
	}
	s.sent[id] = o
}
