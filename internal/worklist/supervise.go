package worklist

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"permithub/internal/calendar"
	"permithub/internal/docket"
	"permithub/schemas"
)

// Standing is how many open cases of one township and stage have a promise (T1) that stands alike.
type Standing struct {
	Division string
	Stage    schemas.Stage
	Promise  docket.State  // "" where no promise runs
	Day      calendar.Date // the last on which it can be kept; zero where none runs
	Cases    int
}

// Tally counts them as the docket does, for the day after which tomorrow begins.
func (s *Standing) Tally(tomorrow time.Time) docket.Tally {
	return docket.TallyOf(s.Promise, s.Day.AddDays(1).Start(), tomorrow).Times(s.Cases)
}

// Running reports whether the promise can still be kept and does not stand still.
func (s *Standing) Running() bool {
	return s.Promise != "" && s.Promise != docket.Breached && s.Promise != docket.Paused
}

// Standings counts the open cases of the townships; none asks for all.
func (s *Store) Standings(ctx context.Context, divisions []string) ([]Standing, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT division, stage, promise, day, sum(cases) FROM tally WHERE ` + where + ` GROUP BY division, stage, promise, day`
	return list(ctx, s, "count open cases by deadline", query, args, func(scan func(...any) error, x *Standing) error {
		day := 0
		err := scan(&x.Division, &x.Stage, &x.Promise, &day, &x.Cases)
		x.Day = dayOf(day)
		return err
	})
}

// Acts is how many acts of one officer, or of a rule pack, cases took on one day.
type Acts struct {
	Officer string
	Day     calendar.Date
	Count   int
}

// Acts returns the acts since the day, of the last [KeptDays] at most.
func (s *Store) Acts(ctx context.Context, since calendar.Date, divisions []string) ([]Acts, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT officer, day, sum(acts) FROM act WHERE ` + where + ` AND day >= ? GROUP BY officer, day ORDER BY officer, day`
	return list(ctx, s, "count acts", query, append(args, dayNumber(since)), func(scan func(...any) error, a *Acts) error {
		day := 0
		err := scan(&a.Officer, &day, &a.Count)
		a.Day = dayOf(day)
		return err
	})
}

// Override is one act by which an officer set a rule or a duty aside. The reason is the officer's own words and may name people.
type Override struct {
	At            time.Time
	ApplicationNo string
	Division      string
	Officer       string
	Kind          OverrideKind
	Rule          string // the rules, or the duty that was waived
	Reason        string
}

// Overrides returns those since the instant, newest first.
func (s *Store) Overrides(ctx context.Context, since time.Time, divisions []string, limit int) ([]Override, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT at, no, division, officer, kind, rule, reason FROM override WHERE ` + where + ` AND at >= ? ORDER BY at DESC, no LIMIT ?`
	return list(ctx, s, "list overrides", query, append(args, since.UnixMilli(), limit), func(scan func(...any) error, o *Override) error {
		at := int64(0)
		err := scan(&at, &o.ApplicationNo, &o.Division, &o.Officer, &o.Kind, &o.Rule, &o.Reason)
		o.At = time.UnixMilli(at).In(schemas.Shanghai)
		return err
	})
}

// OverrideCount is how many overrides of one kind one officer made.
type OverrideCount struct {
	Officer string
	Kind    OverrideKind
	Count   int
}

// OverrideCounts counts those since the instant.
func (s *Store) OverrideCounts(ctx context.Context, since time.Time, divisions []string) ([]OverrideCount, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT officer, kind, count(*) FROM override WHERE ` + where + ` AND at >= ? GROUP BY officer, kind`
	return list(ctx, s, "count overrides", query, append(args, since.UnixMilli()), func(scan func(...any) error, c *OverrideCount) error {
		return scan(&c.Officer, &c.Kind, &c.Count)
	})
}

// Breach is one limit that was passed, with what it was lost to.
type Breach struct {
	At            time.Time // when the limit ended
	ApplicationNo string
	Division      string
	Clock         string
	Cause
}

// Cause is what a limit was lost to; the kind is "" in records older than causes.
type Cause struct {
	Kind   schemas.CauseKind
	Stage  schemas.Stage // of ours, in which the case lay
	System string        // that was waited for
}

// Breaches returns those since the instant, newest first.
func (s *Store) Breaches(ctx context.Context, since time.Time, divisions []string, limit int) ([]Breach, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT at, no, division, clock, cause, stage, system FROM breach INDEXED BY by_breach WHERE ` + where + ` AND at >= ? ORDER BY at DESC, no, clock LIMIT ?`
	return list(ctx, s, "list breaches", query, append(args, since.UnixMilli(), limit), func(scan func(...any) error, b *Breach) error {
		at := int64(0)
		err := scan(&at, &b.ApplicationNo, &b.Division, &b.Clock, &b.Kind, &b.Stage, &b.System)
		b.At = time.UnixMilli(at).In(schemas.Shanghai)
		return err
	})
}

// BreachCount is how many limits of one kind were lost to one cause.
type BreachCount struct {
	Clock string
	Cause
	Count int
}

// BreachCounts counts those since the instant.
func (s *Store) BreachCounts(ctx context.Context, since time.Time, divisions []string) ([]BreachCount, error) {
	where, args := ofDivisions(divisions)
	query := `SELECT clock, cause, stage, system, count(*) FROM breach INDEXED BY by_breach WHERE ` + where + ` AND at >= ? GROUP BY clock, cause, stage, system`
	return list(ctx, s, "count breaches", query, append(args, since.UnixMilli()), func(scan func(...any) error, c *BreachCount) error {
		return scan(&c.Clock, &c.Kind, &c.Stage, &c.System, &c.Count)
	})
}

// DivisionsOf returns the townships of the open cases among the files.
func (s *Store) DivisionsOf(ctx context.Context, dossiers []string) (map[string]string, error) {
	among, err := json.Marshal(dossiers)
	if err != nil {
		return nil, err
	}
	type place struct{ dossier, division string }
	places, err := list(ctx, s, "find townships of cases", `SELECT dossier, division FROM open_case WHERE dossier IN (SELECT value FROM json_each(?))`,
		[]any{string(among)}, func(scan func(...any) error, p *place) error { return scan(&p.dossier, &p.division) })
	out := map[string]string{}
	for _, p := range places {
		out[p.dossier] = p.division
	}
	return out, err
}

// list returns every row as read makes it; what stands in its errors.
func list[T any](ctx context.Context, s *Store, what, query string, args []any, read func(scan func(...any) error, row *T) error) ([]T, error) {
	var out []T
	err := s.each(ctx, query, args, func(scan func(...any) error) error {
		var row T
		err := read(scan, &row)
		out = append(out, row)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return out, nil
}

// ofDivisions limits rows to townships; none are all.
func ofDivisions(divisions []string) (where string, args []any) {
	if len(divisions) == 0 {
		return "true", nil
	}
	for _, d := range divisions {
		args = append(args, d)
	}
	return `division IN (?` + strings.Repeat(`, ?`, len(divisions)-1) + `)`, args
}

// dayNumber is how the tables keep a day; 0 is none.
func dayNumber(d calendar.Date) int { return d.Sub(calendar.Date{}) }

func dayOf(n int) calendar.Date { return calendar.Date{}.AddDays(n) }
