package console

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"permithub/internal/deadletter"
	"permithub/internal/problem"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// deadPage is what waits because something cannot be done: dead letters and held cases, each by reason.
type deadPage struct {
	Groups []letterGroup
	Held   []heldGroup
	Acts   []deadletter.Act
	Run    bool // a run is under way
}

// letterGroup is the letters that one step gave up for one reason.
type letterGroup struct {
	deadletter.Group
	Reason string
	Age    string
	Query  string
}

// heldGroup is the cases that one refusal holds.
type heldGroup struct {
	worklist.HeldGroup
	Duty, Code string
	Age        string
	Query      string
	Numbers    []string // of some of them
}

const (
	shownActs  = 50
	shownCases = 10
)

func (v *visit) showDead() error {
	p, err := v.waiting()
	if err != nil {
		return err
	}
	return v.show("dead", "死信与挂起", p)
}

// waiting is what cannot be done until somebody sees to it.
func (v *visit) waiting() (*deadPage, error) {
	if !v.ports.Ready() {
		return nil, errLoading
	}
	if err := v.ports.Letters.Read(v.r.Context()); err != nil {
		return nil, err
	}
	p := &deadPage{Acts: v.ports.Letters.Acts(shownActs)}
	for _, g := range v.ports.Letters.Groups() {
		p.Groups = append(p.Groups, letterGroup{g, v.codeName(g.Code), v.age(g.Oldest), groupQuery(g.Step, g.Code)})
	}
	if run := v.ports.Replays.Last(); run != nil {
		p.Run = run.Running
	}
	var err error
	p.Held, err = v.heldGroups()
	return p, err
}

func (v *visit) heldGroups() ([]heldGroup, error) {
	groups, err := v.ports.List.HeldGroups(v.r.Context(), v.officer.Townships)
	if err != nil {
		return nil, err
	}
	var out []heldGroup
	for _, g := range groups {
		kind, code, _ := strings.Cut(g.For, " ")
		h := heldGroup{HeldGroup: g, Code: code, Query: "?" + url.Values{"queue": {string(worklist.Held)}, "held": {g.For}}.Encode()}
		if kind != "" {
			h.Duty = timeline.DutyName(&schemas.Duty{Effect: schemas.Effect{Kind: schemas.EffectKind(kind)}})
		}
		if !g.Since.IsZero() {
			h.Age = v.since(g.Since, v.ports.Now())
		}
		cases, _, err := v.ports.List.List(v.r.Context(), worklist.Filter{Queues: []worklist.Queue{worklist.Held}, Divisions: v.officer.Townships, HeldFor: g.For}, "", shownCases)
		if err != nil {
			return nil, err
		}
		for i := range cases {
			h.Numbers = append(h.Numbers, cases[i].ApplicationNo)
		}
		out = append(out, h)
	}
	return out, nil
}

func groupQuery(step, code string) string {
	return "?" + url.Values{"step": {step}, "code": {code}}.Encode()
}

// codeName is a code in the page's language, with what it stands for.
func (v *visit) codeName(code string) string { return v.lang.of(deadletter.CodeName(code)) }

// age is how long a letter has waited: letters are dated by the machines' own clocks.
func (v *visit) age(at time.Time) string { return v.since(at, time.Now()) }

func (v *visit) since(from, to time.Time) string {
	d := max(0, to.Sub(from))
	if days := int(d.Hours()) / 24; days > 0 {
		return fmt.Sprintf(v.lang.text("%d 天"), days)
	}
	if hours := int(d.Hours()); hours > 0 {
		return fmt.Sprintf(v.lang.text("%d 小时"), hours)
	}
	return fmt.Sprintf(v.lang.text("%d 分钟"), int(d.Minutes()))
}

// lettersPage is the letters of one group.
type lettersPage struct {
	Step, Code, Reason string
	Letters            []letterRow
	Total              int
	Next               string // query of the next page
	after              string // its place
	Query              string // of the group
	Reasons            []deadletter.GiveUpReason
}

type letterRow struct {
	deadletter.Letter
	Age string
}

