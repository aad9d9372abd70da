package console

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"permithub/internal/calendar"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// rows is how many cases one page of the list shows.
const rows = 50

// listPage is the list of open cases.
type listPage struct {
	Rows    []row
	Tabs    []tab
	Queue   string
	Town    string
	Type    schemas.RecognitionType
	Channel schemas.Channel
	Only    worklist.Due
	Towns   []string
	Next    string // query of the next page
	after   string // its cursor
	Due     int    // cases of these queues and townships whose promise ends today
	Search  string // what kind of search this is the answer to; "" is none
	Export  bool
	Works   bool
	Revokes bool
	Bulk    bool
	Seen    int64 // changes that the list has in it
}

// Types are what can be chosen.
func (listPage) Types() []schemas.RecognitionType {
	return []schemas.RecognitionType{schemas.ExistingPermit, schemas.RegistrationTime}
}

// Dues are what can be chosen.
func (listPage) Dues() []worklist.Due { return worklist.Dues() }

// Channels are what can be chosen.
func (listPage) Channels() []schemas.Channel {
	return []schemas.Channel{schemas.Online, schemas.Window}
}

// row is one case of the list.
type row struct {
	worklist.Case
	Left    left
	Holder  string
	Mine    bool
	Related bool
}

// tab is one queue with its count.
type tab struct {
	Queue  worklist.Queue
	Cases  int
	Chosen bool
}

// queuesOf are the queues that are an officer's own work.
func queuesOf(o *desk.Officer) []worklist.Queue {
	var out []worklist.Queue
	for _, q := range []struct {
		queue worklist.Queue
		role  desk.Role
	}{{worklist.Acceptance, desk.Clerk}, {worklist.Review, desk.Reviewer}, {worklist.Approval, desk.Approver}, {worklist.Held, desk.Supervisor}} {
		if o.Has(q.role) {
			out = append(out, q.queue)
		}
	}
	return out
}

// filter reads what the address asks for, within what the officer may see. Without a word it is the officer's own queues.
func (v *visit) filter() (worklist.Filter, string) {
	q := v.r.URL.Query()
	f := worklist.Filter{Divisions: v.officer.Townships, Type: schemas.RecognitionType(q.Get("type")), Channel: schemas.Channel(q.Get("channel"))}
	if due := worklist.Due(q.Get("due")); slices.Contains(worklist.Dues(), due) {
		f.Due, f.Today = due, calendar.Of(v.ports.Now())
	}
	if town := q.Get("town"); town != "" {
		if !v.officer.WorksIn(town) {
			town = v.officer.Townships[0]
		}
		f.Divisions = []string{town}
	}
	queue := q.Get("queue")
	switch {
	case slices.Contains(worklist.Queues(), worklist.Queue(queue)):
		f.Queues = []worklist.Queue{worklist.Queue(queue)}
		f.HeldFor = q.Get("held")
	case queue == "all":
	default:
		queue = ""
		f.Queues = queuesOf(v.officer)
	}
	return f, queue
}

func (v *visit) showList() error {
	p, err := v.listed(rows)
	if err != nil {
		return err
	}
	return v.show("list", "案件清单", p)
}

// listed is a page of the list that the address asks for.
func (v *visit) listed(size int) (*listPage, error) {
	if !v.ports.Ready() {
		return nil, errLoading
	}
	seen := v.ports.List.Changes() // before the list is read: what comes meanwhile is shown twice, and never missed
	f, queue := v.filter()
	cases, next, err := v.ports.List.List(v.r.Context(), f, v.r.URL.Query().Get("after"), size)
	if errors.Is(err, worklist.ErrCursor) {
		return nil, errNotFound
	}
	if err != nil {
		return nil, err
	}
	p := &listPage{Seen: seen, Queue: queue, Type: f.Type, Channel: f.Channel, Only: f.Due, Town: v.r.URL.Query().Get("town"), Export: v.officer.Has(desk.Supervisor), Works: len(queuesOf(v.officer)) > 0}
	if next != "" {
		q := v.r.URL.Query()
		q.Set("after", next)
		p.after = next
		p.Next = "?" + q.Encode()
	}
	if p.Due, err = v.dueToday(f); err != nil {
		return nil, err
	}
	return p, v.with(p, cases)
}

