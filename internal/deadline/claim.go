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
// KEYS[1] deadlines, KEYS[2] claimed, KEYS[3] claims
// ARGV[1] now in ms, ARGV[2] the score below which everything is due, ARGV[3] how many at most, ARGV[4] end of the lease in ms
// Returns application number and score of each deadline claimed, one after the other.
var claim = redis.NewScript(`
local function chunks(args, fn)
  for i = 1, #args, 500 do fn(unpack(args, i, math.min(i + 499, #args))) end
end
local late = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', ARGV[1], 'LIMIT', 0, ARGV[3])
local out, lease = {}, {}
chunks(late, function(...)
  local apps, scores = {...}, redis.call('HMGET', KEYS[3], ...)
  for i = 1, #apps do
    out[#out + 1] = apps[i]
    out[#out + 1] = scores[i]
  end
end)
local room = tonumber(ARGV[3]) - #late
local fresh = {}
if room > 0 then fresh = redis.call('ZRANGEBYSCORE', KEYS[1], '-inf', ARGV[2], 'WITHSCORES', 'LIMIT', 0, room) end
if #fresh > 0 then redis.call('ZREMRANGEBYRANK', KEYS[1], 0, #fresh / 2 - 1) end -- they are the first ones
for i = 2, #fresh, 2 do fresh[i] = string.format('%.0f', tonumber(fresh[i])) end
for i = 1, #fresh do out[#out + 1] = fresh[i] end
for i = 1, #out, 2 do
  lease[#lease + 1] = ARGV[4]
  lease[#lease + 1] = out[i]
end
chunks(lease, function(...) redis.call('ZADD', KEYS[2], ...) end)
chunks(fresh, function(...) redis.call('HSET', KEYS[3], ...) end)
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
	keys := []string{s.dueKey(partition), s.claimedKey(partition), s.claimsKey(partition)}
	pairs, err := claim.Run(ctx, s.rdb, keys, ms(now), upTo(now), limit, ms(now.Add(lease))).StringSlice()
	if err != nil {
		return nil, s.unavailable(doing, err)
	}
	entries, err := parseEntries(pairs)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	slices.SortFunc(entries, Compare)
	return entries, nil
}

// extend sets the end of leases, each only while the lease is still of that deadline: the log may have moved the case on, and another poller may
// have claimed what came next.
//
// KEYS[1] claimed, KEYS[2] claims
// ARGV[1] end of the leases in ms, then application number and score of each, one after the other
var extend = redis.NewScript(`
for first = 2, #ARGV, 1000 do
  local apps = {}
  for i = first, math.min(first + 998, #ARGV - 1), 2 do apps[#apps + 1] = ARGV[i] end
  local claims, leases = redis.call('HMGET', KEYS[2], unpack(apps)), {}
  for i = 1, #apps do
    if claims[i] == ARGV[first + 2 * i - 1] then
      leases[#leases + 1] = ARGV[1]
      leases[#leases + 1] = apps[i]
    end
  end
  if #leases > 0 then redis.call('ZADD', KEYS[1], 'XX', unpack(leases)) end
end
return 0
`)

// Extend sets the end of the lease of claimed deadlines: far off for those that were produced, so that they are not
// produced again while the log catches up; now, to give them back. What the log has removed meanwhile stays removed.
func (s *Store) Extend(ctx context.Context, partition int32, entries []Entry, until time.Time) error {
	if len(entries) == 0 {
		return nil
	}
	args := make([]any, 0, 1+2*len(entries))
	args = append(args, ms(until))
	for _, e := range entries {
		args = append(args, e.ApplicationNo, e.score())
	}
	err := extend.Run(ctx, s.rdb, []string{s.claimedKey(partition), s.claimsKey(partition)}, args...).Err()
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
	for i, first := range firsts {
		for _, z := range first.Val() {
			at := time.UnixMilli(int64(z.Score))
			if i%2 == 0 { // a deadline, not a lease
				at = time.UnixMilli(int64(z.Score) / msStep)
			}
			if !found || at.Before(next) {
				next, found = at, true
			}
		}
	}
	return next, found, nil
}

// Counts is how many cases stand where with their next deadline.
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
		cmds = append(cmds, three{pipe.ZCard(ctx, s.dueKey(p)), pipe.ZCount(ctx, s.dueKey(p), "-inf", upTo(now)), pipe.ZCard(ctx, s.claimedKey(p))})
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