func (v *visit) listLetters() error {
	p, err := v.letters()
	if err != nil {
		return err
	}
	return v.show("letters", "死信", p)
}

// letters is a page of the group that the address names; errNotFound where it names no place in it.
func (v *visit) letters() (*lettersPage, error) {
	if err := v.ports.Letters.Read(v.r.Context()); err != nil {
		return nil, err
	}
	q := v.r.URL.Query()
	p := &lettersPage{Step: q.Get("step"), Code: q.Get("code"), Reasons: deadletter.Reasons()}
	from, err := v.from()
	if err != nil {
		return nil, err
	}
	p.Reason, p.Query = v.codeName(p.Code), groupQuery(p.Step, p.Code)
	all := v.group(p.Step, p.Code)
	p.Total = len(all)
	from = min(from, len(all))
	to := min(from+rows, len(all))
	if to < len(all) {
		p.after, p.Next = strconv.Itoa(to), p.Query+"&from="+strconv.Itoa(to)
	}
	for _, l := range all[from:to] {
		p.Letters = append(p.Letters, letterRow{l, v.age(l.At.Time)})
	}
	return p, nil
}

// from is the place in a list that the address names.
func (v *visit) from() (int, error) {
	text := v.r.URL.Query().Get("from")
	from, err := strconv.Atoi("0" + text)
	if err != nil || len(text) > 9 {
		return 0, errNotFound
	}
	return from, nil
}

// group returns the letters of a group that stand. A group is named whole: an unreadable letter has no step.
func (v *visit) group(step, code string) []deadletter.Letter {
	return slices.DeleteFunc(v.ports.Letters.List(deadletter.Filter{State: deadletter.Standing, Code: code}), func(l deadletter.Letter) bool { return l.Step != step })
}

// letterPage is one letter.
type letterPage struct {
	deadletter.Letter
	Reason   string // why it is here, in words
	Why      string // as the step said it
	Age      string
	Forecast deadletter.Forecast
	Verdict  string
	Happens  []string // what its file would record
	Faults   []problem.Fault
	Text     string // the content, masked unless revealed; "" where it cannot be shown
	Of       string // the repair that the text is of
	Headers  []schemas.Header
	Revealed bool
	Edits    bool // the text may be repaired here
	TooLarge bool // to be repaired here
	Said     string
	Refused  bool
	Case     string // a case of the letter's file, where the letter names one
	Reasons  []deadletter.GiveUpReason
	Changes  []deadletter.Change // that the last repair made
}

// maxEdited is the largest content that fits into a form with everything around it.
const maxEdited = maxForm / 4

// letter finds the letter of the address. One that is the officer's own or a relative's is refused, as their cases are.
func (v *visit) letter(what string) (deadletter.Letter, error) {
	if err := v.ports.Letters.Read(v.r.Context()); err != nil {
		return deadletter.Letter{}, err
	}
	l, ok := v.ports.Letters.Find(v.r.PathValue("id"))
	if !ok {
		return l, errNotFound
	}
	if v.officer.Related(l.Key) {
		return l, v.refused(what, l.ID, errRelated)
	}
	return l, nil
}

func (v *visit) showLetter() error {
	l, err := v.letter("letter")
	if err != nil {
		return err
	}
	p, err := v.letterPage(&l, false)
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	switch code := q.Get("said"); {
	case code == "":
	case q.Has("refused"):
		p.Said, p.Refused = v.lang.of(sayings(code)), true
	default:
		p.Said = v.lang.of(sayings(code))
	}
	return v.show("letter", "死信", p)
}

// sayings are what a page says of what was just done.
func sayings(code string) (zh, en string) {
	switch code {
	case "repaired":
		return "已修复，待重放", "repaired; now it can be replayed"
	case "replayed":
		return "已重放", "replayed"
	case "given_up":
		return "已放弃", "given up"
	}
	if v := deadletter.Verdict(code); slices.Contains(deadletter.Verdicts(), v) {
		return v.Name()
	}
	zh, en = deadletter.CodeName(code)
	if zh == code { // it came from the address
		return "操作未被接受", "not done"
	}
	return zh, en
}

