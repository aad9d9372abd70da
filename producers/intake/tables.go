package intake

import (
	_ "embed" // the tables below
	"strings"
	"sync"
)

var (
	//go:embed data/ethnic-groups.tsv
	ethnicTSV string
	//go:embed data/provinces.tsv
	provinceTSV string
)

var (
	ethnicGroups = sync.OnceValue(func() map[string]string { return table(ethnicTSV) })
	provinces    = sync.OnceValue(func() map[string]string { return table(provinceTSV) })
)

// table reads code and name of each line after the heading; the files are a part of the program and their test reads every line.
func table(tsv string) map[string]string {
	m := make(map[string]string)
	for i, line := range strings.Split(strings.TrimSpace(tsv), "\n") {
		if code, name, ok := strings.Cut(line, "\t"); ok && i > 0 {
			m[code] = name
		}
	}
	return m
}

func isProvince(code string) bool {
	_, ok := provinces()[code]
	return ok
}
