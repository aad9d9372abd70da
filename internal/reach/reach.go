// Package reach asks several far sides at once whether they can be reached, and says of each how it went.
//
// # Limits
//
// A probe must return when its context ends. One that does not is reported as unanswered and left behind.
package reach

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Check is one far side and how to ask it.
type Check struct {
	// Name says which, e.g. "kafka".
	Name string
	// Probe returns nil where the far side works. Its error carries ids and codes only.
	Probe func(ctx context.Context) error
}

// Result is what one check found.
type Result struct {
	Name string
	// Took is how long the answer took.
	Took time.Duration
	// Err is nil where the far side works.
	Err error
}

var errUnanswered = errors.New("no answer in time")

// Run asks all of checks at the same time and returns when each has answered or the limit is over, in the order given.
func Run(ctx context.Context, limit time.Duration, checks []Check) []Result {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answers := make([]chan Result, len(checks))
	for i, c := range checks {
		answers[i] = make(chan Result, 1)
		go func() {
			begun := time.Now()
			err := c.Probe(ctx)
			answers[i] <- Result{c.Name, time.Since(begun), err}
		}()
	}
	results := make([]Result, len(checks))
	begun := time.Now()
	for i, c := range checks {
		select {
		case results[i] = <-answers[i]:
		case <-ctx.Done():
			results[i] = late(answers[i], Result{c.Name, time.Since(begun), errUnanswered})
		}
	}
	return results
}

// grace lets a probe that ends with its context say what it was waiting for.
const grace = 100 * time.Millisecond

func late(answer <-chan Result, unanswered Result) Result {
	t := time.NewTimer(grace)
	defer t.Stop()
	select {
	case r := <-answer:
		return r
	case <-t.C:
		return unanswered
	}
}

// Fault returns every result's fault at once, each with its name; nil where all work.
func Fault(results []Result) error {
	var faults []error
	for _, r := range results {
		if r.Err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", r.Name, r.Err))
		}
	}
	return errors.Join(faults...)
}

// Print writes one line for each result: ✓ or ✗, the name, the time, the reason.
func Print(w io.Writer, results []Result) error {
	width := 0
	for _, r := range results {
		width = max(width, len(r.Name))
	}
	for _, r := range results {
		sign, reason := "✓", ""
		if r.Err != nil {
			sign, reason = "✗", "  "+oneLine(r.Err)
		}
		if _, err := fmt.Fprintf(w, "%s %-*s %8s%s\n", sign, width, r.Name, r.Took.Round(time.Millisecond), reason); err != nil {
			return err
		}
	}
	return nil
}

// oneLine keeps joined faults on the line of their check.
func oneLine(err error) string {
	b := []byte(err.Error())
	for i := range b {
		if b[i] == '\n' {
			b[i] = ';'
		}
	}
	return string(b)
}
