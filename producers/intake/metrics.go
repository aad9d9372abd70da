package intake

import (
	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/gateway"
)

// Results of a request.
const (
	resultAccepted     = "accepted"
	resultRepeated     = "repeated"
	resultConflict     = "conflict"
	resultSupplement   = "supplement"
	resultWithdrawal   = "withdrawal"
	resultStatus       = "status"
	resultFaulty       = "faulty"
	resultNotFound     = "not_found"
	resultUnavailable  = "unavailable"
	resultBusy         = "busy"
	resultUnauthorised = "unauthorised"
)

var results = []string{resultAccepted, resultRepeated, resultConflict, resultSupplement, resultWithdrawal, resultStatus, resultFaulty, resultNotFound,
	resultUnavailable, resultBusy, resultUnauthorised}

// unknownSource stands for a request that no key signed.
const unknownSource = "unknown"

var denialNames = map[gateway.Reason]string{gateway.InvalidAccessKey: "access_key", gateway.ClockSkew: "clock_skew",
	gateway.InvalidSignature: "signature", gateway.RouteForbidden: "route"}

type metrics struct {
	requests   *prometheus.CounterVec
	faults     *prometheus.CounterVec
	denials    *prometheus.CounterVec
	cardErrors *prometheus.CounterVec
	duration   *prometheus.HistogramVec
}

// newMetrics registers the metrics with every label value that can occur, so that zero is visible.
func newMetrics(reg prometheus.Registerer, sources []string) *metrics {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_intake_" + name, Help: help}, labels)
		reg.MustRegister(c)
		return c
	}
	m := &metrics{
		requests:   counter("requests_total", "Requests by source and how they were answered.", "source", "result"),
		faults:     counter("faults_total", "Faults found in bodies, by code.", "code"),
		denials:    counter("denials_total", "Requests whose signature was not accepted, by reason.", "reason"),
		cardErrors: counter("card_errors_total", "Looks into and writes to the card store that failed; intake went on without it.", "op"),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{Name: "permithub_intake_duration_seconds", Help: "Time from the request to its answer.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}, []string{"operation"}),
	}
	reg.MustRegister(m.duration)
	for _, source := range append([]string{unknownSource}, sources...) {
		for _, result := range results {
			m.requests.WithLabelValues(source, result)
		}
	}
	for _, c := range Codes() {
		m.faults.WithLabelValues(c.Name)
	}
	for _, reason := range denialNames {
		m.denials.WithLabelValues(reason)
	}
	for _, op := range []string{"find", "reserve", "put"} {
		m.cardErrors.WithLabelValues(op)
	}
	for _, op := range operations {
		m.duration.WithLabelValues(op)
	}
	return m
}
