package accounts

import (
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"
)

// Why somebody was not let in.
var (
	// ErrWrong is the one answer for an unknown name, a disabled user, a wrong password and a wrong code.
	ErrWrong = errors.New("name, password or code is wrong")
	// ErrBusy says that too many passwords are being checked at this moment.
	ErrBusy = errors.New("too many sign-ins at this moment")
)

// LockedError says that a name was tried too often.
type LockedError struct{ For time.Duration }

func (e *LockedError) Error() string { return fmt.Sprintf("locked for %s", e.For) }

const (
	freeTries  = 5
	firstPause = time.Second
	longPause  = 15 * time.Minute
	// hashesAtOnce bounds the memory of hashing; a sign-in takes some 30 ms.
	hashesAtOnce = 4
	// maxNames bounds what is remembered of wrong names.
	maxNames = 10_000
)

// SignIn checks who somebody is. Safe for concurrent use.
type SignIn struct {
	users *Users
	now   func() time.Time
	slots chan struct{}
	dummy secret

	mu    sync.Mutex
	tries map[string]*tries
	codes map[string]usedCode // the last code of each user that has a second factor: it is good once
}

type usedCode struct {
	code string
	at   time.Time
}

// tries is what is remembered of one name.
type tries struct {
	wrong int
	until time.Time // locked
}

// NewSignIn returns a sign-in over the users.
func NewSignIn(users *Users, now func() time.Time) *SignIn {
	d := secret{memory: hashMemory, passes: hashPasses, threads: hashThreads, salt: make([]byte, hashSalt), key: make([]byte, hashLen)}
	return &SignIn{users: users, now: now, slots: make(chan struct{}, hashesAtOnce), dummy: d, tries: map[string]*tries{}, codes: map[string]usedCode{}}
}

// Check returns the user of that name, password and, where the user has a second factor, code.
func (s *SignIn) Check(id, password, code string) (User, error) {
	if len(id) > 32 {
		id = id[:32]
	}
	if err := s.begin(id); err != nil {
		return User{}, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		s.forgive(id)
		return User{}, ErrBusy
	}
	u, known := s.users.Find(id)
	hash := s.dummy
	if known {
		if parsed, err := parseHash(u.Password); err == nil {
			hash = parsed
		}
	}
	if !hash.matches(password) || !known || u.Disabled || !s.secondFactor(&u, code) {
		return User{}, ErrWrong
	}
	s.forget(id)
	return u, nil
}

// begin counts a try, before it is known to be wrong: tries side by side must not be free.
func (s *SignIn) begin(id string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	t := s.tries[id]
	if t == nil {
		if len(s.tries) >= maxNames {
			s.sweep(now)
		}
		t = &tries{}
		s.tries[id] = t
	}
	if now.Before(t.until) {
		return &LockedError{t.until.Sub(now)}
	}
	if t.wrong++; t.wrong >= freeTries {
		t.until = now.Add(min(longPause, firstPause<<min(t.wrong-freeTries, 20)))
	}
	return nil
}

// sweep forgets names that are not locked; where all are, everything: whoever fills it locks out nobody for longer.
func (s *SignIn) sweep(now time.Time) {
	for id, t := range s.tries {
		if !now.Before(t.until) {
			delete(s.tries, id)
		}
	}
	if len(s.tries) >= maxNames {
		clear(s.tries)
	}
}

// forgive takes back a try that was not made.
func (s *SignIn) forgive(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if t := s.tries[id]; t != nil && t.wrong > 0 {
		t.wrong--
		t.until = time.Time{}
	}
}

// forget ends the counting after a success.
func (s *SignIn) forget(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.tries, id)
}

// codeLife is how long a code can be right, the steps before and after included.
const codeLife = 90 * time.Second

func (s *SignIn) secondFactor(u *User, code string) bool {
	if u.TOTP == "" {
		return true
	}
	now := s.now()
	ok, err := totp.ValidateCustom(code, u.TOTP, now, totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil || !ok {
		return false
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if last := s.codes[u.ID]; last.code == code && now.Sub(last.at) < codeLife {
		return false
	}
	s.codes[u.ID] = usedCode{code, now}
	return true
}

// ChangePassword sets a new password that only the user knows. The old one is asked for again, under the same limits as a sign-in.
func (s *SignIn) ChangePassword(id, old, replacement string) error {
	u, known := s.users.Find(id)
	if !known || u.Disabled {
		return ErrWrong
	}
	if err := s.begin(id); err != nil {
		return err
	}
	hash, err := parseHash(u.Password)
	if err != nil || !hash.matches(old) || old == replacement {
		return ErrWrong
	}
	s.forget(id)
	if u.Password, err = Hash(replacement); err != nil {
		return err
	}
	u.MustChange = false
	return s.users.Put(u)
}

// NewTOTP returns a new shared secret of a second factor, and the address that an authenticator takes as a QR code.
func NewTOTP(id string) (shared, address string, err error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "permithub", AccountName: id})
	if err != nil {
		return "", "", fmt.Errorf("make one-time codes: %w", err)
	}
	return k.Secret(), k.URL(), nil
}
