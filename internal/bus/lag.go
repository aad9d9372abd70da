package bus

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	lagRecordsDesc = prometheus.NewDesc("permithub_consumer_lag_records",
		"Records between a step's position and the end of its topics, in the partitions this process owns. Retry tiers are left out.", []string{"step"}, nil)
	lagSecondsDesc = prometheus.NewDesc("permithub_consumer_lag_seconds",
		"Age of the oldest record that a step holds unfinished, in the partitions this process owns; 0 without one. Retry tiers are left out.", []string{"step"}, nil)
)

// lagCollector reads the lag when it is scraped, so that it never goes stale and costs the consumers nothing.
type lagCollector struct {
	mu    sync.Mutex
	steps map[string]map[*partition]struct{}
}

func newLagCollector() *lagCollector {
	return &lagCollector{steps: map[string]map[*partition]struct{}{}}
}

// declare makes the step visible at zero.
func (l *lagCollector) declare(step string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.steps[step] == nil {
		l.steps[step] = map[*partition]struct{}{}
	}
}

// watch counts the partition until the returned function is called.
func (l *lagCollector) watch(step string, p *partition) (stop func()) {
	l.declare(step)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps[step][p] = struct{}{}
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.steps[step], p)
	}
}

// Describe implements prometheus.Collector.
func (l *lagCollector) Describe(ch chan<- *prometheus.Desc) {
	ch <- lagRecordsDesc
	ch <- lagSecondsDesc
}

// Collect implements prometheus.Collector.
func (l *lagCollector) Collect(ch chan<- prometheus.Metric) {
	l.mu.Lock()
	defer l.mu.Unlock()
	now := time.Now()
	for step, partitions := range l.steps {
		var records int64
		var age time.Duration
		for p := range partitions {
			behind, oldest := p.lag()
			records += behind
			if !oldest.IsZero() {
				age = max(age, now.Sub(oldest))
			}
		}
		ch <- prometheus.MustNewConstMetric(lagRecordsDesc, prometheus.GaugeValue, float64(records), step)
		ch <- prometheus.MustNewConstMetric(lagSecondsDesc, prometheus.GaugeValue, age.Seconds(), step)
	}
}
