package console

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"permithub/internal/deadletter"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
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
