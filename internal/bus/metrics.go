package bus

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"
)

// results of a step's records, a closed set.
const (
	resultDone         = "done"
	resultRedelivered  = "redelivered"
	resultRetried      = "retried"
	resultDeadLettered = "dead_lettered"
)

var results = []string{resultDone, resultRedelivered, resultRetried, resultDeadLettered}

// metrics are what the bus counts. Labels are closed sets: step names, tiers and fault classes.
type metrics struct {
	handleSeconds  *prometheus.HistogramVec
	records        *prometheus.CounterVec
	retries        *prometheus.CounterVec
	deadLetters    *prometheus.CounterVec
	voidRecords    prometheus.Counter
	produceSeconds prometheus.Histogram
	paused         *prometheus.GaugeVec
	hung           *prometheus.GaugeVec
	stopped        *prometheus.GaugeVec
	lag            *lagCollector
}

func newMetrics(reg prometheus.Registerer) (*metrics, error) {
	counter := func(name, help string, labels ...string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, labels)
	}
	gauge := func(name, help string, labels ...string) *prometheus.GaugeVec {
		return prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: name, Help: help}, labels)
	}
	// From a cached answer to a foreign call that times out after a minute.
	buckets := []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60}
	m := &metrics{
		handleSeconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "permithub_step_handle_seconds", Help: "Time one handler call of a step took: one record, or one batch.", Buckets: buckets}, []string{"step"}),
		records: counter("permithub_step_records_total",
			"Records a step was given, by result: done, redelivered (handed over again), retried (moved to a retry tier), dead_lettered.", "step", "result"),
		retries:     counter("permithub_retries_total", "Records moved to a retry tier.", "step", "tier"),
		deadLetters: counter("permithub_dead_letters_total", "Records written to the dead letters, by class of the error.", "step", "class"),
		voidRecords: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "permithub_log_void_records_total", Help: "Records of a stamped topic that were read and dropped, because they landed at another offset than their writer expected."}),
		produceSeconds: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "permithub_produce_seconds", Help: "Time from handing records over to their acknowledgement by all in-sync replicas.", Buckets: buckets}),
		paused:  gauge("permithub_step_paused", "1 while a step waits for a far side that is unavailable, and until nothing has failed for 5 s.", "step"),
		hung:    gauge("permithub_step_hung", "Handler calls of a step that have taken longer than the limit and still run.", "step"),
		stopped: gauge("permithub_partition_stopped", "1 where a partition is not read, because its position lies outside what the topic holds.", "topic", "partition"),
		lag:     newLagCollector(),
	}
	return m, m.register(reg)
}

func (m *metrics) register(reg prometheus.Registerer) error {
	if reg == nil {
		return nil
	}
	var errs []error
	for _, c := range []prometheus.Collector{m.handleSeconds, m.records, m.retries, m.deadLetters, m.voidRecords, m.produceSeconds, m.paused, m.hung, m.stopped, m.lag} {
		errs = append(errs, reg.Register(c))
	}
	return errors.Join(errs...)
}

// declare makes every series of a step visible at zero.
func (m *metrics) declare(step string, tiers []Tier) {
	m.handleSeconds.WithLabelValues(step)
	m.paused.WithLabelValues(step).Set(0)
	m.hung.WithLabelValues(step).Set(0)
	for _, r := range results {
		m.records.WithLabelValues(step, r)
	}
	for _, t := range tiers {
		m.retries.WithLabelValues(step, t.Topic)
	}
	for _, class := range deadLetterClasses {
		m.deadLetters.WithLabelValues(step, class.String())
	}
}
