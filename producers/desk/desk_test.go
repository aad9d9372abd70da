package desk

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"go.uber.org/goleak"

	"permithub/internal/problem"
	"permithub/internal/reception"
	"permithub/internal/strictjson"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var noon = time.Date(2024, 7, 4, 12, 0, 0, 0, schemas.Shanghai)

const (
	no      = "3ZCLYTDTCLFJ2LDFF"
	other   = "3ZCLYTDTCLFJ2LDFF-issue-1"
	path    = "/v1/cases/" + no + "/actions"
	clerk   = "token-of-the-clerk-1001"
	review  = "token-of-the-reviewer-1002"
	approve = "token-of-the-approver-1003"
	super   = "token-of-the-supervisor-1004"
)

// bench is a desk with everything around it.
type bench struct {
	*Service
	handler http.Handler
	cards   map[string]schemas.Card
	cardErr error
	records []schemas.Record
	pubErr  error
	hold    func()
	answer  func(ctx context.Context) (worklist.Answer, bool, error) // what the log says; nil takes everything
	since   []timeline.Happening
	asked   []string // what was asked of since
	reg     *prometheus.Registry
	logs    *bytes.Buffer
}

func testConfig() Config {
	return Config{Officers: []Officer{
		{ID: "1001", Name: "受理员", Token: clerk, Roles: []Role{Clerk}, Townships: []string{"330424001"}},
		{ID: "1002", Name: "审核员", Token: review, Roles: []Role{Reviewer}},
		{ID: "1003", Name: "审批员", Token: approve, Roles: []Role{Approver, Reviewer}},
		{ID: "1004", Name: "督办员", Token: super, Roles: []Role{Supervisor}},
	}}
}

func newBench(t *testing.T, change func(*Config)) *bench {
	t.Helper()
	cfg := testConfig()
	if change != nil {
		change(&cfg)
	}
	b := &bench{cards: map[string]schemas.Card{}, reg: prometheus.NewPedanticRegistry(), logs: new(bytes.Buffer)}
	ports := Ports{
		Publish: func(_ context.Context, records ...schemas.Record) error {
			if b.hold != nil {
				b.hold()
			}
			if b.pubErr == nil {
				b.records = append(b.records, records...)
			}
			return b.pubErr
		},
		Await: func(ctx context.Context, _, _ string) (worklist.Answer, bool, error) {
			if b.answer != nil {
				return b.answer(ctx)
			}
			return worklist.Answer{Version: 7}, true, nil
		},
		Since: func(_ context.Context, no string, version int64) ([]timeline.Happening, error) {
			b.asked = append(b.asked, fmt.Sprint(no, " ", version))
			return b.since, nil
		},
		FindCard: func(_ context.Context, no string) (schemas.Card, bool, error) {
			card, ok := b.cards[no]
			return card, ok, b.cardErr
		},
		ReasonText: func(code string) string {
			if code == "no_condition" || code == "officer_judgement" {
				return "理由 " + code
			}
			return code
		},
		Now: func() time.Time { return noon },
	}
	var err error
	b.Service, err = New(cfg, ports, slog.New(slog.NewTextHandler(b.logs, &slog.HandlerOptions{Level: slog.LevelDebug})), b.reg)
	if err != nil {
		t.Fatal(err)
	}
	b.handler = b.Handler()
	return b
}

func (b *bench) do(method, path, token, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	w := httptest.NewRecorder()
	b.handler.ServeHTTP(w, r)
	return w
}

func want(t *testing.T, w *httptest.ResponseRecorder, status int) map[string]any {
	t.Helper()
	var m map[string]any
	if err := json.Unmarshal(w.Body.Bytes(), &m); err != nil || w.Code != status {
		t.Fatalf("got %d %s (%v), want %d", w.Code, w.Body, err, status)
	}
	return m
}

