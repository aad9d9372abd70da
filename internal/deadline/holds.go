package deadline

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// holdsKey is a hash, who works on which case just now: permithub:{desk}:holds. Field: application number; value: end of the hold in ms, a space,
// the officer. It is a courtesy among officers: what it says changes no case, and losing it costs nothing.
func (s *Store) holdsKey() string { return s.cfg.Prefix + ":{desk}:holds" }

// hold takes, prolongs or hands over a hold.
//
// KEYS[1] holds
// ARGV[1] application number, ARGV[2] officer who must hold it where somebody does, ARGV[3] officer who holds it then ("" ends it),
// ARGV[4] now in ms, ARGV[5] end of the hold in ms
// Returns who holds it now, "" where nobody does.
var hold = redis.NewScript(`
local have = redis.call('HGET', KEYS[1], ARGV[1])
if have then
  local space = string.find(have, ' ', 1, true)
  local holder = string.sub(have, space + 1)
  if tonumber(string.sub(have, 1, space - 1)) > tonumber(ARGV[4]) and holder ~= ARGV[2] then return holder end
end
if ARGV[3] == '' then
  redis.call('HDEL', KEYS[1], ARGV[1])
else
  redis.call('HSET', KEYS[1], ARGV[1], ARGV[5] .. ' ' .. ARGV[3])
end
return ARGV[3]
`)

// holds drops what has ended.
//
// KEYS[1] holds
// ARGV[1] now in ms
// Returns application number and officer in turn.
var holds = redis.NewScript(`
local all = redis.call('HGETALL', KEYS[1])
local out = {}
for i = 1, #all, 2 do
  local space = string.find(all[i + 1], ' ', 1, true)
  if tonumber(string.sub(all[i + 1], 1, space - 1)) > tonumber(ARGV[1]) then
    out[#out + 1] = all[i]
    out[#out + 1] = string.sub(all[i + 1], space + 1)
  else
    redis.call('HDEL', KEYS[1], all[i])
  end
end
return out
`)

// Hold lets the officer work on the case until the time, and returns who holds it: the officer, or whoever was first.
func (s *Store) Hold(ctx context.Context, applicationNo, officer string, until time.Time) (holder string, err error) {
	return s.hold(ctx, applicationNo, officer, officer, until)
}

// HandOver gives a hold to another officer, and returns who holds it then: a third one where from did not.
func (s *Store) HandOver(ctx context.Context, applicationNo, from, to string, until time.Time) (holder string, err error) {
	return s.hold(ctx, applicationNo, from, to, until)
}

// Release ends the officer's hold, and returns who holds the case then: "", or another officer whose hold it was.
func (s *Store) Release(ctx context.Context, applicationNo, officer string) (holder string, err error) {
	return s.hold(ctx, applicationNo, officer, "", time.Time{})
}

func (s *Store) hold(ctx context.Context, applicationNo, from, to string, until time.Time) (string, error) {
	holder, err := hold.Run(ctx, s.rdb, []string{s.holdsKey()}, applicationNo, from, to, ms(s.cfg.Now()), ms(until)).Text()
	return holder, s.unavailable(fmt.Sprintf("hold case %s", applicationNo), err)
}

// Holds returns who works on which case just now, by application number.
func (s *Store) Holds(ctx context.Context) (map[string]string, error) {
	list, err := holds.Run(ctx, s.rdb, []string{s.holdsKey()}, ms(s.cfg.Now())).StringSlice()
	if err != nil {
		return nil, s.unavailable("read holds", err)
	}
	out := make(map[string]string, len(list)/2)
	for i := 0; i+1 < len(list); i += 2 {
		out[list[i]] = list[i+1]
	}
	return out, nil
}
