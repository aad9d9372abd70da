package calendar

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/mattn/go-runewidth"
)

// Explain writes a deadline for people, in Chinese: the limit, the end, and the ledger day by day with the reason and the
// notice behind each day. It returns the writer's error.
func Explain(w io.Writer, accepted time.Time, d Deadline) error {
	var b strings.Builder
	accepted = accepted.In(Shanghai)
	fmt.Fprintf(&b, "受理  %s %s\n", dayName(Of(accepted)), accepted.Format(time.TimeOnly))
	fmt.Fprintf(&b, "期限  %v，受理当日不计（民法典第二百零一条）；%s\n", d.Limit, d.Limit.rule())
	fmt.Fprintf(&b, "截止  %s %s；自 %s 起为逾期\n", dayName(d.LastDay), d.endClock(), d.Due.In(Shanghai).Format(time.RFC3339))
	fmt.Fprintf(&b, "日历  %s\n", d.CalendarVersion)
	if d.Provisional {
		b.WriteString("暂定  标有“暂定”的日期所在年份的放假通知尚未载入，仅按周末和日期固定的法定节假日推算，通知载入后重新计算\n")
	}
	b.WriteString("\n")
	writeTable(&b, d.rows())
	_, err := io.WriteString(w, b.String())
	return err
}

func (l Limit) rule() string {
	days := "只计工作日，调休上班日为工作日（行政许可法第八十二条）"
	if l.Unit == CalendarDays {
		days = "末日为休息日的顺延至下一工作日（民法典第二百零三条）"
	}
	if l.End == CloseOfBusiness {
		return days + "；末日下班时届满（民法典第二百零三条）"
	}
	return days + "；末日二十四时届满（民法典第二百零三条）"
}

// endClock returns the end as seen from the last day: 24:00, not 00:00 of the day after.
func (d Deadline) endClock() string { return clock(d.Due.Sub(d.LastDay.Start())) }

func (d Deadline) rows() [][]string {
	rows := [][]string{{"日期", "计数", "说明", "依据"}}
	full := false
	for i, day := range d.Ledger {
		why := day.Why
		if day.Provisional {
			why += "，暂定"
		}
		if day.PausedSeconds > 0 {
			why += "，中止 " + (time.Duration(day.PausedSeconds * float64(time.Second))).Round(time.Second).String()
		}
		rows = append(rows, []string{dayName(day.Date), countName(i, day, full), why, day.Notice})
		full = full || day.Counted >= d.Limit.Days && day.Counted > 0
	}
	return rows
}

// countName says how a day counts; full means that the days of the limit are used up before it.
func countName(row int, day Day, full bool) string {
	switch {
	case row == 0:
		return "受理当日"
	case day.Counted > 0:
		return fmt.Sprintf("第%d日", day.Counted)
	case full:
		return "顺延"
	}
	return "不计"
}

func dayName(d Date) string {
	return d.String() + " 周" + [...]string{"日", "一", "二", "三", "四", "五", "六"}[d.Weekday()]
}

// writeTable pads columns by their width on a terminal, where a Chinese character takes two cells. The
// condition is fixed, because the library's own follows the locale of the process.
func writeTable(b *strings.Builder, rows [][]string) {
	width := runewidth.Condition{}
	columns := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			columns[i] = max(columns[i], width.StringWidth(cell))
		}
	}
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			line.WriteString(width.FillRight(cell, columns[i]+2))
		}
		b.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
}
