package deadline

import (
	"cmp"
	"strconv"
	"strings"
	"time"

	"permithub/internal/fault"
)

// Entry is one deadline: a rung of a clock of one application, and when it is due. Two entries are the same deadline only
// if all four agree: a rung that moved is another one.
//
// In Redis it is the text application_no|clock|rung|due, due in microseconds in base 36, 35 characters in all. The instant is
// inside because the log gives it to the microsecond, the score of a sorted set is in milliseconds, and a claim replaces the score.
type Entry struct {
	ApplicationNo string
	Clock         string // "T1"
	Rung          int    // percent of the budget; 100 is the deadline itself
	Due           time.Time
}

// name is the entry without its application: what the hash of armed deadlines holds.
func (e Entry) name() string {
	return e.Clock + "|" + strconv.Itoa(e.Rung) + "|" + strconv.FormatInt(e.Due.UnixMicro(), 36)
}

// Compare orders entries by due instant, then by their text.
func Compare(a, b Entry) int {
	return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.member(), b.member()))
}

func (e Entry) member() string { return e.ApplicationNo + "|" + e.name() }

// validate keeps the separators out: a member must read back as what was written.
func (e Entry) validate() error {
	switch {
	case e.ApplicationNo == "" || strings.ContainsAny(e.ApplicationNo, "|,"):
		return fault.Rejectf("bad_deadline", "application number %q", e.ApplicationNo)
	case e.Clock == "" || strings.ContainsAny(e.Clock, "|,"):
		return fault.Rejectf("bad_deadline", "%s: clock %q", e.ApplicationNo, e.Clock)
	case e.Rung < 0 || e.Due.UnixMicro() <= 0:
		return fault.Rejectf("bad_deadline", "%s: rung %d of clock %s", e.ApplicationNo, e.Rung, e.Clock)
	}
	return nil
}

// parseEntry reads a member back.
func parseEntry(member string) (Entry, error) {
	f := strings.Split(member, "|")
	if len(f) != 4 {
		return Entry{}, fault.Rejectf("bad_deadline", "a member of %d parts in redis", len(f))
	}
	rung, err1 := strconv.Atoi(f[2])
	due, err2 := strconv.ParseInt(f[3], 36, 64)
	if err1 != nil || err2 != nil {
		return Entry{}, fault.Rejectf("bad_deadline", "a member in redis that does not read back")
	}
	return Entry{ApplicationNo: f[0], Clock: f[1], Rung: rung, Due: time.UnixMicro(due)}, nil
}

func parseEntries(members []string) ([]Entry, error) {
	var entries []Entry
	for _, m := range members {
		e, err := parseEntry(m)
		if err != nil {
			return nil, err
		}
		entries = append(entries, e)
	}
	return entries, nil
}

// roundUp makes ms round up, as the scores of deadlines are.
const roundUp = time.Millisecond - time.Microsecond

// ms is an instant as a score, rounded down; the scores of deadlines are rounded up, so that nothing is claimed early.
func ms(now time.Time) string { return strconv.FormatInt(now.UnixMilli(), 10) }