// dueToday counts the cases of the queues and townships whose promise can be kept for the last time today, as the docket does.
func (v *visit) dueToday(f worklist.Filter) (n int, err error) {
	standings, err := v.ports.List.Standings(v.r.Context(), f.Divisions)
	if err != nil {
		return 0, err
	}
	tomorrow := calendar.Of(v.ports.Now()).AddDays(1).Start()
	for i := range standings {
		if s := &standings[i]; len(f.Queues) == 0 || slices.Contains(f.Queues, worklist.QueueOf(s.Stage)) {
			n += s.Tally(tomorrow).DueToday
		}
	}
	return n, nil
}

// with adds the cases to the page, and the tabs above them.
func (v *visit) with(p *listPage, cases []worklist.Case) error {
	counts, err := v.ports.List.Counts(v.r.Context())
	if err != nil {
		return err
	}
	p.Tabs, p.Revokes = v.tabs(counts, p.Queue), decidesRevocations(v.officer)
	p.Bulk = desk.Allows(v.officer, schemas.ActApprove)
	for _, code := range townCodes() {
		if v.officer.WorksIn(code) {
			p.Towns = append(p.Towns, code)
		}
	}
	p.Rows, err = v.rows(v.r.Context(), cases)
	return err
}

func (v *visit) tabs(counts []worklist.Count, chosen string) []tab {
	var out []tab
	for _, q := range worklist.Queues() {
		t := tab{Queue: q, Chosen: chosen == string(q)}
		for _, c := range counts {
			if c.Queue == q && v.officer.WorksIn(c.Division) {
				t.Cases += c.Cases
			}
		}
		out = append(out, t)
	}
	return out
}

func (v *visit) rows(ctx context.Context, cases []worklist.Case) ([]row, error) {
	holds, err := v.ports.Holds.Holds(ctx)
	if err != nil {
		return nil, err
	}
	now := v.ports.Now()
	out := make([]row, len(cases))
	for i := range cases {
		c := &cases[i]
		out[i] = row{Case: *c, Left: v.left(now, c.SubmittedAt, c.DueAt, c.Paused, c.Provisional), Holder: holds[c.ApplicationNo], Mine: holds[c.ApplicationNo] == v.officer.ID,
			Related: v.officer.Related(c.DossierID)}
	}
	return out, nil
}

// left is how much time a case has, in words and as a class of the style sheet.
type left struct {
	Text, Class string
}

// soon is how little office time makes a case urgent.
const soon = 4 * time.Hour

// left counts in office time: what is left where a deadline runs, else how long the case has waited.
func (v *visit) left(now, submitted, due time.Time, paused, provisional bool) left {
	var l left
	switch {
	case due.IsZero():
		return left{v.lang.text("已等") + " " + v.span(v.ports.Policy().Calendar.WorkingHours(submitted, now)), "none"}
	case paused:
		return left{v.lang.text("已中止"), "none"}
	case !now.Before(due):
		return left{v.lang.text("已超时") + " " + v.span(v.ports.Policy().Calendar.WorkingHours(due, now)), "late"}
	}
	hours := v.ports.Policy().Calendar.WorkingHours(now, due)
	l = left{v.lang.text("剩") + " " + v.span(hours), "calm"}
	if hours < soon {
		l.Class = "soon"
	}
	if provisional {
		l.Text += v.lang.text("（暂定）")
	}
	return l
}

// span writes office time in hours and minutes.
func (v *visit) span(d time.Duration) string {
	return fmt.Sprintf(v.lang.text("%d 小时 %d 分"), int(d.Hours()), int(d.Minutes())%60)
}

// search shows what was looked for. It is posted, so that what was searched for stands in no address.
func (v *visit) search() error {
	f, err := v.look(v.r.PostForm.Get("q"), "")
	switch {
	case err != nil:
		return err
	case f.No != "":
		return v.redirect("/cases/" + url.PathEscape(f.No))
	case f.Kind == "":
		return v.redirect("/cases")
	}
	p := &listPage{Search: f.Kind}
	if err := v.with(p, f.Cases); err != nil {
		return err
	}
	return v.show("list", "案件清单", p)
}

