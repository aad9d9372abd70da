package accounts

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"permithub/internal/deadline"
)

// Way is how somebody proved who they are.
type Way string

// Ways to sign in.
const (
	ByPassword Way = "password"
	ByOpenID   Way = "openid"
	ByProxy    Way = "proxy"
)

// Identity is somebody who proved who they are: the user of the file, with the roles and townships that count for this session.
type Identity struct {
	User User
	Way  Way
	// entry is what the file said at that moment.
	entry string
}

// identified is the user of the file, by that way.
func identified(u User, way Way) Identity { return Identity{User: u, Way: way, entry: u.entry()} }

// entry tells one state of what the file says about a user's rights from another.
func (u *User) entry() string {
	b, err := json.Marshal([]any{u.Password, u.TOTP, u.Roles, u.Townships})
	if err != nil {
		panic(err) // texts
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// Session is one signed-in browser.
type Session struct {
	// User is what the file says now, with the roles and townships that the session began with.
	User User
	Way  Way
	// Token is the CSRF token of its forms; the session's own token is in the cookie alone.
	Token         string
	Started, Used time.Time
}

// kept is what is kept of a session. The token that finds it stands nowhere.
type kept struct {
	User      string    `json:"user"`
	Way       Way       `json:"way"`
	Roles     []string  `json:"roles"`
	Townships []string  `json:"townships,omitempty"`
	Entry     string    `json:"entry"`
	Token     string    `json:"token"`
	Started   time.Time `json:"started"`
}

// SessionStore keeps sessions for every process of the desk; deadline.Store is one.
type SessionStore interface {
	PutSession(ctx context.Context, key, user string, data []byte, idle time.Duration, end time.Time) error
	FindSession(ctx context.Context, key string, use bool) (data []byte, found bool, err error)
	EndSession(ctx context.Context, key string) error
	EndSessions(ctx context.Context, user string) (int, error)
	Sessions(ctx context.Context) ([]deadline.KeptSession, error)
}

// Sessions are those of all processes that share a store. Safe for concurrent use.
type Sessions struct {
	store       SessionStore
	users       *Users
	idle, whole time.Duration
	now         func() time.Time
}

// NewSessions returns sessions of these users that end after idle without use, and whole after their start.
func NewSessions(store SessionStore, users *Users, idle, whole time.Duration, now func() time.Time) *Sessions {
	return &Sessions{store: store, users: users, idle: idle, whole: whole, now: now}
}

func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

func keyOf(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Start returns the token of a new session.
func (s *Sessions) Start(ctx context.Context, id Identity) (token string, err error) {
	now := s.now()
	data, err := json.Marshal(kept{User: id.User.ID, Way: id.Way, Roles: id.User.Roles, Townships: id.User.Townships, Entry: id.entry, Token: randomToken(), Started: now})
	if err != nil {
		return "", fmt.Errorf("encode session: %w", err)
	}
	token = randomToken()
	return token, s.store.PutSession(ctx, keyOf(token), id.User.ID, data, s.idle, now.Add(s.whole))
}

// Find returns the session and, where use is set, counts this as use; what a page does by itself is none. A session whose user has changed since is
// over: what the file says of roles, townships, passwords and standing counts from the moment it says so.
func (s *Sessions) Find(ctx context.Context, token string, use bool) (Session, bool, error) {
	key := keyOf(token)
	data, found, err := s.store.FindSession(ctx, key, use)
	if err != nil || !found {
		return Session{}, false, err
	}
	x, ok := s.read(data)
	if !ok {
		return Session{}, false, s.store.EndSession(ctx, key)
	}
	return x, true, nil
}

// read returns the session, and false where its user is no longer who signed in.
func (s *Sessions) read(data []byte) (Session, bool) {
	var k kept
	if err := json.Unmarshal(data, &k); err != nil {
		return Session{}, false // of another release
	}
	u, known := s.users.Find(k.User)
	if !known || u.Disabled || u.entry() != k.Entry {
		return Session{}, false
	}
	u.Roles, u.Townships = k.Roles, k.Townships
	return Session{User: u, Way: k.Way, Token: k.Token, Started: k.Started}, true
}

// List returns the sessions that are alive, by user and start.
func (s *Sessions) List(ctx context.Context) ([]Session, error) {
	all, err := s.store.Sessions(ctx)
	if err != nil {
		return nil, err
	}
	var out []Session
	for i := range all {
		if x, ok := s.read(all[i].Data); ok {
			x.Used = all[i].Used
			out = append(out, x)
		}
	}
	slices.SortFunc(out, func(a, b Session) int {
		if c := strings.Compare(a.User.ID, b.User.ID); c != 0 {
			return c
		}
		return a.Started.Compare(b.Started)
	})
	return out, nil
}

// End ends one session.
func (s *Sessions) End(ctx context.Context, token string) error {
	return s.store.EndSession(ctx, keyOf(token))
}

// EndAll ends every session of the user and returns how many there were.
func (s *Sessions) EndAll(ctx context.Context, user string) (int, error) {
	return s.store.EndSessions(ctx, user)
}
