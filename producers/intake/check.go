package intake

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"permithub/deploy/divisions"
	"permithub/internal/problem"
	"permithub/schemas"
)

// clockSkew is how far the clock of a source may be ahead, the same as its signature may be.
const clockSkew = 90 * time.Second

// checker holds what the checks of one body share. A check passes over an empty value: whether it is required is asked apart.
type checker struct {
	*problem.List
	now     time.Time
	schemes []string
}

var (
	idForm      = regexp.MustCompile(`^[0-9A-Za-z._:-]{1,64}$`)
	versionForm = regexp.MustCompile(`^[0-9A-Za-z._-]{1,40}$`)
	sha256Form  = regexp.MustCompile(`^[0-9a-f]{64}$`)
	phoneForm   = regexp.MustCompile(`^1[3-9][0-9]{9}$`)
	permitForm  = regexp.MustCompile(`^[0-9A-Z-]{4,32}$`)
	kindForm    = regexp.MustCompile(`^[a-z][a-z0-9_]{0,39}$`)
	dateForm    = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}$`)
)

// required checks a text that must be there.
func (c checker) required(pointer, s string, limit int) {
	if c.Need(pointer, s) {
		c.Text(pointer, s, limit)
	}
}

// date checks a civil date that is not in the future, and reports whether it may be compared.
func (c checker) date(pointer, s string) bool {
	switch d := schemas.Date(s); {
	case s == "":
		return false
	case !dateForm.MatchString(s):
		c.Add(pointer, codeDateForm)
		return false
	case !d.Valid():
		c.Add(pointer, codeDateImpossible)
		return false
	case d > schemas.Day(c.now):
		c.Add(pointer, codeDateFuture)
	}
	return true
}

func (c checker) instant(pointer, s string) {
	if s == "" {
		return
	}
	t, err := time.Parse(time.RFC3339, s)
	switch {
	case err != nil:
		c.Add(pointer, codeTimeForm)
	case t.After(c.now.Add(clockSkew)):
		c.Add(pointer, codeTimeFuture)
	}
}

// division checks a division code of one of the given lengths. Only the province part is known to the hub; an unknown county passes.
func (c checker) division(pointer, s string, lengths ...int) bool {
	switch {
	case s == "":
		return false
	case !slices.Contains(lengths, len(s)) || strings.Trim(s, "0123456789") != "":
		c.Add(pointer, codeDivisionForm)
		return false
	case !isProvince(s[:2]):
		c.Add(pointer, codeDivisionProvince)
		return false
	}
	return true
}

func (c checker) township(pointer, s string) {
	if !c.division(pointer, s, 9) {
		return
	}
	if !strings.HasPrefix(s, "330424") {
		c.Add(pointer, codeNotHaiyan)
	} else if _, ok := divisions.Find(s); !ok {
		c.Add(pointer, codeTownship)
	}
}

func (c checker) textVersion(pointer, version, hash string) {
	if c.Need(pointer+"/version", version) {
		c.Match(pointer+"/version", version, versionForm, codeVersionForm)
	}
	if c.Need(pointer+"/sha256", hash) {
		c.Match(pointer+"/sha256", hash, sha256Form, codeSHA256Form)
	}
}

// distinct notes every item that stands in the list before it.
func (c checker) distinct(pointer string, items []string) {
	for i, s := range items {
		if s != "" && slices.Contains(items[:i], s) {
			c.Add(at(pointer, i), problem.DuplicateItem)
		}
	}
}

func at(pointer string, i int) string { return pointer + "/" + strconv.Itoa(i) }
