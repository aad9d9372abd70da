package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"go/ast"
	"slices"
	"strings"

	"permithub/schemas"
)

// schema is one JSON Schema. Its keywords are in 2020-12 and in draft-07 alike, so that every checker reads the same file: hence definitions
// and not $defs, and allOf around a $ref that has anything beside it (draft-07 ignores what stands beside a $ref).
type schema struct {
	Schema          string      `json:"$schema,omitempty"`
	ID              string      `json:"$id,omitempty"`
	Comment         string      `json:"$comment,omitempty"`
	Ref             string      `json:"$ref,omitempty"`
	Title           string      `json:"title,omitempty"`
	Description     string      `json:"description,omitempty"`
	Type            string      `json:"type,omitempty"`
	Const           string      `json:"const,omitempty"`
	Enum            []string    `json:"enum,omitempty"`
	Pattern         string      `json:"pattern,omitempty"`
	Format          string      `json:"format,omitempty"`
	ContentEncoding string      `json:"contentEncoding,omitempty"`
	MinLength       *int        `json:"minLength,omitempty"`
	MaxLength       *int        `json:"maxLength,omitempty"`
	Minimum         *int        `json:"minimum,omitempty"`
	Maximum         *int        `json:"maximum,omitempty"`
	Items           *schema     `json:"items,omitempty"`
	MinItems        *int        `json:"minItems,omitempty"`
	Properties      properties  `json:"properties,omitempty"`
	Required        []string    `json:"required,omitempty"`
	AllOf           []*schema   `json:"allOf,omitempty"`
	If              *schema     `json:"if,omitempty"`
	Then            *schema     `json:"then,omitempty"`
	PII             bool        `json:"x-pii,omitempty"`
	Definitions     definitions `json:"definitions,omitempty"`
}

type (
	// properties keep the order of the Go fields, which is the order on the wire.
	properties []property
	property   struct {
		name   string
		schema *schema
	}
	definitions map[string]*schema
)

// MarshalJSON writes an object whose members have an order.
func (p properties) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, m := range p {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%q:", m.name)
		v, err := encode(m.schema)
		if err != nil {
			return nil, err
		}
		b.Write(v)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// encode leaves <, > and & as they are, unlike json.Marshal.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSpace(b.Bytes()), err
}

// schemaOf returns the schema file of a topic.
func (s *source) schemaOf(topic, typ string) ([]byte, error) {
	b := builder{source: s, made: definitions{}}
	root, err := b.object(typ)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", topic, err)
	}
	if err := b.definePersonal(); err != nil {
		return nil, fmt.Errorf("schema of %s: %w", topic, err)
	}
	root.Schema, root.ID, root.Definitions = "https://json-schema.org/draft/2020-12/schema", schemas.SchemaURI(topic), b.made
	root.Comment = "Generated from the Go types. Only keywords that draft-07 has too. Producers are strict because they encode these types; consumers tolerate properties that they do not know."
	raw, err := encode(root)
	if err != nil {
		return nil, fmt.Errorf("schema of %s: %w", topic, err)
	}
	var out bytes.Buffer
	err = json.Indent(&out, raw, "", "  ")
	out.WriteByte('\n')
	return out.Bytes(), err
}

// builder makes the schemas of the types that one topic reaches.
type builder struct {
	*source
	made definitions
}

// object returns the schema of a struct.
func (b *builder) object(name string) (*schema, error) {
	fields, err := b.fields(name)
	if err != nil {
		return nil, err
	}
	o := &schema{Title: name, Description: b.docs[name], Type: "object"}
	for _, f := range fields {
		p, err := b.value(name, f)
		if err != nil {
			return nil, err
		}
		o.Properties = append(o.Properties, property{f.name, p})
		if !f.optional {
			o.Required = append(o.Required, f.name)
		}
	}
	o.AllOf = demandsOf(name)
	return o, nil
}

// value returns the schema of one property: of its type, narrowed by what the table of forms says of it, with its comment.
func (b *builder) value(owner string, f field) (*schema, error) {
	v, err := b.typed(f.typ)
	if err != nil {
		return nil, fmt.Errorf("field %s.%s: %w", owner, f.name, err)
	}
	target := v
	if v.Items != nil {
		target = v.Items
	}
	if form, ok := formOf(owner, f.name); ok {
		b.narrow(target, form)
	}
	if v.Ref != "" {
		v = &schema{AllOf: []*schema{v}}
	}
	if v.Items != nil && !f.optional {
		v.MinItems = number(1)
	}
	v.Description = f.doc
	return v, nil
}

