package simulator

import (
	"os"
	"slices"
	"sync"
	"time"
)

// Outcomes of a call in the ledger.
const (
	Done     = "done"                    // the effect happened now
	Already  = "already"                 // a repeat: the stored answer was given again
	Refused  = "refused"                 // by the system's rules, or by a fault of mode refuse
	Denied   = "denied"                  // signature, key or clock were wrong
	TimedOut = "executed_then_timed_out" // by a fault: executed, never answered
	Failed   = "error"                   // by a fault: 5xx, not executed
	CutOff   = "outage"                  // by a fault: connection closed at once, not executed
)

// Entry is one line of a ledger.
type Entry struct {
	Seq       int64          `json:"seq"` // 1, 2, 3 …
	At        time.Time      `json:"at"`
	System    string         `json:"system"`
	Op        string         `json:"op"`
	RequestID string         `json:"request_id,omitempty"`
	Keys      []string       `json:"keys,omitempty"`
	Outcome   string         `json:"outcome"`
	Detail    map[string]any `json:"detail,omitempty"`
}

// Query selects entries of a ledger; a zero field selects everything.
type Query struct {
	Op      string
	Key     string // the request id or one of the keys
	Outcome string
}

func (q Query) selects(e *Entry) bool {
	return (q.Op == "" || q.Op == e.Op) &&
		(q.Outcome == "" || q.Outcome == e.Outcome) &&
		(q.Key == "" || q.Key == e.RequestID || slices.Contains(e.Keys, q.Key))
}

// Kit carries the ledger and the faults of one simulated system. Its methods are safe for concurrent use.
type Kit struct {
	// Refusal words a refusal as the simulated system does; the simulator sets it before it serves. Nil answers 422 with
	// {"code", "message"}.
	Refusal func(op, code string) (status int, body any)

	system string
	now    func() time.Time
	closed chan struct{}
	once   sync.Once

	mu     sync.Mutex
	ledger []Entry
	file   *os.File // nil keeps the ledger in memory alone
	faults []*armed
	nextID int
}

// New returns a kit with an empty ledger and no faults; now dates the entries.
func New(system string, now func() time.Time) *Kit {
	return &Kit{system: system, now: now, closed: make(chan struct{})}
}

// Now is the simulated system's clock.
func (k *Kit) Now() time.Time { return k.now() }

// Close lets go of every call that a fault holds, so that a server can shut down; later faults do not hold. It leaves the ledger's file
// open for the calls that end now: [Kit.CloseFile] comes after the server's shutdown.
func (k *Kit) Close() { k.once.Do(func() { close(k.closed) }) }

// CloseFile closes the ledger's file, where there is one. Later entries stay in memory alone.
func (k *Kit) CloseFile() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.file
	k.file = nil
	if f == nil {
		return nil
	}
	return f.Close()
}

// Record appends e to the ledger; it sets Seq and System, and At where it is zero.
func (k *Kit) Record(e Entry) {
	k.mu.Lock()
	defer k.mu.Unlock()
	e.Seq, e.System = int64(len(k.ledger))+1, k.system
	if e.At.IsZero() {
		e.At = k.now()
	}
	k.append(&e)
}

// Ledger returns a copy of every entry, oldest first.
func (k *Kit) Ledger() []Entry { return k.Find(Query{}) }

// Find returns a copy of the entries that q selects, oldest first.
func (k *Kit) Find(q Query) []Entry {
	k.mu.Lock()
	defer k.mu.Unlock()
	var out []Entry
	for i := range k.ledger {
		if q.selects(&k.ledger[i]) {
			out = append(out, k.ledger[i])
		}
	}
	return out
}
