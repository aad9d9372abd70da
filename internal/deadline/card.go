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

// Put writes the card of an application that was just put on case-input, unless there is one: what the log says is never
// overwritten. It lives for Config.EndedTTL, or until the log replaces it.
func (s *Store) Put(ctx context.Context, card schemas.Card) error {
	p, err := s.partitionOf(card.ApplicationNo)
	if err != nil {
		return fmt.Errorf("put card: %w", err)
	}
	text, err := json.Marshal(&card)
	if err != nil {
		return fmt.Errorf("put card %s: %w", card.ApplicationNo, err)
	}
	err = s.rdb.SetArgs(ctx, s.cardKey(p, card.ApplicationNo), text, redis.SetArgs{Mode: "NX", TTL: s.cfg.EndedTTL}).Err()
	if errors.Is(err, redis.Nil) { // there is one
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
