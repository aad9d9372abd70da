package deadline

import (
	"crypto/tls"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
	"permithub/internal/testcluster"
	"permithub/schemas"
)

func TestConfigReportsEveryFault(t *testing.T) {
	cfg := Config{Addrs: []string{"one:1,two:2", "three"}, DB: 3, Prefix: "a{b", Timeout: -1}
	err := cfg.Validate()
	if err == nil {
		t.Fatal("accepted")
	}
	for _, want := range []string{`"one:1,two:2"`, `"three"`, "database", "prefix", "partitioner", "negative"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("no word on %s in:\n%v", want, err)
		}
	}
	good := Config{Addrs: []string{"127.0.0.1:6379"}, PartitionOf: partitionOf, TLS: &tls.Config{}, Password: "s3cret"}
	if err := good.Validate(); err != nil {
		t.Error(err)
	}
	if got := good.client().TLSConfig.MinVersion; got != tls.VersionTLS12 {
		t.Errorf("TLS version %x", got)
	}
	if strings.Contains(good.LogValue().String(), "s3cret") {
		t.Error("the password is logged")
	}
}

func TestPassword(t *testing.T) {
	r := testcluster.StartRedis(t, testcluster.RedisConfig{Password: "long enough"})
	right := open(t, r.Addr(), func(c *Config) { c.Password = "long enough" })
	if err := right.Ping(t.Context()); err != nil {
		t.Error(err)
	}
	err := open(t, r.Addr(), func(c *Config) { c.Password = "other" }).Ping(t.Context())
	if fault.ClassOf(err) != fault.Unavailable || strings.Contains(err.Error(), "other") {
		t.Errorf("wrong password: %v", err)
	}
}

