package console

import (
	"bytes"
	"encoding/json"
	flags "flag"
	"io"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"permithub/internal/openapi"
	"permithub/internal/problem"
	"permithub/producers/desk"
	"permithub/schemas"
)

var update = flags.Bool("update", false, "rewrite golden files")

// object is a JSON object.
type object map[string]any

// program asks the interface as one officer, by a session with its token or by a bearer token.
type program struct {
	*browser
	bearer string
	change func(*http.Request) // nil leaves requests as they are
}

// call sends a body where there is one, and returns the status and the answer.
func (p *program) call(method, path string, body any) (int, object, http.Header) {
	p.t.Helper()
	var sent io.Reader = http.NoBody
	switch body := body.(type) {
	case nil:
	case []byte:
		sent = bytes.NewReader(body)
	default:
		b, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		sent = bytes.NewReader(b)
	}
	r, err := http.NewRequestWithContext(p.t.Context(), method, p.base+path, sent)
	if err != nil {
		p.t.Fatal(err)
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if p.bearer != "" {
		r.Header.Set("Authorization", "Bearer "+p.bearer)
	} else {
		for k, v := range p.cookies {
			r.AddCookie(&http.Cookie{Name: k, Value: v})
		}
		r.Header.Set(csrfHeader, p.csrf)
	}
	if p.change != nil {
		p.change(r)
	}
	res, err := p.http.Do(r)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	var out object
	if len(raw) > 0 && raw[0] == '{' {
		if err := json.Unmarshal(raw, &out); err != nil {
			p.t.Fatalf("%s %s: %s", method, path, raw)
		}
		out["raw"] = string(raw)
	} else if len(raw) > 0 {
		out = object{"raw": string(raw)}
	}
	return res.StatusCode, out, res.Header
}

// codes are the faults of an answer as "pointer code".
func codes(o object) []string {
	var out []string
	list, _ := o["problems"].([]any)
	for _, x := range list {
		f, _ := x.(map[string]any)
		out = append(out, f["pointer"].(string)+" "+f["code"].(string))
	}
	return out
}

func (b *bench) program(t testing.TB, id string) *program {
	t.Helper()
	p := &program{browser: b.as(t, id)}
	status, who, _ := p.call(http.MethodGet, "/v1/session", nil)
	if status != http.StatusOK || who["id"] != id || who["csrf_token"] != p.csrf {
		t.Fatalf("%s: %d %v", id, status, who)
	}
	return p
}

// What three people do at the console, three programs do by the interface: list, take, look, preview, act.
func TestThreeProgramsDecideACase(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	for _, step := range []struct {
		who, act string
		to       schemas.Stage
		says     string
	}{{"1001", "accept", schemas.StageReview, "短信 N4 张*"}, {"1002", "review", schemas.StageApproval, ""}, {"1003", "approve", schemas.StageIssuing, "短信 N1 张*"}} {
		p := b.program(t, step.who)
		status, list, _ := p.call(http.MethodGet, "/v1/cases", nil)
		if row, _ := list["cases"].([]any); status != http.StatusOK || len(row) != 1 || row[0].(map[string]any)["application_no"] != no {
			t.Fatalf("%s: list %d %v", step.who, status, list)
		}
		if status, took, _ := p.call(http.MethodPost, "/v1/next", nil); status != http.StatusOK || took["application_no"] != no || took["holder"] != step.who {
			t.Fatalf("%s: next %d %v", step.who, status, took)
		}
		if status, _, _ := p.call(http.MethodPost, "/v1/next", nil); status != http.StatusOK { // still one's own
			t.Errorf("%s: next again %d", step.who, status)
		}
		status, file, _ := p.call(http.MethodGet, "/v1/cases/"+no+"/file", nil)
		offered := strings.Contains(file["raw"].(string), `"action":"`+step.act+`"`)
		if status != http.StatusOK || !offered || file["holder"] != step.who {
			t.Fatalf("%s: file %d %v", step.who, status, file)
		}
		act := object{"action_id": "a-" + step.act, "action": step.act, "opinion": "材料齐全", "expect_version": file["version"]}
		status, preview, _ := p.call(http.MethodPost, "/v1/cases/"+no+"/preview", act)
		if status != http.StatusOK || preview["to"] != string(step.to) || !strings.Contains(preview["raw"].(string), step.says) {
			t.Fatalf("%s: preview %d %v", step.who, status, preview)
		}
		if step.act == "approve" && (preview["after_issue"] != true || !strings.Contains(preview["raw"].(string), `"cancels":["OLD-1"]`)) {
			t.Errorf("the preview of the approval: %v", preview)
		}
		for range 2 { // the same act twice is one
			if status, taken, _ := p.call(http.MethodPost, "/v1/cases/"+no+"/actions", act); status >= 300 || taken["input_id"] == "" {
				t.Fatalf("%s: act %d %v", step.who, status, taken)
			}
		}
		if b.stage(t, no) != step.to || b.holds.held[no] != "" {
			t.Errorf("%s: stage %s, held by %q", step.who, b.stage(t, no), b.holds.held[no])
		}
		if !contains(b.audited(t), step.who+" act_"+step.act+"  done") {
			t.Errorf("not recorded: %v", b.audited(t))
		}
	}
	if got := len(b.hub.values); got != 5 {
		t.Errorf("%d records, want 5", got)
	}
	p := b.program(t, "1001")
	if status, _, _ := p.call(http.MethodPost, "/v1/next", nil); status != http.StatusNoContent {
		t.Errorf("no next case: %d", status)
	}
	if status, preview, _ := b.program(t, "1009").call(http.MethodPost, "/v1/cases/"+no+"/preview", object{"action_id": "late", "action": "accept", "expect_version": 2}); status != http.StatusOK || preview["refused"] == nil {
		t.Errorf("the preview of what the case would not take: %d %v", status, preview)
	}
}

// letterID is the first dead letter of a bench.
const letterID = "approval-case-input.v1-0-0"

// paths are the operations with the case's number in their addresses.
func paths(no string) map[string]operation {
	out := map[string]operation{}
	for _, op := range operations() {
		op.path = strings.NewReplacer("{no}", no, "{user}", "1002", "{id}", letterID).Replace(op.path)
		out[op.id] = op
	}
	return out
}

// bodies are what each operation takes.
func bodies() map[string]object {
	act := object{"action_id": "x-1", "action": "review", "expect_version": 1}
	return map[string]object{"reveal": {"purpose": "verify_identity"}, "search": {"query": "张", "purpose": "answer_enquiry"}, "preview": act, "act": act, "hold": {}, "reveal_overrides": {"purpose": "check_override"},
		"reveal_letter": {"purpose": "repair_record"}, "repair_letter": {"content": "{}"}, "give_up_letter": {"reason": "bored"}, "begin_run": {"dead_letter_ids": []string{letterID}, "rate": 1000, "dry_run": true},
		"bulk_preview": {"application_nos": []string{"3ZCLYTDTCLFJ2LDFF"}}, "begin_bulk": {"application_nos": []string{"3ZCLYTDTCLFJ2LDFF"}}}
}

func (op *operation) sent() any {
	if body, ok := bodies()[op.id]; ok {
		return body
	}
	return nil
}

// Every operation, by every role: who may not is answered 403, it is recorded, and nothing changes. What the list of operations has new is tried too.
func TestAPIRoleByRole(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	b.park(t, b.withdrawal(t, no), spoilt)
	may := map[string][]string{
		"reveal": {"1001", "1002", "1003", "1004"}, "hold": {"1001", "1002", "1003", "1004"}, "release": {"1001", "1002", "1003", "1004"}, "next": {"1001", "1002", "1003", "1004"},
		"preview": {"1002"}, "act": {"1002"}, "supervision": {"1004", "1006"}, "reveal_overrides": {"1004", "1006"}, "sessions": {"1004", "1005"}, "end_sessions": {"1004", "1005"},
		"dead": {"1005", "1006"}, "letters": {"1005", "1006"}, "letter": {"1005", "1006"}, "run": {"1005", "1006"}, "reveal_letter": {"1005"}, "repair_letter": {"1005"}, "replay_letter": {"1005"},
		"give_up_letter": {"1005"}, "begin_run": {"1005"}, "agree_to_run": {"1005"}, "stop_run": {"1005"}, "continue_run": {"1005"},
		"revocations": {"1002", "1003", "1004"},
		"bulk":        {"1003"}, "bulk_preview": {"1003"}, "begin_bulk": {"1003"}, "bulk_run": {"1003"}, "step_bulk": {"1003"}, "stop_bulk": {"1003"}, "continue_bulk": {"1003"}, "clear_bulk": {"1003"},
		"identity": nil, "list": nil, "show": nil, "file": nil, "search": nil, // everybody
	}
	for _, id := range []string{"1001", "1002", "1003", "1004", "1005", "1006"} {
		p := b.program(t, id)
		for name, op := range paths(no) {
			allowed, known := may[name]
			if !known {
				t.Fatalf("%s: say here who may", name)
			}
			if name == "act" && id == "1002" || name == "end_sessions" && slices.Contains(allowed, id) { // else the test ends what it goes on with
				continue
			}
			before := len(b.audited(t))
			status, answer, _ := p.call(op.method, op.path, op.sent())
			if ok := allowed == nil || slices.Contains(allowed, id); ok != (status != http.StatusForbidden) || status >= 500 || status == http.StatusUnauthorized {
				t.Errorf("%s %s: got %d %v", id, name, status, answer)
			}
			entries := b.audited(t)
			if status == http.StatusForbidden && (len(entries) != before+1 || !strings.HasSuffix(entries[before], "refused")) {
				t.Errorf("%s %s: the refusal is not recorded: %v", id, name, entries[before:])
			}
		}
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("a refused act changed the case")
	}
}

// Nobody, a stale session, a session without its token, another site, a wrong bearer token: nothing is answered and nothing is done, at every operation.
func TestAPIStrangers(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	ended, idle, plain, elsewhere := b.program(t, "1009"), b.program(t, "1009"), b.program(t, "1009"), b.program(t, "1009")
	kept := ended.cookies[sessionCookie]
	ended.post("/signout", nil)
	ended.cookies[sessionCookie] = kept
	plain.change = func(r *http.Request) { r.Header.Set(csrfHeader, b.as(t, "1001").csrf) }
	elsewhere.change = func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }
	for name, tc := range map[string]struct {
		p            *program
		read, change int
	}{
		"nobody":                  {&program{browser: b.browser(t)}, 401, 401},
		"signed out":              {ended, 401, 401},
		"a wrong bearer":          {&program{browser: b.browser(t), bearer: "token-of-another"}, 401, 401},
		"bearer beside a session": {&program{browser: b.as(t, "1009"), bearer: "token-of-another"}, 401, 401},
		"another's token":         {plain, 200, 403},
		"another site":            {elsewhere, 200, 403},
	} {
		for id, op := range paths(no) {
			want := tc.change
			if op.method == http.MethodGet {
				want = tc.read
			}
			if want == 200 {
				continue
			}
			status, answer, h := tc.p.call(op.method, op.path, op.sent())
			if status != want || !strings.HasPrefix(h.Get("Content-Type"), "application/problem+json") || strings.Contains(answer["raw"].(string), no) {
				t.Errorf("%s: %s: got %d %v", name, id, status, answer)
			}
		}
	}
	b.hub.now = b.hub.now.Add(15 * time.Minute)
	for id, op := range paths(no) {
		if status, _, _ := idle.call(op.method, op.path, op.sent()); status != http.StatusUnauthorized {
			t.Errorf("idle: %s: got %d", id, status)
		}
	}
	change(b, func(u *userOf) { u.MustChange = true })
	first := &program{browser: b.browser(t)}
	first.post("/signin", url.Values{"id": {"1001"}, "password": {password}})
	first.csrf = csrfOf(first.get("/password").body)
	for id, op := range paths(no) {
		if status, _, _ := first.call(op.method, op.path, op.sent()); status != http.StatusForbidden {
			t.Errorf("first password: %s: got %d", id, status)
		}
	}
	if len(b.hub.values) != 2 || len(b.holds.held) != 0 {
		t.Error("something was done")
	}
}

