package schemas

import (
	"fmt"
	"slices"
	"strconv"
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

// maxHeaders also has room for what is added to a record on its way: kinds of effect, stamp.
const maxHeaders = 12

type envelope struct {
	topic, key, id, kind, source, subject, traceparent string
	at                                                 Time
}

// record puts the envelope around what encode made of a value.
func (e envelope) record(value []byte, err error) (Record, error) {
	if err != nil {
		return Record{}, fmt.Errorf("encode %s %s: %w", e.topic, e.id, err)
	}
	h := make([]Header, 0, maxHeaders)
	for _, attribute := range [...]Header{
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
	} {
		if attribute.Value != "" { // an attribute that is there is never empty
			h = append(h, attribute)
		}
	}
	return Record{Topic: e.topic, Key: e.key, Value: value, Headers: h}, nil
}

// Record encodes the input for case-input.
func (in *Input) Record() (Record, error) {
	return envelope{topic: TopicCaseInput, key: in.DossierID, id: in.InputID, kind: "input." + string(in.Kind) + ".v1", source: in.Source,
		subject: in.ApplicationNo, traceparent: in.Traceparent, at: in.ReceivedAt}.record(encode(in))
}

// HeaderEffects lists the kinds of effect in a transition, separated by commas, so that a step can pass over what is not its own without decoding it.
const HeaderEffects = "ph-effects"

// Record encodes the transition for case-log; the bus adds the offset stamp.
func (t *Transition) Record() (Record, error) {
	rec, err := envelope{topic: TopicCaseLog, key: t.DossierID, id: t.DossierID + "-" + strconv.FormatInt(t.Seq, 10), kind: "transition.v1", source: "approval",
		subject: t.ApplicationNo, traceparent: t.Input.Traceparent, at: t.Input.ReceivedAt}.record(encode(t))
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
	return envelope{topic: TopicDeadLetter, key: d.Key, id: d.DeadLetterID, kind: "dead-letter.v1", source: d.Step, at: d.At}.record(encode(d))
}

// Record encodes the disposition, under the key of the letter that it is about.
func (d *Disposition) Record() (Record, error) {
	return envelope{topic: TopicDisposition, key: d.Key, id: d.DispositionID, kind: "disposition.v1", source: "desk", at: d.At}.record(encode(d))
}

// Record encodes the event for applications.v1.
func (e *ApplicationEvent) Record() (Record, error) {
	return envelope{topic: TopicApplications, key: e.DossierID, id: e.EventID, kind: "application." + e.Type + ".v1", source: "feed",
		subject: e.ApplicationNo, at: e.At}.record(encode(e))
}

// Record encodes the event for permits.v1.
func (e *PermitEvent) Record() (Record, error) {
	return envelope{topic: TopicPermits, key: e.DossierID, id: e.EventID, kind: "permit." + e.Type + ".v1", source: "feed",
		subject: e.ApplicationNo, at: e.At}.record(encode(e))
}

// AdmitInput reads a value of case-input where it enters the log: what its schema does not allow is refused. Unknown fields are tolerated.
func AdmitInput(b []byte) (*Input, error) {
	return decode[Input](TopicCaseInput, b, reading{checked: true})
}

// DecodeInput reads a value of case-input. Unknown fields are tolerated, and so is what its schema does not allow.
func DecodeInput(b []byte) (*Input, error) {
	return decode[Input](TopicCaseInput, b, reading{shared: true})
}

// DecodeTransition reads a value of case-log. Unknown fields are tolerated, and so is what its schema does not allow, because it stands in the
// log already. The strings of the result keep a copy of b as a whole.
func DecodeTransition(b []byte) (*Transition, error) {
	return decode[Transition](TopicCaseLog, b, reading{shared: true})
}

// DecodeOutline reads of a value of case-log what happened and where the case that it is about stands: what is told to the public and what the
// deadlines hang on. It leaves out the other cases of the file, the person, the input, the orders, the rule trace, the duties and whatever else has
// the tag outline:"-", and does not look whether that is JSON. The strings of the result are parts of b, which must not change while one of them lives.
func DecodeOutline(b []byte) (*Transition, error) {
	return decode[Transition](TopicCaseLog, b, reading{outline: true})
}

// DecodeDeadLetter reads a value of dead-letter.
func DecodeDeadLetter(b []byte) (*DeadLetter, error) {
	return decode[DeadLetter](TopicDeadLetter, b, reading{shared: true})
}

// DecodeDisposition reads a value of disposition.
func DecodeDisposition(b []byte) (*Disposition, error) {
	return decode[Disposition](TopicDisposition, b, reading{shared: true})
}

// reading says how a value is decoded.
type reading struct {
	checked bool // what the schema does not allow is an error
	shared  bool // the strings share one copy of the document, else every string stands alone
	outline bool // what the tag "outline" says is left out, and the strings share the document itself
}
