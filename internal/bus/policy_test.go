package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/fault"
	"permithub/schemas"
)

var (
	quickTiers = []Tier{{"retry-a.v1", 30 * time.Millisecond}, {"retry-b.v1", 60 * time.Millisecond}}
	quickRetry = RetryPolicy{Tries: 2, Pause: time.Millisecond, Tiers: quickTiers}
)

// policyClient returns a client on a cluster with the topics that a step under test needs.
func policyClient(t *testing.T) *Client {
	t.Helper()
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	for _, name := range []string{"in.v1", "retry-a.v1", "retry-b.v1", schemas.TopicDeadLetter} {
		createTopics(t, c, TopicSpec{Name: name, Partitions: 2})
	}
	return c
}

// deadLetters reads what is in the dead letters.
func deadLetters(t *testing.T, c *Client) (out []schemas.DeadLetter) {
	t.Helper()
	for p := range int32(2) {
		_, err := c.ReadPartition(deadline(t, 20*time.Second), schemas.TopicDeadLetter, p, 0, func(r Record) error {
			l, err := schemas.DecodeDeadLetter(r.Value)
			if err != nil {
				return err
			}
			out = append(out, *l)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func TestPermanentErrorGoesToTheDeadLettersAtOnce(t *testing.T) {
	c := policyClient(t)
	done, reported := make(chan string, 9), make(chan string, 9)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry,
		OnDeadLetter: func(_ context.Context, rec Record, err error) error {
			if len(deadLetters(t, c)) == 0 {
				t.Error("reported before it was durable")
			}
			reported <- string(rec.Value) + " " + fault.CodeOf(err)
			return nil
		}},
		func(_ context.Context, rec Record) error {
			if string(rec.Value) == "bad" {
				return fault.Rejectf("not-json", "at byte %d", 7)
			}
			done <- string(rec.Value)
			return nil
		})
	start(t, r)
	headers := []schemas.Header{{Key: "ce_id", Value: "1"}}
	write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("good")}, schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("bad"), Headers: headers},
		schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("later")})

	if got := []string{receive(t, done), receive(t, done)}; !slices.Equal(got, []string{"good", "later"}) {
		t.Errorf("handled: got %v", got)
	}
	if got := receive(t, reported); got != "bad not-json" {
		t.Errorf("reported: got %q", got)
	}
	p := PartitionOf("a", 2)
	want := []schemas.DeadLetter{{
		DeadLetterID: fmt.Sprintf("step-in.v1-%d-1", p), Topic: "in.v1", Partition: p, Offset: 1, Key: "a", Step: "step", Class: "permanent",
		Code: "not-json", Reason: "not-json: at byte 7", Attempts: 1, Headers: headers, Value: []byte("bad"),
	}}
	if diff := cmp.Diff(want, deadLetters(t, c), cmpopts.IgnoreFields(schemas.DeadLetter{}, "At")); diff != "" {
		t.Error(diff)
	}
	if got := testutil.ToFloat64(c.metrics.deadLetters.WithLabelValues("step", "permanent")); got != 1 {
		t.Errorf("counted: got %v", got)
	}
}

func TestUnmarkedErrorPassesTheTiersThenTheDeadLetters(t *testing.T) {
	for name, failure := range map[string]func() error{
		"error": func() error { return errors.New("no idea") },
		"panic": func() error { panic("no idea") },
	} {
		t.Run(name, func(t *testing.T) {
			c := policyClient(t)
			var tries atomic.Int32
			later, reported := make(chan string, 9), make(chan Record, 9)
			r := newRunner(t, c)
			r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry,
				OnDeadLetter: func(_ context.Context, rec Record, _ error) error { reported <- rec; return nil }},
				func(_ context.Context, rec Record) error {
					if string(rec.Value) == "bad" {
						tries.Add(1)
						return failure()
					}
					later <- string(rec.Value)
					return nil
				})
			start(t, r)
			begun := time.Now()
			write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("bad"), Headers: []schemas.Header{{Key: "ce_id", Value: "1"}}},
				schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("later")})
			receive(t, later)
			rec := receive(t, reported)
			if waited := time.Since(begun); waited < quickTiers[0].Delay+quickTiers[1].Delay {
				t.Errorf("dead-lettered after %s, before both tiers' delays", waited)
			}
			if got := tries.Load(); got != 6 {
				t.Errorf("tries: got %d, want 2 in the topic and in each tier", got)
			}
			want := Record{Record: schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("bad"), Headers: []schemas.Header{{Key: "ce_id", Value: "1"}}},
				Partition: PartitionOf("a", 2)}
			if diff := cmp.Diff(want, rec, cmpopts.IgnoreFields(Record{}, "Time")); diff != "" {
				t.Errorf("the record that is reported is not the original:\n%s", diff)
			}
			if got := deadLetters(t, c); len(got) != 1 || got[0].Attempts != 6 || got[0].Class != "unmarked" {
				t.Errorf("dead letters: got %+v", got)
			}
		})
	}
}

func TestRecoveredInATier(t *testing.T) {
	c := policyClient(t)
	var tries atomic.Int32
	done := make(chan Record, 1)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry}, func(_ context.Context, rec Record) error {
		if tries.Add(1) <= 3 {
			return errors.New("not yet")
		}
		done <- rec
		return nil
	})
	start(t, r)
	write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("v")})
	if rec := receive(t, done); rec.Topic != "in.v1" || rec.Offset != 0 || len(rec.Headers) != 0 {
		t.Errorf("got %+v", rec)
	}
	if got := deadLetters(t, c); len(got) != 0 {
		t.Errorf("dead letters: got %+v", got)
	}
}

