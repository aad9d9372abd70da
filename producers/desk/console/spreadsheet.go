package console

import (
	"fmt"
	"strings"

	"github.com/xuri/excelize/v2"
)

// sheet is one page of a spreadsheet: the first line is its heading. Cells are texts and whole numbers.
type sheet struct {
	name  string
	cells [][]any
}

// download answers with a spreadsheet.
func (v *visit) download(name string, sheets []sheet) error {
	f, err := spreadsheet(sheets)
	if err != nil {
		return err
	}
	v.w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
	v.w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	_, err = f.WriteTo(v.w)
	return err
}

// spreadsheet writes what is a text as a text: a number of 18 digits keeps all of them. What a spreadsheet program would take for a formula when
// the cell is edited or saved as CSV gets an apostrophe before it. Counts are numbers.
func spreadsheet(sheets []sheet) (*excelize.File, error) {
	f := excelize.NewFile()
	style, err := f.NewStyle(&excelize.Style{NumFmt: 49}) // "@", text
	if err != nil {
		return nil, fmt.Errorf("make spreadsheet: %w", err)
	}
	for i, s := range sheets {
		if err := s.write(f, i, style); err != nil {
			return nil, fmt.Errorf("make spreadsheet: sheet %d: %w", i+1, err)
		}
	}
	return f, nil
}

func (s *sheet) write(f *excelize.File, at, style int) error {
	name := strings.NewReplacer("/", "-", ":", " ").Replace(s.name) // what a name of a sheet may not have
	if at == 0 {
		if err := f.SetSheetName("Sheet1", name); err != nil {
			return err
		}
	} else if _, err := f.NewSheet(name); err != nil {
		return err
	}
	w, err := f.NewStreamWriter(name)
	if err != nil {
		return err
	}
	for i, line := range s.cells {
		row := make([]any, len(line))
		for j, cell := range line {
			if text, ok := cell.(string); ok {
				row[j] = excelize.Cell{StyleID: style, Value: neutral(text)}
			} else {
				row[j] = cell
			}
		}
		if err := w.SetRow(fmt.Sprintf("A%d", i+1), row); err != nil {
			return err
		}
	}
	return w.Flush()
}

func neutral(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@' || text[0] == '\t' || text[0] == '\r') {
		return "'" + text
	}
	return text
}
