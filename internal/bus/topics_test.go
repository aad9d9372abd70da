package bus

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func TestTopics(t *testing.T) { testTopics(t, startKfake(t).ListenAddrs()) }

func testTopics(t *testing.T, brokers []string) {
	c, ctx := openClient(t, testConfig(brokers)), deadline(t, time.Minute)
	name := "topics-" + t.Name()
	spec := TopicSpec{Name: name, Partitions: 3, ReplicationFactor: 3, Configs: map[string]string{"min.insync.replicas": "2", "retention.ms": "-1"}}
	have := func() TopicState {
		t.Helper()
		states, err := c.DescribeTopics(ctx, name)
		if err != nil {
			t.Fatal(err)
		}
		return states[0]
	}
	if got := have(); !got.Missing {
		t.Errorf("before it exists: got %+v", got)
	}
	for range 2 { // creating what exists changes nothing
		if err := c.CreateTopics(ctx, []TopicSpec{spec}); err != nil {
			t.Fatal(err)
		}
	}
	// No NOT_LEADER once it has returned: one attempt is enough.
	if err := c.Log(name).Append(ctx, 2, 0, []schemas.Record{logRecord("v")}); err != nil {
		t.Errorf("right after creation: %v", err)
	}
	asCreated := func() {
		t.Helper()
		got := have()
		settings := map[string]string{"min.insync.replicas": got.Configs["min.insync.replicas"], "retention.ms": got.Configs["retention.ms"]}
		got.Configs = settings
		if diff := cmp.Diff(TopicState{TopicSpec: spec}, got); diff != "" {
			t.Errorf("as created (-want +got)\n%s", diff)
		}
	}
	asCreated()
	other := TopicSpec{Name: name, Partitions: 6, ReplicationFactor: 1, Configs: map[string]string{"min.insync.replicas": "1"}}
	if err := c.CreateTopics(ctx, []TopicSpec{other}); err != nil {
		t.Errorf("create with other settings: %v", err)
	}
	asCreated()
	offsets, err := c.Offsets(ctx, name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int32]Offsets{0: {}, 1: {}, 2: {First: 0, Next: 1}}, offsets); diff != "" {
		t.Error(diff)
	}
}
