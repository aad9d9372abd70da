package audit

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// issues checks the provincial platform's own books against the log: one permit for one application, and the log knows of each.
func (a *audit) issues() {
	perRequest, perApplication := map[string]int{}, map[string]string{}
	for _, e := range a.done("epermit", "issue") {
		perRequest[e.RequestID]++
		no, _, _ := strings.Cut(e.RequestID, "-")
		if before := perApplication[no]; before != "" {
			a.fault("application %s: a second permit was issued under %s", no, e.RequestID)
		}
		perApplication[no] = permitOf(e)
	}
	a.once("epermit issue", perRequest)
	logged := map[string]string{}
	for _, t := range a.log {
		for _, ev := range t.Events {
			if ev.Type == "issued" {
				logged[ev.ApplicationNo] = ev.Ref
			}
		}
	}
	for _, no := range union(perApplication, logged) {
		if perApplication[no] != logged[no] {
			a.fault("application %s: the platform issued %q, the log says %q", no, perApplication[no], logged[no])
		}
	}
}

// permitOf reads the permit number out of an entry of the platform's ledger.
func permitOf(e Entry) string {
	issue, _ := e.Detail["issue"].(map[string]any)
	permit, _ := issue["permit"].(map[string]any)
	no, _ := permit["permitNo"].(string)
	return no
}

func union[V any](a, b map[string]V) []string {
	all := maps.Clone(a)
	maps.Copy(all, b)
	return slices.Sorted(maps.Keys(all))
}

func (a *audit) once(what string, counts map[string]int) {
	for _, id := range slices.Sorted(maps.Keys(counts)) {
		if counts[id] > 1 {
			a.fault("%s: %s was done %d times", what, id, counts[id])
		}
	}
}

// cancellations checks that no permit was cancelled before the one that replaces it was issued, that each was cancelled once, and that none
// of the earlier permits was forgotten.
func (a *audit) cancellations() {
	issuedAt, issued := map[string]time.Time{}, map[string]string{}
	for _, e := range a.done("epermit", "issue") {
		no, _, _ := strings.Cut(e.RequestID, "-")
		issuedAt[no], issued[no] = e.At, permitOf(e)
	}
	perRequest, perPermit := map[string]int{}, map[string]int{}
	held := a.held(issued)
	for _, e := range a.done("registration", "cancel") {
		no, _, _ := strings.Cut(e.RequestID, "-")
		old, _ := e.Detail["old_no"].(string)
		replacedBy, _ := e.Detail["new_no"].(string)
		perRequest[e.RequestID]++
		perPermit[old]++
		at, ok := issuedAt[no]
		if !ok || at.After(e.At) || issued[no] != replacedBy {
			a.fault("permit %s was cancelled under %s for %q at %v, but %q was issued at %v", old, e.RequestID, replacedBy, e.At, issued[no], at)
		}
		if person := dossierOf(no); !held[person][old] || old == replacedBy {
			a.fault("permit %s was cancelled under %s for %q: it is no earlier permit of that person", old, e.RequestID, replacedBy)
		}
	}
	a.once("cancellation", perRequest)
	a.once("cancellation of permit", perPermit)
	for _, id := range slices.Sorted(maps.Keys(a.files)) {
		a.cancelOrder(a.files[id], perPermit)
	}
	a.atMostOne(issued, perPermit)
}

// held lists the permits that a person has or had, by what the registration system said and the platform issued.
func (a *audit) held(issued map[string]string) map[string]map[string]bool {
	all := map[string]map[string]bool{}
	add := func(person, permit string) {
		if all[person] == nil {
			all[person] = map[string]bool{}
		}
		all[person][permit] = true
	}
	for _, t := range a.log {
		if t.Dossier.Open == nil || t.Dossier.Open.Facts == nil {
			continue
		}
		for _, p := range t.Dossier.Open.Facts.Permits {
			add(t.DossierID, p.PermitNo)
		}
	}
	for no, permit := range issued {
		add(dossierOf(no), permit)
	}
	return all
}

// dossierOf is the person's part of an application number.
func dossierOf(no string) string { return no[:min(12, len(no))] }

