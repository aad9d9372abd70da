package casework

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/schemas"
)

// tester is what a test and a property have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

var loadCalendar = sync.OnceValues(func() (*calendar.Calendar, error) { return calendar.Load(calendars.FS) })

func testCalendar(t tester) *calendar.Calendar {
	t.Helper()
	cal, err := loadCalendar()
	if err != nil {
		t.Fatalf("load calendar: %v", err)
	}
	return cal
}

func testPolicy(t tester) *Policy {
	t.Helper()
	p := Haiyan202410(testCalendar(t))
	if err := p.Validate(); err != nil {
		t.Fatalf("default policy: %v", err)
	}
	return p
}

func shanghai(t tester, s string) schemas.Time {
	t.Helper()
	v, err := calendar.ParseInstant(s)
	if err != nil {
		t.Fatalf("time %q: %v", s, err)
	}
	return schemas.At(v)
}

// citizen makes a person whose every personal value can be recognised wherever it turns up.
func citizen(birth string, serial int) schemas.Person {
	first := "411302" + birth + fmt.Sprintf("%03d", serial)
	check, _ := schemas.CheckCitizenID(first)
	return schemas.Person{
		CitizenID: first + string(check), FullName: fmt.Sprintf("欧阳𠮷秘%d", serial), Sex: "1", EthnicGroup: schemas.Code{Code: "01", Name: "汉族"},
		HukouAddress: fmt.Sprintf("户籍秘密路%d号", serial), CurrentAddress: fmt.Sprintf("现居秘密路%d号", serial),
		ContactPhone: schemas.Phone{Number: fmt.Sprintf("13900%06d", serial), Source: "applicant"}, Signature: fmt.Sprintf("signature-secret-%d", serial),
	}
}

func secretsOf(p *schemas.Person) []string {
	list := []string{p.CitizenID, p.FullName, p.HukouAddress, p.CurrentAddress, p.ContactPhone.Number, p.Signature}
	if p.Agent != nil {
		list = append(list, p.Agent.CitizenID, p.Agent.FullName)
	}
	for _, r := range p.Remarks {
		for _, text := range []string{r.Opinion, r.Override, r.NoticeNo} {
			if len(text) > 5 { // shorter ones would be found by chance
				list = append(list, text)
			}
		}
	}
	return list
}

// dossier drives one person's file and checks after every input what must hold always.
type dossier struct {
	t       tester
	p       *Policy
	person  schemas.Person
	token   string
	id      string
	file    File
	at      schemas.Time
	inputs  int
	tap     func(*schemas.Input, *schemas.Transition) // sees every input and what it gave
	bulk    bool                                      // many inputs in a row: applied without the checks, which read the whole file again and again
	log     []*schemas.Transition
	values  [][]byte
	ordered map[string]int    // effect id → how often it was ordered, retries aside
	fired   map[string]bool   // application, clock, rung
	ends    map[string]string // application → outcome
	paused  map[string]bool   // applications that were ever suspended

	recounted map[string]bool // applications whose clocks another calendar has moved

	moved map[[2]schemas.Stage]bool
}

func newDossier(t tester, p *Policy, person schemas.Person) *dossier {
	token := schemas.PersonToken([]byte("test-route-key"), person.CitizenID)
	moved := map[[2]schemas.Stage]bool{}
	for _, m := range Moves() {
		moved[[2]schemas.Stage{m.From, m.To}] = true
	}
	return &dossier{
		t: t, p: p, person: person, token: token, id: schemas.DossierID(token), at: shanghai(t, "2024-09-10 10:00"),
		ordered: map[string]int{}, fired: map[string]bool{}, ends: map[string]string{}, paused: map[string]bool{}, recounted: map[string]bool{}, moved: moved,
	}
}

func adult(t tester) *dossier { return newDossier(t, testPolicy(t), citizen("19900101", 11)) }

// no returns the application number of a source's own number.
func (d *dossier) no(sourceNo string) string {
	return schemas.ApplicationNo(d.id, "province", sourceNo)
}

// tick lets time pass.
func (d *dossier) tick(by time.Duration) { d.at = schemas.At(d.at.Add(by)) }