func TestEveryActionTravels(t *testing.T) {
	for name, tc := range map[string]struct {
		token, body string
		want        schemas.OfficerAction
		said        schemas.Remark
	}{
		"accept":             {clerk, `"action":"accept","opinion":"材料齐全","expect_version":3`, schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "1001", ExpectVersion: 3}, schemas.Remark{Opinion: "材料齐全"}},
		"request_supplement": {clerk, `"action":"request_supplement","items":["condition","material:lease_contract"],"override":"核验后发现"`, schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "1001", Items: []string{"condition", "material:lease_contract"}}, schemas.Remark{Override: "核验后发现"}},
		"not_accept":         {clerk, `"action":"not_accept","reasons":["no_condition"]`, schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "1001", Reasons: []string{"no_condition"}}, schemas.Remark{}},
		"review":             {review, `"action":"review","officer":"1002"`, schemas.OfficerAction{Kind: schemas.ActReview, Officer: "1002"}, schemas.Remark{}},
		"approve":            {approve, `"action":"approve"`, schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "1003"}, schemas.Remark{}},
		"refuse":             {review, `"action":"refuse","reasons":["no_condition","officer_judgement"]`, schemas.OfficerAction{Kind: schemas.ActRefuse, Officer: "1002", Reasons: []string{"no_condition", "officer_judgement"}}, schemas.Remark{}},
		"return":             {approve, `"action":"return","reasons":["officer_judgement"],"return_to":"under_review"`, schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "1003", Reasons: []string{"officer_judgement"}, ReturnTo: "under_review"}, schemas.Remark{}},
		"suspend":            {review, `"action":"suspend","ground":"hearing","notice_no":"盐公中止〔2024〕1号"`, schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "1002", Ground: "hearing"}, schemas.Remark{NoticeNo: "盐公中止〔2024〕1号"}},
		"resume":             {review, `"action":"resume"`, schemas.OfficerAction{Kind: schemas.ActResume, Officer: "1002"}, schemas.Remark{}},
		"withdraw":           {clerk, `"action":"withdraw"`, schemas.OfficerAction{Kind: schemas.ActWithdraw, Officer: "1001"}, schemas.Remark{}},
		"retry":              {super, `"action":"retry","effect_id":"` + other + `"`, schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "1004", EffectID: other}, schemas.Remark{}},
		"waive":              {super, `"action":"waive","effect_id":"` + other + `","opinion":"已线下办理"`, schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "1004", EffectID: other}, schemas.Remark{Opinion: "已线下办理"}},
		"settle":             {super, `"action":"settle","effect_id":"` + other + `","verdict":"resend"`, schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "1004", EffectID: other, Verdict: "resend"}, schemas.Remark{}},
		"propose_revocation": {review, `"action":"propose_revocation","ground":"revoked_fraud","opinion":"合同系伪造"`, schemas.OfficerAction{Kind: schemas.ActProposeRevocation, Officer: "1002", Ground: schemas.RevokedFraud}, schemas.Remark{Opinion: "合同系伪造"}},
		"confirm_revocation": {super, `"action":"confirm_revocation","notice_no":"盐公撤决〔2024〕1号"`, schemas.OfficerAction{Kind: schemas.ActConfirmRevocation, Officer: "1004"}, schemas.Remark{NoticeNo: "盐公撤决〔2024〕1号"}},
		"reject_revocation":  {approve, `"action":"reject_revocation","opinion":"证据不足"`, schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "1003"}, schemas.Remark{Opinion: "证据不足"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			body := want(t, b.do(http.MethodPost, path, tc.token, `{"action_id":"a-1",`+tc.body+`}`), http.StatusOK)
			if tc.token == clerk { // the officer's area travels with the act: the file knows the township of its case
				tc.want.Townships = []string{"330424001"}
			}
			in, err := schemas.DecodeInput(b.records[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			input := &schemas.Input{InputID: schemas.InputID("desk", tc.want.Officer+"/a-1", schemas.InputOfficerAction), Kind: schemas.InputOfficerAction,
				DossierID: no[:12], ApplicationNo: no, Source: "desk", ReceivedAt: schemas.At(noon), BodyHash: in.BodyHash, Action: &tc.want}
			if tc.said != (schemas.Remark{}) {
				tc.said.InputID = input.InputID
				input.Person = &schemas.Person{Remarks: []schemas.Remark{tc.said}}
			}
			if diff := cmp.Diff(input, in); diff != "" {
				t.Errorf("input (-want +got)\n%s", diff)
			}
			if body["input_id"] != in.InputID || in.BodyHash == "" || b.records[0].Key != no[:12] {
				t.Errorf("answer %v, key %s", body, b.records[0].Key)
			}
		})
	}
	if len(acts) != 16 {
		t.Errorf("%d actions, 16 of them tested", len(acts))
	}
}

