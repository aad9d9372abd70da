// Package auditlog keeps who looked at what, in a file that shows every change made to it later.
//
// # Form
//
// One JSON object a line. Each carries the hex SHA-256 of the line before it, so that an edit, a drop, an insert or a reorder breaks the chain;
// a cut at the end shows only against the last hash kept elsewhere ([Log.Head]). No personal data: people are dossier ids.
//
// # Delivery
//
// [Log.Append] returns after the line is on the disk. What is to be recorded first and done then is done only after it.
package auditlog

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"permithub/internal/fault"
	"permithub/schemas"
)

// Entry is one act.
type Entry struct {
	Seq     int64        `json:"seq"` // 1, 2, 3 …
	At      schemas.Time `json:"at"`
	Who     string       `json:"who"`               // staff number, or what was typed as one
	What    string       `json:"what"`              // a stable word: "sign_in", "reveal", "search" …
	About   string       `json:"about,omitempty"`   // application number, dossier id or staff number
	Purpose string       `json:"purpose,omitempty"` // a code
	Result  string       `json:"result"`            // "done" or "refused"
	Prev    string       `json:"prev"`              // hash of the line before; empty in the first
}

// Results.
const (
	Done    = "done"
	Refused = "refused"
)

// Log is an open file of entries. Safe for concurrent use by one process.
type Log struct {
	mu   sync.Mutex
	file *os.File
	seq  int64
	head string
	bad  bool // a line may have been written in part
}

// Open opens the file, or begins one. It checks the chain: a file that was changed is not written on.
func Open(path string) (*Log, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open audit log: %w", err)
	}
	last, err := Verify(f, nil)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("audit log %s: %w", path, err), f.Close())
	}
	return &Log{file: f, seq: last.Entries, head: last.Head}, nil
}

// Append adds the entry; seq and prev are set here.
func (l *Log) Append(e Entry) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.bad {
		return fault.Outage("audit_log", errors.New("audit log: an earlier line was not written"))
	}
	e.Seq, e.Prev = l.seq+1, l.head
	line, err := json.Marshal(e)
	if err != nil {
		return fmt.Errorf("encode audit entry: %w", err)
	}
	if _, err = l.file.Write(append(line, '\n')); err == nil {
		err = l.file.Sync()
	}
	if err != nil {
		l.bad = true
		return fault.Outage("audit_log", fmt.Errorf("append to audit log: %w", err))
	}
	l.seq, l.head = e.Seq, hash(line)
	return nil
}

// Head returns the hash of the last line.
func (l *Log) Head() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.head
}

// Each calls fn with every entry, in order, and checks the chain; entries that are added meanwhile may be missing.
func (l *Log) Each(fn func(Entry) error) (Chain, error) {
	l.mu.Lock()
	info, err := l.file.Stat()
	l.mu.Unlock()
	if err != nil {
		return Chain{}, fmt.Errorf("read audit log: %w", err)
	}
	return Verify(io.NewSectionReader(l.file, 0, info.Size()), fn)
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

func hash(line []byte) string {
	sum := sha256.Sum256(line)
	return hex.EncodeToString(sum[:])
}

// Chain is how far a file was followed.
type Chain struct {
	Entries int64
	Head    string
}

// maxLine bounds one line; the longest fields are a few dozen characters.
const maxLine = 64 << 10

// Verify follows the chain from its beginning, calling each where it is given, and says at which line it breaks.
func Verify(r io.Reader, each func(Entry) error) (Chain, error) {
	var c Chain
	in := bufio.NewReaderSize(r, maxLine)
	for {
		line, err := in.ReadSlice('\n')
		if errors.Is(err, io.EOF) && len(line) == 0 {
			return c, nil
		}
		if err != nil {
			return c, fmt.Errorf("line %d does not end", c.Entries+1)
		}
		line = bytes.TrimSuffix(line, []byte{'\n'})
		var e Entry
		if json.Unmarshal(line, &e) != nil || e.Seq != c.Entries+1 || e.Prev != c.Head {
			return c, fmt.Errorf("line %d does not follow from the one before", c.Entries+1)
		}
		c.Entries, c.Head = e.Seq, hash(line)
		if each != nil {
			if err := each(e); err != nil {
				return c, err
			}
		}
	}
}
