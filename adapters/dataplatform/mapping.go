package dataplatform

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"permithub/internal/fault"
	"permithub/schemas"
)

//go:embed mapping.json
var embedded []byte

// mapping is the content of mapping.json.
type mapping struct {
	Version string  `json:"version"`
	Path    string  `json:"path"` // of the push interface, behind the base URL
	Results results `json:"results"`
	Tables  []table `json:"tables"`
	// Corrections are the rows that take a pushed licence out of force.
	Corrections []table `json:"corrections"`
}

// results says what the platform's codes mean; a code that stands nowhere is a refusal.
type results struct {
	Done []string `json:"done"` // taken, now or before
	Busy []string `json:"busy"` // not now
}

type table struct {
	Table   string   `json:"table"`
	Note    string   `json:"note"`
	Columns []column `json:"columns"`
}

// column is filled from a source or has a fixed value.
type column struct {
	Column   string            `json:"column"`
	From     string            `json:"from"`
	Value    string            `json:"value"`
	Format   string            `json:"format"`   // of times: "datetime" (where empty), "date", "rfc3339"
	Codes    map[string]string `json:"codes"`    // our value to theirs; a value that stands not there refuses the case
	Required bool              `json:"required"` // without a value the case is refused; else the column is left out
	Note     string            `json:"note"`
}

var formats = map[string]string{"": "2006-01-02 15:04:05", "datetime": "2006-01-02 15:04:05", "date": "2006-01-02", "rfc3339": "2006-01-02T15:04:05-07:00"}

// loadMapping reads a mapping and returns every fault of it at once.
func loadMapping(raw []byte) (*mapping, error) {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	m := new(mapping)
	if err := dec.Decode(m); err != nil {
		return nil, fmt.Errorf("mapping: %w", err) // an operator's file: it holds no personal data
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("mapping: something follows the object")
	}
	var errs []error
	if !strings.HasPrefix(m.Path, "/") {
		errs = append(errs, errors.New("mapping: path: want a beginning /"))
	}
	if len(m.Results.Done) == 0 {
		errs = append(errs, errors.New("mapping: results: no code means done"))
	}
	errs = append(errs, validateTables("table", m.Tables), validateTables("correction", m.Corrections))
	return m, errors.Join(errs...)
}

func validateTables(what string, tables []table) error {
	var errs []error
	if len(tables) == 0 {
		errs = append(errs, fmt.Errorf("mapping: no %ss", what))
	}
	seen := map[string]bool{}
	for i := range tables {
		t := &tables[i]
		if t.Table == "" || seen[t.Table] {
			errs = append(errs, fmt.Errorf("mapping: %s %d: its name is empty or there twice", what, i))
		}
		seen[t.Table] = true
		errs = append(errs, t.validate())
	}
	return errors.Join(errs...)
}

func (t *table) validate() error {
	var errs []error
	if len(t.Columns) == 0 {
		errs = append(errs, fmt.Errorf("mapping: %s: no columns", t.Table))
	}
	seen := map[string]bool{}
	for i := range t.Columns {
		c := &t.Columns[i]
		if c.Column == "" || seen[c.Column] {
			errs = append(errs, fmt.Errorf("mapping: %s: column %d: its name is empty or there twice", t.Table, i))
		}
		seen[c.Column] = true
		if err := c.validate(); err != nil {
			errs = append(errs, fmt.Errorf("mapping: %s.%s: %w", t.Table, c.Column, err))
		}
	}
	return errors.Join(errs...)
}

func (c *column) validate() error {
	src, known := sources[c.From]
	format, knownFormat := formats[c.Format]
	switch {
	case (c.From == "") == (c.Value == ""):
		return errors.New("want either from or value")
	case c.From != "" && !known:
		return fmt.Errorf("from %q is no source", c.From)
	case !knownFormat || format == "":
		return fmt.Errorf("format %q is not known", c.Format)
	case c.Format != "" && src.time == nil:
		return errors.New("a format is for times")
	case len(c.Codes) > 0 && src.text == nil:
		return errors.New("codes are for texts")
	}
	return nil
}

// row fills a table's columns. Its errors name columns, never values.
func (t *table) row(s *subject) (map[string]string, error) {
	row := make(map[string]string, len(t.Columns))
	for i := range t.Columns {
		c := &t.Columns[i]
		v, err := c.fill(s)
		if err != nil {
			return nil, fmt.Errorf("%s.%s: %w", t.Table, c.Column, err)
		}
		if v == "" && c.Required {
			return nil, fault.Rejectf(system+"_incomplete", "%s.%s has no value", t.Table, c.Column)
		}
		if v != "" {
			row[c.Column] = v
		}
	}
	return row, nil
}

func (c *column) fill(s *subject) (string, error) {
	if c.From == "" {
		return c.Value, nil
	}
	src := sources[c.From]
	if src.time != nil {
		if t := src.time(s); t != nil {
			return t.In(schemas.Shanghai).Format(formats[c.Format]), nil
		}
		return "", nil
	}
	v := src.text(s)
	if len(c.Codes) == 0 || v == "" {
		return v, nil
	}
	code, ok := c.Codes[v]
	if !ok {
		return "", fault.Rejectf(system+"_unmapped", "the value has no foreign code")
	}
	return code, nil
}

// meaning is what becomes of a row with that result code.
func (r *results) meaning(code string) fault.Class {
	switch {
	case slices.Contains(r.Done, code):
		return fault.Unmarked
	case slices.Contains(r.Busy, code):
		return fault.Unavailable
	}
	return fault.Permanent
}
