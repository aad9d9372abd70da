package simulator

import (
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"time"
)

// Serve answers one authenticated call: it applies the faults and runs execute at most once. keys[0] is the call's request id, the
// others are what a fault or a reader of the ledger may ask for. execute records its own outcome ([Kit.Record]); its body is sent as
// JSON, or as it is where it is a []byte.
func (k *Kit) Serve(op string, keys []string, w http.ResponseWriter, r *http.Request, execute func() (status int, body any)) {
	f, hit := k.faultFor(op, keys)
	if !hit {
		status, body := execute()
		Answer(w, status, body)
		return
	}
	switch f.Mode {
	case ModeRefuse:
		k.remark(op, keys, Refused, f)
		status, body := k.refusal(op, f.Code)
		Answer(w, status, body)
	case ModeError:
		k.remark(op, keys, Failed, f)
		Answer(w, statusOf(f.Code), map[string]string{"message": "simulated failure"})
	case ModeOutage:
		k.remark(op, keys, CutOff, f)
		panic(http.ErrAbortHandler) // net/http closes the connection without an answer and without a stack trace
	case ModeDelay:
		k.hold(nil, f.DelayMS)
		status, body := execute()
		Answer(w, status, body)
	case ModeTimeout:
		execute()
		k.remark(op, keys, TimedOut, f)
		_, _ = io.Copy(io.Discard, r.Body) // net/http notices a caller that hangs up only once the body is read
		k.hold(r, f.DelayMS)
		panic(http.ErrAbortHandler)
	}
}

func (k *Kit) remark(op string, keys []string, outcome string, f Fault) {
	e := Entry{Op: op, Keys: keys, Outcome: outcome, Detail: map[string]any{"fault": f.ID}}
	if len(keys) > 0 {
		e.RequestID = keys[0]
	}
	if f.Code != "" {
		e.Detail["code"] = f.Code
	}
	k.Record(e)
}

func (k *Kit) refusal(op, code string) (int, any) {
	if k.Refusal != nil {
		return k.Refusal(op, code)
	}
	return http.StatusUnprocessableEntity, map[string]string{"code": code, "message": "simulated refusal"}
}

// hold waits for ms milliseconds (0 without end), for the caller to go where r is given, or for Close.
func (k *Kit) hold(r *http.Request, ms int) {
	var gone <-chan struct{}
	if r != nil {
		gone = r.Context().Done()
	}
	var after <-chan time.Time
	if ms > 0 {
		t := time.NewTimer(time.Duration(ms) * time.Millisecond)
		defer t.Stop()
		after = t.C
	}
	select {
	case <-gone:
	case <-after:
	case <-k.closed:
	}
}

func statusOf(code string) int {
	if n, err := strconv.Atoi(code); err == nil && n >= 400 && n <= 599 {
		return n
	}
	return http.StatusInternalServerError
}

// Answer writes body as JSON, or as it is where it is a []byte; a nil body writes the status alone.
func Answer(w http.ResponseWriter, status int, body any) {
	raw, isRaw := body.([]byte)
	if !isRaw && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			http.Error(w, "answer cannot be written", http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.WriteHeader(status)
	_, _ = w.Write(raw) // a caller that has gone is not the simulator's concern
}
