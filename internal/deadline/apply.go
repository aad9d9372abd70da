package deadline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Projection is what one batch of the log says of Redis.
type Projection struct {
	Partition int32
	// From is Next of the batch before; 0 for the first one.
	From int64
	// Next is the offset after the batch's last record.
	Next int64
	// Cases names each application at most once, as the batch leaves it.
	Cases []Standing
}

// Standing is where one application stands.
type Standing struct {
	ApplicationNo string
	// Deadlines are all that it has now; none disarms it.
	Deadlines []Entry
	// Card replaces the card in Redis.
	Card schemas.Card
	// EndedAt starts the time to live of the card; zero keeps it.
	EndedAt time.Time
}

// Verdict says what became of a projection.
type Verdict string

// Verdicts of Apply.
const (
	Applied   Verdict = "applied"   // written, the mark moved to Next
	Already   Verdict = "already"   // the mark stands at Next or after it: nothing written
	Regressed Verdict = "regressed" // the mark is gone or stands before From: replay from the mark
	Overlap   Verdict = "overlap"   // the mark stands inside the batch: apply only what lies at the mark and after it
)

// apply writes a batch and moves the mark, only if the mark stands where the previous batch left it. The mark is written
// last: a script that fails half way is repeated whole. The write commands are variadic, which costs Redis half of what
// single ones cost; 500 arguments a call stay far below Lua's limit for unpack.
//
// KEYS[1] mark, KEYS[2] deadlines, KEYS[3] claimed, KEYS[4] armed, KEYS[5…] the card of each case
// ARGV[1] from, ARGV[2] next, then for each case four: application number; its deadlines, joined by commas; card as JSON;
// time to live of the card in ms, 0 for none, -1 to delete it
// Returns {verdict, mark}; a mark that is gone is "0".
var apply = redis.NewScript(`
local mark, from, next = redis.call('GET', KEYS[1]), tonumber(ARGV[1]), tonumber(ARGV[2])
if mark then
  local at = tonumber(mark)
  if at >= next then return {'already', mark} end
  if at < from then return {'regressed', mark} end
  if at > from then return {'overlap', mark} end
else
  if from > 0 then return {'regressed', '0'} end
  redis.call('UNLINK', KEYS[2], KEYS[3], KEYS[4]) -- a rebuild starts from nothing
end

local function call(command, key, args)
  for i = 1, #args, 500 do
    redis.call(command, key, unpack(args, i, math.min(i + 499, #args)))
  end
end
local function read(command, key, args)
  local out = {}
  for i = 1, #args, 500 do
    local part = redis.call(command, key, unpack(args, i, math.min(i + 499, #args)))
    for j = 1, #part do out[i + j - 1] = part[j] end
  end
  return out
end

local cases = (#ARGV - 2) / 4
local apps = {}
for i = 1, cases do apps[i] = ARGV[4 * i - 1] end
local before = read('HMGET', KEYS[4], apps)

local gone, members, dues, arm, disarm = {}, {}, {}, {}, {}
for i = 1, cases do
  local app, list = apps[i], ARGV[4 * i]
  local old = before[i]
  if old and old ~= list then
    for name in string.gmatch(old, '[^,]+') do
      if not string.find(',' .. list .. ',', ',' .. name .. ',', 1, true) then gone[#gone + 1] = app .. '|' .. name end
    end
  end
  for name in string.gmatch(list, '[^,]+') do
    members[#members + 1] = app .. '|' .. name
    dues[#dues + 1] = string.format('%.0f', math.ceil(tonumber(string.match(name, '[^|]+$'), 36) / 1000))
  end
  if list == '' then
    if old then disarm[#disarm + 1] = app end
  elseif old ~= list then
    arm[#arm + 1] = app
    arm[#arm + 1] = list
  end
end

-- A deadline that is under a lease stays there.
local leased = {}
if #members > 0 and redis.call('EXISTS', KEYS[3]) == 1 then leased = read('ZMSCORE', KEYS[3], members) end
local add = {}
for i = 1, #members do
  if not leased[i] then
    add[#add + 1] = dues[i]
    add[#add + 1] = members[i]
  end
end
call('ZREM', KEYS[2], gone)
call('ZREM', KEYS[3], gone)
call('ZADD', KEYS[2], add)
call('HSET', KEYS[4], arm)
call('HDEL', KEYS[4], disarm)

for i = 1, cases do
  local card, ttl = ARGV[4 * i + 1], ARGV[4 * i + 2]
  if ttl == '-1' then redis.call('DEL', KEYS[4 + i])
  elseif ttl == '0' then redis.call('SET', KEYS[4 + i], card)
  else redis.call('SET', KEYS[4 + i], card, 'PX', ttl) end
end
redis.call('SET', KEYS[1], ARGV[2])
return {'applied', ARGV[2]}
`)

