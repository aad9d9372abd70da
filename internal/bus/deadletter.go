package bus

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// DeadLetter writes the record to the dead letters, with why and where it stood, and returns when it is durable there. The
// id derives from the step, the record's position and how often it was replayed, so that writing it twice is one entry. A value that is too large for a
// second record is left out: it stands where the letter says. It serves steps that find a record undecodable inside a batch;
// [Runner.Lanes] does it by itself.
func (c *Client) DeadLetter(ctx context.Context, step string, rec Record, err error, attempts int) error {
	class := fault.ClassOf(err)
	letter := schemas.DeadLetter{
		DeadLetterID: letterID(step, &rec),
		Topic:        rec.Topic, Partition: rec.Partition, Offset: rec.Offset, Key: rec.Key,
		Step: step, Class: class.String(), Code: fault.CodeOf(err), Reason: reasonOf(err), Attempts: attempts,
		At: schemas.At(time.Now()), Headers: rec.Headers, Value: rec.Value,
	}
	e := c.writeDeadLetter(ctx, &letter)
	if fault.ClassOf(e) == fault.Permanent { // the encoding makes it a third larger
		letter.Value = nil
		e = c.writeDeadLetter(ctx, &letter)
	}
	if e != nil {
		return fmt.Errorf("dead-letter %s/%d@%d: %w", rec.Topic, rec.Partition, rec.Offset, e)
	}
	failpoint.Here(failpoint.Q1)
	c.metrics.deadLetters.WithLabelValues(step, class.String()).Inc()
	return nil
}

func letterID(step string, rec *Record) string {
	id := fmt.Sprintf("%s-%s-%d-%d", step, rec.Topic, rec.Partition, rec.Offset)
	if n := rec.Header(schemas.HeaderReplays); n != "" {
		id += "-r" + n // a replayed record that ends here again is another letter: the one before was dealt with
	}
	return id
}

// Redelivery returns the record that hands rec to the step once more, and to no other step, by way of the first retry tier: rec keeps its key,
// its value and where it came from, and starts with no attempts.
func Redelivery(step string, rec *Record, now time.Time) schemas.Record {
	return wrap(step, Tier{Topic: retryTiers[0].Topic}, rec, 0, "replayed", now)
}

func (c *Client) writeDeadLetter(ctx context.Context, letter *schemas.DeadLetter) error {
	out, err := letter.Record()
	if err != nil {
		return err
	}
	return c.Publisher().Produce(ctx, out)
}

// maxReason keeps a chain of wrapped errors readable.
const maxReason = 500

func reasonOf(err error) string {
	s := strings.ToValidUTF8(err.Error(), "?")
	if len(s) <= maxReason {
		return s
	}
	s = s[:maxReason]
	for !utf8.ValidString(s) {
		s = s[:len(s)-1]
	}
	return s + "…"
}
