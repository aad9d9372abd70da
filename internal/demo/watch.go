package demo

import (
	"context"
	"slices"
	"sync"

	"permithub/consumers/notification"
	"permithub/internal/casework"
	"permithub/schemas"
)

// Watch follows the case log and knows where every application stands.
type Watch struct {
	mu      sync.Mutex
	cases   map[string]*caseView
	changed chan struct{} // closed and replaced at every transition
}

// NewWatch returns a watch that has seen nothing.
func NewWatch() *Watch {
	return &Watch{cases: map[string]*caseView{}, changed: make(chan struct{})}
}

// caseView is what the transitions have told of one application.
type caseView struct {
	outcome    string
	reasons    []string
	permitNo   string
	acceptedAt *schemas.Time
	dueAt      *schemas.Time
	issuedAt   *schemas.Time
	cancelled  []string
	sms        []SMS
	pushed     bool
	missing    []string
	resting    bool              // nothing is under way: it ended, or waits for people
	inputs     map[string]string // input id → rejection code, "" where it was taken
}

// Observe takes in one transition. It is safe for concurrent use.
func (w *Watch) Observe(t *schemas.Transition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.cases[t.ApplicationNo]
	if v == nil {
		v = &caseView{inputs: map[string]string{}, reasons: []string{}, cancelled: []string{}, sms: []SMS{}}
		w.cases[t.ApplicationNo] = v
	}
	v.take(t)
	close(w.changed)
	w.changed = make(chan struct{})
}

func (v *caseView) take(t *schemas.Transition) {
	v.inputs[t.Input.InputID] = ""
	for i := range t.Events {
		ev := &t.Events[i]
		switch ev.Type {
		case schemas.EvRejected:
			v.inputs[t.Input.InputID] = ev.Code
		case schemas.EvPermitCancelled:
			v.cancelled = append(v.cancelled, ev.Ref)
		case schemas.EvLicencePushed:
			v.pushed = true
		case schemas.EvSupplementRequested:
			v.missing = ev.Items
		case schemas.EvSupplemented:
			v.missing = nil
		}
	}
	v.state(t)
}

// state reads where the application stands out of the file that the transition left.
func (v *caseView) state(t *schemas.Transition) {
	if c := t.Dossier.OpenByNo(t.ApplicationNo); c != nil {
		v.outcome, v.reasons = string(c.Stage), orEmpty(c.Reasons)
		v.acceptedAt, v.issuedAt = c.AcceptedAt, c.IssuedAt
		if c.Permit != nil {
			v.permitNo = c.Permit.PermitNo
		}
		if k := c.ClockByID(casework.ClockPromised); k != nil {
			v.dueAt = &k.DueAt
		}
		v.duties(t, c.Duties)
		return
	}
	if e := t.Dossier.EndedByNo(t.ApplicationNo); e != nil {
		v.outcome, v.reasons, v.permitNo = e.Outcome, orEmpty(e.Reasons), e.PermitNo
		v.acceptedAt, v.dueAt, v.issuedAt = e.AcceptedAt, e.DueAt, e.IssuedAt
		v.duties(t, e.Duties)
	}
}

func (v *caseView) duties(t *schemas.Transition, duties []schemas.Duty) {
	v.resting, v.sms = true, []SMS{}
	for i := range duties {
		d := &duties[i]
		if d.Status == schemas.DutyOrdered || d.Status == schemas.DutyGranted || d.Status == schemas.DutyUnknown && d.Code != "run_gone" {
			v.resting = false
		}
		if d.Kind == schemas.EffectNotify && d.Status != schemas.DutyOrdered && d.Status != schemas.DutyGranted {
			v.sms = append(v.sms, smsOf(t, d))
		}
	}
}

func smsOf(t *schemas.Transition, d *schemas.Duty) SMS {
	s := SMS{Notice: d.Notice, Status: "sent"}
	switch {
	case d.Delivered == "yes":
		s.Status = "delivered"
	case d.Delivered == "no" || d.Status == schemas.DutyRefused:
		s.Status = "undelivered"
	case d.Status == schemas.DutyUnknown:
		s.Status = "unknown"
	}
	o := schemas.Order{Effect: d.Effect, ApplicationNo: t.ApplicationNo}
	if t.Person != nil {
		o.Person = *t.Person
	}
	if text, err := notification.Render(o); err == nil {
		s.Text = text.Text
	}
	return s
}

func orEmpty(s []string) []string {
	if s == nil {
		return []string{}
	}
	return slices.Clone(s)
}

// wait returns once ready says so of the application's view, or with the context's error.
func (w *Watch) wait(ctx context.Context, applicationNo string, ready func(*caseView) bool) error {
	for {
		w.mu.Lock()
		v, changed := w.cases[applicationNo], w.changed
		ok := v != nil && ready(v)
		w.mu.Unlock()
		if ok {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// rest waits until nothing is under way in the case.
func (w *Watch) rest(ctx context.Context, applicationNo string) error {
	return w.wait(ctx, applicationNo, func(v *caseView) bool { return v.resting })
}

// view returns a copy of what is known of an application, or nil.
func (w *Watch) view(applicationNo string) *caseView {
	w.mu.Lock()
	defer w.mu.Unlock()
	v := w.cases[applicationNo]
	if v == nil {
		return nil
	}
	c := *v
	return &c
}
