package casework

import (
	"slices"

	"permithub/schemas"
)

// command is what moves a case; officers' actions are commands under their own names.
type command string

const (
	cmdVerified   command = "verified"   // the registration system answered
	cmdDeem       command = "deem"       // T5 is over
	cmdSupplement command = "supplement" // the applicant answered a supplement request
	cmdIssued     command = "issued"     // the provincial platform issued the permit
	cmdHold       command = "hold"       // a foreign system refused for good
	cmdSettled    command = "settled"    // a word that the case was held for came after all
	cmdClose      command = "close"      // all duties are done or waived
	cmdArchive    command = "archive"
	cmdWithdraw   command = command(schemas.ActWithdraw)
)

// Move is one row of the life of a case: in a stage, a command leads to a stage. What is not listed is refused.
type Move struct {
	From    schemas.Stage
	Command string
	To      schemas.Stage
}

// Moves is the life of a case (附件2), whole. A command that has one row in a stage always leads there; where there are several rows, the case
// itself decides which: a return names its goal, a resumption leads back, a held case goes on where it was held. The rule pack's opinions take the
// same ways as the officers'.
func Moves() []Move { return append([]Move(nil), moves...) }

var moves = slices.Concat([]Move{
	{schemas.StageSubmitted, string(cmdVerified), schemas.StagePreExamine},
	{schemas.StageSubmitted, string(cmdDeem), schemas.StageReview},
	{schemas.StageSubmitted, string(cmdHold), schemas.StageHeld},
	{schemas.StageSubmitted, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StagePreExamine, string(cmdVerified), schemas.StagePreExamine},
	{schemas.StagePreExamine, string(schemas.ActRequestSupplement), schemas.StageSupplement},
	{schemas.StagePreExamine, string(schemas.ActNotAccept), schemas.StageNotAccepted},
	{schemas.StagePreExamine, string(schemas.ActAccept), schemas.StageReview},
	{schemas.StagePreExamine, string(cmdDeem), schemas.StageReview},
	{schemas.StagePreExamine, string(cmdHold), schemas.StageHeld},
	{schemas.StagePreExamine, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageSupplement, string(cmdSupplement), schemas.StagePreExamine},
	{schemas.StageSupplement, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageReview, string(cmdVerified), schemas.StageReview},
	{schemas.StageReview, string(schemas.ActReview), schemas.StageApproval},
	{schemas.StageReview, string(schemas.ActReturn), schemas.StagePreExamine},
	{schemas.StageReview, string(schemas.ActRefuse), schemas.StageRefused},
	{schemas.StageReview, string(schemas.ActSuspend), schemas.StageSuspended},
	{schemas.StageReview, string(cmdHold), schemas.StageHeld},
	{schemas.StageReview, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageApproval, string(schemas.ActApprove), schemas.StageIssuing},
	{schemas.StageApproval, string(schemas.ActReturn), schemas.StageReview},
	{schemas.StageApproval, string(schemas.ActReturn), schemas.StagePreExamine},
	{schemas.StageApproval, string(schemas.ActRefuse), schemas.StageRefused},
	{schemas.StageApproval, string(schemas.ActSuspend), schemas.StageSuspended},
	{schemas.StageApproval, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageSuspended, string(schemas.ActResume), schemas.StageReview},
	{schemas.StageSuspended, string(schemas.ActResume), schemas.StageApproval},
	{schemas.StageSuspended, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageIssuing, string(cmdIssued), schemas.StageIssued},
	{schemas.StageIssuing, string(cmdHold), schemas.StageHeld},

	{schemas.StageIssued, string(cmdHold), schemas.StageHeld},
	{schemas.StageIssued, string(cmdClose), schemas.StageClosed},
	{schemas.StageClosed, string(cmdArchive), schemas.StageArchived},

	{schemas.StageHeld, string(cmdVerified), schemas.StagePreExamine},
	{schemas.StageHeld, string(cmdVerified), schemas.StageReview},
	{schemas.StageHeld, string(cmdDeem), schemas.StageHeld},
	{schemas.StageHeld, string(cmdIssued), schemas.StageIssued},
	{schemas.StageHeld, string(cmdSettled), schemas.StageIssued},
	{schemas.StageHeld, string(cmdHold), schemas.StageHeld},
	{schemas.StageHeld, string(schemas.ActRetry), schemas.StageSubmitted},
	{schemas.StageHeld, string(schemas.ActRetry), schemas.StagePreExamine},
	{schemas.StageHeld, string(schemas.ActRetry), schemas.StageReview},
	{schemas.StageHeld, string(schemas.ActRetry), schemas.StageIssuing},
	{schemas.StageHeld, string(schemas.ActRetry), schemas.StageIssued},
	{schemas.StageHeld, string(schemas.ActWaive), schemas.StageIssued},
	{schemas.StageHeld, string(cmdWithdraw), schemas.StageWithdrawn},

	{schemas.StageArchived, string(schemas.ActProposeRevocation), schemas.StageArchived},
	{schemas.StageArchived, string(schemas.ActRejectRevocation), schemas.StageArchived},
	{schemas.StageArchived, string(schemas.ActConfirmRevocation), schemas.StageRevoked},
}, noticeMoves())

// StageOf is where an ended case stands in the life of a case.
func StageOf(e *schemas.EndedCase) schemas.Stage {
	if e.Outcome == string(schemas.StageIssued) {
		return schemas.StageArchived
	}
	return schemas.Stage(e.Outcome)
}

// noticeMoves are the acts on notices, and on what a revocation owes: the same wherever one can be open, and the case stays where it is.
func noticeMoves() []Move {
	var rows []Move
	for _, stage := range []schemas.Stage{
		schemas.StagePreExamine, schemas.StageSupplement, schemas.StageReview, schemas.StageApproval, schemas.StageSuspended,
		schemas.StageIssuing, schemas.StageIssued, schemas.StageHeld,
		schemas.StageNotAccepted, schemas.StageRefused, schemas.StageWithdrawn, schemas.StageArchived, schemas.StageRevoked,
	} {
		for _, act := range []schemas.ActionKind{schemas.ActRetry, schemas.ActWaive, schemas.ActSettle} {
			rows = append(rows, Move{stage, string(act), stage})
		}
	}
	return rows
}

// may reports whether the life of a case knows the command in the stage.
func may(stage schemas.Stage, c command) bool {
	for i := range moves {
		if moves[i].From == stage && moves[i].Command == string(c) {
			return true
		}
	}
	return false
}
