// Package smssim plays the 云MAS SMS gateway: it takes submissions, keeps a ledger by phone and pushes receipts.
//
// # Independence
//
// The mac, the account and the numbers are checked by this package's own code, written from the interface description; it shares
// nothing with the client. The protocol has no client message id, so a submission that comes twice is sent twice: the ledger
// shows it.
//
// # Ledger
//
// One entry with outcome done for each message accepted: request id = msgGroup, keys = the numbers. Faults of [simulator.Fault] match
// on the operation ("norsubmit", "tmpsubmit"), on msgGroup or on a number.
//
// # Receipts
//
// After Config.ReceiptDelay a receipt for each number is pushed to Config.CallbackURL, again until it is answered 2xx. A
// [ReceiptFault] loses, fails or doubles them: GET, POST, DELETE /_sim/receipt-faults.
package smssim

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"permithub/internal/simulator"
)

// Config is one account of the simulated gateway.
type Config struct {
	// ECName, APID and SecretKey are what submissions must carry.
	ECName, APID, SecretKey string
	// SignCodes are the registered signatures.
	SignCodes []string
	// Templates maps a template id to its number of variables. Nil accepts any template.
	Templates map[string]int
	// CallbackURL is where receipts are pushed, token and all. Empty pushes none.
	CallbackURL string
	// ReceiptDelay is how long a message takes to be delivered. 0 pushes at once, perhaps before the submission is answered.
	ReceiptDelay time.Duration
	// RetryEvery is the pause before a receipt that was not answered 2xx is pushed again. 0 means 5 s.
	RetryEvery time.Duration
	// Tries is how often one receipt is pushed at most. 0 means 5.
	Tries int
}

// Gateway is the simulated gateway. It is an http.Handler.
type Gateway struct {
	cfg    Config
	kit    *simulator.Kit
	mux    *http.ServeMux
	seq    atomic.Int64
	client *http.Client

	ctx     context.Context //nolint:containedctx // ends the pushes: they outlive the call that starts them, and Close cancels it
	cancel  context.CancelFunc
	pushing sync.WaitGroup

	mu     sync.Mutex
	closed bool
	faults []*ReceiptFault
}

// New returns the gateway with its control routes mounted under /_sim/. Close must be called.
func New(cfg Config, kit *simulator.Kit) *Gateway {
	if cfg.RetryEvery == 0 {
		cfg.RetryEvery = 5 * time.Second
	}
	if cfg.Tries == 0 {
		cfg.Tries = 5
	}
	g := &Gateway{cfg: cfg, kit: kit, mux: http.NewServeMux(), client: &http.Client{Timeout: 10 * time.Second, Transport: &http.Transport{MaxIdleConnsPerHost: 64}}}
	g.seq.Store(int64(len(kit.Ledger()))) // no message group of an earlier run comes again
	g.ctx, g.cancel = context.WithCancel(context.Background())
	kit.Refusal = func(_, code string) (int, any) { return http.StatusOK, answer{RspCod: code} }
	g.mux.HandleFunc("POST /sms/norsubmit", g.submit("norsubmit"))
	g.mux.HandleFunc("POST /sms/tmpsubmit", g.submit("tmpsubmit"))
	g.mux.HandleFunc(simulator.ControlPrefix+"receipt-faults", g.controlReceipts)
	kit.Mount(g.mux)
	return g
}

// ServeHTTP answers submissions and control calls.
func (g *Gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) { g.mux.ServeHTTP(w, r) }

// Close drops the receipts that are still to come and waits for the pushes under way, until ctx ends.
func (g *Gateway) Close(ctx context.Context) error {
	g.mu.Lock()
	g.closed = true
	g.mu.Unlock()
	g.cancel()
	ended := make(chan struct{})
	go func() { g.pushing.Wait(); close(ended) }() // ends with the pushes, which end with g.ctx
	select {
	case <-ended:
		g.client.CloseIdleConnections()
		return nil
	case <-ctx.Done():
		return fmt.Errorf("close sms simulator: %w", ctx.Err())
	}
}

// Sent returns how many messages the number was sent.
func (g *Gateway) Sent(mobile string) int {
	n := 0
	for _, e := range g.kit.Find(simulator.Query{Outcome: simulator.Done}) {
		if (e.Op == "norsubmit" || e.Op == "tmpsubmit") && slices.Contains(e.Keys, mobile) {
			n++
		}
	}
	return n
}
