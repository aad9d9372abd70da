package casework

import (
	"slices"
	"strings"

	"permithub/schemas"
)

// act carries out an officer's action, or records why it was not taken.
func (w *decision) act() {
	a := w.in.Action
	switch {
	case w.badAct(a):
	case !may(w.c.Stage, command(a.Kind)):
		w.reject("stage_" + string(w.c.Stage))
	case decides(a.Kind) && !w.verified():
		w.reject("not_verified")
	case w.sameOfficer(a):
		w.reject("separation_of_duties")
	default:
		w.perform(a)
	}
}

// actEnded carries out an action on a case that is over: its notices, and the permit that it ended with, are all that is left to act on.
func (w *decision) actEnded() {
	a := w.in.Action
	switch {
	case w.badAct(a):
	case w.e == nil || !may(StageOf(w.e), command(a.Kind)) || onDuty(a.Kind) && !w.openToPeople(a.EffectID):
		w.reject("case_not_open")
	default:
		w.perform(a)
	}
}

// onDuty reports whether an action is about one effect.
func onDuty(k schemas.ActionKind) bool {
	return k == schemas.ActRetry || k == schemas.ActWaive || k == schemas.ActSettle
}

// openToPeople reports whether a duty of an ended case may be acted on: a notice, or what a revocation owes.
func (w *decision) openToPeople(effectID string) bool {
	return w.notice(effectID) != nil || w.e.Outcome == string(schemas.StageRevoked) && w.duty(effectID) != nil
}

// badAct rejects what no case can take: an act of nobody, in the rule pack's name, on a file that has changed since the officer saw it, or on a
// case of a township that is not the officer's.
func (w *decision) badAct(a *schemas.OfficerAction) bool {
	switch {
	case a.Officer == "" || a.Officer == w.p.Name:
		w.reject("officer_missing")
	case a.ExpectVersion != 0 && a.ExpectVersion != w.d.Seq:
		w.reject("version_changed")
	case len(a.Townships) > 0 && !slices.Contains(a.Townships, w.division()):
		w.reject("other_township")
	default:
		return false
	}
	return true
}

// division is the township of the case that the action is about, "" where there is none.
func (w *decision) division() string {
	switch {
	case w.c != nil:
		return w.c.Submission.CurrentDivision
	case w.e != nil:
		return w.e.Division
	}
	return ""
}

// decides reports whether an action rests on what the registration system knows.
func decides(k schemas.ActionKind) bool {
	switch k {
	case schemas.ActAccept, schemas.ActNotAccept, schemas.ActRequestSupplement, schemas.ActReview, schemas.ActApprove, schemas.ActRefuse:
		return true
	}
	return false
}

// sameOfficer enforces that acceptance, review and approval are three people's (附件1: 受理人、审核人、审批人).
func (w *decision) sameOfficer(a *schemas.OfficerAction) bool {
	level := levelOf(a.Kind, w.c.Stage)
	if level == "" {
		return false
	}
	return slices.ContainsFunc(w.c.Opinions, func(o schemas.Opinion) bool { return o.Officer == a.Officer && o.Level != level })
}

// levelOf names the opinion that an action gives in a stage, or "".
func levelOf(k schemas.ActionKind, stage schemas.Stage) string {
	switch k {
	case schemas.ActAccept, schemas.ActNotAccept:
		return "acceptance"
	case schemas.ActReview:
		return "review"
	case schemas.ActApprove:
		return "approval"
	case schemas.ActRefuse, schemas.ActReturn:
		if stage == schemas.StageReview {
			return "review"
		}
		return "approval"
	}
	return ""
}

