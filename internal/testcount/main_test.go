package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFollow(t *testing.T) {
	tests := map[string]struct{ events, shown, results string }{
		"passes": {
			events: `{"Action":"start","Package":"p"}
{"Action":"run","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestA","Output":"=== RUN   TestA\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"    a.go:1: noise\n"}
{"Action":"pass","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Output":"PASS\n"}
{"Action":"output","Package":"p","Output":"ok  \tp\t0.1s\n"}
{"Action":"pass","Package":"p"}`,
			shown:   "ok  \tp\t0.1s\n",
			results: `{"Package":"p","Test":"TestA","Action":"pass"}`,
		},
		"fails and skips": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"    a_test.go:1: got 1, want 2\n"}
{"Action":"output","Package":"p","Test":"TestA","Output":"--- FAIL: TestA (0.00s)\n"}
{"Action":"fail","Package":"p","Test":"TestA"}
{"Action":"output","Package":"p","Test":"TestB","Output":"--- SKIP: TestB\n"}
{"Action":"skip","Package":"p","Test":"TestB"}
{"Action":"output","Package":"p","Output":"FAIL\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t0.1s\n"}
{"Action":"fail","Package":"p"}`,
			shown: "    a_test.go:1: got 1, want 2\n--- FAIL: TestA (0.00s)\nFAIL\tp\t0.1s\n",
			results: `{"Package":"p","Test":"TestA","Action":"fail"}
{"Package":"p","Test":"TestB","Action":"skip"}`,
		},
		"does not build": {
			events: `{"ImportPath":"p","Action":"build-output","Output":"a.go:1: undefined: x\n"}
{"ImportPath":"p","Action":"build-fail"}
{"Action":"output","Package":"p","Output":"FAIL\tp [build failed]\n"}
{"Action":"fail","Package":"p","FailedBuild":"p"}`,
			shown:   "a.go:1: undefined: x\nFAIL\tp [build failed]\n",
			results: `{"Package":"p","Test":"","Action":"fail"}`,
		},
		"ends in the middle of a test": {
			events: `{"Action":"output","Package":"p","Test":"TestA","Output":"panic: test timed out\n"}
{"Action":"output","Package":"p","Output":"FAIL\tp\t9s\n"}
{"Action":"fail","Package":"p"}`,
			shown:   "FAIL\tp\t9s\npanic: test timed out\n",
			results: `{"Package":"p","Test":"","Action":"fail"}`,
		},
		"go command speaks plainly": {
			events: "go: no such tool\n{}", shown: "go: no such tool\n{}", results: "",
		},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var shown, results strings.Builder
			if err := follow(strings.NewReader(test.events), &shown, &results); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.shown, shown.String()); diff != "" {
				t.Errorf("shown (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(test.results, strings.TrimSpace(results.String())); diff != "" {
				t.Errorf("results (-want +got):\n%s", diff)
			}
		})
	}
}

func TestCountTakesEachTestOnce(t *testing.T) {
	results := `{"Package":"p","Test":"A","Action":"pass"}
{"Package":"p","Test":"A","Action":"pass"}
{"Package":"q","Test":"A","Action":"pass"}
{"Package":"p","Test":"B","Action":"fail"}
{"Package":"p","Test":"B","Action":"pass"}
{"Package":"p","Test":"C","Action":"skip"}
{"Package":"p","Test":"C","Action":"pass"}
{"Package":"p","Test":"D","Action":"skip"}
{"Package":"r","Test":"","Action":"fail"}`
	got, err := count(strings.NewReader(results))
	if err != nil {
		t.Fatal(err)
	}
	if want := (counts{passed: 3, failed: 2, skipped: 1}); got != want {
		t.Errorf("count: got %v, want %v", got, want)
	}
}

// The real go command on a module with one test of each kind, twice: the sum is that of one run.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "go.mod"), "module m\n\ngo 1.26\n")
	write(t, filepath.Join(dir, "m_test.go"), `package m

import "testing"

func TestPass(t *testing.T) {}
func TestFail(t *testing.T) { t.Error("as it should") }
func TestSkip(t *testing.T) { t.Skip() }
`)
	t.Chdir(dir)
	t.Setenv("GOFLAGS", "")
	var shown, sum strings.Builder
	for range 2 {
		code, err := run([]string{"-into", "results", "go", "test", "./..."}, &shown, &shown)
		if err != nil || code != 1 {
			t.Fatalf("run: code %d, error %v; want code 1\n%s", code, err, &shown)
		}
	}
	if !strings.Contains(shown.String(), "as it should") {
		t.Errorf("the failure is not shown:\n%s", &shown)
	}
	if code, err := run([]string{"-sum", "results"}, &sum, &sum); err != nil || code != 0 {
		t.Fatalf("sum: code %d, error %v", code, err)
	}
	if got, want := sum.String(), "1 passed, 1 failed, 1 skipped\n"; got != want {
		t.Errorf("sum: got %q, want %q", got, want)
	}
}

func write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
