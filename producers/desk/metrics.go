package desk

import (
	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/reception"
)

// Results of a request, beside those of every reception.
const (
	resultAccepted  = "accepted"
	resultRefused   = "refused" // by the case
	resultPending   = "pending" // the log had no answer in time
	resultShown     = "shown"
	resultForbidden = "forbidden"
)

var results = []string{resultAccepted, resultRefused, resultPending, resultShown, reception.Faulty, resultForbidden, reception.NotFound, reception.Unavailable, reception.Busy, reception.Unauthorised}

// Operations of the interface.
const (
	opAct  = "act"
	opShow = "show"
)

// newRequests registers the counter of requests with every label value that can occur, so that zero is visible.
func newRequests(reg prometheus.Registerer) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Name: "permithub_desk_requests_total",
		Help: "Requests of officers by operation and how they were answered."}, []string{"operation", "result"})
	reg.MustRegister(c)
	for _, op := range []string{opAct, opShow} {
		for _, result := range results {
			c.WithLabelValues(op, result)
		}
	}
	return c
}
