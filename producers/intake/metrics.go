package intake

import (
	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/gateway"
	"permithub/internal/reception"
)

// Results of a request, beside those of every reception.
const (
	resultAccepted   = "accepted"
	resultRepeated   = "repeated"
	resultConflict   = "conflict"
	resultSupplement = "supplement"
	resultWithdrawal = "withdrawal"
	resultStatus     = "status"
)

var results = []string{resultAccepted, resultRepeated, resultConflict, resultSupplement, resultWithdrawal, resultStatus, reception.Faulty, reception.NotFound,
	reception.Unavailable, reception.Busy, reception.Unauthorised}

// unknownSource stands for a request that no key signed.
const unknownSource = "unknown"

var denialNames = map[gateway.Reason]string{gateway.InvalidAccessKey: "access_key", gateway.ClockSkew: "clock_skew",
	gateway.InvalidSignature: "signature", gateway.RouteForbidden: "route"}

type metrics struct {
	requests   *prometheus.CounterVec
	denials    *prometheus.CounterVec
	cardErrors *prometheus.CounterVec
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
		denials:    counter("denials_total", "Requests whose signature was not accepted, by reason.", "reason"),
		cardErrors: counter("card_errors_total", "Looks into and writes to the card store that failed; intake went on without it.", "op"),
	}
	for _, source := range append([]string{unknownSource}, sources...) {
		for _, result := range results {
			m.requests.WithLabelValues(source, result)
		}
	}
	for _, reason := range denialNames {
		m.denials.WithLabelValues(reason)
	}
	for _, op := range []string{"find", "reserve", "put"} {
		m.cardErrors.WithLabelValues(op)
	}
	return m
}