// send decides an input, checks it and applies it; nil where nothing changed.
func (d *dossier) send(in schemas.Input) *schemas.Transition {
	d.t.Helper()
	tr, err := d.try(in)
	if err != nil {
		d.t.Fatalf("%s %s: %v", in.Kind, in.InputID, err)
	}
	return tr
}

func (d *dossier) complete(in schemas.Input) schemas.Input {
	d.inputs++
	if in.InputID == "" {
		in.InputID = fmt.Sprintf("input-%d", d.inputs)
	}
	if in.DossierID == "" {
		in.DossierID = d.id
	}
	if in.Source == "" {
		in.Source = "province" // whose applications the harness sends: supplements and withdrawals must be its own
	}
	if in.ReceivedAt.IsZero() {
		in.ReceivedAt = d.at
	}
	if in.BodyHash == "" {
		b, _ := json.Marshal([]any{in.Submission, in.Supplement, in.Withdrawal, in.Action, in.Attempt, in.Result, in.Receipt, in.Deadline, in.Recount, in.Person, in.Contradiction})
		in.BodyHash = schemas.BodyHash(b)
	}
	return in
}

func (d *dossier) try(in schemas.Input) (*schemas.Transition, error) {
	d.t.Helper()
	in = d.complete(in)
	if d.bulk {
		tr, err := d.p.Decide(&d.file, &in)
		if tr != nil {
			d.file = File{Dossier: tr.Dossier, Person: tr.Person}
		}
		return tr, err
	}
	before := encode(d.t, d.file)
	tr, err := d.p.Decide(&d.file, &in)
	if after := encode(d.t, d.file); before != after {
		d.t.Fatalf("%s: Decide changed the file (-before +after):\n%s", in.Kind, cmp.Diff(before, after))
	}
	// A restored file and a decoded input must decide alike, byte for byte.
	again, err2 := d.p.Decide(recode(d.t, d.file), ptr(recodeInput(d.t, in)))
	if got, want := encode(d.t, again), encode(d.t, tr); got != want || (err == nil) != (err2 == nil) {
		d.t.Fatalf("%s: not deterministic (-first +second):\n%s", in.Kind, cmp.Diff(want, got))
	}
	if d.tap != nil && err == nil {
		d.tap(&in, tr)
	}
	if tr == nil || err != nil {
		return tr, err
	}
	value := []byte(encode(d.t, tr))
	decoded, err := schemas.DecodeTransition(value)
	if err != nil {
		d.t.Fatalf("%s: transition cannot be read again: %v", in.Kind, err)
	}
	if got := encode(d.t, decoded); got != string(value) {
		d.t.Fatalf("%s: transition reads differently: %s", in.Kind, cmp.Diff(string(value), got))
	}
	d.check(tr, &in)
	d.file = File{Dossier: tr.Dossier, Person: tr.Person}
	d.log, d.values = append(d.log, tr), append(d.values, value)
	return tr, nil
}

func ptr[T any](v T) *T { return &v }

func encode(t tester, v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatalf("encode: %v", err)
	}
	return string(b)
}

func recode(t tester, f File) *File {
	var out File
	if err := json.Unmarshal([]byte(encode(t, f)), &out); err != nil {
		t.Fatalf("decode file: %v", err)
	}
	return &out
}

func recodeInput(t tester, in schemas.Input) schemas.Input {
	out, err := schemas.DecodeInput([]byte(encode(t, in)))
	if err != nil {
		t.Fatalf("decode input: %v", err)
	}
	return *out
}

// check holds a transition against the invariants of the hub.
func (d *dossier) check(tr *schemas.Transition, in *schemas.Input) {
	d.t.Helper()
	if want := d.file.Dossier.Seq + 1; tr.Seq != want || tr.Dossier.Seq != want {
		d.t.Errorf("seq %d/%d, want %d", tr.Seq, tr.Dossier.Seq, want)
	}
	if len(tr.Events) == 0 {
		d.t.Errorf("transition without an event")
	}
	d.checkPrivacy(tr, in)
	d.checkRemarks(tr, in)
	d.checkEvents(tr)
	d.checkEffects(tr)
	d.checkFile(tr)
	d.checkClocks(tr)
	d.checkOtherCases(tr)
}

