package deadline

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
)

func TestVerdicts(t *testing.T) {
	no := applicationsOf(1, 1)[0]
	for _, row := range []struct {
		name       string
		mark       int64 // where the index stands before; -1 is nowhere
		from, next int64
		want       Verdict
		wantMark   int64
	}{
		{"first batch", -1, 0, 10, Applied, 10},
		{"next batch", 10, 10, 20, Applied, 20},
		{"batch after void records", 10, 10, 35, Applied, 35},
		{"reply lost, repeated", 20, 10, 20, Already, 20},
		{"long applied", 50, 10, 20, Already, 50},
		{"other batch borders", 15, 10, 20, Overlap, 15},
		{"older Redis came back", 5, 10, 20, Regressed, 5},
		{"flushed", -1, 10, 20, Regressed, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r server) {
				s, ctx := open(t, r.addr, nil), t.Context()
				if row.mark >= 0 {
					if err := s.rdb.Set(ctx, s.markKey(1), row.mark, 0).Err(); err != nil {
						t.Fatal(err)
					}
				}
				got, mark, err := s.Apply(ctx, Projection{Partition: 1, From: row.from, Next: row.next, Cases: []Standing{standing(no, 1, rungs(no, "T1", 5)...)}})
				if err != nil || got != row.want || mark != row.wantMark {
					t.Errorf("got %s, mark %d, %v; want %s, mark %d", got, mark, err, row.want, row.wantMark)
				}
				snap, err := Dump(ctx, s, 1)
				if err != nil {
					t.Fatal(err)
				}
				if written := len(snap.Deadlines) == 1; written != (row.want == Applied) {
					t.Errorf("written: %v, verdict %s", written, got)
				}
			})
		})
	}
}

func TestApplyReplacesWhatAnApplicationHas(t *testing.T) {
	nos := applicationsOf(2, 2)
	a, b := nos[0], nos[1]
	ended := standing(a, 4)
	ended.EndedAt = time.Now()
	for _, row := range []struct {
		name string
		then []Standing
		want []Entry
	}{
		{"fired", []Standing{standing(a, 2, rungs(a, "T1", 1, 2, 3)[1:]...)}, kept(rungs(a, "T1", 1, 2)[1], rungs(b, "T1", 9)[0])},
		{"second clock, due later", []Standing{standing(a, 2, append(rungs(a, "T4", 8), rungs(a, "T1", 1, 2, 3)...)...)}, kept(rungs(a, "T1", 1)[0], rungs(b, "T1", 9)[0])},
		{"second clock, due first", []Standing{standing(b, 2, append(rungs(b, "T1", 9), rungs(b, "R8", 5)...)...)}, kept(rungs(a, "T1", 1)[0], rungs(b, "R8", 5)[0])},
		{"moved", []Standing{standing(a, 2, rungs(a, "T1", 4, 5, 6)...)}, kept(rungs(a, "T1", 4)[0], rungs(b, "T1", 9)[0])},
		{"paused", []Standing{standing(a, 2)}, kept(rungs(b, "T1", 9)[0])},
		{"ended", []Standing{ended}, kept(rungs(b, "T1", 9)[0])},
		{"both gone", []Standing{standing(b, 2), ended}, nil},
		{"nothing new", nil, kept(rungs(a, "T1", 1)[0], rungs(b, "T1", 9)[0])},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, r server) {
				s, ctx := open(t, r.addr, nil), t.Context()
				mark := mustApply(t, s, 2, 0, standing(a, 1, rungs(a, "T1", 1, 2, 3)...), standing(b, 1, rungs(b, "T1", 9)...))
				// The first is under a lease: it goes and stays like the others.
				if got, err := s.Claim(ctx, 2, start.Add(time.Minute+time.Second), 10, time.Minute); err != nil || len(got) != 1 {
					t.Fatal(got, err)
				}
				mustApply(t, s, 2, mark, row.then...)
				got, err := Dump(ctx, s, 2)
				if err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(row.want, got.Deadlines); diff != "" {
					t.Errorf("deadlines (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// kept are entries as they read back.
func kept(entries ...Entry) []Entry {
	for i := range entries {
		entries[i] = entries[i].Indexed()
	}
	return entries
}

func TestApplyKeepsLeases(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		now := start.Add(10 * time.Minute)
		mark := mustApply(t, s, 0, 0, standing(no, 1, rungs(no, "T1", 1, 30)...))
		claimed, err := s.Claim(ctx, 0, now, 10, time.Minute)
		if err != nil || len(claimed) != 1 {
			t.Fatalf("claimed %v, %v", claimed, err)
		}
		// A transition that leaves the clocks alone must not put the claimed rung back.
		mustApply(t, s, 0, mark, standing(no, 2, rungs(no, "T1", 1, 30)...))
		if again, err := s.Claim(ctx, 0, now, 10, time.Minute); err != nil || len(again) != 0 {
			t.Errorf("claimed again %v, %v", again, err)
		}
	})
}

func TestApplyInBulk(t *testing.T) {
	// Above every chunk of the scripts.
	nos := applicationsOf(3, 1300)
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		var cases, ended []Standing
		for _, no := range nos {
			cases = append(cases, standing(no, 1, rungs(no, "T1", 1, 2, 3)...))
			ended = append(ended, standing(no, 2))
		}
		mark := mustApply(t, s, 3, 0, cases...)
		got, err := Dump(ctx, s, 3)
		if err != nil || len(got.Deadlines) != 1300 || len(got.Cards) != 1300 {
			t.Fatalf("%d deadlines, %d cards, %v", len(got.Deadlines), len(got.Cards), err)
		}
		claimed, err := s.Claim(ctx, 3, start.Add(time.Hour), maxClaim, time.Minute)
		if err != nil || len(claimed) != 1300 {
			t.Fatalf("claimed %d, %v", len(claimed), err)
		}
		mustApply(t, s, 3, mark, ended...)
		if n, err := s.Count(ctx, start, 3); err != nil || n != (Counts{}) {
			t.Errorf("left %+v, %v", n, err)
		}
	})
}

