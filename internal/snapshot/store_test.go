package snapshot

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
)

func openStore(t *testing.T, dir string) (*Store, *strings.Builder) {
	t.Helper()
	var said strings.Builder
	s, err := Open(dir, slog.New(slog.NewTextHandler(&said, nil)), prometheus.NewPedanticRegistry())
	if err != nil {
		t.Fatal(err)
	}
	return s, &said
}

func put(t *testing.T, s *Store, partition int32, end int64, items ...Item) {
	t.Helper()
	h := &Head{Origin: "o", Partition: partition, End: end, Resume: end * 2, Taken: taken, Items: len(items)}
	if err := s.Write(h, slices.Values(items)); err != nil {
		t.Fatal(err)
	}
}

// load returns the end of what was found, -1 for nothing, and its items.
func load(t *testing.T, s *Store, partition int32, admit func(*Head) error) (end int64, items []Item) {
	t.Helper()
	h, err := s.Load(partition, func(h *Head) (func(Item) error, error) {
		items = nil
		return func(i Item) error { items = append(items, i); return nil }, admit(h)
	})
	if err != nil {
		t.Fatal(err)
	}
	if h == nil {
		return -1, nil
	}
	return h.End, items
}

func anything(*Head) error { return nil }

func files(t *testing.T, dir string) (names []string) {
	t.Helper()
	all, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range all {
		names = append(names, e.Name())
	}
	return names
}

func TestTheTwoNewestAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "of", "snapshots")
	s, _ := openStore(t, dir)
	for end := int64(8); end < 13; end++ { // 9 and 10 have another length
		put(t, s, 3, end, Item{"A", true, []byte{byte(end)}})
		put(t, s, 31, end)
	}
	want := []string{nameOf(3, 11), nameOf(3, 12), nameOf(31, 11), nameOf(31, 12)}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if end, items := load(t, s, 3, anything); end != 12 || !cmp.Equal(items, []Item{{"A", true, []byte{12}}}) {
		t.Errorf("loaded %d: %v", end, items)
	}
	if end, _ := load(t, s, 4, anything); end != -1 {
		t.Errorf("loaded %d of a partition that has none", end)
	}
	if got := testutil.ToFloat64(s.written.WithLabelValues(resultWritten)); got != 10 {
		t.Errorf("%v counted", got)
	}
}

func TestTheOlderOneIsUsed(t *testing.T) {
	tear := func(t *testing.T, name string) {
		raw, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, raw[:len(raw)/2], 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		reason Reason
		spoil  func(t *testing.T, newest string)
		admit  func(*Head) error
		stays  bool
	}{
		{Torn, tear, anything, false},
		{Torn, func(t *testing.T, n string) {
			if err := os.Truncate(n, 0); err != nil {
				t.Fatal(err)
			}
		}, anything, false},
		{Form, func(t *testing.T, n string) {
			if err := os.WriteFile(n, []byte("another program's file, or one of a later release\n"), 0o600); err != nil {
				t.Fatal(err)
			}
		}, anything, false},
		{Foreign, func(t *testing.T, n string) {
			if err := os.Rename(n, strings.Replace(n, "7.", "8.", 1)); err != nil {
				t.Fatal(err)
			}
		}, anything, false},
		{Unreadable, func(t *testing.T, n string) {
			if err := errors.Join(os.Remove(n), os.Mkdir(n, 0o700)); err != nil {
				t.Fatal(err)
			}
		}, anything, true},
		{Ahead, nil, func(h *Head) error {
			if h.End == 7 {
				return Refuse(Ahead, errors.New("the log ends at 6"))
			}
			return nil
		}, true},
		{Differs, nil, func(h *Head) error {
			if h.End == 7 {
				return Refuse(Differs, errors.New("another record"))
			}
			return nil
		}, false},
	} {
		t.Run(string(row.reason), func(t *testing.T) {
			dir := t.TempDir()
			s, said := openStore(t, dir)
			put(t, s, 0, 5, Item{"A", false, []byte("old")}, Item{"B", false, []byte("old")})
			put(t, s, 0, 7, Item{"A", false, []byte("new")})
			if row.spoil != nil {
				row.spoil(t, filepath.Join(dir, nameOf(0, 7)))
			}
			if end, items := load(t, s, 0, row.admit); end != 5 || len(items) != 2 {
				t.Errorf("loaded %d with %d items", end, len(items))
			}
			if got := testutil.ToFloat64(s.refused.WithLabelValues(string(row.reason))); got != 1 {
				t.Errorf("%v counted", got)
			}
			if !strings.Contains(said.String(), "reason="+string(row.reason)) || strings.Contains(said.String(), dir) {
				t.Errorf("said: %s", said)
			}
			if got := len(files(t, dir)) == 2; got != row.stays {
				t.Errorf("left: %v", files(t, dir))
			}
		})
	}
}

