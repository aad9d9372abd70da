package worklist

import "sync"

// watchers are those who wait for a change.
type watchers struct {
	mu  sync.Mutex
	all map[*watcher]struct{}
}

type watcher struct {
	dossier string
	changed chan struct{}
}

// Watch returns a channel that is told, after the change can be read, that the file changed; an empty dossier stands for any file. Changes
// that come while nobody reads are one. The caller calls stop in the end.
func (s *Store) Watch(dossier string) (changed <-chan struct{}, stop func()) {
	w := &watcher{dossier, make(chan struct{}, 1)}
	s.watch.mu.Lock()
	s.watch.all[w] = struct{}{}
	s.watch.mu.Unlock()
	return w.changed, func() {
		s.watch.mu.Lock()
		delete(s.watch.all, w)
		s.watch.mu.Unlock()
	}
}

func (l *watchers) tell(dossier string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for w := range l.all {
		if w.dossier != "" && w.dossier != dossier {
			continue
		}
		select {
		case w.changed <- struct{}{}:
		default:
		}
	}
}
