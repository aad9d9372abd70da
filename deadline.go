package main

import (
	"encoding/json"
	"fmt"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
)

type deadlineCommand struct {
	Accepted string `arg:"" help:"When the application was accepted: 2026-02-13, '2026-02-13 16:30' or RFC 3339; without a zone in Shanghai."`
	JSON     bool   `name:"json" help:"As JSON."`
	Limit    string `enum:"T1,T4" default:"T1" help:"T1, the promise of two working days, or T4, the fifteen of the law."`
}

func (c deadlineCommand) Run(p *process) error {
	accepted, err := calendar.ParseInstant(c.Accepted)
	if err != nil {
		return err
	}
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		return err
	}
	policy := casework.Haiyan202410(cal)
	limit := policy.Promised
	if c.Limit == casework.ClockStatutory {
		limit = policy.Statutory
	}
	d := cal.Count(accepted, limit)
	if !c.JSON {
		return calendar.Explain(p.stdout, accepted, d)
	}
	b, err := json.MarshalIndent(d, "", "  ")
	if err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, string(b))
	return err
}
