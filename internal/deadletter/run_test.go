package deadletter

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

// many parks the whole submissions of n people; every third is broken.
func many(t *testing.T, n int) (*office, []string) {
	t.Helper()
	o := newOffice(t)
	var ids []string
	for i := range n {
		rec, err := submission(i).Record()
		if err != nil {
			t.Fatal(err)
		}
		if i%3 == 0 {
			rec.Value = broken(rec.Value)
		}
		if err := o.publish(t.Context(), rec); err != nil {
			t.Fatal(err)
		}
		at := o.topics[schemas.TopicCaseInput]
		ids = append(ids, o.park("approval", at[len(at)-1], fault.Reject("undecodable", nil)))
	}
	o.done = n
	if err := o.Read(t.Context()); err != nil {
		t.Fatal(err)
	}
	return o, ids
}

func TestEachKeepsTheRateAndReportsEach(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, ids := many(t, 21)
		began := time.Now()
		counts := map[Verdict]int{}
		done, err := o.Each(t.Context(), Order{IDs: append(ids, ids[0], "nothing"), Officer: "yw", Second: "yw2", Rate: 10}, func(r Result) {
			if r.Failed != "" {
				counts[Verdict(r.Failed)]++
				return
			}
			counts[r.Verdict]++
		})
		if err != nil || done != 22 || fmt.Sprint(counts) != "map[invalid:7 letter_unknown:1 would_change:14]" {
			t.Errorf("%d done, %v, %v", done, counts, err)
		}
		if took := time.Since(began); took < 2*time.Second || took > 2300*time.Millisecond {
			t.Errorf("22 letters at 10 a second took %s", took)
		}
		if n := o.approve(); n != 14 {
			t.Errorf("%d applications came in, want 14", n)
		}
	})
}

func TestADryRunChangesNothing(t *testing.T) {
	o, ids := many(t, 6)
	if done, err := o.Each(t.Context(), Order{IDs: ids, Rate: 1, Dry: true}, func(Result) {}); done != 6 || err != nil {
		t.Errorf("%d done, %v", done, err)
	}
	if n := len(o.topics[schemas.TopicDisposition]); n != 0 || o.approve() != 0 {
		t.Errorf("%d dispositions", n)
	}
}

func TestARunStopsAndGoesOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, ids := many(t, 30)
		r := NewRuns(o.Keeper)
		defer r.Close()
		if r.Last() != nil || r.Continue("yw") != nil {
			t.Error("there is a run before the first")
		}
		for _, bad := range []Order{{IDs: ids, Officer: "yw"}, {IDs: ids, Officer: "yw", Rate: MaxRate + 1}, {IDs: ids, Rate: 1}} {
			if r.Start(bad) == nil {
				t.Errorf("%+v was begun", bad)
			}
		}
		order := Order{IDs: ids, Officer: "yw", Rate: 10}
		if err := r.Start(order); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Hour)
		if p := r.Last(); p.Running || !p.Waits() || len(p.Results) != 0 {
			t.Fatalf("30 letters wait for nobody: %+v", p)
		}
		for _, same := range []string{"", "yw"} {
			if err := r.Agree(same); !errors.Is(err, ErrSecond) {
				t.Errorf("%q agreed: %v", same, err)
			}
		}
		if err := r.Agree("yw2"); err != nil {
			t.Fatal(err)
		}
		if err := r.Start(order); !errors.Is(err, ErrRunning) {
			t.Errorf("a second run: %v", err)
		}
		time.Sleep(time.Second + 50*time.Millisecond)
		r.Stop()
		stopped := r.Last()
		if stopped.Running || stopped.Left() < 18 || stopped.Left() > 20 || stopped.Percent() < 33 {
			t.Fatalf("stopped with %d left, %d %%", stopped.Left(), stopped.Percent())
		}
		time.Sleep(time.Hour)
		if now := r.Last(); now.Left() != stopped.Left() {
			t.Error("it ran on")
		}
		if err := r.Continue("yw2"); !errors.Is(err, ErrSecond) {
			t.Errorf("whoever agreed does it alone: %v", err)
		}
		if err := r.Continue("yw"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		for _, l := range o.List(Filter{State: Replayed}) {
			if a := l.Acts[0]; a.Officer != "yw" || a.Second != "yw2" {
				t.Errorf("%s by %s and %s", l.ID, a.Officer, a.Second)
			}
		}
		if end := r.Last(); end.Running || end.Left() != 0 || end.Percent() != 100 || end.Count(Invalid) != 10 || end.Count(WouldChange) != 20 {
			t.Errorf("ended as %+v", end)
		}
		if n := o.approve(); n != 20 {
			t.Errorf("%d applications came in, want 20", n)
		}
	})
}

