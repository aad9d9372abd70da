package main

import (
	"context"
	"fmt"
)

// scale measures what grows with the number of persons: a partition's log, restoring it, and the memory of its files.
func (r *runner) scale(ctx context.Context) error {
	if r.kind != embeddedBroker {
		return nil
	}
	r.results.Note = "one partition, restored from its log by a process of its own; memory is the heap after a collection, for each person"
	for _, n := range r.Transitions {
		for _, files := range []string{openFiles, closedFiles} {
			if err := r.restoreOnce(ctx, n, files); err != nil {
				return fmt.Errorf("%d transitions, %s: %w", n, files, err)
			}
		}
	}
	return nil
}

// restoreOnce fills a log and restores it, without a snapshot.
func (r *runner) restoreOnce(ctx context.Context, n int, files string) error {
	return r.withLog(ctx, n, files, func(f *field, l *filled) error {
		s, err := f.restore(ctx, r, l, restoreOrder{})
		if err == nil {
			s.Round, s.What = 1, fmt.Sprintf("%d transitions, %s, %.0f B each in the log", n, files, l.size)
			r.keep(s)
		}
		return err
	})
}