func (d *dossier) checkPrivacy(tr *schemas.Transition, in *schemas.Input) {
	d.t.Helper()
	bare := *tr
	bare.Person = nil
	text := encode(d.t, bare)
	secrets := secretsOf(&d.person)
	if in.Person != nil {
		secrets = append(secrets, secretsOf(in.Person)...)
	}
	for _, s := range secrets {
		if s != "" && strings.Contains(text, s) {
			d.t.Errorf("personal value outside Person after %s", in.Kind)
		}
	}
}

// checkRemarks: what the record names of officers' words is there, and nothing else is.
func (d *dossier) checkRemarks(tr *schemas.Transition, in *schemas.Input) {
	d.t.Helper()
	var named []string
	for _, e := range tr.Events {
		named = append(named, e.Remark)
		if e.Remark != "" && e.Remark != in.InputID {
			d.t.Errorf("event %s names the remark of another input", e.Type)
		}
	}
	cases := tr.Dossier.Ended
	if c := tr.Dossier.Open; c != nil {
		cases = append(cases[:len(cases):len(cases)], schemas.EndedCase{Opinions: c.Opinions})
		for _, l := range c.Supplements {
			named = append(named, l.Remark)
		}
		for _, k := range c.Clocks {
			for _, p := range k.Pauses {
				named = append(named, p.Remark)
			}
		}
	}
	for i := range cases {
		for _, o := range cases[i].Opinions {
			named = append(named, o.Remark)
		}
		if r := cases[i].Revocation; r != nil {
			named = append(named, r.Remark, r.DecisionRemark)
		}
	}
	want := unique(slices.DeleteFunc(named, func(id string) bool { return id == "" }))
	got := []string{}
	if tr.Person != nil {
		for _, r := range tr.Person.Remarks {
			got = append(got, r.InputID)
		}
	}
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		d.t.Errorf("remarks after %s (-named +kept):\n%s", in.Kind, diff)
	}
}

func (d *dossier) checkEvents(tr *schemas.Transition) {
	d.t.Helper()
	for _, ev := range tr.Events {
		if ev.ApplicationNo != tr.ApplicationNo {
			d.t.Errorf("event %s of %s in a transition of %s", ev.Type, ev.ApplicationNo, tr.ApplicationNo)
		}
		second := ev.From == schemas.StageSubmitted && ev.To == schemas.StageNotAccepted // R9: never a case of its own
		if ev.From != "" && !second && !d.moved[[2]schemas.Stage{ev.From, ev.To}] {
			d.t.Errorf("event %s moves %s → %s, which is no move", ev.Type, ev.From, ev.To)
		}
		if ev.Type == schemas.EvSuspended {
			d.paused[ev.ApplicationNo] = true
		}
		if ev.Type == schemas.EvRecounted {
			d.recounted[ev.ApplicationNo] = true
		}
		if (ev.Type == schemas.EvBreached) != (ev.Cause != nil) {
			d.t.Errorf("%s of %s with cause %v", ev.Type, ev.Clock, ev.Cause)
		}
		if ev.Type == schemas.EvWarned || ev.Type == schemas.EvBreached {
			key := fmt.Sprintf("%s %s %d", ev.ApplicationNo, ev.Clock, ev.Rung)
			if d.recounted[ev.ApplicationNo] { // what lies ahead again is reached again
				key += ev.At.String()
			}
			if d.fired[key] {
				d.t.Errorf("%s fired twice", key)
			}
			d.fired[key] = true
			if ev.DetectedAt == nil || ev.DetectedAt.Before(ev.At.Time) {
				d.t.Errorf("%s at %v detected at %v", key, ev.At, ev.DetectedAt)
			}
			if ev.Rung == 100 && !ev.At.Equal(ev.DueAt.Time) {
				d.t.Errorf("%s: breach dated %v, due %v", key, ev.At, ev.DueAt)
			}
		}
	}
}

