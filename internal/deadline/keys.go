package deadline

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strconv"
)

// tag is the cluster hash tag of a partition: what one script touches lies on one node.
func tag(partition int32) string { return "{p" + strconv.Itoa(int(partition)) + "}" }

func (s *Store) key(partition int32, name string) string {
	return s.cfg.Prefix + ":" + tag(partition) + ":" + name
}

// markKey is a string, the next log offset to be applied: permithub:{p7}:mark.
func (s *Store) markKey(partition int32) string { return s.key(partition, "mark") }

// dueKey is a sorted set, the next deadline of each case that nobody has claimed: permithub:{p7}:deadlines.
// Member: application number; score: see [Entry].
func (s *Store) dueKey(partition int32) string { return s.key(partition, "deadlines") }

// claimedKey is a sorted set, the cases whose deadline is under a lease: permithub:{p7}:claimed.
// Member: application number; score: end of the lease in ms.
func (s *Store) claimedKey(partition int32) string { return s.key(partition, "claimed") }

// claimsKey is a hash, which deadline of a case is under a lease: permithub:{p7}:claims.
// Field: application number; value: the score that it had. It holds what claimedKey holds.
func (s *Store) claimsKey(partition int32) string { return s.key(partition, "claims") }

// cardKey is a string, the card of one application as JSON: permithub:{p7}:card:K3JQ….
func (s *Store) cardKey(partition int32, applicationNo string) string {
	return s.key(partition, "card:"+applicationNo)
}

// numberKey is a string, the application that came under a source's number: permithub:number:{9a40…}. Both are hashed: the number is
// foreign text of any length. It has a slot of its own, since another person's application lies in another partition.
func (s *Store) numberKey(source, number string) string {
	sum := sha256.Sum256([]byte(source + "\x00" + number))
	return s.numberKeyOf(hex.EncodeToString(sum[:16]))
}

func (s *Store) numberKeyOf(hash string) string { return s.cfg.Prefix + ":number:{" + hash + "}" }

// refKey is a string, the effect id behind a gateway's number: permithub:sms:{5f1c…}. The number is hashed: it is foreign
// text of any length.
func (s *Store) refKey(ref string) string {
	sum := sha256.Sum256([]byte(ref))
	return s.cfg.Prefix + ":sms:{" + hex.EncodeToString(sum[:16]) + "}"
}

// KeyedRef is a reference for [Store.Correlate] that stands for parts without showing them: a keyed hash. For sends whose
// number at the gateway never came back, made from what the receipt will name.
func KeyedRef(key []byte, parts ...string) string {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write([]byte(strconv.Itoa(len(p)) + ":" + p)) // lengths keep "ab","c" apart from "a","bc"
	}
	return "keyed:" + hex.EncodeToString(m.Sum(nil)[:16])
}
