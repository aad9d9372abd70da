package sms

import (
	"bytes"
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"path"
	"strings"
	"time"

	"permithub/internal/fault"
	"permithub/schemas"
)

const (
	maxReceiptBytes = 1 << 20
	maxReceipts     = 5000 // as many as one submission may have numbers
)

// Receipt is the gateway's word on one notice. Mobile is personal: it may be compared, never logged or passed on.
type Receipt struct {
	MsgGroup    string    // what Send returned
	Mobile      string    // the number it went to
	Delivered   bool      //
	Code        string    // DELIVRD, UNDELIV, EXPIRED, MA:0001 …
	SubmittedAt time.Time // zero where the gateway gave none
	ReceivedAt  time.Time // zero where the gateway gave none
}

type wireReceipt struct {
	ReportStatus lenient `json:"reportStatus"`
	Mobile       lenient `json:"mobile"`
	SubmitDate   lenient `json:"submitDate"`
	ReceiveDate  lenient `json:"receiveDate"`
	ErrorCode    lenient `json:"errorCode"`
	MsgGroup     lenient `json:"msgGroup"`
}

// lenient reads a string or a number: both are seen for numbers and dates.
type lenient string

func (t *lenient) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		var s string
		if err := json.Unmarshal(b, &s); err != nil {
			return err
		}
		*t = lenient(strings.TrimSpace(s))
		return nil
	}
	if string(b) != "null" {
		*t = lenient(b)
	}
	return nil
}

// Receipts answers the gateway's pushes, a JSON object or a list of them. Each receipt is given to deliver in turn; the answer is 200
// only after deliver returned nil for every one, so what was not stored is pushed again and deliver must be safe to repeat. A
// receipt without a msgGroup or a code is answered 400 after the others were delivered. Receipts of an intermediate state are
// passed over.
//
// The push carries no signature. The handler checks Config.ReceiptToken against the last segment of the path, and the peer's address
// against Config.ReceiptFrom; behind a proxy the peer is the proxy, so only the token counts there.
func (g *Gateway) Receipts(deliver func(context.Context, Receipt) error) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case !g.mayPush(r):
			http.NotFound(w, r) // as if nothing were here
			return
		case r.Method != http.MethodPost:
			w.Header().Set("Allow", http.MethodPost)
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		receipts, malformed, err := readReceipts(http.MaxBytesReader(w, r.Body, maxReceiptBytes))
		if err != nil {
			http.Error(w, "not a receipt", http.StatusBadRequest)
			return
		}
		for _, receipt := range receipts {
			if err := deliver(r.Context(), receipt); err != nil {
				http.Error(w, "receipt not stored", statusOf(err))
				return
			}
		}
		if malformed > 0 {
			http.Error(w, "a receipt without msgGroup or code", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"success":true}`))
	})
}

func statusOf(err error) int {
	if fault.ClassOf(err) == fault.Permanent {
		return http.StatusUnprocessableEntity
	}
	return http.StatusServiceUnavailable
}

func (g *Gateway) mayPush(r *http.Request) bool {
	if g.cfg.ReceiptToken == "" && len(g.from) == 0 {
		return false
	}
	if g.cfg.ReceiptToken != "" && subtle.ConstantTimeCompare([]byte(path.Base(r.URL.Path)), []byte(g.cfg.ReceiptToken)) != 1 {
		return false
	}
	return len(g.from) == 0 || g.fromListed(r.RemoteAddr)
}

func (g *Gateway) fromListed(remote string) bool {
	peer, err := netip.ParseAddrPort(remote)
	if err != nil {
		return false
	}
	addr := peer.Addr().Unmap()
	for _, p := range g.from {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// readReceipts returns the final receipts of a push and how many were malformed.
func readReceipts(body io.Reader) (receipts []Receipt, malformed int, err error) {
	b, err := io.ReadAll(body)
	if err != nil {
		return nil, 0, errNotReceipts
	}
	wire, err := decodeReceipts(b)
	if err != nil {
		return nil, 0, err
	}
	for i := range wire {
		switch receipt, ok := wire[i].receipt(); {
		case !ok:
			malformed++
		case receipt.Code != intermediate:
			receipts = append(receipts, receipt)
		}
	}
	return receipts, malformed, nil
}

var errNotReceipts = errors.New("not a JSON object or list of receipts")

func decodeReceipts(b []byte) ([]wireReceipt, error) {
	b = bytes.TrimSpace(b)
	if len(b) > 0 && b[0] == '{' {
		var one wireReceipt
		if json.Unmarshal(b, &one) != nil {
			return nil, errNotReceipts
		}
		return []wireReceipt{one}, nil
	}
	var many []wireReceipt
	if json.Unmarshal(b, &many) != nil || len(many) > maxReceipts {
		return nil, errNotReceipts
	}
	return many, nil
}

// receipt returns false for what names no message or no state.
func (w *wireReceipt) receipt() (Receipt, bool) {
	code, delivered := receiptState(string(w.ErrorCode), string(w.ReportStatus))
	ref := cleanRef(string(w.MsgGroup))
	if ref == "" || code == "" {
		return Receipt{}, false
	}
	return Receipt{MsgGroup: ref, Mobile: string(w.Mobile), Delivered: delivered, Code: code,
		SubmittedAt: gatewayTime(string(w.SubmitDate)), ReceivedAt: gatewayTime(string(w.ReceiveDate))}, true
}

// receiptState prefers the code of the network (DELIVRD) to the platform's own (CM:0000), which is there when the first is not.
func receiptState(errorCode, reportStatus string) (code string, delivered bool) {
	if errorCode != "" {
		return cleanCode(errorCode), errorCode == "DELIVRD"
	}
	return cleanCode(reportStatus), reportStatus == "CM:0000"
}

// intermediate is the one state that another will follow (CMPP 3.0, Stat).
const intermediate = "ACCEPTD"

// cleanCode lets through at most 10 characters: a phone number has 11.
func cleanCode(s string) string {
	if len(s) > 10 {
		return "unreadable"
	}
	for i := range len(s) {
		if c := s[i]; c != ':' && c != '-' && c != '_' && (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') {
			return "unreadable"
		}
	}
	return s
}

// gatewayTime reads the forms seen in the wild, in Shanghai's zone; the zero time where it can read none.
func gatewayTime(s string) time.Time {
	for _, layout := range []string{"20060102150405", time.DateTime, time.RFC3339, "0601021504"} {
		if t, err := time.ParseInLocation(layout, s, schemas.Shanghai); err == nil {
			return t.In(schemas.Shanghai)
		}
	}
	return time.Time{}
}
