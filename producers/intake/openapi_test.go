package intake

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

func TestOpenAPIGolden(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "openapi.json", d.JSON)
	for _, c := range Codes() {
		if !bytes.Contains(d.JSON, []byte("`"+c.Name+"`")) {
			t.Errorf("%s is not listed", c.Name)
		}
	}
	b := newBench(t, nil)
	if got := b.do(httptest.NewRequest(http.MethodGet, "/openapi.json", nil)); got.Body.String() != string(d.JSON) || got.Code != http.StatusOK {
		t.Errorf("served %d, %d bytes, want the committed document", got.Code, got.Body.Len())
	}
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(b.do(httptest.NewRequest(http.MethodGet, "/openapi.yaml", nil)).Body.Bytes(), &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(d.JSON, &fromJSON); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(canonicalJSON(t, fromJSON), canonicalJSON(t, fromYAML)); diff != "" {
		t.Errorf("yaml differs from json\n%s", diff)
	}
}

func canonicalJSON(t *testing.T, v any) string { return string(encode(t, v)) }

// Every operation of the document is served, every reference in it leads somewhere, and every operation has an id and answers.
func TestOpenAPIStructure(t *testing.T) {
	b := newBench(t, nil)
	o := OpenAPI()
	var ids []string
	for path, item := range o.Paths {
		if item.Post != nil {
			ids = append(ids, item.Post.OperationID)
			if item.Post.RequestBody == nil || item.Post.Responses["202"] == nil || item.Post.Responses["422"] == nil {
				t.Errorf("post %s: no body, no 202 or no 422", path)
			}
		}
		method := http.MethodPost
		if item.Get != nil {
			ids = append(ids, item.Get.OperationID)
			method = http.MethodGet
		}
		if w := b.do(httptest.NewRequest(method, strings.ReplaceAll(path, "{no}", "X"), nil)); w.Code != http.StatusUnauthorized {
			t.Errorf("%s %s: got %d, want the signature to be asked for", method, path, w.Code)
		}
	}
	slices.Sort(ids)
	if diff := cmp.Diff([]string{opStatus, opSubmit, opSupplement, opWithdraw}, ids); diff != "" {
		t.Errorf("operations (-want +got)\n%s", diff)
	}
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	var doc any
	if err := json.Unmarshal(d.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	for _, ref := range refs(doc) {
		name, ok := strings.CutPrefix(ref, "#/components/schemas/")
		if !ok || o.Components.Schemas.Map()[name] == nil {
			t.Errorf("%s leads nowhere", ref)
		}
	}
}

func refs(v any) []string {
	var out []string
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			if s, ok := x.(string); ok && k == "$ref" {
				out = append(out, s)
			}
			out = append(out, refs(x)...)
		}
	case []any:
		for _, x := range v {
			out = append(out, refs(x)...)
		}
	}
	return out
}

// The schemas compile, pass the bodies that the intake takes and answers, and never refuse what it takes.
func TestOpenAPISchemas(t *testing.T) {
	d, err := document()
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.JSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	check := func(schema string, raw []byte) error {
		s, err := compiler.Compile("openapi.json#/components/schemas/" + schema)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
		if err != nil {
			t.Fatal(err)
		}
		return s.Validate(v)
	}
	for _, tc := range applicationFaults {
		err := check("Application", edited(t, tc.change))
		if len(tc.want) == 0 && err != nil {
			t.Errorf("%s: the schema refuses what the intake takes: %v", tc.name, err)
		}
	}
	if check("Application", edited(t, put(nil, "citizen_id"))) == nil || check("Application", edited(t, put("x", "nickname"))) == nil {
		t.Error("the schema takes a body without a citizen id, or with an unknown key")
	}
	b := newBench(t, nil)
	no := want(t, b.post(t, province, submitPath, sample(t)), http.StatusAccepted)["application_no"].(string)
	for schema, w := range map[string]*httptest.ResponseRecorder{
		"Accepted": b.post(t, province, submitPath, sample(t)),
		"Problem":  b.post(t, province, submitPath, edited(t, put("3", "sex"))),
		"Status":   b.do(b.request(t, province, http.MethodGet, submitPath+"/"+no, nil)),
		"Taken":    b.post(t, province, submitPath+"/"+no+"/withdrawal", encode(t, newWithdrawal())),
	} {
		if err := check(schema, w.Body.Bytes()); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
	for schema, body := range map[string]object{"Supplement": newSupplement(), "Withdrawal": newWithdrawal()} {
		if err := check(schema, encode(t, body)); err != nil {
			t.Errorf("%s: %v", schema, err)
		}
	}
}
