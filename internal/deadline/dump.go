package deadline

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/redis/go-redis/v9"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Snapshot is all that the index says of one partition, in a fixed order: what must equal the log.
type Snapshot struct {
	// Mark is the next log offset to be applied; 0 where there is none.
	Mark int64
	// Deadlines are the next one of each case, under a lease or not, by due instant.
	Deadlines []Entry
	// Cards are those that came from the log, by application number.
	Cards []schemas.Card
}

const scanPage = 1000

// Dump reads a whole partition, for checks and drills: it looks at every key of the server. It is no consistent cut while
// others write. An index whose parts disagree is an error.
func Dump(ctx context.Context, s *Store, partition int32) (Snapshot, error) {
	doing := fmt.Sprintf("dump partition %d", partition)
	var snap Snapshot
	var err error
	if snap.Mark, _, err = s.Mark(ctx, partition); err != nil {
		return Snapshot{}, err
	}
	if snap.Deadlines, err = s.dumpDeadlines(ctx, partition); err != nil {
		return Snapshot{}, s.unavailable(doing, err)
	}
	if snap.Cards, err = s.dumpCards(ctx, partition); err != nil {
		return Snapshot{}, s.unavailable(doing, err)
	}
	return snap, nil
}

// dumpDeadlines reads the deadlines, and checks what is said of those under a lease against the leases.
func (s *Store) dumpDeadlines(ctx context.Context, partition int32) ([]Entry, error) {
	due, err := s.rdb.ZRangeWithScores(ctx, s.dueKey(partition), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	leases, err := s.rdb.ZRange(ctx, s.claimedKey(partition), 0, -1).Result()
	if err != nil {
		return nil, err
	}
	claims, err := s.rdb.HGetAll(ctx, s.claimsKey(partition)).Result()
	if err != nil {
		return nil, err
	}
	var pairs []string
	seen := map[string]bool{}
	for _, z := range due {
		no, _ := z.Member.(string)
		seen[no] = true
		pairs = append(pairs, no, strconv.FormatInt(int64(z.Score), 10))
	}
	for _, no := range leases {
		score, claimed := claims[no]
		if !claimed || seen[no] {
			return nil, fault.Rejectf("bad_index", "application %s is under a lease of nothing, or is due besides", no)
		}
		pairs = append(pairs, no, score)
	}
	if len(leases) != len(claims) {
		return nil, fault.Rejectf("bad_index", "%d leases, %d claims", len(leases), len(claims))
	}
	entries, err := parseEntries(pairs)
	slices.SortFunc(entries, Compare)
	return entries, err
}

func (s *Store) dumpCards(ctx context.Context, partition int32) ([]schemas.Card, error) {
	var cards []schemas.Card
	err := s.scanCards(ctx, partition, func(ctx context.Context, c redis.Cmdable, key string) error {
		text, err := c.Get(ctx, key).Bytes()
		if errors.Is(err, redis.Nil) {
			return nil // its time ended meanwhile
		}
		if err != nil {
			return err
		}
		card, err := decodeCard(text)
		if err == nil && card.Version > 0 {
			cards = append(cards, card)
		}
		return err
	})
	slices.SortFunc(cards, func(a, b schemas.Card) int { return cmp.Compare(a.ApplicationNo, b.ApplicationNo) })
	// A scan may show a key twice.
	return slices.CompactFunc(cards, func(a, b schemas.Card) bool { return a.ApplicationNo == b.ApplicationNo }), err
}

// scanCards calls fn for the key of each card of a partition, some perhaps twice.
func (s *Store) scanCards(ctx context.Context, partition int32, fn func(ctx context.Context, c redis.Cmdable, key string) error) error {
	return s.scan(ctx, s.cardKey(partition, "*"), fn)
}

// scan calls fn for each key of a pattern, some perhaps twice.
func (s *Store) scan(ctx context.Context, pattern string, fn func(ctx context.Context, c redis.Cmdable, key string) error) error {
	return s.eachNode(ctx, func(ctx context.Context, c redis.Cmdable) error {
		scan := c.Scan(ctx, 0, pattern, scanPage).Iterator()
		for scan.Next(ctx) {
			if err := fn(ctx, c, scan.Val()); err != nil {
				return err
			}
		}
		return scan.Err()
	})
}