func (d *dossier) checkEffects(tr *schemas.Transition) {
	d.t.Helper()
	event := func(typ, effectID string) bool {
		return slices.ContainsFunc(tr.Events, func(ev schemas.Event) bool {
			return ev.Type == typ && (effectID == "" || ev.EffectID == effectID)
		})
	}
	for i, e := range tr.Effects {
		if !strings.HasPrefix(e.EffectID, tr.ApplicationNo+"-") {
			d.t.Errorf("effect %s in a transition of %s", e.EffectID, tr.ApplicationNo)
		}
		switch {
		case e.Kind == schemas.EffectTransmit:
			if e.Run == "" || !event(schemas.EvNoticeGranted, e.EffectID) {
				d.t.Errorf("transmit %s without a grant", e.EffectID)
			}
		case !event(schemas.EvRetried, e.EffectID):
			if d.ordered[e.EffectID]++; d.ordered[e.EffectID] > 1 {
				d.t.Errorf("effect %s ordered twice", e.EffectID)
			}
		}
		switch e.Kind {
		case schemas.EffectCancel:
			d.checkCancel(tr, &tr.Effects[i], event(schemas.EvIssued, "") || event(schemas.EvRetried, e.EffectID))
		case schemas.EffectIssue:
			if !strings.HasSuffix(e.EffectID, "-issue-1") {
				d.t.Errorf("a second issue: %s", e.EffectID)
			}
		}
	}
}

func (d *dossier) checkCancel(tr *schemas.Transition, e *schemas.Effect, afterIssue bool) {
	d.t.Helper()
	c := tr.Dossier.Open
	if !afterIssue || c == nil || c.Permit == nil || e.NewNo != c.Permit.PermitNo {
		d.t.Errorf("cancel %s of %s not by the issue", e.EffectID, e.PermitNo)
		return
	}
	known := slices.ContainsFunc(c.Facts.Permits, func(k schemas.KnownPermit) bool { return k.PermitNo == e.PermitNo }) ||
		slices.ContainsFunc(tr.Dossier.Permits, func(k schemas.Permit) bool { return k.PermitNo == e.PermitNo })
	if e.PermitNo == e.NewNo || !known {
		d.t.Errorf("cancel of %s, which is not an earlier permit of this person", e.PermitNo)
	}
}

func (d *dossier) checkFile(tr *schemas.Transition) {
	d.t.Helper()
	seen := map[string]bool{}
	for _, e := range tr.Dossier.Ended {
		if seen[e.ApplicationNo] {
			d.t.Errorf("%s ended twice", e.ApplicationNo)
		}
		seen[e.ApplicationNo] = true
		if was, ok := d.ends[e.ApplicationNo]; ok && was != e.Outcome {
			d.checkRevocation(tr, &e, was)
		}
		d.ends[e.ApplicationNo] = e.Outcome
	}
	if len(seen) < len(d.file.Dossier.Ended) {
		d.t.Errorf("an ended case is gone")
	}
	c := tr.Dossier.Open
	if c == nil {
		return
	}
	if seen[c.ApplicationNo] {
		d.t.Errorf("%s is open and ended", c.ApplicationNo)
	}
	if was := d.file.Dossier.Open; was != nil && was.ApplicationNo != c.ApplicationNo {
		d.t.Errorf("open case %s replaced by %s", was.ApplicationNo, c.ApplicationNo)
	}
	if c.Stage == schemas.StageHeld && !slices.ContainsFunc(c.Duties, func(k schemas.Duty) bool { return stuck(&k) && holds(&k) }) {
		d.t.Errorf("%s is held for nothing", c.ApplicationNo)
	}
	if (c.Stage == schemas.StageHeld || c.Stage == schemas.StageSuspended) != (c.HeldFrom != "") {
		d.t.Errorf("%s stands in %s with held_from %q", c.ApplicationNo, c.Stage, c.HeldFrom)
	}
}

