package overdue

import (
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/deadline"
)

// Kinds of rung.
const (
	kindWarning  = "warning"
	kindDeadline = "deadline"
)

// Clocks that this machine's is compared with.
const (
	againstRedis = "redis"
	againstKafka = "kafka"
)

type metrics struct {
	claimed  *prometheus.CounterVec
	poll     prometheus.Histogram
	lateness *prometheus.HistogramVec
	failures prometheus.Counter
	skew     *prometheus.GaugeVec
	held     prometheus.Gauge
	waiting  *prometheus.GaugeVec
	last     prometheus.Gauge
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	kind := []string{"kind"}
	m := &metrics{
		claimed: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "permithub_deadlines_claimed_total", Help: "Rungs that were claimed and put on case-input: warning, or deadline for the last one of a clock."}, kind),
		poll: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "permithub_overdue_poll_seconds", Help: "Time one look for due deadlines took, with producing what it found.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10}}),
		// From the goal of a second to what a weekend of downtime costs.
		lateness: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "permithub_deadline_lateness_seconds", Help: "Time from the instant at which a rung was reached until it stood in case-input.",
			Buckets: []float64{.01, .05, .1, .25, .5, 1, 2, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400, 259200}}, kind),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "permithub_overdue_failures_total", Help: "Looks for due deadlines that Redis or Kafka did not let end."}),
		skew: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "permithub_clock_skew_seconds", Help: "How far this machine's clock is ahead of Redis's, and, at the least, of that of the Kafka broker which dated a record last; negative is behind."}, []string{"against"}),
		held: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "permithub_overdue_clock_held", Help: "1 while this machine's clock runs too far ahead to be believed: deadlines wait until Redis's and Kafka's clocks reach them."}),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "permithub_deadline_index_entries", Help: "Rungs in Redis: armed (due later), due (not yet claimed), claimed (the log has not answered yet)."}, []string{"state"}),
		last: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "permithub_overdue_last_run_timestamp_seconds", Help: "When the last look for due deadlines ended well, by this machine's clock; the start of the process before the first."}),
	}
	for _, other := range []string{againstRedis, againstKafka} {
		m.skew.WithLabelValues(other)
	}
	for _, k := range []string{kindWarning, kindDeadline} {
		m.claimed.WithLabelValues(k)
		m.lateness.WithLabelValues(k)
	}
	m.count(deadline.Counts{})
	m.last.SetToCurrentTime()
	if reg == nil {
		return m, nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.claimed, m.poll, m.lateness, m.failures, m.skew, m.held, m.waiting, m.last} {
		errs = append(errs, reg.Register(c))
	}
	return m, errors.Join(errs...)
}

func (m *metrics) produced(entries []deadline.Entry, now time.Time) {
	for _, e := range entries {
		kind := kindWarning
		if e.Rung >= 100 {
			kind = kindDeadline
		}
		m.claimed.WithLabelValues(kind).Inc()
		m.lateness.WithLabelValues(kind).Observe(now.Sub(e.Due).Seconds())
	}
}

func (m *metrics) count(c deadline.Counts) {
	m.waiting.WithLabelValues("armed").Set(float64(c.Armed))
	m.waiting.WithLabelValues("due").Set(float64(c.Due))
	m.waiting.WithLabelValues("claimed").Set(float64(c.Claimed))
}
