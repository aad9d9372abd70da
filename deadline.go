package main

import (
	"encoding/json"
	"fmt"
	"strings"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/internal/notices"
	"permithub/schemas"
)

type deadlineCommand struct {
	Accepted string   `arg:"" help:"When the application was accepted: 2026-02-13, '2026-02-13 16:30' or RFC 3339; without a zone in Shanghai."`
	JSON     bool     `name:"json" help:"As JSON."`
	Limit    string   `enum:"T1,T4" default:"T1" help:"T1, the promise of two working days, or T4, the fifteen of the law."`
	Pause    []string `placeholder:"FROM/TO" help:"A pause (中止), as '2024-09-13 12:00/2024-09-19 06:00'. May be repeated, in order."`
	Config   string   `type:"path" placeholder:"FILE" help:"Configuration whose limits and notices count; without it those built in."`
}

func (c deadlineCommand) Run(p *process) error {
	accepted, err := calendar.ParseInstant(c.Accepted)
	if err != nil {
		return err
	}
	policy, err := c.policy(p)
	if err != nil {
		return err
	}
	limit := policy.Promised
	if c.Limit == casework.ClockStatutory {
		limit = policy.Statutory
	}
	pauses, err := pausesOf(c.Pause)
	if err != nil {
		return err
	}
	count := casework.CountOf(policy.Calendar, accepted, limit, pauses)
	if !c.JSON {
		return calendar.Explain(p.stdout, accepted, count.Deadline)
	}
	b, err := json.MarshalIndent(count, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, string(b))
	return err
}

func (c deadlineCommand) policy(p *process) (*casework.Policy, error) {
	if c.Config == "" {
		cal, err := notices.Load(notices.Config{BuiltIn: calendars.FS})
		if err != nil {
			return nil, err
		}
		return casework.Haiyan202410(cal), nil
	}
	cfg, err := config.Load(config.Options{File: c.Config, Environ: p.environ})
	if err != nil {
		return nil, err
	}
	cal, err := notices.Load(noticesOf(cfg))
	if err != nil {
		return nil, err
	}
	policy := policyOf(cfg, cal)
	return policy, policy.Validate()
}

// pausesOf reads pauses that follow each other.
func pausesOf(texts []string) ([]schemas.Pause, error) {
	var pauses []schemas.Pause
	for _, text := range texts {
		first, last, _ := strings.Cut(text, "/")
		from, err1 := calendar.ParseInstant(first)
		to, err2 := calendar.ParseInstant(last)
		after := len(pauses) == 0 || !from.Before(pauses[len(pauses)-1].To.Time)
		if err1 != nil || err2 != nil || to.Before(from) || !after {
			return nil, fmt.Errorf("--pause %q: want FROM/TO, each an instant, in order", text)
		}
		end := schemas.At(to)
		pauses = append(pauses, schemas.Pause{From: schemas.At(from), To: &end})
	}
	return pauses, nil
}
