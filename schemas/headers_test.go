package schemas_test

import (
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

// CloudEvents 1.0, Kafka binding §3.2 (binary mode): attributes are headers named ce_…, datacontenttype is content-type.
func TestEveryRecordCarriesItsAttributes(t *testing.T) {
	for _, rec := range tellStories(t).records {
		for name, form := range map[string]string{
			"content-type":   `^application/json; charset=utf-8$`,
			"ce_specversion": `^1\.0$`,
			"ce_id":          `^.+$`,
			"ce_source":      `^/permithub/[a-z][a-z0-9_-]*$`,
			"ce_type":        `^cn\.haiyan\.permithub\.(input\.[a-z_]+|transition|dead-letter|disposition|application\.[a-z_]+|permit\.[a-z_]+)\.v1$`,
			"ce_dataschema":  `^urn:permithub:schema:` + regexp.QuoteMeta(rec.Topic) + `$`,
		} {
			if got := rec.Header(name); !regexp.MustCompile(form).MatchString(got) {
				t.Errorf("%s: %s is %q", rec.Topic, name, got)
			}
		}
		if _, err := time.Parse(time.RFC3339, rec.Header("ce_time")); err != nil || !strings.HasSuffix(rec.Header("ce_time"), "+08:00") {
			t.Errorf("%s: ce_time is %q", rec.Topic, rec.Header("ce_time"))
		}
		// CloudEvents asks for an absolute URI here.
		if u, err := url.Parse(rec.Header("ce_dataschema")); err != nil || !u.IsAbs() {
			t.Errorf("%s: ce_dataschema %q is not absolute: %v", rec.Topic, u, err)
		}
		if got := rec.Header("ce_partitionkey"); got != rec.Key {
			t.Errorf("%s: ce_partitionkey %q, key %q", rec.Topic, got, rec.Key)
		}
		seen := map[string]bool{}
		for _, h := range rec.Headers {
			if seen[h.Key] || h.Value == "" {
				t.Errorf("%s: header %s stands twice or is empty", rec.Topic, h.Key)
			}
			seen[h.Key] = true
		}
	}
}

// Keys and headers are read by brokers, proxies and people: nothing personal stands there, and outside person nothing in the value either.
func TestNothingPersonalInKeysAndHeaders(t *testing.T) {
	b := tellStories(t)
	if len(b.secrets) < 30 || len(b.records) < 100 {
		t.Fatalf("%d secrets in %d records: the stories tell too little", len(b.secrets), len(b.records))
	}
	for _, rec := range b.records {
		open := rec.Key
		for _, h := range rec.Headers {
			open += "\n" + h.Key + ": " + h.Value
		}
		value := string(rec.Value)
		if i := strings.Index(value, `"person":{`); i >= 0 {
			value = value[:i] // it is the last member
		}
		for _, secret := range b.secrets {
			if strings.Contains(open, secret) || strings.Contains(value, secret) {
				t.Errorf("a personal value stands outside person in a record of %s, %s", rec.Topic, rec.Header("ce_type"))
			}
		}
	}
}

func TestRecordsGoUnderTheirDossier(t *testing.T) {
	for _, rec := range tellStories(t).records {
		if rec.Topic == schemas.TopicDeadLetter || rec.Topic == schemas.TopicDisposition {
			continue
		}
		dossier, err := schemas.DossierOf(rec.Header("ce_subject"))
		if err != nil || dossier != rec.Key {
			t.Errorf("%s: subject %s under key %s: %v", rec.Topic, rec.Header("ce_subject"), rec.Key, err)
		}
	}
}

func TestHeadersOfATransition(t *testing.T) {
	tr := schemas.Transition{
		Seq: 3, DossierID: "3JMBULVG64HX", ApplicationNo: "3JMBULVG64HX3UM2H", Input: schemas.InputRef{ReceivedAt: schemas.At(time.Unix(1725933600, 0))},
		Effects: []schemas.Effect{{Kind: schemas.EffectCancel}, {Kind: schemas.EffectCancel}, {Kind: schemas.EffectNotify}},
	}
	rec, err := tr.Record()
	if err != nil {
		t.Fatal(err)
	}
	want := []schemas.Header{
		{Key: "content-type", Value: "application/json; charset=utf-8"}, {Key: "ce_specversion", Value: "1.0"}, {Key: "ce_id", Value: "3JMBULVG64HX-3"},
		{Key: "ce_source", Value: "/permithub/approval"}, {Key: "ce_type", Value: "cn.haiyan.permithub.transition.v1"},
		{Key: "ce_time", Value: "2024-09-10T10:00:00+08:00"}, {Key: "ce_subject", Value: "3JMBULVG64HX3UM2H"},
		{Key: "ce_dataschema", Value: "urn:permithub:schema:case-log.v1"}, {Key: "ce_partitionkey", Value: "3JMBULVG64HX"},
		{Key: schemas.HeaderEffects, Value: "cancel,notify"},
	}
	if diff := cmp.Diff(want, rec.Headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	if got := rec.Header("CE_ID") + rec.Header("none"); got != "" {
		t.Errorf("header that is not there: %q", got)
	}
}

func TestWhatCannotBeWrittenIsAnError(t *testing.T) {
	in := schemas.Input{InputID: "1", ReceivedAt: schemas.At(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), Person: &schemas.Person{FullName: "张三"}}
	if _, err := in.Record(); err == nil || strings.Contains(err.Error(), "张三") {
		t.Errorf("error %v", err)
	}
}