// revealLetter shows the letter with its personal data, once, for a purpose that is recorded before.
func (v *visit) revealLetter() error {
	l, err := v.letter("reveal_letter")
	if err != nil {
		return err
	}
	p, err := v.letterRevealed(&l, v.r.PostForm.Get("purpose"))
	if err != nil {
		return err
	}
	return v.show("letter", "死信", p)
}

func (v *visit) letterRevealed(l *deadletter.Letter, purpose string) (*letterPage, error) {
	if purpose != purposeRepair {
		return nil, errForm
	}
	if err := v.record("reveal_letter", l.ID, purpose); err != nil {
		return nil, err
	}
	return v.letterPage(l, true)
}

// purposeRepair is what a letter's personal data may be revealed for.
const purposeRepair = "repair_record"

func (v *visit) letterPage(l *deadletter.Letter, revealed bool) (*letterPage, error) {
	c, err := v.ports.Letters.Content(v.r.Context(), l)
	if err != nil {
		return nil, err
	}
	p := &letterPage{Letter: *l, Reason: v.codeName(l.Code), Why: l.Reason, Age: v.age(l.At.Time), Headers: c.Headers, Of: c.RepairID, Revealed: revealed, Reasons: deadletter.Reasons()}
	if p.Text = deadletter.Mask(l.Topic, c.Current()).Text; revealed {
		p.Text = deadletter.Indented(c.Current())
	}
	if c.Repair != nil {
		p.Changes = deadletter.Changes(l.Topic, c.Value, c.Repair)
	}
	p.TooLarge = len(p.Text) > maxEdited
	p.Edits = l.Repairable() && !p.TooLarge && p.Text != ""
	if subject := (&schemas.Record{Headers: c.Headers}).Header("ce_subject"); subject != "" {
		if dossier, err := schemas.DossierOf(subject); err == nil && dossier == l.Key {
			p.Case = subject
		}
	}
	if p.Forecast, err = v.ports.Letters.Foresee(v.r.Context(), l.ID); err != nil {
		return nil, err
	}
	p.Verdict = v.lang.of(p.Forecast.Verdict.Name())
	p.Faults = p.Forecast.Faults
	for _, e := range p.Forecast.Events {
		p.Happens = append(p.Happens, schemas.EventName(e))
	}
	return p, nil
}

// repairLetter keeps what the officer made of the content. With faults the page comes again, with all of them and what was written.
func (v *visit) repairLetter() error {
	l, err := v.letter("repair_letter")
	if err != nil {
		return err
	}
	edit := deadletter.Edit{Value: []byte(v.r.PostForm.Get("value")), Of: v.r.PostForm.Get("of")}
	faults, err := v.repaired(l.ID, edit)
	if err != nil {
		return v.letterRefused(l.ID, err)
	}
	if faults.Empty() {
		return v.redirect(letterAddress(l.ID) + "?said=repaired")
	}
	p, err := v.letterPage(&l, false)
	if err != nil {
		return err
	}
	p.Text, p.Faults, p.Edits = string(edit.Value), faults.Faults(), true
	p.Said, p.Refused = v.lang.text("尚未修复，请更正下列各处"), true
	return v.show("letter", "死信", p)
}

func (v *visit) repaired(id string, edit deadletter.Edit) (*problem.List, error) {
	if err := v.record("repair_letter", id, ""); err != nil {
		return nil, err
	}
	return v.ports.Letters.Repair(v.r.Context(), id, v.officer.ID, edit)
}

func letterAddress(id string) string { return "/dead/letters/" + url.PathEscape(id) }

// letterRefused tells on the letter's page why nothing was done, where that is the letter's matter.
func (v *visit) letterRefused(id string, err error) error {
	for _, known := range []error{deadletter.ErrDealtWith, deadletter.ErrNoRepair, deadletter.ErrReason, deadletter.ErrTicket, deadletter.ErrRepairedMeanwhile} {
		if errors.Is(err, known) {
			return v.redirect(letterAddress(id) + "?refused&said=" + known.Error())
		}
	}
	return err
}

