package casework

import (
	"slices"

	"permithub/schemas"
)

// Notices to the applicant.
const (
	NoticeCompletion = "N1" // 办结
	NoticeRefusal    = "N2" // all reasons and the remedy
	NoticeSupplement = "N3" // the complete list
	NoticeReceipt    = "N4" // the deadline
	NoticeRevocation = "N6" // the ground and the remedy; N5 goes to staff
)

// order adds an effect to the case and to the transition. Its id counts the effects of its kind: the same decision always gives the same id.
func (w *decision) order(e schemas.Effect) {
	n := 1
	for i := range *w.duties {
		if (*w.duties)[i].Kind == e.Kind {
			n++
		}
	}
	e.EffectID = schemas.EffectID(w.in.ApplicationNo, e.Kind, n)
	w.effects = append(w.effects, e)
	*w.duties = append(*w.duties, schemas.Duty{Effect: e, Status: schemas.DutyOrdered, OrderedAt: w.at})
}

// notify orders a notice, unless the installation does not send it.
func (w *decision) notify(e schemas.Effect) {
	if slices.Contains(w.p.NoticesOff, e.Notice) {
		return
	}
	e.Kind = schemas.EffectNotify
	w.order(e)
}

func (w *decision) duty(effectID string) *schemas.Duty {
	for i := range *w.duties {
		if d := &(*w.duties)[i]; d.EffectID == effectID {
			return d
		}
	}
	return nil
}

// notice returns the duty of that effect where it is a notice, or nil.
func (w *decision) notice(effectID string) *schemas.Duty {
	if d := w.duty(effectID); d != nil && d.Kind == schemas.EffectNotify {
		return d
	}
	return nil
}

func settled(d *schemas.Duty) bool {
	return d.Status == schemas.DutyDone || d.Status == schemas.DutyWaived
}

// stuck reports whether a duty waits for a person: refused for good or, where it is no notice, of unknown end.
func stuck(d *schemas.Duty) bool {
	return d.Status == schemas.DutyRefused || d.Status == schemas.DutyUnknown && d.Kind != schemas.EffectNotify
}

// holds reports whether a stuck duty keeps a case from going on; of the notices only the completion does.
func holds(d *schemas.Duty) bool {
	return d.Kind != schemas.EffectNotify || d.Notice == NoticeCompletion
}

// owed reports whether a duty belongs to what an issue owes: earlier permits cancelled, licence pushed, person told, dossier filed.
func owed(d *schemas.Duty) bool {
	return holds(d) && d.Kind != schemas.EffectVerify && d.Kind != schemas.EffectIssue
}

// verified reports whether the last look-up was answered: nothing is decided on what an earlier one said.
func (w *decision) verified() bool {
	status := ""
	for i := range w.c.Duties {
		if w.c.Duties[i].Kind == schemas.EffectVerify {
			status = w.c.Duties[i].Status
		}
	}
	return status == schemas.DutyDone && w.c.Facts != nil
}

// when bounds what a far side says of the time: it did not act before it was asked nor after it had answered. A foreign clock that is wrong
// neither hides a breach nor invents one.
func (w *decision) when(d *schemas.Duty, said schemas.Time) schemas.Time {
	if said.IsZero() || said.After(w.at.Time) {
		said = w.at
	}
	if said.Before(d.OrderedAt.Time) {
		return d.OrderedAt
	}
	return said
}

// grant gives one run leave to send a notice whose sending cannot be repeated safely. It is given once: a run that finds itself not named must
// not call, and a run that was named and died leaves the notice unknown.
func (w *decision) grant() {
	d := w.notice(w.in.Attempt.EffectID)
	if d == nil || d.Status != schemas.DutyOrdered {
		return
	}
	d.Status, d.Run = schemas.DutyGranted, w.in.Attempt.Run
	w.event(schemas.Event{Type: schemas.EvNoticeGranted, EffectID: d.EffectID})
	e := d.Effect
	e.Kind = schemas.EffectTransmit
	w.effects = append(w.effects, e)
}

// result takes in what a foreign system answered. Of a waived duty it is still good to know that it was done after all.
func (w *decision) result() {
	r := w.in.Result
	d := w.duty(r.EffectID)
	if d == nil || d.Status == schemas.DutyDone || d.Status == schemas.DutyWaived && r.Status != schemas.EffectDone {
		return
	}
	switch {
	case d.Kind == schemas.EffectNotify:
		w.noticeResult(d)
	case r.Status == schemas.EffectUnknown:
		w.hold(d, schemas.DutyUnknown, r.Code)
	case r.Status != schemas.EffectDone:
		w.hold(d, schemas.DutyRefused, r.Code)
	case d.Kind == schemas.EffectIssue && (r.Permit == nil || r.Permit.PermitNo == ""):
		w.hold(d, schemas.DutyRefused, "permit_missing")
	case d.Kind == schemas.EffectVerify && r.Facts == nil:
		w.hold(d, schemas.DutyRefused, "facts_missing")
	default:
		w.answered(d)
	}
	w.close()
}

