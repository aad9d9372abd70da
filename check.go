package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"permithub/internal/bus"
	"permithub/internal/config"
	"permithub/internal/notices"
	"permithub/internal/reach"
)

type checkCommand struct {
	configured
	Print bool `help:"Print the effective configuration too, secrets masked."`
}

// checkLimit bounds the whole reachability check.
const checkLimit = 10 * time.Second

func (c *checkCommand) Run(p *process) error {
	cfg, err := config.Load(config.Options{File: c.Config, Environ: p.environ, Flags: c.Set})
	if err != nil {
		return err
	}
	if c.Print {
		if err := cfg.Print(p.stdout); err != nil {
			return err
		}
	}
	results := reach.Run(p.ctx, checkLimit, reachable(p, cfg))
	if err := reach.Print(p.stdout, results); err != nil {
		return err
	}
	if reach.Fault(results) != nil {
		return errFound
	}
	return nil
}

// reachable lists what the installation needs: its own words, its calendar, Kafka with the topics, Redis, every foreign system's address.
func reachable(p *process, cfg *config.Config) []reach.Check {
	checks := []reach.Check{
		{Name: "configuration", Probe: func(context.Context) error { return cfg.Validate() }},
		{Name: "calendar", Probe: func(context.Context) error {
			cal, err := notices.Load(noticesOf(cfg))
			if err != nil {
				return err
			}
			return policyOf(cfg, cal).Validate()
		}},
		{Name: "kafka topics", Probe: func(ctx context.Context) error { return probeTopics(ctx, p, cfg) }},
		{Name: "redis", Probe: func(ctx context.Context) error { return probeRedis(ctx, cfg) }},
	}
	bases := map[string]string{
		"epermit": cfg.Systems.Epermit.BaseURL, "registration": cfg.Systems.Registration.BaseURL, "sms": cfg.Systems.SMS.BaseURL, "dataplatform": cfg.Systems.DataPlatform.BaseURL,
	}
	if issuer := cfg.Desk.OIDC.Issuer; issuer != "" {
		bases["oidc"] = issuer
	}
	for _, name := range sortedNames(bases) {
		checks = append(checks, reach.Check{Name: name, Probe: func(ctx context.Context) error { return dial(ctx, bases[name]) }})
	}
	return checks
}

func probeTopics(ctx context.Context, p *process, cfg *config.Config) error {
	return withBus(p, cfg, func(b *bus.Client) error { return unfit(ctx, cfg, b) })
}

func probeRedis(ctx context.Context, cfg *config.Config) error {
	store, err := openIndex(cfg, time.Now)
	if err != nil {
		return err
	}
	defer func() { _ = store.Close() }()
	return store.Check(ctx)
}

// dial opens a connection to a foreign system and closes it: no call is made, nothing is asked of anybody.
func dial(ctx context.Context, base string) error {
	u, err := url.Parse(base)
	if err != nil {
		return errors.New("base_url is not a URL")
	}
	port := u.Port()
	if port == "" {
		port = u.Scheme
	}
	var d net.Dialer
	c, err := d.DialContext(ctx, "tcp", net.JoinHostPort(u.Hostname(), port))
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	return c.Close()
}
