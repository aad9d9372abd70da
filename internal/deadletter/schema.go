package deadletter

import (
	"bytes"
	"fmt"
	"strings"
	"sync"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/schemas"
)

// schemaOf returns the schema of a topic's values, nil where it has none. The hub's own check (schemas.Check) tells the first fault as fast as it can;
// whoever repairs a record wants all of them.
func schemaOf(topic string) *jsonschema.Schema { return compiled()[topic] }

var compiled = sync.OnceValue(func() map[string]*jsonschema.Schema {
	all := map[string]*jsonschema.Schema{}
	for _, t := range schemas.Topics() {
		text, ok := schemas.SchemaOf(t.Name)
		if !ok {
			continue
		}
		doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(text))
		if err != nil {
			panic(fmt.Sprintf("schema of %s: %v", t.Name, err)) // it is built in
		}
		c := jsonschema.NewCompiler()
		c.AssertFormat()
		if err := c.AddResource(t.Name, doc); err != nil {
			panic(fmt.Sprintf("schema of %s: %v", t.Name, err))
		}
		all[t.Name] = c.MustCompile(t.Name)
	}
	return all
})

// property returns the schema of an object's property, nil where the object's knows none of that name.
func property(s *jsonschema.Schema, name string) *jsonschema.Schema {
	return find(s, func(s *jsonschema.Schema) *jsonschema.Schema { return s.Properties[name] })
}

// items returns the schema of an array's elements.
func items(s *jsonschema.Schema) *jsonschema.Schema {
	return find(s, func(s *jsonschema.Schema) *jsonschema.Schema {
		if of, ok := s.Items.(*jsonschema.Schema); ok {
			return of
		}
		return s.Items2020
	})
}

// find looks behind the references, which stand alone or in an allOf beside a description.
func find(s *jsonschema.Schema, part func(*jsonschema.Schema) *jsonschema.Schema) *jsonschema.Schema {
	if s == nil {
		return nil
	}
	if p := part(s); p != nil {
		return p
	}
	if p := find(s.Ref, part); p != nil {
		return p
	}
	for _, of := range s.AllOf {
		if p := find(of, part); p != nil {
			return p
		}
	}
	return nil
}

// nameOf is what a property's description calls it in Chinese, or "".
func nameOf(s *jsonschema.Schema) string {
	if s == nil {
		return ""
	}
	name, _, _ := strings.Cut(s.Description, ":")
	name, _, _ = strings.Cut(name, ",")
	name, _, _ = strings.Cut(name, " ")
	for _, r := range name {
		if r < 0x2E80 && r != '（' && r != '）' {
			return ""
		}
	}
	return name
}

// at returns the schema of the value at the end of the path.
func at(s *jsonschema.Schema, path []string) *jsonschema.Schema {
	for _, step := range path {
		next := property(s, step)
		if next == nil {
			next = items(s)
		}
		s = next
	}
	return s
}
