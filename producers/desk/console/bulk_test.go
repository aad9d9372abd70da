package console

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"permithub/schemas"
)

// forApproval brings n cases to the approver and returns their numbers.
func (b *bench) forApproval(t testing.TB, n int) []string {
	t.Helper()
	var out []string
	for i := range n {
		first17 := fmt.Sprintf("33010619720303%03d", i+100)
		check, _ := schemas.CheckCitizenID(first17)
		no := b.submit(t, first17+string(check), "1")
		b.decideBy(no, "1001", schemas.ActAccept)
		b.decideBy(no, "1002", schemas.ActReview)
		out = append(out, no)
	}
	return out
}

func (b *bench) decideBy(no, officer string, kind schemas.ActionKind) {
	b.hub.decide(&schemas.Input{InputID: no + string(kind) + officer, Kind: schemas.InputOfficerAction, DossierID: no[:12], ApplicationNo: no, Source: "desk", ReceivedAt: schemas.At(b.hub.now),
		Action: &schemas.OfficerAction{Kind: kind, Officer: officer}})
}

// touch changes a file without moving its case.
func (b *bench) touch(no string) { b.done(no, schemas.EffectNotify, 1) }

func (b *bench) stages(t testing.TB, numbers []string) []schemas.Stage {
	t.Helper()
	var out []schemas.Stage
	for _, no := range numbers {
		out = append(out, b.stage(t, no))
	}
	return out
}

// approvals counts the approvals that the log holds.
func (b *bench) approvals() int {
	n := 0
	for _, v := range b.hub.values {
		n += strings.Count(string(v), `{"type":"approved"`)
	}
	return n
}

// What was opened is offered, what changed since is not; each case is shown as it will be; and each is decided as a single act would be.
func TestBulk(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 6)
	unopened, stale := all[4], all[5]
	br := b.as(t, "1003")
	for i, no := range all {
		if i != 4 {
			br.get("/cases/" + no)
		}
	}
	b.touch(stale)
	page := br.get("/bulk").body
	box := func(no string) bool {
		return strings.Contains(page, `value="`+no+`" aria-label="选择 `+no+`" checked`)
	}
	if !box(all[0]) || !box(all[3]) || box(stale) || !strings.Contains(page, "查看之后有变化，请重新打开") || strings.Contains(page, unopened) || !strings.Contains(page, "尚未打开：<b>1</b>") {
		t.Errorf("offered: %v %v; stale %v; unopened %v", box(all[0]), box(all[3]), box(stale), strings.Contains(page, unopened))
	}
	chosen := url.Values{"no": all[:4], "opinion": {"同意"}}
	confirm := br.post("/bulk/confirm", chosen).body
	if strings.Count(confirm, "短信 N1 张*") != 4 || strings.Count(confirm, "OLD-1") != 4 || !strings.Contains(confirm, "4 / 4") {
		t.Errorf("the confirmation shows %d messages, %d cancellations", strings.Count(confirm, "短信 N1 张*"), strings.Count(confirm, "OLD-1"))
	}
	if slices.ContainsFunc(b.stages(t, all), func(s schemas.Stage) bool { return s != schemas.StageApproval }) {
		t.Fatal("a preview decided something")
	}
	if got := br.post("/bulk/start", chosen); got.location != "/bulk/run" {
		t.Fatalf("start: %d %s", got.status, got.location)
	}
	b.touch(all[1]) // after it was confirmed
	b.decideBy(all[2], "1009", schemas.ActReturn)
	for i, done := range []string{"3 / 4", "4 / 4"} {
		if got := br.post("/bulk/step", nil); got.location != "/bulk/run" {
			t.Fatalf("step %d: %d %s", i, got.status, got.location)
		}
		if page = br.get("/bulk/run").body; !strings.Contains(page, done) {
			t.Errorf("after step %d it is not %s", i, done)
		}
	}
	for _, text := range []string{"4 / 4", "已准予 <b>2</b>", "查看之后有变化 <b>2</b>", "案件在您查看之后有变化"} {
		if !strings.Contains(page, text) {
			t.Errorf("the result does not show %q", text)
		}
	}
	want := []schemas.Stage{schemas.StageIssuing, schemas.StageApproval, schemas.StageApproval, schemas.StageIssuing, schemas.StageApproval, schemas.StageApproval}
	if got := b.stages(t, all); !slices.Equal(got, want) {
		t.Errorf("stages %v", got)
	}
	approved := 0
	for _, e := range b.audited(t) {
		if e == "1003 act_approve  done" {
			approved++
		}
	}
	if approved != 4 || !slices.Contains(b.audited(t), "1003 bulk  done") {
		t.Errorf("audited: %d acts", approved)
	}
	if o := b.hub.files[all[0][:12]].Dossier.Open.Opinions; b.hub.files[all[0][:12]].Person.Remark(o[len(o)-1].Remark).Opinion != "同意" {
		t.Error("the opinion did not travel")
	}
	if got := br.post("/bulk/clear", nil); got.location != "/bulk" || strings.Contains(br.get("/bulk").body, "尚未办完") {
		t.Error("a finished run is not let go")
	}
}

