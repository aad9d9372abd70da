package clock

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/internal/fault"
	"permithub/internal/testcluster"
)

func mustHandle(t testing.TB, s *Step, b bus.Batch) {
	t.Helper()
	if err := s.Handle(context.Background(), b); err != nil {
		t.Fatal(err)
	}
}

func mustAssign(t testing.TB, s *Step, partition int32) int64 {
	t.Helper()
	resume, err := s.Assigned(context.Background(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return resume
}

// story is a log of three persons with void records between; the third one's transitions lie in its middle.
func story(t testing.TB, partition int32) *memory {
	p := personsOf(t, partition, 3)
	m := &memory{}
	m.append(p[0].submit(), p[0].accept("T1", 10, 20, 30), nil, p[1].submit(), p[0].fire(0, 0), nil, nil,
		p[2].submit(), p[2].accept("T1", 12, 22), p[1].accept("T1", 11, 21, 31), p[1].accept("T4", 90),
		p[0].pause(true, 0), p[0].pause(false, 5), p[1].end(1), p[1].submit())
	return m
}

func TestIndexFollowsTheLog(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		index, log := open(t, r.addr), story(t, 1)
		s := newStep(t, index, &memory{values: log.values[:0]})
		mustAssign(t, s, 1)
		s.log = log
		for from := int64(0); from < log.end(); from += 2 {
			mustHandle(t, s, log.batch(1, from, from+2))
			// Over a gap the step reads the log itself, up to its end.
			equalsLog(t, index, 1, &memory{values: log.values[:max(min(from+2, log.end()), mustMark(t, index, 1))]})
		}
		equalsLog(t, index, 1, log)
	})
}

func mustMark(t testing.TB, index Index, partition int32) int64 {
	t.Helper()
	mark, _, err := index.Mark(context.Background(), partition)
	if err != nil {
		t.Fatal(err)
	}
	return mark
}

func TestRecovery(t *testing.T) {
	for _, row := range []struct {
		name string
		run  func(t *testing.T, r server, s *Step, log *memory)
	}{
		{"flush, then a batch", func(t *testing.T, r server, s *Step, log *memory) {
			more := personsOf(t, 1, 4)[3]
			r.flush()
			from := log.end()
			log.append(more.submit(), more.accept("T1", 5))
			mustHandle(t, s, log.batch(1, from, log.end()))
		}},
		{"flush without traffic", func(t *testing.T, r server, s *Step, log *memory) {
			r.flush()
			if err := s.check(t.Context()); err != nil {
				t.Fatal(err)
			}
		}},
		{"flush while nobody runs", func(t *testing.T, r server, s *Step, log *memory) {
			r.flush()
			if resume := mustAssign(t, newStep(t, s.index, log), 1); resume != log.end() {
				t.Errorf("resumes at %d, want %d", resume, log.end())
			}
		}},
		{"everything delivered again with other borders", func(t *testing.T, r server, s *Step, log *memory) {
			for from := int64(0); from < log.end(); from += 3 {
				mustHandle(t, s, log.batch(1, from, from+5))
			}
		}},
		{"an old owner goes on", func(t *testing.T, r server, s *Step, log *memory) {
			zombie := newStep(t, s.index, &memory{values: log.values[:3]})
			mustAssign(t, zombie, 1)
			zombie.log = log
			mustHandle(t, zombie, log.batch(1, 3, 6))
			mustHandle(t, zombie, log.batch(1, 6, log.end()))
		}},
		{"a partition comes back after another process lost what it applied", func(t *testing.T, r server, s *Step, log *memory) {
			r.flush()
			short := &memory{values: log.values[:6]}
			old := newStep(t, s.index, short)
			mustAssign(t, old, 1) // as far as it was when it owned the partition
			old.log = log
			mustHandle(t, old, log.batch(1, 9, log.end())) // what lies between is not delivered to it
		}},
		{"index of a longer log", func(t *testing.T, r server, s *Step, log *memory) {
			log.values = log.values[:5]
			if resume := mustAssign(t, newStep(t, s.index, log), 1); resume != 5 {
				t.Errorf("resumes at %d, want 5", resume)
			}
		}},
		{"revoked and assigned again", func(t *testing.T, r server, s *Step, log *memory) {
			s.Revoked(1)
			if got := s.staleness(); got != 0 {
				t.Errorf("stale by %v with nothing owned", got)
			}
			r.flush()
			if err := s.check(t.Context()); err != nil || mustMark(t, s.index, 1) != 0 {
				t.Errorf("looked at a partition that is another's: %v", err)
			}
			mustAssign(t, s, 1)
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r server) {
				index, log := open(t, r.addr), story(t, 1)
				s := newStep(t, index, log)
				mustAssign(t, s, 1)
				equalsLog(t, index, 1, log)
				row.run(t, r, s, log)
				equalsLog(t, index, 1, log)
			})
		})
	}
}

// command speaks one inline command of the Redis protocol and returns the first line of the answer.
func command(t *testing.T, addr, text string) string {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := io.WriteString(c, text+"\r\n"); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 256)
	n, err := c.Read(buf)
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(buf[:n]))
}

