package bus

import (
	"context"
	"math/rand/v2"
	"time"
)

// backoff is a growing pause: Min after the first failure, doubled after each further one, at most Max, less up to a
// quarter by chance so that members do not march in step.
type backoff struct{ min, max time.Duration }

// networkBackoff fits answers that say "not now": a new leader takes from milliseconds to some seconds.
var networkBackoff = backoff{min: 20 * time.Millisecond, max: 2 * time.Second}

// after returns the pause after so many failures in a row, counted from 1.
func (b backoff) after(failures int) time.Duration {
	d := b.max
	if n := min(max(failures, 1)-1, 30); b.min<<n < b.max {
		d = b.min << n
	}
	return d - rand.N(d/4+1)
}

// sleep waits for d; it returns false as soon as ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return ctx.Err() == nil
	case <-ctx.Done():
		return false
	}
}
