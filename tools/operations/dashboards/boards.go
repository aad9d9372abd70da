package main

import "github.com/grafana/grafana-foundation-sdk/go/dashboard"

func row(title string) *dashboard.RowBuilder { return dashboard.NewRowBuilder(title) }

// overview is what the duty officer looks at: is a citizen waiting too long, does anything stand still.
func overview() *dashboard.DashboardBuilder {
	return board("permithub-overview", "居住证互认 · 值班总览", "有没有人等得太久，有没有环节停住。").
		WithPanel(number("在办案件", "尚未结束的申请", unitCount, `sum(permithub_open_cases)`, 0, 0)).
		WithPanel(number("超过承诺时限", "承诺时限（T1）已过的在办案件", unitCount, `sum(permithub_deadlines{clock="T1",state="breached"})`, 1, 1)).
		WithPanel(number("已预警", "承诺时限（T1）已到预警档的在办案件", unitCount, `sum(permithub_deadlines{clock="T1",state="warned"})`, 1, 10)).
		WithPanel(number("等得最久的案件", "自提交起", unitSeconds, `max(permithub_oldest_open_case_age_seconds)`, 86400, 4*86400)).
		WithPanel(number("新证已发、旧证未销", "仍然有效的原居住证", unitCount, `sum(permithub_superseded_permits)`, 1, 5)).
		WithPanel(number("死信", "尚无人重放或放弃的死信", unitCount, `max(permithub_dead_letters_standing)`, 1, 1)).
		WithPanel(number("熔断的外部系统", "调用已暂停", unitCount, `sum(max by (system) (permithub_breaker_open))`, 1, 1)).
		WithPanel(number("时限轮询距今", "上次成功检查到期时限", unitSeconds, `time() - max(permithub_overdue_last_run_timestamp_seconds)`, 15, 60)).
		WithPanel(lines("各环节在办案件", "", unitCount, half, query{`sum by (stage) (permithub_open_cases)`, "{{stage}}"})).
		WithPanel(lines("办理结果（每分钟）", "", unitCount, half, query{`60 * sum by (outcome) (rate(permithub_outcomes_total[$__rate_interval]))`, "{{outcome}}"})).
		WithPanel(lines("受理请求（每秒）", "按答复", unitRate, half, query{`sum by (result) (rate(permithub_intake_requests_total[$__rate_interval]))`, "{{result}}"})).
		WithPanel(lines("剩余误差预算（30 天）", "1 为一次未失，0 为用完；目标见 deploy/prometheus/slo", unitShare, half, query{`slo:period_error_budget_remaining:ratio`, "{{sloth_slo}}"})).
		WithPanel(lines("步骤积压", "最早未处理记录的等待时间", unitSeconds, half, query{`max by (step) (permithub_consumer_lag_seconds)`, "{{step}}"}))
}

// deadlines is about time limits, kept, at risk and broken, in wall time and in office hours.
func deadlines() *dashboard.DashboardBuilder {
	return board("permithub-deadlines", "居住证互认 · 时限", "承诺时限两个工作日；预警、超期、日历与轮询。").
		WithPanel(number("按时办结率（全部）", "自进程启动以来", unitShare, `sum(permithub_promises_total{result="kept"}) / sum(permithub_promises_total)`, 0.999, 0.99).Span(sixth)).
		WithPanel(number("日历还覆盖", "此后的时限均为暂定", unitDays, `(min(permithub_calendar_horizon_timestamp_seconds) - time()) / 86400`, 60, 30).Span(sixth)).
		WithPanel(number("与 Redis、Kafka 的时钟差", "快 2 秒以上不采信本机时钟", unitSeconds, `max(abs(permithub_clock_skew_seconds))`, 1, 2).Span(sixth)).
		WithPanel(number("索引落后", "Redis 上次确认与日志一致", unitSeconds, `max(permithub_deadline_index_staleness_seconds)`, 10, 60).Span(sixth)).
		WithPanel(number("时钟不被采信的进程", "比 Redis 快 2 秒以上", unitCount, `sum(permithub_overdue_clock_held)`, 1, 1).Span(sixth)).
		WithPanel(number("有误的节假日文件", "未能载入，原日历继续有效；累计", unitCount, `sum(permithub_calendar_loads_total{result="faulty"})`, 1, 1).Span(sixth)).
		WithPanel(bars("时限状态", "在办案件的各项时限", unitCount, third, query{`sum by (clock, state) (permithub_deadlines)`, "{{clock}} {{state}}"})).
		WithPanel(bars("办理时长分布（工作小时）", "受理至办结；累计", unitCount, third, query{`sum by (le) (permithub_leg_workhours_bucket{leg="accepted_settled"})`, "≤ {{le}}"})).
		WithPanel(bars("办理时长分布（自然时间）", "受理至办结；累计", unitCount, third, query{`sum by (le) (permithub_leg_seconds_bucket{leg="accepted_settled"})`, "≤ {{le}} s"})).
		WithPanel(lines("各段用时 P95", "", unitSeconds, half, query{quantile("0.95", "permithub_leg_seconds_bucket", "leg, "), "{{leg}}"})).
		WithPanel(lines("各段工作小时 P95", "", unitHours, half, query{quantile("0.95", "permithub_leg_workhours_bucket", "leg, "), "{{leg}}"})).
		WithPanel(lines("预警与超期", "每小时新增", unitCount, half, query{`sum by (clock, event) (increase(permithub_deadline_events_total[1h]))`, "{{clock}} {{event}}"})).
		WithPanel(lines("到点至入主题 P99", "预警或超期到点后多久写入 case-input", unitSeconds, half, query{quantile("0.99", "permithub_deadline_lateness_seconds_bucket", "kind, "), "{{kind}}"})).
		WithPanel(lines("索引中的档位", "armed 未到，due 已到，claimed 已领取", unitCount, half, query{`max by (state) (permithub_deadline_index_entries)`, "{{state}}"})).
		WithPanel(lines("轮询用时", "一次检查", unitSeconds, half, query{quantile("0.5", "permithub_overdue_poll_seconds_bucket", ""), "P50"}, query{quantile("0.99", "permithub_overdue_poll_seconds_bucket", ""), "P99"}))
}

