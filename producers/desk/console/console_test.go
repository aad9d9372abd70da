package console

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/xuri/excelize/v2"

	"permithub/internal/casework"
	"permithub/producers/desk"
	"permithub/schemas"
)

// A case from the window to the issue, by three people: each sees what will happen in the words of the message, and the page shows what came of it.
func TestThreePeopleDecideACase(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	for _, step := range []struct {
		who, act string
		sees     []string
		stage    schemas.Stage
	}{
		{"1001", "accept", []string{"初审", "审核", "短信 N4 张*"}, schemas.StageReview},
		{"1002", "review", []string{"审批", "不发送短信"}, schemas.StageApproval},
		{"1003", "approve", []string{"签发中", "短信 N1 张* （签发后的证号）", "OLD-1", "签发后"}, schemas.StageIssuing},
	} {
		br := b.as(t, step.who)
		preview, done := br.act(no, step.act, url.Values{"opinion": {"材料齐全"}})
		for _, text := range step.sees {
			if !strings.Contains(preview.body, text) {
				t.Errorf("%s: the preview does not show %q", step.act, text)
			}
		}
		if done.location != "/cases/"+no+"?done" || b.stage(t, no) != step.stage {
			t.Fatalf("%s: %d %s, stage %s", step.act, done.status, done.location, b.stage(t, no))
		}
		page := br.get(done.location)
		for _, text := range []string{"已办理", "官" + step.who, "受理当日不计", "2024-09-12", "档案链：完整", "已证实"} {
			if !strings.Contains(page.body, text) {
				t.Errorf("%s: the page does not show %q", step.act, text)
			}
		}
	}
	if got := b.audited(t); !slices.Contains(got, "1003 act_approve  done") {
		t.Errorf("audit: %v", got)
	}
}

// A preview does nothing.
func TestAPreviewChangesNothing(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	before := len(b.hub.values)
	if got := br.post("/cases/"+no+"/preview", br.form(no, "not_accept", url.Values{"reasons": {"no_condition"}})); !strings.Contains(got.body, "短信 N2") {
		t.Error("no preview")
	}
	if len(b.hub.values) != before || b.stage(t, no) != schemas.StagePreExamine {
		t.Error("a preview changed the case")
	}
}

// What changed between the page and the act is shown again, never overwritten.
func TestAStalePageIsShownAgain(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	slow, quick := b.as(t, "1001"), b.as(t, "1009")
	stale := slow.form(no, "not_accept", url.Values{"reasons": {"no_condition"}})
	if _, done := quick.act(no, "accept", nil); done.location != "/cases/"+no+"?done" {
		t.Fatalf("got %s", done.location)
	}
	if got := slow.post("/cases/"+no+"/preview", stale); !strings.Contains(got.body, "案件在您查看之后有变化") {
		t.Error("the preview of a stale page says nothing")
	}
	got := slow.post("/cases/"+no+"/act", stale)
	if got.location != "/cases/"+no+"?refused=version_changed&since=2" || b.stage(t, no) != schemas.StageReview {
		t.Fatalf("got %s, stage %s", got.location, b.stage(t, no))
	}
	page := slow.get(got.location)
	for _, text := range []string{"案件在您查看之后有变化", "您查看之后发生的变化", "受理 → 审核 · 官1009（1009）"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("the page of the loser does not say %q", text)
		}
	}
	if strings.Contains(page.body, "提交申请 →") {
		t.Error("what the officer had seen is shown as a change")
	}
}

// The change may also come after the last look, on the way to the log.
func TestTwoOfficersAtOnce(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	one, two := b.as(t, "1001"), b.as(t, "1009")
	form, other := one.form(no, "accept", nil), two.form(no, "not_accept", url.Values{"reasons": {"no_condition"}})
	b.hub.before = func() { two.post("/cases/"+no+"/act", other) }
	got := one.post("/cases/"+no+"/act", form)
	if got.location != "/cases/"+no+"?refused=version_changed&since=2" && got.location != "/cases/"+no+"?refused=case_not_open&since=2" {
		t.Fatalf("got %s", got.location)
	}
	if c, err := b.hub.list.Case(t.Context(), no[:12]); c != nil || err != nil {
		t.Errorf("the first decision does not stand: %v, %v", c, err)
	}
}

