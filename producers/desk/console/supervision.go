package console

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"permithub/internal/calendar"
	"permithub/internal/docket"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// supervisionPage is what a supervisor sees of the townships that are the supervisor's: what is open and due, who does how much, what went wrong
// and what was set aside.
type supervisionPage struct {
	Seen      int64
	Sum       load
	Towns     []load
	Officers  []officerLoad
	Days      []dueDay
	Urgent    []row
	Breached  int
	Causes    []lostTo
	Breaches  []worklist.Breach
	Kinds     []setAside
	Overrides []worklist.Override
	// Share is how many of the acts of people were overrides.
	Share    string
	Revealed bool
}

// load is what one township has open.
type load struct {
	Division string
	docket.Tally
	Tomorrow int
	Bar      []segment
}

// countOf is a number that leads to the cases that it counts.
type countOf struct {
	Division string
	Due      worklist.Due
	Cases    int
}

// officerLoad is what one officer holds and did; of a rule pack, what was done without people.
type officerLoad struct {
	Name               string
	Automatic          bool
	Held               int
	Today, Week, Month int
	Overrides          int
	Share              string
	Bar                []segment
}

// dueDay is how many promises end on a day.
type dueDay struct {
	Name  string
	Cases int
	Bar   []segment
}

// lostTo is how many limits were lost to one cause.
type lostTo struct {
	Clock, Cause string
	Cases        int
	Bar          []segment
}

// setAside is how many overrides there were of one kind.
type setAside struct {
	Kind  worklist.OverrideKind
	Cases int
	Bar   []segment
}

// segment is a part of a bar of 100: a figure is looked at before it is read, and stands beside it as a number.
type segment struct{ Class, X, Width string }

// part is what one segment stands for.
type part struct {
	class string
	n     int
}

// bar draws parts one after the other on the scale on which longest is 100.
func bar(longest int, parts ...part) []segment {
	var out []segment
	x := 0
	at := func(n int) string { return strconv.FormatFloat(100*float64(n)/float64(max(longest, 1)), 'f', 2, 64) }
	for _, p := range parts {
		if p.n > 0 {
			out = append(out, segment{p.class, at(x), at(p.n)})
			x += p.n
		}
	}
	return out
}

const (
	shownUrgent = 10
	shownRows   = 20 // breaches and overrides; the spreadsheet has all
	weekDays    = 7
	shownDays   = 6
)

// supervisors may look at the work of others.
var supervisors = []desk.Role{desk.Supervisor, desk.Auditor}

func (v *visit) showSupervision() error {
	p, err := v.supervision(shownRows)
	if err != nil {
		return err
	}
	return v.show("supervision", "督办", p)
}

// revealOverrides shows the reasons of overrides in the officers' words, which may name people, for a purpose that is recorded before.
func (v *visit) revealOverrides() error {
	p, err := v.overridesRevealed(v.r.PostForm.Get("purpose"))
	if err != nil {
		return err
	}
	return v.show("supervision", "督办", p)
}

func (v *visit) overridesRevealed(purpose string) (*supervisionPage, error) {
	if purpose != overridePurpose {
		return nil, errForm
	}
	if err := v.record("reveal", "overrides", purpose); err != nil {
		return nil, err
	}
	p, err := v.supervision(shownRows)
	if err != nil {
		return nil, err
	}
	p.Revealed = true
	return p, nil
}

const overridePurpose = "check_override"

// supervision reads the page, of breaches and overrides no more than the limit.
func (v *visit) supervision(limit int) (*supervisionPage, error) {
	if !v.ports.Ready() {
		return nil, errLoading
	}
	p := &supervisionPage{Seen: v.ports.List.Changes()}
	today := calendar.Of(v.ports.Now())
	since := today.AddDays(1 - worklist.KeptDays)
	for _, read := range []func(*supervisionPage, calendar.Date, calendar.Date, int) error{v.loads, v.urgent, v.breaches, v.officers} {
		if err := read(p, today, since, limit); err != nil {
			return nil, err
		}
	}
	return p, nil
}

