package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"permithub/consumers/cancellation"
	"permithub/consumers/clock"
	"permithub/consumers/feed"
	"permithub/consumers/filing"
	"permithub/consumers/issuance"
	"permithub/consumers/publication"
	"permithub/consumers/verification"
	"permithub/consumers/worklist"
	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/internal/effect"
	"permithub/producers/intake"
	"permithub/producers/overdue"
	"permithub/schemas"
)

// step is one edge of the hub: what wakes it, what it reads and writes, whom it calls.
type step struct {
	name   string
	wakes  string   // who outside Kafka wakes it; "" where a topic does
	reads  []string // topics
	writes []string // topics
	port   string   // the foreign system, or the store, that it uses
	with   string   // the step of the same process that it reads from; it comes along
	does   string
	// consume adds a step that a topic wakes, produce starts one that the outside world or time wakes.
	consume func(*hub, *step) error
	produce func(*hub, *step) error
}

var (
	caseInput = []string{schemas.TopicCaseInput}
	caseLog   = []string{schemas.TopicCaseLog}
)

// steps is the hub on one page, in the order in which an application meets them.
func steps() []*step {
	return []*step{
		{name: "intake", wakes: "province, windows", writes: caseInput, port: "redis cards", does: "checks applications, supplements and withdrawals", produce: startIntake},
		{name: "approval", reads: caseInput, writes: caseLog, does: "decides: one input, at most one transition", consume: addApproval},
		{name: "verification", reads: caseLog, writes: caseInput, port: "registration", does: "looks the person up", consume: func(h *hub, s *step) error {
			return h.effects(s, "registration", effect.Worker{Kind: schemas.EffectVerify, Call: verification.Call(h.systems.Registration)})
		}},
		{name: "issuance", reads: caseLog, writes: caseInput, port: "epermit", does: "has the permit issued: the pivot; or revoked", consume: func(h *hub, s *step) error {
			return h.effects(s, "epermit", effect.Worker{Kind: schemas.EffectIssue, Call: issuance.Call(h.systems.Epermit)},
				effect.Worker{Kind: schemas.EffectRevoke, Call: issuance.Revoke(h.systems.Epermit)})
		}},
		{name: "cancellation", reads: caseLog, writes: caseInput, port: "registration", does: "has each earlier permit cancelled", consume: func(h *hub, s *step) error {
			return h.effects(s, "registration", effect.Worker{Kind: schemas.EffectCancel, Call: cancellation.Call(h.systems.Registration)})
		}},
		{name: "publication", reads: caseLog, writes: caseInput, port: "dataplatform", does: "pushes the licence data, and corrects it", consume: func(h *hub, s *step) error {
			return h.effects(s, "dataplatform", effect.Worker{Kind: schemas.EffectPublish, Call: publication.Call(h.systems.DataPlatform)},
				effect.Worker{Kind: schemas.EffectCorrect, Call: publication.Correct(h.systems.DataPlatform)})
		}},
		{name: "notification", reads: caseLog, writes: caseInput, port: "sms", does: "sends the notices, each at most once", consume: addNotification},
		{name: "filing", reads: caseLog, writes: caseInput, port: "archive", does: "files the dossier", consume: func(h *hub, s *step) error {
			return h.effects(s, "archive", effect.Worker{Kind: schemas.EffectFile, Call: filing.Call(h.systems.Archive)})
		}},
		{name: "feed", reads: caseLog, writes: []string{schemas.TopicApplications, schemas.TopicPermits}, does: "derives the public topics", consume: addFeed},
		{name: "clock", reads: caseLog, port: "redis deadlines", does: "projects deadlines and cards", consume: addClock},
		{name: "worklist", reads: caseLog, port: "memory", does: "lists the open cases for the desk", consume: addWorklist},
		{name: "overdue", wakes: "time", writes: caseInput, port: "redis deadlines", does: "reports what is due", produce: startOverdue},
		{name: "recount", wakes: "holiday notices", writes: caseInput, does: "settles provisional deadlines", produce: startRecount},
		{name: "receipts", wakes: "sms", writes: caseInput, port: "redis receipts", does: "takes delivery receipts", produce: startReceipts},
		{name: "desk", wakes: "officers", writes: caseInput, port: "redis cards", with: "worklist", does: "takes officers' actions", produce: startDesk},
	}
}

func addFeed(h *hub, s *step) error {
	h.runner.Batch(bus.Step{Name: s.name, Topics: s.reads, Stamped: true}, feed.New(h.out.Produce).Handle)
	return nil
}

func addClock(h *hub, s *step) error {
	c, err := clock.New(clock.Config{Partitions: h.cfg.Kafka.Partitions, Now: h.now}, h.index, h.bus.Log(schemas.TopicCaseLog), h.log, h.reg)
	if err != nil {
		return err
	}
	h.runner.Batch(bus.Step{Name: s.name, Topics: s.reads, Stamped: true, Gather: clock.Gather, Assigned: c.Assigned, Revoked: c.Revoked}, c.Handle)
	h.stack.Start("clock watch", func(ctx context.Context) error { c.Watch(ctx); return nil })
	return nil
}

// addWorklist follows the log in a group of its own: every process that serves officers holds the whole list.
func addWorklist(h *hub, s *step) error {
	w := worklist.New(h.worklist, h.bus.Log(schemas.TopicCaseLog))
	h.runner.Batch(bus.Step{Name: s.name, Group: s.name + "-" + h.run, Topics: s.reads, Stamped: true, Assigned: w.Assigned}, w.Handle)
	return nil
}

func startOverdue(h *hub, _ *step) error {
	all := make([]int32, h.cfg.Kafka.Partitions)
	for i := range all {
		all[i] = int32(i)
	}
	o, err := overdue.New(overdue.Config{Partitions: all, MaxSkew: h.maxSkew, Ahead: h.bus.ClockAhead, Now: h.now, After: realTimer}, h.index, h.index, h.out, h.log, h.reg)
	if err != nil {
		return err
	}
	h.stack.Start("overdue", func(ctx context.Context) error { o.Run(ctx); return nil })
	return nil
}

func startRecount(h *hub, _ *step) error {
	h.stack.Start("recount", func(ctx context.Context) error { h.recount.Run(ctx); return nil })
	return nil
}

// realTimer waits in real time: the hub's clock may be set to another day, but it runs as fast as everybody's.
func realTimer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

func startIntake(h *hub, s *step) error {
	in, err := intake.New(intakeConfig(h.cfg), intake.Ports{Publish: h.out.Produce, Cards: h.index, ReasonText: casework.ReasonText, Count: h.count, Now: h.now}, h.log, h.reg)
	if err != nil {
		return err
	}
	return h.listen(s.name, h.cfg.Intake.Listen, in.Handler())
}

// selectSteps returns the steps of these names, in the order of the flow; all where no name is given.
func selectSteps(all []*step, names []string) ([]*step, error) {
	if len(names) == 0 {
		return all, nil
	}
	wanted := map[string]bool{}
	for _, n := range names {
		wanted[n] = true
		for _, s := range all {
			if s.name == n && s.with != "" {
				wanted[s.with] = true
			}
		}
	}
	var out []*step
	var known []string
	for _, s := range all {
		known = append(known, s.name)
		if wanted[s.name] {
			out = append(out, s)
			delete(wanted, s.name)
		}
	}
	if len(wanted) > 0 {
		return nil, fmt.Errorf("unknown steps %s; there are %s", strings.Join(sortedNames(wanted), ", "), strings.Join(known, ", "))
	}
	return out, nil
}
