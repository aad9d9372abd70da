package main

import (
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/config"
	"permithub/schemas"
)

// policyOf fills the rule pack with the installation's numbers.
func policyOf(c *config.Config, cal *calendar.Calendar) *casework.Policy {
	a := &c.Approval
	p := casework.Haiyan202410(cal)
	p.CountBy, p.RequiredDays, p.MaxGapDays = a.Registered.Mode, a.Registered.Days, a.Registered.MaxGapDays
	p.SuspendedPermit, p.NoticesOff = a.Suspended, a.NoticesOff
	p.Promised, p.Statutory = limitOf(a.Limits.T1), limitOf(a.Limits.T4)
	p.PushWithin, p.NotifyWithin, p.CancelWithin = a.Limits.PushWithin, a.Limits.NotifyWithin, a.Limits.CancelWithin
	if a.Limits.DeemedAcceptance {
		p.DeemedAfter = limitOf(a.Limits.T5)
	}
	p.PushInsidePromise = a.Limits.PushInsideT1
	if len(a.Limits.Warnings) > 0 {
		p.Rungs = a.Limits.Warnings
	}
	return p
}

// limitOf reads a limit of the configuration, whose words were validated when it was loaded.
func limitOf(l config.Limit) calendar.Limit {
	out := calendar.Limit{Days: l.Days}
	_ = out.Unit.UnmarshalText([]byte(l.Unit))
	_ = out.End.UnmarshalText([]byte(l.End))
	return out
}

// stagesOf completes a source's stages with the installation's.
func stagesOf(s, fallback config.Stages) schemas.Stages {
	pick := func(own, other string) schemas.Handling {
		switch {
		case own != "":
			return schemas.Handling(own)
		case other != "":
			return schemas.Handling(other)
		}
		return schemas.Manual
	}
	return schemas.Stages{
		Acceptance: pick(s.Acceptance, fallback.Acceptance), Review: pick(s.Review, fallback.Review), Approval: pick(s.Approval, fallback.Approval),
	}
}
