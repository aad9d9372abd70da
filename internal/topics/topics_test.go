package topics

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

var production = Plan{Partitions: 12, Replication: 3, Production: true}

// made is a cluster that has every topic as the plan wants it.
func made(p Plan) []State {
	var states []State
	for _, s := range p.Specs() {
		s.Configs = maps.Clone(s.Configs)
		states = append(states, State{Spec: s})
	}
	return states
}

func TestSpecs(t *testing.T) {
	specs := production.Specs()
	if len(specs) != len(schemas.Topics()) {
		t.Fatalf("%d specs for %d topics", len(specs), len(schemas.Topics()))
	}
	want := Spec{Name: schemas.TopicCaseLog, Partitions: 12, ReplicationFactor: 3, Configs: map[string]string{
		"min.insync.replicas": "2", "unclean.leader.election.enable": "false", "cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1",
		"compression.type": "producer", "message.timestamp.type": "CreateTime", "max.message.bytes": "1048588",
	}}
	for i, s := range specs {
		if s.Name != schemas.Topics()[i].Name {
			t.Errorf("spec %d is %s", i, s.Name)
		}
		if s.Name == want.Name {
			if diff := cmp.Diff(want, s); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		}
	}
	if got := specs[0].Configs["retention.ms"]; got != "7776000000" {
		t.Errorf("case-input is kept for %s ms, want 90 days", got)
	}
	if got := (Plan{Partitions: 1, Replication: 1}).Specs()[0].Configs["min.insync.replicas"]; got != "1" {
		t.Errorf("one replica cannot be two in sync: %s", got)
	}
}

func TestCompare(t *testing.T) {
	local := Plan{Partitions: 3, Replication: 1}
	const log, input = 1, 0
	for _, row := range []struct {
		name    string
		plan    Plan
		change  func([]State)
		want    []string // the differences
		refused int
	}{
		{"as planned", production, func([]State) {}, nil, 0},
		{"settings not reported are Kafka's defaults", local, func(s []State) { s[input].Configs = nil },
			[]string{"case-input.v1: message.timestamp.type is CreateTime, want LogAppendTime", "case-input.v1: retention.ms is 604800000, want 7776000000"}, 0},
		{"partitions", local, func(s []State) { s[input].Partitions = 6 },
			[]string{"case-input.v1: partitions is 6, want 3: the count is fixed for the life of the topics"}, 1},
		{"more replicas than asked for", production, func(s []State) { s[log].ReplicationFactor = 5 },
			[]string{"case-log.v1: replication is 5, want 3"}, 0},
		{"too few replicas", production, func(s []State) { s[log].ReplicationFactor = 2 },
			[]string{"case-log.v1: replication is 2, want 3: profile production needs 3"}, 1},
		{"too few replicas, local", local, func(s []State) { s[log].ReplicationFactor = 2 }, []string{"case-log.v1: replication is 2, want 1"}, 0},
		{"acknowledged by one", production, func(s []State) { s[log].Configs[minInSync] = "1" },
			[]string{"case-log.v1: min.insync.replicas is 1, want 2: profile production needs 2"}, 1},
		{"acknowledged by three", production, func(s []State) { s[log].Configs[minInSync] = "3" },
			[]string{"case-log.v1: min.insync.replicas is 3, want 2"}, 0},
		{"unclean elections", production, func(s []State) { s[log].Configs[unclean] = "true" },
			[]string{"case-log.v1: unclean.leader.election.enable is true, want false: an unclean election loses acknowledged records"}, 1},
		{"compacted log", local, func(s []State) { s[log].Configs[cleanup] = "compact" },
			[]string{"case-log.v1: cleanup.policy is compact, want delete: compaction leaves gaps between the offsets of the log"}, 1},
		{"log that expires", local, func(s []State) { s[log].Configs[retentionMS] = "1000"; s[log].Configs[retentionB] = "1000" },
			[]string{"case-log.v1: retention.bytes is 1000, want -1: the log is the truth and never expires",
				"case-log.v1: retention.ms is 1000, want -1: the log is the truth and never expires"}, 2},
		{"input that expires early", local, func(s []State) { s[input].Configs[retentionMS] = "1000" },
			[]string{"case-input.v1: retention.ms is 1000, want 7776000000"}, 0},
	} {
		t.Run(row.name, func(t *testing.T) {
			states := made(row.plan)
			row.change(states)
			c := row.plan.Compare(states)
			var got []string
			for _, d := range c.Differences {
				got = append(got, d.String())
			}
			if diff := cmp.Diff(row.want, got); diff != "" || len(c.Create) != 0 {
				t.Errorf("create %v (-want +got):\n%s", c.Create, diff)
			}
			refused := 0
			if err := c.Err(); err != nil {
				refused = strings.Count(err.Error(), "\n") + 1
			}
			if refused != row.refused {
				t.Errorf("refused %d, want %d: %v", refused, row.refused, c.Err())
			}
		})
	}
}

func TestCompareListsWhatIsMissing(t *testing.T) {
	states := made(production)[2:]
	states[0] = State{Spec: Spec{Name: states[0].Name}, Missing: true}
	states = append(states, State{Spec: Spec{Name: "somebody else's"}})
	c := production.Compare(states)
	var got []string
	for _, s := range c.Create {
		got = append(got, s.Name)
	}
	want := []string{schemas.TopicCaseInput, schemas.TopicCaseLog, schemas.TopicRetry30s}
	if diff := cmp.Diff(want, got); diff != "" || len(c.Differences) != 0 || c.Err() != nil {
		t.Errorf("%v (-want +got):\n%s", c.Differences, diff)
	}
}

func TestPlanValidate(t *testing.T) {
	for _, row := range []struct {
		name string
		plan Plan
		want string
	}{
		{"good", production, ""},
		{"local", Plan{Partitions: 1, Replication: 1}, ""},
		{"empty", Plan{}, "topics: 0 partitions\ntopics: 0 replicas"},
		{"unsafe", Plan{Partitions: 1, Replication: 2, Production: true}, "topics: 2 replicas, profile production needs 3"},
	} {
		got := ""
		if err := row.plan.Validate(); err != nil {
			got = err.Error()
		}
		if got != row.want {
			t.Errorf("%s: %q, want %q", row.name, got, row.want)
		}
	}
}

// Topics that share partitions with another one follow it, whatever the plan says.
func TestSharedPartitionCounts(t *testing.T) {
	count := map[string]int{}
	for _, s := range production.Specs() {
		count[s.Name] = s.Partitions
	}
	for _, topic := range schemas.Topics() {
		if topic.SameAs != "" && count[topic.Name] != count[topic.SameAs] {
			t.Errorf("%s has %d partitions, %s has %d", topic.Name, count[topic.Name], topic.SameAs, count[topic.SameAs])
		}
	}
}