func TestAnOlderRedisComesBack(t *testing.T) {
	r := testcluster.StartRedis(t, testcluster.RedisConfig{})
	index, log := open(t, r.Addr()), story(t, 1)
	s := newStep(t, index, &memory{values: log.values[:4]})
	mustAssign(t, s, 1)
	if got := command(t, r.Addr(), "SAVE"); got != "+OK" {
		t.Fatal(got)
	}
	s.log = log
	mustHandle(t, s, log.batch(1, 4, log.end()))
	equalsLog(t, index, 1, log)
	r.Kill(t)
	r.Restart(t)
	if mark := mustMark(t, index, 1); mark != 4 {
		t.Fatalf("the mark stands at %d after the restart, want 4", mark)
	}
	if err := s.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	equalsLog(t, index, 1, log)
	if got := testutil.ToFloat64(s.metrics.replays); got != 1 {
		t.Errorf("%v replays counted, want 1", got)
	}
}

func TestTwoOwnersAtOnceAndFlushes(t *testing.T) {
	r := testcluster.StartRedis(t, testcluster.RedisConfig{})
	log := &memory{}
	for _, p := range personsOf(t, 1, 40) {
		log.append(p.submit(), p.accept("T1", 10, 20, 30), nil, p.fire(0, 0), p.accept("T4", 40))
	}
	var group sync.WaitGroup
	steps := make([]*Step, 3)
	for i := range steps {
		s := newStep(t, open(t, r.Addr()), log)
		steps[i] = s
		group.Go(func() {
			mustAssign(t, s, 1)
			for from := int64(0); from < log.end(); from += 7 {
				if err := s.Handle(t.Context(), log.batch(1, from, from+9)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Go(func() {
		for range 5 {
			r.Flush(t)
			if err := steps[0].check(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
	group.Wait()
	if err := steps[1].check(t.Context()); err != nil {
		t.Error(err)
	}
	equalsLog(t, open(t, r.Addr()), 1, log)
}

func TestUndecodableTransitionStopsThePartition(t *testing.T) {
	r := testcluster.Redis(t)
	index, log := open(t, r), story(t, 1)
	s := newStep(t, index, log)
	mustAssign(t, s, 1)
	from := log.end()
	log.append([]byte(`{"seq":"one","person":{"full_name":"张三"}}`))
	err := s.Handle(t.Context(), log.batch(1, from, from+1))
	if fault.ClassOf(err) != fault.Unavailable || fault.CodeOf(err) != "undecodable_transition" {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(err.Error(), "case-log/1@15") || strings.Contains(err.Error(), "张三") {
		t.Errorf("the error must name the position and nothing personal: %v", err)
	}
	if mark := mustMark(t, index, 1); mark != from {
		t.Errorf("the mark went to %d over it", mark)
	}
}

func TestPartitionsThatDoNotExist(t *testing.T) {
	s := newStep(t, nil, nil)
	s.Revoked(partitions)
	if _, err := s.Assigned(t.Context(), partitions); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("assigned: %v", err)
	}
	if err := s.Handle(t.Context(), bus.Batch{Partition: -1}); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("handle: %v", err)
	}
	if err := (&Config{Every: -1}).Validate(); err == nil || strings.Count(err.Error(), "\n") != 1 {
		t.Errorf("want two faults, got %v", err)
	}
}

// fakeIndex is an index with a mark only.
type fakeIndex struct {
	mu   sync.Mutex
	mark int64
	down bool
	lost bool // every batch finds the mark gone
}

var errDown = fault.Outage("redis", errors.New("down"))

func (f *fakeIndex) set(mark int64, down bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mark, f.down = mark, down
}

func (f *fakeIndex) Apply(_ context.Context, p deadline.Projection) (deadline.Verdict, int64, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.down:
		return "", 0, errDown
	case f.lost || f.mark < p.From:
		return deadline.Regressed, 0, nil
	}
	f.mark = p.Next
	return deadline.Applied, f.mark, nil
}

func (f *fakeIndex) Mark(context.Context, int32) (int64, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.down {
		return 0, false, errDown
	}
	return f.mark, f.mark > 0, nil
}

func (f *fakeIndex) Reset(context.Context, int32) error { f.set(0, false); return nil }

func TestAMarkThatKeepsGoingBackIsAnOutage(t *testing.T) {
	s := newStep(t, &fakeIndex{lost: true}, story(t, 0))
	if _, err := s.Assigned(t.Context(), 0); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("got %v", err)
	}
}

func TestWatchRepairsWithinASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		index, log := &fakeIndex{}, story(t, 0)
		s := newStep(t, index, log)
		s.logger = slog.New(slog.NewTextHandler(&lines, nil))
		mustAssign(t, s, 0)
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { s.Watch(ctx) })

		index.set(0, false)
		time.Sleep(time.Second + time.Millisecond)
		if mark := mustMark(t, index, 0); mark != log.end() {
			t.Errorf("mark %d a second after the flush, want %d", mark, log.end())
		}
		index.set(0, true)
		time.Sleep(10 * time.Second)
		if got := s.staleness(); got < 9 || got > 11 {
			t.Errorf("stale by %v s after 10 s of outage", got)
		}
		index.set(0, false)
		time.Sleep(2 * time.Second)
		if got := s.staleness(); got > 1 {
			t.Errorf("still stale by %v s", got)
		}
		cancel()
		group.Wait()
		if got := strings.Count(lines.String(), "cannot be confirmed"); got != 1 {
			t.Errorf("the outage is logged %d times:\n%s", got, lines.String())
		}
		if !strings.Contains(lines.String(), "confirmed again") {
			t.Error("its end is not logged")
		}
	})
}

func TestMetrics(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	s, err := New(Config{Partitions: 1}, &fakeIndex{}, &memory{}, slog.New(slog.DiscardHandler), reg)
	if err != nil {
		t.Fatal(err)
	}
	mustAssign(t, s, 0)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg); err != nil || n != 6 {
		t.Errorf("%d series visible at the start, %v", n, err)
	}
}