// The same form sent twice is one act.
func TestADoubleClickIsOneAct(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	form := br.form(no, "accept", nil)
	for range 2 {
		if got := br.post("/cases/"+no+"/act", form); got.location != "/cases/"+no+"?done" {
			t.Fatalf("got %s", got.location)
		}
	}
	if got := len(b.hub.values); got != 3 {
		t.Errorf("%d records, want 3", got)
	}
}

func TestARefusalNamesEveryFailedCondition(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	if page := b.as(t, "1001").get("/cases/" + no); strings.Count(page.body, `name="reasons"`) != len(casework.Reasons()) {
		t.Error("not every reason is there")
	}
	f := b.hub.files[no[:12]]
	failing := *f.Dossier.Open
	failing.Findings = []schemas.Finding{{Rule: "R1", Outcome: "fail", Reason: "r1_no_valid_permit"}, {Rule: "R6", Outcome: "fail", Reason: "r6_agent_required"}, {Rule: "R5", Outcome: "pass"}}
	v := &visit{officer: &desk.Officer{Roles: []desk.Role{desk.Clerk}}}
	for _, o := range v.offers(&subject{open: &failing}) {
		var chosen []string
		for _, c := range o.Reasons {
			if c.Chosen {
				chosen = append(chosen, c.Value)
			}
		}
		if o.Kind == schemas.ActNotAccept && !slices.Equal(chosen, []string{"r1_no_valid_permit", "r6_agent_required"}) {
			t.Errorf("chosen: %v", chosen)
		}
	}
}

// One person never gives two of the three opinions: the page says so, and the case refuses it where somebody asks anyway.
func TestTwoOpinionsOfOnePerson(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1009")
	form := br.form(no, "accept", nil)
	br.post("/cases/"+no+"/act", form)
	page := br.get("/cases/" + no)
	if !strings.Contains(page.body, "您已在本案签署过另一级意见") || strings.Contains(page.body, `name="action" value="review"`) {
		t.Error("the page offers a second opinion")
	}
	forged := url.Values{"action": {"review"}, "action_id": {"x-1"}, "expect_version": {"3"}}
	if got := br.post("/cases/"+no+"/act", forged); got.location != "/cases/"+no+"?refused=separation_of_duties&since=3" {
		t.Errorf("got %d %s", got.status, got.location)
	}
}

