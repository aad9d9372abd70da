package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestCommandKeepsTheExitCode(t *testing.T) {
	tests := map[string]struct {
		args []string
		code int
	}{
		"good":              {[]string{"sh", "-c", "exit 0"}, 0},
		"bad":               {[]string{"sh", "-c", "exit 3"}, 3},
		"killed":            {[]string{"sh", "-c", "kill -KILL $$"}, 1},
		"not there":         {[]string{"/nowhere/command"}, 127},
		"environment given": {[]string{"sh", "-c", `test "$WITH_KAFKA_TEST" = here`}, 0},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if code, err := command(t.Context(), test.args, []string{"WITH_KAFKA_TEST=here"}); code != test.code {
				t.Errorf("command: code %d, error %v; want code %d", code, err, test.code)
			}
		})
	}
}

func TestRunWithoutCommand(t *testing.T) {
	if code, err := run(nil); code != 2 || err == nil || !strings.Contains(err.Error(), "usage") {
		t.Errorf("run: code %d, error %v; want code 2 and the usage", code, err)
	}
}

// An interrupt must end the command's children too: `go test` leaves its test programs running.
func TestInterruptEndsTheWholeGroup(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan int)
	go func() {
		code, _ := command(ctx, []string{"sh", "-c", "sleep 300 & echo $! >$0.new; mv $0.new $0; wait", pidFile}, nil)
		ended <- code
	}()
	var child int
	eventually(t, func() error {
		raw, err := os.ReadFile(pidFile)
		if err != nil {
			return err
		}
		child, err = strconv.Atoi(strings.TrimSpace(string(raw)))
		return err
	})
	cancel()
	if code := <-ended; code != 130 {
		t.Errorf("code: got %d, want 130", code)
	}
	eventually(t, func() error {
		stat, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(child), "stat"))
		if errors.Is(err, os.ErrNotExist) && !errors.Is(syscall.Kill(child, 0), syscall.ESRCH) {
			return errors.New("the child lives") // no /proc here
		}
		if err == nil && !strings.Contains(string(stat), ") Z ") { // a zombie waits for its new parent
			return errors.New("the child lives")
		}
		return nil
	})
}

func eventually(t *testing.T, try func() error) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	limit := time.After(20 * time.Second)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-tick.C:
		case <-limit:
			t.Fatal(err)
		}
	}
}
