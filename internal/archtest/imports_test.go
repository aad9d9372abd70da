package archtest

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

// root is the module's folder, seen from this package.
const root = "../.."

func TestImports(t *testing.T) {
	violations, files, err := check(os.DirFS(root))
	if err != nil {
		t.Fatal(err)
	}
	if files < 20 {
		t.Fatalf("read %d files: the tree is elsewhere", files)
	}
	for _, v := range violations {
		t.Error(v)
	}
}

// Each rule has a tree that breaks it, and one beside it that must pass.
func TestCheck(t *testing.T) {
	tests := map[string]struct {
		file, imports string
		want          []string // names of the rules broken
	}{
		"schemas on bus":               {"schemas/a.go", `"permithub/internal/bus"`, []string{"the foundation imports only itself"}},
		"calendar on its own sub":      {"internal/calendar/a.go", `"permithub/internal/calendar/lunar"`, nil},
		"fault on schemas":             {"internal/fault/a.go", `"permithub/schemas"`, []string{"the foundation imports only itself"}},
		"calendar test on deploy data": {"internal/calendar/a_test.go", `"permithub/deploy/calendars"`, nil},
		"casework on foundation":       {"internal/casework/a.go", `"permithub/schemas"`, nil},
		"casework on bus":              {"internal/casework/a.go", `"permithub/internal/bus"`, []string{"casework imports only the foundation"}},
		"casework on root":             {"internal/casework/a.go", `"permithub"`, []string{"casework imports only the foundation"}},
		"casework reads files":         {"internal/casework/a.go", `"os"`, []string{"casework and calendar do no I/O"}},
		"casework rolls dice":          {"internal/casework/a.go", `"math/rand/v2"`, []string{"casework and calendar do no I/O"}},
		"casework test reads goldens":  {"internal/casework/a_test.go", `"os"`, nil},
		"step on step":                 {"consumers/approval/a.go", `"permithub/consumers/issuance"`, []string{"a step imports no other step"}},
		"step on step of other kind":   {"producers/desk/a.go", `"permithub/consumers/issuance"`, []string{"a step imports no other step"}},
		"step test on step":            {"consumers/approval/a_test.go", `"permithub/producers/desk"`, []string{"a step imports no other step"}},
		"step on own sub":              {"consumers/approval/a.go", `"permithub/consumers/approval/store"`, nil},
		"step on adapter":              {"consumers/notification/a.go", `"permithub/adapters/sms"`, []string{"a step imports no adapter"}},
		"step on list of adapters":     {"consumers/notification/a.go", `"permithub/adapters"`, []string{"a step imports no adapter"}},
		"adapter on adapter":           {"adapters/sms/a.go", `"permithub/adapters/epermit"`, []string{"an adapter imports no other adapter"}},
		"adapter on own simulator":     {"adapters/sms/a_test.go", `"permithub/adapters/sms/smssim"`, nil},
		"list on adapters":             {"adapters/adapters.go", `"permithub/adapters/sms"`, nil},
		"adapter on step":              {"adapters/sms/a.go", `"permithub/consumers/notification"`, []string{"an adapter imports no step"}},
		"list on step":                 {"adapters/adapters.go", `"permithub/producers/intake"`, []string{"an adapter imports no step"}},
		"internal on adapter":          {"internal/ops/a.go", `"permithub/adapters/sms"`, []string{"what serves everybody knows no step and no adapter"}},
		"flow on both":                 {"flow.go", `"permithub/consumers/approval"; "permithub/adapters"`, nil},
		"demo on step":                 {"internal/demo/a.go", `"permithub/consumers/notification"`, nil},
		"demo on adapter":              {"internal/demo/a.go", `"permithub/adapters/sms"`, []string{"the demonstration calls no adapter"}},
		"step on demo":                 {"producers/desk/a.go", `"permithub/internal/demo"`, []string{"the demonstration only watches"}},
		"root on demo":                 {"demo.go", `"permithub/internal/demo"`, nil},
		"bus on kafka-go":              {"internal/bus/a.go", `"github.com/segmentio/kafka-go/protocol"`, nil},
		"step on watermill":            {"consumers/feed/a.go", `"github.com/ThreeDotsLabs/watermill/message"`, []string{"only internal/bus speaks to Kafka"}},
		"test on kafka-go":             {"consumers/feed/a_test.go", `"github.com/segmentio/kafka-go"`, []string{"only internal/bus speaks to Kafka"}},
		"similar name":                 {"consumers/feed/a.go", `"github.com/segmentio/kafka-gopher"`, nil},
		"franz-go in a step":           {"consumers/feed/a.go", `"github.com/twmb/franz-go/pkg/kgo"`, []string{"a second Kafka client is for tests"}},
		"franz-go in a test":           {"consumers/feed/a_test.go", `"github.com/twmb/franz-go/pkg/kgo"`, nil},
		"step on go-redis":             {"consumers/clock/a.go", `"github.com/redis/go-redis/v9"`, []string{"only internal/deadline speaks to Redis"}},
		"deadline on go-redis":         {"internal/deadline/a.go", `"github.com/redis/go-redis/v9"`, nil},
		"main on localcluster":         {"main.go", `"permithub/internal/localcluster"`, []string{"real servers are for tests and for trying by hand"}},
		"test on testcluster":          {"internal/bus/a_test.go", `"permithub/internal/testcluster"`, nil},
		"end-to-end test on demo":      {"e2e/a_test.go", `"permithub/internal/demo"`, nil},
		"auditor on schemas":           {"e2e/audit/a.go", `"permithub/schemas"`, []string{"the auditor shares nothing with the hub"}},
		"blank import":                 {"internal/ops/a.go", `_ "net/http/pprof"`, []string{"nothing registers itself"}},
		"embed":                        {"internal/ops/a.go", `_ "embed"`, nil},
		"testify":                      {"internal/ops/a_test.go", `"github.com/stretchr/testify/require"`, []string{"tests use the standard library and go-cmp"}},
		"behind a build tag": {"internal/ops/tagged.go", `"permithub/adapters/sms"`,
			[]string{"what serves everybody knows no step and no adapter"}},
	}
	broken := map[string]bool{}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			source := fmt.Sprintf("//go:build sometag\n\npackage p\n\nimport (%s)\n", test.imports)
			violations, files, err := check(fstest.MapFS{test.file: {Data: []byte(source)}})
			if err != nil || files != 1 {
				t.Fatalf("check: %d files, error %v", files, err)
			}
			var got []string
			for _, v := range violations {
				got = append(got, v.broken.name)
				broken[v.broken.name] = true
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("rules broken (-want +got):\n%s", diff)
			}
		})
	}
	for _, r := range rules {
		if !broken[r.name] {
			t.Errorf("no case breaks the rule %q", r.name)
		}
	}
}

