package main

import (
	"context"
	"fmt"

	"permithub/internal/bus"
	"permithub/internal/config"
	"permithub/internal/topics"
	"permithub/schemas"
)

type topicsCommand struct {
	configured
	Create bool `help:"Create the topics that are missing; those that exist are never changed."`
}

func (c *topicsCommand) Run(p *process) error {
	cfg, err := c.load(p, config.PartKafka)
	if err != nil {
		return err
	}
	return withBus(p, cfg, func(b *bus.Client) error {
		if c.Create {
			if err := createTopics(p.ctx, b, cfg); err != nil {
				return err
			}
		}
		found, err := compareTopics(p.ctx, cfg, b)
		if err != nil {
			return err
		}
		for _, spec := range found.Create {
			_, _ = fmt.Fprintf(p.stdout, "✗ %s.%s: missing; permithub topics --create makes it\n", cfg.Kafka.Prefix, spec.Name)
		}
		for _, d := range found.Differences {
			_, _ = fmt.Fprintln(p.stdout, "✗", d)
		}
		if len(found.Create)+len(found.Differences) > 0 {
			return errFound
		}
		_, err = fmt.Fprintf(p.stdout, "✓ %d topics under %q are as they must be\n", len(schemas.Topics()), cfg.Kafka.Prefix)
		return err
	})
}

// withBus lends a command the connection to Kafka.
func withBus(p *process, cfg *config.Config, use func(*bus.Client) error) error {
	log, err := logger(p, cfg, nil)
	if err != nil {
		return err
	}
	b, err := openBus(cfg, log, nil)
	if err != nil {
		return err
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(p.ctx), closingTime)
		defer cancel()
		_ = b.Close(ctx) // a command that only reads has nothing left to lose here
	}()
	return use(b)
}

func topicPlan(cfg *config.Config) topics.Plan {
	return topics.Plan{Partitions: cfg.Kafka.Partitions, Replication: cfg.Kafka.Replication, Production: cfg.Profile != config.Local}
}

func createTopics(ctx context.Context, b *bus.Client, cfg *config.Config) error {
	var specs []bus.TopicSpec
	for _, s := range topicPlan(cfg).Specs() {
		specs = append(specs, bus.TopicSpec(s))
	}
	return b.CreateTopics(ctx, specs)
}

func compareTopics(ctx context.Context, cfg *config.Config, b *bus.Client) (topics.Comparison, error) {
	var names []string
	for _, t := range schemas.Topics() {
		names = append(names, t.Name)
	}
	states, err := b.DescribeTopics(ctx, names...)
	if err != nil {
		return topics.Comparison{}, err
	}
	have := make([]topics.State, len(states))
	for i := range states {
		have[i] = topics.State{Spec: topics.Spec(states[i].TopicSpec), Missing: states[i].Missing}
	}
	return topicPlan(cfg).Compare(have), nil
}

// unfit returns what the hub must not start with: topics that are missing or can lose records.
func unfit(ctx context.Context, cfg *config.Config, b *bus.Client) error {
	found, err := compareTopics(ctx, cfg, b)
	switch {
	case err != nil:
		return err
	case len(found.Create) > 0:
		return fmt.Errorf("%d topics under %q are missing; permithub topics --create makes them", len(found.Create), cfg.Kafka.Prefix)
	}
	return found.Err()
}
