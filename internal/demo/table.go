package demo

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/charmbracelet/lipgloss"
	"github.com/charmbracelet/lipgloss/table"

	"permithub/internal/casework"
	"permithub/schemas"
)

// Table prints the results as people read them: names masked, reasons in Chinese.
func Table(w io.Writer, results []*Result) error {
	t := table.New().Border(lipgloss.NormalBorder()).BorderRow(false).BorderColumn(false).
		Headers("", "申请编号", "姓名", "类型", "结果", "理由或补正事项", "居住证号", "应办结", "用时").
		StyleFunc(func(row, col int) lipgloss.Style {
			s := lipgloss.NewStyle().PaddingRight(1)
			switch {
			case row == table.HeaderRow:
				return s.Bold(true)
			case col == 0 && !results[row].AsExpected():
				return s.Foreground(lipgloss.Color("1")).Bold(true)
			case col == 0:
				return s.Foreground(lipgloss.Color("2"))
			case col == 5:
				return s.Width(44)
			}
			return s
		})
	for _, r := range results {
		t.Row(r.row()...)
	}
	_, err := fmt.Fprintln(w, t.Render())
	return err
}

func (r *Result) row() []string {
	mark := "✓"
	if !r.AsExpected() {
		mark = "✗"
	}
	return []string{
		mark, dash(r.ApplicationNo), dash(schemas.Masked(r.identity.FullName)), typeName(r.identity.RecognitionType), r.outcomeName(), dash(r.why()),
		dash(r.PermitNo), due(r.DueAt), fmt.Sprintf("%.0f ms", r.ElapsedMS),
	}
}

func dash(s string) string {
	if s == "" {
		return "—"
	}
	return s
}

func typeName(t string) string {
	switch schemas.RecognitionType(t) {
	case schemas.ExistingPermit:
		return "证件互认"
	case schemas.RegistrationTime:
		return "登记时间"
	}
	return "—"
}

func (r *Result) outcomeName() string {
	if r.Outcome == outcomeRejected {
		return fmt.Sprintf("未接收 %d", r.HTTPStatus)
	}
	return schemas.Stage(r.Outcome).Name()
}

// why tells reasons, missing items or faults, whichever the line came to.
func (r *Result) why() string {
	var out []string
	for _, code := range r.Reasons {
		out = append(out, casework.ReasonText(code))
	}
	for _, item := range r.Missing {
		out = append(out, "补正："+casework.ItemText(item))
	}
	for _, p := range r.Problems {
		out = append(out, strings.TrimSpace(p.Pointer+" "+firstOf(p.MessageZH, p.MessageEN, p.Code)))
	}
	for _, x := range r.Rejected {
		out = append(out, "未接受的操作："+x.Action+"（"+x.Code+"）")
	}
	return strings.Join(out, "；")
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

// due shows the last moment inside a half-open limit as its day ends: 24:00.
func due(t *schemas.Time) string {
	if t == nil {
		return "—"
	}
	local := t.In(schemas.Shanghai)
	if local.Hour() == 0 && local.Minute() == 0 && local.Second() == 0 {
		return local.Add(-time.Second).Format("01-02") + " 24:00"
	}
	return local.Format("01-02 15:04")
}

// Summary says in one line how many lines came to what.
func Summary(results []*Result) string {
	counts := map[string]int{}
	var order []string
	unexpected := 0
	for _, r := range results {
		name := r.outcomeName()
		if r.Outcome == outcomeRejected {
			name = "未接收"
		}
		if counts[name]++; counts[name] == 1 {
			order = append(order, name)
		}
		if !r.AsExpected() {
			unexpected++
		}
	}
	parts := make([]string, 0, len(order))
	for _, name := range order {
		parts = append(parts, fmt.Sprintf("%s %d", name, counts[name]))
	}
	return fmt.Sprintf("共 %d 件：%s。与预期不符 %d 件。", len(results), strings.Join(parts, "，"), unexpected)
}

// OneLine says what became of one application on one line.
func (r *Result) OneLine() string {
	return fmt.Sprintf("%s  %s  %s  %s  %.0f ms", dash(r.ApplicationNo), schemas.Masked(r.identity.FullName), r.outcomeName(), dash(firstOf(r.PermitNo, r.why())), r.ElapsedMS)
}
