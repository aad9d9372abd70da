package console

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/casework"
	"permithub/internal/deadletter"
	"permithub/internal/problem"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// Desk prepares acts and submits them, and answers programs about both; desk.Service is one.
type Desk interface {
	Prepare(o *desk.Officer, no string, raw []byte, traceparent string) (*schemas.Input, *problem.Problem)
	Submit(ctx context.Context, in *schemas.Input) (desk.Verdict, *problem.Problem)
	Authenticate(r *http.Request) (*desk.Officer, bool)
	Act(w http.ResponseWriter, r *http.Request, o *desk.Officer, before func(*schemas.Input) error) (status int)
	Show(w http.ResponseWriter, r *http.Request, o *desk.Officer)
}

// Holds says who works on which case; deadline.Store is one.
type Holds interface {
	Hold(ctx context.Context, applicationNo, officer string, until time.Time) (holder string, err error)
	HandOver(ctx context.Context, applicationNo, from, to string, until time.Time) (holder string, err error)
	Release(ctx context.Context, applicationNo, officer string) (holder string, err error)
	Holds(ctx context.Context) (map[string]string, error)
}

// Ports are what the console stands on; all are required but the further ways to sign in.
type Ports struct {
	Desk  Desk
	List  *worklist.Store
	Holds Holds
	Users *accounts.Users
	// Sessions and wrong tries are the same for every process; deadline.Store is both.
	Sessions accounts.SessionStore
	Tries    accounts.TryStore
	Audit    *auditlog.Log
	// OpenID and Proxy are further ways to sign in; nil where there are none.
	OpenID *accounts.OpenID
	Proxy  *accounts.Proxy
	// Letters are the dead letters, Replays what is under way with many of them.
	Letters *deadletter.Keeper
	Replays *deadletter.Runs
	// Records returns the values of a file's records at these places of the log.
	Records func(ctx context.Context, partition int32, offsets []int64) ([][]byte, error)
	// Policy is the rule pack with the calendar in force: it decides what an act would do, and explains deadlines.
	Policy func() *casework.Policy
	// Render writes a notice in the words that the phone shows.
	Render func(schemas.Order) (schemas.SMS, error)
	// Pseudonym is the keyed hash of a citizen id: a person token.
	Pseudonym func(text string) string
	// Ready reports whether the list is whole.
	Ready func() bool
	Now   func() time.Time
}

// Config says how the console behaves. The zero value is ready.
type Config struct {
	// Idle ends a session that nobody uses. 0 is 15 minutes.
	Idle time.Duration
	// Whole ends every session. 0 is 10 hours.
	Whole time.Duration
	// Hold is how long a case stays with whoever opened it for work. 0 is 30 minutes.
	Hold time.Duration
	// OpenIDName is what the button of the OpenID provider says; empty is the usual words.
	OpenIDName string
	// SignOutURL is where a browser goes that signs out behind the proxy; empty shows that the session here ended.
	SignOutURL string
}

// Console serves the pages. It is safe for concurrent use and starts no goroutine.
type Console struct {
	cfg         Config
	ports       Ports
	signIn      *accounts.SignIn
	sessions    *accounts.Sessions
	signIns     *prometheus.CounterVec
	apiRequests *prometheus.CounterVec
	log         *slog.Logger
	opened      *opened
	runs        *runs
	closing     chan struct{}
	handler     http.Handler
	patterns    []string // of the pages that need a session
}

// New returns the console.
func New(cfg Config, ports Ports, log *slog.Logger, reg prometheus.Registerer) (*Console, error) {
	cfg.Idle, cfg.Whole = cmp.Or(cfg.Idle, 15*time.Minute), cmp.Or(cfg.Whole, 10*time.Hour)
	cfg.Hold = cmp.Or(cfg.Hold, 30*time.Minute)
	if cfg.Idle < 0 || cfg.Whole < 0 || cfg.Hold < 0 {
		return nil, errors.New("console: a limit is below zero")
	}
	c := &Console{
		cfg: cfg, ports: ports, log: log, signIns: newSignIns(reg), apiRequests: newAPIRequests(reg), closing: make(chan struct{}),
		opened: newOpened(), runs: &runs{all: map[string]*run{}},
		signIn:   accounts.NewSignIn(ports.Users, ports.Tries, ports.Pseudonym, ports.Now),
		sessions: accounts.NewSessions(ports.Sessions, ports.Users, cfg.Idle, cfg.Whole, ports.Now),
	}
	for _, u := range ports.Users.List() {
		if o := officerOf(u); !knownRoles(o) {
			return nil, fmt.Errorf("console: user %s: roles: want %v", u.ID, desk.Roles())
		}
	}
	c.handler = c.routes()
	return c, nil
}

func knownRoles(o *desk.Officer) bool {
	for _, r := range o.Roles {
		if !(&desk.Officer{Roles: desk.Roles()}).Has(r) {
			return false
		}
	}
	return true
}

