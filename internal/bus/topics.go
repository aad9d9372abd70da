package bus

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/segmentio/kafka-go"
)

// TopicSpec is a topic as it should be.
type TopicSpec struct {
	// Name is the short name.
	Name string
	// Partitions and ReplicationFactor; zero means the brokers' default.
	Partitions, ReplicationFactor int
	// Configs are the topic's own settings, as Kafka names them.
	Configs map[string]string
}

// TopicState is a topic as Kafka has it.
type TopicState struct {
	TopicSpec
	// Missing says that there is none of this name; the rest is empty then.
	Missing bool
}

// CreateTopics creates those that do not exist and waits until every partition of all of them has a leader. It changes
// nothing about topics that exist.
func (c *Client) CreateTopics(ctx context.Context, specs []TopicSpec) error {
	req := &kafka.CreateTopicsRequest{}
	for _, s := range specs {
		req.Topics = append(req.Topics, c.topicConfig(s))
	}
	for failures := 1; ; failures++ {
		err := c.createTopics(ctx, req)
		if err == nil {
			break
		}
		if !retriable(err) || !sleep(ctx, networkBackoff.after(failures)) {
			return unavailable(fmt.Errorf("create topics: %w", errors.Join(err, ctx.Err())))
		}
		_ = c.cluster.refresh(ctx)
	}
	for _, s := range specs {
		if err := c.awaitLeaders(ctx, c.fullName(s.Name)); err != nil {
			return unavailable(fmt.Errorf("create topic %s: %w", s.Name, err))
		}
	}
	return nil
}

func (c *Client) topicConfig(s TopicSpec) kafka.TopicConfig {
	const brokerDefault = -1
	t := kafka.TopicConfig{Topic: c.fullName(s.Name), NumPartitions: s.Partitions, ReplicationFactor: s.ReplicationFactor}
	if t.NumPartitions == 0 {
		t.NumPartitions = brokerDefault
	}
	if t.ReplicationFactor == 0 {
		t.ReplicationFactor = brokerDefault
	}
	for name, value := range s.Configs {
		t.ConfigEntries = append(t.ConfigEntries, kafka.ConfigEntry{ConfigName: name, ConfigValue: value})
	}
	return t
}

func (c *Client) createTopics(ctx context.Context, req *kafka.CreateTopicsRequest) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	res, err := c.cluster.client().CreateTopics(ctx, req)
	if err != nil {
		return err
	}
	var errs []error
	for topic, err := range res.Errors {
		if err != nil && !errors.Is(err, kafka.TopicAlreadyExists) {
			errs = append(errs, fmt.Errorf("%s: %w", topic, err))
		}
	}
	return errors.Join(errs...)
}

// awaitLeaders: for up to a second after its creation a topic answers NOT_LEADER.
func (c *Client) awaitLeaders(ctx context.Context, topic string) error {
	for failures := 1; ; failures++ {
		leaders, err := c.cluster.awaitPartitions(ctx, topic)
		if err != nil {
			return err
		}
		if !slices.Contains(leaders, noLeader) {
			if _, err = c.cluster.offsets(ctx, topic); err == nil { // the leaders themselves know it
				return nil
			}
		}
		if !sleep(ctx, networkBackoff.after(failures)) {
			return errors.Join(err, ctx.Err())
		}
		_ = c.cluster.refresh(ctx)
	}
}

// describeTries is how often a topic is asked for. With the pauses it is some twelve seconds: as long as a cluster may take to notice that a broker
// has died, to which kafka-go goes on sending the question until then. No longer, because people wait for a command that says Kafka is not there.
const describeTries = 13

// DescribeTopics returns how Kafka has the topics of these short names, in the same order, with all their settings.
func (c *Client) DescribeTopics(ctx context.Context, names ...string) ([]TopicState, error) {
	if err := c.describe(ctx, func() error { return c.cluster.refresh(ctx) }); err != nil {
		return nil, undescribed(fmt.Errorf("describe topics: %w", err))
	}
	states := make([]TopicState, len(names))
	for i, name := range names {
		err := c.describe(ctx, func() (err error) {
			states[i], err = c.describeTopic(ctx, name)
			return err
		})
		if err != nil {
			return nil, undescribed(fmt.Errorf("describe topic %s: %w", name, err))
		}
	}
	return states, nil
}

// undescribed is an outage where asking later may help: a wrong password does not get better.
func undescribed(err error) error {
	if retriable(err) {
		return unavailable(err)
	}
	return err
}

// describe asks again where the same question may be answered later: kafka-go does not.
func (c *Client) describe(ctx context.Context, ask func() error) error {
	for failures := 1; ; failures++ {
		err := ask()
		if err == nil || !retriable(err) || failures == describeTries || !sleep(ctx, networkBackoff.after(failures)) {
			return err
		}
		_ = c.cluster.refresh(ctx) // the next attempt shows what is still wrong
	}
}

func (c *Client) describeTopic(ctx context.Context, name string) (TopicState, error) {
	state := TopicState{TopicSpec: TopicSpec{Name: name, Configs: map[string]string{}}}
	meta, err := c.cluster.client().Metadata(ctx, &kafka.MetadataRequest{Topics: []string{c.fullName(name)}})
	if err == nil {
		err = meta.Topics[0].Error
	}
	if errors.Is(err, kafka.UnknownTopicOrPartition) {
		state.Missing = true
		return state, nil
	}
	if err != nil {
		return state, err
	}
	state.Partitions = len(meta.Topics[0].Partitions)
	for _, p := range meta.Topics[0].Partitions { // the partition that is worst off counts
		if state.ReplicationFactor == 0 || len(p.Replicas) < state.ReplicationFactor {
			state.ReplicationFactor = len(p.Replicas)
		}
	}
	res, err := c.cluster.client().DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: c.fullName(name)}}})
	if err != nil {
		return state, err
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return state, r.Error
		}
		for _, e := range r.ConfigEntries {
			state.Configs[e.ConfigName] = e.ConfigValue
		}
	}
	return state, nil
}
