package worklist

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"permithub/deploy/calendars"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/embedded"
	"permithub/internal/fault"
	"permithub/internal/worklist"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// life decides a case that people work on, up to the completion of its duties where it is to end.
func life(t testing.TB, citizenID string, whole bool) []*schemas.Transition {
	t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	p := casework.Haiyan202410(cal)
	person := schemas.Person{CitizenID: citizenID, FullName: "张三", HukouAddress: "示例路1号", CurrentAddress: "示范小区1幢101室", ContactPhone: schemas.Phone{Number: "13957300001"}}
	token := schemas.PersonToken([]byte("test-route-key"), person.CitizenID)
	dossier := schemas.DossierID(token)
	no := schemas.ApplicationNo(dossier, "window", "1")
	at := time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai)
	ordinals := map[schemas.EffectKind]int{}
	result := func(kind schemas.EffectKind, r schemas.EffectResult) schemas.Input {
		ordinals[kind]++
		r.EffectID, r.Status, r.At = schemas.EffectID(no, kind, ordinals[kind]), schemas.EffectDone, schemas.At(at)
		return schemas.Input{InputID: r.EffectID, Kind: schemas.InputEffectResult, Result: &r}
	}
	act := func(kind schemas.ActionKind, officer string) schemas.Input {
		return schemas.Input{InputID: string(kind), Kind: schemas.InputOfficerAction, Action: &schemas.OfficerAction{Kind: kind, Officer: officer}}
	}
	inputs := []schemas.Input{
		{InputID: "1", Kind: schemas.InputSubmission, PersonToken: token, Person: &person, Submission: &schemas.Submission{
			Source: "window", SourceApplicationNo: "1", Channel: schemas.Window, Stages: schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual},
			RecognitionType: schemas.ExistingPermit, HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract},
			Materials: []schemas.Material{{Kind: "labour_contract"}},
		}},
		result(schemas.EffectVerify, schemas.EffectResult{Facts: &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "OLD", Status: "valid", Division: "330106"}}}}),
		act(schemas.ActAccept, "1001"),
	}
	if whole {
		inputs = append(inputs, act(schemas.ActReview, "1002"), act(schemas.ActApprove, "1003"),
			result(schemas.EffectIssue, schemas.EffectResult{Permit: &schemas.Permit{PermitNo: "NEW", LicenceID: "LICENCE"}}),
			result(schemas.EffectPublish, schemas.EffectResult{}), result(schemas.EffectFile, schemas.EffectResult{}),
			result(schemas.EffectNotify, schemas.EffectResult{}), result(schemas.EffectNotify, schemas.EffectResult{}),
			result(schemas.EffectCancel, schemas.EffectResult{}))
	}
	f, log := casework.File{}, []*schemas.Transition(nil)
	for i := range inputs {
		at = at.Add(time.Minute)
		in := &inputs[i]
		in.ApplicationNo, in.DossierID, in.ReceivedAt, in.BodyHash = no, dossier, schemas.At(at), schemas.BodyHash([]byte(in.InputID))
		tr, err := p.Decide(&f, in)
		if err != nil || tr == nil {
			t.Fatalf("input %d: %v", i, err)
		}
		f, log = casework.File{Dossier: tr.Dossier, Person: tr.Person}, append(log, tr)
	}
	return log
}

