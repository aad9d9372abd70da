//go:build unix

package overdue

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"testing"
	"time"

	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/internal/embedded"
	"permithub/internal/testcluster"
	"permithub/schemas"
)

const (
	burstSize       = 50_000
	burstPartitions = 12
)

func burstPartitionOf(key string) int32 { return bus.PartitionOf(key, burstPartitions) }

// burst is 50,000 deadlines that are due at one instant, in twelve partitions.
func burst() []deadline.Projection {
	out := make([]deadline.Projection, burstPartitions)
	for i := range burstSize {
		dossier := schemas.DossierID(schemas.PersonToken([]byte("route key"), fmt.Sprint(i)))
		no := schemas.ApplicationNo(dossier, "province", "1")
		p := &out[burstPartitionOf(dossier)]
		p.Cases = append(p.Cases, deadline.Standing{ApplicationNo: no, Card: schemas.Card{ApplicationNo: no, Source: "province", SourceApplicationNo: fmt.Sprint(i), Version: 1},
			Deadlines: []deadline.Entry{{ApplicationNo: no, Clock: "T1", Rung: 100, Due: t0}}})
	}
	for i := range out {
		out[i].Partition, out[i].Next = int32(i), 1
	}
	return out
}

// BenchmarkBurst measures the time from the instant at which 50,000 deadlines are due until all stand in case-input, on the embedded broker and
// a redis-server.
func BenchmarkBurst(b *testing.B) {
	servers, err := embedded.Start()
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = servers.Close() }()
	client, err := bus.Open(bus.Config{Brokers: servers.Brokers(), Prefix: "burst"}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = client.Close(context.Background()) }()
	if err := client.CreateTopics(b.Context(), []bus.TopicSpec{{Name: schemas.TopicCaseInput, Partitions: burstPartitions, ReplicationFactor: 1}}); err != nil {
		b.Fatal(err)
	}
	addr := testcluster.Redis(b)
	cfg := Config{Now: func() time.Time { return t0.Add(time.Millisecond) }, After: after}
	for i := range int32(burstPartitions) {
		cfg.Partitions = append(cfg.Partitions, i)
	}
	projections := burst()
	var cpu, onTopic float64
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		store, err := deadline.Open(deadline.Config{Addrs: []string{addr}, Prefix: fmt.Sprint("burst", n), PartitionOf: burstPartitionOf, Timeout: time.Minute})
		if err != nil {
			b.Fatal(err)
		}
		defer func() { _ = store.Close() }()
		for _, p := range projections {
			if v, _, err := store.Apply(b.Context(), p); err != nil || v != deadline.Applied {
				b.Fatal(v, err)
			}
		}
		acked := &ackClock{Publisher: client.Publisher()}
		p, err := New(cfg, store, store, acked, slog.New(slog.DiscardHandler), nil)
		if err != nil {
			b.Fatal(err)
		}
		before := processor(b)
		began := time.Now()
		b.StartTimer()
		mustPoll(b, p)
		onTopic += acked.last.Sub(began).Seconds()
		cpu += processor(b) - before
		if n, err := store.Count(b.Context(), t0, cfg.Partitions...); err != nil || n.Claimed != burstSize {
			b.Fatal(n, err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(b.N), "s/50000") // leases prolonged, ready for the next look
	b.ReportMetric(onTopic/float64(b.N), "s-to-topic/50000")      // until Kafka had acknowledged the last of them
	b.ReportMetric(cpu/float64(b.N), "cpu-s/50000")               // of poller, client and embedded broker: what it takes on a machine of its own
}

// ackClock notes when Kafka acknowledged last.
type ackClock struct {
	Publisher
	mu   sync.Mutex
	last time.Time
}

func (a *ackClock) Produce(ctx context.Context, records ...schemas.Record) error {
	err := a.Publisher.Produce(ctx, records...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.last = time.Now()
	return err
}

// processor is the time that this process has had of the processors, in seconds.
func processor(b *testing.B) float64 {
	b.Helper()
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		b.Fatal(err)
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds()
}
