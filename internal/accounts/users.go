package accounts

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"

	"permithub/internal/fault"
)

// User is one person who may sign in.
type User struct {
	// ID is the staff number, Name what colleagues read.
	ID   string `json:"id"`
	Name string `json:"name"`
	// Roles and Townships mean what they mean at the desk. Where the claims of an OpenID provider say them, they are what stands here for colleagues only.
	Roles     []string `json:"roles"`
	Townships []string `json:"townships,omitempty"`
	// Password is an argon2id hash in PHC form; empty for somebody who signs in by other ways alone.
	Password string `json:"password,omitempty"`
	// MustChange lets the user do nothing before the password is changed: whoever set it knows it.
	MustChange bool `json:"must_change,omitempty"`
	// TOTP is the shared secret of the second factor, base32; empty means none.
	TOTP string `json:"totp,omitempty"`
	// Disabled keeps the entry, for its name stands in old opinions, and lets nobody in.
	Disabled bool `json:"disabled,omitempty"`
	// Kin are the dossier ids of the user's own file and of the relatives that the user declared: these cases are other people's to work on.
	Kin []string `json:"kin,omitempty"`
}

// Users is the file of users. Safe for concurrent use. A file that another process replaced, as `permithub user` does, is read again at the next
// question; one that cannot be read then leaves the users as they were. Two processes that change it at once may lose one of the changes.
type Users struct {
	path string

	mu   sync.Mutex
	list []User
	read os.FileInfo // of the file that list is; nil where there is none
}

var (
	userID  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	dossier = regexp.MustCompile(`^[A-Z2-7]{12}$`)
)

// OpenUsers reads the file and returns every fault of it at once. A file that is not there has no users.
func OpenUsers(path string) (*Users, error) {
	u := &Users{path: path}
	return u, u.load()
}

// load reads the file where it is another one than before.
func (u *Users) load() error {
	info, err := os.Stat(u.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read users: %w", err)
	}
	if u.read != nil && os.SameFile(info, u.read) && info.ModTime().Equal(u.read.ModTime()) && info.Size() == u.read.Size() {
		return nil
	}
	b, err := os.ReadFile(u.path)
	if err != nil {
		return fmt.Errorf("read users: %w", err)
	}
	list, err := parseUsers(b)
	if err != nil {
		return fmt.Errorf("users file %s: %w", u.path, err)
	}
	u.list, u.read = list, info
	return nil
}

func parseUsers(b []byte) ([]User, error) {
	var list []User
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&list); err != nil {
		return nil, errors.New("not the JSON of a list of users") // its own error quotes the text
	}
	var errs []error
	seen := map[string]bool{}
	for i := range list {
		if seen[list[i].ID] {
			errs = append(errs, fmt.Errorf("user %d: its id stands twice", i))
		}
		seen[list[i].ID] = true
		errs = append(errs, list[i].validate(i))
	}
	return list, errors.Join(errs...)
}

func (u *User) validate(i int) error {
	var errs []error
	if !userID.MatchString(u.ID) {
		errs = append(errs, fmt.Errorf("user %d: id: want 1 to 32 letters, digits, - and _", i))
	}
	if _, err := parseHash(u.Password); err != nil && u.Password != "" {
		errs = append(errs, fmt.Errorf("user %d: password: %w", i, err))
	}
	if len(u.Roles) == 0 && u.Password != "" {
		errs = append(errs, fmt.Errorf("user %d: roles: want at least one", i))
	}
	for _, k := range u.Kin {
		if !dossier.MatchString(k) {
			errs = append(errs, fmt.Errorf("user %d: kin: want dossier ids", i))
		}
	}
	return errors.Join(errs...)
}

// Find returns a copy of the user.
func (u *Users) Find(id string) (User, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	_ = u.load() // what cannot be read leaves the users as they were
	i := u.index(id)
	if i < 0 {
		return User{}, false
	}
	return u.list[i], true
}

func (u *Users) index(id string) int {
	return slices.IndexFunc(u.list, func(x User) bool { return x.ID == id })
}

// List returns copies of all users, in the order of the file.
func (u *Users) List() []User {
	u.mu.Lock()
	defer u.mu.Unlock()
	_ = u.load()
	return slices.Clone(u.list)
}

// Put adds the user, or takes the place of the one of that id, and returns once that is on the disk.
func (u *Users) Put(x User) error {
	if err := x.validate(0); err != nil {
		return fault.Reject("user", err)
	}
	u.mu.Lock()
	defer u.mu.Unlock()
	if err := u.load(); err != nil {
		return err
	}
	list := slices.Clone(u.list)
	if i := u.index(x.ID); i >= 0 {
		list[i] = x
	} else {
		list = append(list, x)
	}
	if err := write(u.path, list); err != nil {
		return fmt.Errorf("write users: %w", err)
	}
	u.list = list
	u.read, _ = os.Stat(u.path)
	return nil
}

// write takes the place of the file as a whole: a machine that stops in the middle leaves the old one.
func write(path string, list []User) (err error) {
	b, err := json.MarshalIndent(list, "", "  ")
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".users-*") // mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(f.Name()))
		}
	}()
	_, err = f.Write(append(b, '\n'))
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