func (b *builder) narrow(s *schema, f form) {
	s.Pattern, s.Format, s.MinLength, s.MaxLength = f.pattern, f.format, f.minLength, f.maxLength
	if f.minimum != nil {
		s.Minimum = f.minimum
	}
	s.Maximum = f.maximum
	if f.consts != "" {
		for _, c := range b.withPrefix(f.consts) {
			s.Enum = append(s.Enum, c.value)
		}
	}
	s.Enum = append(s.Enum, f.enum...)
}

func (b *builder) typed(e ast.Expr) (*schema, error) {
	switch e := e.(type) {
	case *ast.StarExpr:
		return b.typed(e.X)
	case *ast.ArrayType:
		if id, ok := e.Elt.(*ast.Ident); ok && id.Name == "byte" {
			return &schema{Type: "string", ContentEncoding: "base64"}, nil
		}
		items, err := b.typed(e.Elt)
		return &schema{Type: "array", Items: items}, err
	case *ast.Ident:
		return b.named(e.Name)
	}
	return nil, fmt.Errorf("%T does not travel", e)
}

func (b *builder) named(name string) (*schema, error) {
	switch name {
	case "string":
		return &schema{Type: "string"}, nil
	case "bool":
		return &schema{Type: "boolean"}, nil
	case "int", "int32", "int64":
		return &schema{Type: "integer", Minimum: number(0)}, nil
	}
	ref := &schema{Ref: "#/definitions/" + name}
	if _, ok := b.made[name]; ok {
		return ref, nil
	}
	b.made[name] = nil // stands for itself while it is made
	made, err := b.definition(name)
	b.made[name] = made
	return ref, err
}

func (b *builder) definition(name string) (*schema, error) {
	switch name {
	case "Time":
		return &schema{Title: name, Description: b.docs[name], Type: "string", Format: "date-time",
			Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?\+08:00$`}, nil
	case "Date":
		return &schema{Title: name, Description: b.docs[name], Type: "string", Format: "date", Pattern: `^[0-9]{4}-[0-9]{2}-[0-9]{2}$`}, nil
	}
	if _, ok := b.types[name].(*ast.StructType); ok {
		return b.object(name)
	}
	values := b.ofType(name)
	if len(values) == 0 {
		return nil, fmt.Errorf("type %s has no constants", name)
	}
	e := &schema{Title: name, Type: "string"}
	var terms []string
	for _, c := range values {
		e.Enum = append(e.Enum, c.value)
		if c.comment != "" {
			terms = append(terms, c.value+" "+c.comment)
		}
	}
	e.Description = b.docs[name]
	if len(terms) > 0 {
		e.Description += " " + strings.Join(terms, "; ") + "."
	}
	return e, nil
}

// definePersonal marks every property that Person reaches: what masks and seals asks for x-pii and for nothing else.
func (b *builder) definePersonal() error {
	if b.made[personal] == nil {
		return nil
	}
	marked := []string{personal}
	for i := 0; i < len(marked); i++ {
		for _, p := range b.made[marked[i]].Properties {
			p.schema.PII = true
			for _, name := range references(p.schema) {
				if b.made[name].Type == "object" && !slices.Contains(marked, name) {
					marked = append(marked, name)
				}
			}
		}
	}
	for name, d := range b.made {
		if slices.Contains(marked, name) {
			continue
		}
		for _, p := range d.Properties {
			for _, r := range references(p.schema) {
				if r != personal && slices.Contains(marked, r) {
					return fmt.Errorf("type %s is personal and stands in %s.%s too", r, name, p.name)
				}
			}
		}
	}
	return nil
}

func references(s *schema) []string {
	var list []string
	for _, r := range append([]*schema{s, s.Items}, s.AllOf...) {
		if r != nil && r.Ref != "" {
			list = append(list, strings.TrimPrefix(r.Ref, "#/definitions/"))
		}
	}
	return list
}

func number(n int) *int { return &n }
