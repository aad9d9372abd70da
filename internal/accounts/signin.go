package accounts

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/pquerna/otp"
	"github.com/pquerna/otp/totp"

	"permithub/internal/deadline"
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

// lockout is how often one name may be tried.
var lockout = deadline.Lockout{Free: 5, First: time.Second, Longest: 15 * time.Minute, Names: 10_000}

// hashesAtOnce bounds the memory of hashing; a sign-in takes some 30 ms.
const hashesAtOnce = 4

// maxID is the most of a typed name that is looked at.
const maxID = 32

// TryStore counts wrong tries for every process of the desk, and what may be done once; deadline.Store is one.
type TryStore interface {
	Try(ctx context.Context, name string, l deadline.Lockout) (locked time.Duration, err error)
	TakeBackTry(ctx context.Context, name string) error
	ForgetTries(ctx context.Context, name string) error
	Once(ctx context.Context, what string, within time.Duration) (bool, error)
}

// SignIn checks who somebody is by password. Safe for concurrent use.
type SignIn struct {
	users *Users
	tries TryStore
	keyed func(text string) string
	now   func() time.Time
	slots chan struct{}
	dummy secret
}

// NewSignIn returns a sign-in over the users. keyed is a keyed hash: what is counted of names is kept under it, for anything can be typed as a name.
func NewSignIn(users *Users, tries TryStore, keyed func(text string) string, now func() time.Time) *SignIn {
	d := secret{memory: hashMemory, passes: hashPasses, threads: hashThreads, salt: make([]byte, hashSalt), key: make([]byte, hashLen)}
	return &SignIn{users: users, tries: tries, keyed: keyed, now: now, slots: make(chan struct{}, hashesAtOnce), dummy: d}
}

// Check returns the user of that name, password and, where the user has a second factor, code. A try is counted before it is known to be wrong:
// tries side by side must not be free.
func (s *SignIn) Check(ctx context.Context, id, password, code string) (Identity, error) {
	if len(id) > maxID {
		id = id[:maxID]
	}
	if err := s.begin(ctx, id); err != nil {
		return Identity{}, err
	}
	select {
	case s.slots <- struct{}{}:
		defer func() { <-s.slots }()
	default:
		return Identity{}, errors.Join(ErrBusy, s.tries.TakeBackTry(ctx, s.keyed(id)))
	}
	u, known := s.users.Find(id)
	hash := s.dummy
	if known {
		if parsed, err := parseHash(u.Password); err == nil {
			hash = parsed
		}
	}
	if !hash.matches(password) || !known || u.Disabled {
		return Identity{}, ErrWrong
	}
	if err := s.secondFactor(ctx, &u, code); err != nil {
		return Identity{}, err
	}
	return identified(u, ByPassword), s.tries.ForgetTries(ctx, s.keyed(id))
}

func (s *SignIn) begin(ctx context.Context, id string) error {
	locked, err := s.tries.Try(ctx, s.keyed(id), lockout)
	if err == nil && locked > 0 {
		return &LockedError{locked}
	}
	return err
}

// codeLife is how long a code can be right, the steps before and after included.
const codeLife = 90 * time.Second

func (s *SignIn) secondFactor(ctx context.Context, u *User, code string) error {
	if u.TOTP == "" {
		return nil
	}
	ok, err := totp.ValidateCustom(code, u.TOTP, s.now(), totp.ValidateOpts{Period: 30, Skew: 1, Digits: otp.DigitsSix, Algorithm: otp.AlgorithmSHA1})
	if err != nil || !ok {
		return ErrWrong
	}
	first, err := s.tries.Once(ctx, s.keyed(u.ID+" "+code), codeLife)
	if err == nil && !first {
		return ErrWrong
	}
	return err
}

// ChangePassword sets a new password that only the user knows. The old one is asked for again, under the same limits as a sign-in.
// The user is somebody else from then on: sessions that began before are over, the answer begins a new one.
func (s *SignIn) ChangePassword(ctx context.Context, id, old, replacement string) (Identity, error) {
	u, known := s.users.Find(id)
	if !known || u.Disabled {
		return Identity{}, ErrWrong
	}
	if err := s.begin(ctx, id); err != nil {
		return Identity{}, err
	}
	hash, err := parseHash(u.Password)
	if err != nil || !hash.matches(old) || old == replacement {
		return Identity{}, ErrWrong
	}
	if err := s.tries.ForgetTries(ctx, s.keyed(id)); err != nil {
		return Identity{}, err
	}
	if u.Password, err = Hash(replacement); err != nil {
		return Identity{}, err
	}
	u.MustChange = false
	return identified(u, ByPassword), s.users.Put(u)
}

// NewTOTP returns a new shared secret of a second factor, and the address that an authenticator takes as a QR code.
func NewTOTP(id string) (shared, address string, err error) {
	k, err := totp.Generate(totp.GenerateOpts{Issuer: "permithub", AccountName: id})
	if err != nil {
		return "", "", fmt.Errorf("make one-time codes: %w", err)
	}
	return k.Secret(), k.URL(), nil
}
