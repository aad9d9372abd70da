package e2e

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestCommands runs the scripts of testdata/script: what a person or a program sees of the command line. A script may use
//
//	exits CODE ARGS…   run permithub, which must end with that code; stdout and stderr can be matched afterwards
//	demo               start a demo that goes on; $CONFIG is its configuration and $ISSUED the number of an application that was issued
//	env TMPDIR         is a folder of the script's own
func TestCommands(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			tmp := filepath.Join(e.WorkDir, "tmp")
			e.Setenv("PATH", filepath.Dir(binary)+string(os.PathListSeparator)+e.Getenv("PATH"))
			e.Setenv("TMPDIR", tmp)
			return os.MkdirAll(tmp, 0o700)
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "demo": runDemo},
	})
}

func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE ARGS…")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	err = ts.Exec(binary, args[1:]...)
	got := 0
	if exit := new(exec.ExitError); errors.As(err, &exit) {
		got, err = exit.ExitCode(), nil
	}
	ts.Check(err)
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

var (
	saysConfig = regexp.MustCompile(`(?m)^配置文件\s+(\S+)$`)
	saysNumber = regexp.MustCompile(`([0-9A-Z]{17})\s.*已签发`)
)

// runDemo starts a demo, which ends with the script.
func runDemo(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) > 0 {
		ts.Fatalf("usage: demo")
	}
	out, err := os.Create(ts.MkAbs("demo.out"))
	ts.Check(err)
	cmd := exec.Command(binary, "demo")
	cmd.Env = append(os.Environ(), "TMPDIR="+ts.Getenv("TMPDIR"))
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	ts.Check(cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait(); _ = out.Close() }()
	ts.Defer(func() {
		_ = cmd.Process.Signal(os.Interrupt)
		if err := <-ended; err != nil {
			ts.Logf("demo: %v", err)
		}
	})
	tick := time.NewTicker(look)
	defer tick.Stop()
	for late := time.After(patience); ; {
		said, err := os.ReadFile(out.Name())
		ts.Check(err)
		config, number := saysConfig.FindSubmatch(said), saysNumber.FindSubmatch(said)
		if config != nil && number != nil {
			ts.Setenv("CONFIG", string(config[1]))
			ts.Setenv("ISSUED", string(number[1]))
			return
		}
		select {
		case <-tick.C:
		case <-late:
			ts.Fatalf("the demo does not say where its configuration is:\n%s", said)
		}
	}
}
