package console

import (
	"errors"
	"net/http"
	"reflect"

	"permithub/internal/deadletter"
	"permithub/internal/problem"
	"permithub/producers/desk"
	"permithub/schemas"
)

// Waiting is what waits because something cannot be done: dead letters and held cases, each by reason.
type Waiting struct {
	Letters []LetterGroup    `json:"letters" nullable:"false" doc:"dead letters by step and code, the group with the oldest first"`
	Held    []HeldCases      `json:"held" nullable:"false" doc:"held cases of the officer's townships, by what holds them"`
	Acts    []deadletter.Act `json:"acts" nullable:"false" doc:"what was done last, newest first"`
	Running bool             `json:"running" doc:"a run is under way"`
}

// LetterGroup is the letters that one step gave up for one reason.
type LetterGroup struct {
	Step     string       `json:"step" doc:"empty where the letters themselves cannot be read"`
	Code     string       `json:"code"`
	Reason   string       `json:"reason" doc:"the code in words"`
	Letters  int          `json:"letters"`
	Repaired int          `json:"repaired" doc:"of them: a repair lies ready"`
	Oldest   schemas.Time `json:"oldest"`
	Newest   schemas.Time `json:"newest"`
}

// HeldCases is the cases that one refusal holds.
type HeldCases struct {
	Duty  string        `json:"duty,omitempty"`
	Code  string        `json:"code,omitempty" doc:"of the refusal"`
	Cases int           `json:"cases"`
	Since *schemas.Time `json:"since,omitempty" doc:"of the one that is held longest"`
	Some  []string      `json:"application_nos" nullable:"false" doc:"of some of them; the list of cases has them all"`
}

// LetterList is one page of a group, oldest first.
type LetterList struct {
	Letters []deadletter.Letter `json:"letters" nullable:"false"`
	Total   int                 `json:"total"`
	Next    string              `json:"next,omitempty" doc:"place of the next page, for from"`
}

// LetterFile is one letter as its page shows it.
type LetterFile struct {
	Letter        deadletter.Letter   `json:"letter"`
	Reason        string              `json:"reason" doc:"the code in words"`
	ApplicationNo string              `json:"application_no,omitempty" doc:"a case of the letter's file, where the letter names one"`
	Revealed      bool                `json:"revealed" doc:"whether personal data is in clear"`
	Content       string              `json:"content,omitempty" doc:"JSON text with a placeholder for each value that is hidden; absent where it cannot be shown"`
	Of            string              `json:"of,omitempty" doc:"the repair that the content is of"`
	Repairable    bool                `json:"repairable"`
	Headers       []schemas.Header    `json:"headers,omitempty"`
	Forecast      deadletter.Forecast `json:"forecast" doc:"what a replay would do now"`
	Verdict       string              `json:"verdict_name" doc:"the forecast's verdict in words"`
	Changes       []deadletter.Change `json:"changes,omitempty" doc:"that the last repair made, masked"`
}

// LetterPurpose says what a letter's personal data is needed for.
type LetterPurpose struct {
	Purpose string `json:"purpose" enum:"repair_record" doc:"stands in the audit log"`
}

// RepairRequest is what somebody made of a letter's content.
type RepairRequest struct {
	Content string `json:"content" doc:"JSON text; placeholders may stay: they stand for what they hide"`
	Of      string `json:"of,omitempty" doc:"of the letter that the edit began with"`
}

// GiveUpRequest says why nothing will come of a letter.
type GiveUpRequest struct {
	Reason string `json:"reason" doc:"code of the reason"`
	Ticket string `json:"ticket,omitempty" doc:"letters, digits and . _ / # -"`
}

// RunRequest is a run over many letters.
type RunRequest struct {
	IDs    []string `json:"dead_letter_ids,omitempty" nullable:"false"`
	Whole  bool     `json:"whole_group,omitempty" doc:"every letter of step and code that stands, in place of dead_letter_ids"`
	Step   string   `json:"step,omitempty"`
	Code   string   `json:"code,omitempty"`
	Dry    bool     `json:"dry_run,omitempty" doc:"says what each would do and does nothing"`
	Rate   int64    `json:"rate" minimum:"1" maximum:"1000" doc:"letters a second"`
	GiveUp bool     `json:"give_up,omitempty" doc:"gives the letters up instead of replaying them"`
	Reason string   `json:"reason,omitempty" doc:"of giving up"`
	Ticket string   `json:"ticket,omitempty"`
}

