package main

import (
	"strings"

	"github.com/goccy/go-yaml"

	"permithub/schemas"
)

// Headers that the bus adds.
const (
	headerStamp       = "ph-stamp"
	headerOriginTopic = "ph-origin-topic"
)

// retryOwn are the headers of a record in a retry tier, beside its own.
var retryOwn = []struct{ name, pattern, doc string }{
	{"ph-retry-step", sourcePattern, "The step that the record waits for."},
	{"ph-retry-not-before", digits, "When it is due: milliseconds since 1970."},
	{"ph-retry-attempts", digits, "Attempts so far, in the topic and all tiers."},
	{"ph-retry-code", "", "Code of the last error."},
	{headerOriginTopic, "", "The topic where the record stood first."},
	{"ph-origin-partition", digits, "Its partition there."},
	{"ph-origin-offset", digits, "Its offset there."},
	{"ph-origin-time", digits, "Its time there: milliseconds since 1970."},
}

const digits = `^[0-9]+$`

// headers describes the CloudEvents attributes of a topic's records. Every value is text in UTF-8 on the wire.
func headers(t schemas.Topic) node {
	var p node
	required := []string{"content-type", "ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "ce_dataschema"}
	add := func(name, doc string, more ...yaml.MapItem) {
		p = append(p, yaml.MapItem{Key: name, Value: append(node{{Key: "type", Value: "string"}, {Key: "description", Value: doc}}, more...)})
	}
	match := func(p string) yaml.MapItem { return yaml.MapItem{Key: "pattern", Value: p} }
	fixed := func(v string) yaml.MapItem { return yaml.MapItem{Key: "const", Value: v} }
	concerns := t.Key == "dossier id"
	add("content-type", "datacontenttype of CloudEvents.", fixed("application/json; charset=utf-8"))
	add("ce_specversion", "Version of CloudEvents.", fixed("1.0"))
	add("ce_id", "Unique together with ce_source; a repeat has the same.")
	add("ce_source", "Who said it.", match(`^/permithub/[a-z][a-z0-9_-]{0,31}$`))
	add("ce_type", "What happened.", match(typePattern(t.Name)))
	add("ce_time", "When: RFC 3339 at +08:00.", yaml.MapItem{Key: "format", Value: "date-time"})
	if concerns {
		add("ce_subject", "The application number (申请编号).", match(applicationPattern))
		required = append(required, "ce_subject", "ce_partitionkey")
	}
	add("ce_dataschema", "The $id of the value's schema.", fixed(schemas.SchemaURI(t.Name)))
	key := "The Kafka key; absent where the record had none."
	if concerns {
		key = "The Kafka key: the dossier id."
	}
	add("ce_partitionkey", key)
	add(schemas.HeaderTraceparent, "W3C trace context, where there is one.", match(tracePattern))
	if t.Name == schemas.TopicCaseInput {
		add(schemas.HeaderReplayOf, "The dead letter that the record was replayed out of; absent where it was not.")
		add(schemas.HeaderReplays, "How often it was replayed, in decimal.", match(digits))
	}
	if t.Stamped {
		add(headerStamp, "The offset at which the record counts, in decimal.", match(digits))
		add(schemas.HeaderEffects, "Kinds of effect in the value, separated by commas; absent where there are none.", match(`^[a-z]+(,[a-z]+)*$`))
		required = append(required, headerStamp)
	}
	return node{{Key: "type", Value: "object"}, {Key: "properties", Value: p}, {Key: "required", Value: required}}
}

func retryHeaders() node {
	var p node
	var required []string
	for _, h := range retryOwn {
		v := node{{Key: "type", Value: "string"}, {Key: "description", Value: h.doc}}
		if h.pattern != "" {
			v = append(v, yaml.MapItem{Key: "pattern", Value: h.pattern})
		}
		p = append(p, yaml.MapItem{Key: h.name, Value: v})
		required = append(required, h.name)
	}
	return node{{Key: "type", Value: "object"}, {Key: "properties", Value: p}, {Key: "required", Value: required}}
}

// typePattern is the form of ce_type on a topic.
func typePattern(topic string) string {
	kind := map[string]string{
		schemas.TopicCaseInput: `input\.[a-z_]+`, schemas.TopicCaseLog: `transition`, schemas.TopicDeadLetter: `dead-letter`,
		schemas.TopicDisposition:  `disposition`,
		schemas.TopicApplications: `application\.[a-z_]+`, schemas.TopicPermits: `permit\.[a-z_]+`,
	}[topic]
	return strings.Join([]string{`^cn\.haiyan\.permithub`, kind, `v1$`}, `\.`)
}
