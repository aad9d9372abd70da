package bus

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"permithub/internal/fault"
	"permithub/schemas"
)

// A step that owns the state of its partitions says where to go on, and is told when a partition has drained.
func TestStepResumesWhereItSays(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	write(t, c, numbered("in.v1", 10)...)
	got, revoked := make(chan Record, 99), make(chan int32, 9)
	asked := 0
	r := newRunner(t, c)
	r.Batch(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Pause: time.Millisecond},
		Assigned: func(context.Context, int32) (int64, error) {
			if asked++; asked == 1 {
				return 0, fault.Outage("kafka", errors.New("log cannot be read"))
			}
			return 7, nil
		},
		Revoked: func(p int32) { revoked <- p },
	}, func(_ context.Context, b Batch) error {
		for _, rec := range b.Records {
			got <- rec
		}
		return nil
	})
	stop := start(t, r)
	for want := int64(7); want < 10; want++ {
		if rec := receive(t, got); rec.Offset != want {
			t.Fatalf("got offset %d, want %d", rec.Offset, want)
		}
	}
	stop()
	if p := receive(t, revoked); p != 0 {
		t.Errorf("revoked: got %d", p)
	}
}

// A partition whose position Kafka does not have stops and says so; the others go on.
func TestPartitionStopsWhereRecordsAreMissing(t *testing.T) {
	for _, tt := range []struct {
		name   string
		resume int64
	}{{"before the first", 1}, {"beyond the end", 99}} {
		t.Run(tt.name, func(t *testing.T) {
			cluster := startKfake(t)
			c := openClient(t, testConfig(cluster.ListenAddrs()))
			createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 2})
			sick, well := keyIn(0), keyIn(1)
			for range 5 {
				write(t, c, schemas.Record{Topic: "in.v1", Key: sick})
			}
			truncate(t, cluster.ListenAddrs(), "test.in.v1", 0, 3)
			got := make(chan Record, 9)
			r := newRunner(t, c)
			r.Batch(Step{Name: "step", Topics: []string{"in.v1"}, Assigned: func(_ context.Context, p int32) (int64, error) {
				return map[int32]int64{0: tt.resume, 1: 0}[p], nil
			}}, func(_ context.Context, b Batch) error {
				for _, rec := range b.Records {
					got <- rec
				}
				return nil
			})
			stop := start(t, r)
			write(t, c, schemas.Record{Topic: "in.v1", Key: sick}, schemas.Record{Topic: "in.v1", Key: well})
			if rec := receive(t, got); rec.Partition != 1 {
				t.Errorf("got a record of partition %d", rec.Partition)
			}
			if v := testutil.ToFloat64(c.metrics.stopped.WithLabelValues("in.v1", "0")); v != 1 {
				t.Errorf("alarm: got %v", v)
			}
			stop()
			if n := testutil.CollectAndCount(c.metrics.stopped); n != 0 {
				t.Errorf("%d alarms stay after the partition was given back", n)
			}
			if len(got) != 0 {
				t.Error("the stopped partition was read")
			}
		})
	}
}

// keyIn returns a key of that partition of two.
func keyIn(partition int32) string {
	for i := 0; ; i++ {
		if k := fmt.Sprint(i); PartitionOf(k, 2) == partition {
			return k
		}
	}
}

// truncate deletes the records before offset.
func truncate(t *testing.T, brokers []string, topic string, partition int32, offset int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(brokers...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	req := kmsg.NewPtrDeleteRecordsRequest()
	rt := kmsg.NewDeleteRecordsRequestTopic()
	rp := kmsg.NewDeleteRecordsRequestTopicPartition()
	rt.Topic, rp.Partition, rp.Offset = topic, partition, offset
	rt.Partitions = append(rt.Partitions, rp)
	req.Topics = append(req.Topics, rt)
	for _, shard := range cl.RequestSharded(deadline(t, 10*time.Second), req) {
		if shard.Err != nil {
			t.Fatal(shard.Err)
		}
	}
}