func TestRoles(t *testing.T) {
	b := newBench(t, nil)
	tokens := map[Role]string{Clerk: clerk, Reviewer: review, Supervisor: super}
	for i := range acts {
		for role, token := range tokens {
			allowed := acts[i].allows(&Officer{Roles: []Role{role}})
			w := b.do(http.MethodPost, path, token, `{"action_id":"a","action":"`+string(acts[i].kind)+`","nonsense":1}`)
			if got := w.Code == http.StatusForbidden; got == allowed {
				t.Errorf("%s as %s: got %d", acts[i].kind, role, w.Code)
			}
		}
	}
}

// Nobody acts on the own case or on a declared relative's, whatever the role.
func TestRelativesCasesAreForOthers(t *testing.T) {
	for _, kin := range [][]string{{no[:12]}, {"AAAAAAAAAAAA", no[:12]}} {
		b := newBench(t, func(c *Config) { c.Officers[0].Kin = kin })
		want(t, b.do(http.MethodPost, path, clerk, `{"action_id":"a","action":"accept"}`), http.StatusForbidden)
		if _, p := b.Prepare(&b.officers[0].Officer, no, []byte(`{"action_id":"a","action":"accept"}`), ""); p == nil || p.Type != problemRelated.Type {
			t.Errorf("prepare: got %v", p)
		}
		if len(b.records) != 0 {
			t.Error("an act on a relative's case was published")
		}
	}
	b := newBench(t, func(c *Config) { c.Officers[0].Kin = []string{"AAAAAAAAAAAA"} })
	want(t, b.do(http.MethodPost, path, clerk, `{"action_id":"a","action":"accept"}`), http.StatusOK)
}

// The console prepares and submits the same input that the API publishes.
func TestPrepareAndSubmit(t *testing.T) {
	b := newBench(t, nil)
	const body = `{"action_id":"a-1","action":"accept","opinion":"材料齐全","expect_version":3}`
	want(t, b.do(http.MethodPost, path, clerk, body), http.StatusOK)
	in, p := b.Prepare(&b.officers[0].Officer, no, []byte(body), "")
	if p != nil {
		t.Fatal(p)
	}
	if len(b.records) != 1 {
		t.Fatal("preparing published")
	}
	if _, p := b.Submit(t.Context(), in); p != nil {
		t.Fatal(p)
	}
	if diff := cmp.Diff(b.records[0], b.records[1]); diff != "" {
		t.Errorf("API and console differ\n%s", diff)
	}
	b.pubErr = errors.New("no leader")
	if _, p := b.Submit(t.Context(), in); p == nil || p.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v", p)
	}
	for name, tc := range map[string]struct{ no, body string }{
		"no case": {"123", body}, "not the role's": {no, `{"action_id":"a","action":"approve"}`}, "faulty": {no, `{"action_id":"a","action":"not_accept"}`},
	} {
		if _, p := b.Prepare(&b.officers[0].Officer, tc.no, []byte(tc.body), ""); p == nil {
			t.Errorf("%s: prepared", name)
		}
	}
}

