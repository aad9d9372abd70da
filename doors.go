package main

import (
	"permithub/internal/config"
	"permithub/internal/reception"
	"permithub/producers/desk"
	"permithub/producers/intake"
	"permithub/schemas"
)

func intakeConfig(c *config.Config) intake.Config {
	out := intake.Config{
		RouteKey: []byte(c.RouteKey.Value()), ReceiptKey: intake.ReceiptKey{ID: c.Intake.ReceiptKeyID, Secret: []byte(c.Intake.ReceiptKey.Value())},
		Limits: reception.Limits{MaxBytes: c.Intake.MaxBody}, ClockSkew: c.Intake.ClockSkew, MaterialSchemes: c.Intake.MaterialSchemes,
	}
	for i := range c.Intake.Sources {
		s := &c.Intake.Sources[i]
		secrets := []string{s.Secret.Value()}
		if s.OtherSecret.IsSet() {
			secrets = append(secrets, s.OtherSecret.Value())
		}
		out.Sources = append(out.Sources, intake.Source{
			Name: s.Name, AccessKey: s.AccessKey, Secrets: secrets, Channel: schemas.Channel(s.Channel), Stages: stagesOf(s.Stages, c.Approval.Stages),
		})
	}
	return out
}

func deskConfig(c *config.Config) desk.Config {
	var out desk.Config
	for i := range c.Desk.Officers {
		o := &c.Desk.Officers[i]
		officer := desk.Officer{ID: o.ID, Name: o.Name, Token: o.Token.Value(), Townships: o.Townships}
		for _, r := range o.Roles {
			officer.Roles = append(officer.Roles, desk.Role(r))
		}
		out.Officers = append(out.Officers, officer)
	}
	return out
}
