package main

import (
	"context"
	"errors"
	"log/slog"
	"testing"

	"permithub/internal/fault"
)

// Machines come up in any order: a hub that is there before Kafka waits. What waiting does not cure ends it.
func TestPatiently(t *testing.T) {
	outage, missing := fault.Outage("kafka", errors.New("no answer")), errors.New("3 topics are missing")
	for name, tc := range map[string]struct {
		answers []error
		asked   int
		want    error
	}{
		"Kafka is there":      {[]error{nil}, 1, nil},
		"Kafka comes":         {[]error{outage, outage, nil}, 3, nil},
		"topics are missing":  {[]error{missing, nil}, 1, missing},
		"comes, but without":  {[]error{outage, missing, nil}, 2, missing},
		"is told to end":      {[]error{outage, context.Canceled, nil}, 2, context.Canceled},
		"ends while it waits": {[]error{outage, outage, outage, outage, nil}, 4, outage},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			asked := 0
			err := patiently(ctx, slog.New(slog.DiscardHandler), func() error {
				asked++
				if asked == 4 {
					cancel()
				}
				return tc.answers[asked-1]
			})
			if asked != tc.asked || !errors.Is(err, tc.want) {
				t.Errorf("asked %d times, got %v; want %d times, %v", asked, err, tc.asked, tc.want)
			}
		})
	}
}