// Handler returns the pages.
func (c *Console) Handler() http.Handler { return c.handler }

// Close ends what pages listen to. Call it before the server is asked to shut down; it would wait for them.
func (c *Console) Close() { close(c.closing) }

func (c *Console) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /static/", staticFiles())
	mux.HandleFunc("GET /signin", c.showSignIn)
	mux.HandleFunc("POST /signin", c.doSignIn)
	if c.ports.OpenID != nil {
		mux.HandleFunc("GET /signin/openid", c.goToProvider)
		mux.HandleFunc("GET "+accounts.ReturnPath, c.returnFromProvider)
	}
	mux.HandleFunc("POST /language", c.setLanguage)
	page := func(pattern string, handle func(*visit) error, roles ...desk.Role) {
		mux.Handle(pattern, c.page(handle, roles))
		c.patterns = append(c.patterns, pattern)
	}
	page("POST /signout", (*visit).signOut)
	page("GET /password", (*visit).showPassword)
	page("POST /password", (*visit).changePassword)
	page("GET /{$}", func(v *visit) error { return v.redirect("/cases") })
	page("GET /cases", (*visit).showList)
	page("GET /changes", (*visit).follow)
	page("POST /search", (*visit).search)
	page("POST /next", (*visit).next, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("POST /export", (*visit).export, desk.Supervisor)
	page("GET /supervision", (*visit).showSupervision, supervisors...)
	page("POST /supervision/reveal", (*visit).revealOverrides, supervisors...)
	page("POST /supervision/export", (*visit).exportSupervision, supervisors...)
	page("GET /sessions", (*visit).showSessions, sessionKeepers...)
	page("POST /sessions/end", (*visit).endSessions, sessionKeepers...)
	page("GET /audit", (*visit).showAudit, desk.Auditor)
	page("GET /dead", (*visit).showDead, desk.Operator, desk.Auditor)
	page("GET /dead/letters", (*visit).listLetters, desk.Operator, desk.Auditor)
	page("GET /dead/letters/{id}", (*visit).showLetter, desk.Operator, desk.Auditor)
	page("POST /dead/letters/{id}/reveal", (*visit).revealLetter, desk.Operator)
	page("POST /dead/letters/{id}/repair", (*visit).repairLetter, desk.Operator)
	page("POST /dead/letters/{id}/replay", (*visit).replayLetter, desk.Operator)
	page("POST /dead/letters/{id}/give-up", (*visit).giveUpLetter, desk.Operator)
	page("POST /dead/replay", (*visit).replayMany, desk.Operator)
	page("GET /dead/run", (*visit).showRun, desk.Operator, desk.Auditor)
	page("POST /dead/run/agree", (*visit).agreeToRun, desk.Operator)
	page("POST /dead/run/stop", (*visit).stopRun, desk.Operator)
	page("POST /dead/run/continue", (*visit).continueRun, desk.Operator)
	page("GET /bulk", (*visit).showBulk, desk.Approver)
	page("POST /bulk/confirm", (*visit).confirmBulk, desk.Approver)
	page("POST /bulk/start", (*visit).startBulk, desk.Approver)
	page("GET /bulk/run", (*visit).showBulkRun, desk.Approver)
	page("POST /bulk/step", (*visit).stepBulk, desk.Approver)
	page("POST /bulk/stop", func(v *visit) error { return v.holdBulk(true) }, desk.Approver)
	page("POST /bulk/continue", func(v *visit) error { return v.holdBulk(false) }, desk.Approver)
	page("POST /bulk/clear", (*visit).clearBulk, desk.Approver)
	page("GET /revocations", (*visit).showRevocations, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("GET /cases/{no}", (*visit).showCase)
	page("GET /cases/{no}/changes", (*visit).followCase)
	page("POST /cases/{no}/print", (*visit).print)
	page("POST /cases/{no}/reveal", (*visit).reveal, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("POST /cases/{no}/hold", (*visit).hold, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("POST /cases/{no}/release", (*visit).release, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("POST /cases/{no}/preview", (*visit).preview, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	page("POST /cases/{no}/act", (*visit).act, desk.Clerk, desk.Reviewer, desk.Approver, desk.Supervisor)
	c.routeAPI(mux)
	mux.Handle("/", c.page(func(*visit) error { return errNotFound }, nil))
	sameSite := http.NewCrossOriginProtection()
	sameSite.SetDenyHandler(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { c.fail(w, r, errForbidden) }))
	return protected(c.fromProxy(sameSite.Handler(mux)))
}

// contentPolicy lets a page load and reach nothing but the console's own files.
const contentPolicy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// protected sets the headers that every answer has, errors and files included.
func protected(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", contentPolicy)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		h.Set("Cache-Control", "no-store")
		next.ServeHTTP(w, r)
	})
}
