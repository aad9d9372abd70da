package ops

import (
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/schemas"
)

// Legs of a case's way, each from one event of the file to another.
const (
	LegReceivedAccepted  = "received_accepted"
	LegAcceptedDecided   = "accepted_decided"
	LegDecidedIssued     = "decided_issued"
	LegIssuedPushed      = "issued_pushed"       // T2
	LegIssuedSMSAccepted = "issued_sms_accepted" // T3: the completion notice
	LegIssuedCancelled   = "issued_cancelled"    // one for each earlier permit
)

var legs = []string{LegReceivedAccepted, LegAcceptedDecided, LegDecidedIssued, LegIssuedPushed, LegIssuedSMSAccepted, LegIssuedCancelled}

// legBuckets reach from an automatic case to one that lies over the Spring Festival; 15 min bounds two valid permits, 60 s the SMS.
var legBuckets = []float64{.05, .25, 1, 5, 15, 60, 300, 900, 3600, 4 * 3600, 8 * 3600, 86400, 2 * 86400, 4 * 86400, 8 * 86400, 16 * 86400}

const (
	completionNotice = "N1"
	noReason         = "none"
	severalReasons   = "several"
	other            = "other"
)

var (
	inputKinds = []string{
		string(schemas.InputSubmission), string(schemas.InputContradiction), string(schemas.InputSupplement), string(schemas.InputWithdrawal), string(schemas.InputOfficerAction),
		string(schemas.InputEffectAttempt), string(schemas.InputEffectResult), string(schemas.InputSMSReceipt), string(schemas.InputDeadlineReached),
		string(schemas.InputRecount), other,
	}
	outcomes   = []string{"issued", "refused", "not_accepted", "withdrawn", "revoked"}
	openStages = []schemas.Stage{
		schemas.StageSubmitted, schemas.StagePreExamine, schemas.StageSupplement, schemas.StageAccepted, schemas.StageReview, schemas.StageApproval,
		schemas.StageSuspended, schemas.StageApproved, schemas.StageIssuing, schemas.StageIssued, schemas.StageHeld,
	}
	clockIDs = []string{"T1", "T2", "T3", "T4", "T5", "R8", other}
)

// Legs measures how long cases take and where they stand, from the log alone.
//
// Feed it every valid transition of a partition in order: those that were counted before through Restore, new ones through
// Observe. A transition seen again in the same process changes nothing. It is safe for concurrent use.
type Legs struct {
	seconds  *prometheus.HistogramVec
	inputs   *prometheus.CounterVec
	outcomes *prometheus.CounterVec
	clocks   *prometheus.CounterVec
	detected prometheus.Histogram
	open     *prometheus.GaugeVec
	reasons  []string

	mu    sync.Mutex
	marks map[int32]int64 // by partition: offset of the last input that was counted
	cases map[string]openCase
}

type openCase struct {
	stage     schemas.Stage
	partition int32
}

// NewLegs registers the metrics; reasons are all the codes that a refusal may carry.
func NewLegs(reg prometheus.Registerer, reasons []string) *Legs {
	l := &Legs{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_leg_seconds",
			Help: "Wall time of one leg of a case, between the events of its file.", Buckets: legBuckets}, []string{"leg"}),
		inputs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_inputs_total",
			Help: "Inputs that changed a file, by kind."}, []string{"kind"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_outcomes_total",
			Help: "Decided cases by outcome; reason_class is the only reason's code, several, or none."}, []string{"outcome", "reason_class"}),
		clocks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_deadline_events_total",
			Help: "Warnings and breaches recorded, by clock."}, []string{"clock", "event"}),
		detected: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "permithub_deadline_detection_seconds",
			Help: "Time from a deadline or warning to its detection.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600}}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "permithub_open_cases",
			Help: "Open cases of the partitions held by this process, by stage."}, []string{"stage"}),
		reasons: append(slices.Clone(reasons), severalReasons, noReason, other),
		marks:   map[int32]int64{},
		cases:   map[string]openCase{},
	}
	l.declare()
	reg.MustRegister(l.seconds, l.inputs, l.outcomes, l.clocks, l.detected, l.open)
	return l
}

