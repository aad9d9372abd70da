package e2e

import (
	"testing"

	"github.com/redis/go-redis/v9"
)

// redis reads everything that stands in the installation's Redis, by key.
func (in *installation) redis(t *testing.T) map[string][]string {
	t.Helper()
	ctx := t.Context()
	c := redis.NewClient(&redis.Options{Addr: in.servers.redis, DisableIdentity: true})
	defer func() { _ = c.Close() }()
	keys, err := c.Keys(ctx, "*").Result()
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]string{}
	for _, k := range keys {
		switch kind := c.Type(ctx, k).Val(); kind {
		case "string":
			all[k] = []string{c.Get(ctx, k).Val()}
		case "hash":
			all[k] = nil
			for f, v := range c.HGetAll(ctx, k).Val() {
				all[k] = append(all[k], f, v)
			}
		case "zset":
			all[k] = c.ZRange(ctx, k, 0, -1).Val()
		case "none": // its time was over meanwhile
		default:
			t.Errorf("redis key %s is a %s", k, kind)
		}
	}
	return all
}
