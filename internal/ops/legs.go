package ops

import (
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/docket"
	"permithub/schemas"
)

// Legs of a case's way, each from one event of the file to another.
const (
	LegReceivedAccepted  = "received_accepted"
	LegAcceptedDecided   = "accepted_decided"
	LegDecidedIssued     = "decided_issued"
	LegAcceptedSettled   = "accepted_settled"    // T1: to the issue, or to the refusal
	LegDecidedPushed     = "decided_pushed"      // until the decision is at the data platform
	LegIssuedPushed      = "issued_pushed"       // T2
	LegIssuedSMSAccepted = "issued_sms_accepted" // T3: the completion notice
	LegIssuedCancelled   = "issued_cancelled"    // one for each earlier permit
	LegNoticeOrderedSent = "notice_ordered_sent" // every notice, to its acceptance by the gateway
)

var legs = []string{
	LegReceivedAccepted, LegAcceptedDecided, LegDecidedIssued, LegAcceptedSettled, LegDecidedPushed, LegIssuedPushed, LegIssuedSMSAccepted, LegIssuedCancelled,
	LegNoticeOrderedSent,
}

// workLegs are those that people work on, so that only office hours count.
var workLegs = []string{LegReceivedAccepted, LegAcceptedDecided, LegAcceptedSettled}

// legBuckets reach from an automatic case to one that lies over the Spring Festival; 15 min bounds two valid permits and the push, 10 min a
// notice, 60 s the completion notice.
var legBuckets = []float64{.05, .25, 1, 5, 15, 60, 300, 600, 900, 3600, 4 * 3600, 8 * 3600, 86400, 2 * 86400, 4 * 86400, 8 * 86400, 16 * 86400}

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
	outcomes = []string{"issued", "refused", "not_accepted", "withdrawn", "revoked"}
	clockIDs = append(slices.Clone(docket.Clocks), other)
)

// Results of a promise (T1).
const (
	kept   = "kept"
	broken = "broken"
)

// Legs measures how long cases take and what becomes of them, from the transitions that this process writes. It is safe for concurrent use.
type Legs struct {
	seconds   *prometheus.HistogramVec
	workhours *prometheus.HistogramVec
	promises  *prometheus.CounterVec
	inputs    *prometheus.CounterVec
	outcomes  *prometheus.CounterVec
	clocks    *prometheus.CounterVec
	detected  prometheus.Histogram
	reasons   []string
	worked    func(from, to time.Time) time.Duration
}

// NewLegs registers the metrics; reasons are all the codes that a refusal may carry, and worked counts office time.
func NewLegs(reg prometheus.Registerer, reasons []string, worked func(from, to time.Time) time.Duration) *Legs {
	l := &Legs{
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_leg_seconds",
			Help: "Wall time of one leg of a case, between the events of its file.", Buckets: legBuckets}, []string{"leg"}),
		// Not in seconds: an office hour is no amount of wall time, and the promise is counted in working days.
		workhours: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_leg_workhours",
			Help: "Office hours of one leg of a case that people work on; a working day has as many as the calendar says, 7 without a word.", Buckets: docket.HourBounds}, []string{"leg"}),
		promises: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_promises_total",
			Help: "Promised times (T1) by what became of them: kept when the case was settled in time, broken when its deadline was passed."}, []string{"result"}),
		inputs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_inputs_total",
			Help: "Inputs that changed a file, by kind."}, []string{"kind"}),
		outcomes: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_outcomes_total",
			Help: "Decided cases by outcome; reason_class is the only reason's code, several, or none."}, []string{"outcome", "reason_class"}),
		clocks: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_deadline_events_total",
			Help: "Warnings and breaches recorded, by clock."}, []string{"clock", "event"}),
		detected: prometheus.NewHistogram(prometheus.HistogramOpts{Name: "permithub_deadline_detection_seconds",
			Help: "Time from a deadline or warning to its detection.", Buckets: []float64{.05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 3600}}),
		reasons: append(slices.Clone(reasons), severalReasons, noReason, other),
		worked:  worked,
	}
	l.declare()
	reg.MustRegister(l.seconds, l.workhours, l.promises, l.inputs, l.outcomes, l.clocks, l.detected)
	return l
}

func (l *Legs) declare() {
	for _, leg := range legs {
		l.seconds.WithLabelValues(leg)
	}
	for _, leg := range workLegs {
		l.workhours.WithLabelValues(leg)
	}
	for _, r := range []string{kept, broken} {
		l.promises.WithLabelValues(r)
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
}

// Observe counts a transition; one that is told twice counts twice.
func (l *Legs) Observe(t *schemas.Transition) {
	l.inputs.WithLabelValues(oneOf(string(t.Input.Kind), inputKinds)).Inc()
	for i := range t.Events {
		l.event(t, &t.Events[i])
	}
	for _, m := range Measures(t) {
		l.seconds.WithLabelValues(m.Leg).Observe(m.Took().Seconds())
		if slices.Contains(workLegs, m.Leg) {
			l.workhours.WithLabelValues(m.Leg).Observe(max(0, l.worked(m.From, m.To)).Hours())
		}
	}
}

func (l *Legs) event(t *schemas.Transition, e *schemas.Event) {
	switch e.Type {
	case schemas.EvIssued:
		l.outcomes.WithLabelValues("issued", noReason).Inc()
		l.settled(t, e)
	case schemas.EvWithdrawn:
		l.outcomes.WithLabelValues("withdrawn", noReason).Inc()
	case schemas.EvRefused, schemas.EvNotAccepted:
		l.outcomes.WithLabelValues(e.Type, l.class(e.Reasons)).Inc()
		if e.Type == schemas.EvRefused {
			l.settled(t, e)
		}
	case schemas.EvWarned, schemas.EvBreached:
		name := map[string]string{schemas.EvWarned: "warned", schemas.EvBreached: "breached"}[e.Type]
		l.clocks.WithLabelValues(oneOf(e.Clock, clockIDs), name).Inc()
		if e.Type == schemas.EvBreached && e.Clock == docket.Promise {
			l.promises.WithLabelValues(broken).Inc()
		}
		if e.DetectedAt != nil {
			l.detected.Observe(max(0, e.DetectedAt.Sub(e.At.Time)).Seconds())
		}
	}
	if e.To == schemas.StageRevoked {
		l.outcomes.WithLabelValues("revoked", noReason).Inc()
	}
}

// settled counts a promise that was kept. One that was not has been counted at its breach, whether or not the case is settled yet.
func (l *Legs) settled(t *schemas.Transition, e *schemas.Event) {
	if w := waypointsOf(t, e.ApplicationNo); w.promised != nil && e.At.Before(w.promised.Time) {
		l.promises.WithLabelValues(kept).Inc()
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
