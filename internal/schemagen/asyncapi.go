package main

import (
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"

	"permithub/schemas"
)

// payloadFormat is not the draft of the schemas' $schema: the AsyncAPI parser checks payload schemas of draft-07 only and passes over any other
// draft in silence. Every keyword of ours says the same in both.
const payloadFormat = "application/schema+json;version=draft-07"

type node = yaml.MapSlice

func ref(to string) node { return node{{Key: "$ref", Value: to}} }

// asyncAPI describes the topics to those who read and write them. Reference: https://www.asyncapi.com/docs/reference/specification/v3.1.0
func asyncAPI(s *source) ([]byte, error) {
	doc := node{
		{Key: "asyncapi", Value: "3.1.0"},
		{Key: "id", Value: "urn:permithub"},
		{Key: "info", Value: node{
			{Key: "title", Value: "permithub"},
			{Key: "version", Value: "1.0.0"},
			{Key: "description", Value: "Topics of the hub for the mutual recognition of residence permits (居住证互认) in Haiyan County. " +
				"CloudEvents 1.0, Kafka binding, binary mode: attributes are record headers, the value is flat UTF-8 JSON. " +
				"Inside .v1 there are only additions; consumers tolerate properties and enum values that they do not know."},
		}},
		{Key: "defaultContentType", Value: "application/json"},
		{Key: "servers", Value: node{{Key: "kafka", Value: node{
			{Key: "host", Value: "{bootstrap}"},
			{Key: "protocol", Value: "kafka"},
			{Key: "description", Value: "The installation's Kafka cluster."},
			{Key: "variables", Value: node{{Key: "bootstrap", Value: node{
				{Key: "default", Value: "127.0.0.1:9092"}, {Key: "description", Value: "Host and port of a broker."},
			}}}},
		}}}},
		{Key: "channels", Value: channels()},
		{Key: "operations", Value: operations()},
		{Key: "components", Value: node{
			{Key: "parameters", Value: node{{Key: "prefix", Value: node{
				{Key: "description", Value: "What the installation puts before every topic name; it may be empty."}, {Key: "default", Value: ""},
				{Key: "examples", Value: []string{"haiyan."}},
			}}}},
			{Key: "messages", Value: messages(s)},
		}},
	}
	b, err := yaml.MarshalWithOptions(doc, yaml.Indent(2), yaml.UseLiteralStyleIfMultiline(true))
	if err != nil {
		return nil, fmt.Errorf("encode asyncapi: %w", err)
	}
	return append([]byte("# Generated from the Go types by go generate ./schemas. DO NOT EDIT.\n"), b...), nil
}

// messageOf names the message that a topic carries.
func messageOf(topic string) string {
	if typ, ok := carried[topic]; ok {
		return typ
	}
	return "Waiting"
}

func channels() node {
	var list node
	for _, t := range schemas.Topics() {
		retention := -1
		if t.RetentionHours >= 0 {
			retention = t.RetentionHours * 60 * 60 * 1000
		}
		m := messageOf(t.Name)
		list = append(list, yaml.MapItem{Key: t.Name, Value: node{
			{Key: "address", Value: "{prefix}" + t.Name},
			{Key: "description", Value: t.Carries + ". Key: " + t.Key + "." + notes(t)},
			{Key: "parameters", Value: node{{Key: "prefix", Value: ref("#/components/parameters/prefix")}}},
			{Key: "messages", Value: node{{Key: m, Value: ref("#/components/messages/" + m)}}},
			{Key: "bindings", Value: node{{Key: "kafka", Value: node{
				{Key: "topicConfiguration", Value: node{{Key: "cleanup.policy", Value: []string{"delete"}}, {Key: "retention.ms", Value: retention}}},
				{Key: "bindingVersion", Value: "0.5.0"},
			}}}},
		}})
	}
	return list
}

func notes(t schemas.Topic) string {
	var b strings.Builder
	if t.Public {
		b.WriteString(" Public: for data platforms, without personal data.")
	}
	if t.Stamped {
		b.WriteString(" A record counts only where its offset equals its " + headerStamp + " header; all others are void and must be passed over.")
	}
	if t.SameAs != "" {
		b.WriteString(" It has as many partitions as " + t.SameAs + ".")
	}
	if carried[t.Name] == "" {
		b.WriteString(" Internal: the value is that of the topic named by " + headerOriginTopic + ", its schema the one named by ce_dataschema.")
	}
	return b.String()
}

// operations are the hub's own: it sends to every topic, and reads all but the public ones.
func operations() node {
	var list node
	for _, t := range schemas.Topics() {
		actions := []string{"send", "receive"}
		if t.Public {
			actions = actions[:1]
		}
		for _, a := range actions {
			list = append(list, yaml.MapItem{Key: a + "-" + t.Name, Value: node{
				{Key: "action", Value: a},
				{Key: "channel", Value: ref("#/channels/" + t.Name)},
				{Key: "messages", Value: []node{ref("#/channels/" + t.Name + "/messages/" + messageOf(t.Name))}},
			}})
		}
	}
	return list
}

func messages(s *source) node {
	var list node
	for _, t := range schemas.Topics() {
		typ, ok := carried[t.Name]
		if !ok {
			continue
		}
		list = append(list, yaml.MapItem{Key: typ, Value: node{
			{Key: "name", Value: typ},
			{Key: "title", Value: titles[typ]},
			{Key: "summary", Value: s.docs[typ]},
			{Key: "contentType", Value: "application/json"},
			{Key: "headers", Value: headers(t)},
			{Key: "payload", Value: node{
				{Key: "schemaFormat", Value: payloadFormat},
				{Key: "schema", Value: ref("./" + schemas.SchemaFile(t.Name))},
			}},
			{Key: "bindings", Value: keyBinding(t)},
		}})
	}
	return append(list, yaml.MapItem{Key: "Waiting", Value: node{
		{Key: "name", Value: "Waiting"},
		{Key: "title", Value: "待重试记录"},
		{Key: "summary", Value: "A record of another topic as it was, with its own headers and those of the retry."},
		{Key: "contentType", Value: "application/json"},
		{Key: "headers", Value: retryHeaders()},
		{Key: "payload", Value: node{
			{Key: "schemaFormat", Value: payloadFormat},
			{Key: "schema", Value: node{
				{Key: "description", Value: "As the record had it: ce_dataschema names the schema. Bytes that are no JSON may wait too."},
			}},
		}},
		{Key: "bindings", Value: keyBinding(schemas.Topic{})},
	}})
}

var titles = map[string]string{
	"Input": "案件输入", "Transition": "档案变更", "DeadLetter": "死信", "Disposition": "死信处置", "ApplicationEvent": "申请办理动态", "PermitEvent": "居住证签发与注销",
}

// keyBinding describes the Kafka key: where it is a dossier id, its form.
func keyBinding(t schemas.Topic) node {
	key := node{{Key: "type", Value: "string"}}
	if t.Key == "dossier id" {
		key = append(key, yaml.MapItem{Key: "pattern", Value: dossierPattern})
	}
	return node{{Key: "kafka", Value: node{{Key: "key", Value: key}, {Key: "bindingVersion", Value: "0.5.0"}}}}
}
