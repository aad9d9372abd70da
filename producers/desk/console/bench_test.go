package console

import (
	"context"
	"errors"
	"fmt"
	"html"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/prometheus/client_golang/prometheus"
	"go.uber.org/goleak"

	"permithub/deploy/calendars"
	"permithub/internal/accounts"
	"permithub/internal/auditlog"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/deadletter"
	"permithub/internal/deadline"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	password  = "correct horse battery"
	citizenID = "11010519491231002X"
	fullName  = "张三丰"
	address   = "武当山紫霄宫1号"
	phone     = "13957300001"
)

// bench is a console over a hub of one process: acts are decided at once, and the log is a slice.
type bench struct {
	*Console
	users   *accounts.Users
	holds   *holdTable
	hub     *hub
	audit   string // path
	metrics *prometheus.Registry
	redis   *miniredis.Miniredis
	server  *httptest.Server
	logs    *strings.Builder
	ready   bool
	dead    *deadTopics
}

// hub decides what is published and keeps the log.
type hub struct {
	t      testing.TB
	policy *casework.Policy
	list   *worklist.Store
	now    time.Time

	mu     sync.Mutex
	files  map[string]casework.File
	values [][]byte
	fail   error
	before func() // what happens between the page and its act
	told   func(*schemas.Transition)
	slow   bool // decides only when it catches up
	queued []*schemas.Input
}

// catchUp decides what was published meanwhile.
func (h *hub) catchUp() {
	h.slow = false
	for _, in := range h.queued {
		h.decide(in)
	}
	h.queued = nil
}

func (h *hub) publish(_ context.Context, recs ...schemas.Record) error {
	if h.before != nil {
		do := h.before
		h.before = nil
		do()
	}
	if h.fail != nil {
		return h.fail
	}
	for i := range recs {
		in, err := schemas.DecodeInput(recs[i].Value)
		if err != nil {
			return err
		}
		if h.slow {
			h.queued = append(h.queued, in)
			continue
		}
		h.decide(in)
	}
	return nil
}

// decide is the approval step.
func (h *hub) decide(in *schemas.Input) {
	h.mu.Lock()
	defer h.mu.Unlock()
	f := h.files[in.DossierID]
	t, err := h.policy.Decide(&f, in)
	if err != nil {
		h.t.Errorf("decide %s: %v", in.InputID, err)
		return
	}
	if t == nil {
		return
	}
	for i := len(h.values) - 1; i >= 0; i-- {
		if prev, err := worklist.Read(h.values[i]); err == nil && prev.DossierID == t.DossierID {
			t.PrevHash = schemas.BodyHash(h.values[i])
			break
		}
	}
	h.files[in.DossierID] = casework.File{Dossier: t.Dossier, Person: t.Person}
	rec, err := t.Record()
	if err != nil {
		h.t.Fatal(err)
	}
	read, err := worklist.Read(rec.Value)
	if err != nil {
		h.t.Fatal(err)
	}
	h.values = append(h.values, rec.Value)
	if h.told != nil {
		h.told(t)
	}
	if err := h.list.Apply(context.Background(), 0, []worklist.Record{{Offset: int64(len(h.values) - 1), File: read}}); err != nil {
		h.t.Error(err)
	}
}

func (h *hub) records(_ context.Context, _ int32, offsets []int64) ([][]byte, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out [][]byte
	for _, o := range offsets {
		out = append(out, h.values[o])
	}
	return out, nil
}

// holdTable is the holds in a map.
type holdTable struct {
	mu   sync.Mutex
	held map[string]string
}

func (h *holdTable) move(no, from, to string) (string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if have := h.held[no]; have != "" && have != from {
		return have, nil
	}
	if delete(h.held, no); to != "" {
		h.held[no] = to
	}
	return to, nil
}

func (h *holdTable) Hold(_ context.Context, no, officer string, _ time.Time) (string, error) {
	return h.move(no, officer, officer)
}

func (h *holdTable) HandOver(_ context.Context, no, from, to string, _ time.Time) (string, error) {
	return h.move(no, from, to)
}

func (h *holdTable) Release(_ context.Context, no, officer string) (string, error) {
	return h.move(no, officer, "")
}

func (h *holdTable) Holds(context.Context) (map[string]string, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	out := map[string]string{}
	for k, v := range h.held {
		out[k] = v
	}
	return out, nil
}

func pseudonym(text string) string { return schemas.PersonToken([]byte("test-route-key"), text) }

// passwordHash is made once: a hash takes its time.
var passwordHash = sync.OnceValue(func() string {
	h, err := accounts.Hash(password)
	if err != nil {
		panic(err)
	}
	return h
})

func newBench(t testing.TB) *bench { return newBenchWith(t, func(*bench, *Config, *Ports) {}) }

