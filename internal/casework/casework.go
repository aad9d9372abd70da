// Package casework decides: a person's file and one input in, a transition out, and nothing else.
//
// # Purity
//
// [Policy.Decide] reads no clock, does no I/O and ranges over no map: the same file and input give the same bytes, on any
// machine, for ever. Time is the input's received_at.
//
// # What it guarantees
//
// At most one open case a person; cancel only after the issue result; every effect ordered once under an id that derives
// from its case; a refusal or a supplement request names everything at once. A repeat of an input changes nothing, its
// contradiction is recorded.
//
// # Reference
//
// 盐政办发〔2024〕10号; rules R1–R11 and limits T1–T6 are explained beside the code that applies them.
package casework

import (
	"strings"

	"permithub/internal/fault"
	"permithub/schemas"
)

// File is one person's file as the approval step holds it in memory.
type File struct {
	Dossier schemas.Dossier
	Person  *schemas.Person // of the last application
}

// Every transition carries the whole file, and a record has a size limit: so what a file carries along is bounded.
const (
	// maxSeen is how many inputs a file remembers; submissions are remembered apart, by their cases.
	maxSeen = 256
	// maxEnded is how many ended cases a file may hold; a submission beyond is parked, never forgotten.
	maxEnded = 200
	// maxEndedDuties is how many of the last ended cases keep their duties though all are done: receipts come within days.
	maxEndedDuties = 16
)

// decision is one call of Decide: it works on copies and never touches the file it was given.
type decision struct {
	p       *Policy
	in      *schemas.Input
	at      schemas.Time
	d       schemas.Dossier
	c       *schemas.Case      // the open case; nil where the input speaks of an ended one
	e       *schemas.EndedCase // the ended case that the input speaks of, in place; else nil
	duties  *[]schemas.Duty    // of the case that the input speaks of
	person  *schemas.Person
	said    schemas.Remark // of the officer who acts
	events  []schemas.Event
	effects []schemas.Effect
	lostTo  *schemas.Cause // what a breach that is found now was lost to, where that is known beforehand
}

// Decide applies one input to a file. It returns nil where the input changes nothing (a repeat, or a word about something that is over),
// and a permanent error where the input cannot belong to any file; the file is never modified. Seq and state are set, position and chain
// are the caller's.
func (p *Policy) Decide(f *File, in *schemas.Input) (*schemas.Transition, error) {
	if err := check(f, in); err != nil {
		return nil, err
	}
	w := &decision{p: p, in: in, at: in.ReceivedAt, d: f.Dossier, person: f.Person, said: in.Person.Remark(in.InputID)}
	w.d.DossierID = in.DossierID
	if f.Dossier.Open != nil {
		w.c = clone(f.Dossier.Open)
		w.d.Open = w.c
	}
	switch w.repeat() {
	case repeated:
		return nil, nil
	case contradicted:
		w.event(schemas.Event{Type: schemas.EvConflict, Code: string(in.Kind), Ref: in.InputID})
	default:
		if in.Kind == schemas.InputSubmission && len(w.d.Ended) >= maxEnded {
			return nil, fault.Rejectf("dossier_full", "dossier %s has %d ended cases", in.DossierID, len(w.d.Ended))
		}
		if w.apply(); len(w.events) == 0 {
			return nil, nil
		}
	}
	w.keepRemarks(f.Person)
	w.remember()
	w.d.Seq++
	return &schemas.Transition{
		Seq: w.d.Seq, DossierID: in.DossierID, ApplicationNo: in.ApplicationNo,
		Input:  schemas.InputRef{InputID: in.InputID, Kind: in.Kind, Source: in.Source, ReceivedAt: in.ReceivedAt, Traceparent: in.Traceparent},
		Events: w.events, Effects: w.effects, Dossier: w.d, Person: w.person,
	}, nil
}

