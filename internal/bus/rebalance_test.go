package bus

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"permithub/schemas"
)

func TestRebalanceKeepsOrder(t *testing.T) {
	for _, batch := range []bool{true, false} {
		t.Run(mode(batch), func(t *testing.T) { testRebalance(t, startKfake(t).ListenAddrs(), batch, nil) })
	}
}

func mode(batch bool) string {
	if batch {
		return "batches"
	}
	return "lanes"
}

// testRebalance lets members join and leave while records flow. Nothing may be lost, and for each key a record is first
// handled after the one before it, whoever handles them.
func testRebalance(t *testing.T, brokers []string, batch bool, disturb func()) {
	const keys, each = 40, 150
	topic := "rebalance-" + mode(batch)
	admin := openClient(t, testConfig(brokers))
	createTopics(t, admin, TopicSpec{Name: topic, Partitions: 6})
	seen := newSequences(keys)

	member := func() (stop func()) {
		c := openClient(t, testConfig(brokers))
		r := newRunner(t, c)
		step := Step{Name: topic, Topics: []string{topic}, Retry: RetryPolicy{Tiers: []Tier{}}}
		if batch {
			r.Batch(step, func(_ context.Context, b Batch) error {
				for i := range b.Records {
					seen.saw(string(b.Records[i].Value))
				}
				return nil
			})
		} else {
			r.Lanes(step, func(_ context.Context, rec Record) error {
				seen.saw(string(rec.Value))
				return nil
			})
		}
		return start(t, r)
	}

	first := member()
	member()
	written := make(chan error, 1)
	go func() { written <- writeSequences(admin, topic, keys, each) }()
	seen.await(t, keys*each/6)
	member()
	seen.await(t, keys*each/3)
	first()
	if disturb != nil {
		disturb()
	}
	seen.await(t, keys*each/2)
	member()
	if err := receive(t, written); err != nil {
		t.Fatal(err)
	}
	seen.await(t, keys*each)
	t.Logf("%d records, %d handled again, %d out of order", keys*each, seen.again, seen.outOfOrder)
	if seen.outOfOrder > 0 {
		t.Errorf("%d records were first handled out of order", seen.outOfOrder)
	}
}

func writeSequences(c *Client, topic string, keys, each int) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	pace := time.NewTicker(8 * time.Millisecond)
	defer pace.Stop()
	for i := range each {
		records := make([]schemas.Record, keys)
		for k := range keys {
			records[k] = schemas.Record{Topic: topic, Key: "k" + strconv.Itoa(k), Value: fmt.Appendf(nil, "%d:%d", k, i)}
		}
		if err := c.Publisher().Produce(ctx, records...); err != nil {
			return err
		}
		<-pace.C
	}
	return nil
}

// sequences checks the order in which "key:number" values are first seen.
type sequences struct {
	mu                sync.Mutex
	next              []int
	total             int
	again, outOfOrder int
	progress          chan struct{}
}

func newSequences(keys int) *sequences {
	return &sequences{next: make([]int, keys), progress: make(chan struct{}, 1)}
}

func (s *sequences) saw(value string) {
	k, n, _ := strings.Cut(value, ":")
	key, _ := strconv.Atoi(k)
	number, _ := strconv.Atoi(n)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case number < s.next[key]:
		s.again++
	case number > s.next[key]:
		s.outOfOrder++
	default:
		s.next[key]++
		s.total++
	}
	notify(s.progress)
}

func (s *sequences) await(t *testing.T, total int) {
	t.Helper()
	limit := time.After(90 * time.Second)
	for {
		s.mu.Lock()
		got, wrong := s.total, s.outOfOrder
		s.mu.Unlock()
		if wrong > 0 { // what was skipped is never counted: no use in waiting
			t.Fatalf("%d records out of order after %d", wrong, got)
		}
		if got >= total {
			return
		}
		select {
		case <-s.progress:
		case <-limit:
			t.Fatalf("seen %d records in order, want %d", got, total)
		}
	}
}
