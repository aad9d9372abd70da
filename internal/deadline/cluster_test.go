package deadline

import (
	"context"
	"net"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"
)

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return strconv.Itoa(l.Addr().(*net.TCPAddr).Port)
}

// startClusterNode starts a Redis Cluster of one node that holds every slot: it refuses commands whose keys lie in several.
func startClusterNode(t *testing.T) (port string) {
	t.Helper()
	port = freePort(t)
	server := exec.Command("redis-server", "--port", port, "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir(),
		"--cluster-enabled", "yes", "--cluster-port", freePort(t))
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = server.Process.Kill()
		_ = server.Wait()
	})
	admin := redis.NewClient(&redis.Options{Addr: "127.0.0.1:" + port})
	defer func() { _ = admin.Close() }()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	until(ctx, t, func() bool { return admin.Ping(ctx).Err() == nil })
	if err := admin.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	until(ctx, t, func() bool { return admin.ClusterInfo(ctx).Val()[:len("cluster_state:ok")] == "cluster_state:ok" })
	return port
}

// until asks until it is so, or ctx ends.
func until(ctx context.Context, t *testing.T, so func() bool) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !so() {
		select {
		case <-ctx.Done():
			t.Fatal("the cluster does not come up")
		case <-tick.C:
		}
	}
}

func TestCluster(t *testing.T) {
	port := startClusterNode(t)
	s := open(t, "127.0.0.1:"+port, func(c *Config) { c.Addrs = append(c.Addrs, "localhost:"+port) })
	if _, ok := s.rdb.(*redis.ClusterClient); !ok {
		t.Fatalf("two addresses gave a %T", s.rdb)
	}
	ctx := t.Context()
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	var all []int32
	for p := range int32(testPartitions) {
		all = append(all, p)
		var cases []Standing
		for _, no := range applicationsOf(p, 20) {
			cases = append(cases, standing(no, 1, rungs(no, "T1", 1+int(p), 100)...))
		}
		mark := mustApply(t, s, p, 0, cases...)
		mustApply(t, s, p, mark, standing(cases[0].ApplicationNo, 2))
	}
	if next, ok, err := s.Next(ctx, all...); err != nil || !ok || next.Sub(start).Round(time.Second) != time.Minute {
		t.Errorf("next %s %v %v", next, ok, err)
	}
	now := start.Add(50 * time.Minute)
	for _, p := range all {
		got, err := s.Claim(ctx, p, now, 100, time.Minute)
		if err != nil || len(got) != 19 {
			t.Errorf("partition %d: claimed %d, %v", p, len(got), err)
		}
		if err := s.Extend(ctx, p, got, now); err != nil {
			t.Error(err)
		}
	}
	n, err := s.Count(ctx, now, all...)
	if diff := cmp.Diff(Counts{Claimed: 19 * testPartitions}, n); diff != "" || err != nil {
		t.Errorf("counts: %s %v", diff, err)
	}
	snap, err := Dump(ctx, s, 2)
	if err != nil || len(snap.Cards) != 20 || len(snap.Deadlines) != 19 {
		t.Errorf("dump: %d cards, %d deadlines, %v", len(snap.Cards), len(snap.Deadlines), err)
	}
	if err := s.Reset(ctx, 2); err != nil {
		t.Error(err)
	}
	if snap, err := Dump(ctx, s, 2); err != nil || !cmp.Equal(snap, Snapshot{}) {
		t.Errorf("after a reset: %+v, %v", snap, err)
	}
	if _, err := s.Skew(ctx); err != nil {
		t.Error(err)
	}
}
