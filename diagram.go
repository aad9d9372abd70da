package main

import (
	"fmt"
	"io"
	"strings"
	"text/tabwriter"
)

// printFlow writes the hub's steps as lines: what wakes each, what it does, whom it asks, where its records go.
func printFlow(w io.Writer, all []*step) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	_, _ = fmt.Fprintln(t, "WOKEN BY\t\tSTEP\t\tASKS\t\tWRITES TO\tDOES")
	for _, s := range all {
		asks, arrow := "", ""
		if s.port != "" {
			asks, arrow = s.port, "⇄"
		}
		to := ""
		if len(s.writes) > 0 {
			to = "─▶"
		}
		_, _ = fmt.Fprintf(t, "%s\t─▶\t%s\t%s\t%s\t%s\t%s\t%s\n", s.wokenBy(), s.name, arrow, asks, to, strings.Join(s.writes, ", "), s.does)
	}
	return t.Flush()
}

// wokenBy names the topics or the people behind a step.
func (s *step) wokenBy() string {
	if s.wakes != "" {
		return s.wakes
	}
	return strings.Join(s.reads, ", ")
}

// printMermaid writes the same graph as a picture in the README's language: people and systems round, steps square, topics as stores.
func printMermaid(w io.Writer, all []*step) error {
	var b strings.Builder
	b.WriteString("flowchart LR\n")
	for _, s := range all {
		fmt.Fprintf(&b, "  %s[%s]\n", s.name, s.name)
		if s.wakes != "" {
			fmt.Fprintf(&b, "  %s([%s]) --> %s\n", nodeName(s.wakes), s.wakes, s.name)
		}
		for _, topic := range s.reads {
			fmt.Fprintf(&b, "  %s[(%s)] --> %s\n", nodeName(topic), topic, s.name)
		}
		for _, topic := range s.writes {
			fmt.Fprintf(&b, "  %s --> %s[(%s)]\n", s.name, nodeName(topic), topic)
		}
		if s.port != "" {
			fmt.Fprintf(&b, "  %s <-.-> %s([%s])\n", s.name, nodeName(s.port), s.port)
		}
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func nodeName(s string) string {
	return "n_" + strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= '0' && r <= '9' {
			return r
		}
		return '_'
	}, s)
}
