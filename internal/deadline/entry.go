package deadline

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"permithub/internal/fault"
)

// Entry is one deadline: a rung of a clock of one application, and when it is due.
//
// In Redis it is one member of a sorted set, the application number, whose score says all the rest: the due instant in ms, rounded up so that
// nothing is claimed early, times 1024, plus 128 for each step of the clock in [clocks], plus the rung. A score is exact up to 2^53, which lasts
// until the year 2248; what is due later is kept as if it were due then.
type Entry struct {
	ApplicationNo string
	Clock         string // "T1"
	Rung          int    // percent of the budget; 100 is the deadline itself
	Due           time.Time
}

// clocks are the clocks that an index can tell apart. Scores are built on the order: append only.
var clocks = [...]string{"", "T1", "T2", "T3", "T4", "T5", "R8"}

const (
	clockStep = 128              // rungs of one clock
	msStep    = 8 * clockStep    // what one ms is worth in a score
	lastMs    = 1<<53/msStep - 1 // 2248-09-26
)

// Compare orders entries by due instant, then by what they are.
func Compare(a, b Entry) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.ApplicationNo, b.ApplicationNo), cmp.Compare(a.Clock, b.Clock), cmp.Compare(a.Rung, b.Rung))
}

// Indexed is the entry as it reads back from the index: due at a whole ms.
func (e Entry) Indexed() Entry {
	e.Due = time.UnixMilli(e.ms())
	return e
}

func (e Entry) ms() int64 {
	return min(e.Due.Add(time.Millisecond-time.Nanosecond).UnixMilli(), lastMs)
}

func (e Entry) score() int64 {
	return e.ms()*msStep + int64(slices.Index(clocks[:], e.Clock)*clockStep+e.Rung)
}

// validate keeps out what would not read back as what was written.
func (e Entry) validate() error {
	switch {
	case e.ApplicationNo == "":
		return fault.Rejectf("bad_deadline", "a deadline of no application")
	case e.Clock == "" || !slices.Contains(clocks[:], e.Clock):
		return fault.Rejectf("bad_deadline", "%s: clock %q", e.ApplicationNo, e.Clock)
	case e.Rung < 0 || e.Rung >= clockStep || e.Due.UnixMilli() <= 0:
		return fault.Rejectf("bad_deadline", "%s: rung %d of clock %s", e.ApplicationNo, e.Rung, e.Clock)
	}
	return nil
}

// parseEntry reads a member and its score back.
func parseEntry(applicationNo string, score int64) (Entry, error) {
	clock := score % msStep / clockStep
	if applicationNo == "" || score <= 0 || clock == 0 || int(clock) >= len(clocks) {
		return Entry{}, fault.Rejectf("bad_deadline", "a member in redis that does not read back")
	}
	return Entry{ApplicationNo: applicationNo, Clock: clocks[clock], Rung: int(score % clockStep), Due: time.UnixMilli(score / msStep)}, nil
}

// parseEntries reads members and scores as the scripts return them, one after the other.
func parseEntries(pairs []string) ([]Entry, error) {
	var entries []Entry
	for i := 0; i+1 < len(pairs); i += 2 {
		score, err := strconv.ParseInt(pairs[i+1], 10, 64)
		if err != nil {
			return nil, fault.Rejectf("bad_deadline", "a score in redis that is no number")
		}
		e, err := parseEntry(pairs[i], score)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// ms is an instant as a number, rounded down.
func ms(now time.Time) string { return strconv.FormatInt(now.UnixMilli(), 10) }

// upTo is the score below which everything is due at now.
func upTo(now time.Time) string { return "(" + strconv.FormatInt((now.UnixMilli()+1)*msStep, 10) }
