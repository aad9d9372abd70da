package console

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"time"

	"permithub/internal/accounts"
	"permithub/internal/problem"
	"permithub/internal/strictjson"
	"permithub/internal/timeline"
	"permithub/internal/trace"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// CaseList is one page of the list.
type CaseList struct {
	Cases    []CaseRow    `json:"cases" nullable:"false" doc:"most urgent first"`
	Next     string       `json:"next,omitempty" doc:"cursor of the next page, for after"`
	Queues   []QueueCount `json:"queues" nullable:"false" doc:"open cases by queue, of the officer's townships"`
	DueToday int          `json:"due_today" doc:"cases of these queues and townships whose promise ends today"`
}

// QueueCount is how many cases wait for one level.
type QueueCount struct {
	Queue worklist.Queue `json:"queue"`
	Name  string         `json:"name"`
	Cases int            `json:"cases"`
}

// CaseRow is one case of a list, its name masked.
type CaseRow struct {
	ApplicationNo string                  `json:"application_no"`
	Version       int64                   `json:"version"`
	Stage         schemas.Stage           `json:"stage"`
	StageName     string                  `json:"stage_name"`
	Queue         worklist.Queue          `json:"queue"`
	Division      string                  `json:"division"`
	Type          schemas.RecognitionType `json:"recognition_type"`
	Channel       schemas.Channel         `json:"channel"`
	Name          string                  `json:"name" doc:"masked"`
	SubmittedAt   schemas.Time            `json:"submitted_at"`
	DueAt         *schemas.Time           `json:"due_at,omitempty" doc:"the first instant that is too late; absent while no clock runs"`
	Left          string                  `json:"left" doc:"time left in office hours, in words"`
	Urgency       string                  `json:"urgency" enum:"calm,soon,late,none"`
	Holder        string                  `json:"holder,omitempty" doc:"staff number of who works on it"`
	Related       bool                    `json:"related,omitempty" doc:"the officer's own case or a declared relative's: for others"`
}

// CaseFile is one case as its page shows it.
type CaseFile struct {
	ApplicationNo string           `json:"application_no"`
	Version       int64            `json:"version" doc:"what the officer saw: the expect_version of an act"`
	Stage         schemas.Stage    `json:"stage"`
	StageName     string           `json:"stage_name"`
	Ended         bool             `json:"ended"`
	Revealed      bool             `json:"revealed" doc:"whether personal data is in clear"`
	Form          form             `json:"form"`
	Sheet         timeline.Case    `json:"sheet" doc:"opinions, findings, clocks, duties and what happened"`
	Chain         timeline.Chain   `json:"chain"`
	Left          string           `json:"left,omitempty"`
	Compared      []comparison     `json:"compared,omitempty" doc:"what was declared beside what the registration system proved"`
	Reasons       []string         `json:"reasons,omitempty"`
	Permits       []schemas.Permit `json:"permits,omitempty"`
	Acts          []ActOffer       `json:"acts" nullable:"false" doc:"what the officer may do now"`
	Holder        string           `json:"holder,omitempty"`
	Colleagues    []colleague      `json:"colleagues,omitempty" doc:"to whom it may be handed over"`
	Earlier       []timeline.Case  `json:"earlier,omitempty" doc:"the person's other cases"`
}

// ActOffer is one act that the officer's roles allow in this stage.
type ActOffer struct {
	Action schemas.ActionKind `json:"action"`
	Name   string             `json:"name"`
	Barred string             `json:"barred,omitempty" doc:"why it is not for this officer"`
}

// Preview is what an act would do, decided on the file as it stands.
type Preview struct {
	Refused    string        `json:"refused,omitempty" doc:"why the case would not take it"`
	From       schemas.Stage `json:"from,omitempty"`
	To         schemas.Stage `json:"to,omitempty"`
	Messages   []string      `json:"messages" nullable:"false" doc:"in the very words of the phone"`
	Cancels    []string      `json:"cancels" nullable:"false" doc:"permits that would be cancelled"`
	Orders     []string      `json:"orders" nullable:"false" doc:"what else foreign systems would be asked to do"`
	AfterIssue bool          `json:"after_issue" doc:"messages and cancellations follow the issue of the permit"`
}

// HoldRequest takes a case, or hands it over.
type HoldRequest struct {
	To string `json:"to,omitempty" doc:"staff number of the colleague; absent takes the case for oneself"`
}

// Holding is who works on a case.
type Holding struct {
	ApplicationNo string `json:"application_no"`
	Holder        string `json:"holder,omitempty" doc:"absent where nobody does"`
}

// SearchRequest is what is looked for.
type SearchRequest struct {
	Query   string `json:"query" doc:"application number, citizen id, or the beginning of a name among open cases"`
	Purpose string `json:"purpose" enum:"verify_identity,contact_applicant,check_material,answer_enquiry" doc:"stands in the audit log"`
}

