package accounts

import (
	"encoding/base64"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/pquerna/otp/totp"

	"permithub/internal/deadline"
)

const good = "correct horse 电池"

// clock is a time that a test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newClock() *clock { return &clock{t: time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)} }

func usersOf(t *testing.T, change func(*User)) *Users {
	t.Helper()
	u, err := OpenUsers(filepath.Join(t.TempDir(), "users.json"))
	if err != nil {
		t.Fatal(err)
	}
	hash, err := Hash(good)
	if err != nil {
		t.Fatal(err)
	}
	x := User{ID: "1001", Name: "受理员", Roles: []string{"acceptance"}, Password: hash}
	if change != nil {
		change(&x)
	}
	if err := u.Put(x); err != nil {
		t.Fatal(err)
	}
	return u
}

// storeOf is what the processes of one desk share.
func storeOf(t *testing.T, c *clock) *deadline.Store {
	t.Helper()
	m := miniredis.RunT(t)
	s, err := deadline.Open(deadline.Config{Addrs: []string{m.Addr()}, PartitionOf: func(string) int32 { return 0 }, Timeout: time.Minute, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func keyed(text string) string { return "keyed:" + base64.RawURLEncoding.EncodeToString([]byte(text)) }

func signInOf(t *testing.T, users *Users, c *clock) *SignIn {
	t.Helper()
	return NewSignIn(users, storeOf(t, c), keyed, c.now)
}

func TestHash(t *testing.T) {
	a, err := Hash(good)
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := Hash(good); a == b {
		t.Error("two hashes of one password are alike: no salt")
	}
	s, err := parseHash(a)
	if err != nil || !s.matches(good) || s.matches(good+" ") || s.matches("") || s.matches(strings.Repeat("x", 1<<20)) {
		t.Errorf("hash %s does not tell right from wrong (%v)", a, err)
	}
	for _, p := range []string{"", "九个字的密码不够长", strings.Repeat("x", MaxPassword+1)} {
		if _, err := Hash(p); !errors.Is(err, ErrPassword) {
			t.Errorf("%d bytes: got %v", len(p), err)
		}
	}
}

// A hash in the file must not be able to ask for all memory, for for ever, or for a comparison that anything passes.
func TestBadHashesAreRefused(t *testing.T) {
	a, err := Hash(good)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split(a, "$")
	for name, phc := range map[string]string{
		"empty": "", "plain": good, "bcrypt": "$2a$10$abc", "memory": strings.Replace(a, "m=19456", "m=4194304", 1), "passes": strings.Replace(a, "t=2", "t=4000000", 1),
		"no threads": strings.Replace(a, "p=1", "p=0", 1), "version": strings.Replace(a, "v=19", "v=16", 1),
		"no key": strings.Join(parts[:5], "$") + "$", "short key": strings.Join(parts[:5], "$") + "$AAAA", "no salt": strings.Join(parts[:4], "$") + "$$" + parts[5],
	} {
		if _, err := parseHash(phc); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

func TestSignIn(t *testing.T) {
	s := signInOf(t, usersOf(t, nil), newClock())
	if id, err := s.Check(t.Context(), "1001", good, ""); err != nil || id.User.Name != "受理员" {
		t.Fatalf("got %v, %v", id, err)
	}
	for name, tc := range map[string][2]string{
		"wrong password": {"1001", good + "x"}, "nobody": {"1002", good}, "empty": {"", ""}, "hash as password": {"1001", usersOf(t, nil).List()[0].Password},
		"long name": {strings.Repeat("1", 1<<16), good},
	} {
		if _, err := s.Check(t.Context(), tc[0], tc[1], ""); !errors.Is(err, ErrWrong) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	disabled := signInOf(t, usersOf(t, func(u *User) { u.Disabled = true }), newClock())
	if _, err := disabled.Check(t.Context(), "1001", good, ""); !errors.Is(err, ErrWrong) {
		t.Errorf("disabled: got %v", err)
	}
}

func TestLockout(t *testing.T) {
	for _, name := range []string{"1001", "nobody"} { // a lock must not tell who exists
		t.Run(name, func(t *testing.T) {
			c := newClock()
			s := signInOf(t, usersOf(t, nil), c)
			for range lockout.Free {
				if _, err := s.Check(t.Context(), name, "wrong password", ""); !errors.Is(err, ErrWrong) {
					t.Fatalf("got %v", err)
				}
			}
			var pauses []time.Duration
			for range 12 {
				var locked *LockedError
				if _, err := s.Check(t.Context(), name, good, ""); !errors.As(err, &locked) {
					t.Fatalf("the right password opened a locked name: %v", err)
				}
				pauses = append(pauses, locked.For)
				c.add(locked.For)
				if _, err := s.Check(t.Context(), name, "wrong password", ""); !errors.Is(err, ErrWrong) {
					t.Fatalf("after the lock: got %v", err)
				}
			}
			want := []time.Duration{1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900}
			for i := range want {
				want[i] *= time.Second
			}
			if diff := cmp.Diff(want, pauses); diff != "" {
				t.Errorf("pauses (-want +got)\n%s", diff)
			}
		})
	}
	c := newClock()
	s := signInOf(t, usersOf(t, nil), c)
	for range 3 * lockout.Free { // a success ends the counting
		_, _ = s.Check(t.Context(), "1001", "wrong password", "")
		if _, err := s.Check(t.Context(), "1001", good, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// Tries side by side count before they are found wrong: no more than the free ones are made.
func TestManyAtOnceAreCounted(t *testing.T) {
	s := signInOf(t, usersOf(t, nil), newClock())
	var mu sync.Mutex
	made := 0
	var all sync.WaitGroup
	for range 40 {
		all.Go(func() {
			if _, err := s.Check(t.Context(), "1001", "wrong password", ""); errors.Is(err, ErrWrong) {
				mu.Lock()
				made++
				mu.Unlock()
			}
		})
	}
	all.Wait()
	if made > lockout.Free {
		t.Errorf("%d tries were made, %d are free", made, lockout.Free)
	}
}

func TestSecondFactor(t *testing.T) {
	const shared = "JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"
	c := newClock()
	s := signInOf(t, usersOf(t, func(u *User) { u.TOTP = shared }), c)
	code := func() string {
		code, err := totp.GenerateCode(shared, c.now())
		if err != nil {
			t.Fatal(err)
		}
		return code
	}
	for _, wrong := range []string{"", "000000", "12345"} {
		if wrong == code() {
			continue
		}
		if _, err := s.Check(t.Context(), "1001", good, wrong); !errors.Is(err, ErrWrong) {
			t.Errorf("code %q: got %v", wrong, err)
		}
	}
	used := code()
	if _, err := s.Check(t.Context(), "1001", good, used); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Check(t.Context(), "1001", good, used); !errors.Is(err, ErrWrong) {
		t.Errorf("a code was good twice: %v", err)
	}
	c.add(30 * time.Second)
	if _, err := s.Check(t.Context(), "1001", good, code()); err != nil {
		t.Errorf("the next code: %v", err)
	}
	if _, err := s.Check(t.Context(), "1001", good, used); !errors.Is(err, ErrWrong) {
		t.Errorf("a code was good again after the next one: %v", err)
	}
	c.add(10 * time.Minute)
	if _, err := s.Check(t.Context(), "1001", good, used); !errors.Is(err, ErrWrong) {
		t.Errorf("an old code: %v", err)
	}
}

func TestChangePassword(t *testing.T) {
	users := usersOf(t, func(u *User) { u.MustChange = true })
	s := signInOf(t, users, newClock())
	for name, tc := range map[string]struct {
		old, replacement string
		want             error
	}{
		"wrong": {"wrong password", "another password", ErrWrong}, "the same": {good, good, ErrWrong}, "too short": {good, "short", ErrPassword},
	} {
		if _, err := s.ChangePassword(t.Context(), "1001", tc.old, tc.replacement); !errors.Is(err, tc.want) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := s.ChangePassword(t.Context(), "1001", good, "another password"); err != nil {
		t.Fatal(err)
	}
	again, err := OpenUsers(users.path) // it is on the disk
	if err != nil {
		t.Fatal(err)
	}
	id, err := signInOf(t, again, newClock()).Check(t.Context(), "1001", "another password", "")
	if err != nil || id.User.MustChange {
		t.Errorf("got %+v, %v", id, err)
	}
	info, err := os.Stat(users.path)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode: got %v, %v", info.Mode(), err)
	}
}

func TestSessions(t *testing.T) {
	c := newClock()
	users := usersOf(t, nil)
	s := NewSessions(storeOf(t, c), users, 15*time.Minute, 10*time.Hour, c.now)
	u, _ := users.Find("1001")
	start := func() string {
		t.Helper()
		token, err := s.Start(t.Context(), identified(u, ByPassword))
		if err != nil {
			t.Fatal(err)
		}
		return token
	}
	alive := func(token string, use bool) bool {
		t.Helper()
		_, ok, err := s.Find(t.Context(), token, use)
		if err != nil {
			t.Fatal(err)
		}
		return ok
	}
	token, other := start(), start()
	x, ok, err := s.Find(t.Context(), token, true)
	if err != nil || !ok || x.User.ID != "1001" || x.Way != ByPassword || x.Token == token || x.Token == "" {
		t.Fatalf("got %+v, %v, %v", x, ok, err)
	}
	for _, stale := range []string{"", token[1:], token + "A", x.Token} {
		if alive(stale, true) {
			t.Errorf("token %q is a session", stale)
		}
	}
	c.add(14 * time.Minute)
	if !alive(token, true) {
		t.Error("ended though used")
	}
	if !alive(other, false) {
		t.Error("ended early")
	}
	c.add(2 * time.Minute)
	if alive(other, true) {
		t.Error("what a page does by itself kept a session alive")
	}
	for range 60 {
		c.add(10 * time.Minute)
		alive(token, true)
	}
	if alive(token, true) {
		t.Error("a session outlived its whole time")
	}
	a, b := start(), start()
	if err := s.End(t.Context(), a); err != nil || alive(a, true) {
		t.Errorf("a session outlived its end (%v)", err)
	}
	if list, err := s.List(t.Context()); err != nil || len(list) != 1 || list[0].User.ID != "1001" || !list[0].Started.Equal(c.now()) {
		t.Errorf("listed %+v, %v", list, err)
	}
	if n, err := s.EndAll(t.Context(), "1001"); n != 1 || err != nil {
		t.Errorf("ended %d, %v", n, err)
	}
	if alive(b, true) {
		t.Error("a revoked session is alive")
	}
}

// What a process knows of sessions and tries, its successor and its neighbour know too.
func TestTwoProcessesAgree(t *testing.T) {
	c := newClock()
	users, store := usersOf(t, nil), storeOf(t, c)
	process := func() (*SignIn, *Sessions) {
		beside, err := OpenUsers(users.path)
		if err != nil {
			t.Fatal(err)
		}
		return NewSignIn(beside, store, keyed, c.now), NewSessions(store, beside, time.Hour, 10*time.Hour, c.now)
	}
	signIn1, sessions1 := process()
	signIn2, sessions2 := process()
	id, err := signIn1.Check(t.Context(), "1001", good, "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := sessions1.Start(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	if x, ok, err := sessions2.Find(t.Context(), token, true); err != nil || !ok || x.User.ID != "1001" {
		t.Fatalf("the other process does not know the session: %+v, %v", x, err)
	}
	if _, err := sessions2.EndAll(t.Context(), "1001"); err != nil {
		t.Fatal(err)
	}
	if _, ok, _ := sessions1.Find(t.Context(), token, true); ok {
		t.Error("a session that the other process revoked is alive")
	}
	for i := range lockout.Free {
		s := []*SignIn{signIn1, signIn2}[i%2]
		if _, err := s.Check(t.Context(), "1001", "wrong password", ""); !errors.Is(err, ErrWrong) {
			t.Fatalf("got %v", err)
		}
	}
	restarted, _ := process()
	for _, s := range []*SignIn{signIn1, signIn2, restarted} {
		var locked *LockedError
		if _, err := s.Check(t.Context(), "1001", good, ""); !errors.As(err, &locked) {
			t.Errorf("a process lets in whom another has locked: %v", err)
		}
	}
}

// A change of what the file says about a user ends what began before it.
func TestSessionsEndWithTheUser(t *testing.T) {
	for name, change := range map[string]func(*User){
		"disabled": func(u *User) { u.Disabled = true }, "roles": func(u *User) { u.Roles = []string{"review"} }, "townships": func(u *User) { u.Townships = []string{"330424001"} },
		"second factor": func(u *User) { u.TOTP = "JBSWY3DPEHPK3PXP" }, "password": func(u *User) { u.Password = usersOf(t, nil).List()[0].Password },
	} {
		c := newClock()
		users := usersOf(t, nil)
		s := NewSessions(storeOf(t, c), users, time.Hour, time.Hour, c.now)
		u, _ := users.Find("1001")
		token, err := s.Start(t.Context(), identified(u, ByPassword))
		if err != nil {
			t.Fatal(err)
		}
		change(&u)
		if err := users.Put(u); err != nil {
			t.Fatal(err)
		}
		if list, err := s.List(t.Context()); err != nil || len(list) != 0 {
			t.Errorf("%s: listed %v, %v", name, list, err)
		}
		if _, ok, err := s.Find(t.Context(), token, true); ok || err != nil {
			t.Errorf("%s: alive, %v", name, err)
		}
	}
}

// A name is never written where it could be read: whoever types a citizen id or a password as one leaves a keyed hash.
func TestTypedNamesAreNotKept(t *testing.T) {
	c := newClock()
	m := miniredis.RunT(t)
	store, err := deadline.Open(deadline.Config{Addrs: []string{m.Addr()}, PartitionOf: func(string) int32 { return 0 }, Now: c.now})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	users := usersOf(t, nil)
	s := NewSignIn(users, store, keyed, c.now)
	const typed = "11010519491231002X"
	_, _ = s.Check(t.Context(), typed, "wrong password", "")
	id, err := s.Check(t.Context(), "1001", good, "")
	if err != nil {
		t.Fatal(err)
	}
	token, err := NewSessions(store, users, time.Hour, time.Hour, c.now).Start(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	dump := m.Dump()
	u, _ := users.Find("1001")
	for _, secret := range []string{typed, token, u.Password} {
		if strings.Contains(dump, secret) {
			t.Errorf("%q stands in Redis", secret)
		}
	}
	if !strings.Contains(dump, keyed(typed)[:10]) || !strings.Contains(dump, "1001") {
		t.Errorf("the dump shows neither the try nor the session:\n%s", dump)
	}
	m.Close()
	if _, err := s.Check(t.Context(), "1001", good, ""); err == nil || errors.Is(err, ErrWrong) {
		t.Errorf("without the store: got %v", err)
	}
}

// Somebody who signs in elsewhere has no password here, and none that could be guessed.
func TestUsersWithoutPassword(t *testing.T) {
	users := usersOf(t, func(u *User) { u.Password, u.Roles = "", nil })
	s := signInOf(t, users, newClock())
	for _, password := range []string{"", good, "\x00"} {
		if _, err := s.Check(t.Context(), "1001", password, ""); !errors.Is(err, ErrWrong) {
			t.Errorf("password %q: got %v", password, err)
		}
	}
	if _, err := s.ChangePassword(t.Context(), "1001", "", "another password"); !errors.Is(err, ErrWrong) {
		t.Errorf("change: got %v", err)
	}
}

// What the command line changes counts at once, and what it breaks changes nothing.
func TestAnotherProcessChangesTheFile(t *testing.T) {
	served := usersOf(t, nil)
	beside, err := OpenUsers(served.path)
	if err != nil {
		t.Fatal(err)
	}
	u, _ := beside.Find("1001")
	u.Disabled = true
	if err := beside.Put(u); err != nil {
		t.Fatal(err)
	}
	if u, ok := served.Find("1001"); !ok || !u.Disabled {
		t.Error("a disabled user is not disabled")
	}
	u.ID = "1002"
	if err := served.Put(u); err != nil {
		t.Fatal(err)
	}
	if n := len(beside.List()); n != 2 {
		t.Errorf("%d users, want 2", n)
	}
	if err := os.WriteFile(served.path, []byte("[{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if n := len(served.List()); n != 2 {
		t.Errorf("after a broken file: %d users, want 2", n)
	}
	if err := served.Put(u); err == nil {
		t.Error("a broken file was overwritten")
	}
}

func TestNewTOTP(t *testing.T) {
	shared, address, err := NewTOTP("1001")
	if err != nil || !strings.HasPrefix(address, "otpauth://totp/permithub:1001") || !strings.Contains(address, shared) {
		t.Errorf("got %q, %v", address, err)
	}
}

func TestUsersFileNamesEveryFault(t *testing.T) {
	path := filepath.Join(t.TempDir(), "users.json")
	if err := os.WriteFile(path, []byte(`[{"id":"a b","name":"x","roles":[],"password":"plain secret"},{"id":"a b","name":"x","roles":["review"],"password":"","kin":["330424"]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := OpenUsers(path)
	if err == nil {
		t.Fatal("taken")
	}
	for _, want := range []string{"user 0: id", "user 0: password", "user 0: roles", "user 1: its id stands twice", "user 1: kin"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not named in\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), "plain secret") {
		t.Error("a password stands in the error")
	}
	if err := os.WriteFile(path, []byte(`[{"id":"1","passwrd":"plain secret"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenUsers(path); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("unknown key: got %v", err)
	}
}

func FuzzParseHash(f *testing.F) {
	a, err := Hash(good)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(a)
	f.Add("$argon2id$v=19$m=19456,t=2,p=1$$")
	f.Fuzz(func(t *testing.T, phc string) {
		s, err := parseHash(phc)
		if err == nil && (s.memory > maxHashMemory || s.passes > maxHashPasses || len(s.key) < 16 || s.threads == 0) {
			t.Errorf("%q: took %+v", phc, s)
		}
	})
}
