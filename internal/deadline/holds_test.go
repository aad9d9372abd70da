package deadline

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestHolds(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		now := start
		s := open(t, r.addr, func(c *Config) { c.Now = func() time.Time { return now } })
		no := applicationsOf(0, 2)
		step := func(want string, got string, err error) {
			t.Helper()
			if err != nil || got != want {
				t.Fatalf("holder: got %q, %v, want %q", got, err, want)
			}
		}
		until := func(d time.Duration) time.Time { return now.Add(d) }
		holder, err := s.Hold(t.Context(), no[0], "1001", until(time.Minute))
		step("1001", holder, err)
		holder, err = s.Hold(t.Context(), no[0], "1002", until(time.Minute))
		step("1001", holder, err)
		holder, err = s.Hold(t.Context(), no[0], "1001", until(2*time.Minute)) // prolonged
		step("1001", holder, err)
		now = now.Add(90 * time.Second)
		holder, err = s.Release(t.Context(), no[0], "1002") // not the other's to release
		step("1001", holder, err)
		holder, err = s.HandOver(t.Context(), no[0], "1002", "1003", until(time.Minute))
		step("1001", holder, err)
		holder, err = s.HandOver(t.Context(), no[0], "1001", "1003", until(time.Minute))
		step("1003", holder, err)
		holder, err = s.Hold(t.Context(), no[1], "1001", until(2*time.Minute))
		step("1001", holder, err)
		all, err := s.Holds(t.Context())
		if diff := cmp.Diff(map[string]string{no[0]: "1003", no[1]: "1001"}, all); err != nil || diff != "" {
			t.Fatalf("holds %v (-want +got)\n%s", err, diff)
		}
		now = now.Add(time.Minute) // the first has ended at this very instant
		if all, err = s.Holds(t.Context()); err != nil || len(all) != 1 {
			t.Fatalf("after the end: got %v, %v", all, err)
		}
		holder, err = s.Hold(t.Context(), no[0], "1002", until(time.Minute))
		step("1002", holder, err)
		holder, err = s.Release(t.Context(), no[0], "1002")
		step("", holder, err)
	})
}

// Of many officers who reach for one case at once, one gets it, and all are told who.
func TestOneHolder(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		s := open(t, r.addr, func(c *Config) { c.Now = func() time.Time { return start } })
		no := applicationsOf(0, 1)[0]
		var mu sync.Mutex
		told := map[string]int{}
		var all sync.WaitGroup
		for i := range 20 {
			all.Go(func() {
				holder, err := s.Hold(t.Context(), no, string(rune('a'+i)), start.Add(time.Minute))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				told[holder]++
				mu.Unlock()
			})
		}
		all.Wait()
		if len(told) != 1 {
			t.Errorf("told of %d holders: %v", len(told), told)
		}
	})
}