func records(t testing.TB, log []*schemas.Transition) []schemas.Record {
	t.Helper()
	out := make([]schemas.Record, len(log))
	for i := range log {
		var err error
		if out[i], err = log[i].Record(); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

func openStore(t testing.TB) *worklist.Store {
	t.Helper()
	s, err := worklist.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// within bounds whatever a test waits for.
func within(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Two processes follow one log: each has the whole of it, void records left out, what was there before and what comes later.
func TestEveryProcessFollowsTheWholeLog(t *testing.T) {
	servers, err := embedded.Start()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = servers.Close() })
	ctx := within(t)
	client := openBus(t, servers.Brokers())
	if err := client.CreateTopics(ctx, []bus.TopicSpec{{Name: schemas.TopicCaseLog, Partitions: 2}}); err != nil {
		t.Fatal(err)
	}
	log := records(t, life(t, "11010519491231002X", true))
	l := client.Log(schemas.TopicCaseLog)
	if err := l.Append(ctx, 1, 0, log[:2]); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(ctx, 1, 0, log[2:3]); err == nil {
		t.Fatal("a second writer of offset 0 was not told that it lost")
	}
	dossier := log[0].Key
	var stores []*worklist.Store
	for i := range 2 {
		store := openStore(t)
		stores = append(stores, store)
		changed, stop := store.Watch(dossier)
		t.Cleanup(stop)
		follow(t, openBus(t, servers.Brokers()), store, fmt.Sprintf("worklist-%d", i))
		await(ctx, t, changed)
		if got := listed(t, store); len(got) != 1 || got[0].Stage != schemas.StagePreExamine || got[0].Version != 2 {
			t.Fatalf("process %d: got %+v", i, got)
		}
	}
	changed, stop := stores[1].Watch(dossier)
	defer stop()
	if err := l.Append(ctx, 1, 3, log[2:]); err != nil {
		t.Fatal(err)
	}
	for len(listed(t, stores[1])) > 0 {
		await(ctx, t, changed)
	}
	partition, offsets, err := stores[1].Places(ctx, dossier)
	if err != nil || partition != 1 || len(offsets) != len(log) || offsets[2] != 3 {
		t.Fatalf("places: got %d %v, %v", partition, offsets, err)
	}
	got, err := client.ReadAt(ctx, schemas.TopicCaseLog, partition, offsets)
	if err != nil {
		t.Fatal(err)
	}
	for i := range log {
		if string(got[i].Value) != string(log[i].Value) {
			t.Errorf("record %d is not the one that was written", i)
		}
	}
}

func openBus(t testing.TB, brokers []string) *bus.Client {
	t.Helper()
	c, err := bus.Open(bus.Config{Brokers: brokers, Prefix: "test"}, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

// follow runs the step as a process of its own until the test ends.
func follow(t testing.TB, c *bus.Client, store *worklist.Store, group string) {
	t.Helper()
	r, err := c.NewRunner()
	if err != nil {
		t.Fatal(err)
	}
	s := New(store, c.Log(schemas.TopicCaseLog))
	r.Batch(bus.Step{Name: "worklist", Group: group, Topics: []string{schemas.TopicCaseLog}, Stamped: true, Assigned: s.Assigned}, s.Handle)
	ctx, cancel := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		if err := r.Run(ctx); err != nil {
			t.Errorf("run: %v", err)
		}
	})
	t.Cleanup(func() { cancel(); running.Wait() })
}

func await(ctx context.Context, t testing.TB, changed <-chan struct{}) {
	t.Helper()
	select {
	case <-changed:
	case <-ctx.Done():
		t.Fatal("no change in time")
	}
}

func listed(t *testing.T, s *worklist.Store) []worklist.Case {
	t.Helper()
	cases, _, err := s.List(t.Context(), worklist.Filter{}, "", 10)
	if err != nil {
		t.Fatal(err)
	}
	return cases
}

func TestWhatDoesNotDecodeStopsThePartition(t *testing.T) {
	s := New(openStore(t), nothing{})
	good := records(t, life(t, "11010519491231002X", false))[0]
	bad := schemas.Record{Value: []byte(`{"person":"张三"`)}
	err := s.Handle(t.Context(), bus.Batch{Partition: 1, Records: []bus.Record{{Record: good, Partition: 1, Offset: 4}, {Record: bad, Partition: 1, Offset: 5}}})
	if fault.ClassOf(err) != fault.Unavailable || !strings.Contains(err.Error(), "1/5") || strings.Contains(err.Error(), "张三") {
		t.Errorf("got %v", err)
	}
	if next, err := s.Assigned(t.Context(), 1); next != 0 || err != nil {
		t.Errorf("goes on from %d (%v): a part of the batch was applied", next, err)
	}
}

// nothing is a log without records.
type nothing struct{}

func (nothing) Read(_ context.Context, _ int32, from int64, _ func(bus.Record) error) (int64, error) {
	return from, nil
}

// A partition that is assigned is filled before it is told as such, in chunks.
func TestAssignedFillsTheList(t *testing.T) {
	log := records(t, life(t, "11010519491231002X", false))
	store := openStore(t)
	s := New(store, fill{log[0], 2*chunk + 5})
	for range 2 { // the second time there is nothing left to read
		if next, err := s.Assigned(t.Context(), 0); err != nil || next != 2*chunk+5 {
			t.Fatalf("got %d, %v", next, err)
		}
	}
	counts, err := store.Counts(t.Context())
	if err != nil || len(counts) != 1 || counts[0].Cases != 2*chunk+5 {
		t.Errorf("counted %v, %v", counts, err)
	}
}

// fill is a log of n people with the same first record.
type fill struct {
	first schemas.Record
	n     int64
}

func (f fill) Read(_ context.Context, _ int32, from int64, fn func(bus.Record) error) (int64, error) {
	for ; from < f.n; from++ {
		r := f.first
		r.Value = []byte(strings.ReplaceAll(string(r.Value), r.Key, fmt.Sprintf("D%011d", from)))
		if err := fn(bus.Record{Record: r, Offset: from}); err != nil {
			return 0, err
		}
	}
	return f.n, nil
}

// BenchmarkFollow is the time from the append of one record to whoever watches its file, the append included.
func BenchmarkFollow(b *testing.B) {
	servers, err := embedded.Start()
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = servers.Close() })
	client := openBus(b, servers.Brokers())
	if err := client.CreateTopics(within(b), []bus.TopicSpec{{Name: schemas.TopicCaseLog, Partitions: 1}}); err != nil {
		b.Fatal(err)
	}
	rec := records(b, life(b, "11010519491231002X", false))[0]
	l := client.Log(schemas.TopicCaseLog)
	if err := l.Append(within(b), 0, 0, []schemas.Record{rec}); err != nil {
		b.Fatal(err)
	}
	store := openStore(b)
	changed, stop := store.Watch(rec.Key)
	defer stop()
	follow(b, openBus(b, servers.Brokers()), store, "worklist")
	await(within(b), b, changed)
	for offset := int64(1); b.Loop(); offset++ {
		if err := l.Append(b.Context(), 0, offset, []schemas.Record{rec}); err != nil {
			b.Fatal(err)
		}
		<-changed
	}
}