// Two steps share the tiers: each takes its own records only.
func TestTiersBelongToTheStepThatFailed(t *testing.T) {
	c := policyClient(t)
	done := make(chan string, 9)
	for _, name := range []string{"one", "two"} {
		r := newRunner(t, c)
		var failed atomic.Bool
		r.Lanes(Step{Name: name, Topics: []string{"in.v1"}, Retry: RetryPolicy{Tries: 1, Tiers: quickTiers}}, func(context.Context, Record) error {
			if name == "one" && !failed.Swap(true) {
				return errors.New("not yet")
			}
			done <- name
			return nil
		})
		start(t, r)
	}
	write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: []byte("v")})
	got := []string{receive(t, done), receive(t, done)}
	slices.Sort(got)
	if !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %v", got)
	}
	select {
	case extra := <-done:
		t.Errorf("handled once too often by %s", extra)
	case <-time.After(3 * quickTiers[0].Delay):
	}
}

func TestMalformedTierRecordIsDeadLettered(t *testing.T) {
	c := policyClient(t)
	reported := make(chan error, 1)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry,
		OnDeadLetter: func(_ context.Context, rec Record, err error) error { reported <- err; return nil }},
		func(context.Context, Record) error { t.Error("handled"); return nil })
	start(t, r)
	write(t, c, schemas.Record{Topic: "retry-a.v1", Key: "a", Headers: []schemas.Header{{Key: headerRetryStep, Value: "step"}}})
	if err := receive(t, reported); fault.CodeOf(err) != "retry-header" {
		t.Errorf("got %v", err)
	}
}

func TestUnavailablePausesTheStepAndLosesNothing(t *testing.T) {
	for _, batch := range []bool{true, false} {
		t.Run(mode(batch), func(t *testing.T) {
			c := policyClient(t)
			var down atomic.Bool
			down.Store(true)
			var attempts atomic.Int32
			var mu sync.Mutex
			got := map[string]bool{}
			handle := func(records ...Record) error {
				attempts.Add(1)
				if down.Load() {
					return fault.Outage("registration", errors.New("no answer"))
				}
				mu.Lock()
				defer mu.Unlock()
				for _, r := range records {
					got[string(r.Value)] = true
				}
				return nil
			}
			r := newRunner(t, c)
			step := Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry}
			if batch {
				r.Batch(step, func(_ context.Context, b Batch) error { return handle(b.Records...) })
			} else {
				r.Lanes(step, func(_ context.Context, rec Record) error { return handle(rec) })
			}
			start(t, r)
			const n = 200
			for i := range n {
				write(t, c, schemas.Record{Topic: "in.v1", Key: fmt.Sprint(i), Value: fmt.Append(nil, i)})
			}
			paused := c.metrics.paused.WithLabelValues("step")
			eventually(t, "paused", func() bool { return testutil.ToFloat64(paused) == 1 })
			before := attempts.Load()
			if before > 3*defaultLanes {
				t.Errorf("%d attempts while the far side is down", before)
			}
			down.Store(false)
			eventually(t, "all handled", func() bool { mu.Lock(); defer mu.Unlock(); return len(got) == n })
			eventually(t, "resumed", func() bool { return testutil.ToFloat64(paused) == 0 })
			if letters := deadLetters(t, c); len(letters) != 0 {
				t.Errorf("dead letters: got %+v", letters)
			}
		})
	}
}

// The group's offset stays before the first unfinished record, however far others have got.
func TestCommitNeverPassesAnUnfinishedRecord(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	release, others := make(chan struct{}), make(chan string, 99)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(ctx context.Context, rec Record) error {
		if rec.Offset == 3 {
			select {
			case <-release:
			case <-ctx.Done():
			}
			return ctx.Err()
		}
		others <- rec.Key
		return nil
	})
	stop := start(t, r)
	for i := range 10 {
		write(t, c, schemas.Record{Topic: "in.v1", Key: fmt.Sprint(i), Value: []byte("v")})
	}
	for range 9 {
		receive(t, others)
	}
	eventually(t, "commit", func() bool { return committed(t, c, "step", "in.v1") == 3 })
	stop() // the one that hangs gives up with its context and stays unfinished
	if got := committed(t, c, "step", "in.v1"); got != 3 {
		t.Errorf("committed: got %d, want 3", got)
	}
	close(release)
	again := newRunner(t, c)
	redone := make(chan int64, 99)
	again.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(_ context.Context, rec Record) error {
		redone <- rec.Offset
		return nil
	})
	start(t, again)
	seen := map[int64]bool{}
	for range 7 {
		seen[receive(t, redone)] = true
	}
	for o := int64(3); o < 10; o++ {
		if !seen[o] {
			t.Errorf("offset %d was not handed over again", o)
		}
	}
	eventually(t, "commit of all", func() bool { return committed(t, c, "step", "in.v1") == 10 })
}

// A record that fits its topic but not a tier or a dead letter, with what those add to it, still gets out of the way.
func TestLargePoisonIsDeadLetteredWithoutItsValue(t *testing.T) {
	c := policyClient(t)
	reported := make(chan Record, 1)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: quickRetry,
		OnDeadLetter: func(_ context.Context, rec Record, err error) error { reported <- rec; return nil }},
		func(context.Context, Record) error { return errors.New("no idea") })
	start(t, r)
	write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: make([]byte, maxRecordBytes-50)})
	if rec := receive(t, reported); len(rec.Value) != maxRecordBytes-50 {
		t.Errorf("reported with %d bytes", len(rec.Value))
	}
	if got := deadLetters(t, c); len(got) != 1 || len(got[0].Value) != 0 || got[0].Topic != "in.v1" {
		t.Errorf("dead letters: got %d", len(got))
	}
}
