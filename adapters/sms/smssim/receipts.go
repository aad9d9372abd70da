package smssim

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"time"

	"permithub/internal/simulator"
)

// Modes of a receipt fault.
const (
	ReceiptLost      = "lost"      // the message arrives, its receipt never does
	ReceiptFailed    = "failed"    // the message does not arrive; the receipt says so with Code
	ReceiptDuplicate = "duplicate" // the receipt is pushed twice
)

// ReceiptFault changes what happens to receipts.
type ReceiptFault struct {
	Mode  string `json:"mode"`            // lost, failed, duplicate
	Match string `json:"match,omitempty"` // a number; "" is any
	Code  string `json:"code,omitempty"`  // failed: errorCode, UNDELIV where empty
	Times int    `json:"times,omitempty"` // receipts to hit; 0 means always
	Hits  int    `json:"hits"`            // receipts that it changed
}

// Validate returns every fault of the fault at once.
func (f *ReceiptFault) Validate() error {
	var errs []error
	if !slices.Contains([]string{ReceiptLost, ReceiptFailed, ReceiptDuplicate}, f.Mode) {
		errs = append(errs, errors.New("mode: want lost, failed or duplicate"))
	}
	if f.Times < 0 {
		errs = append(errs, errors.New("times: want 0 or more"))
	}
	return errors.Join(errs...)
}

// SetReceiptFault switches f on beside those that are on. It panics on a fault that does not validate: the caller is a test or has
// validated.
func (g *Gateway) SetReceiptFault(f ReceiptFault) {
	if err := f.Validate(); err != nil {
		panic("smssim: " + err.Error())
	}
	f.Hits = 0
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = append(g.faults, &f)
}

// ClearReceiptFaults switches every receipt fault off.
func (g *Gateway) ClearReceiptFaults() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.faults = nil
}

func (g *Gateway) receiptFault(mobile string) (ReceiptFault, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, f := range g.faults {
		if (f.Match == "" || f.Match == mobile) && (f.Times == 0 || f.Hits < f.Times) {
			f.Hits++
			return *f, true
		}
	}
	return ReceiptFault{}, false
}

func (g *Gateway) controlReceipts(w http.ResponseWriter, r *http.Request) {
	switch r.Method {
	case http.MethodGet:
		g.mu.Lock()
		on := make([]ReceiptFault, 0, len(g.faults))
		for _, f := range g.faults {
			on = append(on, *f)
		}
		g.mu.Unlock()
		simulator.Answer(w, http.StatusOK, on)
	case http.MethodPost:
		var f ReceiptFault
		if err := json.NewDecoder(io.LimitReader(r.Body, 16<<10)).Decode(&f); err != nil || f.Validate() != nil {
			simulator.Answer(w, http.StatusBadRequest, map[string]string{"message": "want {mode: lost|failed|duplicate, match, code, times}"})
			return
		}
		g.SetReceiptFault(f)
		w.WriteHeader(http.StatusCreated)
	case http.MethodDelete:
		g.ClearReceiptFaults()
		w.WriteHeader(http.StatusNoContent)
	default:
		w.WriteHeader(http.StatusMethodNotAllowed)
	}
}

type receipt struct {
	ReportStatus string `json:"reportStatus"`
	Mobile       string `json:"mobile"`
	SubmitDate   string `json:"submitDate"`
	ReceiveDate  string `json:"receiveDate"`
	ErrorCode    string `json:"errorCode"`
	MsgGroup     string `json:"msgGroup"`
}

var shanghai = time.FixedZone("CST", 8*60*60)

// deliver starts the way of one receipt; Close waits for it.
func (g *Gateway) deliver(group, mobile string) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed || g.cfg.CallbackURL == "" {
		return
	}
	submitted := g.kit.Now()
	g.pushing.Go(func() {
		if !g.pause(g.cfg.ReceiptDelay) {
			return
		}
		r := receipt{ReportStatus: "CM:0000", Mobile: mobile, SubmitDate: stamp(submitted), ReceiveDate: stamp(g.kit.Now()), ErrorCode: "DELIVRD", MsgGroup: group}
		times := 1
		switch f, hit := g.receiptFault(mobile); {
		case hit && f.Mode == ReceiptLost:
			g.remark(r, "lost")
			return
		case hit && f.Mode == ReceiptDuplicate:
			times = 2
		case hit:
			r.ReportStatus, r.ErrorCode = "CM:4444", f.Code
			if r.ErrorCode == "" {
				r.ErrorCode = "UNDELIV"
			}
		}
		for range times {
			g.push(r)
		}
	})
}

func stamp(t time.Time) string { return t.In(shanghai).Format("20060102150405") }

// push repeats one receipt until it is taken, the tries are used up or the gateway closes.
func (g *Gateway) push(r receipt) {
	body, err := json.Marshal([]receipt{r})
	if err != nil {
		return
	}
	for try := range g.cfg.Tries {
		if try > 0 && !g.pause(g.cfg.RetryEvery) {
			return
		}
		if g.pushOnce(body) {
			g.remark(r, "pushed") // not done: one message is one effect
			return
		}
	}
	g.remark(r, "given up")
}

func (g *Gateway) pushOnce(body []byte) bool {
	req, err := http.NewRequestWithContext(g.ctx, http.MethodPost, g.cfg.CallbackURL, bytes.NewReader(body))
	if err != nil {
		return false
	}
	req.Header.Set("Content-Type", "application/json; charset=utf-8")
	resp, err := g.client.Do(req)
	if err != nil {
		return false
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection is used again
	return resp.StatusCode/100 == 2
}

func (g *Gateway) remark(r receipt, outcome string) {
	g.kit.Record(simulator.Entry{Op: "receipt", RequestID: r.MsgGroup, Keys: []string{r.Mobile}, Outcome: outcome, Detail: map[string]any{"code": r.ErrorCode}})
}

// pause returns false where the gateway closes first.
func (g *Gateway) pause(d time.Duration) bool {
	if d <= 0 {
		return g.ctx.Err() == nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-g.ctx.Done():
		return false
	}
}