// Every page and act, by every role: who may not is answered 403, it is recorded, and nothing changes. What is not listed here fails the test.
func TestRoleByRolePageByPage(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	work := []string{"1001", "1002", "1003", "1004"}
	all := append(slices.Clone(work), "1005", "1006")
	type page struct {
		method, path string
		form         url.Values
		may          []string
	}
	pages := []page{
		{"GET", "/cases", nil, all}, {"GET", "/cases?queue=all", nil, all}, {"GET", "/cases/" + no, nil, all}, {"GET", "/password", nil, all}, {"GET", "/audit", nil, []string{"1006"}},
		{"GET", "/supervision", nil, []string{"1004", "1006"}}, {"POST", "/supervision/export", nil, []string{"1004", "1006"}},
		{"POST", "/supervision/reveal", url.Values{"purpose": {"check_override"}}, []string{"1004", "1006"}}, {"GET", "/sessions", nil, []string{"1004", "1005"}},
		{"GET", "/revocations", nil, []string{"1002", "1003", "1004"}},
		{"GET", "/bulk", nil, []string{"1003"}}, {"GET", "/bulk/run", nil, []string{"1003"}}, {"POST", "/bulk/confirm", url.Values{"no": {no}}, []string{"1003"}}, {"POST", "/bulk/start", url.Values{"no": {no}}, []string{"1003"}},
		{"POST", "/bulk/step", nil, []string{"1003"}}, {"POST", "/bulk/stop", nil, []string{"1003"}}, {"POST", "/bulk/continue", nil, []string{"1003"}}, {"POST", "/bulk/clear", nil, []string{"1003"}},
		{"POST", "/search", url.Values{"q": {"张"}}, all}, {"POST", "/cases/" + no + "/print", nil, all}, {"POST", "/next", nil, work}, {"POST", "/export", nil, []string{"1004"}},
		{"POST", "/cases/" + no + "/reveal", url.Values{"purpose": {"verify_identity"}}, work}, {"POST", "/cases/" + no + "/hold", nil, work}, {"POST", "/cases/" + no + "/release", nil, work},
	}
	letter := "/dead/letters/" + b.park(t, b.withdrawal(t, no), spoilt)
	for _, path := range []string{"/dead", "/dead/letters?step=approval&code=undecodable", letter, "/dead/run"} {
		pages = append(pages, page{"GET", path, nil, []string{"1005", "1006"}})
	}
	for _, path := range []string{letter + "/reveal", letter + "/repair", letter + "/replay", "/dead/replay", "/dead/run/agree", "/dead/run/stop", "/dead/run/continue", letter + "/give-up"} {
		pages = append(pages, page{"POST", path, url.Values{"purpose": {"repair_record"}, "value": {"{}"}, "rate": {"1"}, "reason": {"not_ours"}}, []string{"1005"}})
	}
	acts := map[string][]string{"accept": {"1001"}, "review": {"1002"}, "approve": {"1003"}, "withdraw": {"1001"}, "resume": {"1002", "1003"},
		"propose_revocation": {"1002", "1003", "1004"}, "confirm_revocation": {"1003", "1004"}, "reject_revocation": {"1003", "1004"}}
	for act, may := range acts {
		for _, way := range []string{"preview", "act"} {
			if way == "act" && act != "review" { // else the case is decided in the middle of the test
				may = nil
			}
			pages = append(pages, page{"POST", "/cases/" + no + "/" + way, url.Values{"action": {act}, "action_id": {"forged-" + act}, "expect_version": {"1"}}, may})
		}
	}
	for _, id := range all {
		br := b.as(t, id)
		for _, p := range pages {
			if strings.HasSuffix(p.path, "/act") && slices.Contains(acts[p.form.Get("action")], id) {
				continue
			}
			before := len(b.audited(t))
			got := br.do(p.method, p.path, with(p.form, p.method, br.csrf), nil)
			allowed := slices.Contains(p.may, id)
			if allowed != (got.status != http.StatusForbidden) || got.status >= 500 || got.status == 404 {
				t.Errorf("%s %s %s %v: got %d", id, p.method, p.path, p.form["action"], got.status)
			}
			if entries := b.audited(t); !allowed && (len(entries) != before+1 || !strings.HasSuffix(entries[before], "refused")) {
				t.Errorf("%s %s %s: the refusal is not recorded", id, p.method, p.path)
			}
		}
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("a refused act changed the case")
	}
}

func with(form url.Values, method, csrf string) url.Values {
	if method == http.MethodGet {
		return nil
	}
	out := url.Values{"csrf": {csrf}}
	for k, v := range form {
		out[k] = v
	}
	return out
}

