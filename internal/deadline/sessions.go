package deadline

import (
	"context"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// sessionsKey is a hash, who is signed in at the desk: permithub:{desk}:sessions. Field: a hash of the session's token; value: end by idleness in
// ms, idle time in ms, end in any case in ms, the user, and what the caller keeps, with spaces between. Losing it signs everybody out.
func (s *Store) sessionsKey() string { return s.cfg.Prefix + ":{desk}:sessions" }

// putSession adds a session and drops what is over.
//
// KEYS[1] sessions
// ARGV[1] key of the session, ARGV[2] its value, ARGV[3] now in ms
var putSession = redis.NewScript(`
local all = redis.call('HGETALL', KEYS[1])
for i = 1, #all, 2 do
  local till, ends = string.match(all[i + 1], '^(%d+) %d+ (%d+) ')
  if tonumber(till) <= tonumber(ARGV[3]) or tonumber(ends) <= tonumber(ARGV[3]) then redis.call('HDEL', KEYS[1], all[i]) end
end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
return 1
`)

// findSession returns what the caller keeps of a session, false where there is none or it is over, and counts this as use where it is one.
//
// KEYS[1] sessions
// ARGV[1] key of the session, ARGV[2] now in ms, ARGV[3] "1" where this is use
var findSession = redis.NewScript(`
local have = redis.call('HGET', KEYS[1], ARGV[1])
if not have then return false end
local till, idle, ends, user, data = string.match(have, '^(%d+) (%d+) (%d+) (%S+) (.*)$')
local now = tonumber(ARGV[2])
if tonumber(till) <= now or tonumber(ends) <= now then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return false
end
if ARGV[3] == '1' then
  redis.call('HSET', KEYS[1], ARGV[1], string.format('%.0f', now + tonumber(idle)) .. ' ' .. idle .. ' ' .. ends .. ' ' .. user .. ' ' .. data)
end
return data
`)

// endSessions drops the sessions of one user.
//
// KEYS[1] sessions
// ARGV[1] user
// Returns how many there were.
var endSessions = redis.NewScript(`
local all = redis.call('HGETALL', KEYS[1])
local ended = 0
for i = 1, #all, 2 do
  if string.match(all[i + 1], '^%d+ %d+ %d+ (%S+) ') == ARGV[1] then
    redis.call('HDEL', KEYS[1], all[i])
    ended = ended + 1
  end
end
return ended
`)

// listSessions returns of each session that is not over: when it was last used in ms, and what the caller keeps, in turn.
//
// KEYS[1] sessions
// ARGV[1] now in ms
var listSessions = redis.NewScript(`
local all = redis.call('HGETALL', KEYS[1])
local out = {}
for i = 1, #all, 2 do
  local till, idle, ends, data = string.match(all[i + 1], '^(%d+) (%d+) (%d+) %S+ (.*)$')
  if tonumber(till) > tonumber(ARGV[1]) and tonumber(ends) > tonumber(ARGV[1]) then
    out[#out + 1] = string.format('%.0f', tonumber(till) - tonumber(idle))
    out[#out + 1] = data
  end
end
return out
`)

// PutSession keeps data as the session of that key and user, until it was not used for idle, and until its end at the latest. The user has no
// space in it. A session of the same key is replaced.
func (s *Store) PutSession(ctx context.Context, key, user string, data []byte, idle time.Duration, end time.Time) error {
	now := s.cfg.Now()
	value := fmt.Sprintf("%s %d %s %s %s", ms(now.Add(idle)), idle.Milliseconds(), ms(end), user, data)
	return s.unavailable("keep session", putSession.Run(ctx, s.rdb, []string{s.sessionsKey()}, key, value, ms(now)).Err())
}

// FindSession returns the data of the session, and false where there is none or it is over. use prolongs it.
func (s *Store) FindSession(ctx context.Context, key string, use bool) (data []byte, found bool, err error) {
	used := 0
	if use {
		used = 1
	}
	text, err := findSession.Run(ctx, s.rdb, []string{s.sessionsKey()}, key, ms(s.cfg.Now()), used).Text()
	if isNil(err) {
		return nil, false, nil
	}
	return []byte(text), err == nil, s.unavailable("find session", err)
}

// EndSession ends the session of that key, if there is one.
func (s *Store) EndSession(ctx context.Context, key string) error {
	return s.unavailable("end session", s.rdb.HDel(ctx, s.sessionsKey(), key).Err())
}

// EndSessions ends every session of the user and returns how many there were.
func (s *Store) EndSessions(ctx context.Context, user string) (int, error) {
	n, err := endSessions.Run(ctx, s.rdb, []string{s.sessionsKey()}, user).Int()
	return n, s.unavailable("end sessions", err)
}

// KeptSession is one session of the list.
type KeptSession struct {
	Data []byte
	Used time.Time
}

// Sessions returns all that are not over.
func (s *Store) Sessions(ctx context.Context) ([]KeptSession, error) {
	list, err := listSessions.Run(ctx, s.rdb, []string{s.sessionsKey()}, ms(s.cfg.Now())).StringSlice()
	if err != nil {
		return nil, s.unavailable("list sessions", err)
	}
	var out []KeptSession
	for i := 0; i+1 < len(list); i += 2 {
		var used int64
		if _, err := fmt.Sscan(list[i], &used); err != nil {
			return nil, fmt.Errorf("list sessions: %w", err)
		}
		out = append(out, KeptSession{Data: []byte(list[i+1]), Used: time.UnixMilli(used)})
	}
	return out, nil
}