// check refuses what can belong to no file: such an input is parked as a dead letter, with its code.
func check(f *File, in *schemas.Input) error {
	dossier, err := schemas.DossierOf(in.ApplicationNo)
	switch {
	case err != nil:
		return fault.Reject("application_no", err)
	case dossier != in.DossierID:
		return fault.Rejectf("dossier_mismatch", "application %s is not of dossier %s", in.ApplicationNo, in.DossierID)
	case in.InputID == "" || in.ReceivedAt.IsZero():
		return fault.Rejectf("input_incomplete", "input of %s has no id or no time", in.ApplicationNo)
	case !carries(in):
		return fault.Rejectf("input_incomplete", "input %s says %q but carries nothing of it", in.InputID, in.Kind)
	case in.ReceivedAt.Year() < 2000 || in.ReceivedAt.Year() > 2999:
		// Such a clock is broken, and a deadline counted from it might not even be readable again.
		return fault.Rejectf("received_at", "input %s came in the year %d", in.InputID, in.ReceivedAt.Year())
	case in.Kind == schemas.InputSubmission && in.Person == nil:
		return fault.Rejectf("input_incomplete", "submission %s has no person", in.InputID)
	case in.Kind == schemas.InputSubmission && !strings.HasPrefix(in.PersonToken, in.DossierID):
		return fault.Rejectf("dossier_mismatch", "submission %s has no person token of dossier %s", in.InputID, in.DossierID)
	case in.PersonToken != "" && f.Dossier.PersonToken != "" && in.PersonToken != f.Dossier.PersonToken:
		// Two people share the short id (odds 2^-60): their files are never merged, a person must look.
		return fault.Rejectf("dossier_collision", "application %s belongs to another person of dossier %s", in.ApplicationNo, in.DossierID)
	}
	return nil
}

// carries reports whether the input brings what its kind says.
func carries(in *schemas.Input) bool {
	switch in.Kind {
	case schemas.InputSubmission:
		return in.Submission != nil
	case schemas.InputContradiction:
		return in.Contradiction != nil
	case schemas.InputSupplement:
		return in.Supplement != nil
	case schemas.InputWithdrawal:
		return in.Withdrawal != nil
	case schemas.InputOfficerAction:
		return in.Action != nil
	case schemas.InputEffectAttempt:
		return in.Attempt != nil
	case schemas.InputEffectResult:
		return in.Result != nil
	case schemas.InputSMSReceipt:
		return in.Receipt != nil
	case schemas.InputDeadlineReached:
		return in.Deadline != nil
	case schemas.InputRecount:
		return in.Recount != nil
	}
	return false
}

// apply hands the input to the part of the file that it is about.
func (w *decision) apply() {
	open := w.c != nil && w.c.ApplicationNo == w.in.ApplicationNo
	if open {
		w.duties = &w.c.Duties
		w.deemOverdue() // may end the case
	}
	switch {
	case w.in.Kind == schemas.InputSubmission:
		w.submit()
	case open && w.c != nil:
		w.applyOpen()
	default:
		w.c = nil // another case of this person may be open: it is not meant
		w.applyEnded()
	}
}

func (w *decision) applyOpen() {
	// An application number is no secret: only the source that sent the application may speak for the applicant.
	applicant := w.in.Kind == schemas.InputSupplement || w.in.Kind == schemas.InputWithdrawal
	if applicant && w.in.Source != w.c.Submission.Source {
		w.reject("other_source")
		return
	}
	switch w.in.Kind {
	case schemas.InputContradiction:
		w.contradict()
	case schemas.InputSupplement:
		w.supplement()
	case schemas.InputWithdrawal:
		w.withdraw(w.in.Source, w.in.Withdrawal.Reason)
	case schemas.InputOfficerAction:
		w.act()
	case schemas.InputEffectAttempt:
		w.grant()
	case schemas.InputEffectResult:
		w.result()
	case schemas.InputSMSReceipt:
		w.receipt()
	case schemas.InputDeadlineReached:
		w.deadlineReached()
	case schemas.InputRecount:
		w.recount()
	}
}

// applyEnded handles words about a case that is not open: its notices may still go out, be receipted and be settled by a person, and its permit
// may be revoked; any other act is answered, all else is over.
func (w *decision) applyEnded() {
	w.e = w.ended(w.in.ApplicationNo)
	w.duties = new([]schemas.Duty)
	if w.e != nil {
		w.duties = &w.e.Duties
	}
	switch w.in.Kind {
	case schemas.InputContradiction:
		if w.e != nil {
			w.contradict()
		}
	case schemas.InputSupplement, schemas.InputWithdrawal:
		w.reject("case_not_open")
	case schemas.InputOfficerAction:
		w.actEnded()
	case schemas.InputEffectAttempt:
		w.grant()
	case schemas.InputEffectResult:
		w.result()
	case schemas.InputSMSReceipt:
		w.receipt()
	}
}

