package schemacompat

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const base = `{
  "$id": "urn:x", "title": "T", "type": "object",
  "properties": {
    "id": {"type": "string", "pattern": "^[a-z]+$", "minLength": 2, "maxLength": 8},
    "kind": {"description": "which", "allOf": [{"$ref": "#/definitions/Kind"}]},
    "n": {"type": "integer", "minimum": 0, "maximum": 9},
    "at": {"type": "string", "format": "date-time"},
    "name": {"type": "string", "x-pii": true},
    "list": {"type": "array", "items": {"$ref": "#/definitions/Node"}},
    "part": {"type": "object", "allOf": [{"$ref": "#/definitions/Node"}]}
  },
  "required": ["id", "kind"],
  "allOf": [{"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["part"]}}],
  "definitions": {
    "Kind": {"type": "string", "enum": ["a", "b"]},
    "Node": {"type": "object", "properties": {"next": {"description": "deeper", "allOf": [{"$ref": "#/definitions/Node"}]}, "v": {"type": "integer"}}, "required": ["v"]}
  }
}`

func TestCheck(t *testing.T) {
	tests := map[string]struct {
		old, now string // replaced in base
		want     []string
	}{
		"same":                    {"", "", nil},
		"description":             {`"which"`, `"which one"`, nil},
		"property added":          {`"id": {`, `"more": {"type": "string"}, "id": {`, nil},
		"enum value added":        {`["a", "b"]`, `["c", "a", "b"]`, nil},
		"range wider":             {`"minimum": 0, "maximum": 9`, `"minimum": -1, "maximum": 10`, nil},
		"range dropped":           {`, "minimum": 0, "maximum": 9`, ``, nil},
		"length wider":            {`"minLength": 2, "maxLength": 8`, `"minLength": 1`, nil},
		"pattern dropped":         {`"pattern": "^[a-z]+$", `, ``, nil},
		"mark added":              {`"type": "integer", "minimum"`, `"x-pii": true, "type": "integer", "minimum"`, nil},
		"reference written out":   {`"allOf": [{"$ref": "#/definitions/Kind"}]`, `"type": "string", "enum": ["a", "b"]`, nil},
		"condition for new value": {`"allOf": [{"if"`, `"allOf": [{"if": {"properties": {"kind": {"const": "c"}}, "required": ["kind"]}, "then": {"required": ["n"]}}, {"if"`, nil},

		"identity":                {`"urn:x"`, `"urn:y"`, []string{`"": $id is urn:y, was urn:x`}},
		"property removed":        {`"part": {`, `"piece": {`, []string{`"/part": property removed`}},
		"property removed deep":   {`, "v": {"type": "integer"}`, ``, []string{`"/list/*/next/v": property removed`, `"/list/*/v": property removed`, `"/part/v": property removed`}},
		"required added":          {`["id", "kind"]`, `["id", "kind", "n"]`, []string{`"/n": newly required`}},
		"required dropped":        {`["id", "kind"]`, `["id"]`, []string{`"/kind": no longer required`}},
		"type changed":            {`"n": {"type": "integer"`, `"n": {"type": "string"`, []string{`"/n": type is string, was integer`}},
		"type widened":            {`"n": {"type": "integer"`, `"n": {"type": ["integer", "string"]`, []string{`"/n": type is [integer string], was integer`}},
		"enum narrowed":           {`["a", "b"]`, `["a"]`, []string{`"/kind": enum is [a], was [a b]`}},
		"enum added":              {`"name": {"type": "string"`, `"name": {"enum": ["x"], "type": "string"`, []string{`"/name": enum added`}},
		"pattern changed":         {`^[a-z]+$`, `^[a-y]+$`, []string{`"/id": pattern is ^[a-y]+$, was ^[a-z]+$`}},
		"pattern added":           {`"name": {"type": "string"`, `"name": {"pattern": "x", "type": "string"`, []string{`"/name": pattern added`}},
		"format dropped":          {`, "format": "date-time"`, ``, []string{`"/at": format dropped`}},
		"floor raised":            {`"minimum": 0`, `"minimum": 1`, []string{`"/n": minimum is 1, was 0`}},
		"ceiling lowered":         {`"maxLength": 8`, `"maxLength": 7`, []string{`"/id": maxLength is 7, was 8`}},
		"ceiling added":           {`"name": {"type": "string"`, `"name": {"maxLength": 7, "type": "string"`, []string{`"/name": maxLength added`}},
		"mark dropped":            {`, "x-pii": true`, ``, []string{`"/name": x-pii dropped`}},
		"object closed":           {`"title": "T"`, `"additionalProperties": false`, []string{`"": additionalProperties added`}},
		"items dropped":           {`"items": {"$ref": "#/definitions/Node"}`, `"description": "any"`, []string{`"/list/*": items no longer described`}},
		"items added":             {`"part": {"type": "object"`, `"part": {"items": {}, "type": "object"`, []string{`"/part/*": items restricted`}},
		"condition changed":       {`"then": {"required": ["part"]}`, `"then": {"required": ["part", "n"]}`, []string{`"/n": newly required`}},
		"condition removed":       {`{"if": {"properties": {"kind": {"const": "a"}}, "required": ["kind"]}, "then": {"required": ["part"]}}`, `{}`, []string{`"": condition removed`}},
		"condition for old value": {`"allOf": [{"if"`, `"allOf": [{"if": {"properties": {"kind": {"const": "b"}}, "required": ["kind"]}, "then": {"required": ["n"]}}, {"if"`, []string{`"": condition added`}},
		"keyword not understood":  {`"part": {"type": "object"`, `"part": {"anyOf": [{}], "type": "object"`, []string{`"/part": anyOf added`}},
		"reference to nothing":    {`"allOf": [{"$ref": "#/definitions/Kind"}]`, `"$ref": "#/definitions/Sort"`, []string{`"/kind": new schema: $ref #/definitions/Sort is not found`}},
		"reference in a circle":   {`"Kind": {"type": "string", "enum": ["a", "b"]}`, `"Kind": {"$ref": "#/definitions/Kind"}`, []string{`"/kind": new schema: $ref goes round in a circle`}},
		"said twice":              {`"allOf": [{"$ref": "#/definitions/Kind"}]`, `"type": "integer", "allOf": [{"$ref": "#/definitions/Kind"}]`, []string{`"/kind": new schema: type is said twice`}},
		"two at once":             {`"maxLength": 8}`, `"maxLength": 8, "format": "x", "const": "y"}`, []string{`"/id": const added`, `"/id": format added`}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			now := strings.Replace(base, tc.old, tc.now, 1)
			if now == base && tc.old != tc.now {
				t.Fatalf("base does not hold %s", tc.old)
			}
			if diff := cmp.Diff(tc.want, lines(Check([]byte(base), []byte(now)))); diff != "" {
				t.Errorf("breaks (-want +got):\n%s", diff)
			}
		})
	}
}

