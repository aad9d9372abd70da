package archtest

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// A decision and what it stands on take the time as a value: the same input gives the same transition whenever it is
// looked at again.
func TestNobodyReadsTheClock(t *testing.T) {
	calls, err := clockCalls(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	for _, call := range calls {
		t.Errorf("%s: time comes in as a value", call)
	}
}

// A sleep in a test is too long or too short, except in testing/synctest, where it takes no time at all.
func TestTestsDoNotSleep(t *testing.T) {
	_, err := eachFile(os.DirFS(root), func(f file, source []byte) error {
		sleeps := f.test && bytes.Contains(source, []byte("\ttime."+"Sleep("))
		if sleeps && !bytes.Contains(source, []byte(`"testing/synctest"`)) {
			t.Errorf("%s sleeps on the real clock: wait for what is awaited, or use testing/synctest", f.name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestClockCalls(t *testing.T) {
	source := &fstest.MapFile{Data: []byte(`package p

import "time"

var now = time.Now

func f(t time.Time) (time.Time, time.Duration) { return time.Now(), time.Since(t) }
`)}
	got, err := clockCalls(fstest.MapFS{
		"schemas/a.go": source, "schemas/a_test.go": source, "internal/casework/a.go": source, "internal/bus/a.go": source,
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"internal/casework/a.go:7 calls time.Now", "internal/casework/a.go:7 calls time.Since",
		"schemas/a.go:7 calls time.Now", "schemas/a.go:7 calls time.Since",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("clock calls (-want +got):\n%s", diff)
	}
}

func clockCalls(tree fs.FS) ([]string, error) {
	var calls []string
	_, err := eachFile(tree, func(f file, source []byte) error {
		if f.test || !in(f.dir, "schemas", "internal/casework", "internal/calendar", "internal/fault") {
			return nil
		}
		set := token.NewFileSet()
		parsed, err := parser.ParseFile(set, f.name, source, parser.SkipObjectResolution)
		if err != nil {
			return err
		}
		ast.Inspect(parsed, func(n ast.Node) bool {
			if name, pos := clockCall(n); name != "" {
				calls = append(calls, fmt.Sprintf("%s:%d calls time.%s", f.name, set.Position(pos).Line, name))
			}
			return true
		})
		return nil
	})
	return calls, err
}

// clockCall returns the function of package time that n calls, if it is one that reads the clock.
func clockCall(n ast.Node) (string, token.Pos) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", 0
	}
	selector, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return "", 0
	}
	pkg, ok := selector.X.(*ast.Ident)
	if !ok || pkg.Name != "time" {
		return "", 0
	}
	switch selector.Sel.Name {
	case "Now", "Since", "Until":
		return selector.Sel.Name, call.Pos()
	}
	return "", 0
}
