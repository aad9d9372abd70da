package bus

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"permithub/schemas"
)

// Headers of a record in a retry tier: whose it is, when it is due, what it went through and where it came from.
const (
	headerRetryStep       = "ph-retry-step"
	headerRetryNotBefore  = "ph-retry-not-before" // milliseconds since 1970
	headerRetryAttempts   = "ph-retry-attempts"   // so far, in the topic and all tiers
	headerRetryCode       = "ph-retry-code"       // of the last error
	headerOriginTopic     = "ph-origin-topic"
	headerOriginPartition = "ph-origin-partition"
	headerOriginOffset    = "ph-origin-offset"
	headerOriginTime      = "ph-origin-time" // milliseconds since 1970
)

var retryHeaders = []string{headerRetryStep, headerRetryNotBefore, headerRetryAttempts, headerRetryCode,
	headerOriginTopic, headerOriginPartition, headerOriginOffset, headerOriginTime}

// retried is what a record out of a retry tier brings with it.
type retried struct {
	// tier is the short name of the topic it waited in.
	tier string
	// attempts it has been through before.
	attempts int
	// malformed says why the headers cannot be read; the record is then its own origin.
	malformed error
}

// unwrap gives the record of a retry tier its origin back, where it belongs to the step, and says when it is due.
func unwrap(step string, d *delivery) (mine bool, due time.Time) {
	if d.record.Header(headerRetryStep) != step {
		return false, time.Time{}
	}
	d.retried = &retried{tier: d.record.Topic}
	origin, attempts, due, err := readRetry(d.record)
	if err != nil {
		d.retried.malformed = err
		return true, time.Time{}
	}
	d.retried.attempts, d.record = attempts, &origin
	return true, due
}

// readRetry reads the headers that [wrap] wrote. Those bytes may come from anywhere.
func readRetry(r *Record) (origin Record, attempts int, due time.Time, err error) {
	number := func(header string, bits int) int64 {
		n, e := strconv.ParseInt(r.Header(header), 10, bits)
		if (e != nil || n < 0) && err == nil {
			err = fmt.Errorf("header %s: not a count", header)
		}
		return n
	}
	origin = Record{Record: r.Record, Partition: int32(number(headerOriginPartition, 32)), Offset: number(headerOriginOffset, 64),
		Time: time.UnixMilli(number(headerOriginTime, 64))}
	attempts = int(number(headerRetryAttempts, 31))
	due = time.UnixMilli(number(headerRetryNotBefore, 64))
	if origin.Topic = r.Header(headerOriginTopic); origin.Topic == "" && err == nil {
		err = fmt.Errorf("header %s: missing", headerOriginTopic)
	}
	origin.Headers = withoutRetry(r.Headers)
	return origin, attempts, due, err
}

// wrap makes the record that waits in a tier.
func wrap(step string, t Tier, r *Record, attempts int, code string, now time.Time) schemas.Record {
	count := func(n int64) string { return strconv.FormatInt(n, 10) }
	return schemas.Record{Topic: t.Topic, Key: r.Key, Value: r.Value, Headers: append(withoutRetry(r.Headers),
		schemas.Header{Key: headerRetryStep, Value: step},
		schemas.Header{Key: headerRetryNotBefore, Value: count(now.Add(t.Delay).UnixMilli())},
		schemas.Header{Key: headerRetryAttempts, Value: count(int64(attempts))},
		schemas.Header{Key: headerRetryCode, Value: code},
		schemas.Header{Key: headerOriginTopic, Value: r.Topic},
		schemas.Header{Key: headerOriginPartition, Value: count(int64(r.Partition))},
		schemas.Header{Key: headerOriginOffset, Value: count(r.Offset)},
		schemas.Header{Key: headerOriginTime, Value: count(r.Time.UnixMilli())},
	)}
}

func withoutRetry(headers []schemas.Header) []schemas.Header {
	return slices.DeleteFunc(slices.Clone(headers), func(h schemas.Header) bool {
		return strings.HasPrefix(h.Key, "ph-") && slices.Contains(retryHeaders, h.Key)
	})
}

// nextTier returns where a record waits after it failed in the tier of this name, or in its topic for "".
func nextTier(tiers []Tier, current string) (Tier, bool) {
	next := 1 + slices.IndexFunc(tiers, func(t Tier) bool { return t.Topic == current })
	if next >= len(tiers) {
		return Tier{}, false
	}
	return tiers[next], true
}

// retryLater moves the record to the tier. When it returns nil the record is durable there; a permanent error means that
// it does not fit there with its headers.
func (c *Client) retryLater(ctx context.Context, step string, t Tier, r *Record, attempts int, code string) error {
	if err := c.Publisher().Produce(ctx, wrap(step, t, r, attempts, code, time.Now())); err != nil {
		return fmt.Errorf("move %s/%d@%d to %s: %w", r.Topic, r.Partition, r.Offset, t.Topic, err)
	}
	c.metrics.retries.WithLabelValues(step, t.Topic).Inc()
	return nil
}
