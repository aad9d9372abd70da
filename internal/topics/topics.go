// Package topics says how the hub's topics must stand in Kafka and in what a cluster differs from that.
//
// # What is refused
//
// A partition count never changes: keys would move to other partitions, and offsets stamped into the log would mean nothing.
// The log is never compacted and never expires. Under profile production a topic with fewer than three replicas, one that
// acknowledges with a single replica, and unclean elections are refused: each can lose what a caller was told is safe.
//
// # What is only named
//
// Settings that cost no record are listed, for an operator to change or to leave.
package topics

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"

	"permithub/schemas"
)

// Spec is a topic as it should be; its fields are those of the bus's spec, so that one converts into the other.
type Spec struct {
	// Name is the short name.
	Name string
	// Partitions and ReplicationFactor.
	Partitions, ReplicationFactor int
	// Configs are the topic's own settings, as Kafka names them.
	Configs map[string]string
}

// State is a topic as Kafka has it.
type State struct {
	Spec
	// Missing says that there is none of this name; the rest is empty then.
	Missing bool
}

// Plan is how an installation wants its topics.
type Plan struct {
	// Partitions of every topic that has no count of its own; must be above zero.
	Partitions int
	// Replication of every topic; must be above zero.
	Replication int
	// Production refuses what can lose records.
	Production bool
}

// Settings of Kafka that are compared.
const (
	minInSync   = "min.insync.replicas"
	unclean     = "unclean.leader.election.enable"
	cleanup     = "cleanup.policy"
	retentionMS = "retention.ms"
	retentionB  = "retention.bytes"
	compression = "compression.type"
	timestamp   = "message.timestamp.type"
	maxMessage  = "max.message.bytes"
)

// Kafka's own defaults, for settings that a broker does not report.
var defaults = map[string]string{
	minInSync: "1", unclean: "false", cleanup: "delete", retentionMS: "604800000", retentionB: "-1", compression: "producer", timestamp: "CreateTime", maxMessage: "1048588",
}

// Validate returns every fault of the plan at once.
func (p Plan) Validate() error {
	var faults []error
	if p.Partitions < 1 {
		faults = append(faults, fmt.Errorf("topics: %d partitions", p.Partitions))
	}
	if p.Replication < 1 {
		faults = append(faults, fmt.Errorf("topics: %d replicas", p.Replication))
	}
	if p.Production && p.Replication < 3 {
		faults = append(faults, fmt.Errorf("topics: %d replicas, profile production needs 3", p.Replication))
	}
	return errors.Join(faults...)
}

// Specs returns how each topic of the hub should be, in the order of [schemas.Topics].
func (p Plan) Specs() []Spec {
	var specs []Spec
	for _, t := range schemas.Topics() {
		specs = append(specs, Spec{Name: t.Name, Partitions: cmp.Or(t.Partitions, p.Partitions), ReplicationFactor: p.Replication, Configs: p.configs(&t)})
	}
	return specs
}

// configs sets whatever matters, so that no default of the cluster decides it.
func (p Plan) configs(t *schemas.Topic) map[string]string {
	acks := "1"
	if p.Replication >= 3 {
		acks = "2" // one replica may be away, and what was acknowledged still stands twice
	}
	return map[string]string{
		minInSync:   acks,
		unclean:     "false",
		cleanup:     "delete", // compaction leaves gaps between offsets
		retentionMS: strconv.FormatInt(milliseconds(t.RetentionHours), 10),
		retentionB:  "-1",       // time alone decides, never the volume
		compression: "producer", // a broker that compresses anew spends its time on what the bus has done
		timestamp:   dated(t),
		maxMessage:  defaults[maxMessage],
	}
}

// dated says whose clock dates the records. What happened to a file is dated by the brokers too: theirs is a second opinion on the clock of
// whoever reports a deadline. All else has its producer's time; the retry tiers wait by it.
func dated(t *schemas.Topic) string {
	if t.Name == schemas.TopicCaseInput {
		return "LogAppendTime"
	}
	return "CreateTime"
}

func milliseconds(hours int) int64 {
	if hours < 0 {
		return -1
	}
	return int64(hours) * 3600 * 1000
}

// Difference is one point in which a topic is not as it should be.
type Difference struct {
	Topic string
	// What is "partitions", "replication" or a setting's name.
	What string
	// Have is what Kafka has, Want what it should have.
	Have, Want string
	// Refused says why the hub must not run like this; empty where it may.
	Refused string
}

// String describes the difference in one line.
func (d Difference) String() string {
	s := fmt.Sprintf("%s: %s is %s, want %s", d.Topic, d.What, d.Have, d.Want)
	if d.Refused != "" {
		s += ": " + d.Refused
	}
	return s
}

// Comparison is what a cluster lacks and how it differs.
type Comparison struct {
	// Create are the topics that do not exist.
	Create []Spec
	// Differences of those that do.
	Differences []Difference
}

// Err returns every difference that the hub must not run with, at once; missing topics are none of its concern.
func (c Comparison) Err() error {
	var faults []error
	for _, d := range c.Differences {
		if d.Refused != "" {
			faults = append(faults, errors.New(d.String()))
		}
	}
	return errors.Join(faults...)
}

// Compare compares what a cluster has with the plan. A state that is not there counts as a missing topic; states of other topics
// are ignored.
func (p Plan) Compare(states []State) Comparison {
	byName := map[string]*State{}
	for i := range states {
		byName[states[i].Name] = &states[i]
	}
	var c Comparison
	for i, want := range p.Specs() {
		have := byName[want.Name]
		if have == nil || have.Missing {
			c.Create = append(c.Create, want)
			continue
		}
		c.Differences = append(c.Differences, p.compare(&schemas.Topics()[i], &want, &have.Spec)...)
	}
	return c
}

func (p Plan) compare(t *schemas.Topic, want, have *Spec) []Difference {
	var all []Difference
	if have.Partitions != want.Partitions {
		all = append(all, Difference{t.Name, "partitions", strconv.Itoa(have.Partitions), strconv.Itoa(want.Partitions), "the count is fixed for the life of the topics"})
	}
	if have.ReplicationFactor != want.ReplicationFactor {
		d := Difference{Topic: t.Name, What: "replication", Have: strconv.Itoa(have.ReplicationFactor), Want: strconv.Itoa(want.ReplicationFactor)}
		if p.Production && have.ReplicationFactor < 3 {
			d.Refused = "profile production needs 3"
		}
		all = append(all, d)
	}
	for _, name := range slices.Sorted(maps.Keys(want.Configs)) {
		value, reported := have.Configs[name]
		if !reported {
			value = defaults[name]
		}
		if value != want.Configs[name] {
			all = append(all, Difference{t.Name, name, value, want.Configs[name], p.refuse(t, name, value)})
		}
	}
	return all
}

// refuse says why the hub must not run with the setting, or "".
func (p Plan) refuse(t *schemas.Topic, name, value string) string {
	n, err := strconv.ParseInt(value, 10, 64)
	switch {
	case name == cleanup && t.Stamped:
		return "compaction leaves gaps between the offsets of the log"
	case (name == retentionMS || name == retentionB) && t.Stamped:
		return "the log is the truth and never expires"
	case name == minInSync && p.Production && (err != nil || n < 2):
		return "profile production needs 2"
	case name == unclean && p.Production:
		return "an unclean election loses acknowledged records"
	}
	return ""
}
