package bus

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"permithub/schemas"
)

// fillLog writes n records of 256 KiB, of which a reading needs several fetches.
func fillLog(t *testing.T, l *Log, n int) {
	t.Helper()
	for i := range n {
		if err := l.Append(deadline(t, 30*time.Second), 0, int64(i), []schemas.Record{logRecord(strings.Repeat(string(rune('a'+i%26)), 256<<10))}); err != nil {
			t.Fatal(err)
		}
	}
}

// What is fetched ahead comes in order and once, and nothing goes on in the background when the reading is over.
func TestReadAhead(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	l := c.Log("log.v1")
	const n = 100 // 25 MiB: four fetches
	fillLog(t, l, n)
	for name, from := range map[string]int64{"all": 0, "the end": n - 1, "nothing": n} {
		next := from
		end, err := l.Read(deadline(t, 30*time.Second), 0, from, func(r Record) error {
			if r.Offset != next || r.Value[0] != byte('a'+r.Offset%26) {
				t.Errorf("%s: got offset %d with %q, want %d", name, r.Offset, r.Value[:1], next)
			}
			next++
			return nil
		})
		if err != nil || end != n || next != n {
			t.Errorf("%s: ended at %d of %d: %v", name, next, end, err)
		}
	}
	enough := errors.New("enough")
	if _, err := l.Read(deadline(t, 30*time.Second), 0, 0, func(Record) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("got %v, want the callback's error", err)
	}
}

// A reading that is cut off never looks like one that came to its end.
func TestReadAheadThatIsCutOff(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
	l := c.Log("log.v1")
	const n = 100
	fillLog(t, l, n)
	for at := int64(0); at < n; at += 9 {
		ctx, cancel := context.WithCancel(deadline(t, 30*time.Second))
		_, err := l.Read(ctx, 0, 0, func(r Record) error {
			if r.Offset == at {
				cancel()
			}
			return nil
		})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Errorf("cut off at %d: got %v, want context canceled", at, err)
		}
	}
}

func TestOrigin(t *testing.T) {
	first, second := startKfake(t), startKfake(t)
	c := openClient(t, testConfig(first.ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 2})
	l := c.Log("log.v1")
	fillLog(t, l, 2)
	ctx := deadline(t, 30*time.Second)
	origin, err := l.Origin(ctx)
	if err != nil || !strings.HasSuffix(origin, "/test.log.v1") || strings.HasPrefix(origin, "/") {
		t.Errorf("origin %q, %v", origin, err)
	}
	cfg := testConfig(second.ListenAddrs())
	cfg.Prefix = "other"
	if other, err := openClient(t, cfg).Log("log.v1").Origin(ctx); err != nil || other == origin {
		t.Errorf("another installation's is %q too, %v", other, err)
	}
	if got, err := l.Bounds(ctx, 0); err != nil || got != (Offsets{First: 0, Next: 2}) {
		t.Errorf("bounds %+v, %v", got, err)
	}
	if r, err := l.At(ctx, 0, 1); err != nil || r.Offset != 1 || r.Value[0] != 'b' || r.Time.IsZero() {
		t.Errorf("record %d of %s, %v", r.Offset, r.Time, err)
	}
	if _, err := l.At(ctx, 1, 0); !errors.Is(err, ErrOutOfRange) {
		t.Errorf("got %v, want ErrOutOfRange", err)
	}
}
