package worklist

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
)

// Record is one valid record of the log.
type Record struct {
	Offset int64
	File   *File
}

// Next returns the offset from which the partition has to be applied; 0 for one that was never applied.
func (s *Store) Next(ctx context.Context, partition int32) (int64, error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	var next int64
	err := s.db.QueryRowContext(ctx, `SELECT next FROM mark WHERE part = ?`, partition).Scan(&next)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return 0, fmt.Errorf("read mark of partition %d: %w", partition, err)
	}
	return next, nil
}

// Apply takes in a batch of one partition, in the order of the log, as a whole or not at all. What was applied before is passed over.
func (s *Store) Apply(ctx context.Context, partition int32, records []Record) error {
	if len(records) == 0 {
		return nil
	}
	next, err := s.Next(ctx, partition)
	if err != nil {
		return err
	}
	for len(records) > 0 && records[0].Offset < next {
		records = records[1:]
	}
	if err := s.write(ctx, partition, records); err != nil {
		return fmt.Errorf("apply batch of partition %d to the worklist: %w", partition, err)
	}
	for i := range records {
		s.watch.tell(records[i].File.DossierID)
	}
	return nil
}

func (s *Store) write(ctx context.Context, partition int32, records []Record) (err error) {
	if len(records) == 0 {
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, tx.Rollback())
		}
	}()
	w := batch{ctx: ctx, tx: tx}
	defer func() { err = errors.Join(err, w.close()) }()
	last := map[string]int{} // a file's last record of the batch is all that its row needs
	for i := range records {
		f := records[i].File
		last[f.DossierID] = i
		w.exec(&w.position, `INSERT OR REPLACE INTO position VALUES (?, ?, ?, ?)`, f.DossierID, f.Seq, partition, records[i].Offset)
		if a := f.answer; a != nil {
			w.exec(&w.answer, `INSERT OR REPLACE INTO answer VALUES (?, ?, ?, ?)`, f.DossierID, a.inputID, a.Version, a.Code)
		}
	}
	for i := range records {
		if f := records[i].File; last[f.DossierID] == i {
			w.put(f)
		}
	}
	w.exec(new(*sql.Stmt), `DELETE FROM tally WHERE cases = 0`)
	w.history(records)
	var mark *sql.Stmt
	w.exec(&mark, `INSERT OR REPLACE INTO mark VALUES (?, ?)`, partition, records[len(records)-1].Offset+1)
	if w.err != nil {
		return w.err
	}
	return tx.Commit()
}

// batch is the writing of one batch; its first error ends it.
type batch struct {
	ctx  context.Context
	tx   *sql.Tx
	err  error
	open []*sql.Stmt

	position, remove, insert, act, override, breach, undo, answer, forget, revocation *sql.Stmt
}

// exec prepares the statement the first time.
func (b *batch) exec(s **sql.Stmt, query string, args ...any) {
	if b.err != nil {
		return
	}
	if *s == nil {
		if *s, b.err = b.tx.PrepareContext(b.ctx, query); b.err != nil { //nolint:sqlclosecheck // close does it, with all others
			return
		}
		b.open = append(b.open, *s)
	}
	_, b.err = (*s).ExecContext(b.ctx, args...)
}

func (b *batch) close() error {
	var errs []error
	for _, s := range b.open {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

// put makes the rows of a file what f says: its open case, or none, and its revocations.
func (b *batch) put(f *File) {
	b.putRevocations(f)
	c := f.Open
	b.exec(&b.remove, `DELETE FROM open_case WHERE dossier = ?`, f.DossierID) // a REPLACE would not fire the tally's trigger
	if c == nil {
		return
	}
	opinions, err := json.Marshal(c.Opinions)
	if err != nil {
		b.err = err
		return
	}
	due := int64(0)
	if !c.DueAt.IsZero() {
		due = c.DueAt.UnixMilli()
	}
	since := int64(0)
	if !c.Since.IsZero() {
		since = c.Since.UnixMilli()
	}
	b.exec(&b.insert, `INSERT INTO open_case VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		c.DossierID, c.ApplicationNo, c.Version, string(c.Stage), string(c.Queue()), string(c.Type), string(c.Channel), c.Division, c.Name,
		c.SubmittedAt.UnixMilli(), due, c.urgency(), c.Provisional, c.Paused, c.Breached, string(opinions), string(c.promise), dayNumber(c.day), c.HeldFor, since)
}
