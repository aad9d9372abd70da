package testcluster

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// lease shares a cluster among tests of several processes: many share it, or one has it alone. It rests on file locks,
// which the kernel drops when a process dies, and which need no goroutine. Within the process it counts, because a file
// lock belongs to the whole process here.
type lease struct {
	turnstile *os.File // passed one at a time: tests that share do not overtake one that waits to be alone
	room      *os.File

	mu      sync.Mutex
	free    *sync.Cond
	holders map[testing.TB]*hold
	opening bool // a test of this process waits for the file locks
}

// hold is the use of the cluster by one test, which may have asked several times.
type hold struct {
	alone bool
	times int
}

// newLease opens the lock files, which start with path.
func newLease(path string) (*lease, error) {
	turnstile, err := os.OpenFile(path+".turnstile", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open lock: %w", err)
	}
	room, err := os.OpenFile(path+".room", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		_ = turnstile.Close() // nothing was done with it
		return nil, fmt.Errorf("open lock: %w", err)
	}
	l := &lease{turnstile: turnstile, room: room, holders: map[testing.TB]*hold{}}
	l.free = sync.NewCond(&l.mu)
	return l, nil
}

// take waits until t may use the cluster. It refuses a test that would wait for itself or for a test that contains it.
func (l *lease) take(t testing.TB, alone bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		if err := l.conflict(t, alone); err != nil {
			return err
		}
		switch {
		case l.opening, alone && len(l.holders) > 0, l.heldAlone():
			l.free.Wait()
			continue
		case len(l.holders) > 0: // the process holds the shared lock already
			l.hold(t, alone)
			return nil
		}
		if err := l.open(alone); err != nil {
			return err
		}
		l.hold(t, alone)
		return nil
	}
}

// open takes the file locks. The mutex is released meanwhile, so that other tests can give back.
func (l *lease) open(alone bool) error {
	how := syscall.LOCK_SH
	if alone {
		how = syscall.LOCK_EX
	}
	l.opening = true
	l.mu.Unlock()
	err := flock(l.turnstile, syscall.LOCK_EX)
	if err == nil {
		err = flock(l.room, how)
		_ = flock(l.turnstile, syscall.LOCK_UN) // cannot fail on an open file
	}
	l.mu.Lock()
	l.opening = false
	l.free.Broadcast()
	return err
}

func (l *lease) hold(t testing.TB, alone bool) {
	if l.holders[t] == nil {
		l.holders[t] = &hold{alone: alone}
	}
	l.holders[t].times++
}

// give takes back one take of t.
func (l *lease) give(t testing.TB) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.holders[t].times--; l.holders[t].times > 0 {
		return
	}
	delete(l.holders, t)
	if len(l.holders) == 0 {
		_ = flock(l.room, syscall.LOCK_UN) // cannot fail on an open file
	}
	l.free.Broadcast()
}

func (l *lease) heldAlone() bool {
	for _, h := range l.holders {
		if h.alone {
			return true
		}
	}
	return false
}

func (l *lease) conflict(t testing.TB, alone bool) error {
	for holder, h := range l.holders {
		contains := t.Name() == holder.Name() || strings.HasPrefix(t.Name(), holder.Name()+"/")
		if contains && (alone || h.alone) {
			return fmt.Errorf("%s uses the cluster already: call Kafka or KafkaAlone once and pass the cluster on", holder.Name())
		}
	}
	return nil
}

// flock waits for a lock on f; an interrupted wait goes on.
func flock(f *os.File, how int) error {
	for {
		err := syscall.Flock(int(f.Fd()), how)
		if !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
