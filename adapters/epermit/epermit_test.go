package epermit

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"permithub/adapters/epermit/epermitsim"
	"permithub/internal/fault"
	"permithub/internal/simulator"
	"permithub/schemas"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// issuer is the port as the issuance step declares it.
type issuer interface {
	Issue(ctx context.Context, o schemas.Order) (schemas.Permit, error)
	Find(ctx context.Context, effectID string) (schemas.Permit, bool, error)
}

var _ issuer = (*Client)(nil)

var morning = time.Date(2024, 7, 5, 9, 30, 0, 0, schemas.Shanghai)

const (
	dossier  = "K3JQAAAAAAAA"
	citizen  = "11010519491231002X" // the published sample number
	fullName = "欧阳测试"
	hush     = "not-to-be-told"
)

// personal are the recognisable values that no error may carry.
var personal = []string{citizen, fullName, "13800000000", "秦山街道测试路1号", "测试县户籍路2号", hush}

func testOrder(source string) schemas.Order {
	accepted, decided := schemas.At(morning.Add(-2*time.Hour)), schemas.At(morning.Add(-time.Hour))
	no := schemas.ApplicationNo(dossier, "province", source)
	return schemas.Order{
		Effect:    schemas.Effect{EffectID: schemas.EffectID(no, schemas.EffectIssue, 1), Kind: schemas.EffectIssue},
		DossierID: dossier, ApplicationNo: no, OrderedAt: decided,
		Case: schemas.Case{ApplicationNo: no, AcceptedAt: &accepted, DecidedAt: &decided, Submission: schemas.Submission{
			RecognitionType: schemas.RegistrationTime, HukouProvince: "34", HukouCounty: "340102", CurrentDivision: "330424004"}},
		Person: schemas.Person{CitizenID: citizen, FullName: fullName, Sex: "2", EthnicGroup: schemas.Code{Code: "01", Name: "汉族"},
			HukouAddress: "测试县户籍路2号", CurrentAddress: "秦山街道测试路1号", ContactPhone: schemas.Phone{Number: "13800000000"}},
	}
}

// harness is the adapter and the simulated platform behind it.
type harness struct {
	*Client
	kit      *simulator.Kit
	platform *epermitsim.Platform
}

func newHarness(t *testing.T, change func(*Config)) *harness {
	t.Helper()
	kit := simulator.New("epermit", func() time.Time { return morning })
	platform := epermitsim.New(epermitsim.Config{AccessKey: "hub", Secret: hush}, kit)
	srv := httptest.NewServer(platform)
	cfg := Config{BaseURL: srv.URL, AccessKey: "hub", Secret: hush, OrgCode: "330424", Timeout: 5 * time.Second}
	if change != nil {
		change(&cfg)
	}
	c := newClient(t, cfg)
	t.Cleanup(func() { kit.Close(); srv.Close() })
	return &harness{c, kit, platform}
}

