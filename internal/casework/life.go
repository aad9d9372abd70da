package casework

import (
	"slices"

	"permithub/schemas"
)

// submit opens a case, or answers at once where the person already has one open (R9).
func (w *decision) submit() {
	w.d.PersonToken = w.in.PersonToken
	if w.c != nil {
		w.refuseSecond()
		return
	}
	w.person = w.in.Person
	at := w.at
	w.c = &schemas.Case{
		ApplicationNo: w.in.ApplicationNo, BodyHash: w.in.BodyHash, Stage: schemas.StageSubmitted, Submission: *w.in.Submission, SubmittedAt: w.at, StageAt: &at,
		RulePack: w.p.Name, Calendar: w.p.Calendar.Version(),
	}
	w.d.Open = w.c
	w.event(schemas.Event{Type: schemas.EvSubmitted, To: schemas.StageSubmitted, Code: string(w.in.Submission.Channel)})
	w.duties = &w.c.Duties
	w.armDeemed()
	w.order(schemas.Effect{Kind: schemas.EffectVerify})
}

// refuseSecond ends a second application of a person whose first is open, across both channels, and tells them so. The open case is not touched.
func (w *decision) refuseSecond() {
	reasons := []string{ReasonOpenApplication}
	e := schemas.EndedCase{
		ApplicationNo: w.in.ApplicationNo, Source: w.in.Submission.Source, SourceApplicationNo: w.in.Submission.SourceApplicationNo, BodyHash: w.in.BodyHash,
		SubmittedAt: w.at, Outcome: string(schemas.StageNotAccepted), Reasons: reasons, EndedAt: w.at,
		Channel: w.in.Submission.Channel, RecognitionType: w.in.Submission.RecognitionType, Division: w.in.Submission.CurrentDivision,
		Findings: []schemas.Finding{{Rule: "R9", Outcome: fail, Reason: ReasonOpenApplication, Basis: "盐政办发〔2024〕10号 附件1 一人一档", Detail: w.c.ApplicationNo}},
	}
	w.event(schemas.Event{Type: schemas.EvSubmitted, To: schemas.StageSubmitted, Code: string(w.in.Submission.Channel)})
	w.event(schemas.Event{Type: schemas.EvNotAccepted, From: schemas.StageSubmitted, To: schemas.StageNotAccepted, Officer: w.p.Name, Reasons: reasons, Ref: w.c.ApplicationNo})
	w.duties = &e.Duties
	w.notify(schemas.Effect{Notice: NoticeRefusal, Reasons: reasons})
	w.addEnded(e)
}

// examine is 初审 after the registration system has answered: the rule pack's opinion where acceptance is automatic, else a clerk's.
func (w *decision) examine() {
	a := w.p.assess(w.c, w.person, w.at)
	w.c.Findings = a.findings
	if w.c.AcceptedAt != nil || w.c.Submission.Stages.Acceptance != schemas.Auto {
		return
	}
	// What was visible at the first request is not asked for again (R7): the refusal names it.
	ask := w.unasked(a.missing)
	switch {
	case len(a.barred) > 0:
		w.notAccept(w.p.Name, append(a.barred, a.refused...))
	case len(a.missing) == 0 || a.incurable():
		w.accept(w.at, w.p.Name)
	case len(ask) > 0:
		w.requestSupplement(w.p.Name, ask, a.missing)
	default:
		w.notAccept(w.p.Name, a.refused)
	}
}

// unasked returns those of items that could not be asked for at an earlier request.
func (w *decision) unasked(items []string) []string {
	return slices.DeleteFunc(slices.Clone(items), w.askedBefore)
}

// askedBefore reports whether an earlier request named the item, or could have.
func (w *decision) askedBefore(item string) bool {
	return slices.ContainsFunc(w.c.Supplements, func(l schemas.ItemList) bool {
		return slices.Contains(l.Items, item) || slices.Contains(l.Visible, item)
	})
}

func (w *decision) requestSupplement(officer string, items, visible []string) {
	w.c.Supplements = append(w.c.Supplements, schemas.ItemList{At: w.at, Items: items, Officer: officer, Remark: w.remark(officer), Visible: visible})
	w.move(schemas.StageSupplement, schemas.Event{Type: schemas.EvSupplementRequested, Officer: officer, Items: items})
	w.notify(schemas.Effect{Notice: NoticeSupplement, Items: items})
	w.resolve(ClockDeemed)
}

// accept is 受理: T1 starts at the instant of acceptance. Basis: 盐政办发〔2024〕10号 四(二).
func (w *decision) accept(at schemas.Time, officer string) { w.acceptAs("accepted", at, officer) }