// answered records an effect as done and goes on with what waited for it.
func (w *decision) answered(d *schemas.Duty) {
	r := w.in.Result
	at := w.when(d, r.At)
	d.Status, d.DoneAt, d.Ref, d.Code = schemas.DutyDone, &at, r.Ref, r.Code
	switch d.Kind {
	case schemas.EffectVerify:
		w.lookedUp(d)
	case schemas.EffectIssue:
		w.issued(d)
	case schemas.EffectCancel:
		w.cancelled(d)
	case schemas.EffectPublish:
		w.settle(d, schemas.Event{Type: schemas.EvLicencePushed, EffectID: d.EffectID, Ref: r.Ref, At: at})
	case schemas.EffectFile:
		w.settle(d, schemas.Event{Type: schemas.EvDossierFiled, EffectID: d.EffectID, Ref: r.Ref, At: at})
	case schemas.EffectRevoke:
		w.permitRevoked(d)
	case schemas.EffectCorrect:
		w.settle(d, schemas.Event{Type: schemas.EvLicenceCorrected, EffectID: d.EffectID, Ref: r.Ref, At: at})
	}
}

// lookedUp takes in what the registration system knows. It never takes a case back that went on meanwhile.
func (w *decision) lookedUp(d *schemas.Duty) {
	if w.c == nil {
		return
	}
	w.c.Facts = w.in.Result.Facts
	ev := schemas.Event{Type: schemas.EvVerified, EffectID: d.EffectID}
	stage := w.c.Stage
	if stage == schemas.StageHeld {
		stage = w.c.HeldFrom
	}
	switch stage {
	case schemas.StageSubmitted, schemas.StagePreExamine:
		w.c.HeldFrom = ""
		w.move(schemas.StagePreExamine, ev)
		w.examine()
	case schemas.StageReview: // accepted by law before it was looked up
		w.c.HeldFrom = ""
		w.move(schemas.StageReview, ev)
		w.review()
	default:
		w.event(ev)
	}
}

// noticeResult is the gateway's answer to one notice, of an open case or of an ended one.
func (w *decision) noticeResult(d *schemas.Duty) {
	r := w.in.Result
	switch r.Status {
	case schemas.EffectDone:
		w.sent(d, r.At, schemas.Event{Ref: r.Ref})
	case schemas.EffectUnknown:
		d.Status, d.Code = schemas.DutyUnknown, r.Code
		w.event(schemas.Event{Type: schemas.EvNoticeUnknown, EffectID: d.EffectID, Code: r.Code})
	default:
		d.Status, d.Code = schemas.DutyRefused, r.Code
		w.event(schemas.Event{Type: schemas.EvNoticeUndelivered, EffectID: d.EffectID, Code: r.Code})
		if d.Notice == NoticeCompletion && w.c != nil {
			w.hold(d, schemas.DutyRefused, r.Code) // the person must be told another way
		}
	}
}

// sent records that a notice went out, as ev tells who says so.
func (w *decision) sent(d *schemas.Duty, said schemas.Time, ev schemas.Event) {
	at := w.when(d, said)
	d.Status, d.DoneAt, d.Ref = schemas.DutyDone, &at, ev.Ref
	ev.Type, ev.EffectID, ev.Code, ev.At = schemas.EvNoticeSent, d.EffectID, d.Notice, at
	w.settle(d, ev)
}

// receipt records the delivery of a notice; it also settles one whose sending was unknown. The first final word wins.
func (w *decision) receipt() {
	r := w.in.Receipt
	d := w.notice(r.EffectID)
	if d == nil || d.Delivered != "" {
		return
	}
	if !settled(d) {
		w.sent(d, r.At, schemas.Event{Ref: r.Ref})
	}
	ev := schemas.Event{Type: schemas.EvNoticeDelivered, EffectID: d.EffectID, Code: r.Code, Ref: r.Ref, At: w.when(d, r.At)}
	d.Delivered = "yes"
	if !r.Delivered {
		d.Delivered, ev.Type = "no", schemas.EvNoticeUndelivered
	}
	w.event(ev)
	w.close()
}