// Another township's clerk and a relative see and do nothing, by sessions and by bearer tokens.
func TestAPITownshipsAndRelatives(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	for name, tc := range map[string]struct {
		p    *program
		want string
	}{"another township": {b.program(t, "1007"), "township"}, "a relative": {b.program(t, "1008"), "related"}} {
		for id, op := range paths(no) {
			if !strings.Contains(op.path, no) {
				continue
			}
			body := op.sent()
			if id == "act" || id == "preview" {
				body = object{"action_id": "x", "action": "accept", "expect_version": 2}
			}
			status, answer, _ := tc.p.call(op.method, op.path, body)
			if kind, _ := answer["type"].(string); status != http.StatusForbidden || !strings.HasSuffix(kind, tc.want) || strings.Contains(answer["raw"].(string), "张") {
				t.Errorf("%s: %s: got %d %v", name, id, status, answer)
			}
		}
		if status, list, _ := tc.p.call(http.MethodGet, "/v1/cases?queue=all", nil); status != http.StatusOK || tc.want == "township" && strings.Contains(list["raw"].(string), no) {
			t.Errorf("%s: list %d %v", name, status, list)
		}
	}
	if status, _, _ := b.program(t, "1007").call(http.MethodGet, "/v1/cases?town=330424001", nil); status != http.StatusForbidden {
		t.Errorf("the list of another township: %d", status)
	}
	if b.stage(t, no) != schemas.StagePreExamine || len(b.holds.held) != 0 {
		t.Error("something was done")
	}
}

