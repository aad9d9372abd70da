//go:build unix && !linux

package e2e

import "syscall"

// dieWithStarter puts a child into a process group of its own; only Linux can tie its life to its starter's.
func dieWithStarter() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }
