package deadline

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"permithub/internal/testcluster"
)

// bulk returns what a rebuild writes: cases with five deadlines each, of which the index keeps one, in batches of a thousand cases.
func bulk(nos []string) []Projection {
	var out []Projection
	for i, no := range nos {
		if i%1000 == 0 {
			out = append(out, Projection{From: int64(len(out)), Next: int64(len(out)) + 1})
		}
		b := &out[len(out)-1]
		b.Cases = append(b.Cases, standing(no, 1, rungs(no, "T1", 60, 120, 180, 240, 300)...))
	}
	return out
}

// said returns a number of INFO.
func said(b *testing.B, s *Store, section, name string) float64 {
	b.Helper()
	info, err := s.rdb.Info(context.Background(), section).Result()
	if err != nil {
		b.Fatal(err)
	}
	for line := range strings.SplitSeq(info, "\r\n") {
		if text, ok := strings.CutPrefix(line, name+":"); ok {
			n, err := strconv.ParseFloat(text, 64)
			if err != nil {
				b.Fatal(err)
			}
			return n
		}
	}
	b.Fatalf("redis does not say %s", name)
	return 0
}

// busy returns the seconds of processor that Redis has used: on a busy machine they say more than the wall clock.
func busy(b *testing.B, s *Store) float64 {
	return said(b, s, "cpu", "used_cpu_user") + said(b, s, "cpu", "used_cpu_sys")
}

// flush empties Redis and returns the seconds of processor that it had used by then.
func flush(b *testing.B, s *Store) float64 {
	b.Helper()
	if err := s.rdb.FlushAll(context.Background()).Err(); err != nil {
		b.Fatal(err)
	}
	return busy(b, s)
}

func applyAll(b *testing.B, s *Store, projections []Projection) {
	b.Helper()
	for _, p := range projections {
		if v, _, err := s.Apply(b.Context(), p); err != nil || v != Applied {
			b.Fatal(v, err)
		}
	}
}

// BenchmarkRebuild applies 100,000 cases, with their cards and numbers, to an empty redis-server.
func BenchmarkRebuild(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	projections := bulk(applicationsOf(0, 100_000))
	var cpu float64
	for b.Loop() {
		b.StopTimer()
		before := flush(b, s)
		b.StartTimer()
		applyAll(b, s, projections)
		b.StopTimer()
		cpu += busy(b, s) - before
		b.StartTimer()
	}
	b.ReportMetric(cpu/float64(b.N)*1e6/100_000, "redis-us/case")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/100000")
}

// BenchmarkMemory reports what the next deadline of a case costs in Redis: [deadlineBytes] is the limit at a million, and a test holds it.
func BenchmarkMemory(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	nos := applicationsOf(0, 100_000)
	for b.Loop() {
		applyAll(b, s, bulk(nos))
	}
	b.ReportMetric(float64(memoryOf(b, s, s.dueKey(0)))/100_000, "B/deadline")
	all := said(b, s, "memory", "used_memory")
	flush(b, s)
	b.ReportMetric((all-said(b, s, "memory", "used_memory"))/100_000, "B/case-with-card")
}

func memoryOf(t testing.TB, s *Store, key string) int64 {
	t.Helper()
	n, err := s.rdb.MemoryUsage(context.Background(), key, 0).Result() // 0: look at every element
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// deadlineBytes is what one deadline may cost in Redis.
const deadlineBytes = 140

// TestMemoryOfAMillionDeadlines arms a million cases with one deadline each, the dearest case: what else a case has costs nothing. It counts
// what redis-server has allocated for it, every key of the index but the cards, which a case has with or without deadlines.
func TestMemoryOfAMillionDeadlines(t *testing.T) {
	if testing.Short() {
		t.Skip("a million deadlines")
	}
	const n = 1_000_000
	s := open(t, testcluster.Redis(t), nil)
	used := func() float64 {
		info, err := s.rdb.InfoMap(t.Context(), "memory").Result()
		if err != nil {
			t.Fatal(err)
		}
		bytes, err := strconv.ParseFloat(info["Memory"]["used_memory"], 64)
		if err != nil {
			t.Fatal(err)
		}
		return bytes
	}
	before := used()
	began := time.Now()
	for at := 0; at < n; at += 1000 {
		members := make([]redis.Z, 1000)
		for i := range members {
			no := fmt.Sprintf("%016dX", at+i) // as long as an application number
			e := Entry{ApplicationNo: no, Clock: "T1", Rung: 100, Due: start.Add(time.Duration(at+i) * time.Second)}
			members[i] = redis.Z{Member: no, Score: float64(e.score())}
		}
		if err := s.rdb.ZAdd(t.Context(), s.dueKey(0), members...).Err(); err != nil {
			t.Fatal(err)
		}
	}
	each := (used() - before) / n
	t.Logf("%.1f bytes a deadline by used_memory, %.1f by MEMORY USAGE; written in %s", each, float64(memoryOf(t, s, s.dueKey(0)))/n, time.Since(began).Round(time.Millisecond))
	if each > deadlineBytes {
		t.Errorf("%.1f bytes a deadline, want at most %d", each, deadlineBytes)
	}
	idle := time.Now()
	const looks = 100
	for range looks {
		if got, err := s.Claim(t.Context(), 0, start.Add(-time.Hour), 500, time.Minute); err != nil || len(got) > 0 {
			t.Fatal(len(got), err)
		}
	}
	if took := time.Since(idle) / looks; took > time.Millisecond {
		t.Errorf("a look at a million deadlines of which none is due takes %s, want at most 1 ms", took)
	} else {
		t.Logf("an idle look takes %s", took)
	}
}

// BenchmarkClaim claims 50,000 deadlines that are due at once.
func BenchmarkClaim(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	projections := bulk(applicationsOf(0, 50_000))
	var cpu float64
	for b.Loop() {
		b.StopTimer()
		flush(b, s)
		applyAll(b, s, projections)
		before := busy(b, s)
		b.StartTimer()
		for n := 0; n < 50_000; {
			got, err := s.Claim(b.Context(), 0, start.Add(24*time.Hour), 500, time.Minute)
			if err != nil || len(got) == 0 {
				b.Fatal(len(got), err)
			}
			n += len(got)
		}
		b.StopTimer()
		cpu += busy(b, s) - before
		b.StartTimer()
	}
	b.ReportMetric(cpu/float64(b.N), "redis-s/50000")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/50000")
}
