package deadline

import (
	"context"
	"errors"
	"fmt"
	"strconv"
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
	// Deadlines are all that it has now, of which the index keeps the first; none disarms it.
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

// Next returns the deadline that the index keeps of a case: the one that is due first. What comes after it comes with the transition that it
// leads to.
func (c *Standing) Next() (next Entry, ok bool) {
	for _, e := range c.Deadlines {
		if e = e.Indexed(); !ok || e.score() < next.score() {
			next, ok = e, true
		}
	}
	return next, ok
}

// apply writes a batch and moves the mark, only if the mark stands where the previous batch left it. The mark is written
// last: a script that fails half way is repeated whole. The write commands are variadic, which costs Redis half of what
// single ones cost; 500 arguments a call stay far below Lua's limit for unpack.
//
// KEYS[1] mark, KEYS[2] deadlines, KEYS[3] claimed, KEYS[4] claims, KEYS[5…] the card of each case
// ARGV[1] from, ARGV[2] next, then for each case four: application number; score of its next deadline, empty for none; card as JSON;
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

local cases = (#ARGV - 2) / 4
local claims = {}
if redis.call('EXISTS', KEYS[4]) == 1 then
  for i = 1, cases do claims[i] = redis.call('HGET', KEYS[4], ARGV[4 * i - 1]) end
end
local arm, disarm, free = {}, {}, {}
for i = 1, cases do
  local app, score, claimed = ARGV[4 * i - 1], ARGV[4 * i], claims[i]
  if claimed and claimed ~= score then free[#free + 1] = app end
  if score == '' then
    disarm[#disarm + 1] = app
  elseif claimed ~= score then -- what is under a lease stays there
    arm[#arm + 1] = score
    arm[#arm + 1] = app
  end
end
call('ZREM', KEYS[2], disarm)
call('ZREM', KEYS[3], free)
call('HDEL', KEYS[4], free)
call('ZADD', KEYS[2], arm)

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
	keys = append(keys, s.markKey(p.Partition), s.dueKey(p.Partition), s.claimedKey(p.Partition), s.claimsKey(p.Partition))
	args = append(args, p.From, p.Next)
	for i := range p.Cases {
		c := &p.Cases[i]
		score, err := s.nextScore(p.Partition, c)
		if err != nil {
			return nil, nil, err
		}
		card, err := c.Card.Encode()
		if err != nil {
			return nil, nil, fmt.Errorf("encode card %s: %w", c.ApplicationNo, err)
		}
		keys = append(keys, s.cardKey(p.Partition, c.ApplicationNo))
		args = append(args, c.ApplicationNo, score, card, s.timeToLive(c.EndedAt))
	}
	return keys, args, nil
}

// nextScore checks the deadlines of one case and returns the score of the next one, "" where there is none.
func (s *Store) nextScore(partition int32, c *Standing) (string, error) {
	at, err := s.partitionOf(c.ApplicationNo)
	if err != nil {
		return "", err
	}
	if at != partition { // Find would look for its card elsewhere
		return "", fault.Rejectf("wrong_partition", "application %s belongs to partition %d", c.ApplicationNo, at)
	}
	for _, e := range c.Deadlines {
		if err := e.validate(); err != nil {
			return "", err
		}
		if e.ApplicationNo != c.ApplicationNo {
			return "", fault.Rejectf("bad_deadline", "application %s with a deadline of %s", c.ApplicationNo, e.ApplicationNo)
		}
	}
	next, ok := c.Next()
	if !ok {
		return "", nil
	}
	return strconv.FormatInt(next.score(), 10), nil
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
	err := s.rdb.Unlink(ctx, s.markKey(partition), s.dueKey(partition), s.claimedKey(partition), s.claimsKey(partition)).Err()
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
