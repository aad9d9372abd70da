//go:build !linux

package localcluster

import (
	"os/exec"
	"strconv"
	"syscall"
)

// attributes puts a server into its own process group, so that Ctrl-C on a terminal reaches only its owner, which stops
// it in order. There is no death signal here: a starter that is killed leaves its servers behind.
func attributes(detached bool) *syscall.SysProcAttr {
	if detached {
		return &syscall.SysProcAttr{Setsid: true}
	}
	return &syscall.SysProcAttr{Setpgid: true}
}

// commandLine returns the arguments of a process, "" when there is none with that pid.
func commandLine(pid int) string {
	raw, err := exec.Command("ps", "-o", "command=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return ""
	}
	return string(raw)
}
