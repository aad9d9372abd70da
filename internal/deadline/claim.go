package deadline

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"permithub/internal/fault"
)

// claim moves what is due under a lease. Leases that ended come first: they have waited longest. One call of 500 takes
// Redis about a millisecond.
//
// KEYS[1] deadlines, KEYS[2] claimed
// ARGV[1] now in ms, ARGV[2] how many at most, ARGV[3] end of the lease in ms
// Returns the members claimed.
var claim = redis.NewScript(`
local out = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[2])
local room = tonumber(ARGV[2]) - #out
local fresh = {}
if room > 0 then fresh = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[1], 'LIMIT', 0, room) end
if #fresh > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #fresh - 1) end -- they are the first ones
for i = 1, #fresh do out[#out + 1] = fresh[i] end
local lease = {}
for i = 1, #out do
  lease[2 * i - 1] = ARGV[3]
  lease[2 * i] = out[i]
end
for i = 1, #lease, 500 do
  redis.call('ZADD', KEYS[2], unpack(lease, i, math.min(i + 499, #lease)))
end
return out
`)

// maxClaim keeps one call short: Redis serves nobody else meanwhile.
const maxClaim = 5000

// Claim takes up to limit deadlines that are due at now, for the length of the lease, earliest first. No other claim sees
// them until the lease ends. Claiming is not removing: that follows the log. All pollers of a partition must tell the same
// time to within the lease. An answer that gets lost costs the length of the lease.
func (s *Store) Claim(ctx context.Context, partition int32, now time.Time, limit int, lease time.Duration) ([]Entry, error) {
	if limit <= 0 || limit > maxClaim || lease < time.Millisecond {
		return nil, fault.Rejectf("bad_claim", "claim of partition %d: limit %d, lease %s", partition, limit, lease)
	}
	doing := fmt.Sprintf("claim deadlines of partition %d", partition)
	keys := []string{s.dueKey(partition), s.claimedKey(partition)}
	members, err := claim.Run(ctx, s.rdb, keys, ms(now), limit, ms(now.Add(lease))).StringSlice()
	if err != nil {
		return nil, s.unavailable(doing, err)
	}
	entries, err := parseEntries(members)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	slices.SortFunc(entries, Compare)
	return entries, nil
}

// Extend sets the end of the lease of claimed deadlines: far off for those that were produced, so that they are not
// produced again while the log catches up; now, to give them back. What the log has removed meanwhile stays removed.
func (s *Store) Extend(ctx context.Context, partition int32, entries []Entry, until time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	leases := make([]redis.Z, len(entries))
	for i, e := range entries {
		leases[i] = redis.Z{Score: float64(until.UnixMilli()), Member: e.member()}
	}
	err := s.rdb.ZAddXX(ctx, s.claimedKey(partition), leases...).Err()
	return s.unavailable(fmt.Sprintf("extend %d leases of partition %d", len(entries), partition), err)
}

// Next returns the earliest instant at which [Store.Claim] would find something in one of the partitions, and false where
// nothing waits at all. It may lie in the past.
func (s *Store) Next(ctx context.Context, partitions ...int32) (time.Time, bool, error) {
	pipe := s.rdb.Pipeline()
	firsts := make([]*redis.ZSliceCmd, 0, 2*len(partitions))
	for _, p := range partitions {
		firsts = append(firsts, pipe.ZRangeWithScores(ctx, s.dueKey(p), 0, 0), pipe.ZRangeWithScores(ctx, s.claimedKey(p), 0, 0))
	}
	if len(firsts) == 0 {
		return time.Time{}, false, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return time.Time{}, false, s.unavailable("read next deadline", err)
	}
	var next time.Time
	var found bool
	for _, first := range firsts {
		for _, z := range first.Val() {
			if at := time.UnixMilli(int64(z.Score)); !found || at.Before(next) {
				next, found = at, true
			}
		}
	}
	return next, found, nil
}

// Counts is how many deadlines stand where.
type Counts struct {
	Armed   int64 // due later
	Due     int64 // due, claimed by nobody
	Claimed int64 // under a lease, or whose lease just ended
}

// Count counts the deadlines of the partitions at now.
func (s *Store) Count(ctx context.Context, now time.Time, partitions ...int32) (Counts, error) {
	pipe := s.rdb.Pipeline()
	type three struct{ all, due, claimed *redis.IntCmd }
	cmds := make([]three, 0, len(partitions))
	for _, p := range partitions {
		cmds = append(cmds, three{pipe.ZCard(ctx, s.dueKey(p)), pipe.ZCount(ctx, s.dueKey(p), "-inf", ms(now)), pipe.ZCard(ctx, s.claimedKey(p))})
	}
	if len(cmds) == 0 {
		return Counts{}, nil
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return Counts{}, s.unavailable("count deadlines", err)
	}
	var n Counts
	for _, c := range cmds {
		n.Armed += c.all.Val() - c.due.Val()
		n.Due += c.due.Val()
		n.Claimed += c.claimed.Val()
	}
	return n, nil
}