// found is what a search came to: one case, or a list of them.
type found struct {
	No    string
	Kind  string // "number", "person" or "name"; "" where nothing can be looked for
	Cases []worklist.Case
}

// look looks for an application number, a whole citizen id, or the beginning of a name among open cases. It is recorded before.
func (v *visit) look(q, purpose string) (found, error) {
	q = strings.TrimSpace(q)
	upper := strings.ToUpper(q)
	if _, err := schemas.DossierOf(upper); err == nil {
		return found{No: upper, Kind: "number"}, v.record("search_number", upper, purpose)
	}
	if len(q) == 18 {
		if check, ok := schemas.CheckCitizenID(upper[:17]); ok && check == upper[17] {
			return v.lookForPerson(upper, purpose)
		}
	}
	if q == "" || len(q) > 100 || !v.ports.Ready() {
		return found{}, nil
	}
	// The name itself stays out of the log; its keyed hash tells whether two searches were for the same one.
	if err := v.record("search_name", v.ports.Pseudonym(q)[:12], purpose); err != nil {
		return found{}, err
	}
	cases, err := v.ports.List.ByName(v.r.Context(), q, v.officer.Townships, rows)
	return found{Kind: "name", Cases: cases}, err
}

func (v *visit) lookForPerson(citizenID, purpose string) (found, error) {
	dossier := schemas.DossierID(v.ports.Pseudonym(citizenID))
	f := found{Kind: "person"}
	if err := v.record("search_person", dossier, purpose); err != nil {
		return f, err
	}
	file, err := v.file(dossier)
	if errors.Is(err, errNotFound) {
		return f, nil
	}
	if err != nil {
		return f, err
	}
	d := &file.Transitions[len(file.Transitions)-1].Dossier
	switch {
	case d.Open != nil:
		f.No = d.Open.ApplicationNo
	case len(d.Ended) > 0:
		f.No = d.Ended[len(d.Ended)-1].ApplicationNo
	}
	return f, nil
}

// next opens the next case, or shows the list where there is none.
func (v *visit) next() error {
	no, err := v.takeNext()
	if err != nil {
		return err
	}
	return v.redirect(strings.TrimSuffix("/cases/"+no, "/"))
}

// takeNext takes the most urgent case of the officer's queues that nobody holds and the officer may decide; "" where there is none.
func (v *visit) takeNext() (no string, err error) {
	if !v.ports.Ready() {
		return "", errLoading
	}
	holds, err := v.ports.Holds.Holds(v.r.Context())
	if err != nil {
		return "", err
	}
	f := worklist.Filter{Queues: queuesOf(v.officer), Divisions: v.officer.Townships}
	for cursor, more := "", true; more; {
		cases, after, err := v.ports.List.List(v.r.Context(), f, cursor, rows)
		if err != nil {
			return "", err
		}
		for i := range cases {
			c := &cases[i]
			if holder := holds[c.ApplicationNo]; holder != "" && holder != v.officer.ID || v.officer.Related(c.DossierID) || v.gaveOther(c.Opinions, c.Stage) {
				continue
			}
			holder, err := v.ports.Holds.Hold(v.r.Context(), c.ApplicationNo, v.officer.ID, v.until())
			if err != nil {
				return "", err
			}
			if holder == v.officer.ID {
				return c.ApplicationNo, nil
			}
		}
		cursor, more = after, after != ""
	}
	return "", nil
}

// gaveOther reports whether the officer gave another of the three opinions on the case: then this one is another person's.
func (v *visit) gaveOther(opinions map[string]string, stage schemas.Stage) bool {
	own := map[worklist.Queue]string{worklist.Acceptance: "acceptance", worklist.Review: "review", worklist.Approval: "approval"}[worklist.QueueOf(stage)]
	for level, officer := range opinions {
		if officer == v.officer.ID && level != own && own != "" {
			return true
		}
	}
	return false
}