// A program with a bearer token goes the same way; the users' file says whether its officer is out, and whose cases are not for it.
func TestAPIByBearerToken(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	p := &program{browser: b.browser(t), bearer: "token-of-some-program"}
	status, file, _ := p.call(http.MethodGet, "/v1/cases/"+no+"/file", nil)
	if status != http.StatusOK {
		t.Fatalf("got %d %v", status, file)
	}
	if status, who, _ := p.call(http.MethodGet, "/v1/session", nil); status != http.StatusOK || who["id"] != "9999" || who["csrf_token"] != nil {
		t.Errorf("identity: %d %v", status, who)
	}
	if status, _, _ := p.call(http.MethodGet, "/v1/sessions", nil); status != http.StatusForbidden {
		t.Errorf("a clerk's program lists sessions: %d", status)
	}
	u := userOf{ID: "9999", Kin: []string{schemas.DossierID(pseudonym(citizenID))}}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := p.call(http.MethodGet, "/v1/cases/"+no+"/file", nil); status != http.StatusForbidden {
		t.Errorf("a relative's case: %d", status)
	}
	u.Disabled = true
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := p.call(http.MethodGet, "/v1/session", nil); status != http.StatusUnauthorized {
		t.Errorf("disabled: %d", status)
	}
	if !contains(b.audited(t), "9999 token  refused") {
		t.Errorf("audit: %v", b.audited(t))
	}
}

