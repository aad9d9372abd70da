package main

import (
	"flag"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestReadmeShowsTheFlow keeps the README's picture equal to what permithub flow says.
func TestReadmeShowsTheFlow(t *testing.T) {
	b, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "```mermaid\n", "```\n<!-- /flow -->"
	before, rest, found := strings.Cut(string(b), begin)
	got, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatal("README.md has no flow block")
	}
	var want strings.Builder
	if err := printMermaid(&want, steps()); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("README.md", []byte(before+begin+want.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := cmp.Diff(want.String(), got); d != "" {
		t.Errorf("README.md is out of date; go test -run TestReadme -update . (-want +got)\n%s", d)
	}
}

// TestFlowTable shows a reviewer every change of the graph.
func TestFlowTable(t *testing.T) {
	var out strings.Builder
	if err := printFlow(&out, steps()); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/flow.txt"
	if *update {
		if err := os.WriteFile(golden, []byte(out.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), out.String()); d != "" {
		t.Errorf("permithub flow changed; -update rewrites (-want +got)\n%s", d)
	}
}

func TestSelectSteps(t *testing.T) {
	for _, tc := range []struct {
		name  string
		names []string
		want  []string
		fault string
	}{
		{name: "some, in the order of the flow", names: []string{"clock", "approval"}, want: []string{"approval", "clock"}},
		{name: "unknown", names: []string{"approval", "billing"}, fault: "unknown steps billing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := selectSteps(steps(), tc.names)
			if tc.fault != "" {
				if err == nil || !strings.Contains(err.Error(), tc.fault) {
					t.Fatalf("got error %v, want %q", err, tc.fault)
				}
				return
			}
			var names []string
			for _, s := range got {
				names = append(names, s.name)
			}
			if d := cmp.Diff(tc.want, names); err != nil || d != "" {
				t.Errorf("error %v (-want +got)\n%s", err, d)
			}
		})
	}
	all, err := selectSteps(steps(), nil)
	if err != nil || len(all) != len(steps()) {
		t.Errorf("no names: got %d steps, error %v; want all %d", len(all), err, len(steps()))
	}
}