// settle records that a duty is done or waived, as ev tells it, lets a case go on that was held for it, and ends the clocks that ran for it.
func (w *decision) settle(d *schemas.Duty, ev schemas.Event) {
	if w.c == nil {
		w.event(ev)
		return
	}
	if w.released() {
		to := w.c.HeldFrom
		w.c.HeldFrom = ""
		w.move(to, ev)
	} else {
		w.event(ev)
	}
	if settled(d) {
		w.stopClocks(d)
	}
}

// stopClocks ends the clocks that ran for a duty which is done or waived.
func (w *decision) stopClocks(d *schemas.Duty) {
	at := w.at
	if d.Status == schemas.DutyDone {
		at = *d.DoneAt
	}
	switch {
	case d.Kind == schemas.EffectPublish:
		w.resolveAt(ClockPush, at)
		if w.p.PushInsidePromise {
			w.resolveAt(ClockPromised, at)
		}
	case d.Kind == schemas.EffectCancel:
		w.stopCancelClock(at)
	case d.Notice == NoticeCompletion:
		w.resolveAt(ClockNotify, at)
		w.resolveAt(ClockStatutory, at)
	}
}

// stopCancelClock ends R8 at the last cancellation, which need not be the last that was answered.
func (w *decision) stopCancelClock(at schemas.Time) {
	for i := range w.c.Duties {
		d := &w.c.Duties[i]
		switch {
		case d.Kind != schemas.EffectCancel:
		case !settled(d):
			return
		case d.DoneAt != nil && d.DoneAt.After(at.Time):
			at = *d.DoneAt
		}
	}
	w.resolveAt(ClockCancel, at)
}

// hold is 挂起: a foreign system refused for good, a person must look. Nothing that was done is undone.
func (w *decision) hold(d *schemas.Duty, status, code string) {
	d.Status, d.Code = status, code
	ev := schemas.Event{Type: schemas.EvHeld, EffectID: d.EffectID, Code: code}
	if w.c == nil || w.c.Stage == schemas.StageHeld || !may(w.c.Stage, cmdHold) {
		w.event(ev)
		return
	}
	w.c.HeldFrom = w.c.Stage
	w.move(schemas.StageHeld, ev)
}

// released reports whether a held case may go back to the stage it was held in: nothing is stuck any more.
func (w *decision) released() bool {
	return w.c.Stage == schemas.StageHeld &&
		!slices.ContainsFunc(w.c.Duties, func(d schemas.Duty) bool { return stuck(&d) && holds(&d) })
}

// retry orders a stuck effect again under its own id: the far side knows it if it did it after all.
func (w *decision) retry(a *schemas.OfficerAction) {
	d := w.duty(a.EffectID)
	if d == nil || !stuck(d) {
		w.reject("effect_not_refused")
		return
	}
	d.Status, d.Code, d.Run = schemas.DutyOrdered, "", ""
	w.effects = append(w.effects, d.Effect)
	w.settle(d, schemas.Event{Type: schemas.EvRetried, Officer: a.Officer, EffectID: d.EffectID})
}

// waive formally lets a duty go; the issue itself and the look-up before it cannot be waived.
func (w *decision) waive(a *schemas.OfficerAction) {
	d := w.duty(a.EffectID)
	switch {
	case d == nil || settled(d) || d.Kind == schemas.EffectVerify || d.Kind == schemas.EffectIssue:
		w.reject("effect_not_open")
	case w.said.Opinion == "":
		w.reject("opinion_missing")
	default:
		d.Status = schemas.DutyWaived
		w.settle(d, schemas.Event{Type: schemas.EvDutyWaived, Officer: a.Officer, EffectID: d.EffectID})
		w.close()
	}
}

// decideUnknown is the recorded decision on a notice of which nobody knows whether it went out.
func (w *decision) decideUnknown(a *schemas.OfficerAction) {
	d := w.notice(a.EffectID)
	if d == nil || d.Status != schemas.DutyUnknown {
		w.reject("notice_not_unknown")
		return
	}
	switch a.Verdict {
	case "sent":
		w.sent(d, w.at, schemas.Event{Officer: a.Officer})
		w.close()
	case "resend":
		d.Status = schemas.DutyWaived
		e := d.Effect
		e.Run = ""
		w.event(schemas.Event{Type: schemas.EvRetried, Officer: a.Officer, EffectID: d.EffectID})
		w.order(e) // the clocks of the first run on for it
	default:
		w.reject("verdict_unknown")
	}
}