// Personal data is masked until it is revealed for a purpose, recorded before; searches too.
func TestAPIMasksPersonalData(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	p := b.program(t, "1001")
	secrets := []string{citizenID, fullName, address, phone}
	leaks := func(name string, answer object, want bool) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(answer["raw"].(string), s) != want {
				t.Errorf("%s: %q shown is %v, want %v", name, s, !want, want)
			}
		}
	}
	for _, path := range []string{"/v1/cases", "/v1/cases/" + no + "/file"} {
		_, answer, h := p.call(http.MethodGet, path, nil)
		leaks(path, answer, false)
		if h.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", path)
		}
	}
	_, answer, _ := p.call(http.MethodPost, "/v1/cases/"+no+"/reveal", object{"purpose": "contact_applicant"})
	leaks("reveal", answer, true)
	for query, kind := range map[string]string{"张三": "search_name", strings.ToLower(citizenID): "search_person", no: "search_number"} {
		status, answer, _ := p.call(http.MethodPost, "/v1/search", object{"query": query, "purpose": "answer_enquiry"})
		leaks(kind, answer, false)
		if status != http.StatusOK || !strings.Contains(answer["raw"].(string), no) || !contains(b.audited(t), "1001 "+kind+" answer_enquiry done") {
			t.Errorf("%s: %d %v", kind, status, answer)
		}
	}
	if !contains(b.audited(t), "1001 reveal contact_applicant done") {
		t.Errorf("audit: %v", b.audited(t))
	}
	if err := b.ports.Audit.Close(); err != nil { // a disk that is full
		t.Fatal(err)
	}
	for path, body := range map[string]object{"/reveal": {"purpose": "contact_applicant"}, "/actions": {"action_id": "x", "action": "accept", "expect_version": 2}} {
		status, answer, _ := p.call(http.MethodPost, "/v1/cases/"+no+path, body)
		if leaks("without record", answer, false); status != http.StatusServiceUnavailable {
			t.Errorf("%s without record: %d", path, status)
		}
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("an act that could not be recorded was done")
	}
}

