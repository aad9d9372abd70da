package casework

import (
	"strings"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// RecountScope says which clocks a calendar is asked about.
type RecountScope int

const (
	// ProvisionalOnly is for a notice that was missing: the hub settles those deadlines by itself.
	ProvisionalOnly RecountScope = iota
	// EveryClock is for an amended notice: a deadline that was certain moves only because somebody says so.
	EveryClock
)

// Recounted returns what a calendar makes of the running clocks of an open case where that differs from what the case says; nil where nothing
// does. Officer is who wants it so.
func Recounted(cal *calendar.Calendar, c *schemas.Case, scope RecountScope, officer string) *schemas.Recount {
	out := &schemas.Recount{Calendar: cal.Version(), Reason: schemas.RecountNoticeAmended, Officer: officer}
	for _, k := range c.Clocks {
		if k.ResolvedAt != nil || k.Limit == nil || scope == ProvisionalOnly && !k.Provisional {
			continue
		}
		if scope == ProvisionalOnly && !cal.Covers(calendar.Of(k.StartedAt.Time).AddDays(1), calendar.Of(k.DueAt.Add(-1))) {
			continue // still without a notice
		}
		n := Recount(cal, afresh(k))
		if n.DueAt.Equal(k.DueAt.Time) && n.Provisional == k.Provisional {
			continue
		}
		if k.Provisional {
			out.Reason = schemas.RecountNoticeLoaded
		}
		out.Clocks = append(out.Clocks, schemas.RecountedClock{Clock: k.ID, WasDueAt: k.DueAt, DueAt: n.DueAt, Provisional: n.Provisional, Rungs: n.Rungs})
		out.Papers = unique(append(out.Papers, papersOf(cal, k.DueAt, n.DueAt)...))
	}
	if len(out.Clocks) == 0 {
		return nil
	}
	return out
}

// afresh is a clock as if none of its rungs had been reached.
func afresh(k schemas.Clock) schemas.Clock {
	k.Rungs = cloneSlice(k.Rungs)
	for i := range k.Rungs {
		k.Rungs[i].FiredAt = nil
	}
	return k
}

// papersOf names the notices of the years in which a deadline ended and ends.
func papersOf(cal *calendar.Calendar, was, is schemas.Time) []string {
	var papers []string
	for _, due := range []schemas.Time{was, is} {
		year, _, _ := calendar.Of(due.Add(-1)).Civil()
		papers = append(papers, cal.Papers(year)...)
	}
	return papers
}

// RecountInput puts a recount into the words of case-input. The same count of the same clocks is the same input, whoever asks for it and
// however often.
func RecountInput(dossier, applicationNo string, r *schemas.Recount, source string, at schemas.Time) *schemas.Input {
	what := []string{applicationNo, r.Calendar}
	for _, k := range r.Clocks {
		what = append(what, k.Clock, k.WasDueAt.String(), k.DueAt.String())
	}
	text := strings.Join(what, "|")
	return &schemas.Input{
		InputID: schemas.InputID("calendar", text, schemas.InputRecount), Kind: schemas.InputRecount, DossierID: dossier, ApplicationNo: applicationNo,
		Source: source, ReceivedAt: at, BodyHash: schemas.BodyHash([]byte(text)), Recount: r,
	}
}