// atMostOne checks by the far sides' books alone that nobody is left with two permits of the hub's, unless a case is still open.
func (a *audit) atMostOne(issued map[string]string, cancelled map[string]int) {
	valid, revoked := map[string]int{}, map[string]bool{}
	for _, e := range a.done("epermit", "revoke") {
		revoked[revokedPermit(e)] = true
	}
	for no, permit := range issued {
		if cancelled[permit] == 0 && !revoked[permit] {
			valid[dossierOf(no)]++
		}
	}
	for _, id := range slices.Sorted(maps.Keys(valid)) {
		if file := a.files[id]; valid[id] > 1 && file != nil && file[len(file)-1].Dossier.Open == nil {
			a.fault("dossier %s: the far sides hold %d valid permits", id, valid[id])
		}
	}
}

// cancelOrder checks the same in the log: cancellations are ordered by the transition that took in the issue, for every earlier permit in force.
func (a *audit) cancelOrder(file []*transition, cancelled map[string]int) {
	issued := map[string]bool{}
	for _, t := range file {
		for _, ev := range t.Events {
			if ev.Type == "issued" {
				issued[ev.ApplicationNo] = true
				if t.Dossier.Open != nil {
					a.earlier(t, cancelled)
				}
			}
		}
		for _, e := range t.Effects {
			if e.Kind == "cancel" && !issued[t.ApplicationNo] {
				a.fault("%s: orders %s before the issue", t.where, e.EffectID)
			}
		}
	}
}

// earlier checks that every permit in force that the registration system had named was cancelled, unless the case still waits for it.
func (a *audit) earlier(t *transition, cancelled map[string]int) {
	o := t.Dossier.Open
	if o.Facts == nil || !wasIssued(a.report.Outcomes[o.ApplicationNo]) {
		return
	}
	for _, p := range o.Facts.Permits {
		if (p.Status == "valid" || p.Status == "suspended") && strings.HasPrefix(p.Division, "33") && cancelled[p.PermitNo] == 0 {
			a.fault("application %s ended as issued, but the earlier permit %s was not cancelled", o.ApplicationNo, p.PermitNo)
		}
	}
}

// wasIssued reports whether a case that ended so was issued a permit.
func wasIssued(outcome string) bool { return outcome == "issued" || outcome == "revoked" }

// pushes checks the big-data platform's books: each push and each row once, one push for each application that ended as issued, and one correction
// more for each that was revoked.
func (a *audit) pushes() {
	pushes, rows, applications := map[string]int{}, map[string]int{}, map[string]int{}
	for _, e := range a.done("dataplatform", "push") {
		pushes[e.RequestID]++
		no, _, _ := strings.Cut(e.RequestID, "-")
		applications[no]++
	}
	for _, e := range a.done("dataplatform", "record") {
		rows[e.RequestID]++
	}
	a.once("push", pushes)
	a.once("row", rows)
	for _, no := range slices.Sorted(maps.Keys(a.report.Outcomes)) {
		want := 1
		if a.report.Outcomes[no] == "revoked" {
			want = 2
		}
		if wasIssued(a.report.Outcomes[no]) && applications[no] != want {
			a.fault("application %s ended as %s and was pushed %d times", no, a.report.Outcomes[no], applications[no])
		}
	}
}

// notices checks the gateway's books: the same words to the same phone once, and once more for each recorded decision to resend; and that what
// the log calls sent was sent.
func (a *audit) notices() {
	resent, settled := map[string]int{}, map[string]bool{}
	for _, t := range a.log {
		for _, ev := range t.Events {
			if ev.Type == "retried" {
				resent[ev.ApplicationNo]++
			}
			if ev.Type == "notice_sent" {
				settled[ev.EffectID] = true
			}
		}
	}
	sent := map[string]int{}
	for _, e := range a.done("sms", "norsubmit") {
		text, _ := e.Detail["content"].(string)
		for _, phone := range e.Keys {
			sent[phone+"\x00"+text]++
		}
	}
	total := 0
	for message, n := range sent {
		total += n
		no := numberIn(message)
		if n > 1+resent[no] {
			a.fault("application %s: the same notice was sent %d times with %d decisions to resend", no, n, resent[no])
		}
	}
	if total < len(settled) {
		a.fault("the log calls %d notices sent, the gateway sent %d", len(settled), total)
	}
}

// numberIn finds the application number that every notice names.
func numberIn(message string) string {
	_, rest, _ := strings.Cut(message, "（")
	no, _, _ := strings.Cut(rest, "）")
	return no
}
