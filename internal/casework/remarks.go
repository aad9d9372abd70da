package casework

import (
	"slices"

	"permithub/schemas"
)

// remark names what the officer wrote with this act; "" where another one, or the rule pack, speaks.
func (w *decision) remark(officer string) string {
	if w.in.Action == nil || w.in.Action.Officer != officer || w.said == (schemas.Remark{}) || w.person == nil {
		return ""
	}
	return w.in.InputID
}

// keepRemarks leaves in the person's data the remarks that the file or this transition still names: free text may name people, so it
// lives no longer than what it belongs to.
func (w *decision) keepRemarks(before *schemas.Person) {
	if w.person == nil {
		return
	}
	var have []schemas.Remark
	if before != nil {
		have = before.Remarks
	}
	// The words of a contradiction do not replace those that were taken.
	if w.said != (schemas.Remark{}) && !slices.ContainsFunc(have, func(r schemas.Remark) bool { return r.InputID == w.said.InputID }) {
		have = append(cloneSlice(have), w.said)
	}
	keep := slices.DeleteFunc(cloneSlice(have), func(r schemas.Remark) bool { return !w.names(r.InputID) })
	if len(keep) == 0 && len(w.person.Remarks) == 0 {
		return
	}
	p := *w.person
	p.Remarks = keep
	w.person = &p
}

// names reports whether the file or this transition refers to a remark.
func (w *decision) names(remark string) bool {
	byOpinion := func(o schemas.Opinion) bool { return o.Remark == remark }
	if slices.ContainsFunc(w.events, func(e schemas.Event) bool { return e.Remark == remark }) {
		return true
	}
	for i := range w.d.Ended {
		e := &w.d.Ended[i]
		if slices.ContainsFunc(e.Opinions, byOpinion) || e.Revocation != nil && (e.Revocation.Remark == remark || e.Revocation.DecisionRemark == remark) {
			return true
		}
	}
	c := w.d.Open
	paused := func(k schemas.Clock) bool {
		return slices.ContainsFunc(k.Pauses, func(p schemas.Pause) bool { return p.Remark == remark })
	}
	return c != nil && (slices.ContainsFunc(c.Clocks, paused) || slices.ContainsFunc(c.Opinions, byOpinion) ||
		slices.ContainsFunc(c.Supplements, func(l schemas.ItemList) bool { return l.Remark == remark }))
}
