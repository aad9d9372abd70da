package clock

import (
	"context"
	"errors"
	"fmt"

	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
)

// errMarkLost ends a replay whose mark went back under it.
var errMarkLost = errors.New("the mark went back during a replay")

// catchUp brings a partition's index from its mark to the end of the log, from nothing where there is no mark. p.mu is held.
func (s *Step) catchUp(ctx context.Context, p *partition) error {
	for range maxTurns {
		err := s.replay(ctx, p)
		if err == nil {
			s.confirm(p)
			return nil
		}
		p.known = false
		if !errors.Is(err, errMarkLost) {
			return fmt.Errorf("replay case-log/%d: %w", p.id, err)
		}
	}
	return fault.Outage("redis", fmt.Errorf("replay case-log/%d: %w", p.id, errMarkLost))
}

func (s *Step) replay(ctx context.Context, p *partition) error {
	mark, _, err := s.index.Mark(ctx, p.id)
	if err != nil {
		return err
	}
	if mark < p.next {
		s.metrics.replays.Inc()
		s.logger.WarnContext(ctx, "deadline index lost, replaying", "partition", p.id, "mark", mark, "position", p.next)
		failpoint.Here(failpoint.R2)
	}
	p.next = mark
	end, err := s.readOn(ctx, p)
	if errors.Is(err, bus.ErrOutOfRange) && mark > 0 {
		// The mark lies beyond the end: the index is of another log, or the log lost its end.
		s.metrics.replays.Inc()
		s.logger.ErrorContext(ctx, "deadline index is ahead of the log, rebuilding", "partition", p.id, "mark", mark, "end", end)
		if err := s.index.Reset(ctx, p.id); err != nil {
			return err
		}
		p.next = 0
		end, err = s.readOn(ctx, p)
	}
	if err != nil {
		return err
	}
	p.known = true
	if end > p.next { // void records at the end: nothing valid lies between
		return s.moveOn(ctx, p, deadline.Projection{Partition: p.id, From: p.next, Next: end})
	}
	return nil
}

// readOn applies the log from p.next to its end, chunk by chunk. Where another process is faster, what it has applied is
// read over.
func (s *Step) readOn(ctx context.Context, p *partition) (int64, error) {
	chunk := make([]bus.Record, 0, s.cfg.Chunk)
	flush := func() error {
		defer func() { chunk = chunk[:0] }()
		for todo := chunk; len(todo) > 0; todo = after(todo, p.next) {
			if err := s.apply(ctx, p, todo); err != nil {
				return err
			}
			if !p.known {
				return errMarkLost
			}
		}
		return nil
	}
	end, err := s.log.Read(ctx, p.id, p.next, func(r bus.Record) error {
		if r.Offset < p.next {
			return nil
		}
		if chunk = append(chunk, r); len(chunk) < s.cfg.Chunk {
			return nil
		}
		return flush()
	})
	if err != nil {
		return end, err
	}
	return end, flush()
}

// moveOn is move for a replay.
func (s *Step) moveOn(ctx context.Context, p *partition, projection deadline.Projection) error {
	if err := s.move(ctx, p, projection); err != nil {
		return err
	}
	if !p.known {
		return errMarkLost
	}
	return nil
}
