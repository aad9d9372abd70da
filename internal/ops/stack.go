package ops

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"
)

// hangNotice is how long a part may take to stop before the log says that it is waited for.
const hangNotice = time.Second

// Stack holds what runs, in the order in which it was started, and stops it the other way round.
//
// Start downstream first: then the stack stops upstream first. Start and Push are for one goroutine, the one that sets up.
type Stack struct {
	log    *slog.Logger
	parts  []part
	ended  chan struct{} // closed when the first part ends before its time
	once   sync.Once
	reason error
}

type part struct {
	name string
	stop func(ctx context.Context) error
}

// NewStack returns an empty stack.
func NewStack(log *slog.Logger) *Stack {
	return &Stack{log: log, ended: make(chan struct{})}
}

// Push adds something that is stopped by a call. stop must return when its context ends; where it does not, Close goes on without it.
func (s *Stack) Push(name string, stop func(ctx context.Context) error) {
	s.parts = append(s.parts, part{name, stop})
}

// Start runs run in a goroutine of its own until Close ends its context. A run that returns earlier, with or without an error, is
// a reason to stop everything: see Ended.
func (s *Stack) Start(name string, run func(ctx context.Context) error) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		err := run(ctx)
		if ctx.Err() == nil {
			s.end(name, err)
		}
		done <- err
	}()
	s.Push(name, func(limit context.Context) error {
		cancel()
		select {
		case err := <-done:
			if errors.Is(err, context.Canceled) {
				return nil
			}
			return err
		case <-limit.Done():
			return limit.Err()
		}
	})
}

func (s *Stack) end(name string, err error) {
	s.once.Do(func() {
		if err == nil {
			err = errors.New("ended by itself")
		}
		s.reason = fmt.Errorf("%s: %w", name, err)
		close(s.ended)
	})
}

// Ended is closed when a started part ends before Close.
func (s *Stack) Ended() <-chan struct{} { return s.ended }

// Reason says which part ended first and why; valid once Ended is closed.
func (s *Stack) Reason() error {
	select {
	case <-s.ended:
		return s.reason
	default:
		return nil
	}
}

// Close stops everything, last in first out, under the deadline of ctx, and returns every fault with the name of its part. A part
// that hangs gets half of the time that is left, so that those below it have the other half to save what they hold. Close is called once.
func (s *Stack) Close(ctx context.Context) error {
	var faults []error
	for i := len(s.parts) - 1; i >= 0; i-- {
		p := s.parts[i]
		begun := time.Now()
		err := s.stop(ctx, p, i == 0)
		if err != nil {
			faults = append(faults, fmt.Errorf("stop %s: %w", p.name, err))
			s.log.Error("part did not stop cleanly", "part", p.name, "error", err, "took", time.Since(begun))
			continue
		}
		s.log.Debug("part stopped", "part", p.name, "took", time.Since(begun))
	}
	s.parts = nil
	return errors.Join(faults...)
}

func (s *Stack) stop(ctx context.Context, p part, last bool) error {
	ctx, cancel := share(ctx, last)
	defer cancel()
	done := make(chan error, 1)
	go func() { done <- p.stop(ctx) }()
	notice := time.NewTimer(hangNotice)
	defer notice.Stop()
	for {
		select {
		case err := <-done:
			return err
		case <-notice.C:
			s.log.Warn("part is still stopping", "part", p.name)
		case <-ctx.Done():
			return stopped(done, ctx.Err())
		}
	}
}

// stopped prefers the answer of a part that came back at the very deadline.
func stopped(done <-chan error, late error) error {
	t := time.NewTimer(10 * time.Millisecond)
	defer t.Stop()
	select {
	case err := <-done:
		return err
	case <-t.C:
		return fmt.Errorf("hangs: %w", late)
	}
}

func share(ctx context.Context, last bool) (context.Context, context.CancelFunc) {
	deadline, ok := ctx.Deadline()
	if !ok || last {
		return context.WithCancel(ctx)
	}
	return context.WithTimeout(ctx, time.Until(deadline)/2)
}
