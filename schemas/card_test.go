package schemas_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/schemas"
)

func hour(h int) schemas.Time {
	return schemas.At(time.Date(2024, 9, 10, h, 0, 0, 0, schemas.Shanghai))
}

func hourp(h int) *schemas.Time {
	t := hour(h)
	return &t
}

func TestCard(t *testing.T) {
	ended := schemas.EndedCase{
		ApplicationNo: "A", Source: "province", SourceApplicationNo: "1", BodyHash: "h1", SubmittedAt: hour(8), Outcome: "issued", PermitNo: "P-1",
		AcceptedAt: hourp(9), DueAt: hourp(12), IssuedAt: hourp(10), EndedAt: hour(11),
	}
	refused := schemas.EndedCase{ApplicationNo: "B", Source: "window", SourceApplicationNo: "2", BodyHash: "h2", SubmittedAt: hour(8), Outcome: "refused",
		Reasons: []string{"no_condition", "r2_under_six_months"}, EndedAt: hour(9)}
	open := schemas.Case{
		ApplicationNo: "C", BodyHash: "h3", Stage: schemas.StageSupplement, SubmittedAt: hour(12), Submission: schemas.Submission{Source: "province", SourceApplicationNo: "3"},
		Supplements: []schemas.ItemList{{Items: []string{"agent"}}, {Items: []string{"condition", "material:identity"}}},
	}
	endedCard := schemas.Card{ApplicationNo: "A", Source: "province", SourceApplicationNo: "1", BodyHash: "h1", ReceivedAt: hour(8), Version: 7, Stage: schemas.StageIssued,
		Outcome: "issued", PermitNo: "P-1", AcceptedAt: hourp(9), DueAt: hourp(12), IssuedAt: hourp(10)}
	refusedCard := schemas.Card{ApplicationNo: "B", Source: "window", SourceApplicationNo: "2", BodyHash: "h2", ReceivedAt: hour(8), Version: 7, Stage: schemas.StageRefused,
		Outcome: "refused", Reasons: []string{"no_condition", "r2_under_six_months"}}
	openCard := schemas.Card{ApplicationNo: "C", Source: "province", SourceApplicationNo: "3", BodyHash: "h3", ReceivedAt: hour(12), Version: 7, Stage: schemas.StageSupplement,
		Items: []string{"condition", "material:identity"}}
	issuing := open
	issuing.Stage, issuing.AcceptedAt, issuing.IssuedAt, issuing.Permit = schemas.StageIssued, hourp(13), hourp(15), &schemas.Permit{PermitNo: "P-2"}
	issuing.Clocks = []schemas.Clock{{ID: "T4", DueAt: hour(23)}, {ID: "T1", DueAt: hour(18), Provisional: true}}
	issuingCard := openCard
	issuingCard.Stage, issuingCard.Items, issuingCard.AcceptedAt, issuingCard.IssuedAt = schemas.StageIssued, nil, hourp(13), hourp(15)
	issuingCard.PermitNo, issuingCard.DueAt, issuingCard.DueProvisional = "P-2", hourp(18), true

	for name, tc := range map[string]struct {
		dossier schemas.Dossier
		want    schemas.Card
	}{
		"ended":                 {schemas.Dossier{Seq: 7, Ended: []schemas.EndedCase{ended, refused}}, endedCard},
		"refused":               {schemas.Dossier{Seq: 7, Ended: []schemas.EndedCase{ended, refused}}, refusedCard},
		"asks for a supplement": {schemas.Dossier{Seq: 7, Open: &open}, openCard},
		"issued, not closed":    {schemas.Dossier{Seq: 7, Open: &issuing, Ended: []schemas.EndedCase{ended}}, issuingCard},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := tc.dossier.Card(tc.want.ApplicationNo)
			if diff := cmp.Diff(tc.want, got); !ok || diff != "" {
				t.Errorf("card (-want +got):\n%s", diff)
			}
			if got, ok := tc.dossier.Card("Z"); ok {
				t.Errorf("a card of no case: %+v", got)
			}
		})
	}
}

func TestClockAndDutyByID(t *testing.T) {
	c := schemas.Case{Clocks: []schemas.Clock{{ID: "T1"}, {ID: "T2"}}, Duties: []schemas.Duty{{Effect: schemas.Effect{EffectID: "a"}}, {Effect: schemas.Effect{EffectID: "b"}}}}
	if c.ClockByID("T2") != &c.Clocks[1] || c.ClockByID("T9") != nil {
		t.Error("the clock is not the case's own, or is another")
	}
	if c.DutyByID("b") != &c.Duties[1] || c.DutyByID("c") != nil {
		t.Error("the duty is not the case's own, or is another")
	}
}

