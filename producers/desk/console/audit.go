package console

import (
	"slices"

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
	cells := [][]any{{}}
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
	return v.download("cases.xlsx", []sheet{{v.lang.text("案件清单"), cells}})
}

func (v *visit) cells(r *row) []any {
	due := ""
	if !r.DueAt.IsZero() {
		due = until(r.DueAt)
	}
	return []any{r.ApplicationNo, schemas.Masked(r.Name), v.lang.text(r.Stage.Name()), v.lang.town(r.Division), v.lang.text(typeNames[r.Type]),
		v.lang.text(channelNames[r.Channel]), minute(r.SubmittedAt), due, r.Left.Text, r.Holder}
}