func TestAnOutageStopsARun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o, ids := many(t, 9)
		r := NewRuns(o.Keeper)
		if err := r.Start(Order{IDs: ids, Officer: "yw", Rate: 1}); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2500 * time.Millisecond)
		o.mu.Lock()
		o.failed = errDown
		o.mu.Unlock()
		time.Sleep(time.Minute)
		p := r.Last()
		if p.Running || p.Failed != "kafka" || p.Left() == 0 {
			t.Errorf("it is %+v", p)
		}
		o.mu.Lock()
		o.failed = nil
		o.mu.Unlock()
		if err := r.Continue("yw"); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		if p := r.Last(); p.Left() != 0 || p.Failed != "" {
			t.Errorf("it is %+v", p)
		}
		r.Close()
		if err := r.Start(Order{IDs: ids, Officer: "yw", Rate: 1}); !errors.Is(err, ErrRunning) {
			t.Errorf("a run after the end: %v", err)
		}
	})
}

func TestTooManyForOnePerson(t *testing.T) {
	o, ids := many(t, MaxAlone+1)
	for _, second := range []string{"", "yw"} {
		if done, err := o.Each(t.Context(), Order{IDs: ids, Officer: "yw", Second: second, Rate: MaxRate}, func(Result) {}); done != 0 || !errors.Is(err, ErrSecond) {
			t.Errorf("second %q: %d done, %v", second, done, err)
		}
	}
	if done, err := o.Each(t.Context(), Order{IDs: ids, Officer: "yw", Rate: MaxRate, Dry: true}, func(Result) {}); done != len(ids) || err != nil {
		t.Errorf("a dry run: %d done, %v", done, err)
	}
	if done, err := o.Each(t.Context(), Order{IDs: ids[1:], Officer: "yw", Rate: MaxRate}, func(Result) {}); done != MaxAlone || err != nil {
		t.Errorf("as many as one may: %d done, %v", done, err)
	}
}

func TestManyAreGivenUp(t *testing.T) {
	o, ids := many(t, 3)
	if err := o.GiveUp(t.Context(), ids[1], "yw", "sent_again", ""); err != nil {
		t.Fatal(err)
	}
	for _, bad := range []Order{{Reason: "bored"}, {Reason: "not_ours", Ticket: "张三"}} {
		bad.IDs, bad.Officer, bad.Rate = ids, "yw", MaxRate
		if done, err := o.Each(t.Context(), bad, func(Result) {}); done != 0 || err == nil {
			t.Errorf("%+v: %d done", bad, done)
		}
	}
	var got []string
	done, err := o.Each(t.Context(), Order{IDs: append(ids, "nothing"), Officer: "yw", Rate: MaxRate, Reason: "not_ours", Ticket: "YW-7"}, func(r Result) {
		got = append(got, fmt.Sprint(r.Verdict, " ", r.Failed, " ", r.Stays()))
	})
	want := []string{"was_given_up letter_unknown true", "was_given_up  false", "dealt_with  false", "was_given_up  false"}
	if done != 4 || err != nil || !slices.Equal(got, want) {
		t.Errorf("%d done, %v:\n%q\n%q", done, err, got, want)
	}
	if left := o.List(Filter{State: Standing}); len(left) != 0 || o.approve() != 0 {
		t.Errorf("%d stand", len(left))
	}
}

func TestEachEndsWithItsContext(t *testing.T) {
	o, ids := many(t, 3)
	ctx, cancel := context.WithCancel(t.Context())
	done, err := o.Each(ctx, Order{IDs: ids, Officer: "yw", Rate: MaxRate}, func(Result) { cancel() })
	if done != 1 || !errors.Is(err, context.Canceled) {
		t.Errorf("%d done, %v", done, err)
	}
}