func (l *Legs) declare() {
	for _, leg := range legs {
		l.seconds.WithLabelValues(leg)
	}
	for _, k := range inputKinds {
		l.inputs.WithLabelValues(k)
	}
	for _, o := range outcomes {
		if o == "refused" || o == "not_accepted" {
			for _, r := range l.reasons {
				l.outcomes.WithLabelValues(o, r)
			}
			continue
		}
		l.outcomes.WithLabelValues(o, noReason)
	}
	for _, c := range clockIDs {
		l.clocks.WithLabelValues(c, "warned")
		l.clocks.WithLabelValues(c, "breached")
	}
	for _, s := range openStages {
		l.open.WithLabelValues(string(s))
	}
}

// Observe counts a new transition.
func (l *Legs) Observe(t *schemas.Transition) {
	if !l.follow(t) {
		return
	}
	l.inputs.WithLabelValues(oneOf(string(t.Input.Kind), inputKinds)).Inc()
	for i := range t.Events {
		l.event(t, &t.Events[i])
	}
	for _, m := range Measures(t) {
		l.seconds.WithLabelValues(m.Leg).Observe(m.Took.Seconds())
	}
}

// Restore takes in a transition that was counted before, by an earlier run: only where cases stand.
func (l *Legs) Restore(t *schemas.Transition) { l.follow(t) }

// Forget drops what a partition told; call it when the partition is given away.
func (l *Legs) Forget(partition int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.marks, partition)
	for id, c := range l.cases {
		if c.partition == partition {
			l.open.WithLabelValues(string(c.stage)).Dec()
			delete(l.cases, id)
		}
	}
}

// follow moves the dossier's open case to where the transition leaves it and reports whether the transition is new. One input gives at
// most one transition, and case-log has the partitions of case-input, so within a partition the input's offset rises with every valid
// record. The state is taken whole, not from the events: a case that is released from 挂起 changes its stage without a move.
func (l *Legs) follow(t *schemas.Transition) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if mark, ok := l.marks[t.Input.Partition]; ok && t.Input.Offset <= mark {
		return false
	}
	l.marks[t.Input.Partition] = t.Input.Offset
	if c, ok := l.cases[t.DossierID]; ok {
		l.open.WithLabelValues(string(c.stage)).Dec()
		delete(l.cases, t.DossierID)
	}
	if c := t.Dossier.Open; c != nil && slices.Contains(openStages, c.Stage) {
		l.open.WithLabelValues(string(c.Stage)).Inc()
		l.cases[t.DossierID] = openCase{c.Stage, t.Input.Partition}
	}
	return true
}

func (l *Legs) event(t *schemas.Transition, e *schemas.Event) {
	switch e.Type {
	case schemas.EvIssued:
		l.outcomes.WithLabelValues("issued", noReason).Inc()
	case schemas.EvWithdrawn:
		l.outcomes.WithLabelValues("withdrawn", noReason).Inc()
	case schemas.EvRefused, schemas.EvNotAccepted:
		l.outcomes.WithLabelValues(e.Type, l.class(e.Reasons)).Inc()
	case schemas.EvWarned, schemas.EvBreached:
		name := map[string]string{schemas.EvWarned: "warned", schemas.EvBreached: "breached"}[e.Type]
		l.clocks.WithLabelValues(oneOf(e.Clock, clockIDs), name).Inc()
		if e.DetectedAt != nil {
			l.detected.Observe(max(0, e.DetectedAt.Sub(e.At.Time)).Seconds())
		}
	}
	if e.To == schemas.StageRevoked {
		l.outcomes.WithLabelValues("revoked", noReason).Inc()
	}
}

func (l *Legs) class(reasons []string) string {
	switch len(reasons) {
	case 0:
		return noReason
	case 1:
		return oneOf(reasons[0], l.reasons)
	}
	return severalReasons
}

func oneOf(v string, known []string) string {
	if slices.Contains(known, v) {
		return v
	}
	return other
}
