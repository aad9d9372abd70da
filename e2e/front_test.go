package e2e

import (
	"io"
	"math/rand/v2"
	"net"
	"strconv"
	"sync"
	"testing"
	"time"
)

// front is a balancer before one door of the hub: it keeps its address while the processes behind it come and go. It is also the line to Redis and
// to a foreign system where a test wants a bad one: Shopify/toxiproxy does that and more, for ten modules in go.mod; what is needed here beside
// the balancer is these two functions.
type front struct {
	listener net.Listener

	mu      sync.Mutex
	targets []string
	next    int
	delay   time.Duration  // of every piece that passes
	speaks  func() dialect // nil where bytes pass as they come
	conns   map[net.Conn]bool
	served  sync.WaitGroup
}

func newFront(t *testing.T) *front {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	f := &front{listener: l, conns: map[net.Conn]bool{}}
	f.served.Go(f.accept)
	t.Cleanup(f.close)
	return f
}

func (f *front) addr() string { return f.listener.Addr().String() }
func (f *front) url() string  { return "http://" + f.addr() }

// to makes the addresses what stands behind the front.
func (f *front) to(targets ...string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.targets = targets
}

func (f *front) accept() {
	for {
		c, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.served.Go(func() { f.serve(c) })
	}
}

// serve joins a caller with the first target, in turn, that can be reached; without one the caller is hung up on.
func (f *front) serve(c net.Conn) {
	if !f.track(c) {
		return
	}
	defer f.forget(c)
	for range f.count() {
		b, err := net.Dial("tcp", f.turn())
		if err != nil {
			continue
		}
		if !f.track(b) {
			return
		}
		defer f.forget(b)
		back := make(chan struct{})
		request, answer := f.reading()
		go func() { f.pass(c, b, answer); _ = c.Close(); close(back) }()
		f.pass(b, c, request)
		_ = b.Close()
		<-back
		return
	}
}

// dialect reads the pieces of one connection, and may change them.
type dialect interface {
	request(from io.Reader) ([]byte, error)
	answer(from io.Reader) ([]byte, error)
}

// plain passes what comes.
type plain struct{}

func (plain) request(from io.Reader) ([]byte, error) { return some(from) }
func (plain) answer(from io.Reader) ([]byte, error)  { return some(from) }

func some(from io.Reader) ([]byte, error) {
	piece := make([]byte, 32<<10)
	n, err := from.Read(piece)
	return piece[:n], err
}

func (f *front) reading() (request, answer func(io.Reader) ([]byte, error)) {
	f.mu.Lock()
	defer f.mu.Unlock()
	var d dialect = plain{}
	if f.speaks != nil {
		d = f.speaks()
	}
	return d.request, d.answer
}

// pass hands over what one side says to the other, until either is gone.
func (f *front) pass(to io.Writer, from io.Reader, read func(io.Reader) ([]byte, error)) {
	for {
		piece, err := read(from)
		if err != nil {
			return
		}
		f.wait()
		if _, err := to.Write(piece); err != nil {
			return
		}
	}
}

// wait takes as long as the line does just now.
func (f *front) wait() {
	f.mu.Lock()
	d := f.delay
	f.mu.Unlock()
	if d > 0 {
		<-time.After(d)
	}
}

// slow makes everything that passes take so long; zero is a good line.
func (f *front) slow(d time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.delay = d
}

// cut breaks every connection; new ones are taken.
func (f *front) cut() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for c := range f.conns {
		_ = c.Close()
	}
}

func (f *front) count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.targets)
}

func (f *front) turn() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.next++
	if len(f.targets) == 0 {
		return ""
	}
	return f.targets[f.next%len(f.targets)]
}

// track lets close find the connection; false where the front is closed.
func (f *front) track(c net.Conn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.conns == nil {
		_ = c.Close()
		return false
	}
	f.conns[c] = true
	return true
}

func (f *front) forget(c net.Conn) {
	_ = c.Close()
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.conns, c)
}

func (f *front) close() {
	_ = f.listener.Close()
	f.mu.Lock()
	for c := range f.conns {
		_ = c.Close()
	}
	f.conns = nil
	f.mu.Unlock()
	f.served.Wait()
}

// portsGiven are the addresses that this process has handed out.
var portsGiven sync.Map

// fixedPort returns an address that a process can take again and again: a foreign system that is down refuses connections, which no front can
// play. It lies below the range that kernels take the ports of outgoing connections from.
func fixedPort(t *testing.T) string {
	t.Helper()
	for range 200 {
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(15000+rand.IntN(5000)))
		if _, given := portsGiven.LoadOrStore(addr, true); given { // to a system that may not listen yet, or is down
			continue
		}
		if l, err := net.Listen("tcp", addr); err == nil {
			_ = l.Close()
			return addr
		}
	}
	t.Fatal("no free port")
	return ""
}
