package worklist

import (
	"math"
	"time"

	"permithub/internal/calendar"
	"permithub/internal/docket"
	"permithub/schemas"
)

// Queue says who is to act next on an open case.
type Queue string

// Queues, in the order in which a case passes them.
const (
	Running    Queue = "running"    // the hub: look-ups, issue, duties
	Acceptance Queue = "acceptance" // 受理人
	Applicant  Queue = "applicant"  // the applicant, or whoever a suspension waits for
	Review     Queue = "review"     // 审核人
	Approval   Queue = "approval"   // 审批人
	Held       Queue = "held"       // a supervisor: a foreign system refused for good
)

// Queues lists every queue.
func Queues() []Queue { return []Queue{Running, Acceptance, Applicant, Review, Approval, Held} }

// QueueOf returns the queue of a case in the stage.
func QueueOf(stage schemas.Stage) Queue {
	switch stage {
	case schemas.StagePreExamine:
		return Acceptance
	case schemas.StageSupplement, schemas.StageSuspended:
		return Applicant
	case schemas.StageReview:
		return Review
	case schemas.StageApproval:
		return Approval
	case schemas.StageHeld:
		return Held
	}
	return Running
}

// Case is one open case as a list shows it. The name is personal: it is shown masked.
type Case struct {
	ApplicationNo string
	DossierID     string
	Version       int64 // seq of the file
	Stage         schemas.Stage
	Type          schemas.RecognitionType
	Channel       schemas.Channel
	Division      string
	Name          string
	SubmittedAt   time.Time
	DueAt         time.Time // the first instant that is too late; zero while no clock runs
	Provisional   bool
	Paused        bool
	Breached      bool
	// HeldFor is what holds a case of the queue Held: the kind of the effect and the code of the refusal, with a space between.
	HeldFor string
	// Since is when the case came to its stage; zero where its records do not say.
	Since time.Time
	// Opinions are the officers who gave an opinion, by level: nobody gives two of the three.
	Opinions map[string]string

	promise docket.State  // of the promise (T1), "" where none runs
	day     calendar.Date // the last on which it can be kept
}

// Queue is whose turn it is.
func (c *Case) Queue() Queue { return QueueOf(c.Stage) }

// unhurried lies behind every deadline: cases without a running clock follow those with one, oldest first.
const unhurried = math.MaxInt64 / 2

// urgency is the order of the lists.
func (c *Case) urgency() int64 {
	if c.DueAt.IsZero() || c.Paused {
		return unhurried + c.SubmittedAt.UnixMilli()
	}
	return c.DueAt.UnixMilli()
}