// ended returns a copy, in place, of the ended case of that number, or nil. A second call would leave the first copy behind: it is w.e.
func (w *decision) ended(applicationNo string) *schemas.EndedCase {
	for i := range w.d.Ended {
		if w.d.Ended[i].ApplicationNo == applicationNo {
			w.d.Ended = cloneSlice(w.d.Ended)
			w.d.Ended[i].Duties = cloneSlice(w.d.Ended[i].Duties)
			return &w.d.Ended[i]
		}
	}
	return nil
}

type seenBefore int

const (
	fresh seenBefore = iota
	repeated
	contradicted
)

// repeat says whether the file knows this input already. Submissions are known by their cases for the life of the file, everything
// else by the ids it remembers. A contradiction is recorded once.
func (w *decision) repeat() seenBefore {
	known := fresh
	for i := range w.d.Seen {
		if w.d.Seen[i].InputID == w.in.InputID {
			if w.d.Seen[i].BodyHash == short(w.in.BodyHash) {
				return repeated
			}
			known = contradicted
		}
	}
	if w.in.Kind != schemas.InputSubmission {
		return known
	}
	if w.c != nil && w.c.ApplicationNo == w.in.ApplicationNo {
		return sameBody(w.c.BodyHash, w.in.BodyHash)
	}
	if e := w.d.EndedByNo(w.in.ApplicationNo); e != nil {
		return sameBody(e.BodyHash, w.in.BodyHash)
	}
	return known
}

// contradict records that another person came under this application's number; the source was refused.
func (w *decision) contradict() {
	w.event(schemas.Event{Type: schemas.EvConflict, Code: string(w.in.Kind), Ref: w.in.Contradiction.OtherApplicationNo})
}

func sameBody(a, b string) seenBefore {
	if a == b {
		return repeated
	}
	return contradicted
}

func (w *decision) remember() {
	seen := w.d.Seen
	if len(seen) >= maxSeen {
		seen = seen[len(seen)-maxSeen+1:]
	}
	w.d.Seen = append(cloneSlice(seen), schemas.Seen{InputID: w.in.InputID, BodyHash: short(w.in.BodyHash)})
}

func short(hash string) string {
	if len(hash) > 16 {
		return hash[:16]
	}
	return hash
}

// event records e, filling in the case and the time where e does not name its own.
func (w *decision) event(e schemas.Event) {
	e.ApplicationNo = w.in.ApplicationNo
	if e.At.IsZero() {
		e.At = w.at
	}
	e.Remark = w.remark(e.Officer)
	w.events = append(w.events, e)
}

// reject records that a person's act was not taken, and why: the officer or the source sees the code.
func (w *decision) reject(code string) {
	e := schemas.Event{Type: schemas.EvRejected, Code: code, Ref: w.in.InputID}
	if w.in.Action != nil {
		e.Officer = w.in.Action.Officer
	}
	w.event(e)
}

// move takes the case to a stage, as the event ev tells it.
func (w *decision) move(to schemas.Stage, ev schemas.Event) {
	ev.From, ev.To = w.c.Stage, to
	if at := w.at; w.c.Stage != to || w.c.StageAt == nil {
		w.c.StageAt = &at
	}
	w.c.Stage = to
	w.event(ev)
}

// cloneSlice copies s so that appending to or changing the copy leaves the file alone.
func cloneSlice[T any](s []T) []T { return append(make([]T, 0, len(s)+1), s...) }

// clone copies what decisions change in place; what they only replace stays shared.
func clone(c *schemas.Case) *schemas.Case {
	n := *c
	n.Duties = cloneSlice(c.Duties)
	n.Opinions = cloneSlice(c.Opinions)
	n.Supplements = cloneSlice(c.Supplements)
	n.Clocks = cloneSlice(c.Clocks)
	for i := range n.Clocks {
		n.Clocks[i].Rungs = cloneSlice(n.Clocks[i].Rungs)
	}
	return &n
}