// Another township's clerk, and a relative, see and do nothing, by whatever address.
func TestTownshipsAndRelatives(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	for id, text := range map[string]string{"1007": "不属于您的管辖", "1008": "由他人办理"} {
		br := b.as(t, id)
		for _, path := range []string{"", "/print", "/reveal", "/hold", "/release", "/preview", "/act"} {
			method, form := http.MethodPost, url.Values{"csrf": {br.csrf}, "purpose": {"verify_identity"}, "action": {"accept"}, "action_id": {"a"}, "expect_version": {"2"}}
			if path == "" {
				method, form = http.MethodGet, nil
			}
			got := br.do(method, "/cases/"+no+path, form, nil)
			if got.status != http.StatusForbidden || !strings.Contains(got.body, text) || strings.Contains(got.body, "张") {
				t.Errorf("%s %s: got %d", id, path, got.status)
			}
		}
	}
	if b.stage(t, no) != schemas.StagePreExamine || len(b.holds.held) != 0 {
		t.Error("something was done")
	}
	other := b.as(t, "1007")
	for _, path := range []string{"/cases", "/cases?queue=all", "/cases?queue=all&town=330424001"} {
		if got := other.get(path); strings.Contains(got.body, no) {
			t.Errorf("%s lists a case of another township", path)
		}
	}
	for _, q := range []string{"张", fullName} {
		if got := other.post("/search", url.Values{"q": {q}}); strings.Contains(got.body, no) {
			t.Errorf("a search for %q finds a case of another township", q)
		}
	}
	if got := b.as(t, "1008").post("/next", nil); got.location != "/cases" {
		t.Errorf("the next case is a relative's: %s", got.location)
	}
}

func TestStaleSessions(t *testing.T) {
	for name, end := range map[string]func(*bench, *browser){
		"signed out": func(_ *bench, br *browser) {
			kept := br.cookies[sessionCookie]
			br.post("/signout", nil)
			br.cookies[sessionCookie] = kept
		},
		"idle": func(b *bench, _ *browser) { b.hub.now = b.hub.now.Add(15 * time.Minute) },
		"revoked": func(b *bench, _ *browser) {
			if _, err := b.sessions.EndAll(context.Background(), "1001"); err != nil {
				panic(err)
			}
		},
		"disabled": func(b *bench, _ *browser) { change(b, func(u *userOf) { u.Disabled = true }) },
		"other roles": func(b *bench, _ *browser) {
			change(b, func(u *userOf) { u.Roles = []string{"review"} })
		},
		"other townships": func(b *bench, _ *browser) {
			change(b, func(u *userOf) { u.Townships = []string{"330424106"} })
		},
		"no cookie":      func(_ *bench, br *browser) { clear(br.cookies) },
		"another cookie": func(_ *bench, br *browser) { br.cookies[sessionCookie] = "AAAA" },
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			no := b.submit(t, citizenID, "1")
			br := b.as(t, "1001")
			form := br.form(no, "accept", nil)
			end(b, br)
			for _, pattern := range b.patterns {
				method, path, _ := strings.Cut(pattern, " ")
				path = strings.NewReplacer("{no}", no, "{$}", "").Replace(path)
				sent := url.Values{"csrf": {br.csrf}, "purpose": {"verify_identity"}, "q": {no}}
				for k, x := range form {
					sent[k] = x
				}
				if method == http.MethodGet {
					sent = nil
				}
				if got := br.do(method, path, sent, nil); got.status != http.StatusSeeOther || got.location != "/signin" || strings.Contains(got.body, no) {
					t.Errorf("%s: got %d %s", pattern, got.status, got.location)
				}
			}
			live := br.do(http.MethodGet, "/cases/"+no+"/changes", nil, func(r *http.Request) { r.Header.Set("Accept", "text/event-stream") })
			if live.status != http.StatusUnauthorized {
				t.Errorf("stream: got %d", live.status)
			}
			if b.stage(t, no) != schemas.StagePreExamine || len(b.holds.held) > 0 {
				t.Error("a stale session acted")
			}
		})
	}
}

// A session outlives the process in which it began, and a lock too.
func TestRestart(t *testing.T) {
	b := newBench(t)
	br := b.as(t, "1001")
	for range 5 {
		b.browser(t).post("/signin", url.Values{"id": {"1002"}, "password": {"wrong password"}})
	}
	again, err := New(Config{}, b.ports, b.log, prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	restarted := httptest.NewTLSServer(again.Handler())
	defer restarted.Close()
	br.base, br.http = restarted.URL, restarted.Client()
	br.http.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	if got := br.get("/cases"); got.status != http.StatusOK {
		t.Errorf("after a restart: got %d %s", got.status, got.location)
	}
	if got := br.post("/signin", url.Values{"id": {"1002"}, "password": {password}}); got.status != http.StatusTooManyRequests {
		t.Errorf("a restart unlocked a name: got %d", got.status)
	}
}

// Without the store of sessions nobody is let in, and nobody is told that the password is wrong.
func TestSessionStoreAway(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	b.redis.Close()
	for _, got := range []reply{br.get("/cases"), br.get("/cases/" + no), br.post("/signin", url.Values{"id": {"1001"}, "password": {password}}), br.post("/signout", nil)} {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" || strings.Contains(got.body, no) || got.header.Get("Set-Cookie") != "" {
			t.Errorf("got %d", got.status)
		}
	}
}

