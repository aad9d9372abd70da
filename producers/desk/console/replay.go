package console

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"permithub/internal/deadletter"
	"permithub/internal/problem"
	"permithub/producers/desk"
)

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
