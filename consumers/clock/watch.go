package clock

import (
	"context"
	"time"

	"permithub/internal/fault"
)

// Watch compares the index of the partitions that this process owns with what it knows, every Config.Every, and replays what
// was lost at once: no traffic is needed to find it. An outage is logged when it begins and when it ends. It returns when
// ctx ends.
func (s *Step) Watch(ctx context.Context) {
	timer := time.NewTimer(s.cfg.Every)
	defer timer.Stop()
	down := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		err := s.check(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil && !down:
			s.logger.ErrorContext(ctx, "deadline index cannot be confirmed", "code", fault.CodeOf(err), "error", err.Error())
		case err == nil && down:
			s.logger.InfoContext(ctx, "deadline index confirmed again")
		}
		down = err != nil
		timer.Reset(s.cfg.Every)
	}
}

// check looks at every partition and returns the first error: one partition that waits for people does not keep the others
// from being looked at.
func (s *Step) check(ctx context.Context) error {
	var first error
	for _, p := range s.partitions {
		if err := s.checkOne(ctx, p); err != nil && first == nil {
			first = err
		}
	}
	return first
}

func (s *Step) checkOne(ctx context.Context, p *partition) error {
	if !p.mu.TryLock() {
		return nil // a batch is being applied: that finds a lost mark by itself
	}
	defer p.mu.Unlock()
	if !p.owned {
		return nil
	}
	if p.known {
		mark, _, err := s.index.Mark(ctx, p.id)
		if err != nil {
			return err
		}
		if mark >= p.next { // further on: another process owned it for a moment
			p.next = mark
			s.confirm(p)
			return nil
		}
	}
	return s.catchUp(ctx, p)
}

// staleness is how long ago the index of the worst owned partition was last known to be whole.
func (s *Step) staleness() float64 {
	now := s.cfg.Now().UnixMilli()
	var worst int64
	for _, p := range s.partitions {
		if at := p.confirmed.Load(); at > 0 {
			worst = max(worst, now-at)
		}
	}
	return float64(worst) / 1000
}