// systems has one row for each foreign system, named by the adapters.
func systems() *dashboard.DashboardBuilder {
	b := board("permithub-systems", "居住证互认 · 外部系统", "每个外部系统：是否熔断，用时，错误，次数。")
	for _, s := range []struct{ name, title string }{
		{"registration", "流动人口居住登记系统"}, {"epermit", "省电子居住证平台"}, {"sms", "短信网关"}, {"dataplatform", "大数据平台"}, {"archive", "电子档案"},
	} {
		is := `{system="` + s.name + `"}`
		b.WithRow(row(s.title + "（" + s.name + "）")).
			WithPanel(number("熔断", "1 为暂停调用", unitCount, `max(permithub_breaker_open`+is+`)`, 1, 1)).
			WithPanel(lines("调用用时", "", unitSeconds, third+1,
				query{`histogram_quantile(0.5, sum by (le) (rate(permithub_foreign_call_seconds_bucket` + is + `[$__rate_interval])))`, "P50"},
				query{`histogram_quantile(0.99, sum by (le) (rate(permithub_foreign_call_seconds_bucket` + is + `[$__rate_interval])))`, "P99"})).
			WithPanel(lines("调用结果（每秒）", "", unitRate, third+1, query{`sum by (result) (rate(permithub_foreign_call_seconds_count` + is + `[$__rate_interval]))`, "{{result}}"}))
	}
	return b.WithRow(row("回执")).
		WithPanel(lines("短信送达回执", "每秒", unitRate, whole, query{`sum by (result) (rate(permithub_receipts_total[$__rate_interval]))`, "{{result}}"}))
}

// pipeline is about topics and steps.
func pipeline() *dashboard.DashboardBuilder {
	return board("permithub-pipeline", "居住证互认 · 管道内部", "主题、步骤、重试、死信、进程。").
		WithPanel(number("停止读取的分区", "", unitCount, `sum(max by (topic, partition) (permithub_partition_stopped))`, 1, 1)).
		WithPanel(number("暂停的步骤", "等待外部系统", unitCount, `sum(max by (step) (permithub_step_paused))`, 1, 1)).
		WithPanel(number("卡住的调用", "", unitCount, `sum(permithub_step_hung)`, 1, 1)).
		WithPanel(number("最早的死信", "", unitSeconds, `max(permithub_dead_letter_age_seconds)`, 600, 1800)).
		WithPanel(lines("各步骤记录（每秒）", "", unitRate, half, query{`sum by (step) (rate(permithub_step_records_total{result="done"}[$__rate_interval]))`, "{{step}}"})).
		WithPanel(lines("积压记录", "", unitCount, half, query{`sum by (step) (permithub_consumer_lag_records)`, "{{step}}"})).
		WithPanel(lines("一次处理用时 P99", "", unitSeconds, half, query{quantile("0.99", "permithub_step_handle_seconds_bucket", "step, "), "{{step}}"})).
		WithPanel(lines("写入 Kafka 用时", "至全部同步副本确认", unitSeconds, half, query{quantile("0.5", "permithub_produce_seconds_bucket", ""), "P50"}, query{quantile("0.99", "permithub_produce_seconds_bucket", ""), "P99"})).
		WithPanel(lines("重试与死信", "每秒", unitRate, half, query{`sum by (tier) (rate(permithub_retries_total[$__rate_interval]))`, "{{tier}}"}, query{`sum(rate(permithub_dead_letters_total[$__rate_interval]))`, "死信"})).
		WithPanel(lines("作废与重放", "每秒；作废记录来自两个写者相遇", unitRate, half, query{`sum(rate(permithub_log_void_records_total[$__rate_interval]))`, "作废记录"}, query{`sum(rate(permithub_deadline_index_replays_total[$__rate_interval]))`, "索引重放"})).
		WithPanel(lines("输入", "每秒，按种类", unitRate, half, query{`sum by (kind) (rate(permithub_inputs_total[$__rate_interval]))`, "{{kind}}"})).
		WithPanel(lines("进程内存", "", "bytes", half, query{`process_resident_memory_bytes{job="permithub"}`, "{{instance}}"})).
		WithPanel(lines("goroutine", "", unitCount, half, query{`go_goroutines{job="permithub"}`, "{{instance}}"})).
		WithPanel(lines("日志中遮盖的个人信息", "应当始终为 0：每一次都是程序缺陷", unitCount, half, query{`sum(permithub_log_redactions_total)`, "次数"}))
}
