package intake

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"permithub/schemas"
)

// submission returns the impersonal part of an application, its sets in the form's order.
func (a *Application) submission(src *Source) *schemas.Submission {
	return &schemas.Submission{
		Source: src.Name, SourceApplicationNo: a.SourceApplicationNo, Channel: src.Channel, Stages: src.Stages,
		RecognitionType: schemas.RecognitionType(a.RecognitionType),
		HukouProvince:   a.HukouProvince, HukouCounty: a.HukouCounty, CurrentDivision: a.CurrentDivision,
		Employment: conditions("employment", a.Employment), Residence: conditions("residence", a.Residence),
		Rental: conditions("rental", a.Rental), Schooling: conditions("schooling", a.Schooling),
		PreviousPermits: slices.Clone(a.PreviousPermits), Intervals: wireIntervals(a.Intervals), SpecialProvision: a.SpecialProvision,
		Materials:   wireMaterials(a.Materials),
		Notice:      schemas.TextVersion(a.Notice),
		Declaration: schemas.Declaration{TextVersion: schemas.TextVersion{Version: a.Declaration.Version, SHA256: a.Declaration.SHA256}, Date: schemas.Date(a.Declaration.Date)},
	}
}

func (a *Application) person() *schemas.Person {
	return &schemas.Person{
		CitizenID: a.CitizenID, FullName: a.FullName, Sex: a.Sex, EthnicGroup: schemas.Code(a.EthnicGroup),
		HukouAddress: a.HukouAddress, CurrentAddress: a.CurrentAddress, ContactPhone: wirePhone(&a.ContactPhone),
		Agent: wireAgent(a.Agent), Signature: a.Declaration.SignatureEvidence, OtherText: freeTexts(a.OtherText),
	}
}

func conditions(group string, items []string) []schemas.Condition {
	var out []schemas.Condition
	for _, option := range schemas.ConditionsOf(group) {
		if slices.ContainsFunc(items, func(s string) bool { return condition(group, s) == option }) {
			out = append(out, option)
		}
	}
	return out
}

func wireIntervals(all []Interval) []schemas.Interval {
	var out []schemas.Interval
	for _, v := range all {
		out = append(out, schemas.Interval{From: schemas.Date(v.From), To: schemas.Date(v.To), Division: v.Division})
	}
	return out
}

func wireMaterials(all []Material) []schemas.Material {
	var out []schemas.Material
	for _, m := range all {
		out = append(out, schemas.Material(m))
	}
	return out
}

// wirePhone converts a phone that was checked, so its time parses.
func wirePhone(p *ContactPhone) schemas.Phone {
	t, _ := time.Parse(time.RFC3339, p.ConsentAt)
	return schemas.Phone{Number: p.Number, Source: p.Source, ConsentAt: schemas.At(t)}
}

func wireAgent(g *Agent) *schemas.Agent {
	if g == nil {
		return nil
	}
	out := schemas.Agent(*g)
	return &out
}

func freeTexts(t *OtherText) []schemas.FreeText {
	if t == nil {
		return nil
	}
	var out []schemas.FreeText
	for _, f := range []schemas.FreeText{{Group: "employment", Text: t.Employment}, {Group: "residence", Text: t.Residence}, {Group: "rental", Text: t.Rental}} {
		if f.Text != "" {
			out = append(out, f)
		}
	}
	return out
}

// ContentHash is the hex SHA-256 of what an application says: its canonical form without provenance. The same application through two
// sources has the same hash, and so has a repeat after the configuration of its source was changed.
func ContentHash(s *schemas.Submission, p *schemas.Person) (string, error) {
	content := struct {
		Submission schemas.Submission `json:"submission"`
		Person     *schemas.Person    `json:"person"`
	}{*s, p}
	content.Submission.Source, content.Submission.SourceApplicationNo, content.Submission.Channel = "", "", ""
	content.Submission.Stages = schemas.Stages{}
	return hashOf(content)
}

func hashOf(v any) (string, error) {
	b, err := json.Marshal(v)
	if err != nil {
		return "", fmt.Errorf("encode canonical content: %w", err)
	}
	return schemas.BodyHash(b), nil
}