func TestFaults(t *testing.T) {
	reached := map[string]bool{}
	for name, tc := range map[string]struct {
		token, body string
		want        []string
	}{
		"nothing":                    {clerk, `{}`, []string{"/action_id required", "/action required"}},
		"unknown action":             {clerk, `{"action_id":"a","action":"Accept"}`, []string{"/action action_unknown"}},
		"action id":                  {clerk, `{"action_id":"a b","action":"accept"}`, []string{"/action_id action_id_form"}},
		"another officer":            {clerk, `{"action_id":"a","action":"accept","officer":"1002"}`, []string{"/officer officer_mismatch"}},
		"no reasons":                 {clerk, `{"action_id":"a","action":"not_accept"}`, []string{"/reasons required"}},
		"unknown reason":             {clerk, `{"action_id":"a","action":"not_accept","reasons":["because","no_condition","no_condition"]}`, []string{"/reasons/0 reason_unknown", "/reasons/2 duplicate_item"}},
		"no items":                   {clerk, `{"action_id":"a","action":"request_supplement","items":[]}`, []string{"/items required"}},
		"item":                       {clerk, `{"action_id":"a","action":"request_supplement","items":["身份证"]}`, []string{"/items/0 item_form"}},
		"too many reasons":           {clerk, `{"action_id":"a","action":"not_accept","reasons":[` + strings.Repeat(`"no_condition",`, 20) + `"officer_judgement"]}`, append([]string{"/reasons list_too_long"}, repeated(19)...)},
		"fields of another":          {clerk, `{"action_id":"a","action":"accept","reasons":["no_condition"],"return_to":"under_review","verdict":"sent"}`, []string{"/reasons field_not_for_action", "/return_to field_not_for_action", "/verdict field_not_for_action"}},
		"return to nowhere":          {review, `{"action_id":"a","action":"return","reasons":["officer_judgement"],"return_to":"issued"}`, []string{"/return_to return_to_unknown"}},
		"ground":                     {review, `{"action_id":"a","action":"suspend","ground":"holiday"}`, []string{"/notice_no required", "/ground ground_unknown"}},
		"effect":                     {super, `{"action_id":"a","action":"retry","effect_id":"issue"}`, []string{"/effect_id effect_id_form"}},
		"effect of another case":     {super, `{"action_id":"a","action":"retry","effect_id":"3ZCLYTDTCLFJAAAAA-issue-1"}`, []string{"/effect_id effect_of_other_case"}},
		"waived without a word":      {super, `{"action_id":"a","action":"waive","effect_id":"` + other + `"}`, []string{"/opinion required"}},
		"verdict":                    {super, `{"action_id":"a","action":"settle","effect_id":"` + other + `","verdict":"maybe"}`, []string{"/verdict verdict_unknown"}},
		"version":                    {clerk, `{"action_id":"a","action":"accept","expect_version":-1}`, []string{"/expect_version expect_version_range"}},
		"opinion":                    {clerk, `{"action_id":"a","action":"accept","opinion":" ` + strings.Repeat("好", 500) + `"}`, []string{"/opinion too_long", "/opinion surrounding_space"}},
		"unknown key":                {clerk, `{"action_id":"a","action":"accept","fee":0}`, []string{"/fee unknown_key"}},
		"twice":                      {clerk, `{"action_id":"a","action":"accept","action":"not_accept"}`, []string{"/action duplicate_key"}},
		"not json":                   {clerk, `action=accept`, []string{" json_syntax"}},
		"everything of one, at once": {super, `{"action":"settle","officer":"1","effect_id":"x","opinion":null,"items":["a"]}`, []string{"/opinion null_value", "/action_id required", "/items field_not_for_action", "/verdict required", "/items/0 item_form", "/effect_id effect_id_form", "/officer officer_mismatch"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			w := b.do(http.MethodPost, path, tc.token, tc.body)
			var p problem.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, f := range p.Faults {
				got = append(got, f.Pointer+" "+f.Code)
				reached[f.Code] = true
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("%d, faults (-want +got)\n%s", w.Code, diff)
			}
			if len(b.records) != 0 {
				t.Error("an act with faults was published")
			}
		})
	}
	for _, c := range contentCodes {
		if !reached[c.Name] {
			t.Errorf("no case brings up %s", c.Name)
		}
	}
}

func repeated(n int) []string {
	var out []string
	for i := range n {
		out = append(out, fmt.Sprintf("/reasons/%d duplicate_item", i+1))
	}
	return out
}

func TestAuthentication(t *testing.T) {
	b := newBench(t, nil)
	for name, header := range map[string][]string{
		"none":            nil,
		"empty":           {""},
		"no scheme":       {clerk},
		"basic":           {"Basic " + clerk},
		"no token":        {"Bearer "},
		"another's start": {"Bearer " + clerk[:len(clerk)-1]},
		"longer":          {"Bearer " + clerk + "x"},
		"two":             {"Bearer " + clerk, "Bearer " + super},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, path, strings.NewReader(`{"action_id":"a","action":"accept"}`))
			r.Header["Authorization"] = header
			w := httptest.NewRecorder()
			b.handler.ServeHTTP(w, r)
			want(t, w, http.StatusUnauthorized)
			if w.Header().Get("WWW-Authenticate") == "" {
				t.Error("no WWW-Authenticate")
			}
		})
	}
	want(t, b.do(http.MethodGet, "/v1/cases/"+no, "nobody", ""), http.StatusUnauthorized)
	if len(b.records) != 0 {
		t.Error("an act of nobody was published")
	}
}

