// Package archtest holds tests about the source tree itself: who may import whom, and what no file may say.
//
// The rules are the table below. A rule that stands in the way of a better design is changed here, with the reason.
package archtest

import (
	"path"
	"strings"
)

const module = "permithub"

// rule forbids some imports to some files.
type rule struct {
	name string
	why  string
	// applies selects the files that the rule is for.
	applies func(file) bool
	// forbids tells whether such a file must not have this import.
	forbids func(file, imported) bool
}

// file is one Go file of the module.
type file struct {
	name string // path in the module, with slashes
	dir  string // its folder; "" for the root
	test bool   // *_test.go
}

// imported is one import of a file.
type imported struct {
	path  string // as written
	own   string // the folder in this module, "" for the root or where ours is false
	ours  bool   // a package of this module
	blank bool   // imported as _
}

var rules = []rule{
	{
		name:    "the foundation imports only itself",
		why:     "schemas, calendar and fault say what everybody builds on: an import of ours would turn the direction round",
		applies: func(f file) bool { return !f.test && in(f.dir, "schemas", "internal/calendar", "internal/fault") },
		forbids: func(f file, i imported) bool { return i.ours && room(i.own) != room(f.dir) },
	},
	{
		name:    "casework imports only the foundation",
		why:     "a decision is a pure function of dossier and input, so it may know messages, working days and error classes only",
		applies: func(f file) bool { return !f.test && in(f.dir, "internal/casework") },
		forbids: func(_ file, i imported) bool {
			return i.ours && !in(i.own, "internal/casework", "schemas", "internal/calendar", "internal/fault")
		},
	},
	{
		name:    "casework and calendar do no I/O",
		why:     "the same input must give the same transition on every machine and at every repeat",
		applies: func(f file) bool { return !f.test && in(f.dir, "internal/casework", "internal/calendar") },
		forbids: func(_ file, i imported) bool {
			return in(i.path, "os", "net", "io/ioutil", "log", "math/rand", "crypto/rand", "database/sql", "syscall", "context")
		},
	},
	{
		name:    "a step imports no other step",
		why:     "steps meet through topics only: so any of them runs alone, in its own process",
		applies: func(f file) bool { return isStep(f.dir) },
		forbids: func(f file, i imported) bool { return i.ours && isStep(i.own) && room(i.own) != room(f.dir) },
	},
	{
		name:    "a step imports no adapter",
		why:     "a step declares the port it needs; which foreign system stands behind it is decided in the root package",
		applies: func(f file) bool { return isStep(f.dir) },
		forbids: func(_ file, i imported) bool { return i.ours && in(i.own, "adapters") },
	},
	{
		name:    "an adapter imports no other adapter",
		why:     "a foreign system changes alone; what two of them share is internal/…",
		applies: func(f file) bool { return isAdapter(f.dir) },
		forbids: func(f file, i imported) bool { return i.ours && in(i.own, "adapters") && room(i.own) != room(f.dir) },
	},
	{
		name:    "an adapter imports no step",
		why:     "an adapter speaks a protocol and fits ports by shape; it does not know who calls it",
		applies: func(f file) bool { return in(f.dir, "adapters") },
		forbids: func(_ file, i imported) bool { return i.ours && in(i.own, "consumers", "producers") },
	},
	{
		name:    "what serves everybody knows no step and no adapter",
		why:     "internal and deploy are used from both sides; only the root package joins a step and an adapter",
		applies: func(f file) bool { return in(f.dir, "internal", "deploy") && !in(f.dir, "internal/demo") },
		forbids: func(_ file, i imported) bool { return i.ours && in(i.own, "consumers", "producers", "adapters") },
	},
	{
		name:    "the demonstration only watches",
		why:     "it may show what a step makes of a record, as a citizen reads it; nothing that serves may come to need it",
		applies: func(f file) bool { return f.dir != "" && !in(f.dir, "internal/demo") && (!f.test || !in(f.dir, "e2e")) },
		forbids: func(_ file, i imported) bool { return i.ours && in(i.own, "internal/demo") },
	},
	{
		name:    "the demonstration calls no adapter",
		why:     "it watches topics; foreign systems are reached by the hub it shows",
		applies: func(f file) bool { return in(f.dir, "internal/demo") },
		forbids: func(_ file, i imported) bool { return i.ours && in(i.own, "adapters") },
	},
	{
		name:    "only internal/bus speaks to Kafka",
		why:     "order, commits and retries are right in one place; kafka-go and watermill have traps that the bus avoids",
		applies: func(f file) bool { return !in(f.dir, "internal/bus") },
		forbids: func(_ file, i imported) bool {
			return in(i.path, "github.com/segmentio/kafka-go", "github.com/ThreeDotsLabs/watermill")
		},
	},
	{
		name:    "a second Kafka client is for tests",
		why:     "franz-go checks the hub from outside and asks a local cluster whether it is ready; the hub itself has one client",
		applies: func(f file) bool { return !f.test && !in(f.dir, "internal/localcluster") },
		forbids: func(_ file, i imported) bool {
			return in(i.path, "github.com/twmb/franz-go/pkg/kgo", "github.com/twmb/franz-go/pkg/kadm")
		},
	},
	{
		name:    "only internal/deadline speaks to Redis",
		why:     "Redis holds derived deadlines and nothing else: no step may come to rely on it; the end-to-end tests search every key",
		applies: func(f file) bool { return !in(f.dir, "internal/deadline") && (!f.test || !in(f.dir, "e2e")) },
		forbids: func(_ file, i imported) bool { return in(i.path, "github.com/redis/go-redis") },
	},
	{
		name: "real servers are for tests and for trying by hand",
		why:  "the hub's binary starts no broker of its own but the embedded one of the demo",
		applies: func(f file) bool {
			return !f.test && !in(f.dir, "internal/localcluster", "internal/testcluster", "deploy/local")
		},
		forbids: func(_ file, i imported) bool {
			return i.ours && in(i.own, "internal/localcluster", "internal/testcluster")
		},
	},
	{
		name:    "the auditor shares nothing with the hub",
		why:     "a mistake that both made would pass: it reads what travels by its own types and counts by its own loop",
		applies: func(f file) bool { return in(f.dir, "e2e/audit") },
		forbids: func(_ file, i imported) bool { return i.ours && !in(i.own, "e2e/audit") },
	},
	{
		name:    "nothing registers itself",
		why:     "the list of systems is what people read; an import for its side effect hides one",
		applies: func(file) bool { return true },
		forbids: func(_ file, i imported) bool { return i.blank && i.path != "embed" },
	},
	{
		name:    "tests use the standard library and go-cmp",
		why:     "one way to compare, and a failure that shows got, want and the difference",
		applies: func(file) bool { return true },
		forbids: func(_ file, i imported) bool {
			return in(i.path, "github.com/stretchr/testify", "github.com/onsi/gomega", "github.com/onsi/ginkgo",
				"gotest.tools", "github.com/testcontainers/testcontainers-go")
		},
	},
}

// in tells whether p is one of the folders or below one.
func in(p string, folders ...string) bool {
	for _, folder := range folders {
		if p == folder || strings.HasPrefix(p, folder+"/") {
			return true
		}
	}
	return false
}

// isStep tells whether dir belongs to a step: consumers/x or producers/x.
func isStep(dir string) bool {
	return in(dir, "consumers", "producers") && strings.Contains(dir, "/")
}

// isAdapter tells whether dir belongs to the adapter of one system. The folder adapters itself is the list of them.
func isAdapter(dir string) bool { return strings.HasPrefix(dir, "adapters/") }

// room is the unit of the rules: the first two levels of a path, as in consumers/approval.
func room(dir string) string {
	parts := strings.SplitN(dir, "/", 3)
	return path.Join(parts[:min(2, len(parts))]...)
}
