package e2e

import "syscall"

// dieWithStarter puts a child into a process group of its own, so that Ctrl-C reaches only the test, and has the kernel kill it with its starter.
func dieWithStarter() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
