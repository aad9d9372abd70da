package timeline

import (
	"fmt"
	"slices"
	"unicode/utf8"

	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

// Sheet is a file made ready for people: names instead of codes, nothing personal unmasked. It is also the form of --json.
type Sheet struct {
	DossierID string           `json:"dossier_id"`
	Chain     Chain            `json:"chain"`
	Verdict   string           `json:"chain_verdict"`
	Person    *Person          `json:"person,omitempty"` // as last known; absent where the records carry none
	Cases     []Case           `json:"cases"`
	Permits   []schemas.Permit `json:"permits,omitempty"`
}

// Person is the masked person.
type Person struct {
	Name      string `json:"name"`
	CitizenID string `json:"citizen_id"`
	Phone     string `json:"phone,omitempty"`
	Agent     string `json:"agent,omitempty"`
}

// Case is one application of the person.
type Case struct {
	ApplicationNo string            `json:"application_no"`
	Source        string            `json:"source"`
	SourceNo      string            `json:"source_application_no"`
	Channel       string            `json:"channel,omitempty"`
	Recognition   string            `json:"recognition_type,omitempty"`
	Standing      string            `json:"standing"` // stage or outcome in Chinese
	Ended         bool              `json:"ended"`
	RulePack      string            `json:"rule_pack,omitempty"`
	Calendar      string            `json:"calendar,omitempty"`
	Happened      []Happening       `json:"events"`
	Opinions      []Opinion         `json:"opinions,omitempty"`
	Findings      []schemas.Finding `json:"findings,omitempty"`
	Clocks        []schemas.Clock   `json:"clocks,omitempty"`
	Counts        []Counted         `json:"counts,omitempty"` // how each limit in days was counted: see [Sheet.Count]
	Duties        []schemas.Duty    `json:"duties,omitempty"`
	Revocation    *Revocation       `json:"revocation,omitempty"`
}

// Revocation is the revocation of the permit, proposed or decided, with what the two officers wrote.
type Revocation struct {
	schemas.Revocation
	Why      string `json:"why,omitempty"`
	NoticeNo string `json:"notice_no,omitempty"` // of the written decision
}

// Opinion is one opinion of the form with the officer's words.
type Opinion struct {
	schemas.Opinion
	Text string `json:"text,omitempty"`
}

// Happening is one event: when, what, who, on what ground.
type Happening struct {
	At       schemas.Time  `json:"at"`
	Seq      int64         `json:"seq"`
	Type     string        `json:"type"`
	Name     string        `json:"name"`
	From     schemas.Stage `json:"from,omitempty"`
	To       schemas.Stage `json:"to,omitempty"`
	Who      string        `json:"who"`
	Ground   []string      `json:"ground,omitempty"`
	Recorded *schemas.Time `json:"recorded_at,omitempty"` // where the file learned of it more than a second later
}

// Counted is one limit, day by day.
type Counted struct {
	Clock string `json:"clock"`
	// RecordedDueAt is what the file says where the calendar at hand counts otherwise.
	RecordedDueAt *schemas.Time `json:"recorded_due_at,omitempty"`
	casework.Count
}

// Count explains every limit in days by a calendar, pauses included: what permithub deadline and the interfaces show.
func (s *Sheet) Count(cal *calendar.Calendar) {
	for i := range s.Cases {
		c := &s.Cases[i]
		c.Counts = nil
		for _, k := range c.Clocks {
			limit, ok := casework.LimitOf(k.Limit)
			if !ok {
				continue
			}
			n := Counted{Clock: k.ID, Count: casework.CountOf(cal, k.StartedAt.Time, limit, k.Pauses)}
			if !n.Due.Equal(k.DueAt.Time) {
				due := k.DueAt
				n.RecordedDueAt = &due
			}
			c.Counts = append(c.Counts, n)
		}
	}
}

// NewSheet makes a file ready. With an application number it holds that application only.
func NewSheet(f *File, applicationNo string, texts Texts) *Sheet {
	last := f.Transitions[len(f.Transitions)-1]
	s := &Sheet{DossierID: last.DossierID, Chain: f.Chain, Verdict: f.Chain.String(), Permits: last.Dossier.Permits, Cases: []Case{}}
	for _, t := range f.Transitions {
		if t.Person != nil {
			s.Person = masked(t.Person)
		}
		for i := range t.Events {
			e := &t.Events[i]
			if applicationNo == "" || e.ApplicationNo == applicationNo {
				c := s.caseOf(e.ApplicationNo)
				c.Happened = append(c.Happened, happening(t, e, texts))
			}
		}
		for i := range s.Cases {
			s.Cases[i].update(t, texts)
		}
	}
	return s
}

// Since lists what happened to an application after a version of its file; acts that the case did not take are not among it.
func Since(f *File, applicationNo string, version int64, texts Texts) []Happening {
	var out []Happening
	for _, t := range f.Transitions {
		if t.Seq <= version {
			continue
		}
		for i := range t.Events {
			if e := &t.Events[i]; e.ApplicationNo == applicationNo && e.Type != schemas.EvRejected {
				out = append(out, happening(t, e, texts))
			}
		}
	}
	return out
}

func masked(p *schemas.Person) *Person {
	m := &Person{Name: schemas.Masked(p.FullName), CitizenID: MaskID(p.CitizenID), Phone: MaskPhone(p.ContactPhone.Number)}
	if p.Agent != nil {
		m.Agent = schemas.Masked(p.Agent.FullName)
	}
	return m
}

func (s *Sheet) caseOf(applicationNo string) *Case {
	for i := range s.Cases {
		if s.Cases[i].ApplicationNo == applicationNo {
			return &s.Cases[i]
		}
	}
	s.Cases = append(s.Cases, Case{ApplicationNo: applicationNo})
	return &s.Cases[len(s.Cases)-1]
}

// update takes what the dossier now says of the case. An ended case keeps what the dossier has let go of since.
func (c *Case) update(t *schemas.Transition, texts Texts) {
	d := &t.Dossier
	if o := d.OpenByNo(c.ApplicationNo); o != nil {
		c.Source, c.SourceNo = o.Submission.Source, o.Submission.SourceApplicationNo
		c.Channel, c.Recognition = named(channelNames, string(o.Submission.Channel)), named(recognitionNames, string(o.Submission.RecognitionType))
		c.Standing, c.RulePack, c.Calendar = with(texts.Term, o.Stage.Name()), o.RulePack, o.Calendar
		c.Opinions, c.Findings, c.Clocks, c.Duties = opinions(o.Opinions, t.Person, texts), o.Findings, o.Clocks, o.Duties
		return
	}
	e := d.EndedByNo(c.ApplicationNo)
	if e == nil {
		return
	}
	c.Source, c.SourceNo, c.Standing = e.Source, e.SourceApplicationNo, with(texts.Term, named(outcomeNames, e.Outcome))
	c.Channel, c.Recognition = named(channelNames, string(e.Channel)), named(recognitionNames, string(e.RecognitionType))
	if !c.Ended {
		c.Findings, c.Opinions = e.Findings, opinions(e.Opinions, t.Person, texts)
	}
	if e.Duties != nil {
		c.Duties = e.Duties
	}
	c.Revocation = revocation(e.Revocation, t.Person, texts)
	c.end(e.EndedAt)
}

// end resolves the clocks that ended with the case.
func (c *Case) end(at schemas.Time) {
	if c.Ended {
		return
	}
	c.Ended = true
	c.Clocks = slices.Clone(c.Clocks)
	for i := range c.Clocks {
		if c.Clocks[i].ResolvedAt == nil {
			c.Clocks[i].ResolvedAt = &at
		}
	}
}

func revocation(r *schemas.Revocation, p *schemas.Person, texts Texts) *Revocation {
	if r == nil {
		return nil
	}
	return &Revocation{Revocation: *r, Why: words(p.Remark(r.Remark).Opinion, texts), NoticeNo: words(p.Remark(r.DecisionRemark).NoticeNo, texts)}
}

// opinions puts what the officers wrote beside what they decided.
func opinions(list []schemas.Opinion, p *schemas.Person, texts Texts) []Opinion {
	var out []Opinion
	for _, o := range list {
		out = append(out, Opinion{Opinion: o, Text: words(p.Remark(o.Remark).Opinion, texts)})
	}
	return out
}

func happening(t *schemas.Transition, e *schemas.Event, texts Texts) Happening {
	h := Happening{At: e.At, Seq: t.Seq, Type: e.Type, Name: with(texts.Term, schemas.EventName(e.Type)), From: e.From, To: e.To, Who: who(t, e, texts), Ground: ground(e, t.Person.Remark(e.Remark), texts)}
	recorded := t.Input.ReceivedAt
	if e.DetectedAt != nil {
		recorded = *e.DetectedAt
	}
	if recorded.Sub(e.At.Time).Seconds() > 1 {
		h.Recorded = &recorded
	}
	return h
}

// who is the officer or the rule pack; else the source of the input.
func who(t *schemas.Transition, e *schemas.Event, texts Texts) string {
	if e.Officer != "" {
		return with(texts.Officer, e.Officer)
	}
	return t.Input.Source
}

// ground lists why, with what and until when.
func ground(e *schemas.Event, said schemas.Remark, texts Texts) []string {
	g := all(texts.Reason, e.Reasons)
	for i, item := range all(texts.Item, e.Items) {
		g = append(g, fmt.Sprintf("%d. %s", i+1, item))
	}
	if e.Clock != "" {
		clock := e.Clock + " " + with(texts.Term, clockNames[e.Clock])
		if e.Rung > 0 {
			clock += fmt.Sprintf(" %d%%", e.Rung)
		}
		g = append(g, clock)
	}
	if e.Code != "" {
		g = append(g, with(texts.Term, named(codeNames, e.Code)))
	}
	if e.Ref != "" {
		g = append(g, fmt.Sprintf(with(texts.Term, phraseRef), e.Ref))
	}
	if e.DueAt != nil {
		due := fmt.Sprintf(with(texts.Term, phraseDue), before(*e.DueAt))
		if e.WasDueAt != nil {
			due = fmt.Sprintf(with(texts.Term, phraseMoved), before(*e.WasDueAt), before(*e.DueAt))
		}
		g = append(g, due)
	}
	g = append(g, e.Papers...)
	if e.Cause != nil {
		g = append(g, cause(e.Cause, texts))
	}
	for _, w := range []struct{ name, text string }{{phraseNoticeNo, said.NoticeNo}, {phraseAskedWhy, said.Override}, {phraseOpinion, said.Opinion}} {
		if w.text != "" {
			g = append(g, with(texts.Term, w.name)+" "+words(w.text, texts))
		}
	}
	return g
}

// words shows what an officer wrote, or how much it is.
func words(text string, texts Texts) string {
	switch {
	case text == "":
		return ""
	case !texts.Words:
		return fmt.Sprintf(with(texts.Term, phraseHidden), utf8.RuneCountInString(text))
	}
	return "“" + text + "”"
}

// cause says what a breached limit was lost to.
func cause(c *schemas.Cause, texts Texts) string {
	until := with(texts.Term, phraseStill)
	if c.To != nil {
		until = fmt.Sprintf(with(texts.Term, phraseUntil), at(*c.To))
	}
	return fmt.Sprintf(with(texts.Term, phraseCause), LostTo(c.Kind, c.Stage, c.System, texts.Term), at(c.From), until)
}
