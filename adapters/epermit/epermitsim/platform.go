package epermitsim

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"permithub/internal/simulator"
)

// Operations in the ledger.
const (
	OpIssue  = "issue"
	OpResult = "issue-result"
	OpRevoke = "revoke"
)

const (
	maxBody   = 64 << 10
	timeForm  = "2006-01-02 15:04:05"
	statusOK  = "1"
	codeFound = "00"
)

var beijing = time.FixedZone("CST", 8*60*60)

// Config says what the simulated platform is.
type Config struct {
	// AccessKey and Secret are the only key that the gateway in front lets through.
	AccessKey string
	Secret    string
	// LicenceType (21 characters) and LicenceIssuer (18) stand in the licence identifiers. Empty is a made-up code.
	LicenceType   string
	LicenceIssuer string
	// AreaCode begins the permit numbers. Empty is 330424.
	AreaCode string
	// Issued hears of every permit, under the platform's own lock: it stands for the province telling other systems. Nil is silence.
	Issued func(idNumber string, p Permit)
	// Revoked hears of every permit that was revoked, likewise.
	Revoked func(idNumber, permitNo string)
}

// Permit is one permit of the platform's own books.
type Permit struct {
	RequestID string `json:"requestId"`
	ApplyNo   string `json:"applyNo"`
	PermitNo  string `json:"permitNo"`
	LicenceID string `json:"licenceId"`
	IssueTime string `json:"issueTime"`
	Status    string `json:"status"`
}

// issue is a permit, for whom, and what was asked: what a repeat is compared with.
type issue struct {
	Permit   Permit `json:"permit"`
	IDNumber string `json:"idNumber"`
	Content  string `json:"content"` // SHA-256 of the request's body
}

// Platform is the simulated platform. It is safe for concurrent use.
type Platform struct {
	cfg Config
	kit *simulator.Kit
	mux http.Handler

	mu      sync.Mutex
	issues  map[string]*issue      // by requestId
	owners  map[string][]*issue    // by idNumber, oldest first
	revoked map[string]*revocation // by requestId
}

// New returns a platform with the permits that the kit's ledger holds.
func New(cfg Config, kit *simulator.Kit) *Platform {
	cfg.LicenceType = cmp.Or(cfg.LicenceType, "11330000MB0000000X001")
	cfg.LicenceIssuer = cmp.Or(cfg.LicenceIssuer, "11330424MB0000000X")
	cfg.AreaCode = cmp.Or(cfg.AreaCode, "330424")
	p := &Platform{cfg: cfg, kit: kit, issues: map[string]*issue{}, owners: map[string][]*issue{}, revoked: map[string]*revocation{}}
	p.restore()
	kit.Refusal = refusal

	gate := &simulator.HMACAuth{Secrets: map[string]string{cfg.AccessKey: cfg.Secret}}
	mux := http.NewServeMux()
	mux.Handle("POST /api/residence-permit/v1/issue", gate.Guard(kit, http.HandlerFunc(p.serveIssue)))
	mux.Handle("POST /api/residence-permit/v1/issue-result", gate.Guard(kit, http.HandlerFunc(p.serveResult)))
	mux.Handle("POST /api/residence-permit/v1/revoke", gate.Guard(kit, http.HandlerFunc(p.serveRevoke)))
	mux.HandleFunc("GET /_sim/permits", p.servePermits)
	kit.Mount(mux)
	p.mux = mux
	return p
}

// ServeHTTP serves the interfaces and, under /_sim/, the control routes and GET permits?idNumber=.
func (p *Platform) ServeHTTP(w http.ResponseWriter, r *http.Request) { p.mux.ServeHTTP(w, r) }

// Permits returns the permits of one person, oldest first.
func (p *Platform) Permits(idNumber string) []Permit {
	p.mu.Lock()
	defer p.mu.Unlock()
	permits := make([]Permit, 0, len(p.owners[idNumber]))
	for _, i := range p.owners[idNumber] {
		permits = append(permits, i.Permit)
	}
	return permits
}