// RunState is how far the last run has come.
type RunState struct {
	Officer string              `json:"officer,omitempty" doc:"absent where there was no run"`
	Second  string              `json:"second,omitempty" doc:"who agreed"`
	Started *schemas.Time       `json:"started,omitempty"`
	Dry     bool                `json:"dry_run"`
	Rate    int                 `json:"rate"`
	Reason  string              `json:"reason,omitempty" doc:"of giving up; absent is a replay"`
	Ticket  string              `json:"ticket,omitempty"`
	Total   int                 `json:"total"`
	Done    int                 `json:"done"`
	Running bool                `json:"running"`
	Waits   bool                `json:"waits_for_second" doc:"another person has to agree first"`
	Failed  string              `json:"failed,omitempty" doc:"code of the outage that stopped it"`
	Counts  []VerdictCount      `json:"counts" nullable:"false"`
	Results []deadletter.Result `json:"results" nullable:"false" doc:"in the order in which the letters are dealt with"`
	Next    string              `json:"next,omitempty" doc:"place of the results that follow, for from"`
}

// VerdictCount is how many letters of a run came to one end.
type VerdictCount struct {
	Verdict deadletter.Verdict `json:"verdict"`
	Name    string             `json:"name"`
	Letters int                `json:"letters"`
}

// deadOperations are about dead letters and held cases.
func deadOperations() []operation {
	keepers, readers := []desk.Role{desk.Operator}, []desk.Role{desk.Operator, desk.Auditor}
	letter, run := reflect.TypeFor[LetterFile](), reflect.TypeFor[RunState]()
	from := parameter{"from", "上一页的 next · place of the next page", nil}
	dealt, mends := "已处理、不能修复或其间另有修复 · dealt with, not to be repaired, or repaired meanwhile", "内容的问题以其 JSON 指针指出，全部列出 · faults of the content by their pointers in it"
	other, another := "已有一次重放正在进行，或须由另一人同意 · a run is under way, or another person has to agree", "超过 20 件须由另一人同意 · more than 20 wait for a second person"
	return []operation{
		{id: "dead", method: http.MethodGet, path: "/v1/dead", summary: "死信与挂起，按原因 · dead letters and held cases, by reason", roles: readers, answer: reflect.TypeFor[Waiting](), handle: (*visit).apiDead},
		{id: "letters", method: http.MethodGet, path: "/v1/dead/letters", summary: "一组死信 · the letters of a group", roles: readers, answer: reflect.TypeFor[LetterList](), handle: (*visit).apiLetters,
			query: []parameter{{"step", "步骤 · step", nil}, {"code", "代码 · code", nil}, from}},
		{id: "letter", method: http.MethodGet, path: "/v1/dead/letters/{id}", summary: "一件死信，个人信息遮盖 · one letter, masked", roles: readers, answer: letter, handle: (*visit).apiLetter},
		{id: "reveal_letter", method: http.MethodPost, path: "/v1/dead/letters/{id}/reveal", summary: "一件死信，个人信息不遮盖；先记入审计 · one letter in clear, audited before", roles: keepers,
			body: reflect.TypeFor[LetterPurpose](), answer: letter, handle: (*visit).apiRevealLetter},
		{id: "repair_letter", method: http.MethodPost, path: "/v1/dead/letters/{id}/repair", summary: "修复；" + mends, roles: keepers, body: reflect.TypeFor[RepairRequest](), answer: letter,
			conflict: dealt, handle: (*visit).apiRepairLetter},
		{id: "replay_letter", method: http.MethodPost, path: "/v1/dead/letters/{id}/replay", summary: "重放 · replay", roles: keepers, answer: reflect.TypeFor[deadletter.Forecast](),
			conflict: "不能重放：为什么 · why it is not replayed", handle: (*visit).apiReplayLetter},
		{id: "give_up_letter", method: http.MethodPost, path: "/v1/dead/letters/{id}/give-up", summary: "放弃 · give up", roles: keepers, body: reflect.TypeFor[GiveUpRequest](), answer: letter,
			conflict: dealt, handle: (*visit).apiGiveUpLetter},
		{id: "run", method: http.MethodGet, path: "/v1/dead/run", summary: "最近一次批量处理 · the last run", roles: readers, answer: run, handle: (*visit).apiRun, query: []parameter{from}},
		{id: "begin_run", method: http.MethodPost, path: "/v1/dead/run", summary: "批量重放、试算或放弃；" + another, roles: keepers, body: reflect.TypeFor[RunRequest](), answer: run,
			conflict: other, handle: (*visit).apiBeginRun},
		{id: "agree_to_run", method: http.MethodPost, path: "/v1/dead/run/agree", summary: "另一人同意 · a second person agrees", roles: keepers, answer: run, conflict: other,
			handle: func(v *visit) (any, error) { return v.apiRan(v.runAgreed()) }},
		{id: "stop_run", method: http.MethodPost, path: "/v1/dead/run/stop", summary: "停下 · stop", roles: keepers, answer: run,
			handle: func(v *visit) (any, error) { return v.apiRan(v.runStopped()) }},
		{id: "continue_run", method: http.MethodPost, path: "/v1/dead/run/continue", summary: "继续 · go on", roles: keepers, answer: run, conflict: other,
			handle: func(v *visit) (any, error) { return v.apiRan(v.runContinued()) }},
	}
}

