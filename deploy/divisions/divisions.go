// Package divisions holds the county's townships as data, inside the binary: one table for whoever checks, counts or shows them.
//
// # File
//
// townships.tsv has a heading line, then code (9 digits), name and English name of one township a line, separated by tabs, in the order of the
// codes. Source: 海盐县 330424, towns and sub-districts, 统计用区划代码; the English names are the pinyin of the proper part. A township that is
// founded or abolished is a change of the file, not of the program.
package divisions

import (
	_ "embed" // the table
	"slices"
	"strings"
	"sync"
)

//go:embed townships.tsv
var townshipTSV string

// Township is one town (镇) or sub-district (街道).
type Township struct {
	Code, Name, English string
}

var townships = sync.OnceValue(func() []Township { return parse(townshipTSV) })

// Townships returns the townships of the county in the order of their codes. The slice is the caller's own.
func Townships() []Township { return slices.Clone(townships()) }

// Find returns the township of a code, and false where the county has none.
func Find(code string) (Township, bool) {
	i, ok := slices.BinarySearchFunc(townships(), code, func(t Township, code string) int { return strings.Compare(t.Code, code) })
	if !ok {
		return Township{}, false
	}
	return townships()[i], true
}

// parse reads the lines after the heading; the file is a part of the program, and its test reads every line.
func parse(tsv string) []Township {
	var out []Township
	for i, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		if fields := strings.Split(line, "\t"); i > 0 && len(fields) == 3 {
			out = append(out, Township{fields[0], fields[1], fields[2]})
		}
	}
	return out
}
