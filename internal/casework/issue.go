package casework

import (
	"cmp"
	"slices"
	"strings"

	"permithub/schemas"
)

// issued is the pivot (T1 ends): only now are the earlier permits to be cancelled (R8), the licence pushed, the person told, the file closed.
func (w *decision) issued(d *schemas.Duty) {
	if w.c == nil {
		return
	}
	permit := *w.in.Result.Permit
	permit.ApplicationNo, permit.Status = w.c.ApplicationNo, schemas.PermitValid
	at := w.when(d, permit.IssuedAt)
	w.c.Permit, w.c.IssuedAt, w.c.HeldFrom = &permit, &at, ""
	w.move(schemas.StageIssued, schemas.Event{Type: schemas.EvIssued, At: at, EffectID: d.EffectID, Ref: permit.PermitNo})
	if !w.p.PushInsidePromise {
		w.resolveAt(ClockPromised, at)
	}
	earlier := w.earlierPermits(permit.PermitNo)
	w.d.Permits = append(slices.DeleteFunc(cloneSlice(w.d.Permits), func(k schemas.Permit) bool { return k.PermitNo == permit.PermitNo }), permit)
	for _, no := range earlier {
		w.order(schemas.Effect{Kind: schemas.EffectCancel, PermitNo: no, NewNo: permit.PermitNo})
	}
	w.order(schemas.Effect{Kind: schemas.EffectPublish, PermitNo: permit.PermitNo})
	w.notify(schemas.Effect{Notice: NoticeCompletion, PermitNo: permit.PermitNo})
	w.order(schemas.Effect{Kind: schemas.EffectFile, PermitNo: permit.PermitNo})
	w.armAfterIssue(at, len(earlier) > 0)
}

// earlierPermits lists every 《浙江省居住证》 of the person that may still be in force, but the new one, in a fixed order. What was only
// declared is not among them: a mistyped number is someone else's permit.
func (w *decision) earlierPermits(newNo string) []string {
	var list []string
	add := func(no, status, division string) {
		inForce := status == schemas.PermitValid || status == schemas.PermitSuspended
		if inForce && no != "" && no != newNo && (division == "" || strings.HasPrefix(division, zhejiang)) {
			list = append(list, no)
		}
	}
	if w.c.Facts != nil {
		for _, k := range w.c.Facts.Permits {
			add(k.PermitNo, k.Status, k.Division)
		}
	}
	for _, k := range w.d.Permits {
		add(k.PermitNo, k.Status, "")
	}
	list = unique(list)
	slices.SortFunc(list, cmp.Compare[string])
	return list
}

// cancelled records one earlier permit as out of force.
func (w *decision) cancelled(d *schemas.Duty) {
	w.outOfForce(d.PermitNo, schemas.PermitCancelled)
	w.settle(d, schemas.Event{Type: schemas.EvPermitCancelled, EffectID: d.EffectID, Ref: d.PermitNo, At: *d.DoneAt, Code: d.Code})
}

func (w *decision) outOfForce(permitNo, status string) {
	w.d.Permits = cloneSlice(w.d.Permits)
	for i := range w.d.Permits {
		if w.d.Permits[i].PermitNo == permitNo {
			w.d.Permits[i].Status = status
		}
	}
}

// close is 办结 and 归档: all that the issue owes is done or formally waived.
func (w *decision) close() {
	if w.c == nil || w.c.Stage != schemas.StageIssued {
		return
	}
	for i := range w.c.Duties {
		if d := &w.c.Duties[i]; owed(d) && !settled(d) {
			return
		}
	}
	w.resolveAll()
	w.move(schemas.StageClosed, schemas.Event{Type: schemas.EvClosed})
	w.move(schemas.StageArchived, schemas.Event{Type: schemas.EvArchived})
	w.shelve(string(schemas.StageIssued))
}

// shelve keeps of an ended case what later inputs may still ask for.
func (w *decision) shelve(outcome string) {
	c := w.c
	e := schemas.EndedCase{
		ApplicationNo: c.ApplicationNo, Source: c.Submission.Source, SourceApplicationNo: c.Submission.SourceApplicationNo, BodyHash: c.BodyHash, SubmittedAt: c.SubmittedAt,
		Outcome: outcome, Reasons: c.Reasons, AcceptedAt: c.AcceptedAt, IssuedAt: c.IssuedAt, EndedAt: w.at, Duties: c.Duties,
		Channel: c.Submission.Channel, RecognitionType: c.Submission.RecognitionType, Division: c.Submission.CurrentDivision, Findings: c.Findings, Opinions: c.Opinions,
	}
	if c.Permit != nil {
		e.PermitNo = c.Permit.PermitNo
	}
	if t1 := c.ClockByID(ClockPromised); t1 != nil {
		e.DueAt, e.DueProvisional, e.DueLimit = &t1.DueAt, t1.Provisional, t1.Limit
		for _, p := range t1.Pauses { // what was written of them ends with the case
			e.Pauses = append(e.Pauses, schemas.Pause{From: p.From, To: p.To, Ground: p.Ground})
		}
	}
	w.d.Open, w.c = nil, nil
	w.addEnded(e)
}

// addEnded puts a case among the ended ones. Of older ones that owe nothing any more the duties, findings and opinions are let go; the log
// has them.
func (w *decision) addEnded(e schemas.EndedCase) {
	w.d.Ended = append(cloneSlice(w.d.Ended), e)
	for i := range len(w.d.Ended) - maxEndedDuties {
		old := &w.d.Ended[i]
		if !w.owes(old) {
			old.Duties, old.Findings, old.Opinions = nil, nil, nil
		}
	}
}

// owes reports whether something may still become of an ended case: a notice is open, or its permit can be revoked or is being revoked. Effects
// are numbered by its duties, so they have to be there.
func (w *decision) owes(e *schemas.EndedCase) bool {
	open := func(d schemas.Duty) bool { return w.openAfterEnd(e, &d) }
	return w.inForce(e.PermitNo) || slices.ContainsFunc(e.Duties, open)
}

func (w *decision) openAfterEnd(e *schemas.EndedCase, d *schemas.Duty) bool {
	return !settled(d) && (d.Kind == schemas.EffectNotify || e.Outcome == string(schemas.StageRevoked))
}
