package bus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"permithub/internal/fault"
	"permithub/schemas"
)

func written(t testing.TB, c *Client, topic string) (values []string) {
	t.Helper()
	_, err := c.ReadPartition(deadline(t, 20*time.Second), topic, 0, 0, func(r Record) error {
		values = append(values, string(r.Value))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return values
}

// An answer that is lost, or an error after the record was written, must not leave a second copy.
func TestRetriedProduceIsWrittenOnce(t *testing.T) {
	for name, f := range map[string]kfake.Fault{
		"error after append": {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicasAfterAppend, Count: 2},
		"not the leader":     {Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotLeaderForPartition, Count: 3},
	} {
		t.Run(name, func(t *testing.T) {
			cluster := startKfake(t)
			c := openClient(t, testConfig(cluster.ListenAddrs()))
			createTopics(t, c, TopicSpec{Name: "out.v1", Partitions: 1})
			write(t, c, schemas.Record{Topic: "out.v1", Value: []byte("0")})
			hits := cluster.Fault(f)
			write(t, c, schemas.Record{Topic: "out.v1", Value: []byte("1")})
			write(t, c, schemas.Record{Topic: "out.v1", Value: []byte("2")})
			if got := fmt.Sprint(written(t, c, "out.v1")); got != "[0 1 2]" {
				t.Errorf("got %s", got)
			}
			if hits.Hits() == 0 {
				t.Error("the fault was never met")
			}
		})
	}
}

func TestProduceGivesUp(t *testing.T) {
	cluster := startKfake(t)
	cfg := testConfig(cluster.ListenAddrs())
	cfg.ProduceTimeout = 300 * time.Millisecond
	c := openClient(t, cfg)
	createTopics(t, c, TopicSpec{Name: "out.v1", Partitions: 1})
	hits := cluster.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.Produce}, Err: kerr.NotEnoughReplicas, Count: -1})
	p := c.Publisher()
	err := p.Produce(deadline(t, 20*time.Second), schemas.Record{Topic: "out.v1", Value: []byte("lost")})
	if fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("got %v, want an outage", err)
	}
	hits.Remove()
	// What comes after must not be taken for a repeat of what was given up.
	write(t, c, schemas.Record{Topic: "out.v1", Value: []byte("next")})
	if got := written(t, c, "out.v1"); got[len(got)-1] != "next" {
		t.Errorf("got %v", got)
	}
	if err := p.Produce(deadline(t, 20*time.Second), schemas.Record{Topic: "nowhere.v1"}); fault.ClassOf(err) != fault.Unavailable {
		t.Errorf("no such topic: got %v, want an outage", err)
	}
}

func TestProduceRefuses(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "out.v1", Partitions: 1})
	p := c.Publisher()
	big := schemas.Record{Topic: "out.v1", Value: []byte(strings.Repeat("x", maxRecordBytes+1))}
	if err := p.Produce(deadline(t, time.Second), big); fault.ClassOf(err) != fault.Permanent {
		t.Errorf("too large: got %v, want a permanent error", err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if err := p.Produce(ctx, schemas.Record{Topic: "out.v1"}); fault.ClassOf(err) != fault.Stopped {
		t.Errorf("cancelled: got %v, want stopped", err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Produce(deadline(t, time.Second), schemas.Record{Topic: "out.v1"}); !errors.Is(err, errClosed) {
		t.Errorf("closed handle: got %v", err)
	}
	write(t, c, schemas.Record{Topic: "out.v1", Value: []byte("another handle goes on")})
}

func TestProduceKeepsOrderUnderLoad(t *testing.T) {
	testProduceOrder(t, startKfake(t).ListenAddrs())
}

// testProduceOrder lets many callers write at once; what one caller writes with one key must keep its order.
func testProduceOrder(t *testing.T, brokers []string) {
	const callers, each = 20, 100
	c := openClient(t, testConfig(brokers))
	topic := "order-" + t.Name()
	createTopics(t, c, TopicSpec{Name: topic, Partitions: 5})
	var writers sync.WaitGroup
	for k := range callers {
		writers.Go(func() {
			for i := range each {
				write(t, c, schemas.Record{Topic: topic, Key: fmt.Sprint(k), Value: fmt.Appendf(nil, "%d:%d", k, i)})
			}
		})
	}
	writers.Wait()
	seen := newSequences(callers)
	for p := range int32(5) {
		if _, err := c.ReadPartition(deadline(t, 20*time.Second), topic, p, 0, func(r Record) error {
			seen.saw(string(r.Value))
			return nil
		}); err != nil {
			t.Fatal(err)
		}
	}
	if seen.total != callers*each || seen.again > 0 || seen.outOfOrder > 0 {
		t.Errorf("%d of %d in order, %d twice, %d out of order", seen.total, callers*each, seen.again, seen.outOfOrder)
	}
}

// A topic that takes only small batches still gets everything, in order.
func TestLargeBatchesAreHalved(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "small.v1", Partitions: 1, Configs: map[string]string{"max.message.bytes": "2000"}})
	records := make([]schemas.Record, 50)
	for i := range records {
		records[i] = schemas.Record{Topic: "small.v1", Value: fmt.Appendf(nil, "%03d%s", i, strings.Repeat("x", 300))}
	}
	write(t, c, records...)
	got := written(t, c, "small.v1")
	if len(got) != len(records) {
		t.Fatalf("got %d records, want %d", len(got), len(records))
	}
	for i := range got {
		if got[i] != string(records[i].Value) {
			t.Fatalf("record %d: got %.3s", i, got[i])
		}
	}
}

func TestSequenceWraps(t *testing.T) {
	if got := nextSequence(1<<31-2, 3); got != 1 {
		t.Errorf("got %d, want 1", got)
	}
	if got := nextSequence(5, 2); got != 7 {
		t.Errorf("got %d, want 7", got)
	}
}