func lines(err error) []string {
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestCheckNamesTheSchemaThatCannotBeRead(t *testing.T) {
	for name, tc := range map[string]struct{ from, to, want string }{
		"old": {"{", "{}", "read the old schema"},
		"new": {"{}", "[]", "read the new schema"},
	} {
		t.Run(name, func(t *testing.T) {
			if err := Check([]byte(tc.from), []byte(tc.to)); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestBreaksCanBeToldApart(t *testing.T) {
	err := Check([]byte(base), []byte(strings.Replace(base, `"minimum": 0`, `"minimum": 1`, 1)))
	var b Break
	if !errors.As(err, &b) || b.Pointer != "/n" {
		t.Errorf("error %v is no Break at /n", err)
	}
}

func TestASchemaReplacesItself(t *testing.T) {
	names, err := filepath.Glob("../../schemas/*.schema.json")
	if err != nil || len(names) == 0 {
		t.Fatalf("schemas %v, error %v", names, err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := Check(b, b); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Whatever stands in a released copy, the check ends with a word and not with a panic.
func FuzzCheck(f *testing.F) {
	f.Add([]byte(base), []byte(base))
	f.Add([]byte(`{"allOf":[1],"properties":{"a":1}}`), []byte(`{"properties":{"a":{"items":{"$ref":"#/definitions/a"}}},"definitions":{"a":{"allOf":[{"$ref":"#/definitions/a"}]}}}`))
	f.Add([]byte(`{"enum":[{}],"required":1}`), []byte(`{"enum":[{},[]],"required":[1]}`))
	f.Fuzz(func(t *testing.T, from, to []byte) {
		if err := Check(from, from); err == nil {
			_ = Check(from, to)
		}
	})
}
