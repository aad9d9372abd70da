package audit

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Record is one Kafka record as a reader outside the hub finds it.
type Record struct {
	Topic     string // short name
	Partition int32
	Offset    int64
	Key       string
	Headers   map[string]string
	Value     []byte
}

// Entry is one line of a foreign system's ledger.
type Entry struct {
	Seq       int64          `json:"seq"`
	At        time.Time      `json:"at"`
	Op        string         `json:"op"`
	RequestID string         `json:"request_id"`
	Keys      []string       `json:"keys"`
	Outcome   string         `json:"outcome"`
	Detail    map[string]any `json:"detail"`
}

// Evidence is all that the audit sees.
type Evidence struct {
	// Log is every record of case-log, void ones too, in offset order within each partition.
	Log []Record
	// Inputs is every record of case-input.
	Inputs []Record
	// DeadLetters is every record of dead-letter.
	DeadLetters []Record
	// Ledgers are the foreign systems' own, by name: epermit, registration, sms, dataplatform.
	Ledgers map[string][]Entry
	// Taken are the application numbers that were answered 202.
	Taken []string
	// Calendar is the days that differ from Monday to Friday, by date: true is a day off.
	Calendar map[string]bool
	// Waiting is what Redis waits for, by application, in ms since 1970; nil where there was none to look at.
	Waiting map[string]int64
	// Texts are what else the hub has written where people or machines read it, by where: logs, metrics, Redis.
	Texts map[string]string
	// Now is when the evidence was taken.
	Now time.Time
}

const stampHeader = "ph-stamp"

// stamp returns the offset at which a record of the log had to land.
func (r *Record) stamp() (int64, bool) {
	n, err := strconv.ParseInt(r.Headers[stampHeader], 10, 64)
	return n, err == nil
}

type transition struct {
	Seq           int64  `json:"seq"`
	PrevHash      string `json:"prev_hash"`
	DossierID     string `json:"dossier_id"`
	ApplicationNo string `json:"application_no"`
	Input         struct {
		InputID   string `json:"input_id"`
		Kind      string `json:"kind"`
		Source    string `json:"source"`
		Partition int32  `json:"partition"`
		Offset    int64  `json:"offset"`
	} `json:"input"`
	Events  []event  `json:"events"`
	Effects []effect `json:"effects"`
	Dossier dossier  `json:"dossier"`
	Person  any      `json:"person"`

	where string // partition/offset, for people
	part  int32
	hash  string
}

type event struct {
	Type          string     `json:"type"`
	At            time.Time  `json:"at"`
	ApplicationNo string     `json:"application_no"`
	To            string     `json:"to"`
	Officer       string     `json:"officer"`
	EffectID      string     `json:"effect_id"`
	Ref           string     `json:"ref"`
	Clock         string     `json:"clock"`
	DueAt         *time.Time `json:"due_at"`
	DetectedAt    *time.Time `json:"detected_at"`
}

type effect struct {
	EffectID string `json:"effect_id"`
	Kind     string `json:"kind"`
	PermitNo string `json:"permit_no"`
	NewNo    string `json:"new_no"`
	Notice   string `json:"notice"`
	Status   string `json:"status"` // of a duty
	Code     string `json:"code"`
}

type dossier struct {
	Seq   int64 `json:"seq"`
	Open  *open `json:"open"`
	Ended []struct {
		ApplicationNo string     `json:"application_no"`
		Outcome       string     `json:"outcome"`
		DueAt         *time.Time `json:"due_at"`
		Duties        []effect   `json:"duties"`
	} `json:"ended"`
	Permits []struct {
		PermitNo string `json:"permit_no"`
		Status   string `json:"status"`
	} `json:"permits"`
}

type open struct {
	ApplicationNo string   `json:"application_no"`
	Stage         string   `json:"stage"`
	Duties        []effect `json:"duties"`
	Clocks        []struct {
		ID         string     `json:"id"`
		DueAt      time.Time  `json:"due_at"`
		PausedAt   *time.Time `json:"paused_at"`
		ResolvedAt *time.Time `json:"resolved_at"`
		Rungs      []struct {
			At      time.Time  `json:"at"`
			FiredAt *time.Time `json:"fired_at"`
		} `json:"rungs"`
	} `json:"clocks"`
	Facts *struct {
		Permits []struct {
			PermitNo string `json:"permit_no"`
			Status   string `json:"status"`
			Division string `json:"division"`
		} `json:"permits"`
	} `json:"facts"`
}

// valid decodes the records of the log whose offset equals their stamp; void counts the others.
func (a *audit) valid(log []Record) {
	last := map[int32]int64{}
	for i := range log {
		r := &log[i]
		if n, ok := last[r.Partition]; ok && r.Offset <= n {
			a.fault("case-log %d/%d: the evidence is not in offset order", r.Partition, r.Offset)
		}
		last[r.Partition] = r.Offset
		stamp, ok := r.stamp()
		if !ok {
			a.fault("case-log %d/%d: no stamp", r.Partition, r.Offset)
			continue
		}
		if stamp != r.Offset {
			a.report.Void++
			continue
		}
		t := &transition{where: fmt.Sprintf("case-log %d/%d", r.Partition, r.Offset), part: r.Partition}
		if err := json.Unmarshal(r.Value, t); err != nil {
			a.fault("%s: not a transition", t.where)
			continue
		}
		if t.DossierID != r.Key {
			a.fault("%s: key %s, dossier %s", t.where, r.Key, t.DossierID)
		}
		sum := sha256.Sum256(r.Value)
		t.hash = hex.EncodeToString(sum[:])
		a.log = append(a.log, t)
		a.files[t.DossierID] = append(a.files[t.DossierID], t)
	}
	a.report.Valid = len(a.log)
}

// done selects the entries of a system that changed something there.
func (a *audit) done(system, op string) []Entry {
	return slices.DeleteFunc(slices.Clone(a.ledgers[system]), func(e Entry) bool { return e.Op != op || e.Outcome != "done" })
}
