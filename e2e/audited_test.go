package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/consumers/clock"
	"permithub/e2e/audit"
	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/schemas"
)

// rest waits until nothing is under way and everything is read.
func (in *installation) rest(t *testing.T) {
	t.Helper()
	eventually(t, "the hub is at rest", func() string {
		if s := in.read.unsettled(); s != "" {
			return s
		}
		return in.read.behind(t.Context())
	})
}

// audit judges the hub at rest and compares Redis with the log. It returns what the judgement stands on.
func (in *installation) audit(t *testing.T) *audit.Evidence {
	t.Helper()
	in.rest(t)
	in.index(t)
	e := in.evidence(t)
	r := audit.Check(e)
	t.Log(r)
	if len(r.Faults) > 0 {
		t.Errorf("%d broken promises", len(r.Faults))
	}
	return e
}

// evidence is what an outsider can know of the installation.
func (in *installation) evidence(t *testing.T) *audit.Evidence {
	t.Helper()
	calendar, err := audit.ReadCalendar(os.DirFS("../deploy/calendars"))
	if err != nil {
		t.Fatal(err)
	}
	in.mu.Lock()
	e := audit.Evidence{
		Log: in.read.copied(schemas.TopicCaseLog), Inputs: in.read.copied(schemas.TopicCaseInput), DeadLetters: in.read.copied(schemas.TopicDeadLetter),
		Taken: in.taken, Calendar: calendar, Ledgers: map[string][]audit.Entry{}, Waiting: map[string]int64{}, Texts: map[string]string{}, Now: time.Now(),
	}
	in.mu.Unlock()
	for k, values := range in.redis(t) {
		e.Texts["redis "+k] = k + "\n" + strings.Join(values, "\n")
		if strings.HasSuffix(k, ":deadlines") || strings.HasSuffix(k, ":claims") {
			for i := 0; i+1 < len(values); i += 2 {
				score, err := strconv.ParseFloat(values[i+1], 64)
				if err != nil {
					t.Fatalf("redis %s: %v", k, err)
				}
				e.Waiting[values[i]] = int64(score) >> 10 // below the instant stand clock and rung
			}
		}
	}
	for i, p := range in.all {
		if p.name != "simulate" { // the foreign systems may know who it is about
			e.Texts[fmt.Sprintf("log %d of %s", i, p.name)] = p.said()
		}
	}
	for _, p := range in.hubs {
		e.Texts["metrics of "+p.name] = body(t, "http://"+p.door(t, "metrics")["metrics"]+"/metrics")
	}
	for _, name := range systems {
		e.Ledgers[name] = in.ledger(t, name)
	}
	return &e
}

// ledger reads a foreign system's own books.
func (in *installation) ledger(t *testing.T, system string) []audit.Entry {
	t.Helper()
	res, err := http.Get(in.sims[system] + "/_sim/ledger")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var all []audit.Entry
	for d := json.NewDecoder(res.Body); d.More(); {
		var e audit.Entry
		if err := d.Decode(&e); err != nil {
			t.Fatalf("ledger of %s: %v", system, err)
		}
		all = append(all, e)
	}
	return all
}

// index waits until Redis holds what the log says, no more and no less.
func (in *installation) index(t *testing.T) {
	t.Helper()
	store, err := deadline.Open(deadline.Config{
		Addrs: []string{in.servers.redis}, Prefix: in.prefix, Now: time.Now, PartitionOf: func(key string) int32 { return bus.PartitionOf(key, partitions) },
	})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	for p := range int32(partitions) {
		eventually(t, fmt.Sprintf("redis equals the log of partition %d", p), func() string { return in.differs(t.Context(), store, p) })
	}
}

func (in *installation) differs(ctx context.Context, store *deadline.Store, partition int32) string {
	got, err := deadline.Dump(ctx, store, partition)
	if err != nil {
		return err.Error()
	}
	ends, err := in.read.ends(ctx, schemas.TopicCaseLog)
	if err != nil {
		return err.Error()
	}
	var valid []*schemas.Transition
	var next int64 // after the last valid one
	for _, r := range in.read.copied(schemas.TopicCaseLog) {
		if r.Partition != partition || r.Headers[bus.HeaderStamp] != fmt.Sprint(r.Offset) {
			continue
		}
		t, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			return err.Error()
		}
		valid, next = append(valid, t), r.Offset+1
	}
	if end := ends[partition]; got.Mark >= next && got.Mark <= end { // nothing valid lies between: void records at the end wake no step
		got.Mark = end
	}
	return cmp.Diff(clock.Expect(ends[partition], valid, 30*24*time.Hour, time.Now()), got)
}
