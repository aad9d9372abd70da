package overdue

import (
	"fmt"
	"strconv"
	"time"

	"permithub/internal/deadline"
	"permithub/schemas"
)

const source = "overdue"

// input returns what is put on case-input for a deadline found at now. Id and body hash name the deadline only: finding it
// again, at another instant, is a repeat and no conflict.
func input(e deadline.Entry, now time.Time) (*schemas.Input, error) {
	dossier, err := schemas.DossierOf(e.ApplicationNo)
	if err != nil {
		return nil, fmt.Errorf("deadline of clock %s: %w", e.Clock, err)
	}
	due := schemas.At(e.Due)
	what := e.ApplicationNo + "|" + e.Clock + "|" + strconv.Itoa(e.Rung) + "|" + due.String()
	return &schemas.Input{
		InputID:       schemas.InputID(source, what, schemas.InputDeadlineReached),
		Kind:          schemas.InputDeadlineReached,
		DossierID:     dossier,
		ApplicationNo: e.ApplicationNo,
		Source:        source,
		ReceivedAt:    schemas.At(now),
		BodyHash:      schemas.BodyHash([]byte(what)),
		Deadline:      &schemas.DeadlineReached{Clock: e.Clock, Rung: e.Rung, DueAt: due, DetectedAt: schemas.At(now)},
	}, nil
}

func records(entries []deadline.Entry, now time.Time) ([]schemas.Record, error) {
	out := make([]schemas.Record, 0, len(entries))
	for _, e := range entries {
		in, err := input(e, now)
		if err != nil {
			return nil, err
		}
		r, err := in.Record()
		if err != nil {
			return nil, err
		}
		out = append(out, r)
	}
	return out, nil
}
