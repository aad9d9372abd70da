package schemas_test

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"permithub/internal/schemacompat"
	"permithub/schemas"
)

func TestEveryTopicHasOneSchemaOrCarriesOthers(t *testing.T) {
	files := map[string]bool{}
	for _, topic := range schemas.Topics() {
		raw, ok := schemas.SchemaOf(topic.Name)
		retry := strings.HasPrefix(topic.Name, "retry-")
		if ok == retry {
			t.Errorf("%s: has a schema: %v", topic.Name, ok)
		}
		if !ok {
			continue
		}
		files[schemas.SchemaFile(topic.Name)] = true
		s := parsed(t, raw)
		if s["$id"] != schemas.SchemaURI(topic.Name) || s["$schema"] != "https://json-schema.org/draft/2020-12/schema" {
			t.Errorf("%s: $id %v, $schema %v", topic.Name, s["$id"], s["$schema"])
		}
		if decoders[topic.Name] == nil {
			t.Errorf("%s: no decoder is tested", topic.Name)
		}
	}
	entries, err := schemas.FS.ReadDir(".")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !files[e.Name()] && e.Name() != schemas.AsyncAPIFile {
			t.Errorf("%s belongs to no topic", e.Name())
		}
	}
}

// keywords that 2020-12 and draft-07 have in common, and the one of ours.
var commonKeywords = strings.Fields(`$schema $id $ref $comment title description type enum const pattern format contentEncoding minLength maxLength minimum maximum
	items minItems properties required allOf if then definitions x-pii`)

// One file for every checker: a keyword of one draft only would be passed over in silence by the other, and so would what stands beside a $ref.
func TestSchemasUseOnlyWhatBothDraftsHave(t *testing.T) {
	for topic := range decoders {
		raw, _ := schemas.SchemaOf(topic)
		root := parsed(t, raw)
		eachSchema(topic, root, func(at string, s map[string]any) {
			for k := range s {
				if !slices.Contains(commonKeywords, k) {
					t.Errorf("%s: keyword %s", at, k)
				}
			}
			ref, ok := s["$ref"].(string)
			if !ok {
				return
			}
			if len(s) > 1 {
				t.Errorf("%s: something stands beside $ref", at)
			}
			definitions, _ := root["definitions"].(map[string]any)
			if definitions[strings.TrimPrefix(ref, "#/definitions/")] == nil {
				t.Errorf("%s: $ref %s leads nowhere", at, ref)
			}
		})
	}
}

// The mark x-pii stands on every property that Person reaches and on no other; public topics have none.
func TestPersonalPropertiesAreMarked(t *testing.T) {
	personal := []string{"Person", "Code", "Phone", "Agent", "FreeText", "Remark"}
	for _, topic := range schemas.Topics() {
		raw, ok := schemas.SchemaOf(topic.Name)
		if !ok {
			continue
		}
		count := 0
		eachSchema("", parsed(t, raw), func(at string, s map[string]any) {
			owner, property, found := strings.Cut(strings.TrimPrefix(at, "/definitions/"), "/properties/")
			marked := s["x-pii"] == true
			if marked {
				count++
			}
			want := found && slices.Contains(personal, owner) && !strings.Contains(property, "/")
			if marked != want {
				t.Errorf("%s%s: x-pii %v, want %v", topic.Name, at, marked, want)
			}
		})
		if topic.Public && count > 0 {
			t.Errorf("%s: %d personal properties", topic.Name, count)
		}
	}
}

// Inside .v1 there are only additions: records are kept for ever, and readers change later than the hub.
func TestSchemasAreCompatibleWithTheReleasedOnes(t *testing.T) {
	released := list(t, filepath.Join("released", "*.schema.json"))
	if len(released) == 0 {
		t.Error("nothing is released")
	}
	for _, name := range released {
		now, err := schemas.FS.ReadFile(filepath.Base(name))
		if err != nil {
			t.Errorf("%s was released and is gone", name)
			continue
		}
		if err := schemacompat.Check(read(t, name), now); err != nil {
			t.Errorf("%s: what was released must stay readable; a breaking change is a new topic:\n%v", name, err)
		}
	}
}

func TestEmbeddedFilesAreThoseOfTheFolder(t *testing.T) {
	for topic := range decoders {
		raw, _ := schemas.SchemaOf(topic)
		if disk, err := os.ReadFile(schemas.SchemaFile(topic)); err != nil || string(disk) != string(raw) {
			t.Errorf("%s: embedded bytes differ from the file: %v", topic, err)
		}
	}
	if _, ok := schemas.SchemaOf("../go.mod"); ok {
		t.Error("a path outside was answered")
	}
}

func parsed(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(raw, &s); err != nil {
		t.Fatal(err)
	}
	return s
}

// eachSchema visits a schema and every schema inside it, with its place in the file.
func eachSchema(at string, s map[string]any, visit func(at string, s map[string]any)) {
	visit(at, s)
	for _, k := range slices.Sorted(maps.Keys(s)) {
		switch v := s[k].(type) {
		case map[string]any:
			if k != "properties" && k != "definitions" {
				eachSchema(at+"/"+k, v, visit)
				continue
			}
			for name, inner := range v {
				if m, ok := inner.(map[string]any); ok {
					eachSchema(at+"/"+k+"/"+name, m, visit)
				}
			}
		case []any:
			for _, inner := range v {
				if m, ok := inner.(map[string]any); ok {
					eachSchema(at+"/"+k, m, visit)
				}
			}
		}
	}
}
