package overdue

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"permithub/internal/deadline"
	"permithub/internal/fault"
	"permithub/internal/testcluster"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, schemas.Shanghai)

// onBoth runs a test against the embedded Redis and against redis-server.
func onBoth(t *testing.T, test func(t *testing.T, store *deadline.Store)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) { test(t, open(t, miniredis.RunT(t).Addr())) })
	t.Run("redis-server", func(t *testing.T) { test(t, open(t, testcluster.Redis(t))) })
}

func open(t testing.TB, addr string) *deadline.Store {
	t.Helper()
	s, err := deadline.Open(deadline.Config{Addrs: []string{addr}, PartitionOf: partitionOf, Timeout: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func partitionOf(key string) int32 { return int32(key[0]) % 2 }

// arm gives n applications a rung each at these offsets from t0 and returns how many there are.
func arm(t testing.TB, store *deadline.Store, n int, offsets ...time.Duration) int {
	t.Helper()
	cases := map[int32][]deadline.Standing{}
	for i := range n {
		dossier := schemas.DossierID(schemas.PersonToken([]byte("route key"), fmt.Sprint(i)))
		no := schemas.ApplicationNo(dossier, "province", "1")
		st := deadline.Standing{ApplicationNo: no, Card: schemas.Card{ApplicationNo: no, Version: 1}}
		for j, d := range offsets {
			st.Deadlines = append(st.Deadlines, deadline.Entry{ApplicationNo: no, Clock: "T1", Rung: 100 - 25*j, Due: t0.Add(d)})
		}
		cases[partitionOf(dossier)] = append(cases[partitionOf(dossier)], st)
	}
	for p, c := range cases {
		if v, _, err := store.Apply(t.Context(), deadline.Projection{Partition: p, Next: 1, Cases: c}); err != nil || v != deadline.Applied {
			t.Fatal(v, err)
		}
	}
	return n * len(offsets)
}

// topic is case-input.
type topic struct {
	mu      sync.Mutex
	records []schemas.Record
	fail    error // returned after the records were taken, as a lost acknowledgement is
	refuse  error // returned without taking them
}

func (k *topic) Produce(_ context.Context, records ...schemas.Record) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.refuse != nil {
		return k.refuse
	}
	k.records = append(k.records, records...)
	return k.fail
}

func (k *topic) count() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.records)
}

func (k *topic) inputs(t testing.TB) []*schemas.Input {
	t.Helper()
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]*schemas.Input, len(k.records))
	for i := range k.records {
		in, err := schemas.DecodeInput(k.records[i].Value)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = in
	}
	return out
}

// ids returns how often each input id stands in the topic.
func (k *topic) ids(t testing.TB) map[string]int {
	t.Helper()
	n := map[string]int{}
	for _, in := range k.inputs(t) {
		n[in.InputID]++
	}
	return n
}

