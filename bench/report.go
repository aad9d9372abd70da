package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"permithub/bench/pipeline"
)

type reportCmd struct {
	Out    string `default:"results" type:"path" help:"Folder of the results."`
	Readme string `type:"path" help:"File whose tables between the bench marks are written again."`
}

// Marks in the file that takes the tables.
const (
	markBegin = "<!-- bench: written by `make bench` from bench/results -->"
	markEnd   = "<!-- /bench -->"
)

// Run writes the tables and the picture.
func (c *reportCmd) Run() error {
	all, err := readResults(c.Out)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	for _, r := range all {
		r.table(&text)
	}
	fmt.Print(text.String())
	if err := os.WriteFile(filepath.Join(c.Out, "pipeline.svg"), picture(all), 0o644); err != nil {
		return err
	}
	if c.Readme == "" {
		return nil
	}
	old, err := os.ReadFile(c.Readme)
	if err != nil {
		return err
	}
	before, rest, ok1 := bytes.Cut(old, []byte(markBegin))
	_, after, ok2 := bytes.Cut(rest, []byte(markEnd))
	if !ok1 || !ok2 {
		return errors.New(c.Readme + " has no bench marks")
	}
	return os.WriteFile(c.Readme, slices.Concat(before, []byte(markBegin+"\n"), text.Bytes(), []byte(markEnd), after), 0o644)
}

// group is all samples that were taken under the same conditions.
type group struct {
	contender string
	column    string
	samples   []sample
}

// groups puts the samples together, in the order in which they were taken.
func (r *results) groups() (rows, columns []string, cells map[string]*group) {
	cells = map[string]*group{}
	for _, s := range r.Samples {
		column := s.What
		switch {
		case s.Rate > 0:
			column = fmt.Sprintf("%d/s", s.Rate)
		case s.Partitions > 0 && s.What == "":
			column = fmt.Sprintf("%d partitions", s.Partitions)
			if s.Partitions == 1 {
				column = "1 partition"
			}
		}
		if !slices.Contains(columns, column) {
			columns = append(columns, column)
		}
		key := s.Contender + "|" + column
		if cells[key] == nil {
			cells[key] = &group{contender: s.Contender, column: column}
		}
		cells[key].samples = append(cells[key].samples, s)
	}
	rows = slices.Collect(maps.Keys(func() map[string]bool {
		m := map[string]bool{}
		for _, s := range r.Samples {
			m[s.Contender] = true
		}
		return m
	}()))
	order := []string{"hub", "franz", "readerwriter", "bento", "sarama", "asynq", pipeline.Work, pipeline.Relay}
	slices.SortFunc(rows, func(a, b string) int { return cmp.Compare(slices.Index(order, a), slices.Index(order, b)) })
	return rows, columns, cells
}

// quantiles returns the median of a figure and its least and greatest value.
func (g *group) quantiles(figure func(*sample) float64) (median, least, most float64) {
	values := make([]float64, len(g.samples))
	for i := range g.samples {
		values[i] = figure(&g.samples[i])
	}
	slices.Sort(values)
	n := len(values)
	return (values[(n-1)/2] + values[n/2]) / 2, values[0], values[n-1]
}

func perSecond(s *sample) float64 { return s.PerSecond }
func clientCPU(s *sample) float64 { return s.ClientMicros }
func median(s *sample) float64    { return s.P50 }

// figureOf is what contenders are compared by in a part.
func figureOf(part string) func(*sample) float64 {
	if part == partLatency {
		return median
	}
	return perSecond
}

// ratio is the hub's median over the contender's.
func ratio(cells map[string]*group, contender, column string, figure func(*sample) float64) float64 {
	hub, other := cells["hub|"+column], cells[contender+"|"+column]
	if hub == nil || other == nil {
		return 0
	}
	a, _, _ := hub.quantiles(figure)
	b, _, _ := other.quantiles(figure)
	return a / b
}

var brokerNames = map[string]string{embeddedBroker: "embedded broker", apacheKafka: "three Apache Kafka brokers, replication 3"}

var titles = map[string]string{
	partPipeline: "Whole application", partEffects: "Steps that call a foreign system", partLatency: "Latency", partGroups: "Group start and hand-over", partDeadlines: "Deadlines in Redis", partScale: "Restoring partitions of several sizes", partRestore: "Restoring a partition",
}

