package console

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"permithub/internal/casework"
	"permithub/schemas"
)

// issued brings a case of a person to its end with a permit.
func (b *bench) issued(t testing.TB, person string) string {
	t.Helper()
	no := b.submit(t, person, "1")
	for _, a := range []struct {
		officer string
		kind    schemas.ActionKind
	}{{"1001", schemas.ActAccept}, {"1002", schemas.ActReview}, {"1003", schemas.ActApprove}} {
		b.hub.decide(&schemas.Input{InputID: no + string(a.kind), Kind: schemas.InputOfficerAction, DossierID: no[:12], ApplicationNo: no, Source: "desk", ReceivedAt: schemas.At(b.hub.now),
			Action: &schemas.OfficerAction{Kind: a.kind, Officer: a.officer}})
	}
	b.done(no, schemas.EffectIssue, 1)
	for _, kind := range []schemas.EffectKind{schemas.EffectCancel, schemas.EffectPublish, schemas.EffectFile} {
		b.done(no, kind, 1)
	}
	b.done(no, schemas.EffectNotify, 1)
	b.done(no, schemas.EffectNotify, 2)
	return no
}

// done answers an effect of a case.
func (b *bench) done(no string, kind schemas.EffectKind, n int) {
	r := &schemas.EffectResult{EffectID: schemas.EffectID(no, kind, n), Status: schemas.EffectDone, At: schemas.At(b.hub.now)}
	if kind == schemas.EffectIssue {
		r.Permit = &schemas.Permit{PermitNo: "NEW-1", LicenceID: "L", IssuedAt: r.At}
	}
	b.hub.decide(&schemas.Input{InputID: r.EffectID, Kind: schemas.InputEffectResult, DossierID: no[:12], ApplicationNo: no, Source: "step", ReceivedAt: schemas.At(b.hub.now), Result: r})
}

func (b *bench) ended(t testing.TB, no string) schemas.EndedCase {
	t.Helper()
	for _, e := range b.hub.files[no[:12]].Dossier.Ended {
		if e.ApplicationNo == no {
			return e
		}
	}
	t.Fatalf("%s has not ended", no)
	return schemas.EndedCase{}
}

// One officer proposes, sees that the rest is another's, and another confirms after having seen what will happen in the words of the message.
func TestARevocationByTwoPeople(t *testing.T) {
	b := newBench(t)
	no := b.issued(t, citizenID)
	if e := b.ended(t, no); e.Outcome != "issued" {
		t.Fatalf("ended as %s", e.Outcome)
	}
	one, two := b.as(t, "1003"), b.as(t, "1004")
	for _, r := range casework.Revocations() {
		if page := one.get("/cases/" + no); !strings.Contains(page.body, r.Code) || !strings.Contains(page.body, r.Basis) {
			t.Errorf("the page does not offer %s", r.Code)
		}
	}
	preview, done := one.act(no, "propose_revocation", url.Values{"ground": {schemas.RevokedFraud}, "opinion": {"用人单位证明未与其订立合同"}})
	if done.location != "/cases/"+no+"?done" || !strings.Contains(preview.body, "不发送短信") || strings.Contains(preview.body, "撤销居住证") {
		t.Fatalf("proposed: %d %s", done.status, done.location)
	}
	page := one.get("/cases/" + no)
	if !strings.Contains(page.body, "撤销由您提出") || strings.Contains(page.body, `value="confirm_revocation"`) || strings.Contains(page.body, `value="propose_revocation"`) {
		t.Error("the page offers the proposer the second word, or another proposal")
	}
	forged := url.Values{"action": {"confirm_revocation"}, "action_id": {"forged"}, "notice_no": {"盐公撤决〔2024〕1号"}, "expect_version": {versionForm.FindStringSubmatch(two.get("/cases/" + no).body)[1]}}
	if got := one.post("/cases/"+no+"/act", forged); !strings.Contains(got.location, "refused=separation_of_duties") {
		t.Errorf("forged: got %d %s", got.status, got.location)
	}
	check := contractOf(t)
	waiting := b.program(t, "1004").keeps(check, "revocations", "/v1/revocations", nil, 200)["raw"].(string)
	if !strings.Contains(waiting, `"application_no":"`+no+`"`) || !strings.Contains(waiting, `"proposed_by":"1003"`) || strings.Contains(waiting, `"mine":true`) {
		t.Errorf("the interface's list: %s", waiting)
	}
	if own := b.program(t, "1003").keeps(check, "revocations", "/v1/revocations", nil, 200)["raw"].(string); !strings.Contains(own, `"mine":true`) {
		t.Errorf("the proposer's list: %s", own)
	}
	list := two.get("/revocations").body
	if !strings.Contains(list, no) || !strings.Contains(list, "以欺骗、贿赂等不正当手段取得") || !strings.Contains(list, "待确认") {
		t.Error("the list of revocations does not have it")
	}
	if !strings.Contains(one.get("/revocations").body, "待他人确认") {
		t.Error("the proposer's list does not say that it is another's")
	}
	preview, done = two.act(no, "confirm_revocation", url.Values{"notice_no": {"盐公撤决〔2024〕1号"}})
	for _, text := range []string{"归档", "撤销", "短信 N6 张* NEW-1", "撤销居住证 NEW-1", "更正电子证照 NEW-1", "档案归档 NEW-1", "撤销不可自动恢复"} {
		if !strings.Contains(preview.body, text) {
			t.Errorf("the preview does not show %q", text)
		}
	}
	if e := b.ended(t, no); done.location != "/cases/"+no+"?done" || e.Outcome != "revoked" || e.Revocation.ProposedBy != "1003" || e.Revocation.DecidedBy != "1004" {
		t.Fatalf("confirmed: %s, %+v", done.location, e.Revocation)
	}
	if list := two.get("/revocations").body; !strings.Contains(list, "已撤销，事项办理中") {
		t.Error("the list does not say that duties are under way")
	}
	for _, kind := range []schemas.EffectKind{schemas.EffectRevoke, schemas.EffectCorrect} {
		b.done(no, kind, 1)
	}
	b.done(no, schemas.EffectNotify, 3)
	b.done(no, schemas.EffectFile, 2)
	page = two.get("/cases/" + no)
	for _, text := range []string{"官1003（1003）", "官1004（1004）", "已撤销", "居住证已撤销", "撤销通知"} {
		if !strings.Contains(page.body, text) {
			t.Errorf("the page does not show %q", text)
		}
	}
	if strings.Contains(page.body, "用人单位证明") {
		t.Error("what the officer wrote is shown unasked")
	}
	if revealed := two.post("/cases/"+no+"/reveal", url.Values{"purpose": {"check_material"}}); !strings.Contains(revealed.body, "用人单位证明") || !strings.Contains(revealed.body, "盐公撤决〔2024〕1号") {
		t.Error("what the officers wrote is not revealed")
	}
	if list := two.get("/revocations").body; strings.Contains(list, no) {
		t.Error("the list still has it")
	}
}

