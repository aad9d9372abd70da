package schemas_test

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

// sample is one value as it stands on the wire, under the name of its file.
type sample struct {
	topic, name string
	value       []byte
}

// book collects the samples that the stories below leave behind.
type book struct {
	t       *testing.T
	samples []sample
	named   map[string]bool
	records []schemas.Record
	secrets []string // every personal value that went in
}

// tellStories lives through some cases with the rules that the hub decides by, and returns what travelled.
func tellStories(t *testing.T) *book {
	t.Helper()
	b := &book{t: t, named: map[string]bool{}}
	b.automaticIssue()
	b.childWithAgent()
	b.recounted()
	b.supplement()
	b.refusalsAtTheCounter()
	b.heldAndWithdrawn()
	b.deadLetters()
	return b
}

func (b *book) keep(topic, name string, rec schemas.Record, err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatalf("encode %s %s: %v", topic, name, err)
	}
	b.records = append(b.records, rec)
	if key := topic + "/" + name; name != "" && !b.named[key] {
		b.named[key] = true
		b.samples = append(b.samples, sample{topic, name, rec.Value})
	}
}

// file drives one person's file.
type file struct {
	*book
	policy *casework.Policy
	person schemas.Person
	token  string
	file   casework.File
	at     time.Time
	prev   string
	offset int64
}

func (b *book) open(born string, serial int, name string) *file {
	b.t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		b.t.Fatal(err)
	}
	id := citizenID(born, serial)
	at := time.Date(2024, 9, 10, 10, 0, 0, 123456000, schemas.Shanghai)
	f := &file{book: b, policy: casework.Haiyan202410(cal), at: at, offset: 17}
	f.person = schemas.Person{
		CitizenID: id, FullName: name, Sex: schemas.SexOf(id), EthnicGroup: schemas.Code{Code: "01", Name: "汉族"},
		HukouAddress: "河南省南阳市宛城区示例路1号", CurrentAddress: "浙江省海盐县武原街道示例新村2幢301室",
		ContactPhone: schemas.Phone{Number: fmt.Sprintf("13900000%03d", serial), Source: "real_name_account", ConsentAt: schemas.At(at.Add(-time.Hour))},
		Signature:    "realname-20240910-" + fmt.Sprint(serial),
	}
	f.token = schemas.PersonToken([]byte("route-key-of-the-samples"), f.person.CitizenID)
	b.secrets = append(b.secrets, f.person.CitizenID, name, f.person.HukouAddress, f.person.CurrentAddress, f.person.ContactPhone.Number, f.person.Signature)
	return f
}

// citizenID makes a number of nobody.
func citizenID(born string, serial int) string {
	first := fmt.Sprintf("411302%s%03d", born, serial)
	check, _ := schemas.CheckCitizenID(first)
	return first + string(check)
}

func (f *file) no(sourceNo string) string {
	return schemas.ApplicationNo(schemas.DossierID(f.token), "province", sourceNo)
}

// other returns what the same number would give for another person.
func (f *file) other(sourceNo string) string {
	return schemas.ApplicationNo(schemas.DossierID(schemas.PersonToken([]byte("samples"), "other")), "province", sourceNo)
}

func (f *file) effect(sourceNo string, kind schemas.EffectKind, n int) string {
	return schemas.EffectID(f.no(sourceNo), kind, n)
}

// send decides an input a minute later. inputName and transitionName name the samples; "" keeps none.
func (f *file) send(inputName, transitionName string, in schemas.Input) {
	f.t.Helper()
	f.at = f.at.Add(time.Minute)
	f.offset++
	in.DossierID, in.ReceivedAt = schemas.DossierID(f.token), schemas.At(f.at)
	if in.InputID == "" {
		in.InputID = schemas.InputID(in.Source, fmt.Sprint(in.ApplicationNo, f.offset), in.Kind)
	}
	said, err := json.Marshal([]any{in.Submission, in.Supplement, in.Withdrawal, in.Action, in.Attempt, in.Result, in.Receipt, in.Deadline, in.Contradiction})
	if err != nil {
		f.t.Fatal(err)
	}
	in.BodyHash = schemas.BodyHash(said)
	rec, err := in.Record()
	f.keep(schemas.TopicCaseInput, inputName, rec, err)
	tr, err := f.policy.Decide(&f.file, &in)
	if err != nil || tr == nil {
		f.t.Fatalf("%s at offset %d changed nothing: %v", in.Kind, f.offset, err)
	}
	tr.PrevHash, tr.Input.Partition, tr.Input.Offset = f.prev, 3, f.offset
	f.file = casework.File{Dossier: tr.Dossier, Person: tr.Person}
	rec, err = tr.Record()
	f.prev = schemas.BodyHash(rec.Value)
	f.keep(schemas.TopicCaseLog, transitionName, rec, err)
	f.publish(tr)
}

