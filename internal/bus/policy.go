package bus

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"runtime/debug"

	"github.com/ThreeDotsLabs/watermill/message"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
)

// policy decides what an error of a step's handler means. A nil verdict acknowledges the message; an error has it handed
// over again, after a pause that its class decides.
type policy struct {
	client *Client
	step   Step
	log    *slog.Logger
}

// middleware is the outermost: the handler's error passes through it last.
func (p *policy) middleware(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) ([]*message.Message, error) {
		d := deliveryOf(m)
		_, err := next(m)
		if d.record == nil {
			err = p.batch(d, err)
		} else {
			err = p.record(m.Context(), d, err)
		}
		d.failure = err
		return nil, err
	}
}

// batch: whatever fails, all of it comes again.
func (p *policy) batch(d *delivery, err error) error {
	switch fault.ClassOf(err) {
	case fault.Stopped:
		return err
	case fault.Unavailable: // the gate reports it
		p.count(resultRedelivered, len(d.batch.Records))
	default:
		if err == nil {
			p.count(resultDone, len(d.batch.Records))
			return nil
		}
		p.count(resultRedelivered, len(d.batch.Records))
		p.log.Error("batch failed", "topic", d.batch.Topic, "partition", d.batch.Partition, "offset", d.batch.Records[0].Offset,
			"records", len(d.batch.Records), "attempt", d.attempt, "code", fault.CodeOf(err), "error", err)
	}
	return err
}

func (p *policy) record(ctx context.Context, d *delivery, err error) error {
	switch fault.ClassOf(err) {
	case fault.Stopped:
		return err
	case fault.Unavailable:
		p.count(resultRedelivered, 1)
		return err
	case fault.Permanent, fault.Uncertain:
		return p.deadLetter(ctx, d, err)
	}
	if err == nil {
		p.count(resultDone, 1)
		return nil
	}
	if d.attempt < p.step.Retry.Tries {
		p.count(resultRedelivered, 1)
		p.log.Warn("record failed", append(position(d), "code", fault.CodeOf(err), "error", err)...)
		return err
	}
	return p.moveOn(ctx, d, err)
}

// moveOn sends a record that used up its tries to the next tier, or to the dead letters after the last.
func (p *policy) moveOn(ctx context.Context, d *delivery, err error) error {
	current := ""
	if d.retried != nil {
		current = d.retried.tier
	}
	tier, ok := nextTier(p.step.Retry.Tiers, current)
	if !ok {
		return p.deadLetter(ctx, d, err)
	}
	switch e := p.client.retryLater(ctx, p.step.Name, tier, d.record, d.attempts(), fault.CodeOf(err)); {
	case fault.ClassOf(e) == fault.Permanent:
		return p.deadLetter(ctx, d, err)
	case e != nil:
		return e
	}
	failpoint.Here(failpoint.D4)
	p.count(resultRetried, 1)
	p.log.Warn("record waits", append(position(d), "tier", tier.Topic, "code", fault.CodeOf(err), "error", err)...)
	return nil
}

func (p *policy) deadLetter(ctx context.Context, d *delivery, err error) error {
	if e := p.client.DeadLetter(ctx, p.step.Name, *d.record, err, d.attempts()); e != nil {
		return e
	}
	p.log.Error("record dead-lettered", append(position(d), "class", fault.ClassOf(err), "code", fault.CodeOf(err), "error", err)...)
	if p.step.OnDeadLetter != nil {
		if e := p.onDeadLetter(ctx, *d.record, err); e != nil {
			return fmt.Errorf("report dead letter: %w", e)
		}
	}
	p.count(resultDeadLettered, 1)
	return nil
}

func (p *policy) onDeadLetter(ctx context.Context, rec Record, cause error) (err error) {
	defer recoverInto(p.log, &err)
	return p.step.OnDeadLetter(ctx, rec, cause)
}

func (p *policy) count(result string, records int) {
	p.client.metrics.records.WithLabelValues(p.step.Name, result).Add(float64(records))
}

// attempts counts the tries in the topic and in all tiers.
func (d *delivery) attempts() int {
	if d.retried != nil {
		return d.retried.attempts + d.attempt
	}
	return d.attempt
}

func position(d *delivery) []any {
	return []any{"topic", d.record.Topic, "partition", d.record.Partition, "offset", d.record.Offset, "attempt", d.attempts()}
}

// recoverPanics makes a panic an error without a class.
func (p *policy) recoverPanics(next message.HandlerFunc) message.HandlerFunc {
	return func(m *message.Message) (out []*message.Message, err error) {
		defer recoverInto(p.log, &err)
		return next(m)
	}
}

// recoverInto is deferred. The value of a panic may quote a field, so only a runtime error is told in words.
func recoverInto(log *slog.Logger, err *error) {
	v := recover()
	if v == nil {
		return
	}
	if e, ok := v.(runtime.Error); ok {
		*err = fmt.Errorf("panic: %w", e)
	} else {
		*err = fmt.Errorf("panic of type %T", v)
	}
	log.Error("panic", "error", *err, "stack", string(debug.Stack()))
}
