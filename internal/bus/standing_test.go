package bus

import (
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/fault"
	"permithub/schemas"
)

func TestDeadLettersThatStand(t *testing.T) { testStanding(t, startKfake(t).ListenAddrs()) }

func testStanding(t *testing.T, brokers []string) {
	t.Helper()
	cfg := testConfig(brokers)
	cfg.Prefix = "standing" // the topic's name is fixed, and others use the cluster too
	c := openClient(t, cfg)
	createTopics(t, c, TopicSpec{Name: schemas.TopicDeadLetter, Partitions: 2})
	ctx := deadline(t, time.Minute)
	times := map[int32]firstRecord{}
	look := func(count int64, stands bool) {
		t.Helper()
		if err := c.lookAtDeadLetters(ctx, times); err != nil {
			t.Fatal(err)
		}
		if got := c.metrics.standing.count.Load(); got != count {
			t.Errorf("%d stand, want %d", got, count)
		}
		if age := c.metrics.standing.age(); (age > 0) != stands || age > 60 {
			t.Errorf("the oldest is %v s old", age)
		}
	}
	look(0, false)
	for offset := range int64(3) {
		rec := Record{Record: schemas.Record{Topic: schemas.TopicCaseInput, Key: "same", Value: []byte("x")}, Offset: offset}
		if err := c.DeadLetter(ctx, "approval", rec, fault.Reject("bad", nil), 1); err != nil {
			t.Fatal(err)
		}
	}
	look(3, true)
	first := c.metrics.standing.oldest.Load()
	look(3, true)
	if got := c.metrics.standing.oldest.Load(); got != first {
		t.Error("the oldest changed without cause")
	}
	partition := PartitionOf("same", len(mustOffsets(t, c)))
	truncate(t, c.cfg.Brokers, c.fullName(schemas.TopicDeadLetter), partition, 2) // two are dealt with
	look(1, true)
	if got := c.metrics.standing.oldest.Load(); got < first {
		t.Error("the oldest is one that was cleared away")
	}
	truncate(t, c.cfg.Brokers, c.fullName(schemas.TopicDeadLetter), partition, 3)
	look(0, false)
}

func mustOffsets(t *testing.T, c *Client) map[int32]Offsets {
	t.Helper()
	bounds, err := c.Offsets(deadline(t, 10*time.Second), schemas.TopicDeadLetter)
	if err != nil {
		t.Fatal(err)
	}
	return bounds
}

func TestBusMetricsAreClean(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	m, err := newMetrics(reg)
	if err != nil {
		t.Fatal(err)
	}
	m.declare("approval", quickTiers)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}
