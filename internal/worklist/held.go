package worklist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"permithub/schemas"
)

// HeldGroup is the cases that are held for one reason.
type HeldGroup struct {
	For   string // as a case has it
	Cases int
	Since time.Time // of the one that is held longest; zero where no record says
}

// HeldGroups returns the held cases of the townships by what holds them, the most first; no townships are all.
func (s *Store) HeldGroups(ctx context.Context, divisions []string) ([]HeldGroup, error) {
	query, args := `SELECT held_for, count(*), coalesce(min(nullif(since, 0)), 0) FROM open_case INDEXED BY by_urgency WHERE queue = ?`, []any{string(Held)}
	if len(divisions) > 0 {
		query += ` AND division IN (?` + strings.Repeat(`, ?`, len(divisions)-1) + `)`
		for _, d := range divisions {
			args = append(args, d)
		}
	}
	var out []HeldGroup
	err := s.each(ctx, query+` GROUP BY held_for ORDER BY count(*) DESC, held_for`, args, func(scan func(...any) error) error {
		var g HeldGroup
		var since int64
		err := scan(&g.For, &g.Cases, &since)
		if since != 0 {
			g.Since = time.UnixMilli(since).In(schemas.Shanghai)
		}
		out = append(out, g)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("group held cases: %w", err)
	}
	return out, nil
}
