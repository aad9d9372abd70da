package worklist

import (
	"context"
	"crypto/rand"
	"database/sql"
	"database/sql/driver"
	"fmt"
	"sync"

	"modernc.org/sqlite"
)

// layout has one row for each open case and one for each record of the log. Lists are answered from an index, and counts from a tally
// that the triggers keep: counting 100,000 rows at each look would cost more than the page. What officers did is summed up by day; breaches,
// overrides, revocations that wait and the answers to officers' acts are few and stay rows.
const layout = `
CREATE TABLE position (dossier TEXT, seq INTEGER, part INTEGER, pos INTEGER, PRIMARY KEY (dossier, seq)) WITHOUT ROWID;
CREATE TABLE mark (part INTEGER PRIMARY KEY, next INTEGER);
CREATE TABLE open_case (
	dossier TEXT PRIMARY KEY, no TEXT, version INTEGER, stage TEXT, queue TEXT, type TEXT, channel TEXT, division TEXT, name TEXT,
	submitted INTEGER, due INTEGER, urgency INTEGER, provisional INTEGER, paused INTEGER, breached INTEGER, opinions TEXT, promise TEXT, day INTEGER,
	held_for TEXT, since INTEGER
) WITHOUT ROWID;
CREATE TABLE answer (dossier TEXT, input TEXT, version INTEGER, code TEXT, PRIMARY KEY (dossier, input)) WITHOUT ROWID;
CREATE TABLE revocation (no TEXT PRIMARY KEY, dossier TEXT, division TEXT, ground TEXT, proposer TEXT, proposed INTEGER, decided INTEGER, stuck INTEGER) WITHOUT ROWID;
CREATE INDEX by_dossier ON revocation (dossier);
CREATE INDEX by_urgency ON open_case (queue, division, urgency, no, type, channel);
CREATE INDEX by_overdue ON open_case (queue, division, urgency, no) WHERE promise = 'breached';
CREATE INDEX by_name ON open_case (name, no);
CREATE TABLE tally (
	queue TEXT, division TEXT, stage TEXT, promise TEXT, day INTEGER, cases INTEGER, PRIMARY KEY (queue, division, stage, promise, day)
) WITHOUT ROWID;
CREATE TRIGGER case_in AFTER INSERT ON open_case BEGIN
	INSERT INTO tally VALUES (NEW.queue, NEW.division, NEW.stage, NEW.promise, NEW.day, 1) ON CONFLICT DO UPDATE SET cases = cases + 1;
END;
CREATE TRIGGER case_out AFTER DELETE ON open_case BEGIN
	UPDATE tally SET cases = cases - 1
	WHERE queue = OLD.queue AND division = OLD.division AND stage = OLD.stage AND promise = OLD.promise AND day = OLD.day;
END;
CREATE TABLE act (day INTEGER, officer TEXT, division TEXT, acts INTEGER, PRIMARY KEY (day, officer, division)) WITHOUT ROWID;
CREATE TABLE override (
	at INTEGER, no TEXT, kind TEXT, rule TEXT, division TEXT, officer TEXT, reason TEXT, PRIMARY KEY (at, no, kind, rule)
) WITHOUT ROWID;
CREATE TABLE breach (
	no TEXT, clock TEXT, at INTEGER, division TEXT, cause TEXT, stage TEXT, system TEXT, PRIMARY KEY (no, clock)
) WITHOUT ROWID;
CREATE INDEX by_breach ON breach (at);
`

// readers bounds the connections: more would only wait for each other on the processors.
const readers = 4

// Store is the projection.
type Store struct {
	db *sql.DB

	mu    sync.RWMutex // held for writing while a batch is applied, so that no reader finds the database busy
	watch watchers
}

// Open returns an empty store. The caller closes it, and all is gone then.
func Open(ctx context.Context) (*Store, error) {
	db := sql.OpenDB(&memory{name: "file:/" + rand.Text() + "?vfs=memdb"})
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers) // the database lives as long as a connection to it does
	db.SetConnMaxLifetime(0)
	if _, err := db.ExecContext(ctx, layout); err != nil {
		return nil, fmt.Errorf("create worklist: %w", err)
	}
	return &Store{db: db, watch: watchers{all: map[*watcher]struct{}{}}}, nil
}

// Close forgets everything.
func (s *Store) Close() error {
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("close worklist: %w", err)
	}
	return nil
}

// memory connects to a database that all connections of one name share.
type memory struct {
	name   string
	driver sqlite.Driver
}

// Connect implements driver.Connector.
func (m *memory) Connect(context.Context) (driver.Conn, error) { return m.driver.Open(m.name) }

// Driver implements driver.Connector.
func (m *memory) Driver() driver.Driver { return &m.driver }