func TestOrder(t *testing.T) {
	tr := schemas.Transition{
		Seq: 4, DossierID: "D", ApplicationNo: "A", Input: schemas.InputRef{InputID: "i", ReceivedAt: hour(9)}, Person: &schemas.Person{FullName: "张三"},
		Effects: []schemas.Effect{{EffectID: "A-cancel-1"}, {EffectID: "A-notify-1"}},
		Dossier: schemas.Dossier{Open: &schemas.Case{ApplicationNo: "A", Stage: schemas.StageIssued}},
	}
	want := schemas.Order{Effect: schemas.Effect{EffectID: "A-notify-1"}, DossierID: "D", ApplicationNo: "A", Seq: 4, OrderedAt: hour(9), Input: tr.Input,
		Case: schemas.Case{ApplicationNo: "A", Stage: schemas.StageIssued}, Person: schemas.Person{FullName: "张三"}}
	if diff := cmp.Diff(want, tr.Order(1)); diff != "" {
		t.Errorf("order (-want +got):\n%s", diff)
	}
	// The case has ended with the transition, and another one of the person may be open: it is not meant.
	tr.Dossier.Open.ApplicationNo, tr.Person = "B", nil
	want.Case, want.Person = schemas.Case{}, schemas.Person{}
	if diff := cmp.Diff(want, tr.Order(1)); diff != "" {
		t.Errorf("order of an ended case (-want +got):\n%s", diff)
	}
}

// Every constant has its Chinese name: tables and notices show it.
func TestNames(t *testing.T) {
	for _, v := range enumOf(t, schemas.TopicCaseLog, "Stage") {
		if schemas.Stage(v).Name() == "" {
			t.Errorf("stage %s has no name", v)
		}
	}
	grouped := map[schemas.Condition]bool{}
	for _, group := range []string{"employment", "residence", "rental", "schooling", "none"} {
		for _, c := range schemas.ConditionsOf(group) {
			grouped[c] = true
		}
	}
	for _, v := range enumOf(t, schemas.TopicCaseLog, "Condition") {
		if c := schemas.Condition(v); c.Name() == "" || !grouped[c] {
			t.Errorf("condition %s has no name, or stands in no group of the form", v)
		}
	}
	for _, v := range eventTypes(t) {
		if schemas.EventName(v) == v {
			t.Errorf("event %s has no name", v)
		}
	}
	if got := schemas.EventName("never_heard_of"); got != "never_heard_of" {
		t.Errorf("an unknown event is called %s", got)
	}
}

// eventTypes are the values that the schema allows.
func eventTypes(t *testing.T) []string {
	t.Helper()
	raw, _ := schemas.SchemaOf(schemas.TopicApplications)
	var types []string
	eachSchema("", parsed(t, raw), func(at string, s map[string]any) {
		if at == "/properties/type" {
			for _, v := range s["enum"].([]any) {
				types = append(types, v.(string))
			}
		}
	})
	if len(types) < 20 {
		t.Errorf("the schema allows %d types of event", len(types))
	}
	return types
}

func TestTopics(t *testing.T) {
	names := map[string]schemas.Topic{}
	for _, topic := range schemas.Topics() {
		if _, twice := names[topic.Name]; twice || topic.Carries == "" || topic.Key == "" || topic.RetentionHours == 0 {
			t.Errorf("%+v stands twice or is incomplete", topic)
		}
		names[topic.Name] = topic
	}
	for _, topic := range names {
		if _, ok := names[topic.SameAs]; topic.SameAs != "" && !ok {
			t.Errorf("%s is to be like %s, which does not exist", topic.Name, topic.SameAs)
		}
	}
	if log := names[schemas.TopicCaseLog]; !log.Stamped || log.SameAs != schemas.TopicCaseInput || log.RetentionHours != -1 {
		t.Errorf("the log is %+v", log)
	}
}

// The card is read back by encoding/json: Encode writes what that would.
func TestCardIsWrittenAsEncodingJSONDoes(t *testing.T) {
	words := rapid.SliceOfN(rapid.StringN(0, 12, -1), 0, 3)
	at := rapid.Custom(func(t *rapid.T) schemas.Time {
		return schemas.At(time.UnixMicro(rapid.Int64Range(0, 4e15).Draw(t, "microseconds")))
	})
	rapid.Check(t, func(t *rapid.T) {
		word := func(name string) string { return rapid.String().Draw(t, name) }
		card := schemas.Card{
			ApplicationNo: word("number"), Source: word("source"), SourceApplicationNo: word("source number"), BodyHash: word("hash"), ReceivedAt: at.Draw(t, "received"),
			Version: rapid.Int64().Draw(t, "version"), Stage: schemas.Stage(word("stage")), Outcome: word("outcome"), Reasons: words.Draw(t, "reasons"), Items: words.Draw(t, "items"),
			PermitNo: word("permit"), AcceptedAt: rapid.Ptr(at, true).Draw(t, "accepted"), DueAt: rapid.Ptr(at, true).Draw(t, "due"), DueProvisional: rapid.Bool().Draw(t, "provisional"),
			IssuedAt: rapid.Ptr(at, true).Draw(t, "issued"),
		}
		if rapid.Bool().Draw(t, "limited") {
			card.DueLimit = &schemas.Limit{Days: rapid.Int().Draw(t, "days"), Unit: word("unit"), End: word("end")}
			card.Pauses = []schemas.Pause{{From: at.Draw(t, "from"), To: rapid.Ptr(at, true).Draw(t, "to"), Ground: word("ground"), Remark: word("remark")}}
		}
		want, err := json.Marshal(&card)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := card.Encode(); err != nil || string(got) != string(want) {
			t.Fatalf("%s, %v; want %s", got, err, want)
		}
	})
}