func (v *visit) replayLetter() error {
	l, err := v.letter("replay_letter")
	if err != nil {
		return err
	}
	f, err := v.replayed(l.ID)
	switch {
	case err != nil:
		return v.letterRefused(l.ID, err)
	case f.Verdict == deadletter.NoChange:
		return v.redirect(letterAddress(l.ID) + "?said=" + string(f.Verdict))
	case f.Verdict.Replays():
		return v.redirect(letterAddress(l.ID) + "?said=replayed")
	}
	return v.redirect(letterAddress(l.ID) + "?refused&said=" + string(f.Verdict))
}

func (v *visit) replayed(id string) (deadletter.Forecast, error) {
	if err := v.record("replay_letter", id, ""); err != nil {
		return deadletter.Forecast{}, err
	}
	return v.ports.Letters.Replay(v.r.Context(), id, v.officer.ID)
}

func (v *visit) giveUpLetter() error {
	l, err := v.letter("give_up_letter")
	if err != nil {
		return err
	}
	if err := v.givenUp(l.ID, v.r.PostForm.Get("reason"), v.r.PostForm.Get("ticket")); err != nil {
		return v.letterRefused(l.ID, err)
	}
	return v.redirect(letterAddress(l.ID) + "?said=given_up")
}

func (v *visit) givenUp(id, reason, ticket string) error {
	if err := v.record("give_up_letter", id, ""); err != nil {
		return err
	}
	return v.ports.Letters.GiveUp(v.r.Context(), id, v.officer.ID, reason, strings.TrimSpace(ticket))
}

// of picks the language of a text that has both.
func (l language) of(zh, en string) string {
	if l == english {
		return en
	}
	return zh
}

// statusOfRun answers a run that was not begun.
func statusOfRun(err error) (string, bool) {
	if errors.Is(err, deadletter.ErrRunning) {
		return "已有一次重放正在进行，请等它结束", true
	}
	if errors.Is(err, deadletter.ErrSecond) {
		return "超过 20 件须由另一人同意", true
	}
	if errors.Is(err, deadletter.ErrRate) {
		return "每秒件数须为 1 至 1000", true
	}
	if errors.Is(err, deadletter.ErrReason) || errors.Is(err, deadletter.ErrTicket) {
		return "请选择放弃的原因；工单编号只能有字母、数字和 . _ / # -", true
	}
	return "", false
}

// runPage is how far a run has come.
type runPage struct {
	*deadletter.Progress
	Counts  []verdictCount
	Rows    []resultRow
	after   string // place of the rows that follow
	From    int    // the first of the rows, counted from 1
	Next    string
	Query   string
	Said    string
	Failure string
	Mends   bool // the officer may stop it and go on with it
	Agrees  bool // it waits for a second person, and the officer may be that
}

type verdictCount struct {
	Name  string
	Count int
}

type resultRow struct {
	ID, Address, What, To string
	Stays                 bool
	Faults                []problem.Fault
}

// many is a run as it is asked for: over the chosen letters, or over a whole group.
type many struct {
	IDs            []string
	Whole          bool
	Step, Code     string // of the group
	Dry, GiveUp    bool
	Reason, Ticket string
	Rate           int
}

// replayMany begins a run: a replay, in earnest or to see what would happen, or giving letters up.
func (v *visit) replayMany() error {
	form := v.r.PostForm
	m := many{IDs: form["id"], Whole: form.Get("whole") != "", Step: form.Get("step"), Code: form.Get("code"), Dry: form.Get("dry") != "", GiveUp: form.Get("give_up") != "",
		Reason: form.Get("reason"), Ticket: form.Get("ticket")}
	var err error
	if m.Rate, err = strconv.Atoi(form.Get("rate")); err != nil {
		m.Rate = 0 // which is refused
	}
	return v.ran(v.begun(&m))
}