func (p *Platform) servePermits(w http.ResponseWriter, r *http.Request) {
	simulator.Answer(w, http.StatusOK, p.Permits(r.URL.Query().Get("idNumber")))
}

func (p *Platform) serveIssue(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, maxBody))
	var a application
	if err != nil || json.Unmarshal(body, &a) != nil {
		simulator.Answer(w, http.StatusBadRequest, map[string]string{"message": "the body is not JSON"})
		return
	}
	sum := sha256.Sum256(body)
	p.kit.Serve(OpIssue, []string{a.RequestID, a.ApplyNo, a.IDNumber}, w, r, func() (int, any) {
		return p.issue(&a, hex.EncodeToString(sum[:]))
	})
}

func (p *Platform) issue(a *application, content string) (int, any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	entry := simulator.Entry{Op: OpIssue, RequestID: a.RequestID, Keys: []string{a.ApplyNo, a.IDNumber}}
	refuse := func(code string) (int, any) {
		entry.Outcome, entry.Detail = simulator.Refused, map[string]any{"code": code}
		p.kit.Record(entry)
		return http.StatusOK, issueRefused(code, a)
	}
	if before := p.issues[a.RequestID]; before != nil {
		if before.Content != content {
			return refuse("REQUEST_ID_CONFLICT")
		}
		entry.Outcome = simulator.Already
		p.kit.Record(entry)
		return http.StatusOK, issueDone(before.Permit)
	}
	if code := a.fault(); code != "" {
		return refuse(code)
	}
	i := &issue{Permit: p.next(a), IDNumber: a.IDNumber, Content: content}
	p.keep(i)
	entry.Outcome, entry.Detail = simulator.Done, map[string]any{"issue": i}
	p.kit.Record(entry)
	return http.StatusOK, issueDone(i.Permit)
}

func (p *Platform) keep(i *issue) {
	p.issues[i.Permit.RequestID] = i
	p.owners[i.IDNumber] = append(p.owners[i.IDNumber], i)
	if p.cfg.Issued != nil {
		p.cfg.Issued(i.IDNumber, i.Permit)
	}
}

// restore reads the books back from the ledger of an earlier run.
func (p *Platform) restore() {
	for _, e := range p.kit.Find(simulator.Query{Op: OpIssue, Outcome: simulator.Done}) {
		i := new(issue)
		if raw, err := json.Marshal(e.Detail["issue"]); err == nil && json.Unmarshal(raw, i) == nil && i.Permit.RequestID != "" {
			p.keep(i)
		}
	}
	p.restoreRevocations()
}

// next makes out a permit; its number is not of 18 characters, so that it cannot be taken for a citizen's.
func (p *Platform) next(a *application) Permit {
	now := p.kit.Now().In(beijing)
	no := fmt.Sprintf("%s%04d%07d", p.cfg.AreaCode, now.Year(), len(p.issues)+1)
	return Permit{
		RequestID: a.RequestID, ApplyNo: a.ApplyNo, PermitNo: no, Status: statusOK, IssueTime: now.Format(timeForm),
		LicenceID: licenceID(p.cfg.LicenceType, p.cfg.LicenceIssuer, no, "001"),
	}
}

func (p *Platform) serveResult(w http.ResponseWriter, r *http.Request) {
	var q struct {
		RequestID string `json:"requestId"`
	}
	if json.NewDecoder(io.LimitReader(r.Body, maxBody)).Decode(&q) != nil {
		simulator.Answer(w, http.StatusBadRequest, map[string]string{"message": "the body is not JSON"})
		return
	}
	p.kit.Serve(OpResult, []string{q.RequestID}, w, r, func() (int, any) {
		p.mu.Lock()
		defer p.mu.Unlock()
		found := []Permit{}
		entry := simulator.Entry{Op: OpResult, RequestID: q.RequestID, Outcome: "none"}
		if i := p.issues[q.RequestID]; i != nil {
			found, entry.Outcome = append(found, i.Permit), "found"
		}
		p.kit.Record(entry)
		return http.StatusOK, map[string]any{"code": codeFound, "msg": "查询成功", "datas": found}
	})
}
