package simulator

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOpenCarriesTheLedgerOverARestart(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	open := func() *Kit {
		t.Helper()
		k, err := Open("counter", path, func() time.Time { return noon })
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = k.CloseFile() })
		return k
	}
	first := open()
	first.Record(Entry{Op: "count", RequestID: "r1", Outcome: Done, Detail: map[string]any{"n": "1"}})
	first.Record(Entry{Op: "count", RequestID: "r1", Outcome: Already})
	want := first.Ledger()
	if err := first.CloseFile(); err != nil {
		t.Fatal(err)
	}
	torn, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = torn.WriteString(`{"seq":3,"op":"co`)
	_ = torn.Close()

	second := open()
	if d := cmp.Diff(want, second.Ledger()); d != "" {
		t.Errorf("after a restart (-want +got):\n%s", d)
	}
	second.Record(Entry{Op: "count", RequestID: "r2", Outcome: Done})
	if d := cmp.Diff(second.Ledger(), open().Ledger()); d != "" {
		t.Errorf("after another (-want +got):\n%s", d)
	}
}

func TestOpenRefusesAnotherFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "ledger.jsonl")
	if err := os.WriteFile(path, []byte("not a ledger\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open("counter", path, time.Now); err == nil || !strings.Contains(err.Error(), "line 1") {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "not a ledger\n" {
		t.Errorf("the file was changed to %q", b)
	}
}