// publish keeps the first public event of each type, as the feed derives them: one for each change of stage, one for each permit in or out of force.
func (f *file) publish(tr *schemas.Transition) {
	f.t.Helper()
	for i := range tr.Events {
		ev := &tr.Events[i]
		id := fmt.Sprintf("%s-%d-%d", tr.DossierID, tr.Seq, i)
		if ev.To != "" {
			e := applicationEvent(tr, ev, id)
			rec, err := e.Record()
			f.keep(schemas.TopicApplications, ev.Type, rec, err)
		}
		e := schemas.PermitEvent{EventID: id, DossierID: tr.DossierID, ApplicationNo: ev.ApplicationNo, Seq: tr.Seq, TypeName: schemas.EventName(ev.Type), PermitNo: ev.Ref, At: ev.At}
		switch ev.Type {
		case schemas.EvIssued:
			e.Type, e.LicenceID = "permit_issued", permitOf(tr, ev.ApplicationNo).LicenceID
		case schemas.EvPermitCancelled:
			e.Type, e.ReplacedBy = "permit_cancelled", permitOf(tr, ev.ApplicationNo).PermitNo
		case schemas.EvPermitRevoked:
			e.Type, e.LicenceID = "permit_revoked", permitOf(tr, ev.ApplicationNo).LicenceID
		default:
			continue
		}
		rec, err := e.Record()
		f.keep(schemas.TopicPermits, e.Type, rec, err)
	}
}

func applicationEvent(tr *schemas.Transition, ev *schemas.Event, id string) schemas.ApplicationEvent {
	e := schemas.ApplicationEvent{
		EventID: id, DossierID: tr.DossierID, ApplicationNo: ev.ApplicationNo, Seq: tr.Seq, Type: ev.Type, TypeName: schemas.EventName(ev.Type),
		Stage: ev.To, StageName: ev.To.Name(), At: ev.At,
	}
	for _, code := range ev.Reasons {
		e.Reasons = append(e.Reasons, schemas.ReasonText{Code: code, Text: casework.ReasonText(code)})
	}
	if c := tr.Dossier.Open; c != nil && c.ApplicationNo == ev.ApplicationNo {
		e.Channel, e.RecognitionType, e.Division, e.AcceptedAt = c.Submission.Channel, c.Submission.RecognitionType, c.Submission.CurrentDivision, c.AcceptedAt
		if k := c.ClockByID(casework.ClockPromised); k != nil {
			e.DueAt, e.DueProvisional = &k.DueAt, k.Provisional
		}
	}
	for i := range tr.Dossier.Ended {
		if c := &tr.Dossier.Ended[i]; c.ApplicationNo == ev.ApplicationNo {
			e.Channel, e.RecognitionType, e.Division, e.AcceptedAt, e.DueAt = c.Channel, c.RecognitionType, c.Division, c.AcceptedAt, c.DueAt
		}
	}
	return e
}

func permitOf(tr *schemas.Transition, applicationNo string) schemas.Permit {
	for _, p := range tr.Dossier.Permits {
		if p.ApplicationNo == applicationNo {
			return p
		}
	}
	return schemas.Permit{}
}