// Apply writes a batch and moves the mark, or writes nothing; it also returns where the mark stands. Safe to repeat and to
// race: an answer that was lost comes as [Already] the next time.
func (s *Store) Apply(ctx context.Context, p Projection) (Verdict, int64, error) {
	doing := fmt.Sprintf("apply partition %d from %d to %d", p.Partition, p.From, p.Next)
	if p.From < 0 || p.Next <= p.From {
		return "", 0, fault.Rejectf("bad_projection", "%s", doing)
	}
	keys, args, err := s.applyArgs(p)
	if err != nil {
		return "", 0, fmt.Errorf("%s: %w", doing, err)
	}
	if err := s.settleNumbers(ctx, p.Cases); err != nil {
		return "", 0, s.unavailable(doing, err)
	}
	reply, err := apply.Run(ctx, s.rdb, keys, args...).StringSlice()
	if err != nil {
		return "", 0, s.unavailable(doing, err)
	}
	failpoint.Here(failpoint.R1)
	mark, err := strconv.ParseInt(reply[1], 10, 64)
	if err != nil {
		return "", 0, fault.Rejectf("bad_mark", "%s: the mark in redis is not a number", doing)
	}
	return Verdict(reply[0]), mark, nil
}

// settleNumbers writes which application has which number of its source. It comes before the mark moves and outside its script: the
// numbers of one partition's cases lie in slots of their own. To write them again is harmless.
func (s *Store) settleNumbers(ctx context.Context, cases []Standing) error {
	if len(cases) == 0 {
		return nil
	}
	_, err := s.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		for i := range cases {
			if ttl := s.timeToLive(cases[i].EndedAt); ttl >= 0 {
				card := &cases[i].Card
				pipe.Set(ctx, s.numberKey(card.Source, card.SourceApplicationNo), card.ApplicationNo, time.Duration(ttl)*time.Millisecond)
			}
		}
		return nil
	})
	return err
}

func (s *Store) applyArgs(p Projection) (keys []string, args []any, err error) {
	keys = make([]string, 0, 4+len(p.Cases))
	args = make([]any, 0, 2+4*len(p.Cases))
	keys = append(keys, s.markKey(p.Partition), s.dueKey(p.Partition), s.claimedKey(p.Partition), s.armedKey(p.Partition))
	args = append(args, p.From, p.Next)
	for i := range p.Cases {
		c := &p.Cases[i]
		list, err := s.nameAll(p.Partition, c)
		if err != nil {
			return nil, nil, err
		}
		card, err := json.Marshal(&c.Card)
		if err != nil {
			return nil, nil, fmt.Errorf("encode card %s: %w", c.ApplicationNo, err)
		}
		keys = append(keys, s.cardKey(p.Partition, c.ApplicationNo))
		args = append(args, c.ApplicationNo, list, card, s.timeToLive(c.EndedAt))
	}
	return keys, args, nil
}

// nameAll checks the deadlines of one case and joins their names.
func (s *Store) nameAll(partition int32, c *Standing) (string, error) {
	at, err := s.partitionOf(c.ApplicationNo)
	if err != nil {
		return "", err
	}
	if at != partition { // Find would look for its card elsewhere
		return "", fault.Rejectf("wrong_partition", "application %s belongs to partition %d", c.ApplicationNo, at)
	}
	var b strings.Builder
	for i, e := range c.Deadlines {
		if err := e.validate(); err != nil {
			return "", err
		}
		if e.ApplicationNo != c.ApplicationNo {
			return "", fault.Rejectf("bad_deadline", "application %s with a deadline of %s", c.ApplicationNo, e.ApplicationNo)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(e.name())
	}
	return b.String(), nil
}

// timeToLive returns the ms that the card of a case may stay: 0 for ever, -1 not at all.
func (s *Store) timeToLive(endedAt time.Time) int64 {
	if endedAt.IsZero() {
		return 0
	}
	if left := endedAt.Add(s.cfg.EndedTTL).Sub(s.cfg.Now()).Milliseconds(); left > 0 {
		return left
	}
	return -1
}

// Mark returns the next log offset to be applied to a partition; false where there is no mark.
func (s *Store) Mark(ctx context.Context, partition int32) (int64, bool, error) {
	mark, err := s.rdb.Get(ctx, s.markKey(partition)).Int64()
	switch {
	case errors.Is(err, redis.Nil):
		return 0, false, nil
	case err != nil:
		return 0, false, s.unavailable(fmt.Sprintf("read mark of partition %d", partition), err)
	}
	return mark, true, nil
}

// Reset forgets all of a partition, cards from the intake too, for an index that belongs to another log; the replay from 0
// follows. It looks at every key of the server.
func (s *Store) Reset(ctx context.Context, partition int32) error {
	doing := fmt.Sprintf("reset partition %d", partition)
	// The mark goes first: whatever happens next, the index counts as lost.
	err := s.rdb.Unlink(ctx, s.markKey(partition), s.dueKey(partition), s.claimedKey(partition), s.armedKey(partition)).Err()
	if err != nil {
		return s.unavailable(doing, err)
	}
	err = s.scanCards(ctx, partition, func(ctx context.Context, c redis.Cmdable, key string) error {
		return c.Unlink(ctx, key).Err()
	})
	if err == nil {
		err = s.scan(ctx, s.numberKeyOf("*"), func(ctx context.Context, c redis.Cmdable, key string) error {
			return s.forgetNumber(ctx, c, partition, key)
		})
	}
	return s.unavailable(doing, err)
}

// forgetNumber frees a source's number where the application that has it is of the partition.
func (s *Store) forgetNumber(ctx context.Context, c redis.Cmdable, partition int32, key string) error {
	holder, err := c.Get(ctx, key).Result()
	if errors.Is(err, redis.Nil) { // it has just ended
		return nil
	}
	if err != nil {
		return err
	}
	if of, err := s.partitionOf(holder); err != nil || of != partition {
		return nil //nolint:nilerr // what is no application is of no partition
	}
	return c.Unlink(ctx, key).Err()
}
