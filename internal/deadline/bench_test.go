package deadline

import (
	"context"
	"strconv"
	"strings"
	"testing"
	"time"

	"permithub/internal/testcluster"
)

// bulk returns what a rebuild writes: cases with these many deadlines each, in batches of a thousand cases.
func bulk(nos []string, each int) []Projection {
	minutes := make([]int, each)
	for i := range minutes {
		minutes[i] = 60 * (i + 1)
	}
	var out []Projection
	for i, no := range nos {
		if i%1000 == 0 {
			out = append(out, Projection{From: int64(len(out)), Next: int64(len(out)) + 1})
		}
		b := &out[len(out)-1]
		b.Cases = append(b.Cases, standing(no, 1, rungs(no, "T1", minutes...)...))
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

// BenchmarkRebuild applies 100,000 deadlines of 20,000 cases, with their cards, to an empty redis-server.
func BenchmarkRebuild(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	projections := bulk(applicationsOf(0, 20_000), 5)
	var cpu float64
	for b.Loop() {
		b.StopTimer()
		if err := s.rdb.FlushAll(b.Context()).Err(); err != nil {
			b.Fatal(err)
		}
		before := busy(b, s)
		b.StartTimer()
		for _, p := range projections {
			if v, _, err := s.Apply(b.Context(), p); err != nil || v != Applied {
				b.Fatal(v, err)
			}
		}
		b.StopTimer()
		cpu += busy(b, s) - before
		b.StartTimer()
	}
	b.ReportMetric(cpu/float64(b.N)*1e6/100_000, "redis-us/deadline")
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1e6/100_000, "us/deadline")
}

// BenchmarkMemory reports what a deadline costs in Redis: its part of the sorted set and of the hash, without the card.
func BenchmarkMemory(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	projections := bulk(applicationsOf(0, 20_000), 5)
	for b.Loop() {
		for _, p := range projections {
			if _, _, err := s.Apply(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
	}
	all := said(b, s, "memory", "used_memory")
	sorted, hash := memoryOf(b, s, s.dueKey(0)), memoryOf(b, s, s.armedKey(0))
	if err := s.rdb.FlushAll(b.Context()).Err(); err != nil {
		b.Fatal(err)
	}
	b.ReportMetric(float64(sorted)/100_000, "B/deadline-set")
	b.ReportMetric(float64(hash)/100_000, "B/deadline-armed")
	b.ReportMetric((all-said(b, s, "memory", "used_memory"))/20_000, "B/case-with-card")
}

func memoryOf(b *testing.B, s *Store, key string) int64 {
	b.Helper()
	n, err := s.rdb.MemoryUsage(context.Background(), key, 0).Result() // 0: look at every element
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// BenchmarkClaim claims 50,000 deadlines that are due at once.
func BenchmarkClaim(b *testing.B) {
	s := open(b, testcluster.Redis(b), nil)
	projections := bulk(applicationsOf(0, 10_000), 5)
	var cpu float64
	for b.Loop() {
		b.StopTimer()
		if err := s.rdb.FlushAll(b.Context()).Err(); err != nil {
			b.Fatal(err)
		}
		for _, p := range projections {
			if _, _, err := s.Apply(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
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