// Every fault of a request is named at once, in the body and in the address.
func TestAPINamesEveryFault(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	p := b.program(t, "1001")
	for name, tc := range map[string]struct {
		method, path string
		body         any
		status       int
		want         []string
	}{
		"query":       {http.MethodGet, "/v1/cases?queue=mine&town=1&town=2&colour=red&type=x&channel=post", nil, 422, []string{"?channel parameter_value", "?colour parameter_unknown", "?queue parameter_value", "?town parameter_repeated", "?type parameter_value"}},
		"limit":       {http.MethodGet, "/v1/cases?limit=0", nil, 422, []string{"?limit limit_range"}},
		"cursor":      {http.MethodGet, "/v1/cases?after=x", nil, 422, []string{"?after cursor_form"}},
		"body query":  {http.MethodPost, "/v1/search?q=x", object{"query": "x", "purpose": "answer_enquiry"}, 422, []string{"?q parameter_unknown"}},
		"overrides":   {http.MethodPost, "/v1/search", object{"query": "x", "purpose": "check_override"}, 422, []string{"/purpose purpose_unknown"}},
		"due":         {http.MethodGet, "/v1/cases?due=someday", nil, 422, []string{"?due parameter_value"}},
		"reveal":      {http.MethodPost, "/v1/cases/" + no + "/reveal", object{"purpose": "curiosity", "why": "x"}, 422, []string{"/why unknown_key", "/purpose purpose_unknown"}},
		"search":      {http.MethodPost, "/v1/search", object{}, 422, []string{"/query required", "/purpose required"}},
		"long search": {http.MethodPost, "/v1/search", object{"query": strings.Repeat("字", 34), "purpose": "answer_enquiry"}, 422, []string{"/query search_form"}},
		"hand over":   {http.MethodPost, "/v1/cases/" + no + "/hold", object{"to": "nobody"}, 422, []string{"/to colleague_unknown"}},
		"no JSON":     {http.MethodPost, "/v1/cases/" + no + "/hold", []byte(`{"to":`), 400, []string{" json_syntax"}},
		"empty":       {http.MethodPost, "/v1/cases/" + no + "/reveal", []byte(""), 400, []string{" body_empty"}},
		"preview":     {http.MethodPost, "/v1/cases/" + no + "/preview", object{"action_id": "a b", "action": "not_accept", "reasons": []string{"because"}, "expect_version": -1}, 422, []string{"/action_id action_id_form", "/reasons/0 reason_unknown", "/expect_version expect_version_range"}},
		"act":         {http.MethodPost, "/v1/cases/" + no + "/actions", object{"action": "accept", "ground": "x"}, 422, []string{"/action_id required", "/ground field_not_for_action", "/ground ground_unknown"}},
	} {
		status, answer, h := p.call(tc.method, tc.path, tc.body)
		if diff := cmp.Diff(tc.want, codes(answer)); status != tc.status || diff != "" || !strings.HasPrefix(h.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: got %d (-want +got)\n%s", name, status, diff)
		}
	}
	for _, tc := range []struct {
		method, path, allow string
		status              int
	}{
		{http.MethodGet, "/v1/cases/" + no + "/actions", "POST", 405}, {http.MethodPut, "/v1/cases/" + no + "/hold", "DELETE, POST", 405}, {http.MethodPost, "/v1/session", "GET", 405},
		{http.MethodGet, "/v1/nothing", "", 404}, {http.MethodGet, "/v1/cases/123/file", "", 404}, {http.MethodDelete, "/v1/sessions/nobody", "", 403},
	} {
		status, answer, h := p.call(tc.method, tc.path, nil)
		if status != tc.status || h.Get("Allow") != tc.allow || answer["type"] == nil {
			t.Errorf("%s %s: got %d, allow %q, %v", tc.method, tc.path, status, h.Get("Allow"), answer)
		}
	}
	if status, _, _ := b.program(t, "1005").call(http.MethodDelete, "/v1/sessions/nobody", nil); status != http.StatusNotFound {
		t.Errorf("sessions of nobody: %d", status)
	}
	b.ready = false
	for _, path := range []string{"/v1/cases", "/v1/cases/3ZCLYTDTCLFJ2LDFF/file"} {
		if status, _, h := p.call(http.MethodGet, path, nil); status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
			t.Errorf("%s while the list is filled: %d", path, status)
		}
	}
}