func TestOtherSitesAndForgedForms(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	form := br.form(no, "accept", nil)
	form.Set("csrf", br.csrf)
	for name, tc := range map[string]struct {
		csrf   string
		change func(*http.Request)
	}{
		"other site":  {br.csrf, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") }},
		"sister site": {br.csrf, func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") }},
		"old browser": {br.csrf, func(r *http.Request) {
			r.Header.Del("Sec-Fetch-Site")
			r.Header.Set("Origin", "https://elsewhere.example")
		}},
		"no token":       {"", nil},
		"wrong token":    {"AAAA", nil},
		"another user's": {b.as(t, "1009").csrf, nil},
	} {
		form.Set("csrf", tc.csrf)
		if got := br.do(http.MethodPost, "/cases/"+no+"/act", form, tc.change); got.status != http.StatusForbidden {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	get := br.get("/cases/" + no + "/act?" + form.Encode())
	if get.status != http.StatusMethodNotAllowed && get.status != http.StatusNotFound {
		t.Errorf("an act by GET: got %d", get.status)
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("a forged form acted")
	}
}

func TestLockoutAndFirstPassword(t *testing.T) {
	b := newBench(t)
	br := b.browser(t)
	for range 5 {
		if got := br.post("/signin", url.Values{"id": {"1001"}, "password": {"wrong password"}}); got.status != http.StatusUnauthorized || !strings.Contains(got.body, "不正确") {
			t.Fatalf("got %d", got.status)
		}
	}
	if got := br.post("/signin", url.Values{"id": {"1001"}, "password": {password}}); got.status != http.StatusTooManyRequests || br.cookies[sessionCookie] != "" {
		t.Errorf("locked: got %d, %v", got.status, br.cookies)
	}
	change(b, func(u *userOf) { u.MustChange = true })
	b.hub.now = b.hub.now.Add(time.Minute)
	first := b.as(t, "1001")
	no := b.submit(t, citizenID, "1")
	for _, got := range []reply{first.get("/cases"), first.get("/cases/" + no), first.post("/search", url.Values{"q": {"张"}}), first.post("/cases/"+no+"/hold", nil)} {
		if got.status != http.StatusSeeOther || got.location != "/password" {
			t.Errorf("first password: got %d %s", got.status, got.location)
		}
	}
	for _, form := range []url.Values{{"old": {"wrong password"}, "new": {"a new password"}, "again": {"a new password"}}, {"old": {password}, "new": {"a new password"}, "again": {"another one"}},
		{"old": {password}, "new": {"short"}, "again": {"short"}}, {"old": {password}, "new": {password}, "again": {password}}} {
		if got := first.post("/password", form); got.status == http.StatusSeeOther {
			t.Errorf("changed by %v", form)
		}
	}
	old := first.cookies[sessionCookie]
	if got := first.post("/password", url.Values{"old": {password}, "new": {"a new password"}, "again": {"a new password"}}); got.location != "/cases" {
		t.Fatalf("got %d", got.status)
	}
	if first.get("/cases").status != http.StatusOK {
		t.Error("still locked in")
	}
	first.cookies[sessionCookie] = old
	if got := first.get("/cases"); got.location != "/signin" {
		t.Error("the session before the change is alive")
	}
}

// Personal data is hidden, until it is revealed for a purpose; that is recorded first, and where it cannot be, nothing is shown.
func TestPersonalDataIsMasked(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	secrets := []string{citizenID, fullName, address, phone}
	leaks := func(name string, got reply, want bool) {
		t.Helper()
		for _, s := range secrets {
			if strings.Contains(got.body, s) != want {
				t.Errorf("%s: %q shown is %v, want %v", name, s, !want, want)
			}
		}
		if title := regexp.MustCompile(`<title>(.*)</title>`).FindString(got.body); strings.Contains(title, "张") || strings.Contains(got.location, url.QueryEscape("张")) {
			t.Errorf("%s: a name stands in title or address", name)
		}
		if got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s may be cached", name)
		}
	}
	leaks("list", br.get("/cases"), false)
	leaks("case", br.get("/cases/"+no), false)
	leaks("search", br.post("/search", url.Values{"q": {"张三"}}), false)
	leaks("preview", br.post("/cases/"+no+"/preview", br.form(no, "accept", nil)), false)
	if got := br.post("/search", url.Values{"q": {strings.ToLower(citizenID)}}); got.location != "/cases/"+no {
		t.Errorf("search by citizen id: got %d %s", got.status, got.location)
	}
	if got := br.post("/search", url.Values{"q": {no}}); got.location != "/cases/"+no {
		t.Errorf("search by number: got %d %s", got.status, got.location)
	}
	for _, purpose := range []string{"", "curiosity"} {
		if got := br.post("/cases/"+no+"/reveal", url.Values{"purpose": {purpose}}); got.status != http.StatusBadRequest {
			t.Errorf("purpose %q: got %d", purpose, got.status)
		}
	}
	leaks("reveal", br.post("/cases/"+no+"/reveal", url.Values{"purpose": {"contact_applicant"}}), true)
	leaks("case again", br.get("/cases/"+no), false)
	leaks("print", br.post("/cases/"+no+"/print", nil), true)
	want := []string{"1001 sign_in  done", "1001 search_name  done", "1001 search_person  done", "1001 search_number  done", "1001 reveal contact_applicant done", "1001 print  done"}
	got := b.audited(t)
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("not recorded: %s in %v", w, got)
		}
	}
	file, err := os.ReadFile(b.audit)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range secrets {
		if strings.Contains(string(file)+b.logs.String(), s) {
			t.Errorf("%q stands in the audit file or the log", s)
		}
	}
	if err := b.ports.Audit.Close(); err != nil { // a disk that is full
		t.Fatal(err)
	}
	leaks("reveal without record", br.post("/cases/"+no+"/reveal", url.Values{"purpose": {"contact_applicant"}}), false)
	leaks("print without record", br.post("/cases/"+no+"/print", nil), false)
}

func TestHeaders(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	for _, path := range []string{"/signin", "/cases", "/cases/" + no, "/nothing", "/static/console.js"} {
		h := br.get(path).header
		if csp := h.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", path, csp)
		}
		if h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: no nosniff", path)
		}
	}
	inline := regexp.MustCompile(`<script(?:>| [^>]*>)[^<]|<style|style="|javascript:| on[a-z]+="`)
	for _, body := range []string{br.get("/signin").body, br.get("/cases").body, br.get("/cases/" + no).body} {
		if m := inline.FindString(body); m != "" {
			t.Errorf("inline: %q", m)
		}
	}
	res := b.browser(t).do(http.MethodPost, "/signin", url.Values{"id": {"1001"}, "password": {password}}, nil)
	cookie := res.header.Get("Set-Cookie")
	for _, want := range []string{"__Host-", "Secure", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("cookie %q has no %s", cookie, want)
		}
	}
}

