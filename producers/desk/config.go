package desk

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"permithub/internal/reception"
)

// Role is what an officer may do. The first three are named as the level of their opinion.
type Role string

// Roles of officers.
const (
	Clerk      Role = "acceptance" // 受理人
	Reviewer   Role = "review"     // 审核人
	Approver   Role = "approval"   // 审批人
	Supervisor Role = "supervisor" // retries, waives and settles
	Operator   Role = "operator"   // keeps the hub running; decides nothing
	Auditor    Role = "auditor"    // reads who did what; decides nothing
)

// Officer is one person at the desk.
type Officer struct {
	// ID is the staff number that stands in the opinions.
	ID string
	// Name is shown to colleagues; it never travels.
	Name string
	// Token is the bearer token, at least 16 characters; only its hash is kept.
	Token string
	// Roles are at least one.
	Roles []Role
	// Townships are the divisions (9 digits) whose cases the officer works on; empty is the whole county.
	Townships []string
	// Kin are the dossier ids of the officer's own file and of the relatives that the officer declared.
	Kin []string
}

// Related reports whether the file is the officer's own or a declared relative's: others work on it.
func (o *Officer) Related(dossier string) bool { return slices.Contains(o.Kin, dossier) }

// Has reports whether the officer has one of the roles.
func (o *Officer) Has(roles ...Role) bool {
	return slices.ContainsFunc(roles, func(r Role) bool { return slices.Contains(o.Roles, r) })
}

// WorksIn reports whether the officer works on cases of the township.
func (o *Officer) WorksIn(division string) bool {
	return len(o.Townships) == 0 || slices.Contains(o.Townships, division)
}

// Roles lists every role.
func Roles() []Role { return []Role{Clerk, Reviewer, Approver, Supervisor, Operator, Auditor} }

// Config says who may act.
type Config struct {
	// Officers are those who may act; at least one.
	Officers []Officer
	// Limits of a request; a body has 64 KiB and 256 requests, which wait for the log, are at work where it does not say.
	reception.Limits
	// AnswerTimeout bounds the wait for the log's answer to an act; after it the answer is 202. 0 is 2 s.
	AnswerTimeout time.Duration
}

var (
	officerForm  = regexp.MustCompile(`^[0-9A-Za-z_-]{1,32}$`)
	townshipForm = regexp.MustCompile(`^330424[0-9]{3}$`)
)

// Validate returns every fault at once; no token stands in it.
func (c *Config) Validate() error {
	var errs []error
	if len(c.Officers) == 0 {
		errs = append(errs, errors.New("officers: want at least one"))
	}
	errs = append(errs, c.Limits.Validate())
	if c.AnswerTimeout < 0 {
		errs = append(errs, errors.New("answer timeout: want none below zero"))
	}
	ids, tokens := map[string]bool{}, map[[sha256.Size]byte]bool{}
	for i := range c.Officers {
		o := &c.Officers[i]
		hash := sha256.Sum256([]byte(o.Token))
		if ids[o.ID] || tokens[hash] {
			errs = append(errs, fmt.Errorf("officer %d: its id or token stands twice", i))
		}
		ids[o.ID], tokens[hash] = true, true
		errs = append(errs, o.validate(i))
	}
	return errors.Join(errs...)
}

func (o *Officer) validate(i int) error {
	var errs []error
	if !officerForm.MatchString(o.ID) {
		errs = append(errs, fmt.Errorf("officer %d: id: want 1 to 32 letters, digits, - and _", i))
	}
	if len(o.Token) < 16 {
		errs = append(errs, fmt.Errorf("officer %d: token: want at least 16 characters", i))
	}
	if len(o.Roles) == 0 {
		errs = append(errs, fmt.Errorf("officer %d: roles: want at least one", i))
	}
	for _, r := range o.Roles {
		if !slices.Contains(Roles(), r) {
			errs = append(errs, fmt.Errorf("officer %d: roles: want %v", i, Roles()))
		}
	}
	for _, t := range o.Townships {
		if !townshipForm.MatchString(t) {
			errs = append(errs, fmt.Errorf("officer %d: townships: want 330424 and 3 digits", i))
		}
	}
	return errors.Join(errs...)
}
