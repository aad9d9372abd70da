package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// event is one line of `go test -json`; see `go doc test2json`.
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

// result is how one test ended, as kept in the results file.
type result struct {
	Package string
	Test    string // "" for a package that failed without a failed test
	Action  string // pass, fail or skip
}

// follower turns events into what `go test` without -json prints, and into results.
type follower struct {
	out     io.Writer
	results *json.Encoder
	// output of tests that have not ended; shown only if they fail.
	output map[string]map[string]string
	// order of the tests in output: a package that ends without them shows them as they began.
	order  map[string][]string
	failed map[string]bool // packages with a failed test
}

// follow reads events until they end.
func follow(events io.Reader, out, results io.Writer) error {
	f := follower{
		out: out, results: json.NewEncoder(results),
		output: map[string]map[string]string{}, order: map[string][]string{}, failed: map[string]bool{},
	}
	lines := bufio.NewReader(events)
	for {
		line, err := lines.ReadString('\n')
		if line != "" {
			if err := f.line(line); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return fmt.Errorf("read events: %w", err)
		}
	}
}

func (f *follower) line(line string) error {
	var e event
	if json.Unmarshal([]byte(line), &e) != nil || e.Action == "" {
		return f.print(line) // the go command speaks plainly about what it cannot start
	}
	switch e.Action {
	case "output", "build-output":
		return f.say(e)
	case "pass", "fail", "skip":
		return f.end(e)
	}
	return nil
}

// say shows what concerns the package and keeps what a test says.
func (f *follower) say(e event) error {
	switch {
	case e.Test == "" && (e.Output == "PASS\n" || e.Output == "FAIL\n"):
		return nil // the line of the package says it again
	case e.Test == "":
		return f.print(e.Output)
	case strings.HasPrefix(e.Output, "=== "):
		return nil // progress, as "=== RUN"
	}
	if f.output[e.Package] == nil {
		f.output[e.Package] = map[string]string{}
	}
	if _, known := f.output[e.Package][e.Test]; !known {
		f.order[e.Package] = append(f.order[e.Package], e.Test)
	}
	f.output[e.Package][e.Test] += e.Output
	return nil
}

func (f *follower) end(e event) error {
	if e.Test != "" {
		return f.endTest(e)
	}
	if e.Action != "fail" {
		return nil // a package that passed, or has no tests
	}
	for _, test := range slices.Clone(f.order[e.Package]) {
		if err := f.show(e.Package, test); err != nil { // cut off by a panic or a time limit
			return err
		}
	}
	if f.failed[e.Package] {
		return nil
	}
	return f.results.Encode(result{Package: e.Package, Action: "fail"})
}

func (f *follower) endTest(e event) error {
	if e.Action == "fail" {
		f.failed[e.Package] = true
		if err := f.show(e.Package, e.Test); err != nil {
			return err
		}
	}
	f.forget(e.Package, e.Test)
	return f.results.Encode(result{Package: e.Package, Test: e.Test, Action: e.Action})
}

func (f *follower) show(pkg, test string) error {
	err := f.print(f.output[pkg][test])
	f.forget(pkg, test)
	return err
}

func (f *follower) forget(pkg, test string) {
	delete(f.output[pkg], test)
	f.order[pkg] = slices.DeleteFunc(f.order[pkg], func(t string) bool { return t == test })
}

func (f *follower) print(text string) error {
	_, err := io.WriteString(f.out, text)
	return err
}
