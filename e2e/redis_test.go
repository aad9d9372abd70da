package e2e

import (
	"fmt"
	"strconv"
	"testing"

	"github.com/redis/go-redis/v9"
)

// redis reads everything that stands in the installation's Redis, by key; of a hash fields and values, of a sorted set members and scores, in turn.
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
			all[k] = nil
			for _, z := range c.ZRangeWithScores(ctx, k, 0, -1).Val() {
				all[k] = append(all[k], fmt.Sprint(z.Member), strconv.FormatFloat(z.Score, 'f', -1, 64))
			}
		case "none": // its time was over meanwhile
		default:
			t.Errorf("redis key %s is a %s", k, kind)
		}
	}
	return all
}
