// Package effect carries out the intents of the case log at foreign systems and brings their answers back as inputs.
//
// # Delivery
//
// A worker reads the case log in key lanes. It may call a far side again with the same effect id after a crash: ports are idempotent by
// that id. The result goes to case-input before the record is acknowledged; the first result of an order wins.
//
// # Errors
//
// A permanent error is the far side's last word: it is reported as refused and the case is held. An uncertain one is reported as unknown.
// Everything else is the bus's to wait out, to retry and, in the end, to park; what it parks is reported as refused, so that the case is held
// and not forgotten.
package effect

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"permithub/internal/bus"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Worker carries out every effect of one kind.
type Worker struct {
	// Step is the name under which results are reported.
	Step string
	// Kind selects the effects.
	Kind schemas.EffectKind
	// Call carries one order out. It sets what the far side said; id and status are the worker's.
	Call func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error)
	// Publish returns once Kafka has acknowledged every record.
	Publish func(ctx context.Context, recs ...schemas.Record) error
	// Now dates the results that the far side does not date.
	Now func() time.Time
}

// Handle carries out the worker's effects of one transition, in order. It is safe to repeat.
func (w *Worker) Handle(ctx context.Context, rec bus.Record) error {
	if !Carries(rec, w.Kind) {
		return nil
	}
	t, err := schemas.DecodeTransition(rec.Value)
	if err != nil {
		return fault.Reject("undecodable", err)
	}
	for i := range t.Effects {
		if t.Effects[i].Kind != w.Kind {
			continue
		}
		o := t.Order(i)
		failpoint.Here(failpoint.D1)
		r, err := w.Call(ctx, o)
		if r, err = w.settle(r, err); err != nil {
			return fmt.Errorf("%s %s: %w", w.Step, o.Effect.EffectID, err)
		}
		failpoint.Here(failpoint.D2)
		if err := w.Report(ctx, o, r); err != nil {
			return err
		}
		failpoint.Here(failpoint.D3)
	}
	return nil
}

// Carries reports whether a transition holds an effect of the kind, by its header alone.
func Carries(rec bus.Record, kind schemas.EffectKind) bool {
	kinds := rec.Header(schemas.HeaderEffects)
	for kinds != "" {
		var k string
		if k, kinds, _ = strings.Cut(kinds, ","); k == string(kind) {
			return true
		}
	}
	return false
}

// settle turns a far side's last word into a result and leaves every other error to the bus.
func (w *Worker) settle(r schemas.EffectResult, err error) (schemas.EffectResult, error) {
	switch {
	case err == nil:
		r.Status = schemas.EffectDone
	case fault.ClassOf(err) == fault.Permanent:
		r = schemas.EffectResult{Status: schemas.EffectRefused, Code: fault.CodeOf(err)}
	case fault.ClassOf(err) == fault.Uncertain:
		r = schemas.EffectResult{Status: schemas.EffectUnknown, Code: fault.CodeOf(err)}
	default:
		return r, err
	}
	if r.At.IsZero() {
		r.At = schemas.At(w.Now())
	}
	return r, nil
}

// Report puts the result of an order on case-input.
func (w *Worker) Report(ctx context.Context, o schemas.Order, r schemas.EffectResult) error {
	r.EffectID = o.Effect.EffectID
	// The order's seq is part of the id: an effect that an officer orders again may be refused again.
	in := w.input(o, schemas.InputEffectResult, string(r.Status))
	in.Result = &r
	return w.publish(ctx, &in)
}

// input builds an input about an order. Its body hash is its id's: looking again at the far side may read differently, and the first word wins.
func (w *Worker) input(o schemas.Order, kind schemas.InputKind, word string) schemas.Input {
	id := schemas.InputID(w.Step, o.Effect.EffectID+"|"+strconv.FormatInt(o.Seq, 10)+"|"+word, kind)
	return schemas.Input{
		InputID: id, Kind: kind, DossierID: o.DossierID, ApplicationNo: o.ApplicationNo, Source: w.Step, ReceivedAt: schemas.At(w.Now()),
		BodyHash: schemas.BodyHash([]byte(id)), Traceparent: o.Input.Traceparent,
	}
}

func (w *Worker) publish(ctx context.Context, in *schemas.Input) error {
	rec, err := in.Record()
	if err != nil {
		return err
	}
	if err := w.Publish(ctx, rec); err != nil {
		return fmt.Errorf("%s: report %s: %w", w.Step, in.InputID, err)
	}
	return nil
}

// Ask puts a request for leave to make a call that cannot be repeated on case-input.
func (w *Worker) Ask(ctx context.Context, o schemas.Order, run string) error {
	in := w.input(o, schemas.InputEffectAttempt, run)
	in.Attempt = &schemas.EffectAttempt{EffectID: o.Effect.EffectID, Run: run}
	return w.publish(ctx, &in)
}

// Parked reports the effects of a transition that the bus gave up on as refused: the case is held until a person looks.
func (w *Worker) Parked(ctx context.Context, rec bus.Record, code string) error {
	t, err := schemas.DecodeTransition(rec.Value)
	if err != nil {
		return nil // undecodable bytes are of no case: the dead letter is all that can be said
	}
	for i := range t.Effects {
		if t.Effects[i].Kind != w.Kind {
			continue
		}
		if err := w.Report(ctx, t.Order(i), schemas.EffectResult{Status: schemas.EffectRefused, Code: "parked_" + code, At: schemas.At(w.Now())}); err != nil {
			return err
		}
	}
	return nil
}
