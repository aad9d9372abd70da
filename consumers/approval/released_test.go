package approval

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/bus"
	"permithub/schemas"
)

var update = flag.Bool("update", false, "write the released logs that are missing; what is there already is never changed")

// released is the folder of logs as they were written by a release, one life each, with the sums that keep them as they are.
const released = "testdata/released"

const sums = "SHA256SUMS"

// line is one input of a released log with the transition that it gave, byte for byte; absent where it changed nothing.
type line struct {
	Input      json.RawMessage `json:"input"`
	Transition json.RawMessage `json:"transition,omitempty"`
}

// TestReleasedLogs keeps the promise that the log is read for ever. A log that a release wrote is restored and gives the same files; read and
// written again it has the same bytes; its inputs, decided once more, give the same log; and handed over again they change nothing. The files are
// never rewritten: a shape or a rule pack that changes gets new ones beside them, and the rule pack that decided the old ones stays.
func TestReleasedLogs(t *testing.T) {
	if *update {
		release(t)
	}
	want := readSums(t)
	files, err := filepath.Glob(filepath.Join(released, "*.ndjson"))
	if err != nil || len(files) != len(want) || len(files) == 0 {
		t.Fatalf("%d logs, %d sums, %v", len(files), len(want), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			raw, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if got := sum(raw); got != want[filepath.Base(file)] {
				t.Fatalf("a released log was changed: its sum is %s", got)
			}
			replay(t, raw)
		})
	}
}

func replay(t *testing.T, raw []byte) {
	t.Helper()
	recs, l := parse(t, raw)
	for _, r := range l.records {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		again, err := tr.Record()
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(r.Value), string(again.Value)); diff != "" {
			t.Errorf("transition %d reads back as another (-released +again):\n%s", r.Offset, diff)
		}
	}
	was := slices.Clone(history(l))
	o := open(t, l)
	o.read = schemas.DecodeInput // the released lives name their inputs shortly, as no producer does
	if resume := o.assign(t); resume == 0 {
		t.Error("nothing was restored")
	}
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(was, history(l)); diff != "" {
		t.Errorf("handed over again, the inputs changed something (-released +now):\n%s", diff)
	}
	fresh := decideAnew(t, recs)
	if diff := cmp.Diff(was, history(fresh)); diff != "" {
		t.Errorf("decided once more, the inputs gave another log (-released +now):\n%s", diff)
	}
}

func decideAnew(t *testing.T, recs []bus.Record) *topic {
	t.Helper()
	l := &topic{}
	o := open(t, l)
	o.read = schemas.DecodeInput // the released lives name their inputs shortly, as no producer does
	o.assign(t)
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	return l
}

// parse puts inputs and transitions on topics of their own.
func parse(t *testing.T, raw []byte) ([]bus.Record, *topic) {
	t.Helper()
	var list []any
	l := &topic{}
	sc := bufio.NewScanner(bytes.NewReader(raw))
	sc.Buffer(nil, 4<<20)
	for sc.Scan() {
		var one line
		if err := json.Unmarshal(sc.Bytes(), &one); err != nil {
			t.Fatal(err)
		}
		list = append(list, string(one.Input))
		if one.Transition != nil {
			l.land(int64(len(l.records)), []schemas.Record{{Topic: schemas.TopicCaseLog, Value: one.Transition}})
		}
	}
	if err := sc.Err(); err != nil {
		t.Fatal(err)
	}
	return inputs(t, list...), l
}

// release writes the logs of the lives that casework records, where there is none yet.
func release(t *testing.T) {
	t.Helper()
	lives, err := filepath.Glob("../../internal/casework/testdata/*.ndjson")
	if err != nil || len(lives) == 0 {
		t.Fatalf("no lives: %v", err)
	}
	if err := os.MkdirAll(released, 0o755); err != nil {
		t.Fatal(err)
	}
	all := readSums(t)
	for _, life := range lives {
		name := "v1-" + filepath.Base(life)
		if all[name] != "" {
			continue
		}
		raw, err := os.ReadFile(life)
		if err != nil {
			t.Fatal(err)
		}
		recs, _ := parse(t, raw)
		text := encode(t, recs, decideAnew(t, recs))
		all[name] = sum(text)
		write(t, name, text)
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(all)) {
		b.WriteString(all[name] + "  " + name + "\n")
	}
	write(t, sums, []byte(b.String()))
}

func encode(t *testing.T, recs []bus.Record, l *topic) []byte {
	t.Helper()
	answers := map[int64]json.RawMessage{}
	for _, r := range l.records {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		answers[tr.Input.Offset] = r.Value
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	for _, r := range recs {
		if err := e.Encode(line{Input: r.Value, Transition: answers[r.Offset]}); err != nil {
			t.Fatal(err)
		}
	}
	return b.Bytes()
}

func write(t *testing.T, name string, text []byte) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(released, name), text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func readSums(t *testing.T) map[string]string {
	t.Helper()
	all := map[string]string{}
	raw, err := os.ReadFile(filepath.Join(released, sums))
	if err != nil && !*update {
		t.Fatal(err)
	}
	for l := range strings.Lines(string(raw)) {
		if f := strings.Fields(l); len(f) == 2 {
			all[f[1]] = f[0]
		}
	}
	return all
}

func sum(b []byte) string {
	s := sha256.Sum256(b)
	return hex.EncodeToString(s[:])
}
