package testcluster

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// named stands for a test of some name.
type named struct {
	testing.TB
	name string
}

func (n named) Name() string { return n.name }

func lock(t *testing.T) *lease {
	t.Helper()
	return lockAt(t, filepath.Join(t.TempDir(), "lock"))
}

func lockAt(t *testing.T, path string) *lease {
	t.Helper()
	l, err := newLease(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _ = l.turnstile.Close(), l.room.Close() // nothing is written to them
	})
	return l
}

func TestLeaseWithinAProcess(t *testing.T) {
	a, b := named{name: "TestA"}, named{name: "TestB"}
	tests := map[string]struct {
		first, second bool // alone
		wait          bool
	}{
		"both share":             {false, false, false},
		"sharer waits for alone": {true, false, true},
		"alone waits for sharer": {false, true, true},
		"alone waits for alone":  {true, true, true},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			l := lock(t)
			synctest.Test(t, func(t *testing.T) {
				must(t, l.take(a, test.first))
				entered := false
				go func() {
					if err := l.take(b, test.second); err != nil {
						t.Error(err)
					}
					entered = true
				}()
				synctest.Wait()
				if entered == test.wait {
					t.Errorf("second entered: %t, want %t", entered, !test.wait)
				}
				l.give(a)
				synctest.Wait()
				if !entered {
					t.Error("second did not enter after the first left")
				}
				l.give(b)
			})
		})
	}
}

func TestLeaseRefusesATestThatWouldWaitForItself(t *testing.T) {
	parent, sub, other := named{name: "TestA"}, named{name: "TestA/sub"}, named{name: "TestAB"}
	l := lock(t)
	must(t, l.take(parent, false))
	must(t, l.take(sub, false))
	must(t, l.take(parent, false))
	if err := l.take(sub, true); err == nil || !strings.Contains(err.Error(), "uses the cluster already") {
		t.Errorf("alone below a sharer: got %v", err)
	}
	if err := l.take(parent, true); err == nil {
		t.Error("alone after sharing: no error")
	}
	l.give(parent)
	l.give(sub)
	if l.holders[parent] == nil {
		t.Error("one give ended both takes")
	}
	l.give(parent)
	must(t, l.take(other, true))
	l.give(other)
}

// Two leases on the same files are two processes: a file lock belongs to the open file.
func TestLeaseBetweenProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	here, there := lockAt(t, path), lockAt(t, path)
	a, b, c := named{name: "TestA"}, named{name: "TestB"}, named{name: "TestC"}

	must(t, here.take(a, false))
	must(t, there.take(b, false)) // shared by both
	there.give(b)

	alone := make(chan error)
	go func() { alone <- there.take(b, true) }()
	waitUntilLocked(t, path+".turnstile")
	select {
	case err := <-alone:
		t.Fatalf("alone beside a sharer of another process (error %v)", err)
	default:
	}
	here.give(a)
	must(t, <-alone)

	shared := make(chan error)
	go func() { shared <- here.take(c, false) }()
	there.give(b)
	must(t, <-shared)
	here.give(c)
}

// A sharer must not overtake a test that waits to be alone, or a busy suite would never let it in.
func TestLeaseIsFair(t *testing.T) {
	path := filepath.Join(t.TempDir(), "lock")
	one, two, three := lockAt(t, path), lockAt(t, path), lockAt(t, path)
	a, b, c := named{name: "TestA"}, named{name: "TestB"}, named{name: "TestC"}

	must(t, one.take(a, false))
	alone := make(chan error)
	go func() { alone <- two.take(b, true) }()
	waitUntilLocked(t, path+".turnstile")

	shared := make(chan error)
	go func() { shared <- three.take(c, false) }()
	one.give(a)
	must(t, <-alone)
	select {
	case err := <-shared:
		t.Errorf("a sharer is in beside one that is alone (error %v)", err)
	default:
	}
	two.give(b)
	must(t, <-shared)
	three.give(c)
}

func waitUntilLocked(t *testing.T, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); {
		if !tryLock(f) {
			return
		}
	}
	t.Fatalf("nobody locks %s", path)
}

// tryLock takes and returns a lock; false if somebody has it.
func tryLock(f *os.File) bool {
	if syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB) != nil {
		return false
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN) // cannot fail on an open file
	return true
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
