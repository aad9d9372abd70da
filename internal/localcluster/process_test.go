package localcluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.uber.org/goleak"
)

// envStarter makes this test program start a server and wait: see TestServerDiesWithItsStarter.
const envStarter = "LOCALCLUSTER_TEST_STARTER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(envStarter); dir != "" {
		p, err := start(sleeper(dir))
		fmt.Println(p.pid, err)
		select {}
	}
	goleak.VerifyTestMain(m)
}

// sleeper stands for a server: it runs until it is ended, and its command line names its folder.
func sleeper(dir string) command {
	return command{name: "/bin/sh", args: []string{"-c", "read line < " + dir + "/never"}, dir: dir}
}

// sleeperDir has what the sleeper waits on.
func sleeperDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mkfifo(dir+"/never", 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestProcess(t *testing.T) {
	p, err := start(sleeper(sleeperDir(t)))
	if err != nil {
		t.Fatal(err)
	}
	if !p.alive() {
		t.Error("a started process is not alive")
	}
	if found := running(p.dir); found == nil || found.pid != p.pid {
		t.Errorf("running: got %+v, want pid %d", found, p.pid)
	}
	if err := p.kill(deadline(t)); err != nil {
		t.Fatal(err)
	}
	if p.alive() {
		t.Error("a killed process is alive")
	}
	if found := running(p.dir); found != nil {
		t.Errorf("running after kill: got %+v, want none", found)
	}
	if err := p.kill(deadline(t)); err != nil {
		t.Errorf("second kill: %v", err)
	}
}

func TestStopWithoutPatience(t *testing.T) {
	c := sleeper(sleeperDir(t))
	c.args[1] = "trap '' TERM; while :; do " + c.args[1] + "; done"
	p, err := start(c)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.stop(deadline(t), 50*time.Millisecond); err != nil || p.alive() {
		t.Errorf("stop: %v, alive %t", err, p.alive())
	}
}

func TestRunningMistrustsThePidFile(t *testing.T) {
	tests := map[string]string{
		"of another program": strconv.Itoa(os.Getpid()),
		"garbage":            "12a",
		"empty":              "",
		"the whole group":    "0",
		"everything":         "-1",
	}
	for name, content := range tests {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(pidFile(dir), []byte(content), 0o600); err != nil {
				t.Fatal(err)
			}
			if p := running(dir); p != nil {
				t.Errorf("running: got pid %d, want none", p.pid)
			}
		})
	}
}

func TestStartSaysWhatIsMissing(t *testing.T) {
	if _, err := start(command{name: "/nowhere/server", dir: t.TempDir()}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("start: got %v, want not exist", err)
	}
	_, err := need("no-such-server", "some-package")
	if err == nil || !strings.Contains(err.Error(), "apt-get install some-package") {
		t.Errorf("need: got %v, want what to install", err)
	}
}

// A starter that is killed cannot clean up: the kernel must.
func TestServerDiesWithItsStarter(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("only Linux has a death signal")
	}
	dir := sleeperDir(t)
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	starter := exec.Command(program)
	starter.Env = append(os.Environ(), envStarter+"="+dir)
	out, err := starter.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	server := running(dir)
	if server == nil {
		t.Fatalf("no server runs; the starter said %q", line)
	}
	if err := starter.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = starter.Wait() // killed
	err = poll(deadline(t), 5*time.Millisecond, func() (bool, error) {
		return !server.alive(), nil
	})
	if err != nil {
		t.Errorf("the server outlives its starter: %v", err)
	}
}

// deadline bounds what a test waits for. It outlives the test's own context, so that clean-up can use it.
func deadline(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
