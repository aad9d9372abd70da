package config

import (
	"cmp"
	"path/filepath"
	"time"
)

const callTimeout = 10 * time.Second

// fill gives every field that no layer set its default; dir is the folder of the file.
func (c *Config) fill(dir string) {
	c.Profile = cmp.Or(c.Profile, Production)
	c.ShutdownTimeout = cmp.Or(c.ShutdownTimeout, 30*time.Second)
	c.Kafka.fill(c.Profile)
	c.Redis.fill()
	c.Intake.Listen = cmp.Or(c.Intake.Listen, "127.0.0.1:8080")
	c.Intake.MaxBody = cmp.Or(c.Intake.MaxBody, 256<<10)
	c.Intake.ReceiptKeyID = cmp.Or(c.Intake.ReceiptKeyID, "1")
	c.Intake.ClockSkew = cmp.Or(c.Intake.ClockSkew, 90*time.Second)
	c.Desk.Listen = cmp.Or(c.Desk.Listen, "127.0.0.1:8081")
	c.Desk.OIDC.fill()
	c.Desk.Proxy.fill()
	c.Metrics.Listen = cmp.Or(c.Metrics.Listen, "127.0.0.1:9464")
	c.Approval.fill()
	c.Snapshots.Dir = cmp.Or(c.Snapshots.Dir, filepath.Join(dir, "snapshots"))
	c.Snapshots.Every = cmp.Or(c.Snapshots.Every, 5*time.Minute)
	c.Snapshots.After = cmp.Or(c.Snapshots.After, 5000)
	c.Simulate.fill()
	c.Systems.fill(&c.Simulate, dir)
	c.Simulate.ReceiptURL = cmp.Or(c.Simulate.ReceiptURL, "http://"+c.Systems.SMS.ReceiptListen)
	c.Log.Level = cmp.Or(c.Log.Level, "info")
	c.Log.Format = cmp.Or(c.Log.Format, "auto")
	if c.Profile == Local {
		c.fillDemo()
	}
	for i := range c.Intake.Sources {
		c.Intake.Sources[i].fill(c.Approval.Stages)
	}
}

func (k *Kafka) fill(profile string) {
	if len(k.Brokers) == 0 {
		k.Brokers = []string{"127.0.0.1:9092"}
	}
	k.Prefix = cmp.Or(k.Prefix, "permithub")
	k.ClientID = cmp.Or(k.ClientID, "permithub")
	k.Partitions = cmp.Or(k.Partitions, 12)
	if k.Replication == 0 {
		k.Replication = 3
		if profile == Local {
			k.Replication = 1
		}
	}
}

func (r *Redis) fill() {
	if len(r.Addresses) == 0 {
		r.Addresses = []string{"127.0.0.1:6379"}
	}
	r.Prefix = cmp.Or(r.Prefix, "permithub")
	r.Timeout = cmp.Or(r.Timeout, 3*time.Second)
}

func (s *Source) fill(stages Stages) {
	s.Channel = cmp.Or(s.Channel, "online")
	s.Stages = s.Stages.or(stages)
}

func (s Stages) or(other Stages) Stages {
	return Stages{
		Acceptance: cmp.Or(s.Acceptance, other.Acceptance),
		Review:     cmp.Or(s.Review, other.Review),
		Approval:   cmp.Or(s.Approval, other.Approval),
	}
}

func (a *Approval) fill() {
	a.Stages = a.Stages.or(Stages{Acceptance: manual, Review: manual, Approval: manual})
	a.Registered.Mode = cmp.Or(a.Registered.Mode, CountDays)
	a.Registered.Days = cmp.Or(a.Registered.Days, 183)
	a.Suspended = cmp.Or(a.Suspended, SuspendedManual)
	a.Limits.T1.fill(2, WorkingDays)
	a.Limits.T4.fill(15, WorkingDays)
	a.Limits.T5.fill(5, WorkingDays)
	a.Limits.PushWithin = cmp.Or(a.Limits.PushWithin, 15*time.Minute)
	a.Limits.NotifyWithin = cmp.Or(a.Limits.NotifyWithin, time.Minute)
	a.Limits.CancelWithin = cmp.Or(a.Limits.CancelWithin, 15*time.Minute)
	if len(a.Limits.Warnings) == 0 {
		a.Limits.Warnings = []int{50, 75, 90}
	}
}

func (l *Limit) fill(days int, unit string) {
	l.Days = cmp.Or(l.Days, days)
	l.Unit = cmp.Or(l.Unit, unit)
	l.End = cmp.Or(l.End, EndOfDay)
}

func (s *Simulate) fill() {
	s.Epermit = cmp.Or(s.Epermit, "127.0.0.1:8731")
	s.DataPlatform = cmp.Or(s.DataPlatform, "127.0.0.1:8732")
	s.Registration = cmp.Or(s.Registration, "127.0.0.1:8733")
	s.SMS = cmp.Or(s.SMS, "127.0.0.1:8734")
}

// fill points every system that has no address at its simulator.
func (s *Systems) fill(sim *Simulate, dir string) {
	s.Epermit.BaseURL = cmp.Or(s.Epermit.BaseURL, "http://"+sim.Epermit)
	s.Epermit.Timeout = cmp.Or(s.Epermit.Timeout, callTimeout)
	s.Registration.BaseURL = cmp.Or(s.Registration.BaseURL, "http://"+sim.Registration)
	s.Registration.Timeout = cmp.Or(s.Registration.Timeout, callTimeout)
	s.DataPlatform.BaseURL = cmp.Or(s.DataPlatform.BaseURL, "http://"+sim.DataPlatform)
	s.DataPlatform.Timeout = cmp.Or(s.DataPlatform.Timeout, callTimeout)
	s.SMS.BaseURL = cmp.Or(s.SMS.BaseURL, "http://"+sim.SMS)
	s.SMS.Timeout = cmp.Or(s.SMS.Timeout, callTimeout)
	s.SMS.Signature = cmp.Or(s.SMS.Signature, "海盐公安")
	s.SMS.MaxSegments = cmp.Or(s.SMS.MaxSegments, 10)
	s.SMS.Mode = cmp.Or(s.SMS.Mode, SMSFree)
	s.SMS.ReceiptListen = cmp.Or(s.SMS.ReceiptListen, "127.0.0.1:8082")
	s.Archive.Dir = cmp.Or(s.Archive.Dir, filepath.Join(dir, "archive"))
}