// A1: an act that Kafka did not acknowledge is an error to the officer, and the same act again is the same input.
func TestRepeatAfterAnError(t *testing.T) {
	b := newBench(t, nil)
	b.pubErr = errors.New("no leader")
	const body = `{"action_id":"a-1","action":"accept"}`
	w := b.do(http.MethodPost, path, clerk, body)
	want(t, w, http.StatusServiceUnavailable)
	if w.Header().Get("Retry-After") != "5" {
		t.Errorf("Retry-After: got %q", w.Header().Get("Retry-After"))
	}
	b.pubErr = nil
	first := want(t, b.do(http.MethodPost, path, clerk, body), http.StatusOK)
	again := want(t, b.do(http.MethodPost, path, clerk, ` {"action":"accept" ,"action_id":"a-1"}`), http.StatusOK)
	changed := want(t, b.do(http.MethodPost, path, clerk, `{"action_id":"a-1","action":"withdraw"}`), http.StatusOK)
	if first["input_id"] != again["input_id"] || first["input_id"] != changed["input_id"] {
		t.Errorf("input ids: %v, %v, %v", first, again, changed)
	}
	hash := func(i int) string {
		in, err := schemas.DecodeInput(b.records[i].Value)
		if err != nil {
			t.Fatal(err)
		}
		return in.BodyHash
	}
	if hash(0) != hash(1) || hash(0) == hash(2) {
		t.Error("body hashes do not tell a repeat from a contradiction")
	}
	if got := testutil.ToFloat64(b.requests.WithLabelValues(opAct, reception.Unavailable)); got != 1 {
		t.Errorf("unavailable: got %v", got)
	}
}

func TestShowCase(t *testing.T) {
	b := newBench(t, nil)
	get := func(no string) *httptest.ResponseRecorder { return b.do(http.MethodGet, "/v1/cases/"+no, clerk, "") }
	want(t, get(no), http.StatusNotFound)
	want(t, get("123"), http.StatusNotFound)
	b.cards[no] = schemas.Card{ApplicationNo: no, Source: "window", SourceApplicationNo: "W-1", BodyHash: "00", ReceivedAt: schemas.At(noon), Version: 5,
		Stage: schemas.StageRefused, Outcome: "refused", Reasons: []string{"no_condition"}}
	got := want(t, get(no), http.StatusOK)
	wantBody := map[string]any{"application_no": no, "source": "window", "source_application_no": "W-1", "body_hash": "00", "received_at": "2024-07-04T12:00:00+08:00",
		"version": 5.0, "stage": "refused", "stage_name": "不予互认", "outcome": "refused", "reasons": []any{"no_condition"},
		"reason_texts": []any{map[string]any{"code": "no_condition", "text": "理由 no_condition"}}}
	if diff := cmp.Diff(wantBody, got); diff != "" {
		t.Errorf("case (-want +got)\n%s", diff)
	}
	b.cardErr = errors.New("connection refused")
	want(t, get(no), http.StatusServiceUnavailable)
}

func TestRoutes(t *testing.T) {
	b := newBench(t, nil)
	want(t, b.do(http.MethodGet, path, clerk, ""), http.StatusMethodNotAllowed)
	want(t, b.do(http.MethodPost, "/v1/cases/"+no, clerk, "{}"), http.StatusMethodNotAllowed)
	want(t, b.do(http.MethodGet, "/", clerk, ""), http.StatusNotFound)
	want(t, b.do(http.MethodPost, "/v1/cases/123/actions", clerk, "{}"), http.StatusNotFound)
	want(t, b.do(http.MethodPost, path, clerk, strings.Repeat(" ", 64<<10+1)), http.StatusRequestEntityTooLarge)
}

