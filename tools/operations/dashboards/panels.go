package main

import (
	"github.com/grafana/grafana-foundation-sdk/go/bargauge"
	"github.com/grafana/grafana-foundation-sdk/go/cog"
	"github.com/grafana/grafana-foundation-sdk/go/common"
	"github.com/grafana/grafana-foundation-sdk/go/dashboard"
	"github.com/grafana/grafana-foundation-sdk/go/prometheus"
	"github.com/grafana/grafana-foundation-sdk/go/stat"
	"github.com/grafana/grafana-foundation-sdk/go/timeseries"
)

// Sizes on Grafana's grid of 24 columns.
const (
	sixth, quarter, third, half, whole = 4, 6, 8, 12, 24
	low, high                          = 4, 8
)

// Units as Grafana names them.
const (
	unitCount   = "short"
	unitSeconds = "s"
	unitHours   = "h"
	unitDays    = "d"
	unitShare   = "percentunit"
	unitRate    = "cps"
)

// board is a dashboard of this product: same tag, so that Grafana links them, same source, same look.
func board(uid, title, description string) *dashboard.DashboardBuilder {
	return dashboard.NewDashboardBuilder(title).Uid(uid).Description(description).Tags([]string{"permithub"}).
		Timezone("Asia/Shanghai").Refresh("30s").Time("now-6h", "now").Readonly().Tooltip(dashboard.DashboardCursorSyncCrosshair).
		WithVariable(dashboard.NewDatasourceVariableBuilder("datasource").Type("prometheus").Label("Prometheus")).
		Link(dashboard.NewDashboardLinkBuilder("permithub").Type(dashboard.DashboardLinkTypeDashboards).Tags([]string{"permithub"}).IncludeVars(true).KeepTime(true))
}

func source() common.DataSourceRef {
	return common.DataSourceRef{Type: cog.ToPtr("prometheus"), Uid: cog.ToPtr("${datasource}")}
}

// query is one PromQL expression and how a series of it is called.
type query struct{ expr, legend string }

func (q query) target() *prometheus.DataqueryBuilder {
	return prometheus.NewDataqueryBuilder().Datasource(source()).Expr(q.expr).LegendFormat(q.legend)
}

// number shows one value, green until warn and red from alarm on; both zero leaves it uncoloured.
func number(title, description, unit, expr string, warn, alarm float64) *stat.PanelBuilder {
	p := stat.NewPanelBuilder().Title(title).Description(description).Datasource(source()).Unit(unit).Span(quarter).Height(low).
		GraphMode(common.BigValueGraphModeArea).WithTarget(query{expr, ""}.target())
	if warn == 0 && alarm == 0 {
		return p
	}
	return p.Thresholds(steps(warn, alarm))
}

// steps colour what is bad when high; where alarm lies below warn, what is bad when low.
func steps(warn, alarm float64) *dashboard.ThresholdsConfigBuilder {
	at := []dashboard.Threshold{{Color: "green"}, {Value: cog.ToPtr(warn), Color: "orange"}, {Value: cog.ToPtr(alarm), Color: "red"}}
	if alarm < warn {
		at = []dashboard.Threshold{{Color: "red"}, {Value: cog.ToPtr(alarm), Color: "orange"}, {Value: cog.ToPtr(warn), Color: "green"}}
	}
	return dashboard.NewThresholdsConfigBuilder().Mode(dashboard.ThresholdsModeAbsolute).Steps(at)
}

// lines shows series over time.
func lines(title, description, unit string, span uint32, queries ...query) *timeseries.PanelBuilder {
	p := timeseries.NewPanelBuilder().Title(title).Description(description).Datasource(source()).Unit(unit).Min(0).Span(span).Height(high).
		FillOpacity(8).ShowPoints(common.VisibilityModeNever).
		Legend(common.NewVizLegendOptionsBuilder().DisplayMode(common.LegendDisplayModeList).Placement(common.LegendPlacementBottom).ShowLegend(true))
	for _, q := range queries {
		p.WithTarget(q.target())
	}
	return p
}

// bars compares values at this moment.
func bars(title, description, unit string, span uint32, q query) *bargauge.PanelBuilder {
	return bargauge.NewPanelBuilder().Title(title).Description(description).Datasource(source()).Unit(unit).Min(0).Span(span).Height(high).
		Orientation(common.VizOrientationHorizontal).DisplayMode(common.BarGaugeDisplayModeBasic).WithTarget(q.target().Instant())
}

func quantile(q, histogram, by string) string {
	return "histogram_quantile(" + q + ", sum by (" + by + "le) (rate(" + histogram + "[$__rate_interval])))"
}
