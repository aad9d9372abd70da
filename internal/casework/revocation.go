package casework

import (
	"slices"

	"permithub/schemas"
)

const remedyOfRevocation = "可依法申请行政复议或提起行政诉讼"

var revocations = []Reason{
	{schemas.RevokedFraud, "以欺骗、贿赂等不正当手段取得", "行政许可法 第六十九条第二款", remedyOfRevocation},
	{schemas.RevokedAbuseOfPower, "工作人员滥用职权、玩忽职守作出准予决定", "行政许可法 第六十九条第一款第（一）项", remedyOfRevocation},
	{schemas.RevokedBeyondAuthority, "超越法定职权作出准予决定", "行政许可法 第六十九条第一款第（二）项", remedyOfRevocation},
	{schemas.RevokedUnlawfulProcedure, "违反法定程序作出准予决定", "行政许可法 第六十九条第一款第（三）项", remedyOfRevocation},
	{schemas.RevokedNotQualified, "不具备申请资格或者不符合法定条件", "行政许可法 第六十九条第一款第（四）项", remedyOfRevocation},
	{schemas.RevokedByLaw, "依法可以撤销的其他情形", "行政许可法 第六十九条第一款第（五）项", remedyOfRevocation},
}

// Revocations lists every ground on which an issued permit may be revoked, with its text, basis and remedy.
func Revocations() []Reason { return slices.Clone(revocations) }

// inForce reports whether the hub had that permit issued and knows of nothing that took it out of force.
func (w *decision) inForce(permitNo string) bool {
	return permitNo != "" && slices.ContainsFunc(w.d.Permits, func(p schemas.Permit) bool { return p.PermitNo == permitNo && p.Status == schemas.PermitValid })
}

// proposeRevocation is the first of two people's word on the permit that the case ended with. Nothing follows from it alone.
func (w *decision) proposeRevocation(a *schemas.OfficerAction) {
	switch {
	case indexOf(revocations, a.Ground) < 0:
		w.reject("ground_unknown")
	case w.said.Opinion == "":
		w.reject("opinion_missing")
	case w.e.Revocation != nil:
		w.reject("revocation_proposed")
	case !w.inForce(w.e.PermitNo):
		w.reject("permit_not_valid")
	default:
		w.e.Revocation = &schemas.Revocation{Ground: a.Ground, ProposedBy: a.Officer, ProposedAt: w.at, Remark: w.remark(a.Officer)}
		w.event(schemas.Event{Type: schemas.EvRevocationProposed, Officer: a.Officer, Reasons: []string{a.Ground}, Ref: w.e.PermitNo})
	}
}

// notSecond rejects a word on a revocation that nobody proposed, or by the very person who did.
func (w *decision) notSecond(a *schemas.OfficerAction) bool {
	switch r := w.e.Revocation; {
	case r == nil:
		w.reject("revocation_not_proposed")
	case r.ProposedBy == a.Officer:
		w.reject("separation_of_duties")
	default:
		return false
	}
	return true
}

// revoke is the second person's: the permit is revoked from now on, whatever the far sides answer, and what that owes is ordered. Earlier permits
// that were cancelled for it stay cancelled. Basis: 行政许可法 第六十九条.
func (w *decision) revoke(a *schemas.OfficerAction) {
	switch {
	case w.notSecond(a):
	case w.said.NoticeNo == "":
		w.reject("notice_no_missing")
	case !w.inForce(w.e.PermitNo): // a later issue has cancelled it meanwhile
		w.reject("permit_not_valid")
	default:
		at, r := w.at, *w.e.Revocation
		r.DecidedBy, r.DecidedAt, r.DecisionRemark = a.Officer, &at, w.remark(a.Officer)
		ground := []string{r.Ground}
		w.e.Revocation, w.e.Outcome, w.e.Reasons = &r, string(schemas.StageRevoked), ground
		w.event(schemas.Event{Type: schemas.EvRevoked, From: schemas.StageArchived, To: schemas.StageRevoked, Officer: a.Officer, Reasons: ground, Ref: w.e.PermitNo})
		w.order(schemas.Effect{Kind: schemas.EffectRevoke, PermitNo: w.e.PermitNo, Reasons: ground})
		w.order(schemas.Effect{Kind: schemas.EffectCorrect, PermitNo: w.e.PermitNo, Reasons: ground})
		w.notify(schemas.Effect{Notice: NoticeRevocation, PermitNo: w.e.PermitNo, Reasons: ground})
		w.order(schemas.Effect{Kind: schemas.EffectFile, PermitNo: w.e.PermitNo})
	}
}

// rejectRevocation leaves the permit as it was; what was said against it, and by whom, is in the log.
func (w *decision) rejectRevocation(a *schemas.OfficerAction) {
	switch {
	case w.notSecond(a):
	case w.said.Opinion == "":
		w.reject("opinion_missing")
	default:
		r := w.e.Revocation
		w.e.Revocation = nil
		w.event(schemas.Event{Type: schemas.EvRevocationRejected, Officer: a.Officer, Reasons: []string{r.Ground}, Ref: w.e.PermitNo})
	}
}

// permitRevoked records that the platform has taken the permit out of force.
func (w *decision) permitRevoked(d *schemas.Duty) {
	w.outOfForce(d.PermitNo, schemas.PermitRevoked)
	w.settle(d, schemas.Event{Type: schemas.EvPermitRevoked, EffectID: d.EffectID, Ref: d.PermitNo, At: *d.DoneAt, Code: d.Code})
}