// checkRevocation: an outcome changes in one way only, from issued to revoked, by the word of a second person on what a first one proposed; and
// what it owes is ordered with it, whole.
func (d *dossier) checkRevocation(tr *schemas.Transition, e *schemas.EndedCase, was string) {
	d.t.Helper()
	r := e.Revocation
	if was != "issued" || e.Outcome != "revoked" || r == nil || r.DecidedAt == nil || r.DecidedBy == r.ProposedBy || r.DecidedBy != tr.Events[0].Officer {
		d.t.Errorf("%s ended as %s, now %s by %+v", e.ApplicationNo, was, e.Outcome, r)
		return
	}
	proposer := ""
	for _, before := range d.log {
		for _, ev := range before.Events {
			if ev.ApplicationNo == e.ApplicationNo && ev.Type == schemas.EvRevocationProposed {
				proposer = ev.Officer
			}
		}
	}
	var kinds []string
	for _, f := range tr.Effects {
		if f.PermitNo != e.PermitNo {
			d.t.Errorf("%s of %s, revoked was %s", f.Kind, f.PermitNo, e.PermitNo)
		}
		kinds = append(kinds, string(f.Kind))
	}
	if proposer != r.ProposedBy || strings.Join(kinds, " ") != "revoke correct notify file" {
		d.t.Errorf("%s revoked as proposed by %q (file: %q), with %v", e.ApplicationNo, proposer, r.ProposedBy, kinds)
	}
}

func (d *dossier) checkClocks(tr *schemas.Transition) {
	d.t.Helper()
	c := tr.Dossier.Open
	if c == nil || c.AcceptedAt == nil {
		return
	}
	t1 := c.ClockByID(ClockPromised)
	switch {
	case t1 == nil:
		d.t.Errorf("%s accepted without T1", c.ApplicationNo)
	case !t1.StartedAt.Equal(c.AcceptedAt.Time):
		d.t.Errorf("%s: T1 starts %v, accepted %v", c.ApplicationNo, t1.StartedAt, c.AcceptedAt)
	case !d.paused[c.ApplicationNo] && t1.DueAt.Year() < 2027 && !t1.DueAt.Equal(naiveDue(c.AcceptedAt.Time, d.p.Promised.Days)):
		d.t.Errorf("%s: T1 due %v, want %v", c.ApplicationNo, t1.DueAt, naiveDue(c.AcceptedAt.Time, d.p.Promised.Days))
	case (c.Stage == schemas.StageSuspended) != (t1.PausedAt != nil):
		d.t.Errorf("%s: stage %s, T1 paused %v", c.ApplicationNo, c.Stage, t1.PausedAt)
	}
}

// naiveDue counts working days one by one from the notices of the State Council, apart from the calendar's own data.
func naiveDue(accepted time.Time, days int) time.Time {
	local := accepted.In(schemas.Shanghai)
	day := time.Date(local.Year(), local.Month(), local.Day(), 0, 0, 0, 0, schemas.Shanghai)
	for left := days; left > 0; {
		day = day.AddDate(0, 0, 1)
		if naiveWorks(day) {
			left--
		}
	}
	return day.AddDate(0, 0, 1)
}

var naiveOff = map[int]string{
	2024: "0101 0210 0211 0212 0213 0214 0215 0216 0217 0404 0405 0406 0501 0502 0503 0504 0505 0610 0915 0916 0917 1001 1002 1003 1004 1005 1006 1007",
	2025: "0101 0128 0129 0130 0131 0201 0202 0203 0204 0404 0405 0406 0501 0502 0503 0504 0505 0531 0601 0602 1001 1002 1003 1004 1005 1006 1007 1008",
	2026: "0101 0102 0103 0215 0216 0217 0218 0219 0220 0221 0222 0223 0404 0405 0406 0501 0502 0503 0504 0505 0619 0620 0621 0925 0926 0927 1001 1002 1003 1004 1005 1006 1007",
}

var naiveOn = map[int]string{
	2024: "0204 0218 0407 0428 0511 0914 0929 1012", 2025: "0126 0208 0427 0928 1011", 2026: "0104 0214 0228 0509 0920 1010",
}

func naiveWorks(day time.Time) bool {
	key := day.Format("0102")
	switch {
	case strings.Contains(naiveOff[day.Year()], key):
		return false
	case strings.Contains(naiveOn[day.Year()], key):
		return true
	}
	return day.Weekday() != time.Saturday && day.Weekday() != time.Sunday
}

