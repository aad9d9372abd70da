// Command with-kafka runs a command with a Kafka cluster of three brokers, which ends with it.
//
//	with-kafka go test -tags kafka ./...
//
// The command's environment names the cluster (see package testcluster). The exit code is the command's.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"syscall"
	"time"

	"permithub/internal/testcluster"
)

func main() {
	code, err := run(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "with-kafka:", err)
	}
	os.Exit(code)
}

func run(args []string) (code int, err error) {
	if len(args) == 0 {
		return 2, errors.New("usage: with-kafka command [argument ...]")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	defer stop()

	began := time.Now()
	fmt.Fprintln(os.Stderr, "with-kafka: starting three Kafka brokers")
	server, err := testcluster.Serve(ctx)
	if err != nil {
		return 1, err
	}
	defer func() {
		if stopErr := server.Stop(); stopErr != nil {
			code, err = max(code, 1), errors.Join(err, stopErr)
		}
	}()
	fmt.Fprintf(os.Stderr, "with-kafka: ready after %s\n", time.Since(began).Round(100*time.Millisecond))
	return command(ctx, args, server.Environ())
}

// command runs args in a process group of its own. When ctx ends it asks the whole group to end, because `go test` does
// not pass a signal on to the tests it runs.
func command(ctx context.Context, args, environ []string) (int, error) {
	runtime.LockOSThread() // the death signal follows this thread
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(ctx, args[0], args[1:]...)
	cmd.Env = append(os.Environ(), environ...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = os.Stdin, os.Stdout, os.Stderr
	cmd.SysProcAttr = attributes()
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }
	cmd.WaitDelay = 10 * time.Second

	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // nothing of the group may outlive its brokers
	}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return 130, errors.New("interrupted")
	case errors.As(err, &exit):
		return max(exit.ExitCode(), 1), nil // its own output says why
	case err != nil:
		return 127, err
	}
	return 0, nil
}