// newBenchWith lets change add to what the console stands on.
func newBenchWith(t testing.TB, change func(*bench, *Config, *Ports)) *bench {
	t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	list, err := worklist.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	b := &bench{audit: filepath.Join(dir, "audit.jsonl"), holds: &holdTable{held: map[string]string{}}, logs: new(strings.Builder), metrics: prometheus.NewRegistry(), ready: true}
	b.hub = &hub{t: t, policy: casework.Haiyan202410(cal), list: list, now: time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai), files: map[string]casework.File{}}
	if b.users, err = accounts.OpenUsers(filepath.Join(dir, "users.json")); err != nil {
		t.Fatal(err)
	}
	for id, roles := range map[string][]desk.Role{"1001": {desk.Clerk}, "1002": {desk.Reviewer}, "1003": {desk.Approver}, "1004": {desk.Supervisor}, "1005": {desk.Operator},
		"1006": {desk.Auditor}, "1007": {desk.Clerk}, "1008": {desk.Clerk}, "1009": {desk.Clerk, desk.Reviewer, desk.Approver}} {
		u := accounts.User{ID: id, Name: "官" + id, Password: passwordHash()}
		for _, r := range roles {
			u.Roles = append(u.Roles, string(r))
		}
		switch id {
		case "1007":
			u.Townships = []string{"330424106"}
		case "1008":
			u.Kin = []string{schemas.DossierID(pseudonym(citizenID))}
		}
		if err := b.users.Put(u); err != nil {
			t.Fatal(err)
		}
	}
	audit, err := auditlog.Open(b.audit)
	if err != nil {
		t.Fatal(err)
	}
	m := miniredis.RunT(t)
	b.redis = m
	store, err := deadline.Open(deadline.Config{Addrs: []string{m.Addr()}, PartitionOf: func(string) int32 { return 0 }, Now: func() time.Time { return b.hub.now }})
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(b.logs, nil))
	d, err := desk.New(desk.Config{Officers: []desk.Officer{{ID: "9999", Token: "token-of-some-program", Roles: []desk.Role{desk.Clerk}}}}, desk.Ports{
		Publish: b.hub.publish, Await: list.Await, Since: func(context.Context, string, int64) ([]timeline.Happening, error) { return nil, nil }, FindCard: func(context.Context, string) (schemas.Card, bool, error) { return schemas.Card{}, false, nil },
		ReasonText: casework.ReasonText, Count: func(*schemas.Card) *casework.Count { return nil }, Now: func() time.Time { return b.hub.now },
	}, log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	b.dead = &deadTopics{hub: b.hub, topics: map[string][]bus.Record{}}
	book, err := deadletter.NewBook(b.dead, func() time.Time { return b.hub.now }, nil)
	if err != nil {
		t.Fatal(err)
	}
	keeper := deadletter.NewKeeper(book, deadletter.Ports{Publish: b.dead.publish, Decide: b.dead.decide, Token: pseudonym, Now: func() time.Time { return b.hub.now }})
	replays := deadletter.NewRuns(keeper)
	b.server = httptest.NewUnstartedServer(nil)
	cfg, ports := Config{}, Ports{
		Desk: d, List: list, Holds: b.holds, Users: b.users, Sessions: store, Tries: store, Audit: audit, Records: b.hub.records, Policy: func() *casework.Policy { return b.hub.policy }, Pseudonym: pseudonym,
		Render: func(o schemas.Order) (schemas.SMS, error) {
			return schemas.SMS{Text: "短信 " + o.Effect.Notice + " " + schemas.Masked(o.Person.FullName) + " " + o.Effect.PermitNo}, nil
		},
		Letters: keeper, Replays: replays, Ready: func() bool { return b.ready }, Now: func() time.Time { return b.hub.now },
	}
	change(b, &cfg, &ports)
	b.Console, err = New(cfg, ports, log, b.metrics)
	if err != nil {
		t.Fatal(err)
	}
	b.server.Config.Handler = b.Handler()
	b.server.StartTLS()
	t.Cleanup(func() {
		b.Close()
		b.server.Close()
		replays.Close()
		_ = errors.Join(audit.Close(), list.Close(), store.Close())
	})
	return b
}

// submit opens a case that people work on and returns its number.
func (b *bench) submit(t testing.TB, id, sourceNo string) string {
	t.Helper()
	token := pseudonym(id)
	dossier := schemas.DossierID(token)
	no := schemas.ApplicationNo(dossier, "window", sourceNo)
	manual := schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
	b.hub.decide(&schemas.Input{InputID: no + "-s", Kind: schemas.InputSubmission, DossierID: dossier, PersonToken: token, ApplicationNo: no, Source: "window", ReceivedAt: schemas.At(b.hub.now),
		Person: &schemas.Person{CitizenID: id, FullName: fullName, Sex: "1", HukouAddress: address, CurrentAddress: address, ContactPhone: schemas.Phone{Number: phone}},
		Submission: &schemas.Submission{Source: "window", SourceApplicationNo: sourceNo, Channel: schemas.Window, Stages: manual, RecognitionType: schemas.ExistingPermit,
			HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract}}})
	b.hub.decide(&schemas.Input{InputID: no + "-v", Kind: schemas.InputEffectResult, DossierID: dossier, ApplicationNo: no, Source: "verification", ReceivedAt: schemas.At(b.hub.now),
		Result: &schemas.EffectResult{EffectID: schemas.EffectID(no, schemas.EffectVerify, 1), Status: schemas.EffectDone, At: schemas.At(b.hub.now), Facts: &schemas.Facts{
			Permits:    []schemas.KnownPermit{{PermitNo: "OLD-1", Status: schemas.PermitValid, Division: "330106"}},
			Conditions: []schemas.KnownCondition{{Kind: schemas.LabourContract, Status: schemas.Confirmed}}}}})
	return no
}

