package timeline

import (
	"strings"
	"unicode"

	"github.com/mattn/go-runewidth"
)

// columns measures as terminals do, whatever the locale of the process says: a Chinese character takes two columns, an arrow one.
var columns = &runewidth.Condition{StrictEmojiNeutral: true}

// table aligns its columns by width.
type table struct {
	rows  [][]string
	width []int
}

func (t *table) row(cells ...string) {
	for i, c := range cells {
		c = strings.Map(printable, c)
		cells[i] = c
		if i == len(t.width) {
			t.width = append(t.width, 0)
		}
		t.width[i] = max(t.width[i], columns.StringWidth(c))
	}
	t.rows = append(t.rows, cells)
}

// printable keeps what others wrote (opinions, foreign numbers) from steering the terminal.
func printable(r rune) rune {
	if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) {
		return ' '
	}
	return r
}

// write puts two spaces between columns, none at the end of a line and none for a column that is empty throughout.
func (t *table) write(b *strings.Builder, indent string) {
	for _, cells := range t.rows {
		var line strings.Builder
		for i, c := range cells {
			if t.width[i] > 0 {
				line.WriteString(columns.FillRight(c, t.width[i]) + "  ")
			}
		}
		b.WriteString(indent + strings.TrimRight(line.String(), " ") + "\n")
	}
}