func TestAPIPagesThroughTheList(t *testing.T) {
	b := newBench(t)
	want := map[string]bool{}
	for i := range 7 {
		first17 := "3301061972030" + string([]byte{'0', '0', '0' + byte(i), '2'})
		check, _ := schemas.CheckCitizenID(first17)
		want[b.submit(t, first17+string(check), "1")] = true
	}
	p := b.program(t, "1001")
	pages, after := 0, ""
	for more := true; more; pages++ {
		_, list, _ := p.call(http.MethodGet, "/v1/cases?limit=3&after="+url.QueryEscape(after), nil)
		rows, _ := list["cases"].([]any)
		for _, x := range rows {
			no, _ := x.(map[string]any)["application_no"].(string)
			if !want[no] {
				t.Fatalf("%s twice or unknown", no)
			}
			delete(want, no)
		}
		after, more = list["next"].(string)
	}
	if len(want) > 0 || pages != 3 {
		t.Errorf("%d cases on no page, %d pages", len(want), pages)
	}
}

func TestSessionsByTheInterface(t *testing.T) {
	b := newBench(t)
	one, keeper := b.program(t, "1001"), b.program(t, "1005")
	if status, list, _ := keeper.call(http.MethodGet, "/v1/sessions", nil); status != http.StatusOK || !strings.Contains(list["raw"].(string), `"user":"1001"`) || strings.Contains(list["raw"].(string), one.csrf) {
		t.Errorf("list: %d %v", status, list)
	}
	if status, _, _ := keeper.call(http.MethodDelete, "/v1/sessions/1001", nil); status != http.StatusNoContent {
		t.Errorf("end: %d", status)
	}
	if status, _, _ := one.call(http.MethodGet, "/v1/session", nil); status != http.StatusUnauthorized || !contains(b.audited(t), "1005 end_sessions  done") {
		t.Errorf("ended: %d, %v", status, b.audited(t))
	}
}

func TestContract(t *testing.T) {
	o := OpenAPI()
	d, err := openapi.Render(o)
	if err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile("openapi.json", d.JSON, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	golden, err := os.ReadFile("openapi.json")
	if err != nil || !bytes.Equal(golden, d.JSON) {
		t.Errorf("openapi.json is out of date: go test ./producers/desk/console -run TestContract -update (%v)", err)
	}
	b := newBench(t)
	nobody := b.browser(t)
	if got := nobody.get("/openapi.json"); got.status != http.StatusOK || !strings.HasPrefix(got.header.Get("Content-Type"), "application/vnd.oai.openapi+json") || len(got.body) < 1000 {
		t.Errorf("served %d", got.status)
	}
	var fromYAML, fromJSON any
	if err := yaml.Unmarshal(d.YAML, &fromYAML); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(d.JSON, &fromJSON); err != nil {
		t.Fatal(err)
	}
	y, err1 := json.Marshal(fromYAML)
	j, err2 := json.Marshal(fromJSON)
	if err1 != nil || err2 != nil || !bytes.Equal(y, j) {
		t.Errorf("yaml differs from json (%v, %v)", err1, err2)
	}
	for _, c := range Codes() {
		if !bytes.Contains(d.JSON, []byte("`"+c.Name+"`")) {
			t.Errorf("%s is not listed", c.Name)
		}
	}
	for _, op := range operations() {
		if (op.handle == nil) == (op.serve == nil) || (op.body == nil) != (op.sent() == nil) {
			t.Errorf("%s: is served twice or never, or its body is not tried", op.id)
		}
	}
}

// contractOf compiles the schemas of the contract, and returns what checks JSON against one of them.
func contractOf(t *testing.T) func(pointer, raw string) {
	t.Helper()
	d, err := openapi.Render(OpenAPI())
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(d.JSON))
	if err != nil {
		t.Fatal(err)
	}
	compiler := jsonschema.NewCompiler()
	compiler.AssertFormat()
	if err := compiler.AddResource("openapi.json", doc); err != nil {
		t.Fatal(err)
	}
	return func(pointer, raw string) {
		t.Helper()
		s, err := compiler.Compile("openapi.json#" + pointer)
		if err != nil {
			t.Fatal(err)
		}
		v, err := jsonschema.UnmarshalJSON(strings.NewReader(raw))
		if err == nil {
			err = s.Validate(v)
		}
		if err != nil {
			t.Errorf("%s: %v", pointer, err)
		}
	}
}

