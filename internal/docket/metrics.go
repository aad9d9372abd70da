package docket

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

var (
	openDesc = prometheus.NewDesc("permithub_open_cases",
		"Open cases of the partitions held by this process, by stage.", []string{"stage"}, nil)
	deadlinesDesc = prometheus.NewDesc("permithub_deadlines",
		"Running time limits of open cases, by clock and by how they stand: breached, paused, warned, provisional (a day it counts has no notice yet), ok.", []string{"clock", "state"}, nil)
	oldestDesc = prometheus.NewDesc("permithub_oldest_open_case_age_seconds",
		"Time since the open case that waits longest was submitted; 0 without one.", nil, nil)
	supersededDesc = prometheus.NewDesc("permithub_superseded_permits",
		"Earlier permits that are still valid although the new one was issued.", nil, nil)
	supersededAgeDesc = prometheus.NewDesc("permithub_superseded_permit_age_seconds",
		"Time since the issue whose earlier permit waits longest for its cancellation; 0 without one.", nil, nil)
	horizonDesc = prometheus.NewDesc("permithub_calendar_horizon_timestamp_seconds",
		"First instant that no State Council notice covers: deadlines beyond it are provisional.", nil, nil)
)

// Describe implements prometheus.Collector.
func (d *Docket) Describe(ch chan<- *prometheus.Desc) {
	for _, desc := range []*prometheus.Desc{openDesc, deadlinesDesc, oldestDesc, supersededDesc, supersededAgeDesc, horizonDesc} {
		ch <- desc
	}
}

// Collect implements prometheus.Collector. Counting at the scrape keeps ages right and costs the deciding of cases nothing.
func (d *Docket) Collect(ch chan<- prometheus.Metric) {
	s := d.Standing()
	gauge := func(desc *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(desc, prometheus.GaugeValue, v, labels...)
	}
	for _, stage := range Stages {
		gauge(openDesc, float64(s.Stages[stage].Open), string(stage))
	}
	for _, clock := range Clocks {
		for _, state := range States {
			gauge(deadlinesDesc, float64(s.Deadlines[clock][state]), clock, string(state))
		}
	}
	gauge(oldestDesc, age(s.At, s.Oldest))
	gauge(supersededDesc, float64(s.Superseded))
	gauge(supersededAgeDesc, age(s.At, s.SupersededSince))
	gauge(horizonDesc, float64(s.Horizon.Unix()))
}

// age is in seconds; a far side's clock that runs ahead of ours gives zero, never less.
func age(now, since time.Time) float64 {
	if since.IsZero() {
		return 0
	}
	return max(0, now.Sub(since).Seconds())
}