// Whoever asks for a case that they have not opened is refused, and it is recorded: whatever the form says.
func TestBulkTakesNothingUnopened(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 2)
	br, other := b.as(t, "1003"), b.as(t, "1009")
	br.get("/cases/" + all[0])
	other.get("/cases/" + all[1]) // another officer's look is not this one's
	for name, form := range map[string]url.Values{
		"unopened": {"no": {all[1]}}, "with an opened one": {"no": all}, "twice": {"no": {all[0], all[0]}}, "nothing real": {"no": {"AAAAAAAAAAAAAAAAA"}},
	} {
		for _, path := range []string{"/bulk/confirm", "/bulk/start"} {
			if got := br.post(path, form); got.status != http.StatusConflict || !strings.Contains(got.body, "只能批量审批您已打开查看过的案件") {
				t.Errorf("%s %s: got %d", name, path, got.status)
			}
		}
	}
	for name, form := range map[string]url.Values{"none": nil, "too many": {"no": make([]string, maxBulk+1)}} {
		if got := br.post("/bulk/start", form); got.status != http.StatusBadRequest {
			t.Errorf("%s: got %d", name, got.status)
		}
	}
	if !slices.Contains(b.audited(t), "1003 bulk  refused") || b.approvals() != 0 || b.runs.of("1003") != nil {
		t.Error("not recorded, or something was done")
	}
}

// A rule refuses in bulk what it refuses alone, and says why.
func TestBulkAndTheRules(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	b.decideBy(no, "1001", schemas.ActAccept)
	b.decideBy(no, "1009", schemas.ActReview)
	free := b.forApproval(t, 1)[0]
	br := b.as(t, "1009")
	br.get("/cases/" + no)
	br.get("/cases/" + free)
	if page := br.get("/bulk").body; !strings.Contains(page, "您已在本案签署过另一级意见") {
		t.Error("the list does not say that it is another's")
	}
	form := url.Values{"no": {no, free}}
	if got := br.post("/bulk/confirm", form); !strings.Contains(got.body, "同一人不得在本案签署两级意见") || !strings.Contains(got.body, "1 / 2") {
		t.Error("the confirmation does not say that it is another's")
	}
	br.post("/bulk/start", form)
	br.post("/bulk/step", nil)
	page := br.get("/bulk/run").body
	if !strings.Contains(page, "未被接受 <b>1</b>") || !strings.Contains(page, "同一人不得在本案签署两级意见") || !strings.Contains(page, "已准予 <b>1</b>") {
		t.Errorf("the result does not say why")
	}
	if b.stage(t, no) != schemas.StageApproval || b.stage(t, free) != schemas.StageIssuing {
		t.Error("a rule was passed over")
	}
}

// A run is stopped and goes on; its page may be loaded anew at any time; a second one waits until the first is done or let go.
func TestBulkStopsAndGoesOn(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 4)
	br := b.as(t, "1003")
	for _, no := range all {
		br.get("/cases/" + no)
	}
	br.post("/bulk/start", url.Values{"no": all[:3]})
	br.post("/bulk/stop", nil)
	br.post("/bulk/step", nil)
	if page := br.get("/bulk/run").body; !strings.Contains(page, "0 / 3") || !strings.Contains(page, "已停止") || b.approvals() != 0 {
		t.Fatal("a stopped run went on")
	}
	br.post("/bulk/start", url.Values{"no": all[3:]})
	if page := br.get("/bulk").body; !strings.Contains(page, "您有一批尚未办完") {
		t.Error("the list does not lead to the run")
	}
	br.post("/bulk/continue", nil)
	for range 2 {
		htmx := br.do(http.MethodPost, "/bulk/step", url.Values{"csrf": {br.csrf}}, func(r *http.Request) { r.Header.Set("Hx-Request", "true") })
		if htmx.status != http.StatusOK || !strings.Contains(htmx.body, `id="bulk"`) || !strings.Contains(htmx.body, "3 / 3") {
			t.Errorf("step by script: %d", htmx.status)
		}
	}
	if b.approvals() != 3 || b.stage(t, all[3]) != schemas.StageApproval {
		t.Errorf("%d approvals", b.approvals())
	}
	if again := b.as(t, "1003").get("/bulk/run").body; !strings.Contains(again, "3 / 3") {
		t.Error("a new session of the officer does not see the run")
	}
	if got := b.as(t, "1009").get("/bulk/run"); got.location != "/bulk" {
		t.Errorf("another officer sees it: %d %s", got.status, got.location)
	}
}