// pointer is the operation's place in the contract.
func (op *operation) pointer() string {
	return "/paths/" + strings.NewReplacer("~", "~0", "/", "~1", "{", "%7B", "}", "%7D").Replace(op.path) + "/" + strings.ToLower(op.method)
}

// keeps calls an operation, and checks that what is sent and answered is as the contract says.
func (p *program) keeps(check func(pointer, raw string), id, path string, body any, want int) object {
	p.t.Helper()
	op := operations()[slices.IndexFunc(operations(), func(op operation) bool { return op.id == id })]
	if body != nil && want < http.StatusBadRequest {
		raw, err := json.Marshal(body)
		if err != nil {
			p.t.Fatal(err)
		}
		check(op.pointer()+"/requestBody/content/application~1json/schema", string(raw))
	}
	status, answer, _ := p.call(op.method, path, body)
	if status != want {
		p.t.Fatalf("%s: got %d %v, want %d", id, status, answer, want)
	}
	media := "application~1json"
	if want >= http.StatusBadRequest {
		media = "application~1problem+json"
	}
	if raw, ok := answer["raw"].(string); ok {
		check(op.pointer()+"/responses/"+strconv.Itoa(want)+"/content/"+media+"/schema", raw)
	}
	return answer
}

// The schemas of the contract compile, and what is answered and taken is as they say.
func TestContractHolds(t *testing.T) {
	check := contractOf(t)
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	p := b.program(t, "1009")
	keeper := b.program(t, "1004")
	for _, id := range []string{"identity", "list", "file", "reveal", "preview", "hold", "release", "next", "search", "sessions", "supervision", "reveal_overrides", "act"} {
		i := slices.IndexFunc(operations(), func(op operation) bool { return op.id == id })
		op := operations()[i]
		asked := paths(no)[id]
		caller := p
		if slices.Contains([]string{"sessions", "supervision", "reveal_overrides"}, id) {
			caller = keeper
		}
		body := op.sent()
		if id == "preview" || id == "act" {
			body = object{"action_id": "x", "action": "accept", "expect_version": 2}
		}
		if body != nil {
			raw, err := json.Marshal(body)
			if err != nil {
				t.Fatal(err)
			}
			check(op.pointer()+"/requestBody/content/application~1json/schema", string(raw))
		}
		status, answer, _ := caller.call(op.method, asked.path, body)
		if status >= 300 {
			t.Fatalf("%s: %d %v", id, status, answer)
		}
		raw := answer["raw"].(string)
		check(op.pointer()+"/responses/"+strconv.Itoa(status)+"/content/application~1json/schema", raw)
		status, answer, _ = (&program{browser: b.browser(t)}).call(op.method, asked.path, body)
		if status != http.StatusUnauthorized {
			t.Errorf("%s by nobody: %d", id, status)
		}
		check(op.pointer()+"/responses/401/content/application~1problem+json/schema", answer["raw"].(string))
	}
	act := operations()[slices.IndexFunc(operations(), func(op operation) bool { return op.id == "act" })]
	status, answer, header := p.call(act.method, paths(no)["act"].path, object{"action_id": "late", "action": "withdraw", "expect_version": 2})
	if status != http.StatusConflict || header.Get("Content-Type") != problem.ContentType {
		t.Errorf("an act on a version that has passed: %d, %s", status, header.Get("Content-Type"))
	}
	check(act.pointer()+"/responses/409/content/application~1problem+json/schema", answer["raw"].(string))
	_, answer, _ = p.call(http.MethodPost, "/v1/search", object{"query": 1})
	check("/components/schemas/Problem", answer["raw"].(string))
}

