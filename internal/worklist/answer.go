package worklist

import (
	"context"
	"errors"
	"fmt"

	"permithub/schemas"
)

// Answer is what the log says to an officer's act.
type Answer struct {
	// Version is the seq of the file that the answer stands in.
	Version int64
	// Code says why the act was not taken; "" where it was.
	Code string
}

// answer is an answer with the act that it is to.
type answer struct {
	Answer
	inputID string
}

// answerOf returns what a transition says to the act that it answers; nil where it answers something else.
func answerOf(t *schemas.Transition) *answer {
	if t.Input.Kind != schemas.InputOfficerAction {
		return nil
	}
	a := &answer{Answer{Version: t.Seq}, t.Input.InputID}
	for i := range t.Events {
		if e := &t.Events[i]; e.Type == schemas.EvRejected || e.Type == schemas.EvConflict {
			a.Code = e.Code
		}
	}
	return a
}

// Answer returns what the log says to the act with that input id on a file; false where it has not said anything yet. An id counts within its file: an
// officer's client may use one id for two cases. Where two different acts on one file came under it, it is the last word.
func (s *Store) Answer(ctx context.Context, dossier, inputID string) (a Answer, known bool, err error) {
	err = s.each(ctx, `SELECT version, code FROM answer WHERE dossier = ? AND input = ?`, []any{dossier, inputID}, func(scan func(...any) error) error {
		known = true
		return scan(&a.Version, &a.Code)
	})
	if err != nil {
		return Answer{}, false, fmt.Errorf("find answer to %s: %w", inputID, err)
	}
	return a, known, nil
}

// Await returns what the log says to an act on a file as soon as it says so; false where ctx ends before. It may be called before or after
// the act is published.
func (s *Store) Await(ctx context.Context, dossier, inputID string) (Answer, bool, error) {
	changed, stop := s.Watch(dossier) // before the first look: what comes in between is told
	defer stop()
	for {
		a, known, err := s.Answer(ctx, dossier, inputID)
		switch {
		case known:
			return a, true, nil
		case err != nil && ctx.Err() != nil && errors.Is(err, context.Cause(ctx)):
			return Answer{}, false, nil
		case err != nil:
			return Answer{}, false, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return Answer{}, false, nil
		}
	}
}