// Shorthands for what happens to a file.

func autoStages() schemas.Stages {
	return schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}
}

func manualStages() schemas.Stages {
	return schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
}

// submission is complete: an existing permit, and a labour contract behind it.
func submission(sourceNo string) schemas.Submission {
	return schemas.Submission{
		Source: "province", SourceApplicationNo: sourceNo, Channel: schemas.Online, Stages: autoStages(), RecognitionType: schemas.ExistingPermit,
		HukouProvince: "41", HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract},
		Materials: []schemas.Material{{Kind: "labour_contract", Name: "contract.pdf", Size: 1, SHA256: "ab", URI: "s3://m/1"}},
	}
}

func (d *dossier) submission(sourceNo string, change func(*schemas.Submission)) schemas.Input {
	s := submission(sourceNo)
	if change != nil {
		change(&s)
	}
	person := d.person
	return schemas.Input{
		InputID: "submit-" + sourceNo, Kind: schemas.InputSubmission, PersonToken: d.token, ApplicationNo: d.no(sourceNo), Source: "province",
		Submission: &s, Person: &person,
	}
}

func (d *dossier) submit(sourceNo string, change func(*schemas.Submission)) *schemas.Transition {
	d.t.Helper()
	return d.send(d.submission(sourceNo, change))
}

func permitFacts(numbers ...string) *schemas.Facts {
	f := &schemas.Facts{}
	for _, no := range numbers {
		f.Permits = append(f.Permits, schemas.KnownPermit{PermitNo: no, Status: schemas.PermitValid, Division: "330106", ValidUntil: "2030-01-01"})
	}
	return f
}

// order returns the id of the n-th effect of a kind.
func (d *dossier) effect(sourceNo string, kind schemas.EffectKind, n int) string {
	return schemas.EffectID(d.no(sourceNo), kind, n)
}

func (d *dossier) answer(sourceNo string, r schemas.EffectResult) *schemas.Transition {
	d.t.Helper()
	if r.Status == "" {
		r.Status = schemas.EffectDone
	}
	if r.At.IsZero() {
		r.At = d.at
	}
	return d.send(schemas.Input{Kind: schemas.InputEffectResult, ApplicationNo: d.no(sourceNo), Result: &r})
}

func (d *dossier) verify(sourceNo string, n int, facts *schemas.Facts) *schemas.Transition {
	d.t.Helper()
	return d.answer(sourceNo, schemas.EffectResult{EffectID: d.effect(sourceNo, schemas.EffectVerify, n), Facts: facts})
}

func (d *dossier) issue(sourceNo, permitNo string) *schemas.Transition {
	d.t.Helper()
	return d.answer(sourceNo, schemas.EffectResult{
		EffectID: d.effect(sourceNo, schemas.EffectIssue, 1), Ref: permitNo, Permit: &schemas.Permit{PermitNo: permitNo, LicenceID: "L" + permitNo, IssuedAt: d.at},
	})
}

func (d *dossier) done(sourceNo string, kind schemas.EffectKind, n int) *schemas.Transition {
	d.t.Helper()
	return d.answer(sourceNo, schemas.EffectResult{EffectID: d.effect(sourceNo, kind, n), Ref: "ref"})
}

func (d *dossier) outcome(sourceNo string, kind schemas.EffectKind, n int, status schemas.EffectStatus, code string) *schemas.Transition {
	d.t.Helper()
	return d.answer(sourceNo, schemas.EffectResult{EffectID: d.effect(sourceNo, kind, n), Status: status, Code: code})
}

// act sends an officer's act, with what the officer wrote.
func (d *dossier) act(sourceNo string, a schemas.OfficerAction, said ...schemas.Remark) *schemas.Transition {
	d.t.Helper()
	return d.send(d.acting(sourceNo, a, said...))
}

