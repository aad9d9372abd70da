package deadline

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
)

func TestClaimIsNeverEarly(t *testing.T) {
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
				if late := 544 * time.Microsecond; row.want == 1 && got[0].Due.Sub(due) != late {
					t.Errorf("due %s, want %s and %s", got[0].Due, due, late)
				}
			})
		})
	}
}

func TestLease(t *testing.T) {
	var all []Entry
	var cases []Standing
	for i, no := range applicationsOf(0, 3) {
		all = append(all, kept(rungs(no, "T1", i+1)...)...)
		cases = append(cases, standing(no, 1, rungs(no, "T1", i+1, 60)...))
	}
	now := start.Add(2*time.Minute + time.Second)
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		mustApply(t, s, 0, 0, cases...)
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
	nos := applicationsOf(0, 1200)
	onBoth(t, func(t *testing.T, r server) {
		var cases []Standing
		for _, no := range nos {
			cases = append(cases, standing(no, 1, rungs(no, "T1", 1, 2, 3)...))
		}
		mustApply(t, open(t, r.addr, nil), 0, 0, cases...)
		var mu sync.Mutex
		seen := map[Entry]int{}
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
						seen[e]++
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
				t.Errorf("%+v claimed %d times", m, n)
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

// A poller that is late to say what it produced must not put off what came next.
func TestExtendLeavesTheNextDeadlineAlone(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	all := rungs(no, "T1", 1, 2)
	now := start.Add(time.Hour)
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		claim := func(at time.Time) []Entry {
			t.Helper()
			got, err := s.Claim(ctx, 0, at, 10, 10*time.Second)
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		mark := mustApply(t, s, 0, 0, standing(no, 1, all...))
		first := claim(now)
		mustApply(t, s, 0, mark, standing(no, 2, all[1])) // the log has answered already
		second := claim(now)
		if diff := cmp.Diff([][]Entry{kept(all[0]), kept(all[1])}, [][]Entry{first, second}); diff != "" {
			t.Fatalf("claimed (-want +got):\n%s", diff)
		}
		if err := s.Extend(ctx, 0, first, now.Add(10*time.Minute)); err != nil {
			t.Fatal(err)
		}
		if got := claim(now.Add(10 * time.Second)); len(got) != 1 {
			t.Errorf("the second lease ended, and %d were claimed", len(got))
		}
	})
}

func TestWhatIsDueFirst(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	at := func(due time.Time, clock string, rung int) Entry { return Entry{no, clock, rung, due} }
	far := time.Date(2600, 1, 1, 0, 0, 0, 0, time.UTC)
	for name, row := range map[string]struct {
		all  []Entry
		want Entry
	}{
		"the earliest, whatever the order":     {[]Entry{at(start.Add(time.Hour), "T1", 50), at(start, "T4", 100)}, at(start, "T4", 100)},
		"of one instant the first clock":       {[]Entry{at(start, "R8", 50), at(start, "T2", 100)}, at(start, "T2", 100)},
		"of one millisecond likewise":          {[]Entry{at(start, "T4", 100), at(start.Add(time.Microsecond), "T1", 100)}, at(start, "T1", 100)},
		"beyond what a score holds, the limit": {[]Entry{at(far, "T1", 100)}, at(time.UnixMilli(lastMs), "T1", 100)},
	} {
		t.Run(name, func(t *testing.T) {
			c := Standing{Deadlines: row.all}
			if got, ok := c.Next(); !ok || !cmp.Equal(row.want.Indexed(), got) {
				t.Errorf("got %+v %v, want %+v", got, ok, row.want.Indexed())
			}
		})
	}
	if _, ok := (&Standing{}).Next(); ok {
		t.Error("a case without a deadline has one")
	}
}

func FuzzParseEntry(f *testing.F) {
	f.Add("K3JQ7ZJ2M4XWA2B7Q", int64(1815744000000)*msStep+clockStep+50)
	f.Add("", int64(0))
	f.Add("a", int64(-1))
	f.Fuzz(func(t *testing.T, no string, score int64) {
		e, err := parseEntry(no, score)
		if err != nil || e.Due.UnixMilli() > lastMs {
			return
		}
		if got := e.score(); got != score || float64(got) != float64(score) || int64(float64(got)) != got {
			t.Errorf("%d reads back as %+v, which is %d", score, e, got)
		}
		if back, err := parseEntry(no, e.score()); err != nil || !cmp.Equal(e, back) || !cmp.Equal(e, e.Indexed()) {
			t.Errorf("%+v: %+v, %v", e, back, err)
		}
	})
}