// BenchmarkRebuild fills the store from the log of 100,000 cases, one half of them open at 审核 (3 records each), one half closed (11 records
// each), read as batches of 2000 from two partitions side by side. Kafka's own share is not in it.
func BenchmarkRebuild(b *testing.B) {
	const cases, perBatch = 100_000, 2000
	shapes := [2][]schemas.Record{records(b, life(b, "11010519491231002X", false)), records(b, life(b, "11010519491231002X", true))}
	key := []byte(shapes[0][0].Key)
	for b.Loop() {
		s := New(openStore(b), nothing{})
		var partitions sync.WaitGroup
		for p := range int32(2) {
			partitions.Go(func() {
				offset := int64(0)
				batch := bus.Batch{Partition: p}
				flush := func() {
					if err := s.Handle(b.Context(), batch); err != nil {
						b.Error(err)
					}
					batch.Records = batch.Records[:0]
				}
				for i := range cases / 2 {
					dossier := fmt.Sprintf("%c%011d", 'A'+p, i)
					for _, r := range shapes[i%2] {
						r.Value = []byte(strings.ReplaceAll(string(r.Value), string(key), dossier))
						batch.Records = append(batch.Records, bus.Record{Record: r, Partition: p, Offset: offset})
						if offset++; len(batch.Records) == perBatch {
							flush()
						}
					}
				}
				flush()
			})
		}
		partitions.Wait()
	}
}
