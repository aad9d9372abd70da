package deadline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestSessionsOfTwoProcesses(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		now := start
		at := func(c *Config) { c.Now = func() time.Time { return now } }
		one, two := open(t, r.addr, at), open(t, r.addr, at)
		put := func(s *Store, key, user, data string) {
			t.Helper()
			if err := s.PutSession(t.Context(), key, user, []byte(data), 15*time.Minute, now.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}
		find := func(s *Store, key string, use bool) string {
			t.Helper()
			data, found, err := s.FindSession(t.Context(), key, use)
			if err != nil || found != (data != nil) {
				t.Fatalf("find %s: %q, %v, %v", key, data, found, err)
			}
			return string(data)
		}
		put(one, "a", "1001", `{"roles": ["of 1001"]}`)
		put(one, "b", "1001", "b")
		put(two, "c", "1002", "")
		put(two, "d", "10", "d")
		if got := find(two, "a", true); got != `{"roles": ["of 1001"]}` {
			t.Fatalf("the other process finds %q", got)
		}
		now = now.Add(10 * time.Minute)
		find(one, "a", true)
		if got := find(one, "b", false); got != "b" {
			t.Errorf("looking finds %q", got)
		}
		now = now.Add(5 * time.Minute)
		all, err := one.Sessions(t.Context())
		if err != nil || len(all) != 1 || all[0].Used.UnixMilli() != now.Add(-5*time.Minute).UnixMilli() {
			t.Errorf("listed %+v, %v: only what was used is alive", all, err)
		}
		if find(two, "b", true) != "" {
			t.Error("what was only looked at outlived its idle time")
		}
		put(one, "b", "1001", "b")
		put(one, "d", "10", "d")
		if n, err := two.EndSessions(t.Context(), "1001"); n != 2 || err != nil {
			t.Errorf("ended %d, %v", n, err)
		}
		for _, key := range []string{"a", "b"} {
			if find(one, key, true) != "" {
				t.Errorf("%s is alive after the other process ended it", key)
			}
		}
		for range 6 { // used all the time, and over in the end
			now = now.Add(10 * time.Minute)
			find(one, "d", true)
		}
		if find(one, "d", true) != "" {
			t.Error("a session outlived its end")
		}
		put(one, "e", "1001", "e")
		if err := two.EndSession(t.Context(), "e"); err != nil || find(one, "e", true) != "" {
			t.Errorf("a session that was ended is alive (%v)", err)
		}
	})
}

// Whatever officers do in whatever order, a session is alive exactly as long as the rule says.
func TestSessionsFollowTheRule(t *testing.T) {
	m := miniredis.RunT(t)
	now := start
	s := open(t, m.Addr(), func(c *Config) { c.Now = func() time.Time { return now } })
	type kept struct {
		user      string
		till, end time.Time
		idle      time.Duration
	}
	rapid.Check(t, func(r *rapid.T) {
		m.FlushAll()
		model := map[string]*kept{}
		key, user := rapid.SampledFrom([]string{"a", "b", "c", "d"}), rapid.SampledFrom([]string{"1", "11", "2"})
		alive := func(k *kept) bool { return k != nil && now.Before(k.till) && now.Before(k.end) }
		r.Repeat(map[string]func(*rapid.T){
			"put": func(r *rapid.T) {
				k, u, idle := key.Draw(r, "key"), user.Draw(r, "user"), time.Duration(rapid.IntRange(1, 20).Draw(r, "idle"))*time.Minute
				end := now.Add(time.Duration(rapid.IntRange(1, 60).Draw(r, "whole")) * time.Minute)
				if err := s.PutSession(t.Context(), k, u, []byte("of "+u), idle, end); err != nil {
					r.Fatal(err)
				}
				model[k] = &kept{u, now.Add(idle), end, idle}
			},
			"find": func(r *rapid.T) {
				k, use := key.Draw(r, "key"), rapid.Bool().Draw(r, "use")
				data, found, err := s.FindSession(t.Context(), k, use)
				if err != nil || found != alive(model[k]) || found && string(data) != "of "+model[k].user {
					r.Fatalf("%s: %q, %v, %v, want alive %v", k, data, found, err, alive(model[k]))
				}
				if found && use {
					model[k].till = now.Add(model[k].idle)
				}
			},
			"end": func(r *rapid.T) {
				k := key.Draw(r, "key")
				if err := s.EndSession(t.Context(), k); err != nil {
					r.Fatal(err)
				}
				delete(model, k)
			},
			"end all": func(r *rapid.T) {
				u := user.Draw(r, "user")
				if _, err := s.EndSessions(t.Context(), u); err != nil {
					r.Fatal(err)
				}
				for k, x := range model {
					if x.user == u {
						delete(model, k)
					}
				}
			},
			"wait": func(r *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 15).Draw(r, "wait")) * time.Minute) },
			"": func(r *rapid.T) {
				var want, got []string
				for _, k := range model {
					if alive(k) {
						want = append(want, fmt.Sprintf("of %s %d", k.user, k.till.Add(-k.idle).UnixMilli()))
					}
				}
				all, err := s.Sessions(t.Context())
				if err != nil {
					r.Fatal(err)
				}
				for _, x := range all {
					got = append(got, fmt.Sprintf("%s %d", x.Data, x.Used.UnixMilli()))
				}
				slices.Sort(want)
				slices.Sort(got)
				if diff := cmp.Diff(want, got); diff != "" {
					r.Fatalf("list (-want +got)\n%s", diff)
				}
			},
		})
	})
}

