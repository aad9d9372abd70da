package worklist

import "sync"

// watchers are those who wait for a change.
type watchers struct {
	mu   sync.Mutex
	all  map[*watcher]struct{}
	told int64
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

// Changes counts the records that were applied. Whoever reads, and watches only later, compares it: what came in between is told by nobody.
func (s *Store) Changes() int64 {
	s.watch.mu.Lock()
	defer s.watch.mu.Unlock()
	return s.watch.told
}

func (l *watchers) tell(dossier string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told++
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
