package reception

import (
	"cmp"
	"errors"
	"time"
)

// Limits bound what one request may cost. The zero value of each stands for the step's own.
type Limits struct {
	// MaxBytes bounds a body.
	MaxBytes int64
	// BodyTimeout bounds the reading of a body. 0 is 10 s.
	BodyTimeout time.Duration
	// PublishTimeout bounds the wait for Kafka's acknowledgement; after it the answer is 503. 0 is 5 s.
	PublishTimeout time.Duration
	// CardTimeout bounds each look into the card store and each write to it. 0 is 1 s.
	CardTimeout time.Duration
	// MaxConcurrent bounds the requests at work; one more is answered 503.
	MaxConcurrent int
}

// Validate refuses a limit below zero.
func (l *Limits) Validate() error {
	if l.MaxBytes < 0 || l.BodyTimeout < 0 || l.PublishTimeout < 0 || l.CardTimeout < 0 || l.MaxConcurrent < 0 {
		return errors.New("limits: want none below zero")
	}
	return nil
}

// Or returns the limits with the step's size of a body and number of requests where they have none of their own.
func (l Limits) Or(maxBytes int64, maxConcurrent int) Limits {
	return Limits{
		MaxBytes: cmp.Or(l.MaxBytes, maxBytes), BodyTimeout: cmp.Or(l.BodyTimeout, 10*time.Second), PublishTimeout: cmp.Or(l.PublishTimeout, 5*time.Second),
		CardTimeout: cmp.Or(l.CardTimeout, time.Second), MaxConcurrent: cmp.Or(l.MaxConcurrent, maxConcurrent),
	}
}