// table writes one part's table in Markdown.
func (r *results) table(b *bytes.Buffer) {
	rows, columns, cells := r.groups()
	where := ", " + brokerNames[r.Broker]
	switch r.Part {
	case partDeadlines:
		where = ""
	case partRestore: // its log has one replica, as the note says
		where = strings.TrimSuffix(where, ", replication 3")
	}
	fmt.Fprintf(b, "\n**%s%s** (%s)\n\n", titles[r.Part], where, r.Note)
	if len(rows) == 1 && len(columns) > 1 { // one contender and many things that were measured: a line for each
		fmt.Fprintf(b, "| | %s |\n|---|---|\n", rows[0])
		for _, c := range columns {
			fmt.Fprintf(b, "| %s | %s |\n", c, cells[rows[0]+"|"+c].cell(r.Part, 0))
		}
		return
	}
	b.WriteString("| |")
	for _, c := range columns {
		if c == "" {
			c = "deadlines"
		}
		fmt.Fprintf(b, " %s |", c)
	}
	b.WriteString("\n|---|" + strings.Repeat("---|", len(columns)) + "\n")
	for _, row := range rows {
		fmt.Fprintf(b, "| %s |", row)
		for _, c := range columns {
			g := cells[row+"|"+c]
			if g == nil {
				b.WriteString(" |")
				continue
			}
			fmt.Fprintf(b, " %s |", g.cell(r.Part, ratio(cells, row, c, figureOf(r.Part))))
		}
		b.WriteString("\n")
	}
}

// cell is one cell: median, spread, and how many times the contender's median the hub's is.
func (g *group) cell(part string, hubIs float64) string {
	switch part {
	case partLatency:
		p50, lo, hi := g.quantiles(median)
		p99, _, _ := g.quantiles(func(s *sample) float64 { return s.P99 })
		text := fmt.Sprintf("p50 %.2f ms (%.2f–%.2f), p99 %.1f ms", p50, lo, hi, p99)
		if cpu, _, _ := g.quantiles(clientCPU); cpu > 0 {
			text += fmt.Sprintf(", %.0f µs", cpu)
		}
		if g.contender != "hub" && hubIs > 0 {
			text += fmt.Sprintf("; the hub's p50 is **%.2f** of it", hubIs)
		}
		return text
	case partGroups:
		m, lo, hi := g.quantiles(func(s *sample) float64 { return s.Seconds })
		return fmt.Sprintf("%.2f s (%.2f–%.2f)", m, lo, hi)
	case partRestore:
		m, lo, hi := g.quantiles(func(s *sample) float64 { return s.Seconds })
		cpu, _, _ := g.quantiles(clientCPU)
		bytes, _, _ := g.quantiles(func(s *sample) float64 { return s.Bytes })
		return fmt.Sprintf("%.2f s (%.2f–%.2f), %.1f µs, %.0f B each", m, lo, hi, cpu, bytes)
	}
	m, lo, hi := g.quantiles(perSecond)
	text := fmt.Sprintf("%.0f/s (%.0f–%.0f)", m, lo, hi)
	if cpu, _, _ := g.quantiles(clientCPU); cpu > 0 {
		text += fmt.Sprintf(", %.0f µs", cpu)
	}
	if bytes, _, _ := g.quantiles(func(s *sample) float64 { return s.Bytes }); bytes > 0 {
		text += fmt.Sprintf(", %.0f B each", bytes)
	}
	if g.contender != "hub" && hubIs > 0 {
		text += fmt.Sprintf("; hub **%.2fx**", hubIs)
	}
	return text
}

// Measures of the picture, in pixels.
const (
	barHeight  = 16
	barWidth   = 360
	labelWidth = 120
	lineHeight = 20
)

// picture draws the throughput of the whole application: a bar for every contender, partition count and broker.
func picture(all []*results) []byte {
	var b strings.Builder
	y := lineHeight
	for _, r := range all {
		if r.Part != partPipeline {
			continue
		}
		rows, columns, cells := r.groups()
		for _, c := range columns {
			fmt.Fprintf(&b, `<text x="0" y="%d" font-weight="bold">%s, %s: applications a second</text>`+"\n", y, brokerNames[r.Broker], c)
			y += lineHeight / 2
			most := 0.0
			for _, row := range rows {
				if g := cells[row+"|"+c]; g != nil {
					m, _, _ := g.quantiles(perSecond)
					most = max(most, m)
				}
			}
			for _, row := range rows {
				g := cells[row+"|"+c]
				if g == nil {
					continue
				}
				m, lo, hi := g.quantiles(perSecond)
				fill := "#9aa5b1"
				if row == "hub" {
					fill = "#2166ac"
				}
				width := m / most * barWidth
				fmt.Fprintf(&b, `<text x="0" y="%d">%s</text><rect x="%d" y="%d" width="%.1f" height="%d" fill="%s"/><text x="%.1f" y="%d">%.0f (%.0f–%.0f)</text>`+"\n",
					y+barHeight-4, row, labelWidth, y, width, barHeight, fill, labelWidth+width+6, y+barHeight-4, m, lo, hi)
				y += lineHeight
			}
			y += lineHeight
		}
	}
	return fmt.Appendf(nil, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" font-family="sans-serif" font-size="12">`+"\n"+`<rect width="100%%" height="100%%" fill="#fff"/>`+"\n%s</svg>\n",
		labelWidth+barWidth+160, y, b.String())
}
