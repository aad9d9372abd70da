package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/fault"
	"permithub/schemas"
)

func collect(got chan<- Record) func(context.Context, Record) error {
	return func(_ context.Context, rec Record) error {
		got <- rec
		return nil
	}
}

func TestBatchStepGetsRecordsInOrder(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 3})
	got := make(chan Record, 100)
	r := newRunner(t, c)
	r.Batch(Step{Name: "step", Topics: []string{"in.v1"}}, func(_ context.Context, b Batch) error {
		for _, rec := range b.Records {
			got <- rec
		}
		return nil
	})
	start(t, r)
	for i := range 30 {
		write(t, c, schemas.Record{Topic: "in.v1", Key: "a", Value: fmt.Appendf(nil, "%d", i), Headers: []schemas.Header{{Key: "h", Value: "v"}}})
	}
	for i := range 30 {
		rec := receive(t, got)
		if string(rec.Value) != fmt.Sprint(i) || rec.Offset != int64(i) || rec.Topic != "in.v1" || rec.Key != "a" || rec.Header("h") != "v" {
			t.Fatalf("record %d: got %+v", i, rec)
		}
		if age := time.Since(rec.Time); age < -time.Second || age > time.Minute {
			t.Fatalf("record %d: written %s ago", i, age)
		}
	}
}

// A record that comes after a rest is handed over at once; what comes soon after it gathers to one batch.
func TestGather(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	got := make(chan int, 100)
	r := newRunner(t, c)
	r.Batch(Step{Name: "step", Topics: []string{"in.v1"}, Gather: time.Second}, func(_ context.Context, b Batch) error {
		got <- len(b.Records)
		return nil
	})
	start(t, r)
	write(t, c, numbered("in.v1", 1)...)
	if n := receive(t, got); n != 1 {
		t.Fatalf("first batch: %d records", n)
	}
	for range 5 {
		write(t, c, numbered("in.v1", 1)...)
	}
	if n := receive(t, got); n != 5 {
		t.Errorf("batch of what came after it: %d records, want 5", n)
	}
}

// A batch that failed comes again, with everything that was in it, before anything behind it.
func TestFailedBatchComesAgain(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	write(t, c, numbered("in.v1", 10)...)
	var got []int64
	var tries int
	done := make(chan struct{})
	r := newRunner(t, c)
	r.Batch(Step{Name: "step", Topics: []string{"in.v1"}, MaxBatchRecords: 4, Retry: RetryPolicy{Pause: time.Millisecond}}, func(_ context.Context, b Batch) error {
		if b.Records[0].Offset == 4 {
			switch tries++; tries {
			case 1:
				return errors.New("no idea")
			case 2:
				return fault.Reject("permanent", nil) // a batch has nowhere else to go
			case 3:
				panic("no idea")
			}
		}
		for _, rec := range b.Records {
			got = append(got, rec.Offset)
		}
		if len(got) == 10 {
			close(done)
		}
		return nil
	})
	start(t, r)
	receive(t, done)
	if !slices.Equal(got, []int64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}) {
		t.Errorf("got %v", got)
	}
}

func numbered(topic string, n int) []schemas.Record {
	out := make([]schemas.Record, n)
	for i := range out {
		out[i] = schemas.Record{Topic: topic, Key: fmt.Sprint(i), Value: fmt.Append(nil, i)}
	}
	return out
}

// Steps never see a void record of a stamped topic.
func TestStampedStepDropsVoidRecords(t *testing.T) {
	for _, batch := range []bool{true, false} {
		t.Run(mode(batch), func(t *testing.T) {
			c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
			createTopics(t, c, TopicSpec{Name: "log.v1", Partitions: 1})
			l, ctx := c.Log("log.v1"), deadline(t, 20*time.Second)
			for _, at := range []int64{0, 0, 0, 3} { // the second and third are void
				if err := l.Append(ctx, 0, at, []schemas.Record{logRecord(fmt.Sprint(at))}); err != nil && !errors.Is(err, ErrLost) {
					t.Fatal(err)
				}
			}
			write(t, c, schemas.Record{Topic: "log.v1", Value: []byte("without a stamp")})
			got := make(chan Record, 9)
			r := newRunner(t, c)
			step := Step{Name: "step", Topics: []string{"log.v1"}, Stamped: true, Retry: RetryPolicy{Tiers: []Tier{}}}
			if batch {
				r.Batch(step, func(_ context.Context, b Batch) error {
					for _, rec := range b.Records {
						got <- rec
					}
					return nil
				})
			} else {
				r.Lanes(step, collect(got))
			}
			start(t, r)
			offsets := []int64{receive(t, got).Offset, receive(t, got).Offset}
			slices.Sort(offsets)
			if !slices.Equal(offsets, []int64{0, 3}) {
				t.Errorf("got %v", offsets)
			}
			eventually(t, "position behind the void records", func() bool { return committed(t, c, "step", "log.v1") == 5 })
			if n := testutil.ToFloat64(c.metrics.voidRecords); n != 3 {
				t.Errorf("counted: got %v void records, want 3", n)
			}
			if len(got) != 0 {
				t.Errorf("got %+v", receive(t, got))
			}
		})
	}
}

// Records of one key are handled one after the other, those of others meanwhile.
func TestLanesKeepOrderPerKey(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 2})
	const keys, each = 20, 30
	var mu sync.Mutex
	busy := map[string]bool{}
	seen := newSequences(keys)
	blocked, release := make(chan struct{}), make(chan struct{})
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(_ context.Context, rec Record) error {
		mu.Lock()
		if busy[rec.Key] {
			t.Errorf("two records of key %s at once", rec.Key)
		}
		busy[rec.Key] = true
		mu.Unlock()
		if string(rec.Value) == "0:3" {
			close(blocked)
			<-release
		}
		seen.saw(string(rec.Value))
		mu.Lock()
		busy[rec.Key] = false
		mu.Unlock()
		return nil
	})
	start(t, r)
	goOn := sync.OnceFunc(func() { close(release) })
	t.Cleanup(goOn) // where the test fails before, nobody is left waiting
	for i := range each {
		for k := range keys {
			write(t, c, schemas.Record{Topic: "in.v1", Key: fmt.Sprint(k), Value: fmt.Appendf(nil, "%d:%d", k, i)})
		}
	}
	receive(t, blocked)
	seen.await(t, (keys-1)*each+3) // everything but the rest of key 0
	goOn()
	seen.await(t, keys*each)
	if seen.again > 0 || seen.outOfOrder > 0 {
		t.Errorf("%d again, %d out of order", seen.again, seen.outOfOrder)
	}
}

// Leaders that move are followed, by what is written and by what is read.
func TestMovedLeadersAreFollowed(t *testing.T) {
	cluster := startKfake(t)
	c := openClient(t, testConfig(cluster.ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 3})
	seen := newSequences(5)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(_ context.Context, rec Record) error {
		seen.saw(string(rec.Value))
		return nil
	})
	start(t, r)
	const rounds = 12
	for i := range rounds {
		for k := range 5 {
			write(t, c, schemas.Record{Topic: "in.v1", Key: fmt.Sprint(k), Value: fmt.Appendf(nil, "%d:%d", k, i)})
		}
		for p := range int32(3) {
			if err := cluster.MoveTopicPartition("test.in.v1", p, int32(i+int(p))%3); err != nil {
				t.Fatal(err)
			}
		}
	}
	seen.await(t, 5*rounds)
	if seen.again > 0 || seen.outOfOrder > 0 {
		t.Errorf("%d again, %d out of order", seen.again, seen.outOfOrder)
	}
}