func TestTries(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		now := start
		at := func(c *Config) { c.Now = func() time.Time { return now } }
		one, two := open(t, r.addr, at), open(t, r.addr, at)
		rule := Lockout{Free: 3, First: time.Second, Longest: 5 * time.Second, Names: 3}
		tried := func(s *Store, name string, want time.Duration) {
			t.Helper()
			if got, err := s.Try(t.Context(), name, rule); err != nil || got != want {
				t.Fatalf("try %s: locked for %s, %v, want %s", name, got, err, want)
			}
		}
		tried(one, "x", 0)
		tried(two, "x", 0)
		tried(one, "x", 0)
		tried(two, "x", time.Second) // the third was the last free one, wherever it was made
		for _, next := range []time.Duration{time.Second, 2 * time.Second, 4 * time.Second, 5 * time.Second, 5 * time.Second} {
			tried(one, "x", next)
			now = now.Add(next)
			tried(two, "x", 0)
		}
		if err := one.TakeBackTry(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		tried(two, "x", 0)
		if err := two.ForgetTries(t.Context(), "x"); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			tried(one, "x", 0)
		}
		tried(one, "y", 0)
		tried(one, "z", 0)
		tried(one, "w", 0) // a fourth name: those that are not locked are forgotten
		tried(one, "x", time.Second)
		for _, name := range []string{"y", "w", "y", "w", "y"} {
			tried(two, name, 0)
		}
		tried(one, "v", 0) // all are locked: everything is forgotten
		tried(one, "x", 0)
	})
}

func TestOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		one, two := open(t, r.addr, nil), open(t, r.addr, nil)
		for i, s := range []*Store{one, two, one} {
			first, err := s.Once(t.Context(), "code 1001 123456", time.Minute)
			if err != nil || first != (i == 0) {
				t.Errorf("asked %d: first is %v, %v", i, first, err)
			}
		}
		if first, err := two.Once(t.Context(), "code 1001 654321", time.Minute); err != nil || !first {
			t.Errorf("another: first is %v, %v", first, err)
		}
	})
}

// Without Redis nothing is known: no session is found, and no try may be made.
func TestDeskWithoutRedis(t *testing.T) {
	m := miniredis.RunT(t)
	s := open(t, m.Addr(), func(c *Config) { c.Timeout = 200 * time.Millisecond })
	m.Close()
	_, found, err := s.FindSession(t.Context(), "a", true)
	if found || err == nil {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := s.Try(t.Context(), "x", Lockout{Free: 1, First: time.Second, Longest: time.Second, Names: 1}); err == nil || !strings.Contains(err.Error(), "count try") {
		t.Errorf("try: %v", err)
	}
	if first, err := s.Once(t.Context(), "x", time.Minute); first || err == nil {
		t.Errorf("once: %v, %v", first, err)
	}
}
