package bus_test

import (
	"context"
	"fmt"
	"log/slog"

	"github.com/twmb/franz-go/pkg/kfake"

	"permithub/internal/bus"
	"permithub/schemas"
)

// A step reads a topic; what it is given is handled in order for each key.
func Example() {
	broker, err := kfake.NewCluster()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer broker.Close()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	client, err := bus.Open(bus.Config{Brokers: broker.ListenAddrs()}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = client.Close(context.Background()) }()
	topics := []bus.TopicSpec{{Name: "case-input.v1", Partitions: 12, ReplicationFactor: 3}}
	if err := client.CreateTopics(ctx, topics); err != nil {
		fmt.Println(err)
		return
	}
	runner, err := client.NewRunner()
	if err != nil {
		fmt.Println(err)
		return
	}
	step := bus.Step{Name: "greeter", Topics: []string{"case-input.v1"}, Retry: bus.RetryPolicy{Tiers: []bus.Tier{}}}
	runner.Lanes(step, func(_ context.Context, rec bus.Record) error {
		fmt.Printf("%s of %s\n", rec.Value, rec.Key)
		if string(rec.Value) == "last" {
			stop()
		}
		return nil
	})
	publisher := client.Publisher()
	err = publisher.Produce(ctx,
		schemas.Record{Topic: "case-input.v1", Key: "MFRGGZDFMZTW", Value: []byte("first")},
		schemas.Record{Topic: "case-input.v1", Key: "MFRGGZDFMZTW", Value: []byte("last")})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := runner.Run(ctx); err != nil {
		fmt.Println(err)
	}
	// Output:
	// first of MFRGGZDFMZTW
	// last of MFRGGZDFMZTW
}
