package bus

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/schemas"
)

func TestHungHandlerIsReported(t *testing.T) {
	cfg := testConfig(startKfake(t).ListenAddrs())
	cfg.HandlerLimit = 20 * time.Millisecond
	c := openClient(t, cfg)
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	release := make(chan struct{})
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(context.Context, Record) error {
		<-release
		return nil
	})
	start(t, r)
	write(t, c, numbered("in.v1", 2)...)
	hung := c.metrics.hung.WithLabelValues("step")
	eventually(t, "hung", func() bool { return testutil.ToFloat64(hung) == 2 })
	if n, _ := lagOf(t, c, "step"); n != 2 {
		t.Errorf("lag: got %d records, want 2", n)
	}
	eventually(t, "age", func() bool { _, age := lagOf(t, c, "step"); return age > 0 })
	close(release)
	eventually(t, "gone on", func() bool { return testutil.ToFloat64(hung) == 0 })
	eventually(t, "no lag", func() bool { n, age := lagOf(t, c, "step"); return n == 0 && age == 0 })
}

// lagOf reads what is scraped.
func lagOf(t *testing.T, c *Client, step string) (records int64, age float64) {
	t.Helper()
	reg := prometheus.NewRegistry()
	reg.MustRegister(c.metrics.lag)
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.Metric {
			if m.Label[0].GetValue() != step {
				continue
			}
			if strings.HasSuffix(f.GetName(), "_records") {
				records = int64(m.Gauge.GetValue())
			} else {
				age = m.Gauge.GetValue()
			}
		}
	}
	return records, age
}

func TestRunRefuses(t *testing.T) {
	c := openClient(t, testConfig(startKfake(t).ListenAddrs()))
	for _, tt := range []struct {
		name  string
		steps []Step
		want  string
	}{
		{"no topics", []Step{{Name: "a"}}, "at least one"},
		{"no name", []Step{{Topics: []string{"in.v1"}}}, "name"},
		{"twice", []Step{{Name: "a", Topics: []string{"in.v1"}}, {Name: "a", Topics: []string{"in.v1"}}}, "twice"},
		{"hook for two topics", []Step{{Name: "a", Topics: []string{"in.v1", "b.v1"}, Assigned: func(context.Context, int32) (int64, error) { return 0, nil }}}, "one topic"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := newRunner(t, c)
			for _, s := range tt.steps {
				r.Lanes(s, func(context.Context, Record) error { return nil })
			}
			if err := r.Run(t.Context()); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q in it", err, tt.want)
			}
		})
	}
}

func TestRunRefusesAMissingTopic(t *testing.T) {
	cfg := testConfig(startKfake(t).ListenAddrs())
	cfg.ProduceTimeout = 100 * time.Millisecond
	r := newRunner(t, openClient(t, cfg))
	r.Lanes(Step{Name: "step", Topics: []string{"nowhere.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, nil)
	if err := r.Run(deadline(t, 20*time.Second)); err == nil || !strings.Contains(err.Error(), "test.nowhere.v1 does not exist") {
		t.Errorf("got %v", err)
	}
}

func TestRunWaitsForKafkaAndStops(t *testing.T) {
	cfg := testConfig([]string{"127.0.0.1:1"})
	cfg.ProduceTimeout = 50 * time.Millisecond
	r := newRunner(t, openClient(t, cfg))
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}}, nil)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := r.Run(ctx); err != nil {
		t.Errorf("got %v", err)
	}
}

// A handler that does not obey its context does not keep the process from stopping, and is named.
func TestRunLeavesAHungHandlerBehind(t *testing.T) {
	cfg := testConfig(startKfake(t).ListenAddrs())
	cfg.DrainTimeout = 50 * time.Millisecond
	c := openClient(t, cfg)
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 1})
	release, entered := make(chan struct{}), make(chan struct{})
	defer close(release)
	r := newRunner(t, c)
	r.Lanes(Step{Name: "step", Topics: []string{"in.v1"}, Retry: RetryPolicy{Tiers: []Tier{}}}, func(context.Context, Record) error {
		close(entered)
		<-release
		return nil
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	write(t, c, schemas.Record{Topic: "in.v1", Key: "a"})
	receive(t, entered)
	cancel()
	if err := receive(t, done); err == nil || !strings.Contains(err.Error(), "did not stop: step") {
		t.Errorf("got %v", err)
	}
}

func TestMetricsFollowTheConventions(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	c, err := Open(testConfig([]string{"127.0.0.1:1"}), testLog(), reg)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	c.metrics.declare("step", retryTiers)
	c.metrics.lag.declare("step")
	problems, err := testutil.GatherAndLint(reg)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
