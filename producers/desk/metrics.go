package desk

import (
	"github.com/prometheus/client_golang/prometheus"
)

// Results of a request.
const (
	resultAccepted     = "accepted"
	resultShown        = "shown"
	resultFaulty       = "faulty"
	resultForbidden    = "forbidden"
	resultNotFound     = "not_found"
	resultUnavailable  = "unavailable"
	resultBusy         = "busy"
	resultUnauthorised = "unauthorised"
)

var results = []string{resultAccepted, resultShown, resultFaulty, resultForbidden, resultNotFound, resultUnavailable, resultBusy, resultUnauthorised}

// Operations of the interface.
const (
	opAct  = "act"
	opShow = "show"
)

type metrics struct {
	requests *prometheus.CounterVec
	faults   *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers the metrics with every label value that can occur, so that zero is visible.
func newMetrics(reg prometheus.Registerer) *metrics {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_desk_requests_total",
			Help: "Requests of officers by operation and how they were answered."}, []string{"operation", "result"}),
		faults: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_desk_faults_total", Help: "Faults found in bodies, by code."}, []string{"code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_desk_duration_seconds", Help: "Time from the request to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"operation"}),
	}
	reg.MustRegister(m.requests, m.faults, m.duration)
	for _, op := range []string{opAct, opShow} {
		m.duration.WithLabelValues(op)
		for _, result := range results {
			m.requests.WithLabelValues(op, result)
		}
	}
	for _, c := range Codes() {
		m.faults.WithLabelValues(c.Name)
	}
	return m
}
