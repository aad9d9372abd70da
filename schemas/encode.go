package schemas

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// CloudEvents attributes of the hub (CloudEvents 1.0, Kafka binding, binary mode).
const (
	eventPrefix  = "cn.haiyan.permithub."
	sourcePrefix = "/permithub/"
	specVersion  = "1.0"
	contentType  = "application/json; charset=utf-8"
	// HeaderTraceparent carries the W3C trace context.
	HeaderTraceparent = "traceparent"
)

// SchemaURI is the ce_dataschema of a topic's type and the $id of its schema. CloudEvents asks for an absolute URI; a URN is one and leaves
// it to whoever serves the schemas to decide the host.
func SchemaURI(topic string) string { return "urn:permithub:schema:" + topic }

type envelope struct {
	topic, key, id, kind, source, subject, traceparent string
	at                                                 Time
}

func (e envelope) record(v any) (Record, error) {
	value, err := json.Marshal(v)
	if err != nil {
		return Record{}, fmt.Errorf("encode %s %s: %w", e.topic, e.id, err)
	}
	h := []Header{
		{"content-type", contentType},
		{"ce_specversion", specVersion},
		{"ce_id", e.id},
		{"ce_source", sourcePrefix + e.source},
		{"ce_type", eventPrefix + e.kind},
		{"ce_time", e.at.String()},
		{"ce_subject", e.subject},
		{"ce_dataschema", SchemaURI(e.topic)},
		{"ce_partitionkey", e.key},
		{HeaderTraceparent, e.traceparent},
	}
	h = slices.DeleteFunc(h, func(h Header) bool { return h.Value == "" }) // an attribute that is there is never empty
	return Record{Topic: e.topic, Key: e.key, Value: value, Headers: h}, nil
}

// Record encodes the input for case-input.
func (in *Input) Record() (Record, error) {
	return envelope{topic: TopicCaseInput, key: in.DossierID, id: in.InputID, kind: "input." + string(in.Kind) + ".v1", source: in.Source,
		subject: in.ApplicationNo, traceparent: in.Traceparent, at: in.ReceivedAt}.record(in)
}

// HeaderEffects lists the kinds of effect in a transition, separated by commas, so that a step can pass over what is not its own without decoding it.
const HeaderEffects = "ph-effects"

// Record encodes the transition for case-log; the bus adds the offset stamp.
func (t *Transition) Record() (Record, error) {
	rec, err := envelope{topic: TopicCaseLog, key: t.DossierID, id: fmt.Sprintf("%s-%d", t.DossierID, t.Seq), kind: "transition.v1", source: "approval",
		subject: t.ApplicationNo, traceparent: t.Input.Traceparent, at: t.Input.ReceivedAt}.record(t)
	if len(t.Effects) > 0 {
		rec.Headers = append(rec.Headers, Header{HeaderEffects, effectKinds(t.Effects)})
	}
	return rec, err
}

func effectKinds(effects []Effect) string {
	kinds := make([]string, 0, len(effects))
	for i := range effects {
		if k := string(effects[i].Kind); !slices.Contains(kinds, k) {
			kinds = append(kinds, k)
		}
	}
	return strings.Join(kinds, ",")
}

// Record encodes the dead letter, under the key of the record it holds.
func (d *DeadLetter) Record() (Record, error) {
	return envelope{topic: TopicDeadLetter, key: d.Key, id: d.DeadLetterID, kind: "dead-letter.v1", source: d.Step, at: d.At}.record(d)
}

// Record encodes the event for applications.v1.
func (e *ApplicationEvent) Record() (Record, error) {
	return envelope{topic: TopicApplications, key: e.DossierID, id: e.EventID, kind: "application." + e.Type + ".v1", source: "feed",
		subject: e.ApplicationNo, at: e.At}.record(e)
}

// Record encodes the event for permits.v1.
func (e *PermitEvent) Record() (Record, error) {
	return envelope{topic: TopicPermits, key: e.DossierID, id: e.EventID, kind: "permit." + e.Type + ".v1", source: "feed",
		subject: e.ApplicationNo, at: e.At}.record(e)
}

// DecodeInput reads a value of case-input. Unknown fields are tolerated.
func DecodeInput(b []byte) (*Input, error) { return decode[Input](TopicCaseInput, b) }

// DecodeTransition reads a value of case-log. Unknown fields are tolerated.
func DecodeTransition(b []byte) (*Transition, error) { return decode[Transition](TopicCaseLog, b) }

// DecodeDeadLetter reads a value of dead-letter.
func DecodeDeadLetter(b []byte) (*DeadLetter, error) { return decode[DeadLetter](TopicDeadLetter, b) }

// decode keeps the values out of the error: encoding/json quotes the offending field's text.
func decode[T any](topic string, b []byte) (*T, error) {
	var v *T // stays nil for null, which is no record
	if err := json.Unmarshal(b, &v); err != nil || v == nil {
		return nil, fmt.Errorf("decode %s: not its JSON", topic)
	}
	return v, nil
}
