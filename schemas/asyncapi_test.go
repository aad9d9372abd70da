package schemas_test

import (
	"path"
	"regexp"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/schemas"
)

func asyncAPI(t *testing.T) map[string]any {
	t.Helper()
	raw, err := schemas.FS.ReadFile(schemas.AsyncAPIFile)
	if err != nil {
		t.Fatal(err)
	}
	var doc map[string]any
	if err := yaml.Unmarshal(raw, &doc); err != nil {
		t.Fatal(err)
	}
	return doc
}

// dig follows a path of member names; nil where it ends early.
func dig(v any, steps ...string) any {
	for _, step := range steps {
		m, _ := v.(map[string]any)
		v = m[step]
	}
	return v
}

func TestAsyncAPIDescribesEveryTopic(t *testing.T) {
	doc := asyncAPI(t)
	if doc["asyncapi"] != "3.1.0" {
		t.Errorf("asyncapi %v", doc["asyncapi"])
	}
	channels, _ := doc["channels"].(map[string]any)
	var want []string
	for _, topic := range schemas.Topics() {
		want = append(want, topic.Name)
		if got := dig(channels, topic.Name, "address"); got != "{prefix}"+topic.Name {
			t.Errorf("%s: address %v", topic.Name, got)
		}
		if dig(channels, topic.Name, "parameters", "prefix") == nil {
			t.Errorf("%s: the address has a parameter that is not declared", topic.Name)
		}
	}
	if len(channels) != len(want) {
		t.Errorf("%d channels, %d topics", len(channels), len(want))
	}
}

// The parser of AsyncAPI passes in silence over payload schemas of any draft but draft-07.
func TestAsyncAPIPayloadsAreTheSchemas(t *testing.T) {
	messages, _ := dig(asyncAPI(t), "components", "messages").(map[string]any)
	var refs []string
	for name, m := range messages {
		if got := dig(m, "payload", "schemaFormat"); got != "application/schema+json;version=draft-07" {
			t.Errorf("message %s: schemaFormat %v: its payload goes unchecked", name, got)
		}
		if ref, ok := dig(m, "payload", "schema", "$ref").(string); ok {
			refs = append(refs, ref)
			if _, err := schemas.FS.ReadFile(path.Clean(ref)); err != nil {
				t.Errorf("message %s: %v", name, err)
			}
		}
	}
	if len(refs) != len(decoders) {
		t.Errorf("%d messages refer to a schema, %d topics have one", len(refs), len(decoders))
	}
}

func TestAsyncAPIReferencesLeadSomewhere(t *testing.T) {
	doc := asyncAPI(t)
	count := 0
	var follow func(v any)
	follow = func(v any) {
		switch v := v.(type) {
		case []any:
			for _, inner := range v {
				follow(inner)
			}
		case map[string]any:
			for _, inner := range v {
				follow(inner)
			}
			ref, ok := v["$ref"].(string)
			if rest, local := strings.CutPrefix(ref, "#/"); ok && local {
				count++
				if dig(doc, strings.Split(rest, "/")...) == nil {
					t.Errorf("$ref %s leads nowhere", ref)
				}
			}
		}
	}
	follow(doc)
	if count < 20 {
		t.Errorf("only %d references", count)
	}
}

// The headers that are described are the headers that are sent. The offset stamp is the bus's, so here it is put in.
func TestAsyncAPIHeadersAreThoseOfTheRecords(t *testing.T) {
	doc := asyncAPI(t)
	validators := map[string]*jsonschema.Schema{}
	described := map[string]map[string]any{}
	for _, topic := range schemas.Topics() {
		messages, _ := dig(doc, "channels", topic.Name, "messages").(map[string]any)
		for name := range messages {
			headers, _ := dig(doc, "components", "messages", name, "headers").(map[string]any)
			raw, err := yaml.MarshalWithOptions(headers, yaml.JSON())
			if err != nil {
				t.Fatal(err)
			}
			validators[topic.Name], described[topic.Name] = compile(t, raw), headers
		}
	}
	for _, rec := range tellStories(t).records {
		have := map[string]any{}
		for _, h := range rec.Headers {
			have[h.Key] = h.Value
			if dig(described[rec.Topic], "properties", h.Key) == nil {
				t.Errorf("%s: header %s is not described", rec.Topic, h.Key)
			}
		}
		if rec.Topic == schemas.TopicCaseLog {
			have["ph-stamp"] = "17"
		}
		if err := validators[rec.Topic].Validate(have); err != nil {
			t.Errorf("%s: %v", rec.Topic, err)
		}
	}
}

// The key binding says of the key what the records have.
func TestAsyncAPIKeysAreThoseOfTheRecords(t *testing.T) {
	doc := asyncAPI(t)
	got := map[string]bool{}
	for _, rec := range tellStories(t).records {
		messages, _ := dig(doc, "channels", rec.Topic, "messages").(map[string]any)
		for name := range messages {
			form, ok := dig(doc, "components", "messages", name, "bindings", "kafka", "key", "pattern").(string)
			got[rec.Topic] = ok
			if ok && !regexp.MustCompile(form).MatchString(rec.Key) {
				t.Errorf("%s: key %s does not match %s", rec.Topic, rec.Key, form)
			}
		}
	}
	want := map[string]bool{}
	for _, topic := range schemas.Topics() {
		if decoders[topic.Name] != nil {
			want[topic.Name] = topic.Key == "dossier id"
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("topics whose keys have a form (-want +got):\n%s", diff)
	}
}
