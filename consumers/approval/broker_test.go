package approval

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"go.uber.org/goleak"

	"permithub/internal/bus"
	"permithub/internal/embedded"
	"permithub/schemas"
)

// ofOthers are goroutines that libraries leave for a while: connections that go idle.
var ofOthers = []goleak.Option{goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*connPool).discover"), goleak.IgnoreAnyFunction("github.com/segmentio/kafka-go.(*conn).run")}

func TestRestoreOverTheEmbeddedBroker(t *testing.T) {
	servers, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := servers.Close(); err != nil {
			t.Error(err)
		}
	})
	testRestoreOverBroker(t, servers.Brokers())
}

// testRestoreOverBroker has one process write a log and a snapshot in the middle of it, and another begin from that: it holds what one holds that has
// read the log alone. Then the topic is deleted and made again: its snapshot is not used.
func testRestoreOverBroker(t *testing.T, brokers []string) {
	ctx, cancel := context.WithTimeout(context.Background(), 2*time.Minute)
	defer cancel()
	prefix := fmt.Sprintf("restore-%d", time.Now().UnixNano())
	client, err := bus.Open(bus.Config{Brokers: brokers, Prefix: prefix}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := client.Close(ctx); err != nil {
			t.Error(err)
		}
	}()
	create := func() {
		if err := client.CreateTopics(ctx, []bus.TopicSpec{{Name: schemas.TopicCaseLog, Partitions: 4}}); err != nil {
			t.Fatal(err)
		}
	}
	create()
	log := client.Log(schemas.TopicCaseLog)
	d := &folder{dir: t.TempDir()}
	recs := inputs(t, mixed(4)...)

	first := overBroker(t, log)
	keeper := d.keepAt(t, first, log)
	first.assign(t)
	first.handleAll(t, recs[:len(recs)/2])
	first.Revoked(3)
	if err := keeper.Close(ctx); err != nil {
		t.Fatal(err)
	}
	second := overBroker(t, log)
	second.handleAll(t, recs[second.assign(t):])
	if err := log.Append(ctx, 3, 0, []schemas.Record{{Topic: schemas.TopicCaseLog, Key: "k", Value: []byte("a zombie's")}}); !errors.Is(err, bus.ErrLost) {
		t.Fatalf("a zombie appended with %v", err)
	}
	third := begun(t, d, log, len(recs))
	alone := overBroker(t, log)
	alone.assign(t)
	if p := third.owned[3]; p.snapshot == 0 || p.snapshot >= p.end || p.fresh == 0 || p.fresh >= alone.owned[3].fresh {
		t.Errorf("begun from %d, %d transitions read of %d", p.snapshot, p.fresh, alone.owned[3].fresh)
	}
	sameState(t, alone, third)
	if diff := cmp.Diff(alone.standing, third.standing); diff != "" {
		t.Errorf("open cases (-log +snapshot):\n%s", diff)
	}

	remake(ctx, t, brokers, prefix+"."+schemas.TopicCaseLog)
	create()
	other := overBroker(t, log)
	other.assign(t)
	others := inputs(t, mixed(4)...)
	slices.Reverse(others[:8]) // the applications came in another order
	for i := range others {
		others[i].Offset = int64(i)
	}
	other.handleAll(t, others)
	again := begun(t, d, log, len(others))
	if p := again.owned[3]; p.snapshot != 0 || !strings.Contains(d.said.String(), "reason=differs") {
		t.Errorf("a topic that was made again begins from %d\n%s", p.snapshot, d.said.String())
	}
	sameState(t, other, again)
}

// overBroker is an office that writes to a real log.
func overBroker(t *testing.T, log *bus.Log) *office {
	t.Helper()
	o := open(t, &topic{})
	o.Step.log = log
	return o
}

// begun is an office that has taken the partition over with what is in the folder.
func begun(t *testing.T, d *folder, log *bus.Log, want int) *office {
	t.Helper()
	o := overBroker(t, log)
	k := d.keepAt(t, o, log)
	if resume := o.assign(t); resume == 0 || int(resume) > want {
		t.Errorf("resumes at %d of %d", resume, want)
	}
	o.keeper.schedule.After = 1 << 30 // it only reads
	if err := k.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	return o
}

func (o *office) handleAll(t *testing.T, recs []bus.Record) {
	t.Helper()
	for batch := range slices.Chunk(recs, 7) {
		if err := o.handle(batch); err != nil {
			t.Fatal(err)
		}
	}
}

// remake deletes a topic and waits until it is gone.
func remake(ctx context.Context, t *testing.T, brokers []string, topic string) {
	t.Helper()
	client, err := kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.MetadataMinAge(10*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	doomed := kmsg.NewDeleteTopicsRequest()
	doomed.TopicNames = []string{topic}
	named := kmsg.NewDeleteTopicsRequestTopic()
	named.Topic = &topic
	doomed.Topics = append(doomed.Topics, named)
	if _, err := doomed.RequestWith(ctx, client); err != nil {
		t.Fatal(err)
	}
	asked := kmsg.NewMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = &topic
	asked.Topics = append(asked.Topics, one)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		known, err := asked.RequestWith(ctx, client)
		if err != nil {
			t.Fatal(err)
		}
		if known.Topics[0].ErrorCode != 0 {
			return
		}
		<-tick.C
	}
}
