package accounts

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
)

// Cost of one hash: the second of the choices that OWASP's Password Storage Cheat Sheet gives for argon2id, 19 MiB and two passes.
const (
	hashMemory  = 19 << 10 // KiB
	hashPasses  = 2
	hashThreads = 1
	hashSalt    = 16
	hashLen     = 32
)

// MinPassword is the fewest characters of a password, MaxPassword the most bytes that are hashed.
const (
	MinPassword = 10
	MaxPassword = 256
)

// ErrPassword says that a password is too short or too long.
var ErrPassword = fmt.Errorf("a password has %d characters to %d bytes", MinPassword, MaxPassword)

// Hash returns the PHC string of a password under a new salt. It takes some 30 ms, so that guessing does.
func Hash(password string) (string, error) { return hash(password, hashMemory, hashPasses) }

// HashShortLived is Hash at the least cost, for random passwords that are gone before anybody could guess: those of a demonstration, which has
// no time to lose.
func HashShortLived(password string) (string, error) { return hash(password, 64, 1) }

func hash(password string, memory, passes uint32) (string, error) {
	if utf8.RuneCountInString(password) < MinPassword || len(password) > MaxPassword {
		return "", ErrPassword
	}
	salt := make([]byte, hashSalt)
	_, _ = rand.Read(salt) // never fails
	key := argon2.IDKey([]byte(password), salt, passes, memory, hashThreads, hashLen)
	b64 := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, memory, passes, hashThreads, b64.EncodeToString(salt), b64.EncodeToString(key)), nil
}

// secret is a hash taken apart.
type secret struct {
	memory, passes uint32
	threads        uint8
	salt, key      []byte
}

var errHash = errors.New("not an argon2id hash in PHC form")

// Bounds of what a file may ask of the machine.
const (
	maxHashMemory = 1 << 20 // KiB
	maxHashPasses = 16
)

func parseHash(phc string) (secret, error) {
	var (
		s               secret
		version         int
		salt, key, rest string
	)
	n, err := fmt.Sscanf(phc, "$argon2id$v=%d$m=%d,t=%d,p=%d$%s", &version, &s.memory, &s.passes, &s.threads, &rest)
	if err != nil || n != 5 || version != argon2.Version || s.memory == 0 || s.memory > maxHashMemory || s.passes == 0 || s.passes > maxHashPasses || s.threads == 0 {
		return s, errHash
	}
	for i := range rest {
		if rest[i] == '$' {
			salt, key = rest[:i], rest[i+1:]
			break
		}
	}
	var err1, err2 error
	s.salt, err1 = base64.RawStdEncoding.DecodeString(salt)
	s.key, err2 = base64.RawStdEncoding.DecodeString(key)
	if err1 != nil || err2 != nil || len(s.salt) < 8 || len(s.key) < 16 {
		return s, errHash
	}
	return s, nil
}

func (s *secret) matches(password string) bool {
	if len(password) > MaxPassword {
		password = "" // costs the same and matches nothing
	}
	key := argon2.IDKey([]byte(password), s.salt, s.passes, s.memory, s.threads, uint32(len(s.key)))
	return subtle.ConstantTimeCompare(key, s.key) == 1
}
