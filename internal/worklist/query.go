package worklist

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// Filter says which open cases are asked for. An empty field asks for all.
type Filter struct {
	Queues    []Queue
	Divisions []string
	Type      schemas.RecognitionType
	Channel   schemas.Channel
	HeldFor   string // as a case has it
	// Due asks for the cases whose promise (T1) is overdue, or can be kept for the last time today or tomorrow; Today says which day that is.
	Due   Due
	Today calendar.Date
}

// Due is a part of the cases by their promise, as the docket counts them.
type Due string

// Parts of the cases by their promise.
const (
	Overdue     Due = "overdue"
	DueToday    Due = "today"
	DueTomorrow Due = "tomorrow"
)

// Dues lists every part.
func Dues() []Due { return []Due{Overdue, DueToday, DueTomorrow} }

// index is the one that holds what the filter asks for by urgency. What is overdue has one of its own: a case that was suspended afterwards stands at the
// end of the other.
func (f *Filter) index() string {
	if f.Due == Overdue {
		return "by_overdue"
	}
	return "by_urgency"
}

// where narrows a query of open_case. The bound on the urgency keeps the search in the front of the index.
func (f *Filter) where() (query string, args []any) {
	if f.Type != "" {
		query, args = query+` AND type = ?`, append(args, string(f.Type))
	}
	if f.Channel != "" {
		query, args = query+` AND channel = ?`, append(args, string(f.Channel))
	}
	if f.HeldFor != "" {
		query, args = query+` AND held_for = ?`, append(args, f.HeldFor)
	}
	day := dayNumber(f.Today)
	switch f.Due {
	case Overdue:
		query += ` AND promise = 'breached'`
	case DueToday:
		query, args = query+running+` AND day <= ? AND urgency <= ?`, append(args, day, f.Today.AddDays(1).Start().UnixMilli())
	case DueTomorrow:
		query, args = query+running+` AND day = ? AND urgency <= ?`, append(args, day+1, f.Today.AddDays(2).Start().UnixMilli())
	}
	return query, args
}

// running are the promises that can still be kept and do not stand still.
const running = ` AND promise NOT IN ('', 'breached', 'paused')`

// MaxPage is the most cases that one page holds.
const MaxPage = 200

// ErrCursor says that a cursor is none that [Store.List] gave.
var ErrCursor = errors.New("not a cursor of the worklist")

// List returns the open cases after the cursor, most urgent first, and the cursor of the next page; an empty cursor begins, or ends, the list. A
// case whose urgency changes between two pages may be missed or seen twice, and no other.
func (s *Store) List(ctx context.Context, f Filter, cursor string, limit int) ([]Case, string, error) {
	after, err := parseCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	limit = min(max(limit, 1), MaxPage)
	places, err := s.places(ctx, f)
	if err != nil {
		return nil, "", err
	}
	var found []place
	for _, p := range places {
		rows, err := s.first(ctx, f, p, after, limit+1)
		if err != nil {
			return nil, "", fmt.Errorf("list %s: %w", p.queue, err)
		}
		found = append(found, rows...)
	}
	slices.SortFunc(found, func(a, b place) int { return cmp.Or(cmp.Compare(a.urgency, b.urgency), cmp.Compare(a.no, b.no)) })
	next := ""
	if len(found) > limit {
		found = found[:limit]
		next = found[limit-1].cursor()
	}
	cases, err := s.cases(ctx, found)
	return cases, next, err
}

// place is where a case stands in the index.
type place struct {
	queue, division string
	urgency         int64
	no, dossier     string
}

func (p place) cursor() string {
	return base64.RawURLEncoding.EncodeToString([]byte(strconv.FormatInt(p.urgency, 10) + " " + p.no))
}

func parseCursor(c string) (place, error) {
	if c == "" {
		return place{urgency: -1 << 62}, nil
	}
	b, err := base64.RawURLEncoding.DecodeString(c)
	if err != nil {
		return place{}, ErrCursor
	}
	urgency, no, ok := strings.Cut(string(b), " ")
	n, err := strconv.ParseInt(urgency, 10, 64)
	if !ok || err != nil {
		return place{}, ErrCursor
	}
	return place{urgency: n, no: no}, nil
}

// places lists the stretches of the index that hold what the filter asks for; in each the cases stand by urgency.
func (s *Store) places(ctx context.Context, f Filter) ([]place, error) {
	counts, err := s.Counts(ctx)
	if err != nil {
		return nil, err
	}
	var out []place
	for _, c := range counts {
		if (len(f.Queues) == 0 || slices.Contains(f.Queues, c.Queue)) && (len(f.Divisions) == 0 || slices.Contains(f.Divisions, c.Division)) {
			out = append(out, place{queue: string(c.Queue), division: c.Division})
		}
	}
	return out, nil
}

