package console

import (
	"fmt"
	"slices"

	"github.com/xuri/excelize/v2"

	"permithub/internal/auditlog"
	"permithub/internal/worklist"
	"permithub/schemas"
)

// shownEntries is how many entries of the audit log the page shows, newest first.
const shownEntries = 200

type auditPage struct {
	Entries []auditlog.Entry
	Whole   bool
	Count   int64
	Head    string
	Fault   string
}

// showAudit shows who looked at what, and whether the chain holds. Looking is an entry too.
func (v *visit) showAudit() error {
	if err := v.record("audit", "", ""); err != nil {
		return err
	}
	var p auditPage
	chain, err := v.ports.Audit.Each(func(e auditlog.Entry) error {
		if p.Entries = append(p.Entries, e); len(p.Entries) > 2*shownEntries {
			p.Entries = slices.Delete(p.Entries, 0, shownEntries)
		}
		return nil
	})
	p.Whole, p.Count, p.Head = err == nil, chain.Entries, chain.Head
	if err != nil {
		p.Fault = err.Error()
	}
	if len(p.Entries) > shownEntries {
		p.Entries = p.Entries[len(p.Entries)-shownEntries:]
	}
	slices.Reverse(p.Entries)
	return v.show("audit", "审计", p)
}

// maxExport bounds one spreadsheet.
const maxExport = 20_000

// export writes the open cases of the officer's townships as a spreadsheet, names masked, most urgent first.
func (v *visit) export() error {
	if !v.ports.Ready() {
		return errLoading
	}
	if err := v.record("export", "", ""); err != nil {
		return err
	}
	cells := [][]string{{}}
	for _, h := range []string{"申请编号", "姓名", "环节", "镇（街道）", "互认类型", "渠道", "提交时间", "承诺期限", "剩余时间", "承办人"} {
		cells[0] = append(cells[0], v.lang.text(h))
	}
	for cursor, more := "", true; more && len(cells) <= maxExport; {
		cases, next, err := v.ports.List.List(v.r.Context(), worklist.Filter{Divisions: v.officer.Townships}, cursor, worklist.MaxPage)
		if err != nil {
			return err
		}
		list, err := v.rows(v.r.Context(), cases)
		if err != nil {
			return err
		}
		for i := range list {
			cells = append(cells, v.cells(&list[i]))
		}
		cursor, more = next, next != ""
	}
	f, err := spreadsheet(cells)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	v.w.Header().Set("Content-Disposition", `attachment; filename="cases.xlsx"`)
	_, err = f.WriteTo(v.w)
	return err
}

func (v *visit) cells(r *row) []string {
	due := ""
	if !r.DueAt.IsZero() {
		due = r.DueAt.In(schemas.Shanghai).Format("2006-01-02 15:04")
	}
	return []string{r.ApplicationNo, schemas.Masked(r.Name), v.lang.text(r.Stage.Name()), v.lang.text(townName(r.Division)), v.lang.text(typeNames[r.Type]),
		v.lang.text(channelNames[r.Channel]), r.SubmittedAt.Format("2006-01-02 15:04"), due, r.Left.Text, r.Holder}
}

// spreadsheet writes texts, and nothing but texts: a number of 18 digits keeps all of them. What a spreadsheet program would take for a
// formula when the cell is edited or saved as CSV gets an apostrophe before it.
func spreadsheet(cells [][]string) (*excelize.File, error) {
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@", text
	if err != nil {
		return nil, fmt.Errorf("make spreadsheet: %w", err)
	}
	w, err := f.NewStreamWriter("Sheet1")
	if err != nil {
		return nil, fmt.Errorf("make spreadsheet: %w", err)
	}
	for i, line := range cells {
		row := make([]any, len(line))
		for j, text := range line {
			row[j] = excelize.Cell{StyleID: style, Value: neutral(text)}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return nil, fmt.Errorf("make spreadsheet: %w", err)
		}
	}
	if err := w.Flush(); err != nil {
		return nil, fmt.Errorf("make spreadsheet: %w", err)
	}
	return f, nil
}

func neutral(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@' || text[0] == '\t' || text[0] == '\r') {
		return "'" + text
	}
	return text
}