func (f *file) submission(sourceNo string) schemas.Submission {
	auto := schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto}
	shown := func(text string) schemas.TextVersion {
		return schemas.TextVersion{Version: "2024-07", SHA256: schemas.BodyHash([]byte(text))}
	}
	return schemas.Submission{
		Source: "province", SourceApplicationNo: sourceNo, Channel: schemas.Online, Stages: auto, RecognitionType: schemas.ExistingPermit,
		HukouProvince: "41", HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract, schemas.SocialInsurance},
		PreviousPermits: []string{"33010620190001"}, Materials: []schemas.Material{material("labour_contract")},
		Notice: shown("notice"), Declaration: schemas.Declaration{TextVersion: shown("declaration"), Date: "2024-09-10"},
	}
}

func material(kind string) schemas.Material {
	return schemas.Material{Kind: kind, Name: kind + ".pdf", Size: 182044, SHA256: schemas.BodyHash([]byte(kind)), URI: "s3://materials/2024/09/" + kind}
}

func (f *file) submit(inputName, transitionName, sourceNo string, change func(*schemas.Submission)) {
	f.t.Helper()
	s, person := f.submission(sourceNo), f.person
	change(&s)
	f.send(inputName, transitionName, schemas.Input{
		InputID: schemas.InputID("province", sourceNo, schemas.InputSubmission), Kind: schemas.InputSubmission, PersonToken: f.token, ApplicationNo: f.no(sourceNo),
		Source: "province", Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", Submission: &s, Person: &person,
	})
}

func (f *file) answer(inputName, transitionName, sourceNo string, kind schemas.EffectKind, n int, r schemas.EffectResult) {
	f.t.Helper()
	if r.Status == "" {
		r.Status = schemas.EffectDone
	}
	r.EffectID, r.At = f.effect(sourceNo, kind, n), schemas.At(f.at.Add(30*time.Second))
	if r.Permit != nil {
		r.Permit.IssuedAt = r.At
	}
	step := map[schemas.EffectKind]string{
		schemas.EffectVerify: "verification", schemas.EffectIssue: "issuance", schemas.EffectCancel: "cancellation", schemas.EffectPublish: "publication",
		schemas.EffectNotify: "notification", schemas.EffectFile: "filing", schemas.EffectRevoke: "issuance", schemas.EffectCorrect: "publication",
	}[kind]
	f.send(inputName, transitionName, schemas.Input{Kind: schemas.InputEffectResult, ApplicationNo: f.no(sourceNo), Source: step, Result: &r})
}

func (f *file) act(inputName, transitionName, sourceNo string, a schemas.OfficerAction, said ...schemas.Remark) {
	f.t.Helper()
	in := schemas.Input{Kind: schemas.InputOfficerAction, ApplicationNo: f.no(sourceNo), Source: "desk", Action: &a}
	in.InputID = schemas.InputID(in.Source, fmt.Sprint(sourceNo, f.offset), in.Kind)
	if len(said) > 0 {
		said[0].InputID = in.InputID
		in.Person = &schemas.Person{Remarks: said}
	}
	f.send(inputName, transitionName, in)
}

// known is what the registration system says: permits that are valid at the numbers given.
func (f *file) known(permits ...string) *schemas.Facts {
	facts := &schemas.Facts{AsOf: schemas.At(f.at.Add(30 * time.Second)), Conditions: []schemas.KnownCondition{{Kind: schemas.LabourContract, Status: schemas.Confirmed}}}
	for _, no := range permits {
		facts.Permits = append(facts.Permits, schemas.KnownPermit{PermitNo: no, Status: schemas.PermitValid, Division: "330106", IssuedOn: "2019-03-02", ValidUntil: "2028-03-01"})
	}
	facts.Intervals = []schemas.Interval{{From: "2019-03-01", To: "2023-12-31", Division: "330106"}, {From: "2024-01-01", Division: "330424001"}}
	return facts
}

func permit(no, applicationNo string) *schemas.Permit {
	parts := "11330000MB000000XA001.11330424MB0000000B." + no + ".001"
	return &schemas.Permit{
		PermitNo: no, LicenceID: "1.2.156.3005.2." + parts + "." + string(schemas.Check37(parts)), ApplicationNo: applicationNo, Status: schemas.PermitValid,
	}
}