func TestCheckRefusesARedisThatEvicts(t *testing.T) {
	addr := testcluster.Redis(t)
	s, ctx := open(t, addr, nil), t.Context()
	set := func(name, value string) {
		t.Helper()
		if err := s.rdb.ConfigSet(ctx, name, value).Err(); err != nil {
			t.Fatal(err)
		}
	}
	for _, row := range []struct {
		name, memory, policy string
		refused              bool
	}{
		{"no limit", "0", "allkeys-lru", false},
		{"never", "100mb", "noeviction", false},
		{"cards of ended cases only", "100mb", "volatile-ttl", false},
		{"anything", "100mb", "allkeys-lru", true},
	} {
		t.Run(row.name, func(t *testing.T) {
			set("maxmemory", row.memory)
			set("maxmemory-policy", row.policy)
			if err := s.Check(ctx); (err != nil) != row.refused || row.refused && fault.CodeOf(err) != "redis_evicts" {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestSkew(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		s := open(t, r.addr, func(c *Config) { c.Now = func() time.Time { return time.Now().Add(time.Minute) } })
		got, err := s.Skew(t.Context())
		if err != nil || (got-time.Minute).Abs() > 2*time.Second {
			t.Errorf("skew %s, %v; want a minute ahead", got, err)
		}
	})
}

func TestCards(t *testing.T) {
	no := applicationsOf(1, 1)[0]
	intake := schemas.Card{ApplicationNo: no, Source: "province", SourceApplicationNo: "1", BodyHash: "b0", ReceivedAt: schemas.At(start)}
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		find := func(want schemas.Card, found bool) {
			t.Helper()
			got, ok, err := s.Find(ctx, no)
			if err != nil || ok != found {
				t.Fatalf("found %v, %v", ok, err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("card (-want +got):\n%s", diff)
			}
		}
		find(schemas.Card{}, false)
		if err := s.Put(ctx, intake); err != nil {
			t.Fatal(err)
		}
		find(intake, true)
		logged := standing(no, 1, rungs(no, "T1", 5)...)
		mark := mustApply(t, s, 1, 0, logged)
		if err := s.Put(ctx, intake); err != nil { // late: the log has spoken
			t.Fatal(err)
		}
		find(logged.Card, true)
		if ttl := s.rdb.PTTL(ctx, s.cardKey(1, no)).Val(); ttl != -1 {
			t.Errorf("an open case's card lives %s", ttl)
		}
		ended := standing(no, 2)
		ended.EndedAt = time.Now().Add(-29 * 24 * time.Hour)
		mark = mustApply(t, s, 1, mark, ended)
		find(ended.Card, true)
		if ttl := s.rdb.PTTL(ctx, s.cardKey(1, no)).Val(); ttl <= 23*time.Hour || ttl > 24*time.Hour {
			t.Errorf("the card of a case that ended 29 days ago lives %s", ttl)
		}
		ended.EndedAt = time.Now().Add(-31 * 24 * time.Hour)
		mustApply(t, s, 1, mark, ended)
		find(schemas.Card{}, false)
		if _, ok, err := s.Find(ctx, "not a number"); ok || err != nil {
			t.Errorf("a card for a number that cannot be one: %v %v", ok, err)
		}
	})
}

func TestCardOfAnEndedCaseGoes(t *testing.T) {
	m := miniredis.RunT(t)
	no := applicationsOf(1, 1)[0]
	s := open(t, m.Addr(), func(c *Config) { c.EndedTTL = time.Hour })
	ended := standing(no, 2)
	ended.EndedAt = time.Now()
	mustApply(t, s, 1, 0, ended)
	m.FastForward(2 * time.Hour)
	if _, ok, err := s.Find(t.Context(), no); ok || err != nil {
		t.Errorf("still there: %v %v", ok, err)
	}
}

func TestCorrelation(t *testing.T) {
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		keyed := KeyedRef([]byte("key"), "13800000000", "N1")
		for ref, effect := range map[string]string{"0512 group/1": "K-notify-1", keyed: "K-notify-2"} {
			if err := s.Correlate(ctx, ref, effect, time.Hour); err != nil {
				t.Fatal(err)
			}
			if got, ok, err := s.EffectOf(ctx, ref); got != effect || !ok || err != nil {
				t.Errorf("%s: %s %v %v", ref, got, ok, err)
			}
		}
		if _, ok, err := s.EffectOf(ctx, "other"); ok || err != nil {
			t.Errorf("unknown reference: %v %v", ok, err)
		}
		if err := s.Correlate(ctx, "", "K", time.Hour); fault.ClassOf(err) != fault.Permanent {
			t.Errorf("no reference: %v", err)
		}
		for _, key := range s.rdb.Keys(ctx, "*").Val() {
			if strings.Contains(key, "138") || strings.Contains(key, "0512") {
				t.Errorf("key %s shows what it was made from", key)
			}
		}
	})
	if KeyedRef([]byte("k"), "ab", "c") == KeyedRef([]byte("k"), "a", "bc") {
		t.Error("parts run together")
	}
	if KeyedRef([]byte("k"), "a") == KeyedRef([]byte("l"), "a") {
		t.Error("the key does not matter")
	}
}

// cut is a way to Redis that loses one answer: it passes the request on, waits until Redis has answered, and hangs up.
type cut struct {
	listener net.Listener
	armed    atomic.Bool
	lost     atomic.Int32
	group    sync.WaitGroup
}

func newCut(t *testing.T, to string) *cut {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	c := &cut{listener: l}
	t.Cleanup(func() { _ = l.Close(); c.group.Wait() })
	c.group.Go(func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", to)
			if err != nil {
				_ = near.Close()
				return
			}
			c.group.Go(func() { _, _ = io.Copy(far, near); _ = far.Close() })
			c.group.Go(func() { c.answers(near, far) })
		}
	})
	return c
}

func (c *cut) answers(near, far net.Conn) {
	defer func() { _ = near.Close(); _ = far.Close() }()
	buf := make([]byte, 64<<10)
	for {
		n, err := far.Read(buf)
		if err != nil {
			return
		}
		// The answer to lose is a script's: not that to the numbers before it, nor the refusal of a script that is not loaded yet.
		said := string(buf[:n])
		if c.armed.Load() && said != "+OK\r\n" && !strings.HasPrefix(said, "-NOSCRIPT") && c.armed.CompareAndSwap(true, false) {
			c.lost.Add(1)
			return
		}
		if _, err := near.Write(buf[:n]); err != nil {
			return
		}
	}
}