// What has nothing to do with the snapshot ends the search: nobody reads a whole log because Kafka did not answer a question.
func TestAnOutageIsNoRefusal(t *testing.T) {
	s, _ := openStore(t, t.TempDir())
	put(t, s, 0, 5)
	down := errors.New("down")
	if _, err := s.Load(0, func(*Head) (func(Item) error, error) { return nil, down }); !errors.Is(err, down) {
		t.Errorf("loaded with %v", err)
	}
	if len(files(t, s.dir)) != 1 {
		t.Error("it is gone")
	}
}

func TestOnlyTheOwnerMayRead(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "snapshots")
	s, _ := openStore(t, dir)
	put(t, s, 0, 5, Item{"A", false, []byte("{}")})
	for name, want := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, nameOf(0, 5)): 0o600} {
		info, err := os.Stat(name)
		if err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %s, want %s (%v)", name, info.Mode(), want, err)
		}
	}
}

// A write that fails leaves what was there, and nothing half.
func TestAFailedWrite(t *testing.T) {
	dir := t.TempDir()
	s, _ := openStore(t, dir)
	put(t, s, 0, 5)
	if err := os.Mkdir(filepath.Join(dir, nameOf(0, 7)), 0o700); err != nil { // nothing can be renamed over it
		t.Fatal(err)
	}
	if err := s.Write(&Head{Partition: 0, End: 7}, slices.Values([]Item(nil))); err == nil {
		t.Error("written")
	} else {
		s.Failed(0, err)
	}
	if err := s.Write(&Head{Partition: 0, End: 6, Items: 2}, slices.Values([]Item{{"A", false, nil}})); err == nil {
		t.Error("written, though the head tells of other items than there are")
	}
	if end, _ := load(t, s, 0, anything); end != 5 {
		t.Errorf("loaded %d", end)
	}
	if got := testutil.ToFloat64(s.written.WithLabelValues(resultFailed)); got != 1 {
		t.Errorf("%v counted", got)
	}
	for _, name := range files(t, dir) {
		if strings.HasSuffix(name, partSuffix) {
			t.Errorf("%s is left", name)
		}
	}
}

func TestWhatWasLeftIsRemoved(t *testing.T) {
	dir := t.TempDir()
	old, fresh := filepath.Join(dir, "1.part"), filepath.Join(dir, "2.part")
	for _, name := range []string{old, fresh} {
		if err := os.WriteFile(name, []byte("half"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	long := time.Now().Add(-2 * abandoned)
	if err := os.Chtimes(old, long, long); err != nil {
		t.Fatal(err)
	}
	s, _ := openStore(t, dir)
	if diff := cmp.Diff([]string{"2.part"}, files(t, dir)); diff != "" {
		t.Errorf("another process may still write to it (-want +got):\n%s", diff)
	}
	if end, _ := load(t, s, 0, anything); end != -1 {
		t.Errorf("loaded %d", end)
	}
	if err := os.Chtimes(fresh, long, long); err != nil {
		t.Fatal(err)
	}
	put(t, s, 0, 5)
	if diff := cmp.Diff([]string{nameOf(0, 5)}, files(t, dir)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNoFolder(t *testing.T) {
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(name, slog.New(slog.DiscardHandler), nil); err == nil {
		t.Error("a file was opened as a folder")
	}
}
