package bus

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kmsg"

	"permithub/schemas"
)

func TestTopics(t *testing.T) { testTopics(t, startKfake(t).ListenAddrs()) }

// A broker that dies under the question does not fail it: a hub that starts meanwhile would end.
func TestTopicsAreDescribedThroughACutConnection(t *testing.T) {
	cluster := startKfake(t)
	c := openClient(t, testConfig(cluster.ListenAddrs()))
	createTopics(t, c, TopicSpec{Name: "in.v1", Partitions: 3})
	for _, key := range []kmsg.Key{kmsg.Metadata, kmsg.DescribeConfigs} {
		cuts := 0
		cluster.ControlKey(key.Int16(), func(kmsg.Request) (kmsg.Response, error, bool) {
			cluster.KeepControl()
			if cuts == 3 {
				return nil, nil, false
			}
			cuts++
			return nil, errors.New("cut"), true
		})
		states, err := c.DescribeTopics(deadline(t, time.Minute), "in.v1", "none.v1")
		if err != nil || states[0].Partitions != 3 || !states[1].Missing {
			t.Errorf("%s cut: got %+v, %v", key.Name(), states, err)
		}
		if cuts != 3 {
			t.Errorf("%s: %d cuts, want 3", key.Name(), cuts)
		}
	}
}

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
