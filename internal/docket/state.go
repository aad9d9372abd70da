package docket

import "permithub/schemas"

// State says how one running time limit stands. Every running limit is in exactly one state, the first of these that holds.
type State string

// States of a time limit.
const (
	Breached    State = "breached"    // the deadline was passed
	Paused      State = "paused"      // stands still on one of T6's grounds
	Warned      State = "warned"      // a warning was reached
	Provisional State = "provisional" // on time so far, but a day that it counts has no notice yet
	OK          State = "ok"
)

// States lists every state.
var States = []State{Breached, Paused, Warned, Provisional, OK}

// Stages lists the stages of an open case in the order of the work.
var Stages = []schemas.Stage{
	schemas.StageSubmitted, schemas.StagePreExamine, schemas.StageSupplement, schemas.StageAccepted, schemas.StageReview, schemas.StageApproval,
	schemas.StageSuspended, schemas.StageApproved, schemas.StageIssuing, schemas.StageIssued, schemas.StageHeld,
}

// Clocks lists the time limits of a case (domain: 时限); R8 bounds how long two permits may be valid after an issue.
var Clocks = []string{Promise, "T2", "T3", "T4", "T5", "R8"}

// Promise is the clock of the promise to the citizen: 办结 within two working days (承诺时限).
const Promise = "T1"

// StateOf says how a limit that was not resolved stands.
func StateOf(k *schemas.Clock) State {
	switch {
	case k.BreachedAt != nil:
		return Breached
	case k.PausedAt != nil:
		return Paused
	case warned(k):
		return Warned
	case k.Provisional:
		return Provisional
	}
	return OK
}

func warned(k *schemas.Clock) bool {
	for i := range k.Rungs {
		if k.Rungs[i].FiredAt != nil {
			return true
		}
	}
	return false
}
