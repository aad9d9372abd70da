package schemacompat

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// How a keyword may change.
type rule int

const (
	elsewhere rule = iota // compared by its own code, or says nothing about records
	fixed                 // neither added, changed nor dropped
	droppable             // may be dropped, which only widens
	floor                 // may be lowered or dropped
	ceiling               // may be raised or dropped
	values                // may gain values
	sticky                // may be added, never dropped
)

var rules = map[string]rule{
	"$schema": elsewhere, "$id": elsewhere, "$comment": elsewhere, "$ref": elsewhere, "title": elsewhere, "description": elsewhere, "examples": elsewhere,
	"default": elsewhere, "definitions": elsewhere, "properties": elsewhere, "items": elsewhere, "required": elsewhere, "allOf": elsewhere,
	"type": fixed, "format": fixed, "contentEncoding": fixed, "contentMediaType": fixed, "const": fixed,
	"pattern": droppable, "uniqueItems": droppable, "additionalProperties": droppable,
	"minLength": floor, "minimum": floor, "minItems": floor, "minProperties": floor,
	"maxLength": ceiling, "maximum": ceiling, "maxItems": ceiling, "maxProperties": ceiling,
	"enum": values, "x-pii": sticky,
}

func (c *comparison) keywords(pointer string, from, to object) {
	names := maps.Clone(from)
	maps.Copy(names, to)
	for _, name := range slices.Sorted(maps.Keys(names)) {
		r, known := rules[name]
		if !known {
			r = fixed
		}
		was, had := from[name]
		is, has := to[name]
		if reflect.DeepEqual(was, is) || r == elsewhere || allowed(r, was, is, had, has) {
			continue
		}
		switch {
		case !had:
			c.broken(pointer, "%s added", name)
		case !has:
			c.broken(pointer, "%s dropped", name)
		default:
			c.broken(pointer, "%s is %v, was %v", name, is, was)
		}
	}
}

// allowed reports whether a keyword may change this way under its rule.
func allowed(r rule, was, is any, had, has bool) bool {
	switch r {
	case droppable:
		return !has
	case floor, ceiling:
		a, ok1 := was.(float64)
		b, ok2 := is.(float64)
		return !has || ok1 && ok2 && (r == floor && b < a || r == ceiling && b > a)
	case values:
		old, _ := was.([]any)
		now, _ := is.([]any)
		return !has || had && !slices.ContainsFunc(old, func(v any) bool { return !contains(now, v) })
	case sticky:
		return !had
	}
	return false
}

// contains is slices.Contains for values that == cannot compare.
func contains(list []any, v any) bool {
	return slices.ContainsFunc(list, func(w any) bool { return reflect.DeepEqual(v, w) })
}

// flat is one schema with what its $ref and allOf say.
type flat struct {
	keywords   object
	conditions []object
	refers     bool // there was a $ref
	parts      int
}

// flatten gathers a schema, what it refers to and the parts of its allOf. Parts that say the same keyword differently are an error: which of
// them is narrower is not for this package to find out.
func flatten(root, s object) (flat, error) {
	f := flat{keywords: object{}}
	err := f.add(root, s)
	return f, err
}

// maxParts is more than any schema of ours has, and ends a $ref that goes round in a circle.
const maxParts = 64

func (f *flat) add(root, s object) error {
	if f.parts++; f.parts > maxParts {
		return errors.New("$ref goes round in a circle")
	}
	if _, ok := s["if"]; ok {
		f.conditions = append(f.conditions, object{"if": s["if"], "then": s["then"], "else": s["else"]})
	}
	for name, v := range s {
		switch name {
		case "$ref", "allOf", "if", "then", "else":
			continue
		}
		if was, ok := f.keywords[name]; ok && rules[name] != elsewhere && !reflect.DeepEqual(was, v) {
			return fmt.Errorf("%s is said twice", name)
		} else if !ok {
			f.keywords[name] = v
		}
	}
	if to, _ := s["$ref"].(string); to != "" {
		f.refers = true
		target, err := resolve(root, to)
		if err != nil {
			return err
		}
		if err := f.add(root, target); err != nil {
			return err
		}
	}
	parts, _ := s["allOf"].([]any)
	for _, p := range parts {
		part, ok := p.(object)
		if !ok {
			return fmt.Errorf("allOf holds %v", p)
		}
		if err := f.add(root, part); err != nil {
			return err
		}
	}
	return nil
}

func resolve(root object, ref string) (object, error) {
	name, ok := strings.CutPrefix(ref, "#/definitions/")
	all, _ := root["definitions"].(object)
	target, found := all[name].(object)
	if !ok || !found {
		return nil, fmt.Errorf("$ref %s is not found", ref)
	}
	return target, nil
}