// Codes of the faults of requests about dead letters.
var (
	codeFrom    = problem.Content("from_form", "须为上一页的 next", "want the next of the page before")
	codeGiveUp  = problem.Content("give_up_reason_unknown", "没有这个放弃的原因", "there is no such reason for giving up")
	codeTicket  = problem.Content("ticket_form", "工单编号只能有字母、数字和 . _ / # -", "a ticket has letters, digits and . _ / # - only")
	codeRate    = problem.Content("rate_range", "每秒件数须为 1 至 1000", "the rate is 1 to 1000 letters a second")
	codeChoice  = problem.Content("letters_choice", "须列出死信，或指定整组，两者取一", "want either a list of letters or a whole group")
	letterCodes = []problem.Code{codeFrom, codeGiveUp, codeTicket, codeRate, codeChoice}
)

// letterAnswer makes the error of an act on letters what a program is answered.
func letterAnswer(err error) error {
	for _, f := range []struct {
		err     error
		pointer string
		code    problem.Code
	}{{deadletter.ErrReason, "/reason", codeGiveUp}, {deadletter.ErrTicket, "/ticket", codeTicket}, {deadletter.ErrRate, "/rate", codeRate}} {
		if errors.Is(err, f.err) {
			return oneFault(f.pointer, f.code)
		}
	}
	for _, known := range []error{deadletter.ErrDealtWith, deadletter.ErrNoRepair, deadletter.ErrRepairedMeanwhile} {
		if errors.Is(err, known) {
			zh, en := deadletter.CodeName(known.Error())
			return conflicts(known.Error(), zh, en)
		}
	}
	switch {
	case errors.Is(err, deadletter.ErrRunning):
		return conflicts("run_under_way", "已有一次重放正在进行，请等它结束", "a run is under way")
	case errors.Is(err, deadletter.ErrSecond):
		return conflicts("second_person_missing", "超过 20 件须由另一人同意", "more than 20 letters need another person's word")
	}
	return err
}

func oneFault(pointer string, code problem.Code) error {
	list := new(problem.List)
	list.Add(pointer, code)
	return faults(list)
}

// conflicts is the error of what cannot be done as things stand.
func conflicts(name, zh, en string) error {
	p := problem.New(http.StatusConflict, name, zh, en)
	return declined{&p}
}

func (v *visit) apiDead() (any, error) {
	p, err := v.waiting()
	if err != nil {
		return nil, err
	}
	out := Waiting{Letters: []LetterGroup{}, Held: []HeldCases{}, Acts: append([]deadletter.Act{}, p.Acts...), Running: p.Run}
	for i := range p.Groups {
		g := &p.Groups[i]
		out.Letters = append(out.Letters, LetterGroup{g.Step, g.Code, g.Reason, g.Letters, g.Repaired, schemas.At(g.Oldest), schemas.At(g.Newest)})
	}
	for i := range p.Held {
		h := &p.Held[i]
		out.Held = append(out.Held, HeldCases{h.Duty, h.Code, h.Cases, instant(h.Since), append([]string{}, h.Numbers...)})
	}
	return out, nil
}

func (v *visit) apiLetters() (any, error) {
	p, err := v.letters()
	if errors.Is(err, errNotFound) {
		return nil, oneFault("?from", codeFrom)
	}
	if err != nil {
		return nil, err
	}
	out := LetterList{Letters: []deadletter.Letter{}, Total: p.Total, Next: p.after}
	for i := range p.Letters {
		out.Letters = append(out.Letters, p.Letters[i].Letter)
	}
	return out, nil
}

func (v *visit) apiLetter() (any, error) {
	l, err := v.letter("letter")
	if err != nil {
		return nil, err
	}
	return v.letterFile(v.letterPage(&l, false))
}

