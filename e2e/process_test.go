package e2e

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one run of the binary.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{} // closed when it is gone

	mu    sync.Mutex
	doors map[string]string // address by name, as its log says
	out   bytes.Buffer      // standard output
	log   bytes.Buffer      // standard error
	err   error             // how it ended
}

// launch starts the binary. It dies with the test's process, and at the latest with t.
func launch(t *testing.T, name string, environ []string, args ...string) *process {
	t.Helper()
	return launchProgram(t, binary, name, environ, args...)
}

func launchProgram(t *testing.T, program, name string, environ []string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(program, args...), done: make(chan struct{}), doors: map[string]string{}}
	p.cmd.Env = append(slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, "PERMITHUB_") }), environ...)
	p.cmd.SysProcAttr = dieWithStarter()
	stdout, err1 := p.cmd.StdoutPipe()
	stderr, err2 := p.cmd.StderrPipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	started := make(chan error)
	go func() {
		defer close(p.done)
		// The kernel sends the death signal when the starting thread ends, so this goroutine keeps its thread.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := p.cmd.Start()
		started <- err
		if err != nil {
			return
		}
		var read sync.WaitGroup
		read.Go(func() { p.keep(stdout, &p.out) })
		read.Go(func() { p.keep(stderr, &p.log) })
		read.Wait()
		err = p.cmd.Wait()
		p.mu.Lock()
		p.err = err
		p.mu.Unlock()
	}()
	if err := <-started; err != nil {
		t.Fatalf("start %s: %v", name, err)
	}
	t.Cleanup(func() { p.end(t) })
	return p
}

// keep reads a stream to its end and learns from the log where the doors are.
func (p *process) keep(r io.Reader, into *bytes.Buffer) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		var said struct{ Msg, Door, Address string }
		listening := bytes.Contains(line, []byte(`"listening"`)) && json.Unmarshal(line, &said) == nil && said.Msg == "listening"
		p.mu.Lock()
		into.Write(line)
		if listening {
			p.doors[said.Door] = said.Address
		}
		p.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (p *process) gone() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// door waits until the process has said where it listens.
func (p *process) door(t *testing.T, names ...string) map[string]string {
	t.Helper()
	var have map[string]string
	eventually(t, p.name+" listens", func() string {
		if p.gone() {
			t.Fatalf("%s ended: %v\n%s", p.name, p.ended(), p.tail())
		}
		p.mu.Lock()
		defer p.mu.Unlock()
		have = maps.Clone(p.doors)
		for _, n := range names {
			if have[n] == "" {
				return "door " + n
			}
		}
		return ""
	})
	return have
}

// kill ends the process as a power cut would.
func (p *process) kill(t *testing.T) {
	t.Helper()
	p.signal(t, syscall.SIGKILL, 10*time.Second)
}

// stop asks the process to end and fails the test where it takes too long or ends badly.
func (p *process) stop(t *testing.T, limit time.Duration) {
	t.Helper()
	p.signal(t, syscall.SIGTERM, limit)
	if err := p.ended(); err != nil {
		t.Errorf("%s ended badly: %v\n%s", p.name, err, p.tail())
	}
}

func (p *process) signal(t *testing.T, s syscall.Signal, limit time.Duration) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !p.gone() {
		t.Fatalf("signal %s: %v", p.name, err)
	}
	select {
	case <-p.done:
	case <-time.After(limit):
		t.Fatalf("%s still runs %v after %v\n%s", p.name, limit, s, p.tail())
	}
}

// end is the last of a process: what is still running is killed, what it said is shown or kept.
func (p *process) end(t *testing.T) {
	if !p.gone() {
		_ = p.cmd.Process.Kill()
		<-p.done
	}
	if t.Failed() {
		t.Logf("%s said last:\n%s", p.name, p.tail())
	}
}

func (p *process) ended() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// said returns all that the process has written.
func (p *process) said() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String() + p.log.String()
}

func (p *process) stdout() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// tail is the end of the log, without the lines that tell of single messages.
func (p *process) tail() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	var lines []string
	for line := range strings.Lines(p.log.String()) {
		if !strings.Contains(line, `"level":"DEBUG"`) {
			lines = append(lines, line)
		}
	}
	return strings.Join(lines[max(0, len(lines)-25):], "")
}

// save writes what the process said beside the configuration.
func (p *process) save(dir string) error {
	return os.WriteFile(filepath.Join(dir, strings.ReplaceAll(p.name, " ", "-")+fmt.Sprintf("-%d.log", p.cmd.Process.Pid)), []byte(p.said()), 0o600)
}
