package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
	"permithub/schemas"
)

func logRecord(value string) schemas.Record {
	return schemas.Record{Key: "a", Value: []byte(value), Headers: []schemas.Header{{Key: "ce_id", Value: value}}}
}

// readLog returns the valid records by offset, and the end of the partition.
func readLog(t testing.TB, l *Log, from int64) (map[int64]string, int64) {
	t.Helper()
	got := map[int64]string{}
	end, err := l.Read(deadline(t, 30*time.Second), 0, from, func(r Record) error {
		got[r.Offset] = string(r.Value)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return got, end
}

func TestAppendIsValidOnlyWhereItWasMeantToLand(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	l, ctx := c.Log("log.v1"), deadline(t, 30*time.Second)

	if err := l.Append(ctx, 0, 0, []schemas.Record{logRecord("a0"), logRecord("a1")}); err != nil {
		t.Fatal(err)
	}
	// A zombie still believes that the log is empty; its retry is no better.
	for range 2 {
		if err := l.Append(ctx, 0, 0, []schemas.Record{logRecord("zombie")}); !errors.Is(err, ErrLost) {
			t.Fatalf("append behind another: got %v, want ErrLost", err)
		}
	}
	// Stamped beyond the end: void as well.
	if err := l.Append(ctx, 0, 9, []schemas.Record{logRecord("early")}); !errors.Is(err, ErrLost) {
		t.Fatalf("append beyond the end: got %v, want ErrLost", err)
	}
	if err := l.Append(ctx, 0, 5, []schemas.Record{logRecord("a5")}); err != nil {
		t.Fatal(err)
	}
	got, end := readLog(t, l, 0)
	if diff := cmp.Diff(map[int64]string{0: "a0", 1: "a1", 5: "a5"}, got); diff != "" {
		t.Error(diff)
	}
	if end != 6 {
		t.Errorf("end: got %d, want 6", end)
	}
	if got, _ := readLog(t, l, 5); len(got) != 1 {
		t.Errorf("read from 5: got %v", got)
	}
}

func TestLogRefuses(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	l, ctx := c.Log("log.v1"), deadline(t, 30*time.Second)

	big := logRecord(strings.Repeat("x", MaxAppendBytes))
	if err := l.Append(ctx, 0, 0, []schemas.Record{big}); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("too large: got %v, want a permanent error", err)
	}
	if err := l.Append(ctx, 7, 0, []schemas.Record{logRecord("a")}); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("no such partition: got %v, want a permanent error", err)
	}
	if _, err := l.Read(ctx, 0, 1, nil); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("read beyond the end: got %v, want ErrOutOfRange", err)
	}
	failed := errors.New("enough")
	if err := l.Append(ctx, 0, 0, []schemas.Record{logRecord("a")}); err != nil {
		t.Fatal(err)
	}
	if _, err := l.Read(ctx, 0, 0, func(Record) error { return failed }); !errors.Is(err, failed) {
		t.Errorf("error of the callback: got %v", err)
	}
}

// AppendSize lets a caller cut batches: whatever fits by it is accepted.
func TestAppendSizeIsAnUpperBound(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	record := logRecord(strings.Repeat("x", 700))
	n := MaxAppendBytes / AppendSize(record)
	batch := make([]schemas.Record, n)
	for i := range batch {
		batch[i] = record
	}
	if err := c.Log("log.v1").Append(deadline(t, 30*time.Second), 0, 0, batch); err != nil {
		t.Fatal(err)
	}
	if _, end := readLog(t, c.Log("log.v1"), 0); end != int64(n) {
		t.Errorf("end: got %d, want %d", end, n)
	}
}

func TestTwoOwnersLeaveOneHistory(t *testing.T) {
	testTwoOwners(t, startKfake(t).ListenAddrs(), nil)
}

// testTwoOwners lets two processes that both believe they own a partition write to its log. Each record names how many
// valid records its writer had seen; so the valid records are one history if and only if each names its own place.
func testTwoOwners(t *testing.T, brokers []string, disturb func()) {
	const owners, appends, size = 2, 150, 3
	first := openClient(t, testConfig(brokers))
	topic := strings.ReplaceAll(t.Name(), "/", "-")
	createTopics(t, first, TopicSpec{Name: topic, Partitions: 1})
	ctx := deadline(t, 4*time.Minute)
	claimed := make([]map[int64]string, owners)
	var writers sync.WaitGroup
	for w := range owners {
		claimed[w] = map[int64]string{}
		o := owner{log: openClient(t, testConfig(brokers)).Log(topic), name: w, claimed: claimed[w]}
		writers.Go(func() {
			for i := range appends {
				if err := o.append(ctx, i, size); err != nil {
					t.Errorf("owner %d: %v", w, err)
					return
				}
			}
		})
	}
	if disturb != nil {
		disturb()
	}
	writers.Wait()

	got, end := readLog(t, first.Log(topic), 0)
	want := map[int64]string{}
	for w := range owners {
		for offset, value := range claimed[w] {
			want[offset] = value
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("what the owners were told differs from what a reader sees:\n%s", diff)
	}
	if len(got) != owners*appends*size {
		t.Errorf("valid records: got %d, want %d", len(got), owners*appends*size)
	}
	place := 0
	for offset := range end {
		if v, ok := got[offset]; ok {
			if !strings.HasPrefix(v, fmt.Sprintf("%d ", place)) {
				t.Fatalf("record %d of the history was decided on another one: %s", place, v)
			}
			place++
		}
	}
	void := int(end) - len(got)
	t.Logf("%d valid, %d void", len(got), void)
	if void > len(got)/2 {
		t.Errorf("void records: got %d for %d valid ones, want the owners to step back for each other", void, len(got))
	}
}

// owner applies what is valid and appends behind it, as the approval step does.
type owner struct {
	log     *Log
	name    int
	next    int64
	count   int // valid records so far
	claimed map[int64]string
}

// append decides and writes until one of its batches stands. A request whose answer was lost may land after the next one was sent, so whatever
// was written for this append is looked for until one batch is found.
func (o *owner) append(ctx context.Context, i, size int) error {
	tried := map[int64]string{}
	for {
		stands, err := o.catchUp(ctx, tried)
		if err != nil || stands == size {
			return err
		}
		batch := make([]schemas.Record, size)
		for k := range batch {
			batch[k] = logRecord(fmt.Sprintf("%d owner %d append %d.%d", o.count+k, o.name, i, k))
			tried[o.next+int64(k)] = string(batch[k].Value)
		}
		err = o.log.Append(ctx, 0, o.next, batch)
		switch {
		case err == nil:
			for k := range batch {
				o.claimed[o.next+int64(k)] = string(batch[k].Value)
			}
			o.next, o.count = o.next+int64(size), o.count+size
			return nil
		case !errors.Is(err, ErrLost) && fault.ClassOf(err) != fault.Unavailable:
			return err
		}
	}
}

// catchUp applies the valid records from o.next on and says how many of those that were tried are among them.
func (o *owner) catchUp(ctx context.Context, tried map[int64]string) (stands int, err error) {
	end, err := o.log.Read(ctx, 0, o.next, func(r Record) error {
		o.count++
		if tried[r.Offset] == string(r.Value) {
			stands++
			o.claimed[r.Offset] = string(r.Value)
		}
		return nil
	})
	if err == nil {
		o.next = end
	}
	return stands, err
}