func newPoller(t testing.TB, store *deadline.Store, to Publisher, now time.Time) *Poller {
	t.Helper()
	p, err := New(Config{Partitions: []int32{0, 1}, Now: func() time.Time { return now }, After: after}, store, store, to, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func mustPoll(t testing.TB, p *Poller) time.Duration {
	t.Helper()
	wait, err := p.poll(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return wait
}

func TestInput(t *testing.T) {
	no := schemas.ApplicationNo("AAAAAAAAAAAA", "province", "1")
	e := deadline.Entry{ApplicationNo: no, Clock: "T1", Rung: 100, Due: t0}
	got, err := input(e, t0.Add(1500*time.Millisecond))
	if err != nil {
		t.Fatal(err)
	}
	what := no + "|T1|100|2026-03-02T09:00:00+08:00"
	want := &schemas.Input{
		InputID: schemas.InputID("overdue", what, schemas.InputDeadlineReached), Kind: schemas.InputDeadlineReached, DossierID: "AAAAAAAAAAAA",
		ApplicationNo: no, Source: "overdue", ReceivedAt: schemas.At(t0.Add(1500 * time.Millisecond)), BodyHash: schemas.BodyHash([]byte(what)),
		Deadline: &schemas.DeadlineReached{Clock: "T1", Rung: 100, DueAt: schemas.At(t0), DetectedAt: schemas.At(t0.Add(1500 * time.Millisecond))},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	later, err := input(e, t0.Add(time.Hour))
	if err != nil || later.InputID != got.InputID || later.BodyHash != got.BodyHash {
		t.Errorf("found again it is another input: %v %v", later, err)
	}
	moved, err := input(deadline.Entry{ApplicationNo: no, Clock: "T1", Rung: 100, Due: t0.Add(time.Microsecond)}, t0.Add(time.Hour))
	if err != nil || moved.InputID == got.InputID {
		t.Errorf("a deadline that moved is the same input: %v %v", moved, err)
	}
	if _, err := input(deadline.Entry{ApplicationNo: "x", Clock: "T1"}, t0); err == nil {
		t.Error("a number that cannot be one was accepted")
	}
}

func TestWhatIsDueIsProducedOnce(t *testing.T) {
	onBoth(t, func(t *testing.T, store *deadline.Store) {
		n := arm(t, store, 1400, -time.Second, time.Minute) / 2 // one of two is due, the other follows when the log says so; above one lot
		to := &topic{}
		p := newPoller(t, store, to, t0)
		if wait := mustPoll(t, p); wait != time.Second {
			t.Errorf("sleeps %s with nothing due for a minute", wait)
		}
		mustPoll(t, p)
		if got := len(to.ids(t)); got != n || len(to.records) != got {
			t.Errorf("%d inputs of %d deadlines, want %d", len(to.records), got, n)
		}
		for _, in := range to.inputs(t) {
			if in.Deadline.DetectedAt.Before(in.Deadline.DueAt.Time) || !in.ReceivedAt.Equal(t0) {
				t.Fatalf("dated %s, detected %s, received %s", in.Deadline.DueAt, in.Deadline.DetectedAt, in.ReceivedAt)
			}
		}
		if got := testutil.ToFloat64(p.metrics.claimed.WithLabelValues(kindDeadline)); got != 1400 {
			t.Errorf("%v deadlines counted, want 1400", got)
		}
	})
}

func TestRecoveryAfterDowntimeFiresTheEarliestFirst(t *testing.T) {
	onBoth(t, func(t *testing.T, store *deadline.Store) {
		arm(t, store, 5, 3*time.Hour, 2*time.Hour, time.Hour)
		to := &topic{}
		mustPoll(t, newPoller(t, store, to, t0.Add(72*time.Hour)))
		last := map[string]time.Time{}
		for _, in := range to.inputs(t) {
			if in.Deadline.DueAt.Before(last[in.ApplicationNo]) {
				t.Errorf("%s: rung %d comes after a later one", in.ApplicationNo, in.Deadline.Rung)
			}
			last[in.ApplicationNo] = in.Deadline.DueAt.Time
		}
		// The two that follow come when the log has answered the first.
		if len(to.records) != 5 {
			t.Errorf("%d inputs, want 5", len(to.records))
		}
	})
}

// lossy is a store whose extensions get lost, as they do when the poller dies before it gives back what it could not produce.
type lossy struct{ *deadline.Store }

var errDown = fault.Outage("redis", errors.New("down"))

func (lossy) Extend(context.Context, int32, []deadline.Entry, time.Time) error { return errDown }

func TestCrashes(t *testing.T) {
	for _, row := range []struct {
		name  string
		first *topic
		index func(*deadline.Store) Index
		err   bool
		lives bool          // looks again after half a lease
		again time.Duration // when another poller looks
		want  int           // inputs at the end, of 3 deadlines
	}{
		{"none", &topic{}, func(s *deadline.Store) Index { return s }, false, true, 20 * time.Second, 3},
		{"died after producing: a repeat once the lease ended", &topic{}, func(s *deadline.Store) Index { return s }, false, false, 10 * time.Second, 6},
		{"died after producing, lease still running", &topic{}, func(s *deadline.Store) Index { return s }, false, false, 9 * time.Second, 3},
		{"died before producing: found once the lease ended", &topic{refuse: errDown}, func(s *deadline.Store) Index { return lossy{s} }, true, false, 10 * time.Second, 3},
		{"kafka down: given back at once", &topic{refuse: errDown}, func(s *deadline.Store) Index { return s }, true, false, 0, 3},
		{"acknowledgement lost: a repeat at once", &topic{fail: errDown}, func(s *deadline.Store) Index { return s }, true, false, 0, 6},
		{"approval stands still: a repeat after ten minutes", &topic{}, func(s *deadline.Store) Index { return s }, false, true, 11 * time.Minute, 6},
	} {
		t.Run(row.name, func(t *testing.T) {
			onBoth(t, func(t *testing.T, store *deadline.Store) {
				arm(t, store, 3, -time.Second)
				to := &topic{fail: row.first.fail, refuse: row.first.refuse}
				now := t0
				p := newPoller(t, store, to, t0)
				p.index, p.cfg.Now = row.index(store), func() time.Time { return now }
				if _, err := p.poll(t.Context()); (err != nil) != row.err {
					t.Fatalf("first poll: %v", err)
				}
				to.fail, to.refuse = nil, nil
				if now = t0.Add(p.cfg.Lease / 2); row.lives {
					mustPoll(t, p)
				}
				mustPoll(t, newPoller(t, store, to, t0.Add(row.again)))
				if len(to.records) != row.want || len(to.ids(t)) != 3 {
					t.Errorf("%d inputs with %d ids, want %d with 3", len(to.records), len(to.ids(t)), row.want)
				}
			})
		})
	}
}

func TestManyPollersOneInput(t *testing.T) {
	onBoth(t, func(t *testing.T, store *deadline.Store) {
		n := arm(t, store, 1800, -time.Second)
		to := &topic{}
		var group sync.WaitGroup
		for range 4 {
			p := newPoller(t, store, to, t0)
			p.cfg.Limit = 50
			group.Go(func() {
				if _, err := p.poll(context.Background()); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if len(to.records) != n || len(to.ids(t)) != n {
			t.Errorf("%d inputs with %d ids, want %d", len(to.records), len(to.ids(t)), n)
		}
	})
}

func TestBurst(t *testing.T) {
	if testing.Short() {
		t.Skip("50,000 deadlines")
	}
	store := open(t, testcluster.Redis(t))
	n := arm(t, store, 50_000, 0)
	to := &topic{}
	p := newPoller(t, store, to, t0)
	began := time.Now()
	mustPoll(t, p)
	t.Logf("%d deadlines claimed, encoded and handed over in %s", n, time.Since(began).Round(time.Millisecond))
	if len(to.records) != n {
		t.Errorf("%d inputs, want %d", len(to.records), n)
	}
}

func TestAClockThatRunsAheadIsNotBelieved(t *testing.T) {
	m := miniredis.RunT(t)
	m.SetTime(t0.Add(-time.Hour))
	store, err := deadline.Open(deadline.Config{Addrs: []string{m.Addr()}, PartitionOf: partitionOf, Now: func() time.Time { return t0 }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	arm(t, store, 1, -time.Minute)
	for _, row := range []struct {
		name string
		max  time.Duration
		want int
	}{{"with a limit", 2 * time.Second, 0}, {"without", 0, 1}} {
		t.Run(row.name, func(t *testing.T) {
			to := &topic{}
			p := newPoller(t, store, to, t0)
			p.cfg.MaxSkew = row.max
			mustPoll(t, p)
			if len(to.records) != row.want {
				t.Errorf("%d inputs, want %d", len(to.records), row.want)
			}
			if got := testutil.ToFloat64(p.metrics.skew.WithLabelValues(againstRedis)); got < 3599 || got > 3601 {
				t.Errorf("skew %v s", got)
			}
			if held := testutil.ToFloat64(p.metrics.held) == 1; held != (row.want == 0) {
				t.Errorf("held: %v", held)
			}
		})
	}
}

// Kafka tells its time only with an answer: what a clock that is ahead reported meanwhile is found again at its instant.
func TestAClockAheadOfKafkaIsNotBelieved(t *testing.T) {
	onBoth(t, func(t *testing.T, store *deadline.Store) {
		arm(t, store, 1, 10*time.Minute)
		to := &topic{}
		now := t0.Add(time.Hour) // it is t0
		p := newPoller(t, store, to, now)
		p.cfg.MaxSkew, p.cfg.Now = 2*time.Second, func() time.Time { return now }
		p.cfg.Ahead = func() (time.Duration, bool) {
			if to.count() == 0 {
				return 0, false
			}
			return time.Hour, true
		}
		produced := func(want int, held float64) {
			t.Helper()
			mustPoll(t, p)
			if to.count() != want || testutil.ToFloat64(p.metrics.held) != held {
				t.Errorf("%d inputs, held %v; want %d, %v", to.count(), testutil.ToFloat64(p.metrics.held), want, held)
			}
		}
		produced(1, 1)
		now = now.Add(9 * time.Minute)
		produced(1, 1)
		now = now.Add(time.Minute)
		produced(2, 1)
		in := to.inputs(t)
		if in[0].InputID != in[1].InputID || !in[1].Deadline.DetectedAt.Equal(t0.Add(10*time.Minute)) {
			t.Errorf("found again as %+v", in[1])
		}
	})
}

// fakeIndex holds deadlines of one partition by instant.
type fakeIndex struct {
	mu     sync.Mutex
	due    []deadline.Entry
	looks  int
	broken bool
}

func (f *fakeIndex) Claim(_ context.Context, _ int32, now time.Time, _ int, _ time.Duration) ([]deadline.Entry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.looks++
	if f.broken {
		return nil, errDown
	}
	var out, rest []deadline.Entry
	for _, e := range f.due {
		if e.Due.After(now) {
			rest = append(rest, e)
		} else {
			out = append(out, e)
		}
	}
	f.due = rest
	return out, nil
}

func (f *fakeIndex) Extend(context.Context, int32, []deadline.Entry, time.Time) error { return nil }

func (f *fakeIndex) Next(context.Context, ...int32) (time.Time, bool, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.due) == 0 {
		return time.Time{}, false, nil
	}
	return f.due[0].Due, true, nil
}

func (f *fakeIndex) Skew(context.Context) (time.Duration, error) { return 0, nil }

func (f *fakeIndex) Count(context.Context, time.Time, ...int32) (deadline.Counts, error) {
	return deadline.Counts{}, nil
}

func (f *fakeIndex) looked() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.looks
}

func (f *fakeIndex) set(broken bool, due ...deadline.Entry) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.broken, f.due = broken, due
}

func TestRunSleepsUntilTheNextOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var lines strings.Builder
		no := schemas.ApplicationNo("AAAAAAAAAAAA", "province", "1")
		entry := func(in time.Duration) deadline.Entry {
			return deadline.Entry{ApplicationNo: no, Clock: "T1", Rung: 100, Due: time.Now().Add(in)}
		}
		index, to := &fakeIndex{due: []deadline.Entry{entry(300 * time.Millisecond), entry(3 * time.Second)}}, &topic{}
		p, err := New(Config{Partitions: []int32{0}}, index, index, to, slog.New(slog.NewTextHandler(&lines, nil)), nil)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		var group sync.WaitGroup
		group.Go(func() { p.Run(ctx) })
		time.Sleep(3500 * time.Millisecond)
		for _, in := range to.inputs(t) {
			if late := in.Deadline.DetectedAt.Sub(in.Deadline.DueAt.Time); late > 2*time.Millisecond {
				t.Errorf("detected %s late", late)
			}
		}
		if len(to.inputs(t)) != 2 || index.looked() > 8 {
			t.Errorf("%d inputs in %d looks", len(to.inputs(t)), index.looked())
		}
		index.set(true)
		time.Sleep(10 * time.Second)
		index.set(false, entry(-time.Hour))
		time.Sleep(1100 * time.Millisecond)
		if len(to.inputs(t)) != 3 {
			t.Errorf("%d inputs after the outage, want 3", len(to.inputs(t)))
		}
		cancel()
		group.Wait()
		if down, up := strings.Count(lines.String(), "cannot be produced"), strings.Count(lines.String(), "produced again"); down != 1 || up != 1 {
			t.Errorf("outage logged %d times, its end %d times:\n%s", down, up, lines.String())
		}
		if got := testutil.ToFloat64(p.metrics.failures); got < 9 || got > 11 {
			t.Errorf("%v failures counted", got)
		}
	})
}

func TestMetricsAndConfig(t *testing.T) {
	reg := prometheus.NewPedanticRegistry()
	if _, err := New(Config{Partitions: []int32{0}}, nil, nil, nil, slog.New(slog.DiscardHandler), reg); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("lint: %v, %v", problems, err)
	}
	if n, err := testutil.GatherAndCount(reg, "permithub_deadline_index_entries", "permithub_deadlines_claimed_total"); err != nil || n != 5 {
		t.Errorf("%d series visible at the start, %v", n, err)
	}
	err = (&Config{Limit: 5001, Lease: -1, Now: time.Now}).Validate()
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("want four faults, got %v", err)
	}
}

// A poller that cannot do its work looks silent to whoever watches, although it runs.
func TestLastRunIsTheLastThatEndedWell(t *testing.T) {
	p, err := New(Config{Partitions: []int32{0}}, nil, nil, nil, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	p.metrics.last.Set(1)
	p.report(t.Context(), errors.New("no Redis"))
	if got := testutil.ToFloat64(p.metrics.last); got != 1 {
		t.Errorf("a failure moved it to %v", got)
	}
	p.report(t.Context(), nil)
	if got := testutil.ToFloat64(p.metrics.last); got == 1 {
		t.Error("a run that ended well did not move it")
	}
}