// Whatever is sent, the answer is as the contract says: no 500, and a problem that names the faults where it is one.
func FuzzAPI(f *testing.F) {
	b := newBench(f)
	no := b.submit(f, citizenID, "1")
	b.park(f, b.withdrawal(f, no), spoilt)
	p, operator := b.program(f, "1009"), b.program(f, "1005")
	ops := operations()
	for i, op := range ops {
		body, err := json.Marshal(op.sent())
		if err != nil {
			f.Fatal(err)
		}
		f.Add(uint8(i), no, "queue=all&limit=3", body, "application/json")
		f.Add(uint8(i), letterID, "", body, "application/json")
	}
	f.Add(uint8(1), no, "queue=%ff&after=%00&limit=-1&limit=2;x=%zz", []byte(nil), "")
	f.Add(uint8(6), "AAAA/../..", "%", []byte(`{"action_id":"\u0000","action":"accept","action":"accept","reasons":[null,""],"expect_version":1e9,"officer":"0"}`), "application/json")
	f.Add(uint8(10), no, "", []byte(`{"query":"\ud800","purpose":"answer_enquiry"}`), "application/json; charset=utf-8")
	f.Fuzz(func(t *testing.T, which uint8, number, query string, body []byte, contentType string) {
		op := ops[int(which)%len(ops)]
		path := strings.NewReplacer("{no}", url.PathEscape(number), "{user}", url.PathEscape(number), "{id}", url.PathEscape(number)).Replace(op.path)
		r, err := http.NewRequestWithContext(t.Context(), op.method, "https://desk.example"+path, bytes.NewReader(body))
		if err != nil {
			return // no such address can be asked
		}
		r.URL.RawQuery = query
		r.Header["Content-Type"] = []string{contentType}
		caller := p
		if slices.Contains(op.roles, desk.Operator) {
			caller = operator
		}
		r.Header.Set(csrfHeader, caller.csrf)
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: caller.cookies[sessionCookie]})
		w := newRecorder()
		b.Handler().ServeHTTP(w, r)
		answerHolds(t, op, w)
	})
}

// The supervisor's figures are those of the page; the words of officers stay hidden until they are revealed for a purpose.
func TestSupervisionByTheInterface(t *testing.T) {
	b, _ := supervised(t)
	p := b.program(t, "1004")
	_, hidden, _ := p.call(http.MethodGet, "/v1/supervision", nil)
	_, shown, _ := p.call(http.MethodPost, "/v1/supervision/reveal", object{"purpose": "check_override"})
	overrides, _ := hidden["overrides"].([]any)
	breaches, _ := hidden["breaches"].([]any)
	if len(overrides) == 0 || len(breaches) == 0 || hidden["revealed"] != false || shown["revealed"] != true {
		t.Fatalf("got %v", hidden)
	}
	page := b.as(t, "1004").get("/supervision").body
	for _, x := range overrides {
		o, _ := x.(map[string]any)
		if no, _ := o["application_no"].(string); !strings.Contains(page, no) {
			t.Errorf("%v is not on the page", o)
		}
		if reason, _ := o["reason"].(string); !strings.Contains(reason, "遮盖") && reason != "未写明" {
			t.Errorf("a reason in words: %v", o)
		}
	}
	if hidden["raw"] == shown["raw"] || !contains(b.audited(t), "1004 reveal check_override done") {
		t.Errorf("revealed %v, audit %v", shown["overrides"], b.audited(t))
	}
}
