package deadline

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"permithub/internal/fault"
)

// Store is the index in Redis. It is safe for concurrent use, by several processes too.
type Store struct {
	cfg Config
	rdb redis.UniversalClient
}

// Open returns a store; it does not connect: an unreachable Redis shows at the first call. The caller closes it.
func Open(cfg Config) (*Store, error) {
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	cfg = cfg.withDefaults()
	quiet.Do(func() { redis.SetLogger(silent{}) })
	return &Store{cfg: cfg, rdb: redis.NewUniversalClient(cfg.client())}, nil
}

// go-redis prints each failed dial to standard error through one logger of the whole process; the errors that it returns
// say the same, once and in the caller's log.
var quiet sync.Once

type silent struct{}

func (silent) Printf(context.Context, string, ...any) {}

// Close closes the connections.
func (s *Store) Close() error {
	if err := s.rdb.Close(); err != nil {
		return fmt.Errorf("close redis: %w", err)
	}
	return nil
}

// Ping asks every node that holds keys for an answer.
func (s *Store) Ping(ctx context.Context) error {
	err := s.eachNode(ctx, func(ctx context.Context, c redis.Cmdable) error { return c.Ping(ctx).Err() })
	return s.unavailable("ping redis", err)
}

// Check refuses a Redis that may evict keys without a time to live: it would lose deadlines and keep the mark.
func (s *Store) Check(ctx context.Context) error {
	err := s.eachNode(ctx, func(ctx context.Context, c redis.Cmdable) error {
		info, err := c.Info(ctx, "memory").Result()
		if err != nil && strings.HasSuffix(err.Error(), "is not supported") {
			return nil // an embedded Redis, which has no memory to speak of and evicts nothing
		}
		if err != nil {
			return err
		}
		if strings.Contains(info, "maxmemory_policy:allkeys") && !strings.Contains(info, "maxmemory:0\r\n") {
			return fault.Rejectf("redis_evicts", "maxmemory-policy is allkeys-*: want noeviction or volatile-*")
		}
		return nil
	})
	return s.unavailable("check redis", err)
}

// Skew returns how far this machine's clock (Config.Now) is ahead of Redis's; negative is behind. It is exact to half the
// round trip, which is taken out on average.
func (s *Store) Skew(ctx context.Context) (time.Duration, error) {
	before := s.cfg.Now()
	there, err := s.rdb.Time(ctx).Result()
	if err != nil {
		return 0, s.unavailable("read redis clock", err)
	}
	after := s.cfg.Now()
	return before.Add(after.Sub(before) / 2).Sub(there), nil
}

// eachNode runs fn on the server, or on every master of a cluster, one at a time.
func (s *Store) eachNode(ctx context.Context, fn func(context.Context, redis.Cmdable) error) error {
	cluster, ok := s.rdb.(*redis.ClusterClient)
	if !ok {
		return fn(ctx, s.rdb)
	}
	var one sync.Mutex // ForEachMaster calls side by side
	return cluster.ForEachMaster(ctx, func(ctx context.Context, c *redis.Client) error {
		one.Lock()
		defer one.Unlock()
		return fn(ctx, c)
	})
}

// unavailable classes what came from Redis or from the way to it; cancellation and classed errors keep their class.
func (s *Store) unavailable(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case fault.ClassOf(err) != fault.Unmarked || errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: %w", doing, err)
	}
	return fault.Outage("redis", fmt.Errorf("%s: %w", doing, err))
}
