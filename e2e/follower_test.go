package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"permithub/e2e/audit"
	"permithub/internal/bus"
	"permithub/internal/demo"
	"permithub/schemas"
)

// follower reads every topic of an installation from the beginning, with another client than the hub's, and lets a demo watch the case log.
type follower struct {
	prefix string
	client *kgo.Client
	watch  *demo.Watch
	ended  chan struct{}

	mu       sync.Mutex
	records  map[string][]audit.Record // by short topic name
	next     map[string]int64          // by topic/partition
	dossiers map[string]*schemas.Transition
	events   map[string]int // by type
	err      error
}

func follow(t *testing.T, brokers []string, prefix string) *follower {
	t.Helper()
	f := &follower{prefix: prefix, watch: demo.NewWatch(), ended: make(chan struct{}), records: map[string][]audit.Record{}, next: map[string]int64{},
		dossiers: map[string]*schemas.Transition{}, events: map[string]int{}}
	var names []string
	for _, topic := range schemas.Topics() {
		names = append(names, prefix+"."+topic.Name)
	}
	var err error
	f.client, err = kgo.NewClient(kgo.SeedBrokers(brokers...), kgo.ConsumeTopics(names...), kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(250_000_000))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(f.ended)
		f.run(ctx)
	}()
	t.Cleanup(func() {
		cancel()
		<-f.ended
		f.client.Close()
		if f.err != nil {
			t.Error(f.err)
		}
	})
	return f
}

func (f *follower) run(ctx context.Context) {
	for ctx.Err() == nil {
		fetches := f.client.PollFetches(ctx)
		fetches.EachRecord(func(r *kgo.Record) {
			if err := f.take(r); err != nil && f.err == nil {
				f.err = err
			}
		})
	}
}

// take keeps a record. Of the log only what stands where its stamp says is shown to the watch: the follower judges that by itself.
func (f *follower) take(r *kgo.Record) error {
	topic := strings.TrimPrefix(r.Topic, f.prefix+".")
	rec := audit.Record{Topic: topic, Partition: r.Partition, Offset: r.Offset, Key: string(r.Key), Headers: map[string]string{}, Value: bytes.Clone(r.Value)}
	for _, h := range r.Headers {
		rec.Headers[h.Key] = string(h.Value)
	}
	f.mu.Lock()
	f.records[topic] = append(f.records[topic], rec)
	f.next[topic+"/"+strconv.Itoa(int(r.Partition))] = r.Offset + 1
	f.mu.Unlock()
	if topic != schemas.TopicCaseLog || rec.Headers[bus.HeaderStamp] != strconv.FormatInt(r.Offset, 10) {
		return nil
	}
	tr := new(schemas.Transition)
	if err := json.Unmarshal(r.Value, tr); err != nil {
		return fmt.Errorf("case log %d/%d: %w", r.Partition, r.Offset, err)
	}
	f.mu.Lock()
	f.dossiers[tr.DossierID] = tr
	for i := range tr.Events {
		f.events[tr.Events[i].Type]++
	}
	f.mu.Unlock()
	f.watch.Observe(tr)
	return nil
}

// saw returns how many events of a type the log has told.
func (f *follower) saw(eventType string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.events[eventType]
}

// unsettled names a duty that is still under way, or "".
func (f *follower) unsettled() string {
	for _, d := range f.duties() {
		if d.Status == schemas.DutyOrdered || d.Status == schemas.DutyGranted {
			return d.EffectID + " is " + d.Status
		}
	}
	return ""
}

// unknown lists the effects of which nobody knows whether they happened.
func (f *follower) unknown() []string {
	var ids []string
	for _, d := range f.duties() {
		if d.Status == schemas.DutyUnknown {
			ids = append(ids, d.EffectID)
		}
	}
	return ids
}

// duties returns the duties of every case as the log has them last.
func (f *follower) duties() []schemas.Duty {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []schemas.Duty
	for _, id := range slices.Sorted(maps.Keys(f.dossiers)) {
		d := &f.dossiers[id].Dossier
		if d.Open != nil {
			all = append(all, d.Open.Duties...)
		}
		for i := range d.Ended {
			all = append(all, d.Ended[i].Duties...)
		}
	}
	return all
}

// behind names a partition that is not read to its end yet, or "".
func (f *follower) behind(ctx context.Context) string {
	for _, topic := range schemas.Topics() {
		ends, err := f.ends(ctx, topic.Name)
		if err != nil {
			return err.Error()
		}
		for partition, end := range ends {
			at := topic.Name + "/" + strconv.Itoa(int(partition))
			f.mu.Lock()
			next := f.next[at]
			f.mu.Unlock()
			if next < end {
				return fmt.Sprintf("%s is read to %d of %d", at, next, end)
			}
		}
	}
	return ""
}

// ends asks the brokers where the partitions of a topic end.
func (f *follower) ends(ctx context.Context, topic string) (map[int32]int64, error) {
	name := f.prefix + "." + topic
	meta := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(name)
	meta.Topics = append(meta.Topics, t)
	found, err := meta.RequestWith(ctx, f.client)
	if err != nil || len(found.Topics) != 1 {
		return nil, fmt.Errorf("metadata of %s: %w", topic, err)
	}
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID = -1
	rt := kmsg.NewListOffsetsRequestTopic()
	rt.Topic = name
	for _, p := range found.Topics[0].Partitions {
		rp := kmsg.NewListOffsetsRequestTopicPartition()
		rp.Partition, rp.Timestamp, rp.CurrentLeaderEpoch = p.Partition, -1, -1
		rt.Partitions = append(rt.Partitions, rp)
	}
	req.Topics = append(req.Topics, rt)
	ends := map[int32]int64{}
	for _, shard := range f.client.RequestSharded(ctx, req) {
		if shard.Err != nil {
			return nil, fmt.Errorf("offsets of %s: %w", topic, shard.Err)
		}
		for _, t := range shard.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				if p.ErrorCode != 0 {
					return nil, fmt.Errorf("offsets of %s/%d: error %d", topic, p.Partition, p.ErrorCode)
				}
				ends[p.Partition] = p.Offset
			}
		}
	}
	return ends, nil
}

// leader returns the broker that leads a partition of a topic.
func (f *follower) leader(ctx context.Context, topic string, partition int32) (int32, error) {
	meta := kmsg.NewPtrMetadataRequest()
	t := kmsg.NewMetadataRequestTopic()
	t.Topic = kmsg.StringPtr(f.prefix + "." + topic)
	meta.Topics = append(meta.Topics, t)
	found, err := meta.RequestWith(ctx, f.client)
	if err != nil {
		return 0, err
	}
	for _, t := range found.Topics {
		for _, p := range t.Partitions {
			if p.Partition == partition {
				return p.Leader, nil
			}
		}
	}
	return 0, fmt.Errorf("no partition %d of %s", partition, topic)
}

// copied returns what was read of a topic, in offset order within each partition.
func (f *follower) copied(topic string) []audit.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.records[topic])
}
