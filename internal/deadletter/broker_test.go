package deadletter

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"

	"permithub/internal/bus"
	"permithub/schemas"
)

func TestBookOfABroker(t *testing.T) {
	c, err := kfake.NewCluster(kfake.NumBrokers(3))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	testOnKafka(t, c.ListenAddrs())
}

// testOnKafka has a step give records up, and a person deal with them: the step gets one again by way of the retry tier, and does it then.
func testOnKafka(t *testing.T, brokers []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	client, err := bus.Open(bus.Config{Brokers: brokers, Prefix: "dead-" + strings.ToLower(t.Name()), RebalanceTimeout: 2 * time.Second}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := client.Close(context.WithoutCancel(ctx)); err != nil {
			t.Error(err)
		}
	}()
	var specs []bus.TopicSpec
	for _, topic := range schemas.Topics() {
		specs = append(specs, bus.TopicSpec{Name: topic.Name, Partitions: cmp.Or(topic.Partitions, 3)})
	}
	if err := client.CreateTopics(ctx, specs); err != nil {
		t.Fatal(err)
	}
	b, err := NewBook(client, time.Now, nil)
	if err != nil {
		t.Fatal(err)
	}
	k := NewKeeper(b, Ports{Publish: client.Publisher().Produce, Now: time.Now, Token: testToken, Decide: func(context.Context, *schemas.Input) (*schemas.Transition, error) { return nil, nil }})

	runner, err := client.NewRunner()
	if err != nil {
		t.Fatal(err)
	}
	var mended atomic.Bool
	handled := make(chan bus.Record, 10)
	runner.Lanes(bus.Step{Name: "issuance", Topics: []string{schemas.TopicCaseLog}, Retry: bus.RetryPolicy{Tries: 1, Tiers: []bus.Tier{{Topic: schemas.TopicRetry30s}}}},
		func(_ context.Context, r bus.Record) error {
			handled <- r
			if !mended.Load() {
				return errors.New("answer has no body")
			}
			return nil
		})
	running, stop := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- runner.Run(running) }()
	defer func() {
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	next := func() bus.Record {
		t.Helper()
		select {
		case r := <-handled:
			return r
		case <-ctx.Done():
			t.Fatal("the step was given nothing")
			return bus.Record{}
		}
	}
	awaitOne := func() Letter {
		t.Helper()
		for {
			if err := b.Read(ctx); err != nil {
				t.Fatal(err)
			}
			if all := b.List(Filter{State: Standing}); len(all) == 1 {
				return all[0]
			}
		}
	}
	if err := client.Publisher().Produce(ctx, schemas.Record{Topic: schemas.TopicCaseLog, Key: "3ZCLYTDTCLFJ", Value: []byte(`{"seq":1}`)}); err != nil {
		t.Fatal(err)
	}
	first := next()
	next() // out of the tier, in vain
	l := awaitOne()
	if l.Step != "issuance" || l.Code != "unmarked" || l.Attempts != 2 {
		t.Errorf("letter %+v", l)
	}
	for range 2 { // in vain again, then with success
		if f, err := k.Replay(ctx, l.ID, "yw"); err != nil || f.Verdict != WouldRedo {
			t.Fatalf("%+v, %v", f, err)
		}
		again := next()
		if again.Topic != first.Topic || again.Partition != first.Partition || again.Offset != first.Offset || again.Key != first.Key || string(again.Value) != string(first.Value) {
			t.Errorf("the step got %+v, at first %+v", again, first)
		}
		if got, _ := b.Find(l.ID); got.State != Replayed {
			t.Errorf("the letter is %s", got.State)
		}
		if mended.Load() {
			return
		}
		if l = awaitOne(); l.ReplayOf == "" || !strings.HasSuffix(l.ID, "-r1") {
			t.Errorf("the second letter is %+v", l)
		}
		mended.Store(true)
	}
}
