// Package mutants plants one deliberate defect after the other and shows that the test named for it fails.
//
// # A mutant
//
// A txtar file says in its comment what is wrong and, after "test:", which package and test must notice. Then follow pairs: a text that stands
// exactly once in the named file of the product, and what it becomes. The defect reaches the compiler by -overlay, so that the product's source
// knows nothing of it. Where the source has moved on and the text is not found once, the test says so.
package mutants

import (
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"
)

const root = "../.."

// mutant is one defect and who must notice it.
type mutant struct {
	pkg, test string
	files     map[string]string // replaced source by its path in the product
}

// planned are the defects that must be there: one that is deleted would go unnoticed.
var planned = []string{
	"commit-before-produce", "no-stamp-check", "random-effect-id", "cancel-before-issue", "removed-before-produced", "breach-dated-at-detection",
	"dedupe-in-redis-only", "reordering-retry", "supplement-pauses-t1", "acceptance-day-counted", "notice-sent-twice",
	"snapshot-of-another-log",
}

func TestEveryMutantIsCaught(t *testing.T) {
	for _, name := range planned {
		t.Run(name, func(t *testing.T) {
			m := read(t, name+".txtar")
			if testing.Short() {
				return // it fits the source; that it is caught takes a build
			}
			t.Parallel()
			m.caught(t)
		})
	}
	if found, err := filepath.Glob("*.txtar"); err != nil || len(found) != len(planned) {
		t.Errorf("%d files, %d mutants planned; %v", len(found), len(planned), err)
	}
}

func read(t *testing.T, file string) *mutant {
	t.Helper()
	a, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	_, words, _ := strings.Cut(string(a.Comment), "\ntest: ")
	who := strings.Fields(words)
	if len(who) != 2 || len(a.Files) == 0 || len(a.Files)%2 != 0 {
		t.Fatalf(`want "test: PACKAGE TEST" and pairs of texts, got %q and %d texts`, who, len(a.Files))
	}
	m := &mutant{pkg: who[0], test: who[1], files: map[string]string{}}
	for i := 0; i < len(a.Files); i += 2 {
		m.replace(t, a.Files[i].Name, string(a.Files[i].Data), string(a.Files[i+1].Data))
	}
	return m
}

// replace changes the one place in a file. The last line of both texts may be the beginning of a line.
func (m *mutant) replace(t *testing.T, name, before, after string) {
	t.Helper()
	source, ok := m.files[name]
	if !ok {
		b, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		source = string(b)
	}
	before, after = strings.TrimSuffix(before, "\n"), strings.TrimSuffix(after, "\n")
	if n := strings.Count(source, before); n != 1 {
		t.Fatalf("%s: the text stands there %d times, want once: the source has moved on, and the mutant must follow\n%s", name, n, before)
	}
	m.files[name] = strings.Replace(source, before, after, 1)
}

// caught runs the test on the changed source: it must be built, and fail.
func (m *mutant) caught(t *testing.T) {
	t.Helper()
	dir := t.TempDir()
	var overlay struct{ Replace map[string]string }
	overlay.Replace = map[string]string{}
	for name, source := range m.files {
		original, err := filepath.Abs(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		changed := filepath.Join(dir, strings.ReplaceAll(name, "/", "-"))
		if err := os.WriteFile(changed, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		overlay.Replace[original] = changed
	}
	list, err := json.Marshal(overlay)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "overlay.json")
	if err := os.WriteFile(file, list, 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "test", "-overlay", file, "-run", "^"+m.test+"$", m.pkg)
	cmd.Dir = root
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	switch {
	case err == nil:
		t.Errorf("%s in %s lets it pass:\n%s", m.test, m.pkg, out)
	case !errors.As(err, &exit) || !strings.Contains(string(out), "--- FAIL: "+m.test):
		t.Errorf("it did not come to the test: %v\n%s", err, out)
	}
}