// SearchResult is what was found.
type SearchResult struct {
	ApplicationNo string    `json:"application_no,omitempty" doc:"the case of the number, or the latest of the person"`
	Cases         []CaseRow `json:"cases" nullable:"false" doc:"open cases of that name, masked"`
}

// RevealRequest says what personal data is needed for.
type RevealRequest struct {
	Purpose string `json:"purpose" enum:"verify_identity,contact_applicant,check_material,answer_enquiry" doc:"stands in the audit log"`
}

// Identity is who asks.
type Identity struct {
	ID        string      `json:"id"`
	Name      string      `json:"name"`
	Roles     []desk.Role `json:"roles" nullable:"false"`
	Townships []string    `json:"townships,omitempty" doc:"absent is the whole county"`
	CSRF      string      `json:"csrf_token,omitempty" doc:"for the header X-CSRF-Token; a session's alone"`
}

// SignedIn is one session.
type SignedIn struct {
	User    string       `json:"user"`
	Name    string       `json:"name"`
	Way     accounts.Way `json:"way"`
	Started schemas.Time `json:"started"`
	Used    schemas.Time `json:"used"`
}

func (v *visit) apiIdentity() (any, error) {
	return Identity{ID: v.officer.ID, Name: v.officer.Name, Roles: v.officer.Roles, Townships: v.officer.Townships, CSRF: v.session.Token}, nil
}

func (v *visit) apiList() (any, error) {
	list := new(problem.List)
	size := rows
	if text := v.r.URL.Query().Get("limit"); v.r.URL.Query().Has("limit") {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > worklist.MaxPage {
			list.Add("?limit", codeLimit, worklist.MaxPage)
		}
		size = n
	}
	if town := v.r.URL.Query().Get("town"); town != "" && !v.officer.WorksIn(town) {
		return nil, v.refused("list", "", errTownship)
	}
	if err := faults(list); err != nil {
		return nil, err
	}
	p, err := v.listed(size)
	if errors.Is(err, errNotFound) {
		list.Add("?after", codeCursor)
		return nil, faults(list)
	}
	if err != nil {
		return nil, err
	}
	out := CaseList{Cases: v.caseRows(p.Rows), Next: p.after, DueToday: p.Due, Queues: []QueueCount{}}
	for _, t := range p.Tabs {
		out.Queues = append(out.Queues, QueueCount{t.Queue, v.lang.text(queueNames[t.Queue]), t.Cases})
	}
	return out, nil
}

func (v *visit) caseRows(list []row) []CaseRow {
	out := make([]CaseRow, len(list))
	for i := range list {
		r := &list[i]
		out[i] = CaseRow{ApplicationNo: r.ApplicationNo, Version: r.Version, Stage: r.Stage, StageName: r.Stage.Name(), Queue: r.Queue(), Division: r.Division, Type: r.Type, Channel: r.Channel,
			Name: schemas.Masked(r.Name), SubmittedAt: schemas.At(r.SubmittedAt), DueAt: instant(r.DueAt), Left: r.Left.Text, Urgency: r.Left.Class, Holder: r.Holder, Related: r.Related}
	}
	return out
}

func instant(t time.Time) *schemas.Time {
	if t.IsZero() {
		return nil
	}
	at := schemas.At(t)
	return &at
}

func (v *visit) apiCase() (any, error) {
	s, err := v.subject("open")
	if err != nil {
		return nil, err
	}
	p, err := v.casePage(s, false)
	if err != nil {
		return nil, err
	}
	return v.caseFile(p), nil
}

func (v *visit) apiReveal() (any, error) {
	s, err := v.subject("reveal")
	if err != nil {
		return nil, err
	}
	var asked RevealRequest
	if err := v.read(&asked, func(list *problem.List) { checkPurpose(list, asked.Purpose) }); err != nil {
		return nil, err
	}
	p, err := v.revealed(s, asked.Purpose)
	if err != nil {
		return nil, err
	}
	return v.caseFile(p), nil
}

func checkPurpose(list *problem.List, purpose string) {
	if list.Need("/purpose", purpose) && !slices.Contains(purposes, purpose) {
		list.Add("/purpose", codePurpose)
	}
}

func (v *visit) caseFile(p *casePage) CaseFile {
	f := CaseFile{ApplicationNo: p.No, Version: p.Version, Stage: p.Stage, StageName: p.Stage.Name(), Ended: p.Ended, Revealed: p.Revealed, Form: p.Form, Sheet: p.Sheet, Chain: p.Chain,
		Left: p.Left.Text, Compared: p.Compare, Reasons: p.Reasons, Permits: p.Permits, Acts: []ActOffer{}, Holder: p.Holder, Colleagues: p.Colleagues, Earlier: p.Earlier}
	for i := range p.Acts {
		o := &p.Acts[i]
		f.Acts = append(f.Acts, ActOffer{o.Kind, v.lang.text(o.Name), v.lang.text(o.Why)})
	}
	return f
}