// loads counts by township and by the day on which promises end.
func (v *visit) loads(p *supervisionPage, today, _ calendar.Date, _ int) error {
	standings, err := v.ports.List.Standings(v.r.Context(), v.officer.Townships)
	if err != nil {
		return err
	}
	tomorrow := today.AddDays(1)
	towns, days := map[string]load{}, map[calendar.Date]int{}
	for _, code := range townCodes() {
		if v.officer.WorksIn(code) {
			towns[code] = load{Division: code}
		}
	}
	for i := range standings {
		s := &standings[i]
		one := load{Division: s.Division, Tally: s.Tally(tomorrow.Start())}
		if s.Running() {
			if s.Day == tomorrow {
				one.Tomorrow = s.Cases
			}
			days[later(s.Day, today)] += s.Cases
		}
		towns[s.Division] = towns[s.Division].plus(one)
		p.Sum = p.Sum.plus(one)
	}
	longest := 0
	for _, t := range towns {
		longest = max(longest, t.Open)
	}
	for _, code := range slices.Sorted(maps.Keys(towns)) {
		t := towns[code]
		t.Division = code
		t.Bar = bar(longest, part{"late", t.Breached}, part{"soon", t.DueToday}, part{"next", t.Tomorrow}, part{"calm", t.Open - t.Breached - t.DueToday - t.Tomorrow})
		p.Towns = append(p.Towns, t)
	}
	p.Days = v.dueDays(days, today)
	return nil
}

func (l load) plus(o load) load {
	l.Tally = l.Plus(o.Tally)
	l.Tomorrow += o.Tomorrow
	return l
}

// later takes a promise that ended before today, and that nobody has found breached yet, for one of today.
func later(day, today calendar.Date) calendar.Date {
	if day.Before(today) {
		return today
	}
	return day
}

// dueDays lists today, tomorrow and the next days on which promises end.
func (v *visit) dueDays(days map[calendar.Date]int, today calendar.Date) []dueDay {
	for _, d := range []calendar.Date{today, today.AddDays(1)} {
		days[d] += 0
	}
	longest := slices.Max(slices.Collect(maps.Values(days)))
	var out []dueDay
	for _, d := range slices.SortedFunc(maps.Keys(days), calendar.Date.Compare) {
		one := dueDay{Name: d.String(), Cases: days[d], Bar: bar(longest, part{"calm", days[d]})}
		switch d.Sub(today) {
		case 0:
			one.Name, one.Bar = v.lang.text("今日"), bar(longest, part{"soon", days[d]})
		case 1:
			one.Name, one.Bar = v.lang.text("明日"), bar(longest, part{"next", days[d]})
		}
		if out = append(out, one); len(out) == shownDays {
			break
		}
	}
	return out
}

// urgent lists the cases whose time runs out first.
func (v *visit) urgent(p *supervisionPage, _, _ calendar.Date, _ int) error {
	cases, _, err := v.ports.List.List(v.r.Context(), worklist.Filter{Divisions: v.officer.Townships}, "", shownUrgent)
	if err != nil {
		return err
	}
	p.Urgent, err = v.rows(v.r.Context(), cases)
	return err
}

// breaches counts the limits that were passed by what they were lost to, and lists the newest.
func (v *visit) breaches(p *supervisionPage, _, since calendar.Date, limit int) error {
	counts, err := v.ports.List.BreachCounts(v.r.Context(), since.Start(), v.officer.Townships)
	if err != nil {
		return err
	}
	longest := 0
	for _, c := range counts {
		p.Breached += c.Count
		longest = max(longest, c.Count)
	}
	slices.SortStableFunc(counts, func(a, b worklist.BreachCount) int { return cmp.Compare(b.Count, a.Count) })
	for _, c := range counts {
		p.Causes = append(p.Causes, lostTo{v.lang.clock(c.Clock), v.lang.cause(c.Cause), c.Count, bar(longest, part{"late", c.Count})})
	}
	p.Breaches, err = v.ports.List.Breaches(v.r.Context(), since.Start(), v.officer.Townships, limit)
	return err
}

