package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"permithub/consumers/notification"
	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/deadletter"
	"permithub/internal/timeline"
	"permithub/producers/desk"
	"permithub/producers/desk/console"
	"permithub/schemas"
)

// startDesk serves officers: acts and cards under /v1 and, where there are users, the console with all of it in JSON too.
func startDesk(h *hub, s *step) error {
	d, err := desk.New(deskConfig(h.cfg), desk.Ports{Publish: h.out.Produce, Await: h.worklist.Await, Since: h.since, FindCard: h.index.Find, ReasonText: casework.ReasonText, Count: h.count, Now: h.now}, h.log, h.reg)
	if err != nil {
		return err
	}
	encrypt, err := h.cfg.Desk.TLS.Server(h.cfg.Desk.Proxy.CertFile != "")
	if err != nil {
		return fmt.Errorf("desk.tls: %w", err)
	}
	if h.cfg.Desk.UsersFile == "" {
		return h.listenTLS(s.name, h.cfg.Desk.Listen, encrypt, d.Handler())
	}
	c, err := openConsole(h, d)
	if err != nil {
		return err
	}
	if err := h.listenTLS(s.name, h.cfg.Desk.Listen, encrypt, c.Handler()); err != nil {
		return err
	}
	h.stack.Push("pages that follow", func(context.Context) error { c.Close(); return nil }) // before the server that would wait for them
	return nil
}

func openConsole(h *hub, d *desk.Service) (*console.Console, error) {
	users, err := accounts.OpenUsers(h.cfg.Desk.UsersFile)
	if err != nil {
		return nil, err
	}
	if len(users.List()) == 0 {
		return nil, errors.New("desk.users_file has no users: nobody could sign in")
	}
	audit, err := auditlog.Open(h.cfg.Desk.AuditFile)
	if err != nil {
		return nil, err
	}
	h.stack.Push("audit log", func(context.Context) error { return audit.Close() })
	openID, proxy, err := h.waysIn(users)
	if err != nil {
		return nil, err
	}
	letters := deadletter.NewKeeper(h.letters, deadletter.Ports{Publish: h.out.Produce, Decide: h.decide, Token: h.personToken, Now: time.Now}) // dated as the letters are
	replays := deadletter.NewRuns(letters)
	h.stack.Push("replays", func(context.Context) error { replays.Close(); return nil })
	cfg := console.Config{Idle: h.cfg.Desk.Idle, OpenIDName: h.cfg.Desk.OIDC.Name, SignOutURL: h.cfg.Desk.Proxy.SignOutURL}
	return console.New(cfg, console.Ports{
		OpenID: openID, Proxy: proxy,
		Desk: d, List: h.worklist, Holds: h.index, Users: users, Sessions: h.index, Tries: h.index, Audit: audit, Records: h.records, Policy: h.policy, Render: notification.Render,
		Pseudonym: h.personToken,
		Letters:   letters, Replays: replays, Ready: h.running, Now: h.now,
	}, h.log, h.reg)
}

// waysIn are those beside passwords; nil where they are not configured.
func (h *hub) waysIn(users *accounts.Users) (*accounts.OpenID, *accounts.Proxy, error) {
	var (
		openID *accounts.OpenID
		proxy  *accounts.Proxy
	)
	if o := &h.cfg.Desk.OIDC; o.Issuer != "" {
		trust, err := (&config.TLS{Enabled: true, CAFile: o.CAFile}).Client()
		if err != nil {
			return nil, nil, fmt.Errorf("desk.oidc: %w", err)
		}
		c := accounts.OpenIDConfig{Issuer: o.Issuer, ClientID: o.ClientID, ClientSecret: o.ClientSecret.Value(), RedirectURL: o.RedirectURL, Scopes: o.Scopes,
			UserClaim: o.UserClaim, RolesClaim: o.RolesClaim, TownshipsClaim: o.TownshipsClaim, TLS: trust}
		for _, r := range o.Roles {
			c.Roles = append(c.Roles, accounts.RoleValue{Value: r.Value, Role: r.Role})
		}
		openID = accounts.NewOpenID(c, users, h.now)
		h.stack.Push("openid provider", func(context.Context) error { openID.Close(); return nil })
	}
	if p := &h.cfg.Desk.Proxy; p.CertFile != "" {
		certificates, err := p.Certificates()
		if err != nil {
			return nil, nil, fmt.Errorf("desk.proxy: %w", err)
		}
		proxy = accounts.NewProxy(p.Header, certificates, users, h.now)
	}
	return openID, proxy, nil
}

// records reads a person's file from the log.
func (h *hub) records(ctx context.Context, partition int32, offsets []int64) ([][]byte, error) {
	recs, err := h.bus.ReadAt(ctx, schemas.TopicCaseLog, partition, offsets)
	if err != nil {
		return nil, err
	}
	values := make([][]byte, len(recs))
	for i := range recs {
		values[i] = recs[i].Value
	}
	return values, nil
}

func (h *hub) personToken(citizenID string) string {
	return schemas.PersonToken([]byte(h.cfg.RouteKey.Value()), citizenID)
}

// decide says what an input would do to its file as the log has it.
func (h *hub) decide(ctx context.Context, in *schemas.Input) (*schemas.Transition, error) {
	partition, offsets, err := h.worklist.Places(ctx, in.DossierID)
	if err != nil {
		return nil, err
	}
	file := &casework.File{}
	if len(offsets) > 0 {
		values, err := h.records(ctx, partition, offsets[len(offsets)-1:])
		if err != nil {
			return nil, err
		}
		t, err := schemas.DecodeTransition(values[0])
		if err != nil {
			return nil, fmt.Errorf("file %s: %w", in.DossierID, err)
		}
		file = &casework.File{Dossier: t.Dossier, Person: t.Person}
	}
	return h.policy().Decide(file, in)
}

// since reads what happened to a case after a version of its file.
func (h *hub) since(ctx context.Context, applicationNo string, version int64) ([]timeline.Happening, error) {
	dossier, err := schemas.DossierOf(applicationNo)
	if err != nil {
		return nil, err
	}
	partition, offsets, err := h.worklist.Places(ctx, dossier)
	if err != nil || len(offsets) == 0 {
		return nil, err
	}
	values, err := h.records(ctx, partition, offsets)
	if err != nil {
		return nil, err
	}
	f, err := timeline.Read(values)
	if err != nil {
		return nil, err
	}
	return timeline.Since(f, applicationNo, version, timeline.Texts{Reason: casework.ReasonText, Item: casework.ItemText}), nil
}

// running reports whether every consuming step has its partitions; the worklist has read the log by then.
func (h *hub) running() bool {
	select {
	case <-h.runner.Running():
		return true
	default:
		return false
	}
}