func (w *decision) perform(a *schemas.OfficerAction) {
	switch a.Kind {
	case schemas.ActAccept:
		w.acceptByHand(a)
	case schemas.ActRequestSupplement:
		w.requestByHand(a)
	case schemas.ActNotAccept:
		w.notAcceptByHand(a)
	case schemas.ActReview:
		w.reviewed(a.Officer)
	case schemas.ActApprove:
		w.approve(a.Officer)
	case schemas.ActRefuse:
		level := levelOf(a.Kind, w.c.Stage)
		w.refuseByHand(a, func(reasons []string) { w.refuse(a.Officer, level, reasons) })
	case schemas.ActReturn:
		w.sendBack(a)
	case schemas.ActSuspend:
		w.suspend(a)
	case schemas.ActResume:
		w.resume(a)
	case schemas.ActWithdraw:
		w.withdraw(a.Officer, "citizen_wish")
	case schemas.ActRetry:
		w.retry(a)
	case schemas.ActWaive:
		w.waive(a)
	case schemas.ActSettle:
		w.decideUnknown(a)
	case schemas.ActProposeRevocation:
		w.proposeRevocation(a)
	case schemas.ActConfirmRevocation:
		w.revoke(a)
	case schemas.ActRejectRevocation:
		w.rejectRevocation(a)
	}
}

// acceptByHand accepts once; after a return to the window it renews the opinion and leaves the clock running.
func (w *decision) acceptByHand(a *schemas.OfficerAction) {
	if w.c.AcceptedAt == nil {
		w.accept(w.at, a.Officer)
		return
	}
	w.opinion("acceptance", "accepted", a.Officer)
	w.move(schemas.StageReview, schemas.Event{Type: schemas.EvAccepted, Officer: a.Officer})
	w.review()
}

// notAcceptByHand: what was accepted once can be refused, and not be taken for never accepted.
func (w *decision) notAcceptByHand(a *schemas.OfficerAction) {
	if w.c.AcceptedAt != nil {
		w.reject("already_accepted")
		return
	}
	w.refuseByHand(a, func(reasons []string) { w.notAccept(a.Officer, reasons) })
}

// requestByHand asks for everything at once (R7): to the first request joins what the rule pack misses, and what could have been asked for then is
// asked for again only with a recorded reason. Items are codes: a text might name the person.
func (w *decision) requestByHand(a *schemas.OfficerAction) {
	again := len(w.c.Supplements) > 0
	switch {
	case w.c.AcceptedAt != nil:
		w.reject("already_accepted")
	case len(a.Items) == 0:
		w.reject("items_missing")
	case slices.ContainsFunc(a.Items, func(item string) bool { return !knownItem(item) }):
		w.reject("item_unknown")
	case again && w.said.Override == "" && slices.ContainsFunc(a.Items, w.visibleBefore):
		w.reject("visible_before")
	default:
		missing := w.p.assess(w.c, w.person, w.at).missing
		items := append(slices.Clone(a.Items), w.unasked(missing)...)
		w.requestSupplement(a.Officer, unique(items), missing)
	}
}

// visibleBefore reports whether an item could have been asked for the first time. Only the proof of something declared since could not.
func (w *decision) visibleBefore(item string) bool {
	return !strings.HasPrefix(item, itemMaterial) || item == itemIdentity || w.askedBefore(item)
}

// refuseByHand refuses with every failed rule (一次性告知理由): what the rule pack found joins what the officer named.
func (w *decision) refuseByHand(a *schemas.OfficerAction, refuse func([]string)) {
	for _, r := range a.Reasons {
		if !knownReason(r) {
			w.reject("reason_unknown")
			return
		}
	}
	reasons := append([]string(nil), a.Reasons...)
	for i := range w.c.Findings {
		if f := &w.c.Findings[i]; f.Outcome == fail && f.Reason != "" {
			reasons = append(reasons, f.Reason)
		}
	}
	switch {
	case len(reasons) == 0 && w.said.Opinion == "":
		w.reject("reasons_missing")
		return
	case len(reasons) == 0:
		reasons = []string{ReasonOfficerJudgement}
	}
	refuse(reasons)
}

