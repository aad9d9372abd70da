package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"permithub/adapters"
	"permithub/internal/config"
	"permithub/internal/ops"
	"permithub/internal/simulator"
)

type simulateCommand struct{ configured }

func (c *simulateCommand) Run(p *process) error {
	cfg, err := c.load(p, config.PartEpermit, config.PartRegistration, config.PartDataPlatform, config.PartSMS, config.PartSimulate)
	if err != nil {
		return err
	}
	log, err := logger(p, cfg, nil)
	if err != nil {
		return err
	}
	systems, err := adapters.Simulators(cfg, p.now)
	if err != nil {
		return err
	}
	stack := ops.NewStack(log)
	addrs, err := playSystems(stack, systems)
	for _, name := range sortedNames(addrs) {
		log.Info("listening", "door", name, "address", addrs[name])
		_, _ = fmt.Fprintf(p.stdout, "%-13s http://%s   ledger http://%s%sledger   faults http://%s%sfaults\n", name, addrs[name], addrs[name], simulator.ControlPrefix, addrs[name], simulator.ControlPrefix)
	}
	if err == nil {
		select {
		case <-p.ctx.Done():
		case <-stack.Ended():
			err = stack.Reason()
		}
	}
	return errors.Join(err, closeStack(stack, cfg.ShutdownTimeout))
}

// playSystems starts the simulators on the stack and returns where each listens.
func playSystems(stack *ops.Stack, systems []adapters.Simulator) (map[string]string, error) {
	addrs := map[string]string{}
	for i := range systems {
		s := &systems[i]
		l, err := net.Listen("tcp", s.Listen)
		if err != nil {
			return addrs, fmt.Errorf("%s simulator: %w", s.Name, err)
		}
		addrs[s.Name] = l.Addr().String()
		stack.Start(s.Name+" simulator", func(ctx context.Context) error {
			// A fault may hold calls: they are let go before the server waits for its callers.
			defer context.AfterFunc(ctx, s.Kit.Close)()
			return errors.Join(serveHTTP(ctx, l, s.Handler), s.Close())
		})
	}
	return addrs, nil
}

func closeStack(stack *ops.Stack, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	return stack.Close(ctx)
}