func TestLostAnswer(t *testing.T) {
	no := applicationsOf(0, 1)[0]
	onBoth(t, func(t *testing.T, r server) {
		way := newCut(t, r.addr)
		direct, ctx := open(t, r.addr, nil), t.Context()
		s := open(t, way.listener.Addr().String(), nil)
		if err := s.Ping(ctx); err != nil { // the connection stands, so the next answer is the script's
			t.Fatal(err)
		}
		way.armed.Store(true)
		p := Projection{Partition: 0, From: 0, Next: 7, Cases: []Standing{standing(no, 1, rungs(no, "T1", 1)...)}}
		verdict, mark, err := s.Apply(ctx, p)
		if err != nil || verdict != Already || mark != 7 || way.lost.Load() != 1 {
			t.Errorf("repeated: %s, mark %d, %v, %d answers lost", verdict, mark, err, way.lost.Load())
		}
		way.armed.Store(true)
		now := start.Add(time.Hour)
		got, err := s.Claim(ctx, 0, now, 10, 10*time.Second)
		if err != nil || len(got) != 0 {
			t.Errorf("the repeated claim found %v, %v", got, err)
		}
		if got, err := direct.Claim(ctx, 0, now.Add(10*time.Second), 10, time.Second); err != nil || len(got) != 1 {
			t.Errorf("after the lease of the lost claim: %v, %v", got, err)
		}
	})
}

func TestNumbers(t *testing.T) {
	mine, other := applicationsOf(1, 1)[0], applicationsOf(2, 1)[0]
	card := schemas.Card{ApplicationNo: mine, Source: "province", SourceApplicationNo: "1", BodyHash: "b0", ReceivedAt: schemas.At(start)}
	onBoth(t, func(t *testing.T, r server) {
		s, ctx := open(t, r.addr, nil), t.Context()
		reserve := func(source, number, no, want string, wantSettled bool) {
			t.Helper()
			holder, settled, err := s.Reserve(ctx, source, number, no)
			if err != nil || holder != want || settled != wantSettled {
				t.Errorf("%s/%s for %s: held by %s, settled %v, %v; want %s, %v", source, number, no, holder, settled, err, want, wantSettled)
			}
		}
		reserve("province", "1", mine, mine, false)
		reserve("province", "1", other, mine, false)
		reserve("window", "1", other, other, false) // each source counts for itself
		key := s.numberKey("province", "1")
		if ttl := s.rdb.PTTL(ctx, key).Val(); ttl <= 0 || ttl > reservedFor {
			t.Errorf("an unsettled number stays reserved for %s", ttl)
		}
		if err := s.Put(ctx, card); err != nil {
			t.Fatal(err)
		}
		reserve("province", "1", other, mine, true)

		open := standing(mine, 1, rungs(mine, "T1", 5)...)
		open.Card.Source, open.Card.SourceApplicationNo = "province", "1"
		r.flush()
		mark := mustApply(t, s, 1, 0, open) // the log brings it back
		reserve("province", "1", other, mine, true)
		if err := s.Put(ctx, card); err != nil { // late: the log has spoken
			t.Fatal(err)
		}
		if ttl := s.rdb.PTTL(ctx, key).Val(); ttl != -1 {
			t.Errorf("the number of an open case stays for %s", ttl)
		}
		open.Deadlines, open.EndedAt = nil, time.Now().Add(-29*24*time.Hour)
		mustApply(t, s, 1, mark, open)
		if ttl := s.rdb.PTTL(ctx, key).Val(); ttl <= 23*time.Hour || ttl > 24*time.Hour {
			t.Errorf("the number of a case that ended 29 days ago stays for %s", ttl)
		}
		if err := s.Reset(ctx, 2); err != nil {
			t.Fatal(err)
		}
		reserve("province", "1", other, mine, true)
		reserve("window", "1", mine, mine, false)
		if err := s.Reset(ctx, 1); err != nil {
			t.Fatal(err)
		}
		reserve("province", "1", other, other, false)
	})
}
