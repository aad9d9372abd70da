package archive

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"permithub/internal/fault"
)

// TestFullDisk runs itself again in a mount namespace of its own, where it may make a file system of one page and fill it.
func TestFullDisk(t *testing.T) {
	const inside = "ARCHIVE_TEST_FULL_DISK"
	if dir := os.Getenv(inside); dir != "" {
		fullDisk(t, dir)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), inside+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNS}
	out, err := cmd.CombinedOutput()
	if errors.Is(err, syscall.EPERM) {
		t.Skip("a mount namespace needs privileges")
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	t.Logf("%s", out)
}

func fullDisk(t *testing.T, dir string) {
	if err := syscall.Mount("", "/", "", syscall.MS_PRIVATE|syscall.MS_REC, ""); err != nil {
		t.Skip(err)
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=64k"); err != nil {
		t.Skip(err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	a, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.File(t.Context(), order())
	check(t, err, fault.Unavailable, system)
	if !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("got %v, want the disk to be full", err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if _, err := a.File(t.Context(), order()); err != nil {
		t.Errorf("after room was made: %v", err)
	}
}
