package localcluster

import (
	"context"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// WaitReady waits until every broker knows all three, every partition has a leader and all its replicas in sync, and
// consumer groups find their coordinator. A broker that is not running is an error at once.
func (k *Kafka) WaitReady(ctx context.Context) error {
	return k.probe(ctx, func(ctx context.Context, seeds []*kgo.Broker) error {
		for i, seed := range seeds {
			if err := ready(ctx, seed); err != nil {
				return fmt.Errorf("broker %d is not ready: %w", i+1, err)
			}
		}
		return nil
	})
}

// Restore brings the cluster back to the state of a fresh start: all brokers running and ready, and every partition led
// by its first replica again, so that all three brokers lead some.
func (k *Kafka) Restore(ctx context.Context) error {
	if err := k.Start(ctx); err != nil {
		return err
	}
	return k.probe(ctx, func(ctx context.Context, seeds []*kgo.Broker) error {
		if err := electPreferred(ctx, seeds[0]); err != nil {
			return err
		}
		return preferredLead(ctx, seeds[0])
	})
}

// probe calls try with a handle for each broker until it returns nil, ctx ends or a broker dies.
func (k *Kafka) probe(ctx context.Context, try func(context.Context, []*kgo.Broker) error) error {
	client, err := kgo.NewClient(kgo.SeedBrokers(k.Brokers()...), kgo.RetryTimeout(time.Second))
	if err != nil {
		return fmt.Errorf("make client: %w", err)
	}
	defer client.Close()

	return poll(ctx, 200*time.Millisecond, func() (bool, error) {
		if err := k.dead(); err != nil {
			return true, err // waiting longer is no use
		}
		err := try(ctx, client.SeedBrokers())
		return err == nil, err
	})
}

func ready(ctx context.Context, seed *kgo.Broker) error {
	metadata, err := allTopics(ctx, seed)
	if err != nil {
		return err
	}
	if n := len(metadata.Brokers); n != Nodes {
		return fmt.Errorf("it knows %d of %d brokers", n, Nodes)
	}
	for _, topic := range metadata.Topics {
		for _, p := range topic.Partitions {
			if p.Leader < 0 || len(p.ISR) < len(p.Replicas) {
				return fmt.Errorf("%s/%d has leader %d and %d of %d replicas in sync",
					*topic.Topic, p.Partition, p.Leader, len(p.ISR), len(p.Replicas))
			}
		}
	}
	return findCoordinator(ctx, seed)
}

// findCoordinator also makes the brokers create the topic of the group offsets, which takes a while the first time.
func findCoordinator(ctx context.Context, seed *kgo.Broker) error {
	request := kmsg.NewPtrFindCoordinatorRequest()
	request.CoordinatorKeys = []string{"localcluster-probe"}
	response, err := request.RequestWith(ctx, seed)
	if err != nil {
		return fmt.Errorf("find group coordinator: %w", err)
	}
	for _, c := range response.Coordinators {
		if err := kerr.ErrorForCode(c.ErrorCode); err != nil {
			return fmt.Errorf("find group coordinator: %w", err)
		}
	}
	return nil
}

func electPreferred(ctx context.Context, seed *kgo.Broker) error {
	request := kmsg.NewPtrElectLeadersRequest() // no topics named: all of them
	request.TimeoutMillis = 10_000
	response, err := request.RequestWith(ctx, seed)
	if err != nil {
		return fmt.Errorf("elect preferred leaders: %w", err)
	}
	if err := kerr.ErrorForCode(response.ErrorCode); err != nil {
		return fmt.Errorf("elect preferred leaders: %w", err)
	}
	return nil // what a single partition refused shows in preferredLead
}

func preferredLead(ctx context.Context, seed *kgo.Broker) error {
	metadata, err := allTopics(ctx, seed)
	if err != nil {
		return err
	}
	for _, topic := range metadata.Topics {
		for _, p := range topic.Partitions {
			if len(p.Replicas) > 0 && p.Leader != p.Replicas[0] {
				return fmt.Errorf("%s/%d is led by %d, want %d", *topic.Topic, p.Partition, p.Leader, p.Replicas[0])
			}
		}
	}
	return nil
}

func allTopics(ctx context.Context, seed *kgo.Broker) (*kmsg.MetadataResponse, error) {
	metadata, err := kmsg.NewPtrMetadataRequest().RequestWith(ctx, seed) // no topics named: all of them
	if err != nil {
		return nil, fmt.Errorf("read metadata: %w", err)
	}
	return metadata, nil
}
