package deadline

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"permithub/internal/testcluster"
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

// startCluster starts a Redis Cluster of n nodes that share the slots, and returns where they listen. Each refuses commands whose keys lie in
// several slots, and sends away those whose slot is another's.
func startCluster(t *testing.T, n int) []string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	const slots = 16384
	addrs := make([]string, n)
	nodes := make([]*redis.Client, n)
	buses := make([]string, n)
	for i := range n {
		buses[i] = freePort(t)
		addrs[i] = testcluster.StartRedis(t, testcluster.RedisConfig{Settings: []string{
			"--cluster-enabled", "yes", "--cluster-port", buses[i], "--cluster-node-timeout", "2000",
		}}).Addr()
		nodes[i] = redis.NewClient(&redis.Options{Addr: addrs[i]})
		defer func() { _ = nodes[i].Close() }()
		if err := nodes[i].ClusterAddSlotsRange(ctx, i*slots/n, (i+1)*slots/n-1).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for i := 1; i < n; i++ {
		host, port, err := net.SplitHostPort(addrs[i])
		if err != nil {
			t.Fatal(err)
		}
		if err := nodes[0].Do(ctx, "CLUSTER", "MEET", host, port, buses[i]).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, node := range nodes {
		until(ctx, t, func() bool {
			info := node.ClusterInfo(ctx).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, fmt.Sprintf("cluster_known_nodes:%d\r\n", n)) &&
				strings.Contains(info, fmt.Sprintf("cluster_size:%d\r\n", n))
		})
	}
	return addrs
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
	addrs := startCluster(t, 3)
	s := open(t, addrs[0], func(c *Config) { c.Addrs = addrs })
	if _, ok := s.rdb.(*redis.ClusterClient); !ok {
		t.Fatalf("two addresses gave a %T", s.rdb)
	}
	ctx := t.Context()
	if err := s.Ping(ctx); err != nil {
		t.Fatal(err)
	}
	nodes := 0
	if err := s.eachNode(ctx, func(context.Context, redis.Cmdable) error { nodes++; return nil }); err != nil || nodes != 3 {
		t.Fatalf("%d masters, %v", nodes, err)
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
