package console

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"permithub/internal/accounts"
	"permithub/internal/bus"
	"permithub/internal/deadletter"
	"permithub/producers/desk"
	"permithub/schemas"
)

// deadTopics are the topics of the dead letters in memory, of one partition each. What is put on case-input, the hub decides.
type deadTopics struct {
	hub    *hub
	topics map[string][]bus.Record
}

func (d *deadTopics) publish(ctx context.Context, recs ...schemas.Record) error {
	d.hub.mu.Lock()
	for _, r := range recs {
		d.topics[r.Topic] = append(d.topics[r.Topic], bus.Record{Record: r, Offset: int64(len(d.topics[r.Topic])), Time: d.hub.now})
	}
	d.hub.mu.Unlock()
	for _, r := range recs {
		if r.Topic == schemas.TopicCaseInput {
			if err := d.hub.publish(ctx, r); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *deadTopics) Offsets(_ context.Context, topic string) (map[int32]bus.Offsets, error) {
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	return map[int32]bus.Offsets{0: {Next: int64(len(d.topics[topic]))}}, nil
}

func (d *deadTopics) ReadPartition(_ context.Context, topic string, _ int32, from int64, fn func(bus.Record) error) (int64, error) {
	d.hub.mu.Lock()
	recs := slices.Clone(d.topics[topic])
	d.hub.mu.Unlock()
	for _, r := range recs[from:] {
		if err := fn(r); err != nil {
			return 0, err
		}
	}
	return int64(len(recs)), nil
}

func (d *deadTopics) ReadAt(_ context.Context, topic string, _ int32, offsets []int64) ([]bus.Record, error) {
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	return []bus.Record{d.topics[topic][offsets[0]]}, nil
}

func (d *deadTopics) decide(_ context.Context, in *schemas.Input) (*schemas.Transition, error) {
	d.hub.mu.Lock()
	defer d.hub.mu.Unlock()
	f := d.hub.files[in.DossierID]
	return d.hub.policy.Decide(&f, in)
}

// withdrawal is the applicant's, and would end the case.
func (b *bench) withdrawal(t testing.TB, no string) *schemas.Input {
	t.Helper()
	dossier, err := schemas.DossierOf(no)
	if err != nil {
		t.Fatal(err)
	}
	return &schemas.Input{InputID: schemas.InputID("window", no, schemas.InputWithdrawal), Kind: schemas.InputWithdrawal, DossierID: dossier, ApplicationNo: no, Source: "window",
		ReceivedAt: schemas.At(b.hub.now), BodyHash: schemas.BodyHash([]byte(no)), Withdrawal: &schemas.Withdrawal{Reason: "applicant_wish"},
		Person: &schemas.Person{CitizenID: citizenID, FullName: fullName}}
}

// park puts an input among the dead letters, as approval does where its value is spoilt, and returns the letter's id.
func (b *bench) park(t testing.TB, in *schemas.Input, spoil func([]byte) []byte) string {
	t.Helper()
	rec, err := in.Record()
	if err != nil {
		t.Fatal(err)
	}
	if spoil != nil {
		rec.Value = spoil(rec.Value)
	}
	offset := int64(len(b.dead.topics[schemas.TopicDeadLetter]))
	d := schemas.DeadLetter{DeadLetterID: fmt.Sprintf("approval-case-input.v1-0-%d", offset), Topic: schemas.TopicCaseInput, Offset: offset, Key: in.DossierID, Step: "approval",
		Class: "permanent", Code: "undecodable", Reason: "decode case-input.v1: Input.source is not as its schema says", Attempts: 1, At: schemas.At(b.hub.now), Headers: rec.Headers, Value: rec.Value}
	if rec, err = d.Record(); err == nil {
		err = b.dead.publish(t.Context(), rec)
	}
	if err != nil {
		t.Fatal(err)
	}
	return d.DeadLetterID
}

// spoilt has the source in capitals and a telephone where the reason belongs.
func spoilt(v []byte) []byte {
	v = bytes.Replace(v, []byte(`"source":"window"`), []byte(`"source":"Window"`), 1)
	return bytes.Replace(v, []byte(`"reason":"applicant_wish"`), []byte(`"reason":"`+phone+`"`), 1)
}

var editedText = regexp.MustCompile(`(?s)<textarea id="value"[^>]*>(.*?)</textarea>`)

// edit returns the content that a letter's page offers for repair.
func (br *browser) edit(id string) string {
	br.t.Helper()
	m := editedText.FindStringSubmatch(br.get("/dead/letters/" + id).body)
	if m == nil {
		br.t.Fatal("the page offers no repair")
	}
	return m[1]
}

var spoiltLines = regexp.MustCompile(`("source": )"●\d+"|("reason": )"●\d+"`)

func mended(text string) string {
	return spoiltLines.ReplaceAllStringFunc(text, func(s string) string {
		if strings.HasPrefix(s, `"source"`) {
			return `"source": "window"`
		}
		return `"reason": "applicant_wish"`
	})
}

func TestALetterIsRepairedAndReplayed(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	id := b.park(t, b.withdrawal(t, no), spoilt)
	br := b.as(t, "1005")
	if page := br.get("/dead"); !strings.Contains(page.body, "内容不符合规定的格式") || !strings.Contains(page.body, "/dead/letters?code=undecodable&step=approval") {
		t.Error("the group is not shown")
	}
	if page := br.get("/dead/letters?code=undecodable&step=approval"); !strings.Contains(page.body, id) {
		t.Error("the letter is not listed")
	}
	page := br.get("/dead/letters/" + id)
	for _, text := range []string{"内容有误，须先修复", "/source", "来源：格式不符", "/withdrawal/reason", "撤回原因：格式不符", no, "●", "张*"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	for _, text := range []string{phone, citizenID, fullName, "Window"} {
		if strings.Contains(page.body, text) {
			t.Errorf("the page shows %q", text)
		}
	}
	half := br.post("/dead/letters/"+id+"/repair", url.Values{"value": {strings.Replace(br.edit(id), `"kind"`, `"kinds"`, 1)}})
	for _, text := range []string{"尚未修复", "输入类型：缺少这一项", "来源：格式不符", `"kinds"`} {
		if !strings.Contains(half.body, text) {
			t.Errorf("a faulty repair is not answered with %q", text)
		}
	}
	if got := br.post("/dead/letters/"+id+"/replay", nil); got.location != "/dead/letters/"+id+"?refused&said=invalid" || b.stage(t, no) != schemas.StagePreExamine {
		t.Errorf("what is invalid was replayed: %s", got.location)
	}
	text := mended(br.edit(id))
	if got := br.post("/dead/letters/"+id+"/repair", url.Values{"value": {text}}); got.location != "/dead/letters/"+id+"?said=repaired" {
		t.Fatalf("repair: %d %s %s", got.status, got.location, got.body)
	}
	if got := br.post("/dead/letters/"+id+"/repair", url.Values{"value": {text}}); got.location != "/dead/letters/"+id+"?refused&said=letter_repaired_meanwhile" {
		t.Errorf("a repair over one that was not seen: %s", got.location)
	}
	if page := br.get("/dead/letters/" + id); !strings.Contains(page.body, `<code>/source</code></th><td><del>●</del></td><td><ins>"window"</ins>`) {
		t.Error("the page does not show what the repair changed")
	}
	if page := br.get("/dead/letters/" + id + "?said=repaired"); !strings.Contains(page.body, "将进入办理") || !strings.Contains(page.body, "将要发生：撤回") {
		t.Error("the page does not say what a replay would do")
	}
	got := br.post("/dead/letters/"+id+"/replay", nil)
	if got.location != "/dead/letters/"+id+"?said=replayed" {
		t.Fatalf("replay: %d %s", got.status, got.location)
	}
	if c, err := b.hub.list.Case(t.Context(), no[:12]); c != nil || err != nil {
		t.Errorf("the case is still open: %v, %v", c, err)
	}
	values := len(b.hub.values)
	if again := br.post("/dead/letters/"+id+"/replay", nil); again.location != "/dead/letters/"+id+"?refused&said=dealt_with" || len(b.hub.values) != values {
		t.Errorf("again: %s", again.location)
	}
	if page := br.get(got.location); !strings.Contains(page.body, "已重放") || strings.Contains(page.body, `action="/dead/letters/`+id+`/replay"`) || strings.Count(page.body, "<td>1005</td>") != 2 {
		t.Error("the page does not tell of the replay")
	}
	if page := br.get("/dead"); !strings.Contains(page.body, "没有死信") || !strings.Contains(page.body, id) {
		t.Error("the letter still stands, or nobody says what was done")
	}
	for _, want := range []string{"1005 repair_letter  done", "1005 replay_letter  done"} {
		if !slices.Contains(b.audited(t), want) {
			t.Errorf("not in the audit log: %s", want)
		}
	}
}

// Bytes that are no JSON are seen by whoever says why, and can be repaired then.
func TestBytesThatAreNoJSONAreRevealedForAPurpose(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	in := b.withdrawal(t, no)
	whole, _ := in.Record()
	id := b.park(t, in, func(v []byte) []byte { return v[:len(v)-2] })
	br := b.as(t, "1005")
	if page := br.get("/dead/letters/" + id); strings.Contains(page.body, "<textarea") || !strings.Contains(page.body, "不是完整的 JSON") || strings.Contains(page.body, fullName) {
		t.Error("bytes that are no JSON are shown")
	}
	if got := br.post("/dead/letters/"+id+"/reveal", url.Values{"purpose": {"curiosity"}}); got.status != http.StatusBadRequest {
		t.Errorf("another purpose: %d", got.status)
	}
	if page := br.post("/dead/letters/"+id+"/reveal", url.Values{"purpose": {"repair_record"}}); !strings.Contains(page.body, fullName) || !strings.Contains(page.body, "<textarea") {
		t.Error("nothing is revealed")
	}
	if got := b.audited(t); !slices.Contains(got, "1005 reveal_letter repair_record done") {
		t.Errorf("the revealing is not recorded: %v", got)
	}
	if got := br.post("/dead/letters/"+id+"/repair", url.Values{"value": {string(whole.Value)}}); !strings.HasSuffix(got.location, "said=repaired") {
		t.Errorf("repair: %d %s", got.status, got.body)
	}
	if strings.Contains(b.logs.String(), fullName) {
		t.Error("a log line names the person")
	}
}

func TestALetterIsGivenUp(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	id := b.park(t, b.withdrawal(t, no), spoilt)
	br := b.as(t, "1005")
	for _, tc := range []struct{ reason, ticket, want string }{
		{"", "", "?refused&said=reason_unknown"}, {"bored", "", "?refused&said=reason_unknown"}, {"sent_again", "张三的事", "?refused&said=ticket_form"},
		{"sent_again", "YW-7", "?said=given_up"}, {"sent_again", "", "?refused&said=letter_dealt_with"},
	} {
		got := br.post("/dead/letters/"+id+"/give-up", url.Values{"reason": {tc.reason}, "ticket": {tc.ticket}})
		if got.location != "/dead/letters/"+id+tc.want {
			t.Errorf("%+v: %d %s", tc, got.status, got.location)
		}
	}
	if page := br.get("/dead/letters/" + id); !strings.Contains(page.body, "已放弃") || !strings.Contains(page.body, "来源已重新提交 YW-7") {
		t.Error("the page does not say why")
	}
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("the case changed")
	}
	if page := br.get("/dead/letters/" + id + "?refused&said=%3Cscript%3E"); strings.Contains(page.body, "<script>") || !strings.Contains(page.body, "操作未被接受") {
		t.Error("the page says what its address says")
	}
}

func TestManyAreReplayed(t *testing.T) {
	b := newBench(t)
	br := b.as(t, "1005")
	if page := br.get("/dead/run"); !strings.Contains(page.body, "还没有重放过") {
		t.Error("there is a run before the first")
	}
	var ids []string
	for i := range 5 {
		citizen := fmt.Sprintf("3304241980010%04d", i)
		check, _ := schemas.CheckCitizenID(citizen)
		no := b.submit(t, citizen+string(check), "1")
		spoil := spoilt
		if i > 1 {
			spoil = nil
		}
		ids = append(ids, b.park(t, b.withdrawal(t, no), spoil))
	}
	run := func(form url.Values) string {
		t.Helper()
		if got := br.post("/dead/replay", form); got.location != "/dead/run" {
			t.Fatalf("%d %s", got.status, got.body)
		}
		for {
			if page := br.get("/dead/run"); !strings.Contains(page.body, "进行中") {
				return page.body
			}
		}
	}
	group := url.Values{"whole": {"1"}, "step": {"approval"}, "code": {"undecodable"}, "rate": {"1000"}}
	dry := run(url.Values{"dry": {"1"}, "whole": {"1"}, "step": {"approval"}, "code": {"undecodable"}, "rate": {"1"}})
	if !strings.Contains(dry, "将进入办理 <b>3</b>") || !strings.Contains(dry, "须先修复 <b>2</b>") || !strings.Contains(dry, "错误 2") || len(b.dead.topics[schemas.TopicDisposition]) != 0 {
		t.Errorf("the dry run: %s", dry)
	}
	if page := run(url.Values{"id": {ids[2]}, "rate": {"1000"}}); !strings.Contains(page, "1 / 1") {
		t.Error("one letter was not replayed")
	}
	if page := run(group); !strings.Contains(page, "4 / 4") || !strings.Contains(page, "将进入办理 <b>2</b>") || !strings.Contains(page, "已结束") {
		t.Errorf("the group: %s", page)
	}
	for _, rate := range []string{"0", "1001", "x", ""} {
		if got := br.post("/dead/replay", url.Values{"id": ids, "rate": {rate}}); !strings.Contains(got.body, "每秒件数须为 1 至 1000") {
			t.Errorf("rate %q: %d", rate, got.status)
		}
	}
	if page := br.post("/dead/replay", url.Values{"whole": {"1"}, "step": {"approval"}, "code": {"undecodable"}, "rate": {"10"}, "give_up": {"1"}}); !strings.Contains(page.body, "请选择放弃的原因") {
		t.Error("given up without a reason")
	}
	if page := run(url.Values{"whole": {"1"}, "step": {"approval"}, "code": {"undecodable"}, "rate": {"1000"}, "give_up": {"1"}, "reason": {"beyond_repair"}}); !strings.Contains(page, "已放弃 <b>2</b>") {
		t.Errorf("the rest: %s", page)
	}
	if got := b.audited(t); !slices.Contains(got, "1005 give_up_letters  done") || !slices.Contains(got, "1005 foresee_letters  done") || !slices.Contains(got, "1005 replay_letters  done") {
		t.Errorf("audit: %v", got)
	}
}

func TestARunIsStoppedAndGoesOn(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	ids := []string{b.park(t, b.withdrawal(t, no), nil), "approval-case-input.v1-0-99", "approval-case-input.v1-0-98"}
	br := b.as(t, "1005")
	br.post("/dead/replay", url.Values{"id": ids, "rate": {"1"}})
	if page := br.post("/dead/replay", url.Values{"id": ids, "rate": {"1"}}); !strings.Contains(page.body, "已有一次重放正在进行") {
		t.Error("two runs at once")
	}
	if page := br.get("/dead/run"); !strings.Contains(page.body, `hx-trigger="every 1s"`) || !strings.Contains(page.body, "停下") {
		t.Error("the page does not follow")
	}
	br.post("/dead/run/stop", nil)
	if page := br.get("/dead/run"); !strings.Contains(page.body, "已停下") || strings.Contains(page.body, "hx-trigger") {
		t.Error("it does not stop")
	}
	if got := br.post("/dead/run/continue", nil); got.location != "/dead/run" {
		t.Errorf("continue: %d", got.status)
	}
	deadline := time.Now().Add(20 * time.Second)
	for !strings.Contains(br.get("/dead/run").body, "3 / 3") {
		if time.Now().After(deadline) {
			t.Fatal("it does not go on")
		}
	}
}

// More than one person should decide about many: whoever asked waits for somebody else.
func TestManyWaitForASecondPerson(t *testing.T) {
	b := newBench(t)
	u := accounts.User{ID: "1011", Name: "官1011", Password: passwordHash(), Roles: []string{string(desk.Operator)}}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	no := b.submit(t, citizenID, "1")
	form := url.Values{"rate": {"1000"}, "whole": {"1"}, "step": {"approval"}, "code": {"undecodable"}}
	for range deadletter.MaxAlone + 1 {
		b.park(t, b.withdrawal(t, no), spoilt)
	}
	one, two := b.as(t, "1005"), b.as(t, "1011")
	one.post("/dead/replay", form)
	if page := one.get("/dead/run"); !strings.Contains(page.body, "待另一人同意") || strings.Contains(page.body, "/dead/run/agree") || !strings.Contains(page.body, "0 / 21") {
		t.Error("it does not wait, or offers its own consent")
	}
	if got := one.post("/dead/run/agree", nil); !strings.Contains(got.body, "须由另一人同意") {
		t.Error("whoever asked agreed")
	}
	if page := two.get("/dead/run"); !strings.Contains(page.body, "/dead/run/agree") {
		t.Error("nobody is asked to agree")
	}
	if got := two.post("/dead/run/agree", nil); got.location != "/dead/run" {
		t.Errorf("agree: %d", got.status)
	}
	for !strings.Contains(two.get("/dead/run").body, "21 / 21") {
	}
	if page := two.get("/dead/run"); !strings.Contains(page.body, "同意人 1011") {
		t.Error("the page does not say who agreed")
	}
	if got := b.audited(t); !slices.Contains(got, "1011 agree_to_replay  done") {
		t.Error("the consent is not recorded")
	}
}

// Held cases stand on the same page, by what holds them, with the way to each.
func TestHeldCasesAreGrouped(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	for who, act := range map[string]string{"1001": "accept"} {
		b.as(t, who).act(no, act, nil)
	}
	b.as(t, "1002").act(no, "review", nil)
	b.as(t, "1003").act(no, "approve", nil)
	b.hub.decide(&schemas.Input{InputID: no + "-i", Kind: schemas.InputEffectResult, DossierID: no[:12], ApplicationNo: no, Source: "issuance", ReceivedAt: schemas.At(b.hub.now),
		Result: &schemas.EffectResult{EffectID: schemas.EffectID(no, schemas.EffectIssue, 1), Status: schemas.EffectRefused, Code: "E1003", At: schemas.At(b.hub.now)}})
	if b.stage(t, no) != schemas.StageHeld {
		t.Fatalf("the case is %s", b.stage(t, no))
	}
	br := b.as(t, "1005")
	page := br.get("/dead")
	for _, text := range []string{"E1003", "/cases/" + no, "/cases?held=issue+E1003&queue=held"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	if list := br.get("/cases?held=issue+E1003&queue=held"); !strings.Contains(list.body, no) {
		t.Error("the group's list lacks the case")
	}
	if list := br.get("/cases?held=issue+E9&queue=held"); strings.Contains(list.body, no) {
		t.Error("another group's list has the case")
	}
	if page := b.as(t, "1004").get("/cases/" + no); !strings.Contains(page.body, "重新办理事项") {
		t.Error("the case's page does not offer the retry")
	}
}

// A letter of the officer's own file, or a relative's, is for others, as their cases are.
func TestALetterOfARelative(t *testing.T) {
	b := newBench(t)
	no := b.submit(t, citizenID, "1")
	id := b.park(t, b.withdrawal(t, no), nil)
	u := accounts.User{ID: "1010", Name: "官1010", Password: passwordHash(), Roles: []string{string(desk.Operator)}, Kin: []string{no[:12]}}
	if err := b.users.Put(u); err != nil {
		t.Fatal(err)
	}
	br := b.as(t, "1010")
	for _, path := range []string{"", "/reveal", "/repair", "/replay", "/give-up"} {
		method, form := http.MethodPost, url.Values{"csrf": {br.csrf}, "purpose": {"repair_record"}, "reason": {"not_ours"}, "value": {"{}"}}
		if path == "" {
			method, form = http.MethodGet, nil
		}
		if got := br.do(method, "/dead/letters/"+id+path, form, nil); got.status != http.StatusForbidden || !strings.Contains(got.body, "由他人办理") {
			t.Errorf("%s: %d", path, got.status)
		}
	}
	br.post("/dead/replay", url.Values{"id": {id}, "rate": {"1000"}})
	if b.stage(t, no) != schemas.StagePreExamine {
		t.Error("it was replayed among others")
	}
}

// What letters are named by has words in both languages.
func TestCodesOfLettersHaveWords(t *testing.T) {
	for _, code := range []string{"undecodable", "application_no", "dossier_mismatch", "input_incomplete", "dossier_collision", "received_at", "dossier_full", "transition_too_large", "unmarked",
		deadletter.CodeUnreadable, deadletter.ErrDealtWith.Error(), deadletter.ErrNoRepair.Error(), deadletter.ErrReason.Error(), deadletter.ErrTicket.Error(),
		deadletter.ErrRepairedMeanwhile.Error(), deadletter.ErrUnknown.Error()} {
		if zh, en := deadletter.CodeName(code); zh == code || en == code {
			t.Errorf("%s has no words", code)
		}
	}
	for _, v := range deadletter.Verdicts() {
		if zh, en := v.Name(); zh == string(v) || en == string(v) {
			t.Errorf("%s has no words", v)
		}
	}
}