// What is written by others is text, wherever it is shown.
func TestMarkupIsText(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	form := br.form(no, "accept", url.Values{"opinion": {`<script>alert(1)</script>`}})
	br.post("/cases/"+no+"/act", form)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, b.server.URL+"/cases/"+no+"/reveal", strings.NewReader(url.Values{"csrf": {br.csrf}, "purpose": {"verify_identity"}}.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	r.AddCookie(&http.Cookie{Name: sessionCookie, Value: br.cookies[sessionCookie]})
	got, err := b.server.Client().Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close()
	raw := new(strings.Builder)
	if _, err := io.Copy(raw, got.Body); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(raw.String(), "&lt;script&gt;alert(1)") || strings.Contains(raw.String(), "<script>alert") {
		t.Error("an opinion is markup")
	}
}

func TestFaultyFormsAreNamed(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	for _, way := range []string{"preview", "act"} {
		form := br.form(no, "not_accept", url.Values{"reasons": {"because"}, "opinion": {strings.Repeat("字", 501)}})
		got := br.post("/cases/"+no+"/"+way, form)
		if got.status != http.StatusOK || strings.Count(got.body, "<li>") != 2 {
			t.Errorf("%s: got %d with %d faults", way, got.status, strings.Count(got.body, "<li>"))
		}
	}
	for name, form := range map[string]url.Values{
		"no version": {"action": {"accept"}, "action_id": {"a"}}, "version 0": {"action": {"accept"}, "action_id": {"a"}, "expect_version": {"0"}},
	} {
		if got := br.post("/cases/"+no+"/act", form); got.status != http.StatusBadRequest {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	b.hub.fail = errors.New("no leader")
	if got := br.post("/cases/"+no+"/act", br.form(no, "accept", nil)); got.status != http.StatusServiceUnavailable || !strings.Contains(got.body, "操作尚未提交") {
		t.Errorf("Kafka away: got %d", got.status)
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("a faulty form acted")
	}
}

func TestHoldsAndNext(t *testing.T) {
	b := newBench(t)
	first := b.submit(t, citizenID, "1")
	b.hub.now = b.hub.now.Add(time.Minute)
	second := b.submit(t, "330106197203030042", "2")
	one, two := b.as(t, "1001"), b.as(t, "1009")
	if got := one.post("/next", nil); got.location != "/cases/"+first {
		t.Fatalf("next of the first officer: %s", got.location)
	}
	if got := two.post("/next", nil); got.location != "/cases/"+second {
		t.Fatalf("next of the second officer: %s", got.location)
	}
	if page := two.get("/cases/" + first); !strings.Contains(page.body, "正由 1001") {
		t.Error("the page does not say who holds the case")
	}
	two.post("/cases/"+first+"/release", nil) // not the other's
	if b.holds.held[first] != "1001" {
		t.Error("another officer's hold was released")
	}
	if got := one.post("/cases/"+first+"/hold", url.Values{"to": {"nobody"}}); got.status != http.StatusBadRequest {
		t.Errorf("handed over to nobody: %d", got.status)
	}
	one.post("/cases/"+first+"/hold", url.Values{"to": {"1002"}})
	if b.holds.held[first] != "1002" {
		t.Errorf("held by %q", b.holds.held[first])
	}
	two.act(second, "accept", nil)
	if b.holds.held[second] != "" {
		t.Error("a case that was decided is still held")
	}
}

var changesOf = regexp.MustCompile(`data-changes="([^"]+)"`)

// The page is told of a record of the log as soon as the list has it.
func TestChangesArePushed(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	br := b.as(t, "1001")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	for name, page := range map[string]string{"again": "/cases", "late": "/cases/" + no} {
		path := changesOf.FindStringSubmatch(br.get(page).body)[1]
		if name == "late" { // what came between the page and its stream is told at once
			b.hub.decide(&schemas.Input{InputID: "between", Kind: schemas.InputWithdrawal, DossierID: no[:12], ApplicationNo: no, Source: "window", ReceivedAt: schemas.At(b.hub.now), Withdrawal: &schemas.Withdrawal{}})
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, b.server.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: br.cookies[sessionCookie]})
		res, err := b.server.Client().Do(r) //nolint:bodyclose // closed below, at the end of the test
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		lines := make(chan string, 64)
		go func() {
			defer close(lines)
			buf := make([]byte, 256)
			for {
				n, err := res.Body.Read(buf)
				if n > 0 {
					lines <- string(buf[:n])
				}
				if err != nil {
					return
				}
			}
		}()
		if got := <-lines; !strings.Contains(got, "open") || strings.Contains(got, "event: change") != (name == "late") {
			t.Fatalf("%s: got %q", path, got)
		}
		began := time.Now()
		b.submit(t, citizenID, name)
		if got := <-lines; !strings.Contains(got, "event: change") {
			t.Errorf("%s: got %q", path, got)
		}
		if took := time.Since(began); took > 200*time.Millisecond {
			t.Errorf("%s: told after %s", path, took)
		}
	}
}

func TestWhileTheListIsFilled(t *testing.T) {
	b := newBench(t)
	br := b.as(t, "1001")
	b.ready = false
	for _, got := range []reply{br.get("/cases"), br.post("/next", nil), br.get("/cases/3ZCLYTDTCLFJ2LDFF")} {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("got %d", got.status)
		}
	}
	b.ready = true
	for _, path := range []string{"/cases/3ZCLYTDTCLFJ2LDFF", "/cases/123", "/nothing", "/cases?after=x"} {
		if got := br.get(path); got.status != http.StatusNotFound {
			t.Errorf("%s: got %d", path, got.status)
		}
	}
}

func TestPagingWalksTheWholeList(t *testing.T) {
	b := newBench(t)
	want := map[string]bool{}
	for i := range 2*rows + 7 {
		first17 := "3301061972030" + string([]byte{'0' + byte(i/100), '0' + byte(i/10%10), '0' + byte(i%10), '2'})
		check, _ := schemas.CheckCitizenID(first17)
		want[b.submit(t, first17+string(check), "1")] = true
	}
	br := b.as(t, "1001")
	link := regexp.MustCompile(`<a href="/cases/([A-Z0-9]{17})">`)
	next := regexp.MustCompile(`<a href="(/cases\?[^"]*after=[^"]*)">`)
	pages := 0
	for path := "/cases"; path != ""; pages++ {
		body := br.get(path).body
		for _, m := range link.FindAllStringSubmatch(body, -1) {
			if !want[m[1]] {
				t.Fatalf("%s twice or unknown", m[1])
			}
			delete(want, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	if len(want) > 0 || pages != 3 {
		t.Errorf("%d cases on no page, %d pages", len(want), pages)
	}
}

func TestSpreadsheetsHoldTexts(t *testing.T) {
	f, err := spreadsheet([]sheet{{"案件/清单", [][]any{{"330106197203030042", "=HYPERLINK(\"x\")", "+1", "-1", "@a", "\tx", "平常", ""}}}, {"数", [][]any{{12, "12"}}}})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, cell := range []string{"A1", "B1", "C1", "D1", "E1", "F1", "G1"} {
		v, err := f.GetCellValue("案件-清单", cell)
		if err != nil {
			t.Fatal(err)
		}
		formula, err := f.GetCellFormula("案件-清单", cell)
		if err != nil || formula != "" {
			t.Errorf("%s is the formula %q, %v", cell, formula, err)
		}
		got = append(got, v)
	}
	if diff := cmp.Diff([]string{"330106197203030042", "'=HYPERLINK(\"x\")", "'+1", "'-1", "'@a", "'\tx", "平常"}, got); diff != "" {
		t.Errorf("cells (-want +got)\n%s", diff)
	}
	for cell, want := range map[string]excelize.CellType{"A1": excelize.CellTypeUnset, "B1": excelize.CellTypeInlineString} { // a number has no type of its own
		if kind, err := f.GetCellType("数", cell); err != nil || kind != want {
			t.Errorf("%s: type %d, %v", cell, kind, err)
		}
	}
	b := newBench(t)
	b.submit(t, citizenID, "1")
	res := b.as(t, "1004").post("/export", nil)
	if res.status != http.StatusOK || !strings.HasPrefix(res.body, "PK") {
		t.Errorf("export: got %d", res.status)
	}
}
