package clock

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/internal/testcluster"
)

// waitFor asks a server until its answer holds text.
func waitFor(t *testing.T, addr, cmd, text string) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for {
		answer := command(t, addr, cmd)
		if strings.Contains(answer, text) {
			return
		}
		select {
		case <-limit:
			t.Fatalf("%s of %s never holds %q: %s", cmd, addr, text, answer)
		case <-tick.C:
		}
	}
}

// A replica takes over that never heard of the last batches: what it lost is replayed, and nothing is missed or doubled.
func TestFailoverToALaggingReplica(t *testing.T) {
	first := testcluster.StartRedis(t, testcluster.RedisConfig{})
	host, port, err := net.SplitHostPort(first.Addr())
	if err != nil {
		t.Fatal(err)
	}
	second := testcluster.StartRedis(t, testcluster.RedisConfig{Settings: []string{"--replicaof", host + " " + port, "--repl-diskless-sync-delay", "0"}})
	log := story(t, 1)
	s := newStep(t, open(t, first.Addr()), &memory{values: log.values[:4]})
	mustAssign(t, s, 1)
	waitFor(t, second.Addr(), "GET permithub:{p1}:mark", "4")
	// The link breaks, the hub works on, the first server dies, the second takes over.
	if got := command(t, second.Addr(), "REPLICAOF 127.0.0.1 1"); got != "+OK" {
		t.Fatal(got)
	}
	s.log = log
	mustHandle(t, s, log.batch(1, 4, log.end()))
	equalsLog(t, open(t, first.Addr()), 1, log)
	if got := command(t, second.Addr(), "REPLICAOF NO ONE"); got != "+OK" {
		t.Fatal(got)
	}
	first.Kill(t)
	index := open(t, second.Addr())
	if mark := mustMark(t, index, 1); mark != 4 {
		t.Fatalf("the replica's mark stands at %d, want 4", mark)
	}
	s.index = index
	if err := s.check(t.Context()); err != nil {
		t.Fatal(err)
	}
	equalsLog(t, index, 1, log)
	if got := testutil.ToFloat64(s.metrics.replays); got != 1 {
		t.Errorf("%v replays counted, want 1", got)
	}
}

// A power cut tears the end off the append-only file: a batch is there whole, with its mark, or not at all.
func TestATornAppendOnlyFile(t *testing.T) {
	log := story(t, 1)
	for _, keep := range []float64{0.95, 0.7, 0.4, 0.1} {
		r := testcluster.StartRedis(t, testcluster.RedisConfig{AppendOnly: true})
		index := open(t, r.Addr())
		s := newStep(t, index, log)
		mustAssign(t, s, 1)
		equalsLog(t, index, 1, log)
		files, err := filepath.Glob(filepath.Join(folder(t, r.Addr()), "appendonlydir", "*.incr.aof"))
		if err != nil || len(files) != 1 {
			t.Fatal(files, err)
		}
		r.Kill(t)
		info, err := os.Stat(files[0])
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Truncate(files[0], int64(float64(info.Size())*keep)); err != nil {
			t.Fatal(err)
		}
		r.Restart(t)
		if mark := mustMark(t, index, 1); mark >= log.end() {
			t.Errorf("%.0f %% of the file are left, and the mark stands at %d", keep*100, mark)
		}
		if err := s.check(t.Context()); err != nil {
			t.Fatal(err)
		}
		equalsLog(t, index, 1, log)
	}
}

// folder is where a server keeps its files.
func folder(t *testing.T, addr string) string {
	t.Helper()
	lines := strings.Split(strings.ReplaceAll(command(t, addr, "CONFIG GET dir"), "\r", ""), "\n")
	return lines[len(lines)-1]
}
