package localcluster

import (
	"bytes"
	"fmt"
	"os"
	"syscall"
)

// attributes puts a server into its own process group, so that Ctrl-C on a terminal reaches only its owner, which stops
// it in order. Without detached the kernel kills the server when its starter is gone.
func attributes(detached bool) *syscall.SysProcAttr {
	if detached {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// commandLine returns the arguments of a process, "" when there is none with that pid.
func commandLine(pid int) string {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", pid))
	if err != nil {
		return ""
	}
	return string(bytes.ReplaceAll(raw, []byte{0}, []byte(" ")))
}
