package bus

import (
	"context"
	"io"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"permithub/schemas"
)

// startKfake returns an embedded cluster that ends with the test.
func startKfake(t testing.TB, opts ...kfake.Opt) *kfake.Cluster {
	t.Helper()
	c, err := kfake.NewCluster(append([]kfake.Opt{kfake.NumBrokers(3)}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// testConfig is quick enough for tests: members notice a rebalance within 100 ms.
func testConfig(brokers []string) Config {
	return Config{
		Brokers: brokers, Prefix: "test", RebalanceTimeout: 2 * time.Second, HeartbeatInterval: 100 * time.Millisecond, FetchWait: 50 * time.Millisecond,
		CommitInterval: 20 * time.Millisecond, DrainTimeout: time.Second,
	}
}

func openClient(t testing.TB, cfg Config) *Client {
	t.Helper()
	c, err := Open(cfg, testLog(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := c.Close(ctx); err != nil {
			t.Errorf("close client: %v", err)
		}
	})
	return c
}

func createTopics(t testing.TB, c *Client, specs ...TopicSpec) {
	t.Helper()
	if err := c.CreateTopics(deadline(t, 30*time.Second), specs); err != nil {
		t.Fatal(err)
	}
}

// deadline bounds whatever a test waits for.
func deadline(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

// start runs the runner until the test ends or stop is called, and waits until it is running.
func start(t testing.TB, r *Runner) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- r.Run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("run: %v", err)
			}
		case <-time.After(20 * time.Second):
			t.Error("runner does not stop")
		}
	}
	t.Cleanup(stop)
	select {
	case <-r.Running():
	case err := <-done:
		t.Fatalf("run ended early: %v", err)
	case <-time.After(30 * time.Second):
		t.Fatal("runner does not start")
	}
	return stop
}

func newRunner(t testing.TB, c *Client) *Runner {
	t.Helper()
	r, err := c.NewRunner()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func write(t testing.TB, c *Client, records ...schemas.Record) {
	t.Helper()
	if err := c.Publisher().Produce(deadline(t, 30*time.Second), records...); err != nil {
		t.Fatal(err)
	}
}

// receive returns the next value, or fails the test.
func receive[T any](t testing.TB, ch <-chan T) T {
	t.Helper()
	select {
	case v := <-ch:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("nothing arrived in time")
		panic("unreachable")
	}
}

// eventually polls until ok returns true.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); <-tick.C {
		if ok() {
			return
		}
	}
	t.Fatalf("not in time: %s", what)
}

// testLog is silent, unless BUS_TEST_LOG is set.
func testLog() *slog.Logger {
	var out io.Writer = io.Discard
	if os.Getenv("BUS_TEST_LOG") != "" {
		out = os.Stderr
	}
	return slog.New(slog.NewTextHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
}
