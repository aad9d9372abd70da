package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"permithub/internal/accounts"
	"permithub/internal/config"
	"permithub/internal/demo"
	"permithub/schemas"
)

// demoUser is somebody who may sign in at the demo's console, with a password that lives as long as the demo.
type demoUser struct {
	accounts.User
	password string
}

// admit makes the demo's users: one for each opinion, three who look after the others and the machines, and one who works for a single township.
func (d *demonstration) admit(cfg *config.Config) error {
	cfg.Desk.UsersFile, cfg.Desk.AuditFile = filepath.Join(d.dir, "users.json"), filepath.Join(d.dir, "audit.jsonl")
	users, err := accounts.OpenUsers(cfg.Desk.UsersFile)
	if err != nil {
		return err
	}
	for _, u := range []demoUser{
		{User: accounts.User{ID: "1001", Name: "受理演示", Roles: []string{config.RoleAcceptance}}},
		{User: accounts.User{ID: "1002", Name: "审核演示", Roles: []string{config.RoleReview}}},
		{User: accounts.User{ID: "1003", Name: "审批演示", Roles: []string{config.RoleApproval}}},
		{User: accounts.User{ID: "1004", Name: "督办演示", Roles: []string{config.RoleSupervisor}}},
		{User: accounts.User{ID: "1005", Name: "审计演示", Roles: []string{config.RoleAuditor}}},
		{User: accounts.User{ID: "1006", Name: "运维演示", Roles: []string{config.RoleOperator}}},
		{User: accounts.User{ID: "1007", Name: "通元镇受理演示", Roles: []string{config.RoleAcceptance}, Townships: []string{"330424106"}}},
	} {
		u.password = strings.ToLower(rand.Text()[:12])
		if u.Password, err = accounts.HashShortLived(u.password); err != nil {
			return err
		}
		if err := users.Put(u.User); err != nil {
			return err
		}
		d.users = append(d.users, u)
	}
	return nil
}

func (d *demonstration) announceUsers(w io.Writer) {
	_, _ = fmt.Fprintf(w, "\n经办台     http://%s   （%d 件等待经办）\n", d.hub.addrs["desk"], demoWaiting)
	for _, u := range d.users {
		_, _ = fmt.Fprintf(w, "  工号 %s  密码 %s  %s\n", u.ID, u.password, u.Name)
	}
	_, _ = fmt.Fprintln(w)
}

// leaveToPeople sends applications that wait for officers.
func (d *demonstration) leaveToPeople(p *process) error {
	built, err := demo.BuiltIn()
	if err != nil {
		return err
	}
	var lines []demo.Line
	for n := 1; n <= demoWaiting; n++ {
		l, err := demo.Stream(built, n)
		if err != nil {
			return err
		}
		lines = append(lines, demo.ForPeople(l))
	}
	r := demo.Runner{Doors: d.doors, Watch: d.watch, AtOnce: demoAtOnce, Patience: demoPatience, Done: func(*demo.Result) {}}
	r.Run(p.ctx, lines[1:])
	last := r.Run(p.ctx, lines[:1]) // behind the others: nobody takes its case for the most urgent one and ends it before the letter is looked at
	if err := p.ctx.Err(); err != nil {
		return err
	}
	return d.leaveALetter(p.ctx, last[0].ApplicationNo)
}

// leaveALetter has the last of these applicants withdraw through a system that writes a sentence where a code belongs: a dead letter, to be repaired.
func (d *demonstration) leaveALetter(ctx context.Context, no string) error {
	dossier, err := schemas.DossierOf(no)
	if err != nil {
		return nil //nolint:nilerr // the application was not taken, as its own line says
	}
	card, found, err := d.hub.index.Find(ctx, no)
	if err != nil || !found {
		return err
	}
	source := card.Source
	in := schemas.Input{InputID: schemas.InputID(source, no, schemas.InputWithdrawal), Kind: schemas.InputWithdrawal, DossierID: dossier, ApplicationNo: no, Source: source,
		ReceivedAt: schemas.At(d.hub.now()), BodyHash: schemas.BodyHash([]byte(no)), Withdrawal: &schemas.Withdrawal{Reason: "本人不再申请"}}
	rec, err := in.Record()
	if err != nil {
		return err
	}
	return d.hub.out.Produce(ctx, rec)
}
