package approval

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"permithub/internal/bus"
	"permithub/internal/snapshot"
	"permithub/schemas"
)

// place is what a snapshot sees of a topic.
type place struct {
	*topic
	origin string
	first  int64
	err    error
}

func (l *place) Origin(context.Context) (string, error) { return l.origin, l.err }

func (l *place) Bounds(context.Context, int32) (bus.Offsets, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return bus.Offsets{First: l.first, Next: int64(len(l.records))}, l.err
}

func (l *place) At(_ context.Context, _ int32, offset int64) (bus.Record, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if offset < 0 || offset >= int64(len(l.records)) {
		return bus.Record{}, bus.ErrOutOfRange
	}
	return l.records[offset], l.err
}

// folder is where snapshots are kept, and what was said of them.
type folder struct {
	dir  string
	said journal
}

// journal is what was logged, from the background too.
type journal struct {
	mu   sync.Mutex
	text strings.Builder
}

func (j *journal) Write(b []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(b)
}

func (j *journal) String() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.String()
}

// keep opens the folder anew, as a process that starts does, and has the office keep snapshots of every transition.
func (d *folder) keep(t tester, o *office, at *place) *Keeper { return d.keepAt(t, o, at) }

func (d *folder) keepAt(t tester, o *office, at Place) *Keeper {
	t.Helper()
	log := slog.New(slog.NewTextHandler(&d.said, nil))
	store, err := snapshot.Open(d.dir, log, nil)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	k := NewKeeper(store, at, Schedule{Every: time.Hour, After: 1}, time.Now)
	o.Keep(k)
	return k
}

// restart has an office take the partition over, with the snapshots in the folder, and give it back, so that a newer one is written.
func (d *folder) restart(t tester, at *place, handle func(o *office, resume int64)) *office {
	t.Helper()
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	handle(o, o.assign(t))
	p := o.owned[3]
	o.checkTold(t) // before the observer forgets
	o.Revoked(3)
	if err := k.Close(context.Background()); err != nil {
		t.Fatalf("close: %v", err)
	}
	o.owned[3] = p
	return o
}

// sameState compares what two offices hold of the partition.
func sameState(t tester, want, got *office) {
	t.Helper()
	a, b := want.owned[3], got.owned[3]
	if a.end != b.end || a.resume != b.resume || a.last != b.last || len(a.files) != len(b.files) {
		t.Fatalf("ends at %d, resumes at %d, last is %d, %d files; want %d, %d, %d, %d", b.end, b.resume, b.last, len(b.files), a.end, a.resume, a.last, len(a.files))
	}
	for id, f := range a.files {
		g := b.files[id]
		if g == nil || f.open != g.open || !bytes.Equal(f.value, g.value) {
			t.Fatalf("file %s differs", id)
		}
		x, err := f.decoded()
		y, err2 := g.decoded()
		if err != nil || err2 != nil {
			t.Fatalf("file %s: %v, %v", id, err, err2)
		}
		if diff := cmp.Diff(x.state, y.state, cmpopts.EquateEmpty()); diff != "" {
			t.Fatalf("file %s (-log +snapshot):\n%s", id, diff)
		}
	}
}

// However often a process starts, wherever it ends and whatever becomes of its snapshots: it goes on as one does that has read the log alone.
func TestASnapshotAndTheRestAreTheLog(t *testing.T) {
	recs := inputs(t, mixed(3)...)
	scratch := t.TempDir()
	runs := 0
	used := map[bool]int{}
	rapid.Check(t, func(t *rapid.T) {
		runs++
		d := &folder{dir: filepath.Join(scratch, fmt.Sprint(runs))}
		at := &place{topic: &topic{}, origin: "here"}
		for range rapid.IntRange(1, 5).Draw(t, "starts") {
			d.spoil(t)
			o := d.restart(t, at, func(o *office, resume int64) {
				alone := open(t, at.topic)
				alone.assign(t)
				sameState(t, alone, o)
				used[o.owned[3].snapshot > 0]++
				if rapid.Bool().Draw(t, "loses a race") {
					first := true
					fault := rapid.SampledFrom([]string{"lost answer", "another first", "not written"}).Draw(t, "fault")
					o.log.fault = func() string {
						if !first {
							return ""
						}
						first = false
						return fault
					}
				}
				end := min(len(recs), int(resume)+rapid.IntRange(0, 12).Draw(t, "inputs"))
				for o.handle(recs[resume:end]) != nil {
				}
			})
			alone := open(t, at.topic)
			alone.assign(t)
			sameState(t, alone, o)
		}
		last := open(t, at.topic)
		k := d.keep(t, last, at)
		resume := last.assign(t)
		if err := last.handle(recs[resume:]); err != nil {
			t.Fatalf("the last owner: %v", err)
		}
		last.checkTold(t)
		checkHistory(t, at.topic, recs)
		if err := k.Close(context.Background()); err != nil {
			t.Fatalf("close: %v", err)
		}
	})
	if used[true] == 0 || used[false] == 0 {
		t.Errorf("begun %d times from a snapshot, %d times without: the property shows nothing", used[true], used[false])
	}
}