func TestApplyOnAPartitionWithoutMarkStartsFromNothing(t *testing.T) {
	nos := applicationsOf(0, 2)
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		mustApply(t, s, 0, 0, standing(nos[0], 1, rungs(nos[0], "T1", 1)...))
		if err := s.rdb.Del(ctx, s.markKey(0)).Err(); err != nil {
			t.Fatal(err)
		}
		mustApply(t, s, 0, 0, standing(nos[1], 1, rungs(nos[1], "T1", 2)...))
		got, err := Dump(ctx, s, 0)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(kept(rungs(nos[1], "T1", 2)...), got.Deadlines); diff != "" {
			t.Errorf("deadlines (-want +got):\n%s", diff)
		}
	})
}

func TestApplyRefuses(t *testing.T) {
	nos := applicationsOf(1, 2)
	other := applicationsOf(2, 1)[0]
	s := open(t, "127.0.0.1:1", nil)
	for _, row := range []struct {
		name string
		p    Projection
		code string
	}{
		{"no progress", Projection{Partition: 1, From: 5, Next: 5}, "bad_projection"},
		{"foreign partition", Projection{Partition: 1, Next: 1, Cases: []Standing{standing(other, 1)}}, "wrong_partition"},
		{"no application number", Projection{Partition: 1, Next: 1, Cases: []Standing{standing("330424-1", 1)}}, "bad_application_no"},
		{"another's deadline", Projection{Partition: 1, Next: 1, Cases: []Standing{standing(nos[0], 1, rungs(nos[1], "T1", 1)...)}}, "bad_deadline"},
		{"a clock that no score can hold", Projection{Partition: 1, Next: 1, Cases: []Standing{standing(nos[0], 1, rungs(nos[0], "T6", 1)...)}}, "bad_deadline"},
	} {
		t.Run(row.name, func(t *testing.T) {
			_, _, err := s.Apply(t.Context(), row.p)
			if fault.ClassOf(err) != fault.Permanent || fault.CodeOf(err) != row.code {
				t.Errorf("got %v, want code %s", err, row.code)
			}
		})
	}
}

func TestOutageIsUnavailableAndCancellationIsNot(t *testing.T) {
	s := open(t, "127.0.0.1:1", nil)
	if _, _, err := s.Mark(t.Context(), 0); fault.ClassOf(err) != fault.Unavailable || fault.CodeOf(err) != "redis" {
		t.Errorf("no server: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := s.Mark(ctx, 0); fault.ClassOf(err) != fault.Stopped {
		t.Errorf("cancelled: %v (%s)", err, fault.ClassOf(err))
	}
}

func TestMarkIsOfThisVersionsKeys(t *testing.T) {
	no := applicationsOf(1, 1)[0]
	s := open(t, "127.0.0.1:1", nil)
	got := []string{s.markKey(7), s.dueKey(7), s.claimedKey(7), s.claimsKey(7), s.cardKey(1, no)}
	want := []string{"permithub:{p7}:mark", "permithub:{p7}:deadlines", "permithub:{p7}:claimed", "permithub:{p7}:claims", "permithub:{p1}:card:" + no}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
