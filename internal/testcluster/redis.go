package testcluster

import (
	"context"
	"testing"
	"time"

	"permithub/internal/localcluster"
)

// redisLimit bounds everything that a redis-server is asked here.
const redisLimit = 20 * time.Second

// RedisConfig describes one redis-server. The zero value is one without password that forgets everything when killed.
type RedisConfig struct {
	// Password is what clients must give. Empty: none.
	Password string
	// AppendOnly keeps every write over a kill. False: a restart begins empty.
	AppendOnly bool
	// Settings are further ones, as redis-server takes them: "--replicaof", "127.0.0.1 7000".
	Settings []string
}

// RedisServer is a redis-server of its own for one test.
type RedisServer struct{ redis *localcluster.Redis }

// Redis returns the address of a fresh, empty redis-server that ends with t. It takes about 20 ms.
func Redis(t testing.TB) string {
	t.Helper()
	return StartRedis(t, RedisConfig{}).Addr()
}

// StartRedis is like [Redis] for a test that does more to the server than use it. A goroutine that waits for the server
// process lives until t ends.
func StartRedis(t testing.TB, cfg RedisConfig) *RedisServer {
	t.Helper()
	redis, err := localcluster.NewRedis(localcluster.RedisConfig{
		Dir: t.TempDir(), Password: cfg.Password, AppendOnly: cfg.AppendOnly, Settings: cfg.Settings,
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &RedisServer{redis}
	t.Cleanup(func() { s.Kill(t) })
	s.Restart(t)
	return s
}

// Addr returns host and port; they stay the same over a restart.
func (s *RedisServer) Addr() string { return s.redis.Addr() }

// Flush deletes everything that the server holds.
func (s *RedisServer) Flush(t testing.TB) {
	t.Helper()
	s.do(t, "flush redis", s.redis.Flush)
}

// Kill ends the server as a power cut would (SIGKILL) and returns when it is gone.
func (s *RedisServer) Kill(t testing.TB) {
	t.Helper()
	s.do(t, "kill redis", s.redis.Kill)
}

// Restart starts a killed server on the same port and returns when it answers. One that runs is left alone.
func (s *RedisServer) Restart(t testing.TB) {
	t.Helper()
	s.do(t, "start redis", s.redis.Start)
}

// do uses a context of its own, because that of t has ended when its cleanup runs.
func (s *RedisServer) do(t testing.TB, what string, step func(context.Context) error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), redisLimit)
	defer cancel()
	if err := step(ctx); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}
