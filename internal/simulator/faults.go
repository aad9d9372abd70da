package simulator

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strconv"
)

// Modes of a fault.
const (
	ModeRefuse  = "refuse"  // not executed; the system's refusal with Code
	ModeDelay   = "delay"   // executed after DelayMS, even where the caller has gone by then
	ModeTimeout = "timeout" // executed, then never answered
	ModeError   = "error"   // not executed; HTTP status Code, 500 where Code is no status
	ModeOutage  = "outage"  // not executed; the connection is closed at once
)

var modes = []string{ModeRefuse, ModeDelay, ModeTimeout, ModeError, ModeOutage}

// Fault is one switched-on misbehaviour.
type Fault struct {
	ID      string  `json:"id"`                 // assigned where empty; setting an id again replaces the fault
	Op      string  `json:"op,omitempty"`       // "" is any
	Match   string  `json:"match,omitempty"`    // one of the call's keys; "" is any
	Mode    string  `json:"mode"`               // refuse, delay, timeout, error, outage
	Code    string  `json:"code,omitempty"`     // refuse: the system's code; error: the HTTP status
	DelayMS int     `json:"delay_ms,omitempty"` // delay: how long; timeout: cut the connection after that, 0 holds until the caller goes
	Share   float64 `json:"share,omitempty"`    // of the matching calls; 0 means all
	Times   int     `json:"times,omitempty"`    // calls to hit; 0 means always
}

// Validate returns every fault of the fault at once.
func (f *Fault) Validate() error {
	var errs []error
	if !slices.Contains(modes, f.Mode) {
		errs = append(errs, fmt.Errorf("mode: want one of %v", modes))
	}
	if f.Share < 0 || f.Share > 1 {
		errs = append(errs, errors.New("share: want 0 to 1"))
	}
	if f.DelayMS < 0 || f.Times < 0 {
		errs = append(errs, errors.New("delay_ms and times: want 0 or more"))
	}
	if f.Mode == ModeDelay && f.DelayMS == 0 {
		errs = append(errs, errors.New("delay_ms: a delay needs it"))
	}
	return errors.Join(errs...)
}

// armed is a fault and what it has seen.
type armed struct {
	Fault
	Seen int `json:"seen"` // matching calls
	Hits int `json:"hits"` // calls that it changed
}

// SetFault switches f on and returns its id. It panics on a fault that does not validate: the caller is a test or has validated.
func (k *Kit) SetFault(f Fault) string {
	if err := f.Validate(); err != nil {
		panic("simulator: " + err.Error())
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if f.ID == "" {
		k.nextID++
		f.ID = "f" + strconv.Itoa(k.nextID)
	}
	k.faults = slices.DeleteFunc(k.faults, func(a *armed) bool { return a.ID == f.ID })
	k.faults = append(k.faults, &armed{Fault: f})
	return f.ID
}

// ClearFault switches one fault off and reports whether it was on.
func (k *Kit) ClearFault(id string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	n := len(k.faults)
	k.faults = slices.DeleteFunc(k.faults, func(a *armed) bool { return a.ID == id })
	return len(k.faults) < n
}

// ClearFaults switches every fault off; calls that are held stay held.
func (k *Kit) ClearFaults() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.faults = nil
}

func (k *Kit) armedFaults() []armed {
	k.mu.Lock()
	defer k.mu.Unlock()
	out := make([]armed, 0, len(k.faults))
	for _, a := range k.faults {
		out = append(out, *a)
	}
	return out
}

// faultFor returns the first fault that hits the call, oldest first.
func (k *Kit) faultFor(op string, keys []string) (Fault, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	for _, a := range k.faults {
		if a.hit(op, keys) {
			return a.Fault, true
		}
	}
	return Fault{}, false
}

func (a *armed) hit(op string, keys []string) bool {
	if a.Op != "" && a.Op != op || a.Match != "" && !slices.Contains(keys, a.Match) {
		return false
	}
	if a.Times > 0 && a.Hits >= a.Times {
		return false
	}
	a.Seen++
	if a.Share > 0 && a.draw() >= a.Share {
		return false
	}
	a.Hits++
	return true
}

// draw is a number in [0,1) that depends on the fault's id and on how many calls it has seen, so that every run is the same.
func (a *armed) draw() float64 {
	h := fnv.New64a()
	h.Write([]byte(a.ID))
	return rand.New(rand.NewPCG(h.Sum64(), uint64(a.Seen))).Float64()
}
