package audit

import (
	"maps"
	"slices"
	"strings"
	"time"
)

// said is what the log says of the revocation of one application's permit.
type said struct {
	proposer, decider string
	permit            string
	at                time.Time
	archived, waived  bool
	orders            map[string]int // effects ordered by the decision, by kind
}

// revocations checks that each permit was revoked by the word of two people, the second after the first and after the case was over; that nothing
// was ordered before the second; and that the platform's own books have exactly those permits, each once and not before the decision.
func (a *audit) revocations() {
	all := map[string]*said{}
	for _, t := range a.log {
		s := all[t.ApplicationNo]
		if s == nil {
			s = &said{orders: map[string]int{}}
			all[t.ApplicationNo] = s
		}
		for i := range t.Events {
			a.revocation(t, s, &t.Events[i])
		}
		for _, e := range t.Effects {
			if e.Kind == "revoke" || e.Kind == "correct" {
				if s.decider == "" || s.permit != e.PermitNo {
					a.fault("%s: orders %s of %s without the word of two people", t.where, e.EffectID, e.PermitNo)
				}
				s.orders[e.Kind]++
			}
		}
	}
	done := a.revokedThere(all)
	for _, no := range slices.Sorted(maps.Keys(all)) {
		s := all[no]
		if (s.decider != "") != (a.report.Outcomes[no] == "revoked") {
			a.fault("application %s: decided by %q, the file says %q", no, s.decider, a.report.Outcomes[no])
		}
		if s.decider != "" && (s.orders["revoke"] == 0 || s.orders["correct"] == 0) {
			a.fault("application %s: revoked, with orders %v", no, s.orders)
		}
		if s.decider != "" && !s.waived && !done[s.permit] {
			a.fault("application %s: permit %s was revoked, and the platform does not know it", no, s.permit)
		}
	}
}

// revocation follows one event. An event that ends or revokes a case names its officer itself.
func (a *audit) revocation(t *transition, s *said, ev *event) {
	switch ev.Type {
	case "archived":
		s.archived = true
	case "revocation_proposed":
		s.proposer, s.permit = ev.Officer, ev.Ref
	case "revocation_rejected":
		if s.proposer == "" || s.proposer == ev.Officer {
			a.fault("%s: %q rejects what %q proposed", t.where, ev.Officer, s.proposer)
		}
		s.proposer = ""
	case "revoked":
		if !s.archived || s.proposer == "" || s.proposer == ev.Officer || s.permit != ev.Ref || s.decider != "" {
			a.fault("%s: %q revokes %s; proposed by %q for %s, archived %v, decided before by %q", t.where, ev.Officer, ev.Ref, s.proposer, s.permit, s.archived, s.decider)
		}
		s.decider, s.at = ev.Officer, ev.At
	case "duty_waived":
		s.waived = s.waived || strings.Contains(ev.EffectID, "-revoke-")
	}
}

// revokedThere lists the permits that the platform's books have as revoked.
func (a *audit) revokedThere(all map[string]*said) map[string]bool {
	perRequest, there := map[string]int{}, map[string]bool{}
	for _, e := range a.done("epermit", "revoke") {
		no, _, _ := strings.Cut(e.RequestID, "-")
		permit := revokedPermit(e)
		perRequest[e.RequestID]++
		if s := all[no]; s == nil || s.decider == "" || s.permit != permit || e.At.Before(s.at) {
			a.fault("permit %s was revoked under %s at %v without the word of two people before it", permit, e.RequestID, e.At)
		}
		there[permit] = true
	}
	a.once("revocation", perRequest)
	return there
}

// revokedPermit reads the permit number out of an entry of the platform's ledger.
func revokedPermit(e Entry) string {
	q, _ := e.Detail["revocation"].(map[string]any)
	no, _ := q["permitNo"].(string)
	return no
}
