package localcluster

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is one server process with its folder: `pid` names it, `log` holds what it printed.
type process struct {
	dir string
	pid int
	// done is closed when the process is gone. Nil for a process that an earlier run started: it is asked by pid.
	done chan struct{}
}

// command is what start runs.
type command struct {
	name string
	args []string
	// dir is the folder for pid and log. The command line must name it: that is how running finds the process again.
	dir string
	// detached lets the process outlive this one.
	detached bool
}

// start starts c and returns at once. The process is reaped by a goroutine that ends with it.
func start(c command) (*process, error) {
	log, err := os.OpenFile(filepath.Join(c.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open log: %w", err)
	}
	cmd := exec.Command(c.name, c.args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.dir, log, log
	cmd.SysProcAttr = attributes(c.detached)

	started, done := make(chan error), make(chan struct{})
	go func() {
		defer close(done)
		// The kernel sends the death signal when the thread that started the child ends, not the process: so this
		// goroutine keeps its thread until the child is gone.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		_ = log.Close() // the child holds its own copy
		started <- err
		if err == nil {
			_ = cmd.Wait() // how it ended is in its log
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(c.name), err)
	}
	p := &process{dir: c.dir, pid: cmd.Process.Pid, done: done}
	// The kernel tells of the exec a moment before it shows the command line, by which others know the process.
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for commandLine(p.pid) == "" && p.alive() {
		<-tick.C
	}
	if err := os.WriteFile(pidFile(c.dir), []byte(strconv.Itoa(p.pid)+"\n"), 0o600); err != nil {
		return nil, errors.Join(fmt.Errorf("write pid file: %w", err), p.kill(context.Background()))
	}
	return p, nil
}

// running returns the process that an earlier start left in dir, nil if there is none.
func running(dir string) *process {
	raw, err := os.ReadFile(pidFile(dir))
	if err != nil {
		return nil
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(raw)))
	if err != nil || pid <= 0 {
		return nil
	}
	p := &process{dir: dir, pid: pid}
	if !p.alive() {
		return nil
	}
	return p
}

// alive tells whether the process still runs. A pid that now belongs to something else does not count.
func (p *process) alive() bool {
	if p.done != nil {
		select {
		case <-p.done:
			return false
		default:
			return true
		}
	}
	return strings.Contains(commandLine(p.pid), p.dir)
}

// kill ends the process at once, as a power cut would, and waits until it is gone.
func (p *process) kill(ctx context.Context) error { return p.end(ctx, syscall.SIGKILL) }

// stop asks the process to end, waits for grace, then kills it. Without grace it kills at once.
func (p *process) stop(ctx context.Context, grace time.Duration) error {
	if grace <= 0 {
		return p.kill(ctx)
	}
	asked, cancel := context.WithTimeout(ctx, grace)
	defer cancel()
	if p.end(asked, syscall.SIGTERM) == nil {
		return nil
	}
	return p.kill(ctx)
}

func (p *process) end(ctx context.Context, signal syscall.Signal) error {
	if !p.alive() {
		return nil
	}
	if err := syscall.Kill(p.pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
		return fmt.Errorf("signal process %d: %w", p.pid, err)
	}
	err := poll(ctx, 10*time.Millisecond, func() (bool, error) {
		if p.alive() {
			return false, fmt.Errorf("process %d in %s still runs", p.pid, p.dir)
		}
		return true, nil
	})
	if err == nil {
		_ = os.Remove(pidFile(p.dir)) // a stale one is recognised
	}
	return err
}

// lastWords returns the end of the log, for the error that says why a server did not start.
func (p *process) lastWords() string {
	raw, err := os.ReadFile(filepath.Join(p.dir, "log"))
	if err != nil {
		return err.Error()
	}
	lines := bytes.Split(bytes.TrimSpace(raw), []byte("\n"))
	return string(bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}

func pidFile(dir string) string { return filepath.Join(dir, "pid") }

// poll calls try until it is done, and returns its error then; or until ctx ends, and returns its last error.
func poll(ctx context.Context, every time.Duration, try func() (done bool, err error)) error {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		done, err := try()
		if done {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(context.Cause(ctx), err)
		case <-tick.C:
		}
	}
}