func newClient(t *testing.T, cfg Config) *Client {
	t.Helper()
	c, err := New(cfg, func() time.Time { return morning })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func (h *harness) effects(o schemas.Order) int {
	return len(h.kit.Find(simulator.Query{Op: epermitsim.OpIssue, Key: o.Effect.EffectID, Outcome: simulator.Done}))
}

// check asks of every error what holds for all of them.
func check(t *testing.T, err error, class fault.Class, code string) {
	t.Helper()
	if err == nil || fault.ClassOf(err) != class || fault.CodeOf(err) != code {
		t.Errorf("error %v: class %s, code %s, want %s, %s", err, fault.ClassOf(err), fault.CodeOf(err), class, code)
	}
	discreet(t, err)
}

func discreet(t *testing.T, err error) {
	t.Helper()
	for _, word := range personal {
		if err != nil && strings.Contains(err.Error(), word) {
			t.Errorf("error carries %q: %v", word, err)
		}
	}
}

func TestIssueOnce(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	first, err := h.Issue(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	want := schemas.Permit{
		PermitNo: "33042420240000001", LicenceID: first.LicenceID, ApplicationNo: o.ApplicationNo,
		IssuedAt: schemas.At(morning), Status: schemas.PermitValid,
	}
	if d := cmp.Diff(want, first); d != "" {
		t.Errorf("permit (-want +got):\n%s", d)
	}
	o.OrderedAt = schemas.At(morning) // the effect is ordered again, later
	again, err := h.Issue(t.Context(), o)
	if d := cmp.Diff(first, again); err != nil || d != "" {
		t.Errorf("repeat: %v (-first +repeat):\n%s", err, d)
	}
	found, ok, err := h.Find(t.Context(), o.Effect.EffectID)
	if d := cmp.Diff(first, found); err != nil || !ok || d != "" {
		t.Errorf("find: %v %v (-issued +found):\n%s", ok, err, d)
	}
	if n := h.effects(o); n != 1 || len(h.platform.Permits(citizen)) != 1 {
		t.Errorf("%d effects, %d permits, want 1 and 1", n, len(h.platform.Permits(citizen)))
	}
}

func TestIssueConcurrently(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	var wg sync.WaitGroup
	permits := make([]schemas.Permit, 8)
	for i := range permits {
		wg.Go(func() {
			var err error
			if permits[i], err = h.Issue(t.Context(), o); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, p := range permits {
		if p != permits[0] {
			t.Errorf("two answers: %v and %v", p, permits[0])
		}
	}
	if n := h.effects(o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

func TestSameEffectWithAnotherContent(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	if _, err := h.Issue(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	o.Person.CurrentAddress = "秦山街道测试路1号之二"
	_, err := h.Issue(t.Context(), o)
	check(t, err, fault.Permanent, "epermit_REQUEST_ID_CONFLICT")
	if n := h.effects(o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

func TestFindNothing(t *testing.T) {
	h := newHarness(t, nil)
	permit, ok, err := h.Find(t.Context(), testOrder("A1").Effect.EffectID)
	if err != nil || ok || permit != (schemas.Permit{}) {
		t.Errorf("got %v %v %v", permit, ok, err)
	}
}

// Executed, answer lost: Issue asks by effect id and returns the permit of the one effect.
func TestIssueWhoseAnswerIsLost(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpIssue, Mode: simulator.ModeTimeout, DelayMS: 1})
	permit, err := h.Issue(t.Context(), o)
	if err != nil || permit.PermitNo == "" {
		t.Fatalf("got %v, %v", permit, err)
	}
	if n := h.effects(o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
	if n := len(h.kit.Find(simulator.Query{Op: epermitsim.OpIssue, Outcome: simulator.TimedOut})); n != 1 {
		t.Errorf("issue was called %d times, want once", n)
	}
}

// Executed, answer lost, and the question fails too: unavailable; later the same order brings the permit of the one effect.
func TestIssueWhoseAnswerAndQuestionAreLost(t *testing.T) {
	h := newHarness(t, nil)
	o := testOrder("A1")
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpIssue, Mode: simulator.ModeTimeout, DelayMS: 1})
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpResult, Mode: simulator.ModeError, Code: "503"})
	_, err := h.Issue(t.Context(), o)
	check(t, err, fault.Unavailable, "epermit")
	h.kit.ClearFaults()
	found, ok, err := h.Find(t.Context(), o.Effect.EffectID)
	if err != nil || !ok {
		t.Fatalf("find: %v %v", ok, err)
	}
	again, err := h.Issue(t.Context(), o)
	if err != nil || again != found {
		t.Errorf("issue again: %v %v, want %v", again, err, found)
	}
	if n := h.effects(o); n != 1 {
		t.Errorf("%d effects, want 1", n)
	}
}

func TestFaultsOfThePlatform(t *testing.T) {
	for _, tc := range []struct {
		name    string
		fault   simulator.Fault
		class   fault.Class
		code    string
		effects int
	}{
		{"outage", simulator.Fault{Mode: simulator.ModeOutage}, fault.Unavailable, "epermit", 0},
		{"5xx", simulator.Fault{Mode: simulator.ModeError, Code: "502"}, fault.Unavailable, "epermit", 0},
		{"429", simulator.Fault{Mode: simulator.ModeError, Code: "429"}, fault.Unavailable, "epermit", 0},
		{"404", simulator.Fault{Mode: simulator.ModeError, Code: "404"}, fault.Unavailable, "epermit_route", 0},
		{"400 without the envelope", simulator.Fault{Mode: simulator.ModeError, Code: "400"}, fault.Permanent, "epermit_http_400", 0},
		{"refused", simulator.Fault{Mode: simulator.ModeRefuse, Code: "PERSON_DECEASED"}, fault.Permanent, "epermit_PERSON_DECEASED", 0},
		{"refused under a number", simulator.Fault{Mode: simulator.ModeRefuse, Code: citizen}, fault.Permanent, "epermit_unlisted", 0},
		{"busy", simulator.Fault{Mode: simulator.ModeRefuse, Code: "SYSTEM_BUSY"}, fault.Unavailable, "epermit", 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			h.kit.SetFault(tc.fault)
			o := testOrder("A1")
			_, err := h.Issue(t.Context(), o)
			check(t, err, tc.class, tc.code)
			_, _, err = h.Find(t.Context(), o.Effect.EffectID)
			check(t, err, tc.class, tc.code)
			if n := h.effects(o); n != tc.effects {
				t.Errorf("%d effects, want %d", n, tc.effects)
			}
			h.kit.ClearFaults()
			if _, err := h.Issue(t.Context(), o); err != nil {
				t.Errorf("after the fault: %v", err)
			}
		})
	}
}

func TestShareOfFailures(t *testing.T) {
	h := newHarness(t, nil)
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpIssue, Mode: simulator.ModeError, Share: 0.3})
	h.kit.SetFault(simulator.Fault{Op: epermitsim.OpIssue, Mode: simulator.ModeTimeout, DelayMS: 1, Share: 0.3})
	for i := range 40 {
		o := testOrder(string(rune('A' + i)))
		tries := 0
		for {
			_, err := h.Issue(t.Context(), o)
			if err == nil {
				break
			}
			if tries++; fault.ClassOf(err) != fault.Unavailable || tries > 50 {
				t.Fatalf("try %d: %v", tries, err)
			}
		}
		if n := h.effects(o); n != 1 {
			t.Errorf("application %d: %d effects, want 1", i, n)
		}
	}
}

func TestRefusedByTheRules(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*schemas.Order)
		code   string
	}{
		{"no name", func(o *schemas.Order) { o.Person.FullName = "" }, "epermit_FIELD_MISSING"},
		{"wrong check character", func(o *schemas.Order) { o.Person.CitizenID = "110105194912310021" }, "epermit_ID_NUMBER_INVALID"},
		{"lives elsewhere", func(o *schemas.Order) { o.Case.Submission.CurrentDivision = "330402001" }, "epermit_AREA_NOT_SERVED"},
		{"no recognition type", func(o *schemas.Order) { o.Case.Submission.RecognitionType = "" }, "epermit_unmapped"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			o := testOrder("A1")
			tc.change(&o)
			_, err := h.Issue(t.Context(), o)
			check(t, err, fault.Permanent, tc.code)
			if n := h.effects(o); n != 0 {
				t.Errorf("%d effects, want none", n)
			}
		})
	}
}

