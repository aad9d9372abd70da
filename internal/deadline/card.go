package deadline

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"

	"permithub/internal/fault"
	"permithub/schemas"
)

// partitionOf returns the partition of an application: its number carries its own Kafka key.
func (s *Store) partitionOf(applicationNo string) (int32, error) {
	dossier, err := schemas.DossierOf(applicationNo)
	if err != nil {
		return 0, fault.Reject("bad_application_no", err)
	}
	return s.cfg.PartitionOf(dossier), nil
}

// Find returns the card of an application, and false where there is none: none was submitted, it ended long ago, or the
// index is being rebuilt. A number that cannot be one has no card.
func (s *Store) Find(ctx context.Context, applicationNo string) (schemas.Card, bool, error) {
	p, err := s.partitionOf(applicationNo)
	if err != nil {
		return schemas.Card{}, false, nil
	}
	text, err := s.rdb.Get(ctx, s.cardKey(p, applicationNo)).Bytes()
	switch {
	case errors.Is(err, redis.Nil):
		return schemas.Card{}, false, nil
	case err != nil:
		return schemas.Card{}, false, s.unavailable("find card "+applicationNo, err)
	}
	card, err := decodeCard(text)
	if err != nil {
		return schemas.Card{}, false, fmt.Errorf("find card %s: %w", applicationNo, err)
	}
	return card, true, nil
}

func decodeCard(text []byte) (schemas.Card, error) {
	var card schemas.Card
	if err := json.Unmarshal(text, &card); err != nil {
		return card, fault.Rejectf("bad_card", "the card in redis is not its JSON")
	}
	return card, nil
}

// reservedFor is how long a number stays reserved that neither Put nor the log has settled: longer than an intake waits for Kafka.
const reservedFor = time.Minute

// reserve takes a number unless it is taken.
//
// KEYS[1] the number; ARGV[1] application number, ARGV[2] time to live in ms of a new reservation
// Returns {application number that has it, PTTL}
var reserve = redis.NewScript(`
local holder = redis.call('GET', KEYS[1])
if not holder then
  redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
  holder = ARGV[1]
end
return {holder, redis.call('PTTL', KEYS[1])}
`)

// Reserve takes a source's number for an application that is about to be put on case-input, and returns the application that has
// it: this one, or one of another person that was first. Settled says that the holder's submission was taken; else it may still be on
// its way to Kafka or have failed there, and the number comes free within a minute.
func (s *Store) Reserve(ctx context.Context, source, number, applicationNo string) (holder string, settled bool, err error) {
	reply, err := reserve.Run(ctx, s.rdb, []string{s.numberKey(source, number)}, applicationNo, reservedFor.Milliseconds()).Slice()
	if err != nil {
		return "", false, s.unavailable("reserve the number of application "+applicationNo, err)
	}
	holder, _ = reply[0].(string)
	left, _ := reply[1].(int64)
	return holder, left < 0 || left > reservedFor.Milliseconds(), nil
}

// Put writes the card of an application that was just put on case-input, unless there is one: what the log says is never
// overwritten. It settles who has the source's number. Both live for Config.EndedTTL, or until the log replaces them.
func (s *Store) Put(ctx context.Context, card schemas.Card) error {
	p, err := s.partitionOf(card.ApplicationNo)
	if err != nil {
		return fmt.Errorf("put card: %w", err)
	}
	text, err := card.Encode()
	if err != nil {
		return fmt.Errorf("put card %s: %w", card.ApplicationNo, err)
	}
	var put *redis.StatusCmd
	_, err = s.rdb.Pipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.ExpireGT(ctx, s.numberKey(card.Source, card.SourceApplicationNo), s.cfg.EndedTTL) // not what the log has settled for good
		put = pipe.SetArgs(ctx, s.cardKey(p, card.ApplicationNo), text, redis.SetArgs{Mode: "NX", TTL: s.cfg.EndedTTL})
		return nil
	})
	if errors.Is(put.Err(), redis.Nil) && errors.Is(err, redis.Nil) { // there is a card
		return nil
	}
	return s.unavailable("put card "+card.ApplicationNo, err)
}

// Correlate remembers for ttl which effect a gateway's reference belongs to. The last word on a reference wins. The
// reference is kept as a hash; make one from personal data with [KeyedRef] only.
func (s *Store) Correlate(ctx context.Context, ref, effectID string, ttl time.Duration) error {
	if ref == "" || effectID == "" || ttl <= 0 {
		return fault.Rejectf("bad_correlation", "effect %s: no reference or no time to live", effectID)
	}
	return s.unavailable("correlate effect "+effectID, s.rdb.Set(ctx, s.refKey(ref), effectID, ttl).Err())
}

// EffectOf returns the effect that a gateway's reference belongs to, and false where it is not known, or not any more.
func (s *Store) EffectOf(ctx context.Context, ref string) (string, bool, error) {
	id, err := s.rdb.Get(ctx, s.refKey(ref)).Result()
	switch {
	case errors.Is(err, redis.Nil):
		return "", false, nil
	case err != nil:
		return "", false, s.unavailable("look up effect of a reference", err)
	}
	return id, true, nil
}