// begun begins a run. Letters that are the officer's own or a relative's are not among them.
func (v *visit) begun(m *many) error {
	o := deadletter.Order{Officer: v.officer.ID, Dry: m.Dry, IDs: m.IDs, Rate: m.Rate}
	if m.Whole {
		if err := v.ports.Letters.Read(v.r.Context()); err != nil {
			return err
		}
		o.IDs = nil
		for _, l := range v.group(m.Step, m.Code) {
			o.IDs = append(o.IDs, l.ID)
		}
	}
	o.IDs = slices.DeleteFunc(o.IDs, func(id string) bool {
		l, ok := v.ports.Letters.Find(id)
		return ok && v.officer.Related(l.Key)
	})
	what := "replay_letters"
	switch {
	case o.Dry:
		what = "foresee_letters"
	case m.GiveUp:
		what = "give_up_letters"
		if o.Reason, o.Ticket = m.Reason, strings.TrimSpace(m.Ticket); o.Reason == "" {
			return deadletter.ErrReason
		}
	}
	if err := v.record(what, fmt.Sprintf("%d letters", len(o.IDs)), ""); err != nil {
		return err
	}
	return v.ports.Replays.Start(o)
}

func (v *visit) ran(err error) error {
	if text, known := statusOfRun(err); known {
		return v.showRunSaying(text)
	}
	if err != nil {
		return err
	}
	return v.redirect("/dead/run")
}

func (v *visit) agreeToRun() error { return v.ran(v.runAgreed()) }

// runAgreed is the second person's word.
func (v *visit) runAgreed() error {
	if err := v.record("agree_to_replay", "", ""); err != nil {
		return err
	}
	return v.ports.Replays.Agree(v.officer.ID)
}

func (v *visit) stopRun() error { return v.ran(v.runStopped()) }

func (v *visit) runStopped() error {
	if err := v.record("stop_replay", "", ""); err != nil {
		return err
	}
	v.ports.Replays.Stop()
	return nil
}

func (v *visit) continueRun() error { return v.ran(v.runContinued()) }

func (v *visit) runContinued() error {
	if err := v.record("continue_replay", "", ""); err != nil {
		return err
	}
	return v.ports.Replays.Continue(v.officer.ID)
}

func (v *visit) showRun() error { return v.showRunSaying("") }

func (v *visit) showRunSaying(text string) error {
	p, err := v.lastRun()
	if err != nil {
		return err
	}
	if text != "" {
		p.Said = v.lang.text(text)
	}
	return v.show("run", "重放", p)
}

// lastRun is how far the last run has come, with the results from the place that the address names.
func (v *visit) lastRun() (*runPage, error) {
	p := &runPage{Progress: v.ports.Replays.Last(), Mends: v.officer.Has(desk.Operator)}
	if p.Progress == nil {
		p.Progress = &deadletter.Progress{}
	}
	p.Agrees = p.Mends && p.Waits() && p.Officer != v.officer.ID
	if p.Failed != "" {
		p.Failure = v.lang.text("因系统暂时不可用而停下，稍后可以继续")
	}
	for _, verdict := range deadletter.Verdicts() {
		if n := p.Count(verdict); n > 0 {
			p.Counts = append(p.Counts, verdictCount{v.lang.of(verdict.Name()), n})
		}
	}
	from, err := v.from()
	if err != nil {
		return nil, err
	}
	from = min(from, len(p.Results))
	to := min(from+2*rows, len(p.Results))
	p.From, p.Query = from+1, "?from="+strconv.Itoa(from)
	if to < len(p.Results) {
		p.after = strconv.Itoa(to)
		p.Next = "?from=" + p.after
	}
	for i := range p.Results[from:to] {
		r := &p.Results[from+i]
		row := resultRow{ID: r.ID, Address: letterAddress(r.ID), What: v.lang.of(r.Verdict.Name()), To: r.To, Faults: r.Faults, Stays: r.Stays()}
		if r.Failed != "" {
			row.What = v.codeName(r.Failed)
		}
		p.Rows = append(p.Rows, row)
	}
	return p, nil
}
