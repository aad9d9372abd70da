package deadline

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
)

func TestClaimIsExactToTheMicrosecond(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	due := rungs(no, "T1", 1)[0].Due // 123456 µs past the second: the score is rounded up to 124 ms
	for _, row := range []struct {
		name string
		now  time.Time
		want int
	}{
		{"long before", due.Add(-time.Hour), 0},
		{"in the millisecond before", due.Truncate(time.Millisecond), 0},
		{"in the next millisecond", due.Truncate(time.Millisecond).Add(time.Millisecond), 1},
		{"days after", due.Add(72 * time.Hour), 1},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r server) {
				s := open(t, r.addr, nil)
				mustApply(t, s, 0, 0, standing(no, 1, rungs(no, "T1", 1)...))
				got, err := s.Claim(t.Context(), 0, row.now, 10, time.Minute)
				if err != nil || len(got) != row.want {
					t.Fatalf("claimed %v, %v; want %d", got, err, row.want)
				}
				if row.want == 1 && !got[0].Due.Equal(due) {
					t.Errorf("due %s, want %s", got[0].Due, due)
				}
			})
		})
	}
}

func TestLease(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	all := rungs(no, "T1", 1, 2, 3)
	now := start.Add(2*time.Minute + time.Second)
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		mustApply(t, s, 0, 0, standing(no, 1, all...))
		claim := func(at time.Time, limit int, want ...Entry) {
			t.Helper()
			got, err := s.Claim(ctx, 0, at, limit, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("claim at %s (-want +got):\n%s", at.Sub(start), diff)
			}
		}
		next := func(want time.Time) {
			t.Helper()
			got, ok, err := s.Next(ctx, 0, 1, 2)
			if err != nil || !ok || got.Sub(want).Abs() > time.Millisecond {
				t.Errorf("next %s %v %v, want %s", got, ok, err, want)
			}
		}
		next(all[0].Due)
		claim(now, 1, all[0])
		next(all[1].Due)
		claim(now, 10, all[1])
		claim(now.Add(9*time.Second), 10)
		next(now.Add(10 * time.Second))
		claim(now.Add(10*time.Second), 10, all[0], all[1]) // both leases ended
		if err := s.Extend(ctx, 0, all[:1], now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
		if err := s.Extend(ctx, 0, all[1:2], now); err != nil { // given back
			t.Fatal(err)
		}
		claim(now.Add(11*time.Second), 10, all[1])
		claim(start.Add(5*time.Minute), 10, all[1], all[2])
		claim(start.Add(2*time.Hour), 10, all...)
		if n, err := s.Count(ctx, now, 0, 1); err != nil || n != (Counts{Claimed: 3}) {
			t.Errorf("counts %+v, %v", n, err)
		}
	})
}

func TestExtendDoesNotBringBackWhatTheLogRemoved(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		mark := mustApply(t, s, 0, 0, standing(no, 1, rungs(no, "T1", 1)...))
		claimed, err := s.Claim(ctx, 0, start.Add(time.Hour), 10, time.Minute)
		if err != nil || len(claimed) != 1 {
			t.Fatal(claimed, err)
		}
		mustApply(t, s, 0, mark, standing(no, 2))
		if err := s.Extend(ctx, 0, claimed, start.Add(2*time.Hour)); err != nil {
			t.Fatal(err)
		}
		if _, ok, err := s.Next(ctx, 0); ok || err != nil {
			t.Errorf("something waits: %v %v", ok, err)
		}
	})
}

func TestPollersNeverClaimTheSame(t *testing.T) {
	const pollers = 6
	nos := applicationsOf(0, 400)
	onBoth(t, func(t *testing.T, r server) {
		var cases []Standing
		for _, no := range nos {
			cases = append(cases, standing(no, 1, rungs(no, "T1", 1, 2, 3)...))
		}
		mustApply(t, open(t, r.addr, nil), 0, 0, cases...)
		var mu sync.Mutex
		seen := map[string]int{}
		var group sync.WaitGroup
		for range pollers {
			s := open(t, r.addr, nil)
			group.Go(func() {
				for {
					got, err := s.Claim(t.Context(), 0, start.Add(time.Hour), 37, time.Hour)
					if err != nil {
						t.Error(err)
						return
					}
					if len(got) == 0 {
						return
					}
					mu.Lock()
					for _, e := range got {
						seen[e.member()]++
					}
					mu.Unlock()
				}
			})
		}
		group.Wait()
		if len(seen) != 1200 {
			t.Errorf("%d deadlines claimed, want 1200", len(seen))
		}
		for m, n := range seen {
			if n != 1 {
				t.Errorf("%s claimed %d times", m, n)
			}
		}
	})
}

func TestClaimRefuses(t *testing.T) {
	s := open(t, "127.0.0.1:1", nil)
	for _, row := range []struct {
		name  string
		limit int
		lease time.Duration
	}{{"no limit", 0, time.Second}, {"limit that blocks Redis", maxClaim + 1, time.Second}, {"no lease", 1, 0}} {
		t.Run(row.name, func(t *testing.T) {
			if _, err := s.Claim(t.Context(), 0, start, row.limit, row.lease); fault.ClassOf(err) != fault.Permanent {
				t.Errorf("got %v", err)
			}
		})
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("K3JQ|T1|50|lz8k3a2b")
	f.Add("|||")
	f.Add("a|b|-1|zzzzzzzzzzzzzzzzzzzz")
	f.Fuzz(func(t *testing.T, member string) {
		e, err := parseEntry(member)
		if err != nil {
			return
		}
		back, err := parseEntry(e.member())
		if err != nil || !cmp.Equal(e, back) {
			t.Errorf("%q: %v, %v", member, back, err)
		}
	})
}