func TestARevocationIsRejected(t *testing.T) {
	b := newBench(t)
	no := b.issued(t, citizenID)
	b.as(t, "1002").act(no, "propose_revocation", url.Values{"ground": {schemas.RevokedByLaw}, "opinion": {"待查"}})
	other := b.as(t, "1003")
	if got := other.post("/cases/"+no+"/preview", other.form(no, "reject_revocation", nil)); !strings.Contains(got.body, "请更正") {
		t.Error("a rejection without a word has no fault")
	}
	if _, done := other.act(no, "reject_revocation", url.Values{"opinion": {"查无实据"}}); done.location != "/cases/"+no+"?done" {
		t.Fatalf("got %s", done.location)
	}
	if e := b.ended(t, no); e.Outcome != "issued" || e.Revocation != nil {
		t.Errorf("after the rejection: %s, %+v", e.Outcome, e.Revocation)
	}
}

// A far side that refuses for good: the supervisor sees it in the list and orders it again on the page of the ended case.
func TestADutyOfARevocationIsOrderedAgain(t *testing.T) {
	b := newBench(t)
	no := b.issued(t, citizenID)
	b.as(t, "1003").act(no, "propose_revocation", url.Values{"ground": {schemas.RevokedFraud}, "opinion": {"伪造"}})
	supervisor := b.as(t, "1004")
	supervisor.act(no, "confirm_revocation", url.Values{"notice_no": {"1号"}})
	id := schemas.EffectID(no, schemas.EffectRevoke, 1)
	b.hub.decide(&schemas.Input{InputID: "refused", Kind: schemas.InputEffectResult, DossierID: no[:12], ApplicationNo: no, Source: "issuance", ReceivedAt: schemas.At(b.hub.now),
		Result: &schemas.EffectResult{EffectID: id, Status: schemas.EffectRefused, Code: "epermit_COURT_HOLD", At: schemas.At(b.hub.now)}})
	if list := supervisor.get("/revocations").body; !strings.Contains(list, "对方系统拒绝办理") {
		t.Error("the list does not say that it is stuck")
	}
	if _, done := supervisor.act(no, "retry", url.Values{"effect_id": {id}}); done.location != "/cases/"+no+"?done" {
		t.Errorf("got %s", done.location)
	}
	b.done(no, schemas.EffectRevoke, 1)
	if got := b.hub.files[no[:12]].Dossier.Permits[0].Status; got != schemas.PermitRevoked {
		t.Errorf("the permit is %s", got)
	}
}

// An act whose answer is late is not said to be done: the page asks again at each look, and says what came of it.
func TestALateAnswerIsShownWhenItComes(t *testing.T) {
	for name, late := range map[string]struct{ first, text string }{
		"taken": {"", "已办理"}, "refused": {"accept", "案件在您查看之后有变化"},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t)
			no := b.submit(t, citizenID, "1")
			br := b.as(t, "1001")
			form := br.form(no, "accept", nil)
			if late.first != "" {
				b.as(t, "1009").act(no, late.first, nil)
			}
			b.hub.slow = true
			began := time.Now()
			got := br.post("/cases/"+no+"/act", form)
			if !strings.Contains(got.location, "pending=") || time.Since(began) > 10*time.Second {
				t.Fatalf("got %s after %v", got.location, time.Since(began))
			}
			if page := br.get(got.location); !strings.Contains(page.body, "已提交，尚待处理") || strings.Contains(page.body, `role="alert">已办理`) {
				t.Error("the page does not say that the answer is still to come")
			}
			b.hub.catchUp()
			page := br.get(got.location)
			if !strings.Contains(page.body, late.text) || strings.Contains(page.body, "尚待处理") {
				t.Errorf("the page does not say %q", late.text)
			}
		})
	}
}
