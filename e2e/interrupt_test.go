package e2e

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// demoProcess starts a demo with a temporary folder of its own.
func demoProcess(t *testing.T, name string, args ...string) (*process, string) {
	t.Helper()
	tmp := folder(t)
	return launch(t, name, []string{"TMPDIR=" + tmp}, append([]string{"demo"}, args...)...), tmp
}

// says waits until the process has written text.
func (p *process) says(t *testing.T, text string) {
	t.Helper()
	eventually(t, p.name+" says "+text, func() string {
		switch {
		case strings.Contains(p.said(), text):
			return ""
		case p.gone():
			t.Fatalf("%s ended: %v\n%s", p.name, p.ended(), p.said())
		}
		return "not yet"
	})
}

// leaves checks that nothing of a process is left: no file, no process of its group.
func leaves(t *testing.T, p *process, tmp string) {
	t.Helper()
	if left, err := filepath.Glob(filepath.Join(tmp, "*")); err != nil || len(left) > 0 {
		t.Errorf("%s leaves %v, %v", p.name, left, err)
	}
	if err := syscall.Kill(-p.cmd.Process.Pid, 0); err != syscall.ESRCH {
		t.Errorf("%s leaves a process: %v", p.name, err)
	}
}

// TestInterrupt presses Ctrl-C: at the set, and later while the demo goes on.
func TestInterrupt(t *testing.T) {
	for _, tc := range []struct {
		name  string
		until func(t *testing.T, p *process, tmp string)
		code  int
	}{
		{"during the set", func(t *testing.T, _ *process, tmp string) {
			eventually(t, "the set has begun", func() string {
				// The archive is made when the first dossier is filed.
				if found, _ := filepath.Glob(filepath.Join(tmp, "*", "archive")); len(found) == 0 {
					return "nothing is filed"
				}
				return ""
			})
		}, 1},
		{"while it goes on", func(t *testing.T, p *process, _ string) { p.says(t, "Ctrl-C") }, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p, tmp := demoProcess(t, "demo")
			tc.until(t, p, tmp)
			p.signal(t, os.Interrupt.(syscall.Signal), 5*time.Second)
			if code := p.cmd.ProcessState.ExitCode(); code != tc.code {
				t.Errorf("exit code %d, want %d\n%s", code, tc.code, p.said())
			}
			leaves(t, p, tmp)
		})
	}
}

// TestTwoDemos runs two demos at once, which must not know of each other.
func TestTwoDemos(t *testing.T) {
	first, tmp1 := demoProcess(t, "first demo", "--exit")
	second, tmp2 := demoProcess(t, "second demo", "--exit")
	for p, tmp := range map[*process]string{first: tmp1, second: tmp2} {
		eventually(t, p.name+" ends", func() string {
			if !p.gone() {
				return "still runs"
			}
			return ""
		})
		if err := p.ended(); err != nil {
			t.Errorf("%s: %v\n%s", p.name, err, p.said())
		}
		leaves(t, p, tmp)
	}
}
