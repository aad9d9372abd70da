// Package schemacompat tells whether a JSON Schema may replace an earlier one inside the same version of a topic.
//
// # What it asks
//
// Two things at once. Every old record is valid under the new schema, because records are kept for ever and read again. Every reader of the old
// schema understands the new records, because readers change later than the hub. So there are only additions: new optional properties, new values of an
// enum (readers tolerate those that they do not know), wider ranges.
//
// # What breaks
//
// A property removed; a type, format or encoding changed; something required that was not, or no longer required; an enum, pattern or range
// that is narrower; a mark of personal data taken away; a closed object; another identity.
//
// # Limits
//
// It understands the keywords that the hub's schemas use, and $ref inside one file. Any other keyword must stay as it is.
package schemacompat

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
)

// Break is one change that a reader or an old record does not survive.
type Break struct {
	// Pointer names the value in a record, e.g. /dossier/open/stage; "" is the record itself.
	Pointer string
	// What was changed.
	What string
}

func (b Break) Error() string { return fmt.Sprintf("%q: %s", b.Pointer, b.What) }

// Check returns nil where the schema called to may replace the one called from, else every [Break], joined.
func Check(from, to []byte) error {
	var c comparison
	if err := json.Unmarshal(from, &c.from); err != nil {
		return fmt.Errorf("read the old schema: %w", err)
	}
	if err := json.Unmarshal(to, &c.to); err != nil {
		return fmt.Errorf("read the new schema: %w", err)
	}
	if !reflect.DeepEqual(c.from["$id"], c.to["$id"]) {
		c.broken("", "$id is %v, was %v", c.to["$id"], c.from["$id"])
	}
	c.compare("", c.from, c.to)
	return errors.Join(c.breaks...)
}

type object = map[string]any

type comparison struct {
	from, to object
	done     [][2]object // schemas with a $ref that were compared
	breaks   []error
}

func (c *comparison) broken(pointer, format string, args ...any) {
	c.breaks = append(c.breaks, Break{pointer, fmt.Sprintf(format, args...)})
}

// compare holds two schemas of the same value against each other.
func (c *comparison) compare(pointer string, from, to object) {
	a, err := flatten(c.from, from)
	if err != nil {
		c.broken(pointer, "old schema: %v", err)
		return
	}
	b, err := flatten(c.to, to)
	if err != nil {
		c.broken(pointer, "new schema: %v", err)
		return
	}
	if (a.refers || b.refers) && c.compared(from, to) {
		return
	}
	c.keywords(pointer, a.keywords, b.keywords)
	c.required(pointer, a.keywords, b.keywords)
	c.members(pointer, a.keywords, b.keywords)
	c.conditions(pointer, a, b)
}

// compared reports whether the same two schemas were held against each other before, which ends recursion.
func (c *comparison) compared(from, to object) bool {
	pair := [2]object{from, to}
	if slices.ContainsFunc(c.done, func(p [2]object) bool { return reflect.DeepEqual(p, pair) }) {
		return true
	}
	c.done = append(c.done, pair)
	return false
}

// members compares what the value contains.
func (c *comparison) members(pointer string, from, to object) {
	old, _ := from["properties"].(object)
	now, _ := to["properties"].(object)
	for _, name := range slices.Sorted(maps.Keys(old)) {
		was, ok := old[name].(object)
		is, found := now[name].(object)
		switch {
		case !found:
			c.broken(pointer+"/"+name, "property removed")
		case ok:
			c.compare(pointer+"/"+name, was, is)
		}
	}
	was, had := from["items"].(object)
	is, has := to["items"].(object)
	switch {
	case had && has:
		c.compare(pointer+"/*", was, is)
	case has:
		c.broken(pointer+"/*", "items restricted")
	case had:
		c.broken(pointer+"/*", "items no longer described")
	}
}

func (c *comparison) required(pointer string, from, to object) {
	old, now := words(from["required"]), words(to["required"])
	for _, name := range now {
		if !slices.Contains(old, name) {
			c.broken(pointer+"/"+name, "newly required")
		}
	}
	for _, name := range old {
		if !slices.Contains(now, name) {
			c.broken(pointer+"/"+name, "no longer required")
		}
	}
}

// conditions compares the pairs of if and then. A new one is an addition where it speaks of a value that did not exist.
func (c *comparison) conditions(pointer string, from, to flat) {
	for _, was := range from.conditions {
		i := slices.IndexFunc(to.conditions, func(is object) bool { return reflect.DeepEqual(was["if"], is["if"]) })
		if i < 0 {
			c.broken(pointer, "condition removed")
			continue
		}
		old, _ := was["then"].(object)
		now, _ := to.conditions[i]["then"].(object)
		c.compare(pointer, old, now)
		if !reflect.DeepEqual(was["else"], to.conditions[i]["else"]) {
			c.broken(pointer, "else changed")
		}
	}
	for _, is := range to.conditions {
		known := slices.ContainsFunc(from.conditions, func(was object) bool { return reflect.DeepEqual(was["if"], is["if"]) })
		if !known && !c.onNewValue(from.keywords, is) {
			c.broken(pointer, "condition added")
		}
	}
}

// onNewValue reports whether a condition holds only for a value that the old enum of a property does not have.
func (c *comparison) onNewValue(old object, condition object) bool {
	test, _ := condition["if"].(object)
	tested, _ := test["properties"].(object)
	properties, _ := old["properties"].(object)
	for name, v := range tested {
		is, _ := v.(object)
		was, _ := properties[name].(object)
		enum, err := flatten(c.from, was)
		values, ok := enum.keywords["enum"].([]any)
		value, fixed := is["const"]
		if err == nil && ok && fixed && slices.Contains(words(test["required"]), name) && !contains(values, value) {
			return true
		}
	}
	return false
}

func words(v any) []string {
	list, _ := v.([]any)
	out := make([]string, 0, len(list))
	for _, w := range list {
		if s, ok := w.(string); ok {
			out = append(out, s)
		}
	}
	return out
}
