package deadline

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"
)

// triesKey is a hash, how often a name was tried in vain: permithub:{desk}:tries. Field: a keyed hash of the name, for anything can be typed as
// one; value: wrong tries, a space, end of the lock in ms. Losing it gives everybody the first tries again.
func (s *Store) triesKey() string { return s.cfg.Prefix + ":{desk}:tries" }

// onceKey is a string that says that something was done: permithub:{desk}:once:…; it ends by itself.
func (s *Store) onceKey(what string) string { return s.cfg.Prefix + ":{desk}:once:" + what }

// try counts a try before it is known to be wrong. Where too many names are kept, those that are not locked are forgotten; where all are, everything:
// whoever fills it locks out nobody for longer.
//
// KEYS[1] tries
// ARGV[1] name, ARGV[2] now in ms, ARGV[3] tries before a lock, ARGV[4] first lock in ms, ARGV[5] longest lock in ms, ARGV[6] most names
// Returns how long the name is locked in ms, 0 where the try may be made.
var try = redis.NewScript(`
local now = tonumber(ARGV[2])
local wrong, till = 0, 0
local have = redis.call('HGET', KEYS[1], ARGV[1])
if have then
  local a, b = string.match(have, '^(%d+) (%d+)$')
  wrong, till = tonumber(a), tonumber(b)
elseif redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then
  local all = redis.call('HGETALL', KEYS[1])
  for i = 1, #all, 2 do
    if tonumber(string.match(all[i + 1], ' (%d+)$')) <= now then redis.call('HDEL', KEYS[1], all[i]) end
  end
  if redis.call('HLEN', KEYS[1]) >= tonumber(ARGV[6]) then redis.call('DEL', KEYS[1]) end
end
if now < till then return till - now end
wrong = wrong + 1
till = 0
if wrong >= tonumber(ARGV[3]) then
  till = now + math.min(tonumber(ARGV[5]), tonumber(ARGV[4]) * 2 ^ math.min(wrong - tonumber(ARGV[3]), 20))
end
redis.call('HSET', KEYS[1], ARGV[1], wrong .. ' ' .. string.format('%.0f', till))
return 0
`)

// takeBack takes back a try that was not made.
//
// KEYS[1] tries
// ARGV[1] name
var takeBack = redis.NewScript(`
local have = redis.call('HGET', KEYS[1], ARGV[1])
if have then
  local wrong = tonumber(string.match(have, '^(%d+) '))
  redis.call('HSET', KEYS[1], ARGV[1], math.max(wrong - 1, 0) .. ' 0')
end
return 1
`)

// Lockout says how often a name may be tried.
type Lockout struct {
	// Free tries are made before the first lock. It lasts First; each further wrong try doubles it, up to Longest.
	Free           int
	First, Longest time.Duration
	// Names is the most names that are kept.
	Names int
}

// Try counts a try of the name, unless it is locked: then it returns for how long, and the try must not be made.
func (s *Store) Try(ctx context.Context, name string, l Lockout) (locked time.Duration, err error) {
	left, err := try.Run(ctx, s.rdb, []string{s.triesKey()}, name, ms(s.cfg.Now()), l.Free, l.First.Milliseconds(), l.Longest.Milliseconds(), l.Names).Int64()
	return time.Duration(left) * time.Millisecond, s.unavailable("count try", err)
}

// TakeBackTry takes back a try that was not made after all.
func (s *Store) TakeBackTry(ctx context.Context, name string) error {
	return s.unavailable("take back try", takeBack.Run(ctx, s.rdb, []string{s.triesKey()}, name).Err())
}

// ForgetTries ends the counting after a success.
func (s *Store) ForgetTries(ctx context.Context, name string) error {
	return s.unavailable("forget tries", s.rdb.HDel(ctx, s.triesKey(), name).Err())
}

// Once reports whether this is the first time within the span that it is asked of this.
func (s *Store) Once(ctx context.Context, what string, within time.Duration) (bool, error) {
	err := s.rdb.SetArgs(ctx, s.onceKey(what), 1, redis.SetArgs{Mode: "NX", TTL: within}).Err()
	if isNil(err) {
		return false, nil
	}
	return err == nil, s.unavailable("note what was done once", err)
}

func isNil(err error) bool { return errors.Is(err, redis.Nil) }
