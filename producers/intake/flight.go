package intake

import (
	"context"
	"sync"
)

// flights lets one submission of an application number through at a time. What arrives meanwhile waits for it and takes its answer,
// so that two identical submissions at the same moment are one input with one receipt even while the card store is away.
type flights struct {
	mu  sync.Mutex
	now map[string]*flight
}

// flight is one submission on its way; what follows done may be read once done is closed.
type flight struct {
	done   chan struct{}
	hash   string
	answer Accepted
	err    error
}

// join returns the flight of a number, and true where the caller leads it and must land it.
func (f *flights) join(no, hash string) (*flight, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if g := f.now[no]; g != nil {
		return g, false
	}
	if f.now == nil {
		f.now = make(map[string]*flight)
	}
	g := &flight{done: make(chan struct{}), hash: hash}
	f.now[no] = g
	return g, true
}

func (f *flights) land(no string, g *flight, a Accepted, err error) {
	f.mu.Lock()
	delete(f.now, no)
	f.mu.Unlock()
	g.answer, g.err = a, err
	close(g.done)
}

// wait waits for the flight that another caller leads.
func (g *flight) wait(ctx context.Context) error {
	select {
	case <-g.done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
