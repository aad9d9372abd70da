package clock

import (
	"context"
	"fmt"
	"hash/crc32"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"permithub/internal/bus"
	"permithub/internal/deadline"
	"permithub/internal/testcluster"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const partitions = 2

func partitionOf(key string) int32 { return int32(crc32.ChecksumIEEE([]byte(key)) % partitions) }

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 123456000, schemas.Shanghai)

// server is a Redis under test.
type server struct {
	addr  string
	flush func()
}

func onBoth(t *testing.T, test func(t *testing.T, r server)) {
	t.Helper()
	t.Run("miniredis", func(t *testing.T) {
		m := miniredis.RunT(t)
		test(t, server{m.Addr(), m.FlushAll})
	})
	t.Run("redis-server", func(t *testing.T) {
		r := testcluster.StartRedis(t, testcluster.RedisConfig{})
		test(t, server{r.Addr(), func() { r.Flush(t) }})
	})
}

func open(t testing.TB, addr string) *deadline.Store {
	t.Helper()
	s, err := deadline.Open(deadline.Config{Addrs: []string{addr}, PartitionOf: partitionOf, Timeout: time.Minute, Now: func() time.Time { return t0 }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

func newStep(t testing.TB, index Index, log Log) *Step {
	t.Helper()
	s, err := New(Config{Partitions: partitions, Chunk: 3}, index, log, slog.New(slog.DiscardHandler), nil)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// memory is one partition of a stamped log: a nil value is a void record.
type memory struct {
	mu     sync.Mutex
	values [][]byte
}

func (m *memory) append(values ...[]byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values = append(m.values, values...)
}

func (m *memory) end() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return int64(len(m.values))
}

// valid returns the valid records of [from, to).
func (m *memory) valid(partition int32, from, to int64) []bus.Record {
	m.mu.Lock()
	defer m.mu.Unlock()
	var out []bus.Record
	for o := from; o < to; o++ {
		if v := m.values[o]; v != nil {
			out = append(out, bus.Record{Record: schemas.Record{Topic: schemas.TopicCaseLog, Value: v}, Partition: partition, Offset: o})
		}
	}
	return out
}

// Read implements Log.
func (m *memory) Read(ctx context.Context, partition int32, from int64, fn func(bus.Record) error) (int64, error) {
	end := m.end()
	if from < 0 || from > end {
		return end, fmt.Errorf("%w: %d", bus.ErrOutOfRange, from)
	}
	for _, r := range m.valid(partition, from, end) {
		if err := ctx.Err(); err != nil {
			return end, err
		}
		if err := fn(r); err != nil {
			return end, err
		}
	}
	return end, nil
}

func (m *memory) transitions(t testing.TB) []*schemas.Transition {
	t.Helper()
	var out []*schemas.Transition
	for _, r := range m.valid(0, 0, m.end()) {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, tr)
	}
	return out
}

// batch is what the bus would deliver of [from, to).
func (m *memory) batch(partition int32, from, to int64) bus.Batch {
	return bus.Batch{Topic: schemas.TopicCaseLog, Partition: partition, Records: m.valid(partition, from, min(to, m.end()))}
}

// equalsLog compares Redis with the log.
func equalsLog(t testing.TB, s *deadline.Store, partition int32, m *memory) {
	t.Helper()
	if diff := difference(t, s, partition, m); diff != "" {
		t.Errorf("redis differs from the log (-want +got):\n%s", diff)
	}
}

func difference(t testing.TB, s *deadline.Store, partition int32, m *memory) string {
	t.Helper()
	got, err := deadline.Dump(context.Background(), s, partition)
	if err != nil {
		return err.Error()
	}
	want := Expect(m.end(), m.transitions(t), 30*24*time.Hour, t0)
	for o := m.end(); o > 0 && m.values[o-1] == nil; o-- {
		if got.Mark == o-1 { // the mark need not move over void records at the end
			want.Mark = got.Mark
		}
	}
	return cmp.Diff(want, got)
}

// person writes one person's file step by step.
type person struct {
	t       testing.TB
	dossier schemas.Dossier
	cases   int
}

// personsOf returns n persons whose files lie in the partition.
func personsOf(t testing.TB, partition int32, n int) []*person {
	var out []*person
	for i := 0; len(out) < n; i++ {
		token := schemas.PersonToken([]byte("route key"), fmt.Sprint(i))
		if id := schemas.DossierID(token); partitionOf(id) == partition {
			out = append(out, &person{t: t, dossier: schemas.Dossier{DossierID: id, PersonToken: token}})
		}
	}
	return out
}

// transition is about the case that was last worked on.
func (p *person) transition() schemas.Transition {
	no := schemas.ApplicationNo(p.dossier.DossierID, "province", fmt.Sprint(p.cases))
	return schemas.Transition{Seq: p.dossier.Seq, DossierID: p.dossier.DossierID, ApplicationNo: no, Dossier: p.dossier}
}

// value closes one transition and returns it as it stands in the log.
func (p *person) value() []byte {
	p.dossier.Seq++
	tr := p.transition()
	r, err := tr.Record()
	if err != nil {
		p.t.Fatal(err)
	}
	return r.Value
}

func at(minutes int) schemas.Time { return schemas.At(t0.Add(time.Duration(minutes) * time.Minute)) }

// submit opens a case.
func (p *person) submit() []byte {
	p.cases++
	no := schemas.ApplicationNo(p.dossier.DossierID, "province", fmt.Sprint(p.cases))
	p.dossier.Open = &schemas.Case{ApplicationNo: no, Stage: schemas.StagePreExamine, SubmittedAt: at(0),
		Submission: schemas.Submission{Source: "province", SourceApplicationNo: fmt.Sprint(p.cases)}}
	return p.value()
}

// accept arms a clock with rungs at these minutes.
func (p *person) accept(clock string, minutes ...int) []byte {
	c := p.dossier.Open
	k := schemas.Clock{ID: clock, StartedAt: at(0), DueAt: at(minutes[len(minutes)-1])}
	for i, m := range minutes {
		k.Rungs = append(k.Rungs, schemas.Rung{Percent: 100 * (i + 1) / len(minutes), At: at(m)})
	}
	accepted := at(0)
	c.Stage, c.AcceptedAt = schemas.StageAccepted, &accepted
	c.Clocks = append(c.Clocks, k)
	return p.value()
}

// fire records one rung.
func (p *person) fire(clock, rung int) []byte {
	fired := at(99)
	p.dossier.Open.Clocks[clock].Rungs[rung].FiredAt = &fired
	return p.value()
}

// pause pauses all clocks, or resumes them that much later.
func (p *person) pause(on bool, shift int) []byte {
	for i := range p.dossier.Open.Clocks {
		k := &p.dossier.Open.Clocks[i]
		if on {
			paused := at(1)
			k.PausedAt = &paused
			continue
		}
		k.PausedAt = nil
		for j := range k.Rungs {
			if k.Rungs[j].FiredAt == nil {
				k.Rungs[j].At = schemas.At(k.Rungs[j].At.Add(time.Duration(shift) * time.Minute))
			}
		}
	}
	return p.value()
}

// end ends the case so many days ago.
func (p *person) end(daysAgo int) []byte {
	c := p.dossier.Open
	p.dossier.Open = nil
	p.dossier.Ended = append(p.dossier.Ended, schemas.EndedCase{ApplicationNo: c.ApplicationNo, Source: "province",
		SourceApplicationNo: c.Submission.SourceApplicationNo, SubmittedAt: c.SubmittedAt, Outcome: "refused",
		EndedAt: schemas.At(t0.Add(-time.Duration(daysAgo) * 24 * time.Hour))})
	return p.value()
}
