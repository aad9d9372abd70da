package deadline

import (
	"context"
	"fmt"
	"hash/crc32"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"go.uber.org/goleak"

	"permithub/internal/testcluster"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server is a Redis under test.
type server struct {
	addr  string
	flush func()
}

// onBoth runs a test against the embedded Redis and against redis-server.
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

const testPartitions = 4

func partitionOf(key string) int32 { return int32(crc32.ChecksumIEEE([]byte(key)) % testPartitions) }

// open returns a store at the address; change may be nil.
func open(t testing.TB, addr string, change func(*Config)) *Store {
	t.Helper()
	cfg := Config{Addrs: []string{addr}, PartitionOf: partitionOf, Timeout: time.Minute} // the embedded Redis is slow under the race detector
	if change != nil {
		change(&cfg)
	}
	s, err := Open(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// applicationsOf returns n application numbers of one partition.
func applicationsOf(partition int32, n int) []string {
	nos := make([]string, 0, n)
	for i := 0; len(nos) < n; i++ {
		dossier := schemas.DossierID(schemas.PersonToken([]byte("route key"), fmt.Sprint(i)))
		if partitionOf(dossier) == partition {
			nos = append(nos, schemas.ApplicationNo(dossier, "province", "1"))
		}
	}
	return nos
}

var start = time.Date(2026, 3, 2, 9, 0, 0, 123456000, schemas.Shanghai)

// rungs arms one clock of an application with rungs at these minutes after start.
func rungs(no, clock string, minutes ...int) []Entry {
	entries := make([]Entry, len(minutes))
	for i, m := range minutes {
		entries[i] = Entry{ApplicationNo: no, Clock: clock, Rung: 25 * (i + 1), Due: start.Add(time.Duration(m) * time.Minute)}
	}
	return entries
}

func standing(no string, version int64, deadlines ...Entry) Standing {
	return Standing{ApplicationNo: no, Deadlines: deadlines, Card: schemas.Card{
		ApplicationNo: no, Source: "province", SourceApplicationNo: "1", ReceivedAt: schemas.At(start), Version: version, Stage: schemas.StageAccepted,
	}}
}

// mustApply applies the cases at the mark and returns the new mark.
func mustApply(t testing.TB, s *Store, partition int32, from int64, cases ...Standing) int64 {
	t.Helper()
	verdict, mark, err := s.Apply(context.Background(), Projection{Partition: partition, From: from, Next: from + 1, Cases: cases})
	if err != nil || verdict != Applied || mark != from+1 {
		t.Fatalf("apply at %d: %s, mark %d, %v", from, verdict, mark, err)
	}
	return mark
}
