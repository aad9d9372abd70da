package console

import (
	"cmp"
	"slices"
	"strconv"
	"sync"
	"time"

	"permithub/schemas"
)

// maxOpened is how many cases a desk remembers as opened by one officer, maxBulk how many of them one run may decide.
const (
	maxOpened = 500
	maxBulk   = 50
)

// opened remembers which cases an officer has opened, and in which version: only what was looked at is decided in bulk. It lives as long as the
// process does, as sessions do: a case that is forgotten is opened again.
type opened struct {
	mu   sync.Mutex
	most int                        // of one officer
	seen map[string]map[string]look // by officer, by application number
}

// look is one case as an officer saw it.
type look struct {
	No      string
	Version int64
	At      time.Time
}

func newOpened() *opened { return &opened{most: maxOpened, seen: map[string]map[string]look{}} }

// note remembers what an officer is shown. Of too many the oldest is forgotten.
func (o *opened) note(officer string, l look) {
	o.mu.Lock()
	defer o.mu.Unlock()
	m := o.seen[officer]
	if m == nil {
		m = map[string]look{}
		o.seen[officer] = m
	}
	m[l.No] = l
	if len(m) > o.most {
		oldest := l
		for _, x := range m {
			if x.At.Before(oldest.At) {
				oldest = x
			}
		}
		delete(m, oldest.No)
	}
}

// find returns how an officer saw a case last; false where they did not.
func (o *opened) find(officer, no string) (look, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	l, ok := o.seen[officer][no]
	return l, ok
}

// by returns what an officer has opened, latest first.
func (o *opened) by(officer string) []look {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []look
	for _, l := range o.seen[officer] {
		out = append(out, l)
	}
	slices.SortFunc(out, func(a, b look) int { return cmp.Or(b.At.Compare(a.At), cmp.Compare(a.No, b.No)) })
	return out
}

// outcome is what became of one case of a run.
type outcome string

const (
	itemWaiting  outcome = "waiting"
	itemApproved outcome = "approved"
	itemChanged  outcome = "changed" // since it was opened
	itemRefused  outcome = "refused" // by a rule, and why
	itemPending  outcome = "pending" // the log had no answer in time
)

// item is one case of a run.
type item struct {
	No      string
	Version int64 // that the officer saw
	Outcome outcome
	Why     string
	InputID string // of the act, once it is on its way
}

// run decides a set of cases of one officer, one after the other, while its page is open. What it has done stays when the page is loaded anew;
// each act has an id of its own, so none is done twice.
type run struct {
	mu      sync.Mutex // held while a case is decided: two pages of one run take turns
	id      string
	opinion string
	items   []item
	stopped bool
	fault   string // why it stopped by itself; "" where it did not
}

// actionID is the id of the act on item i.
func (r *run) actionID(i int) string { return r.id + "-" + strconv.Itoa(i) }

// next returns the first item that waits, or -1.
func (r *run) next() int {
	return slices.IndexFunc(r.items, func(i item) bool { return i.Outcome == itemWaiting })
}

// progress is a run as its page shows it.
type progress struct {
	Items                            []item
	Total, Done                      int
	Approved, Changed, Refused, Late int
	Stopped, Finished                bool
	Fault                            string
}

func (r *run) progress() progress {
	p := progress{Items: slices.Clone(r.items), Total: len(r.items), Stopped: r.stopped, Fault: r.fault}
	counts := map[outcome]int{}
	for i := range r.items {
		counts[r.items[i].Outcome]++
	}
	p.Approved, p.Changed, p.Refused, p.Late = counts[itemApproved], counts[itemChanged], counts[itemRefused], counts[itemPending]
	p.Done = p.Total - counts[itemWaiting]
	p.Finished = counts[itemWaiting] == 0
	return p
}

// settle notes what the log says to an act.
func (i *item) settle(code, why string) {
	switch code {
	case "":
		i.Outcome, i.Why = itemApproved, ""
	case "version_changed":
		i.Outcome, i.Why = itemChanged, why
	default:
		i.Outcome, i.Why = itemRefused, why
	}
}

// runs keeps the last run of each officer.
type runs struct {
	mu  sync.Mutex
	all map[string]*run
}

func (r *runs) of(officer string) *run {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.all[officer]
}

// begin starts a run unless one of the officer's is under way; it reports whether it did.
func (r *runs) begin(officer string, next *run) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if last := r.all[officer]; last != nil {
		last.mu.Lock()
		defer last.mu.Unlock()
		if last.next() >= 0 {
			return false
		}
	}
	r.all[officer] = next
	return true
}

// clear lets go of an officer's run.
func (r *runs) clear(officer string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.all, officer)
}

// bulkStage is the stage whose decision may be given in bulk.
const bulkStage = schemas.StageApproval
