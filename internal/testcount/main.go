// Command testcount runs `go test`, shows what it says, and keeps the result of every test, so that several runs can be
// counted together.
//
//	testcount -into FILE go test ./...     run, show, append the results to FILE
//	testcount -sum FILE                    print "N passed, N failed, N skipped"
//
// A test that several runs ran counts once: as failed if it failed in any, as passed if it passed in any. Subtests count
// as tests. A package that failed without a failed test (it did not build, or a test ended the process) counts as one
// failure.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
)

func main() {
	code, err := run(os.Args[1:], os.Stdout, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testcount:", err)
	}
	os.Exit(code)
}

func run(args []string, stdout, stderr io.Writer) (int, error) {
	flags := flag.NewFlagSet("testcount", flag.ContinueOnError)
	flags.SetOutput(stderr)
	into := flags.String("into", "", "append the results to this file")
	sum := flags.String("sum", "", "count the results in this file")
	if err := flags.Parse(args); err != nil {
		return 2, err
	}
	switch command := flags.Args(); {
	case *sum != "" && len(command) == 0:
		return printSum(*sum, stdout)
	case *into != "" && len(command) >= 2 && command[1] == "test":
		return runTests(command, *into, stdout, stderr)
	default:
		return 2, errors.New("usage: testcount -into FILE go test [argument ...], or testcount -sum FILE")
	}
}

// runTests returns the exit code of go test.
func runTests(command []string, into string, stdout, stderr io.Writer) (code int, err error) {
	file, err := os.OpenFile(into, os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return 1, err
	}
	defer func() {
		if closeErr := file.Close(); closeErr != nil {
			code, err = max(code, 1), errors.Join(err, closeErr)
		}
	}()
	cmd := exec.Command(command[0], append([]string{"test", "-json"}, command[2:]...)...)
	cmd.Stdin, cmd.Stderr = os.Stdin, stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return 1, err
	}
	if err := cmd.Start(); err != nil {
		return 1, err
	}
	followErr := follow(events, stdout, file)
	err = cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return max(exit.ExitCode(), 1), followErr
	}
	if err = errors.Join(err, followErr); err != nil {
		return 1, err
	}
	return 0, nil
}

func printSum(name string, out io.Writer) (int, error) {
	file, err := os.Open(name)
	if err != nil {
		return 1, err
	}
	defer func() { _ = file.Close() }() // only read
	c, err := count(file)
	if err != nil {
		return 1, fmt.Errorf("read %s: %w", name, err)
	}
	if _, err := fmt.Fprintln(out, c); err != nil {
		return 1, err
	}
	return 0, nil
}