func (s *Store) first(ctx context.Context, f Filter, p, after place, limit int) ([]place, error) {
	query := `SELECT urgency, no, dossier FROM open_case INDEXED BY ` + f.index() + ` WHERE queue = ? AND division = ? AND (urgency, no) > (?, ?)`
	// What is due earlier need not be read to be passed over; a deadline within the millisecond after a midnight is rounded down to it.
	if early := f.Today.AddDays(1).Start().UnixMilli() - 1; f.Due == DueTomorrow && after.urgency < early {
		after = place{urgency: early}
	}
	where, more := f.where()
	args := append([]any{p.queue, p.division, after.urgency, after.no}, more...)
	var out []place
	err := s.each(ctx, query+where+` ORDER BY urgency, no LIMIT ?`, append(args, limit), func(scan func(...any) error) error {
		err := scan(&p.urgency, &p.no, &p.dossier)
		out = append(out, p)
		return err
	})
	return out, err
}

// cases reads the rows of the places, in their order.
func (s *Store) cases(ctx context.Context, places []place) ([]Case, error) {
	out := make([]Case, 0, len(places))
	for _, p := range places {
		c, err := s.Case(ctx, p.dossier)
		if err != nil {
			return nil, err
		}
		if c != nil { // else it ended meanwhile
			out = append(out, *c)
		}
	}
	return out, nil
}

const columns = `SELECT dossier, no, version, stage, type, channel, division, name, submitted, due, provisional, paused, breached, opinions, held_for, since FROM open_case `

func scanCase(scan func(...any) error) (Case, error) {
	var (
		c              Case
		submitted, due int64
		since          int64
		opinions       string
	)
	err := scan(&c.DossierID, &c.ApplicationNo, &c.Version, &c.Stage, &c.Type, &c.Channel, &c.Division, &c.Name, &submitted, &due, &c.Provisional, &c.Paused,
		&c.Breached, &opinions, &c.HeldFor, &since)
	if err != nil {
		return c, err
	}
	c.SubmittedAt = time.UnixMilli(submitted).In(schemas.Shanghai)
	if due != 0 {
		c.DueAt = time.UnixMilli(due).In(schemas.Shanghai)
	}
	if since != 0 {
		c.Since = time.UnixMilli(since).In(schemas.Shanghai)
	}
	return c, json.Unmarshal([]byte(opinions), &c.Opinions)
}

// Case returns the open case of the file, or nil.
func (s *Store) Case(ctx context.Context, dossier string) (*Case, error) {
	var c *Case
	err := s.each(ctx, columns+`WHERE dossier = ?`, []any{dossier}, func(scan func(...any) error) error {
		row, err := scanCase(scan)
		c = &row
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read open case of dossier %s: %w", dossier, err)
	}
	return c, nil
}

// ByName returns the open cases of people whose name begins so, by name. It stops at the limit.
func (s *Store) ByName(ctx context.Context, prefix string, divisions []string, limit int) ([]Case, error) {
	query, args := columns+`INDEXED BY by_name WHERE name >= ? AND name < ?`, []any{prefix, prefix + "\U0010FFFF"}
	where, more := ofDivisions(divisions)
	args = append(append(args, more...), min(max(limit, 1), MaxPage))
	var out []Case
	err := s.each(ctx, query+` AND `+where+` ORDER BY name, no LIMIT ?`, args, func(scan func(...any) error) error {
		c, err := scanCase(scan)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("search open cases by name: %w", err)
	}
	return out, nil
}

// Count is how many open cases of one township wait in one queue.
type Count struct {
	Queue    Queue
	Division string
	Cases    int
}

// Counts returns how many open cases there are, by queue and township.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	var out []Count
	err := s.each(ctx, `SELECT queue, division, sum(cases) FROM tally GROUP BY queue, division`, nil, func(scan func(...any) error) error {
		var c Count
		err := scan(&c.Queue, &c.Division, &c.Cases)
		out = append(out, c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("count open cases: %w", err)
	}
	return out, nil
}

// Places returns where the records of a file stand: the partition and the offsets in the order of the file. None is no such file.
func (s *Store) Places(ctx context.Context, dossier string) (partition int32, offsets []int64, err error) {
	err = s.each(ctx, `SELECT part, pos FROM position WHERE dossier = ? ORDER BY seq`, []any{dossier}, func(scan func(...any) error) error {
		var offset int64
		err := scan(&partition, &offset)
		offsets = append(offsets, offset)
		return err
	})
	if err != nil {
		return 0, nil, fmt.Errorf("find records of dossier %s: %w", dossier, err)
	}
	return partition, offsets, nil
}

// each calls fn with every row.
func (s *Store) each(ctx context.Context, query string, args []any, fn func(scan func(...any) error) error) (err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := fn(rows.Scan); err != nil {
			return err
		}
	}
	return errors.Join(rows.Err(), context.Cause(ctx))
}
