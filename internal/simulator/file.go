package simulator

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"time"
)

// Open returns a kit whose ledger lives in a file of JSON lines, so that a simulated system outlives the process as a real one does. A
// torn last line, of a process that was killed while it wrote, is cut off. An entry is in the file before its call is answered; the
// file is not synced: it survives the process, not the machine.
func Open(system, path string, now func() time.Time) (*Kit, error) {
	k := New(system, now)
	raw, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("open ledger of %s: %w", system, err)
	}
	whole := raw[:bytes.LastIndexByte(raw, '\n')+1]
	n := 0
	for line := range bytes.Lines(whole) {
		n++
		var e Entry
		if err := json.Unmarshal(line, &e); err != nil {
			return nil, fmt.Errorf("open ledger of %s: line %d is not an entry", system, n)
		}
		k.ledger = append(k.ledger, e)
	}
	f, err := os.OpenFile(path, os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open ledger of %s: %w", system, err)
	}
	if err = f.Truncate(int64(len(whole))); err == nil {
		_, err = f.Seek(int64(len(whole)), io.SeekStart)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open ledger of %s: %w", system, err)
	}
	k.file = f
	return k, nil
}

// append writes e to the file. A ledger that cannot be written ends the simulation: going on would forget effects.
func (k *Kit) append(e *Entry) {
	k.ledger = append(k.ledger, *e)
	if k.file == nil {
		return
	}
	line, err := json.Marshal(e)
	if err == nil {
		_, err = k.file.Write(append(line, '\n'))
	}
	if err != nil {
		panic(fmt.Sprintf("simulator: ledger of %s: %v", k.system, err))
	}
}
