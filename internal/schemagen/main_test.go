package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

const dir = "../../schemas"

func TestFilesAreUpToDate(t *testing.T) {
	files, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		have, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(have), string(files[name])); diff != "" {
			t.Errorf("%s is out of date: go generate ./schemas (-file +now):\n%s", name, diff)
		}
	}
}

func TestEveryTopicIsDecided(t *testing.T) {
	for _, topic := range schemas.Topics() {
		if retry := strings.HasPrefix(topic.Name, "retry-"); (carried[topic.Name] == "") != retry {
			t.Errorf("%s carries %q", topic.Name, carried[topic.Name])
		}
	}
	for _, typ := range carried {
		if titles[typ] == "" {
			t.Errorf("%s has no Chinese title", typ)
		}
	}
}

// A form that no property uses is a misspelt one: the property it was meant for goes unchecked.
func TestEveryFormIsUsed(t *testing.T) {
	s, err := readSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	unused := maps.Clone(forms)
	for topic, typ := range carried {
		b := builder{source: s, made: definitions{}}
		root, err := b.object(typ)
		if err != nil {
			t.Fatalf("%s: %v", topic, err)
		}
		b.made[typ] = root
		for owner, d := range b.made {
			for _, p := range d.Properties {
				if _, ok := forms[owner+"."+p.name]; ok {
					delete(unused, owner+"."+p.name)
				} else {
					delete(unused, p.name)
				}
			}
		}
	}
	for name := range unused {
		t.Errorf("no property uses the form %s", name)
	}
	for name, f := range forms {
		if f.consts != "" && len(s.withPrefix(f.consts)) < 2 {
			t.Errorf("form %s: no constants begin with %s", name, f.consts)
		}
	}
}

func TestEveryKindOfInputDemandsItsPart(t *testing.T) {
	s, err := readSource(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got, want []string
	for _, d := range demands {
		if d.typ == "Input" {
			got = append(got, d.value)
		}
	}
	for _, c := range s.ofType("InputKind") {
		want = append(want, c.value)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("kinds with demands (-constants +demands):\n%s", diff)
	}
}

// The bus adds headers that this package only describes.
func TestHeadersOfTheBusAreDescribed(t *testing.T) {
	source, err := os.ReadFile("../bus/retry.go")
	if err != nil {
		t.Fatal(err)
	}
	stamp, err := os.ReadFile("../bus/stamp.go")
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(stamp, []byte(`"`+headerStamp+`"`)) {
		t.Errorf("the bus has no header %s", headerStamp)
	}
	for _, h := range retryOwn {
		if !bytes.Contains(source, []byte(`"`+h.name+`"`)) {
			t.Errorf("the bus has no header %s", h.name)
		}
	}
	if n := bytes.Count(source, []byte(` = "ph-`)); n != len(retryOwn) {
		t.Errorf("the bus has %d retry headers, described are %d", n, len(retryOwn))
	}
}

func TestGenerateRefuses(t *testing.T) {
	const intact = "package schemas\n\n// Input is an input.\ntype Input struct {\n\tID string `json:\"id\"` // its id\n}\n"
	tests := map[string]struct{ source, want string }{
		"no comment":   {"package schemas\n\ntype Input struct {\n\tID string `json:\"id\"`\n}\n", "Input.ID travels without"},
		"no json name": {"package schemas\n\ntype Input struct {\n\tID string // its id\n}\n", "Input.ID travels without"},
		"map":          {"package schemas\n\ntype Input struct {\n\tM map[string]string `json:\"m\"` // no order\n}\n", "does not travel"},
		"float":        {"package schemas\n\ntype Input struct {\n\tF float64 `json:\"f\"` // rounds\n}\n", "float64 has no constants"},
		"unknown root": {strings.ReplaceAll(intact, "Input", "Other"), "type Input is not a struct"},
		"personal elsewhere": {"package schemas\n\ntype Input struct {\n\tP *Person `json:\"p\"` // whole\n\tX Outer `json:\"x\"` // more\n}\n\ntype Outer struct {\n\tC Code `json:\"c\"` // a code\n}\n\n" +
			"type Person struct {\n\tC Code `json:\"c\"` // a code\n}\n\ntype Code struct {\n\tN string `json:\"n\"` // a name\n}\n", "Code is personal and stands in Outer.c too"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			folder := t.TempDir()
			if err := write(filepath.Join(folder, "input.go"), []byte(tc.source)); err != nil {
				t.Fatal(err)
			}
			s, err := readSource(folder)
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.schemaOf("case-input.v1", "Input"); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
	if _, err := readSource(t.TempDir()); err == nil {
		t.Error("an empty folder was read")
	}
}

func TestReleaseRefusesWhatBreaks(t *testing.T) {
	folder := t.TempDir()
	files, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	sample := filepath.Join(folder, "testdata", schemas.TopicPermits, "issued.json")
	for i, value := range []string{"{}", "{}", `{"seq":2}`} {
		if err := write(sample, []byte(value)); err != nil {
			t.Fatal(err)
		}
		if err := release(folder, files); err != nil {
			t.Fatalf("release %d: %v", i+1, err)
		}
	}
	kept, err := filepath.Glob(filepath.Join(folder, released, "samples", schemas.TopicPermits, "*.json"))
	if err != nil || len(kept) != 2 {
		t.Errorf("kept %v, error %v: want the sample of the first release and the changed one", kept, err)
	}
	name := schemas.SchemaFile(schemas.TopicPermits)
	before, err := os.ReadFile(filepath.Join(folder, released, name))
	if err != nil {
		t.Fatal(err)
	}
	files[name] = bytes.ReplaceAll(files[name], []byte(`"permit_no"`), []byte(`"permit_number"`))
	if err := release(folder, files); err == nil || !strings.Contains(err.Error(), `"/permit_no": property removed`) {
		t.Errorf("a removed property was released: %v", err)
	}
	if after, err := os.ReadFile(filepath.Join(folder, released, name)); err != nil || !bytes.Equal(before, after) {
		t.Errorf("the released schema was touched: %v", err)
	}
}
