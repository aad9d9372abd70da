package auditlog

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/schemas"
)

var at = schemas.At(time.Date(2026, 3, 2, 9, 0, 0, 0, schemas.Shanghai))

func written(t *testing.T, n int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "audit.jsonl")
	for range 2 { // closed and opened again in the middle
		l, err := Open(path)
		if err != nil {
			t.Fatal(err)
		}
		for range n / 2 {
			if err := l.Append(Entry{At: at, Who: "1001", What: "reveal", About: "3ZCLYTDTCLFJ2LDFF", Purpose: "contact", Result: Done, Seq: 99, Prev: "forged"}); err != nil {
				t.Fatal(err)
			}
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return path
}

func TestAppendAndVerify(t *testing.T) {
	b, err := os.ReadFile(written(t, 6))
	if err != nil {
		t.Fatal(err)
	}
	var seqs []int64
	c, err := Verify(bytes.NewReader(b), func(e Entry) error {
		seqs = append(seqs, e.Seq)
		return nil
	})
	if err != nil || c.Entries != 6 || !slices.Equal(seqs, []int64{1, 2, 3, 4, 5, 6}) {
		t.Errorf("got %+v %v, %v", c, seqs, err)
	}
}

// Whatever is done to the lines, but for a cut at the end, is found; a cut shows in the head.
func TestEveryChangeIsFound(t *testing.T) {
	whole, err := os.ReadFile(written(t, 8))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(bytes.TrimSuffix(whole, []byte("\n")), []byte("\n"))
	lines[len(lines)-1] = append(lines[len(lines)-1], '\n')
	want, err := Verify(bytes.NewReader(whole), nil)
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(rt *rapid.T) {
		l := slices.Clone(lines)
		i, j := rapid.IntRange(0, len(l)-1).Draw(rt, "i"), rapid.IntRange(0, len(l)-1).Draw(rt, "j")
		switch rapid.SampledFrom([]string{"edit", "drop", "insert", "swap", "cut"}).Draw(rt, "change") {
		case "edit":
			l[i] = bytes.Replace(l[i], []byte("1001"), []byte("1002"), 1)
		case "drop":
			l = slices.Delete(l, i, i+1)
		case "insert":
			l = slices.Insert(l, i, l[j])
		case "swap":
			if i == j {
				return
			}
			l[i], l[j] = l[j], l[i]
		case "cut":
			l = l[:i]
		}
		got, err := Verify(bytes.NewReader(bytes.Join(l, nil)), nil)
		if err == nil && got == want {
			rt.Error("not found")
		}
	})
}

func TestAChangedFileIsNotWrittenOn(t *testing.T) {
	path := written(t, 4)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string]string{
		"edited": strings.Replace(string(b), "contact", "nothing", 1), "half a line": string(b[:len(b)-10]), "not json": "x\n", "endless": strings.Repeat("x", 2*maxLine),
	} {
		if err := os.WriteFile(path, []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(path); err == nil {
			t.Errorf("%s: opened", name)
		}
	}
}

func TestAfterAFailureNothingIsTakenForWritten(t *testing.T) {
	l, err := Open(filepath.Join(t.TempDir(), "audit.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := l.Append(Entry{At: at, Who: "1001", What: "reveal", Result: Done}); err == nil {
			t.Error("appended to a closed file")
		}
	}
}
