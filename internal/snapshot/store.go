package snapshot

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/failpoint"
)

// kept is how many snapshots of a partition stay.
const kept = 2

// Names in the folder.
const (
	suffix     = ".snapshot"
	partSuffix = ".part"
)

// abandoned is for how long nothing is written to a part whose process is gone; a write takes seconds.
const abandoned = 10 * time.Minute

// Store is a folder of snapshots, safe for concurrent use.
type Store struct {
	dir     string
	log     *slog.Logger
	written *prometheus.CounterVec
	refused *prometheus.CounterVec
}

// Open makes the folder where there is none, and removes what writes that did not end have left. A nil reg keeps the metrics to itself.
func Open(dir string, log *slog.Logger, reg prometheus.Registerer) (*Store, error) {
	s := &Store{dir: dir, log: log,
		written: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "permithub_snapshots_total", Help: "Snapshots of partitions, by what became of them: written, or failed, which leaves the older ones."}, []string{"result"}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "permithub_snapshots_refused_total", Help: "Snapshots that were not believed, by reason; an older one or the log was read instead, which takes longer."}, []string{"reason"}),
	}
	for _, r := range []string{resultWritten, resultFailed} {
		s.written.WithLabelValues(r)
	}
	for _, r := range reasons {
		s.refused.WithLabelValues(string(r))
	}
	if reg != nil {
		if err := errors.Join(reg.Register(s.written), reg.Register(s.refused)); err != nil {
			return nil, err
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("open snapshots: %w", err)
	}
	s.tidy()
	return s, nil
}

const (
	resultWritten = "written"
	resultFailed  = "failed"
)

// Write keeps a snapshot and drops the partition's oldest ones.
func (s *Store) Write(h *Head, items iter.Seq[Item]) error {
	begun := time.Now()
	size, err := s.write(h, items)
	if err != nil {
		return fmt.Errorf("write snapshot of partition %d at %d: %w", h.Partition, h.End, err)
	}
	s.written.WithLabelValues(resultWritten).Inc()
	s.log.Info("snapshot written", "partition", h.Partition, "offset", h.End, "files", h.Items, "bytes", size, "took", time.Since(begun))
	s.prune(h.Partition)
	s.tidy()
	return nil
}

// Failed counts and tells of a snapshot that there is not: Write failed, or it did not come to that.
func (s *Store) Failed(partition int32, err error) {
	s.written.WithLabelValues(resultFailed).Inc()
	s.log.Error("snapshot not written", "partition", partition, "error", err)
}

func (s *Store) write(h *Head, items iter.Seq[Item]) (size int64, err error) {
	f, err := os.CreateTemp(s.dir, "*"+partSuffix) // 0600
	if err != nil {
		return 0, err
	}
	defer func() {
		err = errors.Join(err, f.Close())
		if err == nil {
			err = s.publish(f.Name(), nameOf(h.Partition, h.End))
		}
		if err != nil {
			_ = os.Remove(f.Name()) // it is of no use, and tidy finds what stays
		}
	}()
	e, err := newEncoder(f, h)
	if err != nil {
		return 0, err
	}
	n := 0
	for i := range items {
		if n++; n == h.Items/2+1 {
			if err := errors.Join(e.flush(), e.w.Flush()); err != nil {
				return 0, err
			}
			failpoint.Here(failpoint.S1)
		}
		if err := e.item(i); err != nil {
			return 0, err
		}
	}
	if n != h.Items {
		return 0, fmt.Errorf("%d items, the head tells of %d", n, h.Items)
	}
	if err := errors.Join(e.end(), f.Sync()); err != nil {
		return 0, err
	}
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// publish gives the file its name, for good.
func (s *Store) publish(part, name string) error {
	if err := os.Rename(part, filepath.Join(s.dir, name)); err != nil {
		return err
	}
	d, err := os.Open(s.dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// Load reads the newest snapshot of the partition that is whole and that try takes. Try is given the head and returns where the items go; a [Refusal] from
// either leads on to the older one, any other error ends the search. What the items were handed to may be believed only once Load returns
// a head. It returns nil where there is no snapshot.
func (s *Store) Load(partition int32, try func(*Head) (take func(Item) error, err error)) (*Head, error) {
	for _, name := range s.names(partition) {
		h, err := s.load(name, partition, try)
		if err == nil {
			return h, nil
		}
		r := refused(err)
		if r == nil {
			return nil, err
		}
		s.refused.WithLabelValues(string(r.Reason)).Inc()
		s.log.Warn("snapshot refused", "partition", partition, "file", name, "reason", string(r.Reason), "error", r.Err)
		if r.Reason.forGood() {
			_ = os.Remove(filepath.Join(s.dir, name)) // another process may have done so
		}
	}
	return nil, nil
}

func (s *Store) load(name string, partition int32, try func(*Head) (func(Item) error, error)) (*Head, error) {
	f, err := os.Open(filepath.Join(s.dir, name))
	if err != nil {
		return nil, refuse(Unreadable, bare(err))
	}
	defer func() { _ = f.Close() }() // it was only read
	info, err := f.Stat()
	if err != nil {
		return nil, refuse(Unreadable, bare(err))
	}
	var head *Head
	var stop error
	err = decode(f, info.Size(), func(h *Head) (func(Item) error, error) {
		if h.Partition != partition || nameOf(h.Partition, h.End) != name {
			return nil, refuse(Foreign, errors.New("it is named as another"))
		}
		head = h
		var take func(Item) error
		take, stop = try(h)
		return take, stop
	})
	switch {
	case err == nil:
		return head, nil
	case stop != nil || refused(err) != nil:
		return nil, err
	}
	return nil, refuse(Unreadable, bare(err))
}

// bare leaves the path out of an error: where a folder is told, it is told by the one who configured it.
func bare(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

func nameOf(partition int32, end int64) string {
	return fmt.Sprintf("%05d-%020d%s", partition, end, suffix)
}

// names lists the snapshots of a partition, the newest first.
func (s *Store) names(partition int32) []string {
	all, err := os.ReadDir(s.dir)
	if err != nil {
		s.log.Error("snapshots cannot be listed", "error", bare(err))
		return nil
	}
	prefix := fmt.Sprintf("%05d-", partition)
	var names []string
	for _, e := range all {
		if strings.HasPrefix(e.Name(), prefix) && strings.HasSuffix(e.Name(), suffix) {
			names = append(names, e.Name())
		}
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Compare(b, a) })
	return names
}

func (s *Store) prune(partition int32) {
	names := s.names(partition)
	for _, name := range names[min(kept, len(names)):] {
		_ = os.Remove(filepath.Join(s.dir, name)) // another process may have done so
	}
}

// tidy removes parts that nobody writes to any more.
func (s *Store) tidy() {
	parts, err := filepath.Glob(filepath.Join(s.dir, "*"+partSuffix))
	if err != nil {
		return // the pattern is ours
	}
	for _, part := range parts {
		if info, err := os.Stat(part); err == nil && time.Since(info.ModTime()) > abandoned {
			_ = os.Remove(part)
		}
	}
}