func (v *visit) letterFile(p *letterPage, err error) (any, error) {
	if err != nil {
		return nil, err
	}
	return LetterFile{Letter: p.Letter, Reason: p.Reason, ApplicationNo: p.Case, Revealed: p.Revealed, Content: p.Text, Of: p.Of, Repairable: p.Repairable(), Headers: p.Headers,
		Forecast: p.Forecast, Verdict: p.Verdict, Changes: p.Changes}, nil
}

func (v *visit) apiRevealLetter() (any, error) {
	l, err := v.letter("reveal_letter")
	if err != nil {
		return nil, err
	}
	var asked LetterPurpose
	err = v.read(&asked, func(list *problem.List) {
		if list.Need("/purpose", asked.Purpose) && asked.Purpose != purposeRepair {
			list.Add("/purpose", codePurpose)
		}
	})
	if err != nil {
		return nil, err
	}
	return v.letterFile(v.letterRevealed(&l, asked.Purpose))
}

func (v *visit) apiRepairLetter() (any, error) {
	l, err := v.letter("repair_letter")
	if err != nil {
		return nil, err
	}
	var asked RepairRequest
	if err := v.read(&asked, func(list *problem.List) { list.Need("/content", asked.Content) }); err != nil {
		return nil, err
	}
	list, err := v.repaired(l.ID, deadletter.Edit{Value: []byte(asked.Content), Of: asked.Of})
	if err != nil {
		return nil, letterAnswer(err)
	}
	if err := faults(list); err != nil {
		return nil, err
	}
	return v.apiLetter()
}

func (v *visit) apiReplayLetter() (any, error) {
	l, err := v.letter("replay_letter")
	if err != nil {
		return nil, err
	}
	f, err := v.replayed(l.ID)
	if err != nil {
		return nil, letterAnswer(err)
	}
	if !f.Verdict.Replays() {
		zh, en := f.Verdict.Name()
		p := problem.New(http.StatusConflict, "letter_"+string(f.Verdict), zh, en)
		p.Faults = f.Faults
		return nil, declined{&p}
	}
	return f, nil
}

func (v *visit) apiGiveUpLetter() (any, error) {
	l, err := v.letter("give_up_letter")
	if err != nil {
		return nil, err
	}
	var asked GiveUpRequest
	if err := v.read(&asked, func(list *problem.List) { list.Need("/reason", asked.Reason) }); err != nil {
		return nil, err
	}
	if err := v.givenUp(l.ID, asked.Reason, asked.Ticket); err != nil {
		return nil, letterAnswer(err)
	}
	return v.apiLetter()
}

func (v *visit) apiBeginRun() (any, error) {
	var asked RunRequest
	err := v.read(&asked, func(list *problem.List) {
		if asked.Whole == (len(asked.IDs) > 0) {
			list.Add("/dead_letter_ids", codeChoice)
		}
		if asked.Rate < 1 || asked.Rate > deadletter.MaxRate {
			list.Add("/rate", codeRate)
		}
		if asked.GiveUp {
			list.Need("/reason", asked.Reason)
		}
	})
	if err != nil {
		return nil, err
	}
	return v.apiRan(v.begun(&many{IDs: asked.IDs, Whole: asked.Whole, Step: asked.Step, Code: asked.Code, Dry: asked.Dry, GiveUp: asked.GiveUp, Reason: asked.Reason, Ticket: asked.Ticket,
		Rate: int(asked.Rate)}))
}

func (v *visit) apiRan(err error) (any, error) {
	if err != nil {
		return nil, letterAnswer(err)
	}
	return v.apiRun()
}

func (v *visit) apiRun() (any, error) {
	p, err := v.lastRun()
	if errors.Is(err, errNotFound) {
		return nil, oneFault("?from", codeFrom)
	}
	if err != nil {
		return nil, err
	}
	out := RunState{Officer: p.Officer, Second: p.Second, Started: instant(p.Started), Dry: p.Dry, Rate: p.Rate, Reason: p.Reason, Ticket: p.Ticket, Total: len(p.IDs), Done: len(p.Results),
		Running: p.Running, Waits: p.Waits(), Failed: p.Failed, Counts: []VerdictCount{}, Results: append([]deadletter.Result{}, p.Results[p.From-1:p.From-1+len(p.Rows)]...), Next: p.after}
	for _, verdict := range deadletter.Verdicts() {
		if n := p.Count(verdict); n > 0 {
			out.Counts = append(out.Counts, VerdictCount{verdict, v.lang.of(verdict.Name()), n})
		}
	}
	return out, nil
}
