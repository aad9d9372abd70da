package audit

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Report is what the audit found.
type Report struct {
	// Faults are broken promises, each with where it was seen; empty is a clean audit.
	Faults []string
	// Valid and Void count the records of the log.
	Valid, Void int
	// Outcomes are the ended applications, Open the stages of those that are not, by application number.
	Outcomes, Open map[string]string
	// Unknown are the notices of which nobody knows whether they were sent, DeadLettered the keys of dead letters.
	Unknown, DeadLettered []string
}

// String lists what a reader wants to know first.
func (r *Report) String() string {
	counts := map[string]int{}
	for _, o := range r.Outcomes {
		counts[o]++
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%d valid and %d void transitions; ended %v, open %d, unknown notices %d, dead letters %d, faults %d",
		r.Valid, r.Void, counts, len(r.Open), len(r.Unknown), len(r.DeadLettered), len(r.Faults))
	for _, no := range slices.Sorted(maps.Keys(r.Open)) {
		fmt.Fprintf(&b, "\n  open: %s %s", no, r.Open[no])
	}
	for _, u := range r.Unknown {
		fmt.Fprintf(&b, "\n  unknown: %s", u)
	}
	for _, f := range r.Faults {
		fmt.Fprintf(&b, "\n  FAULT: %s", f)
	}
	return b.String()
}

type audit struct {
	report  *Report
	ledgers map[string][]Entry
	log     []*transition            // valid ones, in the order of the evidence
	files   map[string][]*transition // by dossier, in log order
}

func (a *audit) fault(format string, args ...any) {
	a.report.Faults = append(a.report.Faults, fmt.Sprintf(format, args...))
}

// Check audits a hub at rest.
func Check(e *Evidence) *Report {
	a := &audit{report: &Report{Outcomes: map[string]string{}, Open: map[string]string{}}, ledgers: e.Ledgers, files: map[string][]*transition{}}
	a.valid(e.Log)
	a.inputs(e.Inputs)
	for _, id := range slices.Sorted(maps.Keys(a.files)) {
		a.chain(id, a.files[id])
		a.life(id, a.files[id])
		a.deadlines(a.files[id], e)
	}
	if e.Waiting != nil {
		a.index(e.Waiting)
	}
	a.personal(e)
	for _, d := range e.DeadLetters {
		a.report.DeadLettered = append(a.report.DeadLettered, d.Key)
	}
	a.taken(e.Taken)
	a.issues()
	a.cancellations()
	a.pushes()
	a.revocations()
	a.notices()
	return a.report
}

// inputs checks what each transition says of its input: where it stood, once each, in order.
func (a *audit) inputs(inputs []Record) {
	at := map[string]string{} // input id header by position
	for i := range inputs {
		at[position(inputs[i].Partition, inputs[i].Offset)] = inputs[i].Headers["ce_id"]
	}
	last := map[int32]int64{}
	for _, t := range a.log {
		if t.Input.Partition != t.part {
			a.fault("%s: answers input partition %d", t.where, t.Input.Partition)
		}
		if n, ok := last[t.part]; ok && t.Input.Offset <= n {
			a.fault("%s: input offset %d after %d: answered twice or out of order", t.where, t.Input.Offset, n)
		}
		last[t.part] = t.Input.Offset
		if id := at[position(t.Input.Partition, t.Input.Offset)]; id != t.Input.InputID {
			a.fault("%s: names input %s, but %q stands at %d/%d", t.where, t.Input.InputID, id, t.Input.Partition, t.Input.Offset)
		}
	}
}

func position(partition int32, offset int64) string { return fmt.Sprintf("%d/%d", partition, offset) }

// chain checks seq and prev_hash of one person's file.
func (a *audit) chain(id string, file []*transition) {
	prev := ""
	for i, t := range file {
		if want := int64(i + 1); t.Seq != want || t.Dossier.Seq != want {
			a.fault("%s: dossier %s has seq %d and %d, want %d", t.where, id, t.Seq, t.Dossier.Seq, want)
		}
		if t.PrevHash != prev {
			a.fault("%s: dossier %s: the chain is broken at seq %d", t.where, id, t.Seq)
		}
		prev = t.hash
	}
}

// ends are the stages in which a case is over. A revocation comes after one of them.
var ends = []string{"refused", "not_accepted", "withdrawn", "archived"}

// life checks that each application of a file begins once, ends once, and stands in the file once.
func (a *audit) life(id string, file []*transition) {
	submitted, ended, issued := map[string]int{}, map[string]int{}, map[string]int{}
	open := 0
	for _, t := range file {
		for _, ev := range t.Events {
			switch {
			case ev.Type == "submitted":
				submitted[ev.ApplicationNo]++
				open++
			case ev.Type == "issued":
				issued[ev.ApplicationNo]++
			case slices.Contains(ends, ev.To):
				ended[ev.ApplicationNo]++
				open--
			}
		}
		if open > 1 {
			a.fault("%s: dossier %s has %d open cases", t.where, id, open)
		}
	}
	last := file[len(file)-1].Dossier
	stands := map[string]int{}
	for _, e := range last.Ended {
		stands[e.ApplicationNo]++
		a.report.Outcomes[e.ApplicationNo] = e.Outcome
		a.unknown(e.Duties)
	}
	if last.Open != nil {
		stands[last.Open.ApplicationNo]++
		a.report.Open[last.Open.ApplicationNo] = last.Open.Stage
		a.unknown(last.Open.Duties)
	}
	for _, no := range slices.Sorted(maps.Keys(submitted)) {
		_, isOpen := a.report.Open[no]
		want := 1
		if isOpen {
			want = 0
		}
		if submitted[no] != 1 || stands[no] != 1 || ended[no] != want || issued[no] > 1 {
			a.fault("application %s: submitted %d, in the file %d, ended %d (want %d), issued %d times", no, submitted[no], stands[no], ended[no], want, issued[no])
		}
	}
	valid := 0
	for _, p := range last.Permits {
		if p.Status == "valid" {
			valid++
		}
	}
	if valid > 1 && last.Open == nil {
		a.fault("dossier %s: %d valid permits at rest", id, valid)
	}
}

func (a *audit) unknown(duties []effect) {
	for _, d := range duties {
		if d.Status == "unknown" {
			a.report.Unknown = append(a.report.Unknown, d.EffectID+" "+d.Code)
		}
		if d.Status == "ordered" || d.Status == "granted" {
			a.fault("effect %s is still %s: the hub is not at rest or forgot it", d.EffectID, d.Status)
		}
	}
}

// taken checks that each application that was answered 202 is somewhere.
func (a *audit) taken(numbers []string) {
	for _, no := range slices.Compact(slices.SortedFunc(slices.Values(numbers), cmp.Compare[string])) {
		_, isOpen := a.report.Open[no]
		_, ended := a.report.Outcomes[no]
		if !isOpen && !ended && !slices.Contains(a.report.DeadLettered, dossierOf(no)) {
			a.fault("application %s was answered 202 and is nowhere", no)
		}
	}
}