// spoil does to the folder what a crash, a disk or a person may.
func (d *folder) spoil(t *rapid.T) {
	names, err := filepath.Glob(filepath.Join(d.dir, "*.snapshot"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		switch rapid.SampledFrom([]string{"", "", "", "", "torn", "gone", "a byte"}).Draw(t, "becomes") {
		case "torn":
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			err = os.Truncate(name, rapid.Int64Range(0, info.Size()-1).Draw(t, "size"))
			if err != nil {
				t.Fatal(err)
			}
		case "gone":
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		case "a byte":
			raw, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			raw[rapid.IntRange(0, len(raw)-1).Draw(t, "at")] ^= 0x55
			if err := os.WriteFile(name, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// kept returns a place with a log of so many inputs, and a folder with a snapshot of all of it.
func kept(t *testing.T, recs []bus.Record) (*place, *folder) {
	t.Helper()
	d, at := &folder{dir: t.TempDir()}, &place{topic: &topic{}, origin: "here"}
	d.restart(t, at, func(o *office, _ int64) {
		if err := o.handle(recs); err != nil {
			t.Fatal(err)
		}
	})
	if names, err := filepath.Glob(filepath.Join(d.dir, "*.snapshot")); err != nil || len(names) != 1 {
		t.Fatalf("snapshots: %v %v\n%s", names, err, d.said.String())
	}
	return at, d
}

// A snapshot of another log is never used, nor one of this log as it was before its end was cut off.
func TestASnapshotOfAnotherLogIsRefused(t *testing.T) {
	recs := inputs(t, mixed(2)...)
	for reason, change := range map[snapshot.Reason]func(*testing.T, *place, *office){
		snapshot.Foreign: func(_ *testing.T, at *place, _ *office) { at.origin = "there" },
		snapshot.Ahead:   func(_ *testing.T, at *place, _ *office) { at.records, at.stamps = at.records[:5], at.stamps[:5] },
		snapshot.Differs: func(t *testing.T, at *place, _ *office) { // made again, and used by others
			others := inputs(t, person(7).submit(), person(8).submit())
			*at.topic = topic{}
			o := open(t, at.topic)
			o.assign(t)
			for len(at.records) < 40 {
				if err := o.handle(others); err != nil {
					t.Fatal(err)
				}
				at.land(0, []schemas.Record{at.records[0].Record}) // void
			}
		},
		snapshot.Outdated: func(_ *testing.T, _ *place, o *office) { o.refuse = errors.New("counted otherwise") },
	} {
		t.Run(string(reason), func(t *testing.T) {
			at, d := kept(t, recs)
			o := open(t, at.topic)
			change(t, at, o)
			k := d.keep(t, o, at)
			o.assign(t)
			alone := open(t, at.topic)
			alone.assign(t)
			sameState(t, alone, o)
			o.checkTold(t)
			if !strings.Contains(d.said.String(), "reason="+string(reason)) {
				t.Errorf("said: %s", d.said.String())
			}
			if err := k.Close(context.Background()); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// The same bytes at the same offset are not enough: a log that was made again and was told the same has other times.
func TestALogThatWasMadeAgainWithTheSameContent(t *testing.T) {
	at, d := kept(t, inputs(t, mixed(2)...))
	for i := range at.records {
		at.records[i].Time = at.records[i].Time.Add(time.Hour)
	}
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	o.assign(t)
	if o.owned[3].snapshot != 0 || !strings.Contains(d.said.String(), "reason=differs") {
		t.Errorf("begun from %d: %s", o.owned[3].snapshot, d.said.String())
	}
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A log that has lost its beginning raises the alarm, with a snapshot as without.
func TestASnapshotDoesNotStandInForALogThatIsLost(t *testing.T) {
	at, d := kept(t, inputs(t, mixed(2)...))
	at.first = 3
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	o.assign(t) // this log is read from 0 all the same; the bus refuses to
	if o.owned[3].snapshot != 0 {
		t.Error("begun from a snapshot")
	}
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// Kafka does not answer a question about a snapshot: the partition waits, as it would for the log.
func TestAnOutageIsWaitedOut(t *testing.T) {
	at, d := kept(t, inputs(t, mixed(2)...))
	at.err = errLink
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	if _, err := o.Assigned(context.Background(), 3); !errors.Is(err, errLink) {
		t.Errorf("assigned with %v", err)
	}
	at.err = nil
	if o.assign(t); o.owned[3].snapshot == 0 {
		t.Error("the snapshot was lost with the outage")
	}
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// A step that believes something else than the log says keeps no snapshot of it.
func TestAnUnlikePictureIsNotKept(t *testing.T) {
	d, at := &folder{dir: t.TempDir()}, &place{topic: &topic{}, origin: "here"}
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	o.assign(t)
	k.place = &otherPlace{at}
	if err := o.handle(inputs(t, mixed(2)...)); err != nil {
		t.Fatal(err)
	}
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if names, err := filepath.Glob(filepath.Join(d.dir, "*")); err != nil || len(names) != 0 {
		t.Errorf("kept: %v %v", names, err)
	}
	if !strings.Contains(d.said.String(), errUnlike.Error()) {
		t.Errorf("said: %s", d.said.String())
	}
}

// otherPlace has other records at the same offsets.
type otherPlace struct{ *place }

func (l *otherPlace) At(ctx context.Context, partition int32, offset int64) (bus.Record, error) {
	rec, err := l.place.At(ctx, partition, offset)
	rec.Value = bytes.Replace(rec.Value, []byte(`"seq":`), []byte(`"seq":1`), 1)
	return rec, err
}

func TestWhenASnapshotIsDue(t *testing.T) {
	s := Schedule{}.withDefaults()
	many := map[string]*file{}
	for i := range 160_000 {
		many[fmt.Sprint(i)] = nil
	}
	for _, row := range []struct {
		files map[string]*file
		fresh int
		want  bool
	}{{nil, 4999, false}, {nil, 5000, true}, {many, 5000, false}, {many, 9999, false}, {many, 10_000, true}} {
		if got := s.worthwhile(&partition{files: row.files, fresh: row.fresh}); got != row.want {
			t.Errorf("%d fresh of %d files: %v", row.fresh, len(row.files), got)
		}
	}
	if (Schedule{After: -1}).worthwhile(&partition{}) {
		t.Error("due though nothing happened")
	}
	now := time.Date(2026, 9, 11, 9, 0, 0, 0, time.UTC)
	d, at := &folder{dir: t.TempDir()}, &place{topic: &topic{}, origin: "here"}
	o := open(t, at.topic)
	k := d.keep(t, o, at)
	k.now = func() time.Time { return now }
	o.assign(t)
	recs := inputs(t, mixed(2)...)
	handle := func(from, to int) {
		if err := o.handle(recs[from:to]); err != nil {
			t.Fatal(err)
		}
	}
	handle(0, 1)
	if o.owned[3].fresh != 0 {
		t.Errorf("%d fresh after the first, none is kept yet", o.owned[3].fresh)
	}
	now = now.Add(time.Hour - time.Second)
	handle(1, 2)
	if o.owned[3].fresh != 1 {
		t.Errorf("%d fresh though the hour is not over", o.owned[3].fresh)
	}
	now = now.Add(time.Second)
	handle(2, 3)
	if o.owned[3].fresh != 0 {
		t.Errorf("%d fresh though the hour is over", o.owned[3].fresh)
	}
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// What waits at the end is written, unless there is no time.
func TestCloseWritesWhatWaits(t *testing.T) {
	recs := inputs(t, mixed(3)...)
	for name, limit := range map[string]time.Duration{"in time": time.Minute, "too late": 0} {
		t.Run(name, func(t *testing.T) {
			d, at := &folder{dir: t.TempDir()}, &place{topic: &topic{}, origin: "here"}
			o := open(t, at.topic)
			k := d.keep(t, o, at)
			held := make(chan struct{})
			o.assign(t)
			k.place = &slowPlace{at, held}
			if err := o.handle(recs); err != nil {
				t.Fatal(err)
			}
			if limit > 0 {
				close(held)
			}
			ctx, cancel := context.WithTimeout(context.Background(), limit)
			defer cancel()
			if err := k.Close(ctx); err != nil {
				t.Fatal(err)
			}
			names, err := filepath.Glob(filepath.Join(d.dir, "*"))
			if err != nil || (len(names) > 0) != (limit > 0) {
				t.Errorf("left: %v %v", names, err)
			}
		})
	}
}

// slowPlace does not say its origin before it is let.
type slowPlace struct {
	*place
	held chan struct{}
}

func (l *slowPlace) Origin(ctx context.Context) (string, error) {
	select {
	case <-l.held:
		return l.place.Origin(ctx)
	case <-ctx.Done():
		return "", ctx.Err()
	}
}
