package config

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"
)

var (
	secretType   = reflect.TypeFor[Secret]()
	durationType = reflect.TypeFor[time.Duration]()
)

// leaf is one key that holds a value: what the environment and the flags may set.
type leaf struct {
	path string
	typ  reflect.Type
}

// leaves lists the keys of t in the order of its fields. A secret is one leaf.
func leaves(t reflect.Type, prefix string) []leaf {
	var all []leaf
	for i := range t.NumField() {
		f := t.Field(i)
		path := prefix + f.Tag.Get("yaml")
		if isSection(f.Type) {
			all = append(all, leaves(f.Type, path+".")...)
		} else {
			all = append(all, leaf{path, f.Type})
		}
	}
	return all
}

func isSection(t reflect.Type) bool { return t.Kind() == reflect.Struct && t != secretType }

// variable returns the environment variable of a key path.
func variable(path string) string {
	return envPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// unknown returns a fault for each key of raw that t does not have.
func unknown(t reflect.Type, raw any, path string) []error {
	switch v := raw.(type) {
	case map[string]any:
		if t == secretType {
			return unknownNames(v, []string{"file", "env"}, path)
		}
		if t.Kind() == reflect.Struct {
			return unknownFields(t, v, path)
		}
	case []any:
		if t.Kind() == reflect.Slice {
			var faults []error
			for i, item := range v {
				faults = append(faults, unknown(t.Elem(), item, fmt.Sprintf("%s[%d]", path, i))...)
			}
			return faults
		}
	}
	return nil // a value of the wrong kind is the decoder's to refuse
}

func unknownFields(t reflect.Type, v map[string]any, path string) []error {
	fields := map[string]reflect.Type{}
	var names []string
	for i := range t.NumField() {
		name := t.Field(i).Tag.Get("yaml")
		fields[name] = t.Field(i).Type
		names = append(names, name)
	}
	faults := unknownNames(v, names, path)
	for _, name := range names {
		if item, ok := v[name]; ok {
			faults = append(faults, unknown(fields[name], item, join(path, name))...)
		}
	}
	return faults
}

func unknownNames(v map[string]any, names []string, path string) []error {
	var faults []error
	for key := range v {
		if !slices.Contains(names, key) {
			faults = append(faults, fmt.Errorf("%s: unknown key; the nearest known one is %s", join(path, key), join(path, nearest(key, names))))
		}
	}
	slices.SortFunc(faults, func(a, b error) int { return strings.Compare(a.Error(), b.Error()) })
	return faults
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// nearest returns the name with the fewest edits to word, the first of equals.
func nearest(word string, names []string) string {
	return slices.MinFunc(names, func(a, b string) int { return edits(word, a) - edits(word, b) })
}

// edits is the Levenshtein distance.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}

// visit calls f for each value below v that is no section, with its key path and its field's tag.
func visit(v reflect.Value, path string, f func(path string, v reflect.Value, tag reflect.StructTag)) {
	t := v.Type()
	for i := range t.NumField() {
		field, value := t.Field(i), v.Field(i)
		at := join(path, field.Tag.Get("yaml"))
		switch {
		case isSection(field.Type):
			visit(value, at, f)
		case field.Type.Kind() == reflect.Slice && isSection(field.Type.Elem()):
			for j := range value.Len() {
				visit(value.Index(j), fmt.Sprintf("%s[%d]", at, j), f)
			}
		default:
			f(at, value, field.Tag)
		}
	}
}