func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, func(c *Config) { c.MaxConcurrent = 1 })
		release := make(chan struct{})
		b.hold = func() { <-release }
		var wg sync.WaitGroup
		wg.Go(func() { b.do(http.MethodPost, path, clerk, `{"action_id":"a","action":"accept"}`) })
		synctest.Wait()
		want(t, b.do(http.MethodGet, "/v1/cases/"+no, clerk, ""), http.StatusServiceUnavailable)
		close(release)
		wg.Wait()
		want(t, b.do(http.MethodGet, "/v1/cases/"+no, clerk, ""), http.StatusNotFound)
	})
}

// An opinion may name people, so neither it nor a token nor anything else of a body leaves by a log line, a metric, a header or a problem.
func TestNothingLeaks(t *testing.T) {
	b := newBench(t, nil)
	var out bytes.Buffer
	for _, body := range []string{
		`{"action_id":"a","action":"accept","opinion":"张三丰340102199003071224材料齐全"}`,
		`{"action_id":"a","action":"张三丰"}`,
		`{"action_id":"a","action":"not_accept","reasons":["张三丰"],"opinion":340102199003071224}`,
		`{"action_id":"a","action":"accept","opinion":张三丰`,
	} {
		out.Write(b.do(http.MethodPost, path, clerk, body).Body.Bytes())
	}
	b.pubErr = errors.New("no leader")
	out.Write(b.do(http.MethodPost, path, clerk, `{"action_id":"a","action":"accept","opinion":"张三丰"}`).Body.Bytes())
	families, err := b.reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		out.WriteString(f.String())
	}
	fmt.Fprint(&out, b.logs.String(), b.records[0].Key, b.records[0].Headers)
	for _, secret := range []string{"张三丰", "340102199003071224", clerk} {
		if strings.Contains(out.String(), secret) {
			t.Errorf("%q leaked", secret)
		}
	}
	problems, err := testutil.GatherAndLint(b.reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
}

func TestConfigFaults(t *testing.T) {
	c := Config{Limits: reception.Limits{CardTimeout: -1}, Officers: []Officer{
		{ID: "1 2", Token: "short", Townships: []string{"330402001"}},
		{ID: "1003", Token: "short", Roles: []Role{"boss"}},
	}}
	err := c.Validate()
	if err == nil {
		t.Fatal("passed")
	}
	for _, part := range []string{"limits", "officer 0: id", "officer 0: token", "officer 0: roles", "officer 0: townships", "officer 1: its id or token", "officer 1: roles"} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is not named in:\n%v", part, err)
		}
	}
	if strings.Contains(err.Error(), "short") {
		t.Error("a token stands in the error")
	}
}

// FuzzDecode asks that every body either has a fault, or survives a round trip unchanged.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"action_id":"a","action":"accept","opinion":"同意","expect_version":3}`))
	f.Add([]byte(`{"action_id":"a","action":"return","reasons":["no_condition"],"return_to":"under_review"}`))
	f.Add([]byte(`{"action_id":"a","action":"settle","effect_id":"` + other + `","verdict":"sent"}`))
	f.Add([]byte(`{"Action":null}`))
	f.Add([]byte(`{"action_id":"a","action":"accept","reasons":[]}`))
	known := func(code string) bool { return code == "no_condition" }
	f.Fuzz(func(t *testing.T, raw []byte) {
		a, list := decode(raw, no, known)
		if !list.Empty() {
			return
		}
		b, err := json.Marshal(a)
		if err != nil {
			t.Fatal(err)
		}
		again, list := decode(b, no, known)
		if !list.Empty() {
			t.Fatalf("round trip: %v", list.Codes())
		}
		// Compared as JSON: an empty list and none are the same act.
		b2, err := json.Marshal(again)
		if err != nil || string(b2) != string(b) {
			t.Fatalf("round trip: %s, then %s (%v)", b, b2, err)
		}
	})
}

func TestCodesAreListedOnce(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range Codes() {
		if seen[c.Name] || c.ZH == "" || c.EN == "" {
			t.Errorf("%s stands twice or has no text", c.Name)
		}
		seen[c.Name] = true
	}
	if !seen[strictjson.KeyCase.Name] || !seen[problem.Required.Name] {
		t.Error("the shared codes are missing")
	}
}