// officers counts what everybody holds and did, and what was set aside.
func (v *visit) officers(p *supervisionPage, today, since calendar.Date, limit int) error {
	ctx, towns := v.r.Context(), v.officer.Townships
	acts, err := v.ports.List.Acts(ctx, since, towns)
	if err != nil {
		return err
	}
	counts, err := v.ports.List.OverrideCounts(ctx, since.Start(), towns)
	if err != nil {
		return err
	}
	if p.Overrides, err = v.ports.List.Overrides(ctx, since.Start(), towns, limit); err != nil {
		return err
	}
	for i := range p.Overrides {
		p.Overrides[i].Officer = v.officerName(p.Overrides[i].Officer)
	}
	held, err := v.held()
	if err != nil {
		return err
	}
	loads := v.colleaguesOfTowns()
	of := func(id string) *officerLoad {
		if loads[id] == nil {
			loads[id] = &officerLoad{Name: v.officerName(id), Automatic: !worklist.ByPerson(id)}
		}
		return loads[id]
	}
	for _, a := range acts {
		o, age := of(a.Officer), today.Sub(a.Day)
		o.Month += a.Count
		if age < weekDays {
			o.Week += a.Count
		}
		if age == 0 {
			o.Today += a.Count
		}
	}
	for id, n := range held {
		of(id).Held = n
	}
	kinds := map[worklist.OverrideKind]int{}
	for _, c := range counts {
		of(c.Officer).Overrides += c.Count
		kinds[c.Kind] += c.Count
	}
	p.shares(loads, kinds)
	return nil
}

// shares sets overrides against acts: of everybody, and of all people together.
func (p *supervisionPage) shares(loads map[string]*officerLoad, kinds map[worklist.OverrideKind]int) {
	longest, acts, overrides := 0, 0, 0
	for _, o := range loads {
		if !o.Automatic {
			longest = max(longest, o.Week)
			acts += o.Month
			overrides += o.Overrides
		}
	}
	ids := slices.SortedFunc(maps.Keys(loads), func(a, b string) int {
		return cmp.Or(cmp.Compare(flag(loads[a].Automatic), flag(loads[b].Automatic)), cmp.Compare(a, b))
	})
	for _, id := range ids {
		o := loads[id]
		if !o.Automatic {
			o.Bar = bar(longest, part{"calm", o.Week})
			o.Share = share(o.Overrides, o.Month)
		}
		p.Officers = append(p.Officers, *o)
	}
	p.Share = share(overrides, acts)
	most := 0
	for _, n := range kinds {
		most = max(most, n)
	}
	for _, k := range worklist.OverrideKinds() {
		p.Kinds = append(p.Kinds, setAside{k, kinds[k], bar(most, part{"soon", kinds[k]})})
	}
}

func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

// share writes n of all in percent, "–" where there is nothing to share.
func share(n, all int) string {
	if all == 0 {
		return "–"
	}
	return fmt.Sprintf("%.1f %%", 100*float64(n)/float64(all))
}

// held counts the open cases of the supervisor's townships by who holds them.
func (v *visit) held() (map[string]int, error) {
	holds, err := v.ports.Holds.Holds(v.r.Context())
	if err != nil {
		return nil, err
	}
	holders := map[string]string{} // by file
	for no, officer := range holds {
		if dossier, err := schemas.DossierOf(no); err == nil {
			holders[dossier] = officer
		}
	}
	divisions, err := v.ports.List.DivisionsOf(v.r.Context(), slices.Collect(maps.Keys(holders)))
	if err != nil {
		return nil, err
	}
	out := map[string]int{}
	for dossier, division := range divisions {
		if v.officer.WorksIn(division) {
			out[holders[dossier]]++
		}
	}
	return out, nil
}

// colleaguesOfTowns are the officers who could work on cases of the supervisor's townships: no load is told too.
func (v *visit) colleaguesOfTowns() map[string]*officerLoad {
	out := map[string]*officerLoad{}
	for _, u := range v.ports.Users.List() {
		o := officerOf(u)
		shared := len(o.Townships) == 0 || len(v.officer.Townships) == 0 || slices.ContainsFunc(o.Townships, v.officer.WorksIn)
		if !u.Disabled && shared && len(queuesOf(o)) > 0 {
			out[u.ID] = &officerLoad{Name: v.officerName(u.ID)}
		}
	}
	return out
}