// sendBack is 退回, by one level or to the window; the clock keeps running, and the stage it lands in is a person's.
func (w *decision) sendBack(a *schemas.OfficerAction) {
	to := schemas.Stage(a.ReturnTo)
	if to == "" {
		to = schemas.StagePreExamine
		if w.c.Stage == schemas.StageApproval {
			to = schemas.StageReview
		}
	}
	if w.said.Opinion == "" {
		w.reject("opinion_missing")
		return
	}
	switch {
	case to == schemas.StagePreExamine:
		w.c.Submission.Stages.Acceptance = schemas.Manual
		w.c.Opinions = w.c.Opinions[:0]
	case to == schemas.StageReview && w.c.Stage == schemas.StageApproval:
		w.c.Opinions = slices.DeleteFunc(w.c.Opinions, func(o schemas.Opinion) bool { return o.Level != "acceptance" })
	default:
		w.reject("return_to_unknown")
		return
	}
	w.c.Submission.Stages.Review = schemas.Manual
	w.move(to, schemas.Event{Type: schemas.EvReturned, Officer: a.Officer, Reasons: a.Reasons})
}

// grounds of T6: hearing 听证, inspection 检验检测, appraisal 鉴定, expert review 专家评审.
var grounds = []string{"hearing", "inspection", "appraisal", "expert_review"}

// SuspensionGrounds lists the grounds of T6.
func SuspensionGrounds() []string { return slices.Clone(grounds) }

// suspend stops the clocks on a ground of T6 only, told to the person in writing. Basis: 行政许可法 第四十五条.
func (w *decision) suspend(a *schemas.OfficerAction) {
	switch {
	case !slices.Contains(grounds, a.Ground):
		w.reject("ground_unknown")
	case w.said.NoticeNo == "":
		w.reject("notice_no_missing")
	default:
		w.c.HeldFrom = w.c.Stage
		w.pause(a.Ground, w.remark(a.Officer))
		w.move(schemas.StageSuspended, schemas.Event{Type: schemas.EvSuspended, Officer: a.Officer, Code: a.Ground})
	}
}

func (w *decision) resume(a *schemas.OfficerAction) {
	w.goOn()
	to := w.c.HeldFrom
	w.c.HeldFrom = ""
	ev := schemas.Event{Type: schemas.EvResumed, Officer: a.Officer}
	if t1 := w.c.ClockByID(ClockPromised); t1 != nil && t1.ResolvedAt == nil {
		due := t1.DueAt
		ev.DueAt = &due
	}
	w.move(to, ev)
}

// supplement takes in what the applicant adds, and has the person looked up again: the registration may have changed too.
func (w *decision) supplement() {
	if !may(w.c.Stage, cmdSupplement) {
		w.reject("stage_" + string(w.c.Stage))
		return
	}
	s, add := &w.c.Submission, w.in.Supplement
	s.Employment = merge(s.Employment, add.Employment)
	s.Residence = merge(s.Residence, add.Residence)
	s.Rental = merge(s.Rental, add.Rental)
	s.Schooling = merge(s.Schooling, add.Schooling)
	s.PreviousPermits = merge(s.PreviousPermits, add.PreviousPermits)
	s.Intervals = append(cloneSlice(s.Intervals), add.Intervals...)
	s.Materials = append(cloneSlice(s.Materials), add.Materials...)
	w.correctPerson()
	w.move(schemas.StagePreExamine, schemas.Event{Type: schemas.EvSupplemented})
	w.order(schemas.Effect{Kind: schemas.EffectVerify})
}

// correctPerson takes from a supplement the personal fields that it may change: the agent and the phone, never who the person is.
func (w *decision) correctPerson() {
	if w.in.Person == nil || w.person == nil {
		return
	}
	p := *w.person
	if w.in.Person.Agent != nil {
		p.Agent = w.in.Person.Agent
	}
	if w.in.Person.ContactPhone.Number != "" {
		p.ContactPhone = w.in.Person.ContactPhone
	}
	w.person = &p
}

func merge[T comparable](have, add []T) []T {
	out := cloneSlice(have)
	for _, v := range add {
		if !slices.Contains(out, v) {
			out = append(out, v)
		}
	}
	return out
}
