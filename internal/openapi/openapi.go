// Package openapi writes the contract of an HTTP interface, OpenAPI 3.1, from the Go types that travel over it.
package openapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"permithub/internal/problem"
	"permithub/schemas"
)

// New returns an empty contract. A schemas.Time is a date-time in it.
func New(title, version, description string, security map[string]*huma.SecurityScheme) *huma.OpenAPI {
	o := &huma.OpenAPI{
		OpenAPI:    "3.1.0",
		Info:       &huma.Info{Title: title, Version: version, Description: description},
		Components: &huma.Components{Schemas: huma.NewMapRegistry("#/components/schemas/", schemaName), SecuritySchemes: security},
	}
	o.Components.Schemas.RegisterTypeAlias(reflect.TypeFor[schemas.Time](), reflect.TypeFor[wireTime]())
	return o
}

// wireTime stands for schemas.Time in the document: on the wire it is a string.
type wireTime string

// Schema implements huma.SchemaProvider.
func (wireTime) Schema(huma.Registry) *huma.Schema {
	return &huma.Schema{Type: huma.TypeString, Format: "date-time"}
}

// schemaName keeps apart what different packages call the same.
func schemaName(t reflect.Type, hint string) string {
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	switch t {
	case reflect.TypeFor[problem.Fault]():
		return "ProblemFault"
	case reflect.TypeFor[schemas.Limit](): // beside calendar.Limit
		return "ClockLimit"
	}
	return huma.DefaultSchemaNamer(t, hint)
}

// CodeTable lists fault codes in Markdown, so that the document is the whole contract.
func CodeTable(codes []problem.Code) string {
	var b strings.Builder
	b.WriteString("| code | HTTP | 中文 | English |\n|---|---|---|---|\n")
	for _, c := range codes {
		fmt.Fprintf(&b, "| `%s` | %d | %s | %s |\n", c.Name, c.Status, c.ZH, c.EN)
	}
	return b.String()
}

// Text is the schema of a string.
func Text() *huma.Schema { return &huma.Schema{Type: huma.TypeString} }

// Body is a request body of that type.
func Body(reg huma.Registry, t reflect.Type) *huma.RequestBody {
	return &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: reg.Schema(t, true, t.Name())}}}
}

// Answer is a JSON answer of that type.
func Answer(reg huma.Registry, t reflect.Type, description string) *huma.Response {
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{"application/json": {Schema: reg.Schema(t, true, t.Name())}}}
}

// Problems adds the problem answers of these statuses to an operation, described by texts.
func Problems(reg huma.Registry, op *huma.Operation, texts map[int]string, statuses ...int) {
	ref := reg.Schema(reflect.TypeFor[problem.Problem](), true, "Problem")
	for _, status := range statuses {
		r := &huma.Response{Description: texts[status], Content: map[string]*huma.MediaType{"application/problem+json": {Schema: ref}}}
		if status == http.StatusServiceUnavailable {
			r.Headers = map[string]*huma.Param{"Retry-After": {Description: "秒", Schema: &huma.Schema{Type: huma.TypeInteger}}}
		}
		op.Responses[strconv.Itoa(status)] = r
	}
}

// Document is a contract as it is served.
type Document struct{ JSON, YAML []byte }

// Render writes the contract. The types are fixed, so an error is a mistake in the program that a golden test shows.
func Render(o *huma.OpenAPI) (Document, error) {
	j, err := json.MarshalIndent(o, "", "  ")
	if err != nil {
		return Document{}, fmt.Errorf("render openapi.json: %w", err)
	}
	y, err := o.YAML()
	if err != nil {
		return Document{}, fmt.Errorf("render openapi.yaml: %w", err)
	}
	return Document{append(j, '\n'), y}, nil
}

// Serve answers with what document returns: as YAML where the path ends so, else as JSON.
func Serve(document func() (Document, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		d, err := document()
		if err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		contentType, b := "application/vnd.oai.openapi+json;version=3.1", d.JSON
		if strings.HasSuffix(r.URL.Path, ".yaml") {
			contentType, b = "application/vnd.oai.openapi;version=3.1", d.YAML
		}
		w.Header().Set("Content-Type", contentType)
		_, _ = w.Write(b)
	})
}
