package clock

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/deadline"
)

type metrics struct {
	batches *prometheus.CounterVec
	replays prometheus.Counter
}

func newMetrics(reg prometheus.Registerer, staleness func() float64) (*metrics, error) {
	m := &metrics{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "permithub_deadline_index_batches_total",
			Help: "Batches of the case log offered to Redis, by what its mark said: applied, already, overlap, regressed.",
		}, []string{"verdict"}),
		replays: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "permithub_deadline_index_replays_total",
			Help: "Replays of a partition because Redis had lost what was in it, or was ahead of the log.",
		}),
	}
	for _, v := range []deadline.Verdict{deadline.Applied, deadline.Already, deadline.Overlap, deadline.Regressed} {
		m.batches.WithLabelValues(string(v))
	}
	stale := prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "permithub_deadline_index_staleness_seconds",
		Help: "How long ago Redis was last known to hold each partition that this process owns; below 2 when all is well.",
	}, staleness)
	if reg == nil {
		return m, nil
	}
	return m, errors.Join(reg.Register(m.batches), reg.Register(m.replays), reg.Register(stale))
}