// acceptAs accepts with a verdict: "accepted", or verdictDeemed where the law did.
func (w *decision) acceptAs(verdict string, at schemas.Time, officer string) {
	w.c.AcceptedAt = &at
	w.c.RulePack, w.c.Calendar = w.p.Name, w.p.Calendar.Version()
	w.opinion("acceptance", verdict, officer)
	w.resolve(ClockDeemed)
	w.armPromised(at)
	t1 := w.c.ClockByID(ClockPromised)
	due, provisional := t1.DueAt, t1.Provisional
	ev := schemas.Event{Type: schemas.EvAccepted, At: at, Officer: officer, DueAt: &due}
	if verdict == verdictDeemed {
		ev.Code = verdict
	}
	if w.c.Stage == schemas.StageHeld { // accepted by law while a person must look: it goes on where it would have
		w.c.HeldFrom = schemas.StageReview
		w.move(schemas.StageHeld, ev)
	} else {
		w.move(schemas.StageReview, ev)
		w.review()
	}
	if w.c != nil && w.c.DecidedAt == nil {
		w.notify(schemas.Effect{Notice: NoticeReceipt, DueAt: &due, DueOpen: provisional})
	}
}

// review is 审核 by the rule pack, where it is automatic: refuse with every reason, leave to a person what only a person may judge, else pass on.
func (w *decision) review() {
	if !w.verified() {
		return // accepted by law before it was looked up
	}
	a := w.p.assess(w.c, w.person, w.at)
	w.c.Findings = a.findings
	if w.c.Submission.Stages.Review != schemas.Auto {
		return
	}
	refused := append(a.barred, a.refused...) // a clerk may have accepted what R4 or R5 bars
	switch {
	case len(refused) > 0:
		w.refuse(w.p.Name, "review", refused)
	case len(a.manual) > 0:
		w.c.Submission.Stages.Review, w.c.Submission.Stages.Approval = schemas.Manual, schemas.Manual
		w.c.Reasons = a.manual
	default:
		w.reviewed(w.p.Name)
	}
}

// reviewed passes the case on to 审批; where that is automatic, the rule pack approves only what it would have passed itself.
func (w *decision) reviewed(officer string) {
	w.opinion("review", "passed", officer)
	w.move(schemas.StageApproval, schemas.Event{Type: schemas.EvReviewed, Officer: officer})
	if w.c.Submission.Stages.Approval != schemas.Auto {
		return
	}
	a := w.p.assess(w.c, w.person, w.at)
	w.c.Findings = a.findings
	if doubts := slices.Concat(a.barred, a.refused, a.manual); len(doubts) > 0 {
		w.c.Submission.Stages.Approval = schemas.Manual
		w.c.Reasons = unique(doubts)
		return
	}
	w.approve(w.p.Name)
}

// approve is 准予; the permit is ordered in the same transition.
func (w *decision) approve(officer string) {
	at := w.at
	w.c.DecidedAt, w.c.Reasons = &at, nil
	w.opinion("approval", "approved", officer)
	w.move(schemas.StageIssuing, schemas.Event{Type: schemas.EvApproved, Officer: officer})
	w.order(schemas.Effect{Kind: schemas.EffectIssue})
}

func (w *decision) notAccept(officer string, reasons []string) {
	w.opinion("acceptance", "not_accepted", officer)
	w.end(schemas.StageNotAccepted, schemas.Event{Type: schemas.EvNotAccepted, Officer: officer, Reasons: unique(reasons)})
}

func (w *decision) refuse(officer, level string, reasons []string) {
	at := w.at
	w.c.DecidedAt = &at
	w.opinion(level, "refused", officer)
	w.end(schemas.StageRefused, schemas.Event{Type: schemas.EvRefused, Officer: officer, Reasons: unique(reasons)})
}

// withdraw is 撤回: any time before the permit is ordered.
func (w *decision) withdraw(who, reason string) {
	stage := w.c.Stage
	if stage == schemas.StageHeld {
		stage = w.c.HeldFrom // a case that was held after the permit was ordered cannot be withdrawn any more
	}
	if !may(stage, cmdWithdraw) {
		w.reject("stage_" + string(stage))
		return
	}
	ev := schemas.Event{Type: schemas.EvWithdrawn, Code: reason, Ref: who}
	if w.in.Action != nil {
		ev.Officer = w.in.Action.Officer
	}
	w.end(schemas.StageWithdrawn, ev)
}

// end takes the case out of the open place of the file: refused, not accepted, withdrawn or, after all duties, issued. A refusal owes the person a notice.
func (w *decision) end(outcome schemas.Stage, ev schemas.Event) {
	w.c.Reasons = ev.Reasons
	w.resolveAll()
	w.move(outcome, ev)
	if outcome == schemas.StageRefused || outcome == schemas.StageNotAccepted {
		w.notify(schemas.Effect{Notice: NoticeRefusal, Reasons: ev.Reasons})
	}
	w.shelve(string(outcome))
}

func (w *decision) opinion(level, verdict, officer string) {
	w.c.Opinions = append(w.c.Opinions, schemas.Opinion{Level: level, Verdict: verdict, Officer: officer, Remark: w.remark(officer), At: w.at})
}

func unique(list []string) []string {
	out := make([]string, 0, len(list))
	for _, s := range list {
		if !slices.Contains(out, s) {
			out = append(out, s)
		}
	}
	return out
}
