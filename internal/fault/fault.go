// Package fault is the closed set of error classes that decide what happens next.
//
// # Classes
//
// A permanent error parks the record at once: trying again cannot help. An unavailable error pauses the step until the
// far side is back: the record is not at fault. An error without a class is tried a few times, then goes to the retry
// tiers, then to the dead letters.
//
// Every classed error carries a stable code for metrics, dead letters and people; never a citizen's data.
package fault

import (
	"context"
	"errors"
	"fmt"
)

// Class says what the caller does next.
type Class int

const (
	// Unmarked errors are tried a few times, then retried later, then parked.
	Unmarked Class = iota
	// Permanent errors park the record at once.
	Permanent
	// Unavailable errors pause the step; the record is delivered again.
	Unavailable
	// Uncertain errors come from a call that may have happened and that the far side cannot recognise as a repeat.
	Uncertain
	// Stopped errors come from shutdown or revocation: nothing is at fault, nothing is counted.
	Stopped
)

// String returns the class as it stands in metrics and dead letters.
func (c Class) String() string {
	return [...]string{"unmarked", "permanent", "unavailable", "uncertain", "stopped"}[c]
}

type classed struct {
	class Class
	code  string
	err   error
}

func (e *classed) Error() string {
	if e.err == nil {
		return e.code
	}
	return e.code + ": " + e.err.Error()
}

func (e *classed) Unwrap() error { return e.err }

// Reject marks err as permanent under a stable code; err may be nil.
func Reject(code string, err error) error { return &classed{Permanent, code, err} }

// Rejectf is Reject with a formatted reason. The reason carries ids and codes only.
func Rejectf(code, format string, args ...any) error {
	return &classed{Permanent, code, fmt.Errorf(format, args...)}
}

// Outage marks err as unavailable under a stable code, usually the foreign system's name; err may be nil.
func Outage(code string, err error) error { return &classed{Unavailable, code, err} }

// Unknown marks err as uncertain under a stable code: the call may have happened; err may be nil.
func Unknown(code string, err error) error { return &classed{Uncertain, code, err} }

// ClassOf returns the class of err. Cancellation is Stopped, whatever wraps it, unless a class was given below it.
func ClassOf(err error) Class {
	var c *classed
	switch {
	case errors.As(err, &c):
		return c.class
	case errors.Is(err, context.Canceled):
		return Stopped
	}
	return Unmarked
}

// CodeOf returns the stable code of err, or "unmarked" where none was given.
func CodeOf(err error) string {
	var c *classed
	if errors.As(err, &c) {
		return c.code
	}
	return "unmarked"
}
