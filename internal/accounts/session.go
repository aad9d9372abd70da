package accounts

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// Session is one signed-in browser.
type Session struct {
	User User
	// Token is the CSRF token of its forms; the session's own token is in the cookie alone.
	Token   string
	Started time.Time
	used    time.Time
}

// Sessions are the sessions of one process. Safe for concurrent use.
type Sessions struct {
	idle, whole time.Duration
	now         func() time.Time

	mu  sync.Mutex
	all map[[sha256.Size]byte]*Session
}

// NewSessions returns sessions that end after idle without use, and whole after their start.
func NewSessions(idle, whole time.Duration, now func() time.Time) *Sessions {
	return &Sessions{idle: idle, whole: whole, now: now, all: map[[sha256.Size]byte]*Session{}}
}

func randomToken() string {
	b := make([]byte, 32)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// Start returns the token of a new session of the user.
func (s *Sessions) Start(u User) string {
	token := randomToken()
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	for key, x := range s.all {
		if s.over(x, now) {
			delete(s.all, key)
		}
	}
	s.all[sha256.Sum256([]byte(token))] = &Session{User: u, Token: randomToken(), Started: now, used: now}
	return token
}

func (s *Sessions) over(x *Session, now time.Time) bool {
	return now.Sub(x.used) >= s.idle || now.Sub(x.Started) >= s.whole
}

// Find returns a copy of the session and, where touch is set, counts this as use; what a page does by itself is none.
func (s *Sessions) Find(token string, touch bool) (Session, bool) {
	key := sha256.Sum256([]byte(token))
	s.mu.Lock()
	defer s.mu.Unlock()
	x := s.all[key]
	if x == nil {
		return Session{}, false
	}
	now := s.now()
	if s.over(x, now) {
		delete(s.all, key)
		return Session{}, false
	}
	if touch {
		x.used = now
	}
	return *x, true
}

// End ends one session.
func (s *Sessions) End(token string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.all, sha256.Sum256([]byte(token)))
}

// EndAll ends every session of the user and returns how many there were.
func (s *Sessions) EndAll(id string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for key, x := range s.all {
		if x.User.ID == id {
			delete(s.all, key)
			n++
		}
	}
	return n
}