func TestCheckLooksAtOurSourceOnly(t *testing.T) {
	bad := &fstest.MapFile{Data: []byte("package p\n\nimport _ \"net/http/pprof\"\n")}
	_, files, err := check(fstest.MapFS{
		"internal/a/testdata/a.go": bad, ".cache/a.go": bad, "_old/a.go": bad, "tools/go.mod": {}, "tools/a.go": bad,
	})
	if err != nil || files != 0 {
		t.Errorf("check: read %d files, error %v; want none", files, err)
	}
}

func TestViolationNamesFileImportRuleAndReason(t *testing.T) {
	source := []byte("package sms\n\nimport \"permithub/consumers/notification\"\n")
	violations, _, err := check(fstest.MapFS{"adapters/sms/sms.go": {Data: source}})
	if err != nil || len(violations) != 1 {
		t.Fatalf("check: %v, error %v; want one violation", violations, err)
	}
	want := `adapters/sms/sms.go:3 imports permithub/consumers/notification
	rule: an adapter imports no step
	why:  an adapter speaks a protocol and fits ports by shape; it does not know who calls it`
	if diff := cmp.Diff(want, violations[0].String()); diff != "" {
		t.Errorf("violation (-want +got):\n%s", diff)
	}
}

type violation struct {
	file   file
	line   int
	path   string
	broken rule
}

func (v violation) String() string {
	return fmt.Sprintf("%s:%d imports %s\n\trule: %s\n\twhy:  %s", v.file.name, v.line, v.path, v.broken.name, v.broken.why)
}

// check returns what breaks the rules in every Go file of the module, and how many files it read.
func check(tree fs.FS) (violations []violation, files int, err error) {
	files, err = eachFile(tree, func(f file, source []byte) error {
		found, err := checkFile(f, source)
		violations = append(violations, found...)
		return err
	})
	return violations, files, err
}

// eachFile calls visit with every Go file of the module, whatever its build tags, and returns how many there are.
func eachFile(tree fs.FS, visit func(file, []byte) error) (files int, err error) {
	err = fs.WalkDir(tree, ".", func(name string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && foreign(tree, name):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go":
			return nil
		}
		source, err := fs.ReadFile(tree, name)
		if err != nil {
			return err
		}
		files++
		return visit(file{
			name: name, dir: strings.TrimPrefix(path.Dir(name), "."), test: strings.HasSuffix(name, "_test.go"),
		}, source)
	})
	return files, err
}

// foreign tells whether the go command would not count the folder to this module.
func foreign(tree fs.FS, dir string) bool {
	if dir == "." {
		return false
	}
	if base := path.Base(dir); base == "testdata" || base[0] == '.' || base[0] == '_' {
		return true
	}
	_, err := fs.Stat(tree, path.Join(dir, "go.mod"))
	return err == nil
}

func checkFile(f file, source []byte) ([]violation, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, f.name, source, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	var violations []violation
	for _, spec := range parsed.Imports {
		imp, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return nil, err
		}
		i := imported{path: imp, blank: spec.Name != nil && spec.Name.Name == "_"}
		if i.ours = in(imp, module); i.ours {
			i.own = strings.TrimPrefix(strings.TrimPrefix(imp, module), "/")
		}
		for _, r := range rules {
			if r.applies(f) && r.forbids(f, i) {
				violations = append(violations, violation{f, set.Position(spec.Pos()).Line, imp, r})
			}
		}
	}
	return violations, nil
}