// input returns the canonical input of a checked application.
func (a *Application) input(src *Source, routeKey []byte, receivedAt time.Time, traceparent string) (*schemas.Input, error) {
	s, p := a.submission(src), a.person()
	hash, err := ContentHash(s, p)
	if err != nil {
		return nil, err
	}
	token := schemas.PersonToken(routeKey, a.CitizenID)
	dossier := schemas.DossierID(token)
	return &schemas.Input{
		InputID: schemas.InputID(src.Name, a.SourceApplicationNo, schemas.InputSubmission), Kind: schemas.InputSubmission,
		DossierID: dossier, PersonToken: token, ApplicationNo: schemas.ApplicationNo(dossier, src.Name, a.SourceApplicationNo),
		Source: src.Name, ReceivedAt: schemas.At(receivedAt), BodyHash: hash, Traceparent: traceparent, Submission: s, Person: p,
	}, nil
}

// contradictionOf tells the file of application holder that its source sent in, another person's application, under the same number.
func contradictionOf(in *schemas.Input, holder string) (*schemas.Input, error) {
	dossier, err := schemas.DossierOf(holder)
	if err != nil {
		return nil, fmt.Errorf("who has the number of %s: %w", in.ApplicationNo, err)
	}
	number := in.Submission.SourceApplicationNo
	return &schemas.Input{
		InputID: schemas.InputID(in.Source, number+"/"+in.ApplicationNo, schemas.InputContradiction), Kind: schemas.InputContradiction, DossierID: dossier,
		ApplicationNo: holder, Source: in.Source, ReceivedAt: in.ReceivedAt, BodyHash: in.BodyHash, Traceparent: in.Traceparent,
		Contradiction: &schemas.Contradiction{SourceApplicationNo: number, OtherApplicationNo: in.ApplicationNo},
	}, nil
}

// input returns the canonical input of a checked supplement to application no of that dossier.
func (s *Supplement) input(src *Source, no, dossier string, receivedAt time.Time, traceparent string) (*schemas.Input, error) {
	in := &schemas.Input{
		InputID: schemas.InputID(src.Name, s.SupplementNo, schemas.InputSupplement), Kind: schemas.InputSupplement, DossierID: dossier,
		ApplicationNo: no, Source: src.Name, ReceivedAt: schemas.At(receivedAt), Traceparent: traceparent,
		Supplement: &schemas.Supplement{
			Employment: conditions("employment", s.Employment), Residence: conditions("residence", s.Residence),
			Rental: conditions("rental", s.Rental), Schooling: conditions("schooling", s.Schooling),
			PreviousPermits: slices.Clone(s.PreviousPermits), Intervals: wireIntervals(s.Intervals), Materials: wireMaterials(s.Materials),
			AgentGiven: s.Agent != nil,
		},
	}
	if s.Agent != nil || s.ContactPhone != nil || s.OtherText != nil {
		in.Person = &schemas.Person{Agent: wireAgent(s.Agent), OtherText: freeTexts(s.OtherText)}
		if s.ContactPhone != nil {
			in.Person.ContactPhone = wirePhone(s.ContactPhone)
		}
	}
	return hashed(in, in.Supplement)
}

// input returns the canonical input of a checked withdrawal of application no of that dossier.
func (w *Withdrawal) input(src *Source, no, dossier string, receivedAt time.Time, traceparent string) (*schemas.Input, error) {
	in := &schemas.Input{
		InputID: schemas.InputID(src.Name, w.WithdrawalNo, schemas.InputWithdrawal), Kind: schemas.InputWithdrawal, DossierID: dossier,
		ApplicationNo: no, Source: src.Name, ReceivedAt: schemas.At(receivedAt), Traceparent: traceparent,
		Withdrawal: &schemas.Withdrawal{Reason: w.Reason},
	}
	return hashed(in, in.Withdrawal)
}

// hashed sets the body hash of a message about an application: the number is a part of what was said, so the same message
// number used for two applications of one person is a conflict.
func hashed(in *schemas.Input, content any) (*schemas.Input, error) {
	hash, err := hashOf(struct {
		ApplicationNo string          `json:"application_no"`
		Content       any             `json:"content"`
		Person        *schemas.Person `json:"person,omitempty"`
	}{in.ApplicationNo, content, in.Person})
	in.BodyHash = hash
	return in, err
}