// Errors of our key and clock are about the hub: no case may be refused for them.
func TestCredentialsAndClock(t *testing.T) {
	for _, tc := range []struct {
		name   string
		change func(*Config)
		code   string
	}{
		{"wrong secret", func(c *Config) { c.Secret = "old" }, "epermit_credentials"},
		{"unknown key", func(c *Config) { c.AccessKey = "nobody" }, "epermit_credentials"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, tc.change)
			o := testOrder("A1")
			_, err := h.Issue(t.Context(), o)
			check(t, err, fault.Unavailable, tc.code)
			if n := h.effects(o); n != 0 {
				t.Errorf("%d effects, want none", n)
			}
		})
	}
	for _, tc := range []struct {
		name string
		off  time.Duration
		ok   bool
	}{{"5 minutes late", 5 * time.Minute, true}, {"a day off", 24 * time.Hour, false}} {
		t.Run(tc.name, func(t *testing.T) {
			h := newHarness(t, nil)
			var heard int
			cfg := h.cfg
			cfg.OnSkew = func(time.Duration) { heard++ }
			c, err := New(cfg, func() time.Time { return morning.Add(-tc.off) })
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err = c.Issue(t.Context(), testOrder("A1")); tc.ok && err != nil {
				t.Error(err)
			} else if !tc.ok {
				check(t, err, fault.Unavailable, "epermit_clock")
			}
			if heard != 1 {
				t.Errorf("heard of the clock %d times, want once", heard)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	h := newHarness(t, nil)
	h.kit.SetFault(simulator.Fault{Mode: simulator.ModeTimeout})
	ctx, cancel := context.WithTimeoutCause(t.Context(), 50*time.Millisecond, errors.New("too slow"))
	defer cancel()
	_, err := h.Issue(ctx, testOrder("A1"))
	check(t, err, fault.Unavailable, "epermit")

	stopped, stop := context.WithCancel(t.Context())
	stop()
	_, err = h.Issue(stopped, testOrder("A2"))
	check(t, err, fault.Stopped, "unmarked")
	_, _, err = h.Find(stopped, "x")
	check(t, err, fault.Stopped, "unmarked")
}

func TestNobodyListens(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = l.Close()
	c := newClient(t, Config{BaseURL: "http://" + l.Addr().String(), AccessKey: "hub", Secret: hush, OrgCode: "330424"})
	_, err = c.Issue(t.Context(), testOrder("A1"))
	check(t, err, fault.Unavailable, "epermit")
}

// answering is a platform that gives every question the same bytes.
func answering(t *testing.T, status int, body []byte) *Client {
	t.Helper()
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		simulator.Answer(w, status, body)
	}))
	t.Cleanup(srv.Close)
	return newClient(t, Config{BaseURL: srv.URL, AccessKey: "hub", Secret: hush, OrgCode: "330424"})
}

func TestConfigValidateNamesEveryFault(t *testing.T) {
	err := (&Config{LicenceType: "x", LicenceIssuer: "y"}).Validate()
	want := "access key: needed\nsecret: needed\norg code: needed\nlicence type: want 21 digits and capitals\nlicence issuer: want 18 digits and capitals"
	if err == nil || err.Error() != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, err.Error()))
	}
	if _, err := New(Config{}, time.Now); err == nil {
		t.Error("a client without a configuration")
	}
}