func (b *bench) stage(t testing.TB, no string) schemas.Stage {
	t.Helper()
	c, err := b.hub.list.Case(t.Context(), no[:12])
	if err != nil || c == nil {
		t.Fatalf("case %s: %v, %v", no, c, err)
	}
	return c.Stage
}

// browser is one signed-in officer; it keeps cookies and follows no redirect.
type browser struct {
	t       testing.TB
	base    string
	http    *http.Client
	cookies map[string]string
	csrf    string
}

func (b *bench) browser(t testing.TB) *browser {
	t.Helper()
	c := b.server.Client()
	c.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{t: t, base: b.server.URL, http: c, cookies: map[string]string{}}
}

func (b *bench) as(t testing.TB, id string) *browser {
	t.Helper()
	br := b.browser(t)
	if got := br.post("/signin", url.Values{"id": {id}, "password": {password}}); got.status != http.StatusSeeOther {
		t.Fatalf("sign in as %s: %d", id, got.status)
	}
	br.csrf = csrfOf(br.get("/password").body)
	return br
}

var csrfForm = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

func csrfOf(body string) string {
	if m := csrfForm.FindStringSubmatch(body); m != nil {
		return m[1]
	}
	return ""
}

type reply struct {
	status   int
	body     string
	location string
	header   http.Header
	raw      []byte
}

func (br *browser) do(method, path string, form url.Values, change func(*http.Request)) reply {
	br.t.Helper()
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r, err := http.NewRequestWithContext(br.t.Context(), method, br.base+path, body)
	if err != nil {
		br.t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	r.Header.Set("Sec-Fetch-Site", "same-origin")
	for k, v := range br.cookies {
		r.AddCookie(&http.Cookie{Name: k, Value: v})
	}
	if change != nil {
		change(r)
	}
	res, err := br.http.Do(r)
	if err != nil {
		br.t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		br.t.Fatal(err)
	}
	for _, c := range res.Cookies() {
		if br.cookies[c.Name] = c.Value; c.MaxAge < 0 {
			delete(br.cookies, c.Name)
		}
	}
	return reply{res.StatusCode, html.UnescapeString(string(text)), res.Header.Get("Location"), res.Header, text}
}

func (br *browser) get(path string) reply {
	br.t.Helper()
	return br.do(http.MethodGet, path, nil, nil)
}

// post sends a form with the session's token.
func (br *browser) post(path string, form url.Values) reply {
	br.t.Helper()
	out := url.Values{"csrf": {br.csrf}}
	for k, v := range form {
		out[k] = v
	}
	return br.do(http.MethodPost, path, out, nil)
}

// act fills in the form of an act as the page has it, sends it through the preview and confirms.
func (br *browser) act(no, kind string, more url.Values) (preview, done reply) {
	br.t.Helper()
	form := br.form(no, kind, more)
	preview = br.post("/cases/"+no+"/preview", form)
	return preview, br.post("/cases/"+no+"/act", form)
}

var versionForm = regexp.MustCompile(`name="expect_version" value="(\d+)"`)

func (br *browser) form(no, kind string, more url.Values) url.Values {
	br.t.Helper()
	page := br.get("/cases/" + no)
	m := versionForm.FindStringSubmatch(page.body)
	if m == nil {
		br.t.Fatalf("%s offers no act: %d", no, page.status)
	}
	id := regexp.MustCompile(`name="action" value="` + kind + `"><input type="hidden" name="action_id" value="([^"]+)"`).FindStringSubmatch(page.body)
	if id == nil {
		br.t.Fatalf("%s does not offer %s", no, kind)
	}
	form := url.Values{"action": {kind}, "action_id": {id[1]}, "expect_version": {m[1]}}
	for k, v := range more {
		form[k] = v
	}
	return form
}

// audited returns the entries of the audit log as "who what result".
func (b *bench) audited(t testing.TB) []string {
	t.Helper()
	f, err := os.Open(b.audit)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	var out []string
	if _, err := auditlog.Verify(f, func(e auditlog.Entry) error {
		out = append(out, fmt.Sprintf("%s %s %s %s", e.Who, e.What, e.Purpose, e.Result))
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	return out
}

// userOf is what change changes.
type userOf = accounts.User

// change changes the user 1001.
func change(b *bench, how func(*userOf)) {
	u, _ := b.users.Find("1001")
	how(&u)
	if err := b.users.Put(u); err != nil {
		panic(err)
	}
}
