package worklist

import (
	"context"
	"fmt"
	"strings"
	"time"

	"permithub/schemas"
)

// Revocation is one permit whose revocation waits: for a second officer, or for what it owes.
type Revocation struct {
	ApplicationNo string
	DossierID     string
	Division      string
	Ground        string
	ProposedBy    string
	ProposedAt    time.Time
	Decided       bool
	Stuck         bool // a foreign system refused its part for good
}

// revocationsOf lists the revocations of a file that wait for anybody.
func revocationsOf(t *schemas.Transition) []Revocation {
	var out []Revocation
	for i := range t.Dossier.Ended {
		e := &t.Dossier.Ended[i]
		if e.Revocation == nil {
			continue
		}
		r := Revocation{
			ApplicationNo: e.ApplicationNo, DossierID: t.DossierID, Division: e.Division, Ground: e.Revocation.Ground,
			ProposedBy: e.Revocation.ProposedBy, ProposedAt: e.Revocation.ProposedAt.Time, Decided: e.Revocation.DecidedAt != nil,
		}
		open, stuck := underWay(e)
		if r.Stuck = stuck; !r.Decided || open {
			out = append(out, r)
		}
	}
	return out
}

// underWay reports whether anything is left of what a decided revocation owes, and whether a far side has refused it.
func underWay(e *schemas.EndedCase) (open, stuck bool) {
	if e.Revocation.DecidedAt == nil {
		return false, false
	}
	for i := range e.Duties {
		if d := &e.Duties[i]; d.Status != schemas.DutyDone && d.Status != schemas.DutyWaived {
			open, stuck = true, stuck || d.Status == schemas.DutyRefused || d.Status == schemas.DutyUnknown
		}
	}
	return open, stuck
}

func (b *batch) putRevocations(f *File) {
	b.exec(&b.forget, `DELETE FROM revocation WHERE dossier = ?`, f.DossierID)
	for i := range f.revocations {
		r := &f.revocations[i]
		b.exec(&b.revocation, `INSERT INTO revocation VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, r.ApplicationNo, f.DossierID, r.Division, r.Ground,
			r.ProposedBy, r.ProposedAt.UnixMilli(), r.Decided, r.Stuck)
	}
}

// Revocations returns the revocations that wait, oldest first. No divisions are all.
func (s *Store) Revocations(ctx context.Context, divisions []string, limit int) ([]Revocation, error) {
	query, args := `SELECT no, dossier, division, ground, proposer, proposed, decided, stuck FROM revocation`, []any(nil)
	if len(divisions) > 0 {
		query += ` WHERE division IN (?` + strings.Repeat(`, ?`, len(divisions)-1) + `)`
		for _, d := range divisions {
			args = append(args, d)
		}
	}
	var out []Revocation
	err := s.each(ctx, query+` ORDER BY proposed, no LIMIT ?`, append(args, min(max(limit, 1), MaxPage)), func(scan func(...any) error) error {
		var (
			r  Revocation
			at int64
		)
		err := scan(&r.ApplicationNo, &r.DossierID, &r.Division, &r.Ground, &r.ProposedBy, &at, &r.Decided, &r.Stuck)
		r.ProposedAt = time.UnixMilli(at).In(schemas.Shanghai)
		out = append(out, r)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("list revocations: %w", err)
	}
	return out, nil
}
