package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/config"
	"permithub/internal/fault"
	"permithub/internal/ops"
)

// configured is the flags of every command that works on an installation.
type configured struct {
	Config string            `required:"" type:"path" placeholder:"FILE" help:"Configuration of the installation (YAML)."`
	Set    map[string]string `placeholder:"KEY=VALUE" help:"Set one key over the file, e.g. --set kafka.prefix=test. May be repeated."`
}

func (c *configured) load(p *process, parts ...config.Part) (*config.Config, error) {
	cfg, err := config.Load(config.Options{File: c.Config, Environ: p.environ, Flags: c.Set})
	if err != nil {
		return nil, err
	}
	return cfg, cfg.Validate(parts...)
}

// logger logs to standard error: standard output is a command's own.
func logger(p *process, cfg *config.Config, reg prometheus.Registerer) (*slog.Logger, error) {
	return ops.NewLogger(p.stderr, ops.LogConfig{Level: cfg.Log.Level, Format: cfg.Log.Format}, reg)
}

type serveCommand struct {
	configured
	Steps []string `placeholder:"STEP,…" help:"Only these steps (see flow); without it all. Any number of processes share the work."`
}

func (c *serveCommand) Run(p *process) error {
	cfg, err := c.load(p)
	if err != nil {
		return err
	}
	reg := ops.NewRegistry(version())
	log, err := logger(p, cfg, reg)
	if err != nil {
		return err
	}
	h, err := newHub(cfg, p.now, log, reg, nil)
	if err != nil {
		return err
	}
	h.hangup = make(chan os.Signal, 1)
	signal.Notify(h.hangup, syscall.SIGHUP)
	defer signal.Stop(h.hangup)
	if err = patiently(p.ctx, log, func() error { return unfit(p.ctx, cfg, h.bus) }); err == nil {
		err = h.start(c.Steps)
	}
	if err == nil {
		for _, name := range sortedNames(h.addrs) {
			log.Info("listening", "door", name, "address", h.addrs[name])
		}
		err = h.wait(p.ctx)
	}
	if p.ctx.Err() != nil {
		err = nil
		log.Info("stopping")
	}
	return errors.Join(err, h.close())
}

// patiently waits for Kafka at the start as the steps do later: machines come up in any order. Any other fault ends it.
func patiently(ctx context.Context, log *slog.Logger, ask func() error) error {
	for {
		err := ask() // for some seconds
		if fault.ClassOf(err) != fault.Unavailable || ctx.Err() != nil {
			return err
		}
		log.Warn("wait for Kafka", "error", err)
	}
}