// Kafka away stops the run and says so; what was not acknowledged is done when it goes on, once.
func TestBulkWithoutKafka(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 3)
	br := b.as(t, "1003")
	for _, no := range all {
		br.get("/cases/" + no)
	}
	br.post("/bulk/start", url.Values{"no": all})
	b.hub.fail = errors.New("no leader")
	br.post("/bulk/step", nil)
	if page := br.get("/bulk/run").body; !strings.Contains(page, "操作尚未提交") || !strings.Contains(page, "0 / 3") {
		t.Error("the page does not say that nothing was taken")
	}
	b.hub.fail = nil
	br.post("/bulk/continue", nil)
	br.post("/bulk/step", nil)
	if page := br.get("/bulk/run").body; !strings.Contains(page, "已准予 <b>3</b>") || strings.Contains(page, "操作尚未提交") || b.approvals() != 3 {
		t.Errorf("%d approvals", b.approvals())
	}
}

// Rights count at the moment of each case: whoever loses the role, or the session, in the middle decides nothing more.
func TestBulkEndsWithTheRights(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 2)
	br := b.as(t, "1003")
	for _, no := range all {
		br.get("/cases/" + no)
	}
	br.post("/bulk/start", url.Values{"no": all})
	u, _ := b.users.Find("1003")
	u.Roles = []string{"review"}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	if got := br.post("/bulk/step", nil); got.location != "/signin" {
		t.Errorf("the old session: %d %s", got.status, got.location)
	}
	if got := b.as(t, "1003").post("/bulk/step", nil); got.status != http.StatusForbidden {
		t.Errorf("the new one: %d", got.status)
	}
	u.Roles, u.Townships = []string{"approval"}, []string{"330424106"}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	moved := b.as(t, "1003")
	moved.post("/bulk/step", nil)
	if page := moved.get("/bulk/run").body; !strings.Contains(page, "未被接受 <b>2</b>") || !strings.Contains(page, "不属于您的管辖") || b.approvals() != 0 {
		t.Error("another township's cases were decided")
	}
}

// An answer that is late is shown as such, and what it was when it comes.
func TestBulkWithLateAnswers(t *testing.T) {
	b := newBench(t)
	all := b.forApproval(t, 1)
	br := b.as(t, "1003")
	br.get("/cases/" + all[0])
	br.post("/bulk/start", url.Values{"no": all})
	b.hub.slow = true
	br.post("/bulk/step", nil)
	if page := br.get("/bulk/run").body; !strings.Contains(page, "尚待处理 <b>1</b>") || strings.Contains(page, "已准予 <b>1</b>") {
		t.Error("the page does not say that the answer is to come")
	}
	b.hub.catchUp()
	if page := br.get("/bulk/run").body; !strings.Contains(page, "已准予 <b>1</b>") || b.approvals() != 1 {
		t.Error("the page does not say what came of it")
	}
}

// Whatever is opened in whatever order, the desk remembers the last look at each of the last cases, and no more of them than it may.
func TestOpenedRemembersTheLastLooks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := newOpened()
		o.most = 3
		var order []string
		last := map[string]int64{}
		for i := range rapid.IntRange(0, 30).Draw(t, "looks") {
			no := rapid.SampledFrom([]string{"A", "B", "C", "D", "E"}).Draw(t, "no")
			v := rapid.Int64Range(1, 9).Draw(t, "version")
			o.note("1003", look{no, v, time.Unix(int64(i), 0)})
			last[no] = v
			order = append(slices.DeleteFunc(order, func(x string) bool { return x == no }), no)
			if len(order) > 3 {
				order = order[1:]
			}
		}
		got := o.by("1003")
		if len(got) != len(order) {
			t.Fatalf("remembers %v, want %v", got, order)
		}
		for i, l := range got {
			if want := order[len(order)-1-i]; l.No != want || l.Version != last[want] {
				t.Fatalf("remembers %v at %d, want %s", l, i, want)
			}
		}
		if _, ok := o.find("1004", "A"); ok {
			t.Fatal("another officer's look")
		}
	})
}