// clock names a limit.
func (l language) clock(id string) string { return l.text(timeline.ClockName(id)) }

// cause says what a limit was lost to.
func (l language) cause(c worklist.Cause) string {
	return timeline.LostTo(c.Kind, c.Stage, c.System, l.text)
}

var overrideNames = map[worklist.OverrideKind]string{
	worklist.AskedAgain: "再次要求已可见的补正事项", worklist.AgainstRules: "规则不通过而准予", worklist.Judgement: "仅凭经办人认定不予办理", worklist.Waived: "豁免签发后事项",
}

// rule names what an override set aside: rules by their numbers, a duty by its name.
func (l language) rule(o worklist.Override) string {
	if o.Kind == worklist.Waived {
		return l.text(timeline.KindName(schemas.EffectKind(o.Rule)))
	}
	return o.Rule
}

// reasonOf is an officer's reason as it may be shown: in words where it was revealed, else by its length.
func (l language) reasonOf(o worklist.Override, revealed bool) string {
	switch {
	case strings.TrimSpace(o.Reason) == "":
		return l.text("未写明")
	case revealed:
		return o.Reason
	}
	return fmt.Sprintf(l.text("%d 字，已遮盖"), utf8.RuneCountInString(o.Reason))
}

// exportSupervision writes the page as a spreadsheet of its own, with every breach and override; reasons stay hidden.
func (v *visit) exportSupervision() error {
	if !v.ports.Ready() {
		return errLoading
	}
	if err := v.record("export", "supervision", ""); err != nil {
		return err
	}
	p, err := v.supervision(maxExport)
	if err != nil {
		return err
	}
	return v.download("supervision.xlsx", p.sheets(v))
}

func (p *supervisionPage) sheets(v *visit) []sheet {
	t := v.lang.text
	towns := sheet{t("镇（街道）"), [][]any{{t("镇（街道）"), t("在办"), t("今日到期"), t("明日到期"), t("已预警"), t("已超期")}}}
	for _, l := range append(slices.Clone(p.Towns), p.Sum) {
		name := v.lang.town(l.Division)
		if l.Division == "" {
			name = t("合计")
		}
		towns.cells = append(towns.cells, []any{name, l.Open, l.DueToday, l.Tomorrow, l.Warned, l.Breached})
	}
	officers := sheet{t("经办人"), [][]any{{t("经办人"), t("正在承办"), t("今日办理"), t("近 7 日"), t("近 30 日"), t("例外处理"), t("占比")}}}
	for i := range p.Officers {
		o := &p.Officers[i]
		officers.cells = append(officers.cells, []any{o.Name, o.Held, o.Today, o.Week, o.Month, o.Overrides, o.Share})
	}
	breaches := sheet{t("超期"), [][]any{{t("到期时间"), t("申请编号"), t("镇（街道）"), t("时限"), t("原因")}}}
	for _, b := range p.Breaches {
		breaches.cells = append(breaches.cells, []any{until(b.At), b.ApplicationNo, v.lang.town(b.Division), v.lang.clock(b.Clock), v.lang.cause(b.Cause)})
	}
	overrides := sheet{t("例外处理"), [][]any{{t("时间"), t("申请编号"), t("镇（街道）"), t("经办人"), t("事项"), t("规则"), t("理由")}}}
	for _, o := range p.Overrides {
		overrides.cells = append(overrides.cells, []any{minute(o.At), o.ApplicationNo, v.lang.town(o.Division), o.Officer, t(overrideNames[o.Kind]), v.lang.rule(o), v.lang.reasonOf(o, false)})
	}
	return []sheet{towns, officers, breaches, overrides}
}

// until is how they tell a deadline, which is the first instant that is too late: midnight belongs to the day before, as 24:00.
func until(t time.Time) string {
	if s := t.In(schemas.Shanghai); s.Equal(calendar.Of(s).Start()) {
		return calendar.Of(s).AddDays(-1).String() + " 24:00"
	}
	return minute(t)
}

// minute is how pages and spreadsheets tell an instant.
func minute(t time.Time) string { return t.In(schemas.Shanghai).Format("2006-01-02 15:04") }
