package main

import (
	"bufio"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"text/tabwriter"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/config"
	"permithub/producers/desk"
	"permithub/schemas"
)

type userCommand struct {
	configured
	ID          string   `arg:"" optional:"" help:"Staff number; without one, the users are listed."`
	Name        string   `help:"Name that colleagues read."`
	Roles       []string `help:"acceptance, review, approval, supervisor, operator, auditor."`
	Townships   []string `help:"Divisions whose cases the user works on; none is the whole county."`
	KinFile     string   `name:"kin-file" type:"existingfile" placeholder:"FILE" help:"Citizen ids of the user and of declared relatives, one a line: these cases are for others. Only keyed hashes are kept."`
	NewPassword bool     `name:"new-password" xor:"password" help:"Give a first password again; it is printed once and must be changed."`
	NoPassword  bool     `name:"no-password" xor:"password" help:"The user signs in by other ways alone: at the OpenID provider, or through the proxy."`
	TOTP        bool     `name:"totp" help:"Give a second factor; its secret is printed once."`
	Disable     bool     `help:"Let the user in no more; open sessions end."`
	Enable      bool     `help:"Let the user in again."`
	SignOut     bool     `name:"sign-out" help:"End every session of the user, in every process of the desk."`
}

func (c *userCommand) Run(p *process) error {
	cfg, err := c.load(p, config.PartDesk, config.PartRouteKey)
	if err != nil {
		return err
	}
	if cfg.Desk.UsersFile == "" {
		return errors.New("desk.users_file is not set: the console has no users")
	}
	users, err := accounts.OpenUsers(cfg.Desk.UsersFile)
	if err != nil {
		return err
	}
	if c.ID == "" {
		return listUsers(p, users)
	}
	if c.SignOut {
		return signOut(p, cfg, c.ID)
	}
	u, known := users.Find(c.ID)
	u.ID = c.ID
	if err := c.change(&u, []byte(cfg.RouteKey.Value())); err != nil {
		return err
	}
	var told []string // once it is so
	switch {
	case c.NoPassword:
		u.Password, u.MustChange = "", false
	case !known || c.NewPassword:
		password := strings.ToLower(rand.Text()[:16])
		if u.Password, err = accounts.Hash(password); err != nil {
			return err
		}
		u.MustChange = true
		told = append(told, "初始密码 "+password+"（首次登录须修改）")
	}
	if c.TOTP {
		var address string
		if u.TOTP, address, err = accounts.NewTOTP(u.ID); err != nil {
			return err
		}
		told = append(told, "动态口令 "+address)
	}
	if err := users.Put(u); err != nil {
		return err
	}
	for _, line := range told {
		_, _ = fmt.Fprintln(p.stdout, line)
	}
	return nil
}

// signOut ends sessions. The user may sign in again: whoever must not is disabled.
func signOut(p *process, cfg *config.Config, id string) (err error) {
	if err := cfg.Validate(config.PartRedis); err != nil {
		return err
	}
	store, err := openIndex(cfg, p.now)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	n, err := store.EndSessions(p.ctx, id)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(p.stdout, "已结束 %d 个会话\n", n)
	return err
}

func (c *userCommand) change(u *accounts.User, routeKey []byte) error {
	if c.Name != "" {
		u.Name = c.Name
	}
	for _, r := range c.Roles {
		if !slices.Contains(desk.Roles(), desk.Role(r)) {
			return fmt.Errorf("role %q: want %v", r, desk.Roles())
		}
	}
	if len(c.Roles) > 0 {
		u.Roles = c.Roles
	}
	if len(c.Townships) > 0 {
		u.Townships = c.Townships
	}
	if c.Disable || c.Enable {
		u.Disabled = c.Disable
	}
	if c.KinFile == "" {
		return nil
	}
	var err error
	u.Kin, err = readKin(c.KinFile, routeKey)
	return err
}

// readKin turns citizen ids into dossier ids. Its errors name lines, never ids.
func readKin(path string, routeKey []byte) ([]string, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	var kin []string
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		id := strings.ToUpper(strings.TrimSpace(lines.Text()))
		if id == "" {
			continue
		}
		check, ok := byte(0), false
		if len(id) == 18 {
			check, ok = schemas.CheckCitizenID(id[:17])
		}
		if !ok || check != id[17] {
			return nil, fmt.Errorf("%s: line %d is no citizen id", path, n)
		}
		kin = append(kin, schemas.DossierID(schemas.PersonToken(routeKey, id)))
	}
	return kin, lines.Err()
}

func listUsers(p *process, users *accounts.Users) error {
	t := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, u := range users.List() {
		var marks []string
		for _, m := range []struct {
			set  bool
			name string
		}{{u.Disabled, "disabled"}, {u.Password == "", "no password"}, {u.MustChange, "first password"}, {u.TOTP != "", "totp"}, {len(u.Kin) > 0, "kin declared"}} {
			if m.set {
				marks = append(marks, m.name)
			}
		}
		_, _ = fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", u.ID, u.Name, strings.Join(u.Roles, ","), strings.Join(u.Townships, ","), strings.Join(marks, ", "))
	}
	return t.Flush()
}

type auditCommand struct{ configured }

// Run checks the chain of the audit file, that of a running console too.
func (c *auditCommand) Run(p *process) error {
	cfg, err := c.load(p, config.PartDesk)
	if err != nil {
		return err
	}
	path := cfg.Desk.AuditFile
	if path == "" {
		return errors.New("desk.audit_file is not set")
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }()
	chain, err := auditlog.Verify(f, nil)
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	_, err = fmt.Fprintf(p.stdout, "%d 条记录，链完整，末条摘要 %s\n", chain.Entries, chain.Head)
	return err
}