// apiPreview decides the act on the file as it stands; the body is that of an act.
func (v *visit) apiPreview() (any, error) {
	s, err := v.subject("preview")
	if err != nil {
		return nil, err
	}
	list := new(problem.List)
	raw := strictjson.ReadBody(v.w, v.r, maxForm, bodyTimeout, list)
	if err := faults(list); err != nil {
		return nil, err
	}
	in, refusal := v.ports.Desk.Prepare(v.officer, s.no, raw, trace.Parent(v.r.Header))
	if refusal != nil {
		if refusal.Status == http.StatusForbidden {
			return nil, v.refused("act", s.no, errForbidden)
		}
		return nil, declined{refusal}
	}
	p := new(previewPage)
	if err := v.foresee(p, s, in); err != nil {
		return nil, err
	}
	return v.foreseen(p), nil
}

func (v *visit) foreseen(p *previewPage) Preview {
	out := Preview{Refused: v.lang.text(p.Refused), From: p.From, To: p.To, Messages: []string{}, Cancels: append([]string{}, p.Cancels...), Orders: append([]string{}, p.Orders...), AfterIssue: p.Later}
	for i := range p.Notices {
		out.Messages = append(out.Messages, p.Notices[i].Text)
	}
	return out
}

// declined is an error that is a problem already.
type declined struct{ *problem.Problem }

func (declined) Error() string { return "the request is refused" }

// mine refuses a case that is not the officer's to see. Who sees all townships has no need of the list, which may be behind the log.
func (v *visit) mine(what string) error {
	if len(v.officer.Townships) == 0 && len(v.officer.Kin) == 0 {
		return nil
	}
	_, err := v.subject(what)
	return err
}

// apiAct hands the act to the desk, recorded before it is submitted; one that is not the officer's to do is recorded too. A case whose act was taken is let go of.
func (v *visit) apiAct() {
	if err := v.mine("act"); err != nil {
		v.refuse(v.w, v.r, err)
		return
	}
	no := v.r.PathValue("no")
	status := v.ports.Desk.Act(v.w, v.r, v.officer, func(in *schemas.Input) error { return v.record("act_"+string(in.Action.Kind), no, "") })
	if status == http.StatusForbidden {
		if err := v.refused("act", no, nil); err != nil {
			v.log.WarnContext(v.r.Context(), "refusal not recorded", "error", err)
		}
	}
	if status >= http.StatusMultipleChoices || status == 0 {
		return
	}
	if _, err := v.ports.Holds.Release(v.r.Context(), no, v.officer.ID); err != nil {
		v.log.WarnContext(v.r.Context(), "hold not released", "error", err) // it ends by itself
	}
}

func (v *visit) apiCard() {
	if err := v.mine("card"); err != nil {
		v.refuse(v.w, v.r, err)
		return
	}
	v.ports.Desk.Show(v.w, v.r, v.officer)
}

func (v *visit) apiHold() (any, error) {
	s, err := v.subject("hold")
	if err != nil {
		return nil, err
	}
	var asked HoldRequest
	if err := v.read(&asked, func(*problem.List) {}); err != nil {
		return nil, err
	}
	holder, err := v.take(s, asked.To)
	if errors.Is(err, errForm) {
		list := new(problem.List)
		list.Add("/to", codeColleague)
		return nil, faults(list)
	}
	return Holding{s.no, holder}, err
}

func (v *visit) apiRelease() (any, error) {
	s, err := v.subject("release")
	if err != nil {
		return nil, err
	}
	holder, err := v.ports.Holds.Release(v.r.Context(), s.no, v.officer.ID)
	return Holding{s.no, holder}, err
}

func (v *visit) apiNext() (any, error) {
	no, err := v.takeNext()
	if err != nil || no == "" {
		return nil, err
	}
	return Holding{no, v.officer.ID}, nil
}

func (v *visit) apiSearch() (any, error) {
	var asked SearchRequest
	err := v.read(&asked, func(list *problem.List) {
		list.Need("/query", asked.Query)
		checkPurpose(list, asked.Purpose)
	})
	if err != nil {
		return nil, err
	}
	if !v.ports.Ready() {
		return nil, errLoading
	}
	f, err := v.look(asked.Query, asked.Purpose)
	if err != nil {
		return nil, err
	}
	if f.Kind == "" {
		list := new(problem.List)
		list.Add("/query", codeSearch)
		return nil, faults(list)
	}
	list, err := v.rows(v.r.Context(), f.Cases)
	return SearchResult{f.No, v.caseRows(list)}, err
}

func (v *visit) apiSessions() (any, error) {
	all, err := v.sessions.List(v.r.Context())
	if err != nil {
		return nil, err
	}
	out := []SignedIn{}
	for i := range all {
		s := &all[i]
		out = append(out, SignedIn{s.User.ID, s.User.Name, s.Way, schemas.At(s.Started), schemas.At(s.Used)})
	}
	return out, nil
}

func (v *visit) apiEndSessions() (any, error) {
	id := v.r.PathValue("user")
	if _, known := v.ports.Users.Find(id); !known {
		return nil, errNotFound
	}
	return nil, v.endSessionsOf(id)
}