func (d *dossier) acting(sourceNo string, a schemas.OfficerAction, said ...schemas.Remark) schemas.Input {
	d.inputs++
	in := schemas.Input{InputID: fmt.Sprintf("act-%d", d.inputs), Kind: schemas.InputOfficerAction, ApplicationNo: d.no(sourceNo), Source: "desk", Action: &a}
	if len(said) > 0 {
		said[0].InputID = in.InputID
		in.Person = &schemas.Person{Remarks: said}
	}
	return in
}

func (d *dossier) attempt(sourceNo string, n int, run string) *schemas.Transition {
	d.t.Helper()
	return d.send(schemas.Input{Kind: schemas.InputEffectAttempt, ApplicationNo: d.no(sourceNo), Attempt: &schemas.EffectAttempt{EffectID: d.effect(sourceNo, schemas.EffectNotify, n), Run: run}})
}

func (d *dossier) receipt(sourceNo string, n int, delivered bool) *schemas.Transition {
	d.t.Helper()
	return d.send(schemas.Input{Kind: schemas.InputSMSReceipt, ApplicationNo: d.no(sourceNo), Receipt: &schemas.SMSReceipt{
		EffectID: d.effect(sourceNo, schemas.EffectNotify, n), Delivered: delivered, Code: "DELIVRD", Ref: "sms", At: d.at}})
}

func (d *dossier) deadline(sourceNo, clock string, rung int, due, detected schemas.Time) *schemas.Transition {
	d.t.Helper()
	return d.send(schemas.Input{Kind: schemas.InputDeadlineReached, ApplicationNo: d.no(sourceNo), Deadline: &schemas.DeadlineReached{Clock: clock, Rung: rung, DueAt: due, DetectedAt: detected}})
}

func (d *dossier) supplement(sourceNo string, s schemas.Supplement, person *schemas.Person) *schemas.Transition {
	d.t.Helper()
	return d.send(schemas.Input{Kind: schemas.InputSupplement, ApplicationNo: d.no(sourceNo), Supplement: &s, Person: person})
}

func (d *dossier) stage() schemas.Stage {
	if d.file.Dossier.Open == nil {
		return ""
	}
	return d.file.Dossier.Open.Stage
}

func (d *dossier) wantStage(want schemas.Stage) {
	d.t.Helper()
	if got := d.stage(); got != want {
		d.t.Fatalf("stage %q, want %q", got, want)
	}
}

func (d *dossier) wantEnd(sourceNo, outcome string) *schemas.EndedCase {
	d.t.Helper()
	for i := range d.file.Dossier.Ended {
		if e := &d.file.Dossier.Ended[i]; e.ApplicationNo == d.no(sourceNo) {
			if e.Outcome != outcome {
				d.t.Fatalf("%s ended as %s, want %s", sourceNo, e.Outcome, outcome)
			}
			return e
		}
	}
	d.t.Fatalf("%s has not ended, want %s; stage %q", sourceNo, outcome, d.stage())
	return nil
}

func (d *dossier) clock(id string) *schemas.Clock {
	d.t.Helper()
	k := d.file.Dossier.Open.ClockByID(id)
	if k == nil {
		d.t.Fatalf("no clock %s", id)
	}
	return k
}

func eventTypes(tr *schemas.Transition) []string {
	var list []string
	if tr != nil {
		for _, ev := range tr.Events {
			list = append(list, ev.Type)
		}
	}
	return list
}

func effectIDs(tr *schemas.Transition) []string {
	var list []string
	for _, e := range tr.Effects {
		_, id, _ := strings.Cut(e.EffectID, "-")
		if e.Kind == schemas.EffectTransmit {
			id = "transmit " + id
		}
		list = append(list, strings.Join(strings.Fields(id+" "+e.Notice+" "+e.PermitNo), " "))
	}
	return list
}

func wantEvents(t tester, tr *schemas.Transition, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, eventTypes(tr)); diff != "" {
		t.Fatalf("events (-want +got):\n%s", diff)
	}
}

func wantRejected(t tester, tr *schemas.Transition, code string) {
	t.Helper()
	wantEvents(t, tr, schemas.EvRejected)
	if got := tr.Events[0].Code; got != code {
		t.Fatalf("rejected as %q, want %q", got, code)
	}
}

var _ tester = (*testing.T)(nil)
