package casework

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func propose(d *dossier, officer string) *schemas.Transition {
	return d.act("1", schemas.OfficerAction{Kind: schemas.ActProposeRevocation, Officer: officer, Ground: schemas.RevokedFraud}, schemas.Remark{Opinion: "欧阳𠮷的劳动合同系伪造"})
}

func confirmRevocation(d *dossier, officer string) *schemas.Transition {
	return d.act("1", schemas.OfficerAction{Kind: schemas.ActConfirmRevocation, Officer: officer}, schemas.Remark{NoticeNo: "盐公撤决〔2024〕1号"})
}

// One proposes, another confirms: only then the permit is revoked, and all that it owes is ordered at once.
func TestRevocationByTwoPeople(t *testing.T) {
	d := adult(t)
	issueFully(d, "1", "NEW", permitFacts("OLD"))
	tr := propose(d, "300")
	wantEvents(t, tr, schemas.EvRevocationProposed)
	if e := d.wantEnd("1", "issued"); len(tr.Effects) != 0 || e.Revocation == nil || e.Revocation.ProposedBy != "300" || tr.Person.Remark(e.Revocation.Remark).Opinion == "" {
		t.Fatalf("a proposal alone: effects %v, revocation %+v", effectIDs(tr), e.Revocation)
	}
	wantRejected(t, propose(d, "400"), "revocation_proposed")
	wantRejected(t, confirmRevocation(d, "300"), "separation_of_duties")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "300"}, fullRemark()), "separation_of_duties")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActConfirmRevocation, Officer: "400"}), "notice_no_missing")

	tr = confirmRevocation(d, "400")
	wantEvents(t, tr, schemas.EvRevoked)
	if diff := cmp.Diff([]string{"revoke-1 NEW", "correct-1 NEW", "notify-2 N6 NEW", "file-2 NEW"}, effectIDs(tr)); diff != "" {
		t.Errorf("ordered (-want +got):\n%s", diff)
	}
	e := d.wantEnd("1", "revoked")
	if d.file.Dossier.Permits[0].Status != schemas.PermitValid || e.Reasons[0] != schemas.RevokedFraud || e.Revocation.DecidedBy != "400" {
		t.Errorf("after the decision: permit %s, %+v", d.file.Dossier.Permits[0].Status, e)
	}
	wantEvents(t, d.done("1", schemas.EffectRevoke, 1), schemas.EvPermitRevoked)
	wantEvents(t, d.done("1", schemas.EffectCorrect, 1), schemas.EvLicenceCorrected)
	d.attempt("1", 2, "run")
	wantEvents(t, d.done("1", schemas.EffectNotify, 2), schemas.EvNoticeSent)
	wantEvents(t, d.done("1", schemas.EffectFile, 2), schemas.EvDossierFiled)
	if d.file.Dossier.Permits[0].Status != schemas.PermitRevoked {
		t.Errorf("permit %s", d.file.Dossier.Permits[0].Status)
	}
	for _, duty := range d.wantEnd("1", "revoked").Duties {
		if !settled(&duty) {
			t.Errorf("%s is still %s", duty.EffectID, duty.Status)
		}
	}
	wantRejected(t, propose(d, "500"), "case_not_open")
}

func TestRevocationRejected(t *testing.T) {
	d := adult(t)
	closed(d)
	reject := schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "400"}
	wantRejected(t, d.act("1", reject, fullRemark()), "revocation_not_proposed")
	wantRejected(t, confirmRevocation(d, "400"), "revocation_not_proposed")
	propose(d, "300")
	wantRejected(t, d.act("1", reject), "opinion_missing")
	tr := d.act("1", reject, schemas.Remark{Opinion: "合同经核实为真"})
	wantEvents(t, tr, schemas.EvRevocationRejected)
	if e := d.wantEnd("1", "issued"); e.Revocation != nil || len(tr.Effects) != 0 {
		t.Errorf("after the rejection: %+v, %v", e.Revocation, effectIDs(tr))
	}
	wantEvents(t, propose(d, "400"), schemas.EvRevocationProposed) // new facts may come up
	wantEvents(t, confirmRevocation(d, "300"), schemas.EvRevoked)
}

func TestWhatCannotBeRevoked(t *testing.T) {
	good := schemas.OfficerAction{Kind: schemas.ActProposeRevocation, Officer: "300", Ground: schemas.RevokedFraud}
	for name, tc := range map[string]struct {
		live func(d *dossier)
		act  func(a *schemas.OfficerAction)
		said schemas.Remark
		code string
	}{
		"no ground":               {live: closed, act: func(a *schemas.OfficerAction) { a.Ground = "" }, said: fullRemark(), code: "ground_unknown"},
		"a ground of suspension":  {live: closed, act: func(a *schemas.OfficerAction) { a.Ground = "hearing" }, said: fullRemark(), code: "ground_unknown"},
		"no reason":               {live: closed, said: schemas.Remark{NoticeNo: "x"}, code: "opinion_missing"},
		"a stale page":            {live: closed, act: func(a *schemas.OfficerAction) { a.ExpectVersion = 1 }, said: fullRemark(), code: "version_changed"},
		"another township's case": {live: closed, act: func(a *schemas.OfficerAction) { a.Townships = []string{"330424999"} }, said: fullRemark(), code: "other_township"},
		"duties still open":       {live: stages[schemas.StageIssued], said: fullRemark(), code: "stage_issued"},
		"refused":                 {live: func(d *dossier) { d.submit("1", nil); d.verify("1", 1, &schemas.Facts{}) }, said: fullRemark(), code: "case_not_open"},
		"replaced since": {live: func(d *dossier) {
			closed(d)
			issueFully(d, "2", "NEWER", permitFacts("NEW"))
		}, said: fullRemark(), code: "permit_not_valid"},
	} {
		t.Run(name, func(t *testing.T) {
			d := adult(t)
			tc.live(d)
			a := good
			if tc.act != nil {
				tc.act(&a)
			}
			wantRejected(t, d.act("1", a, tc.said), tc.code)
		})
	}
}

func closed(d *dossier) { issueFully(d, "1", "NEW", permitFacts("OLD")) }

// Between the two words another permit may have replaced this one.
func TestARevocationIsOvertaken(t *testing.T) {
	d := adult(t)
	closed(d)
	propose(d, "300")
	issueFully(d, "2", "NEWER", permitFacts("NEW"))
	wantRejected(t, confirmRevocation(d, "400"), "permit_not_valid")
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "400"}, fullRemark()), schemas.EvRevocationRejected)
}

// The person may have another application open: it is not touched.
func TestARevocationBesideAnOpenCase(t *testing.T) {
	d := adult(t)
	closed(d)
	d.submit("2", byHand)
	d.verify("2", 1, permitFacts("NEW"))
	propose(d, "300")
	confirmRevocation(d, "400")
	d.done("1", schemas.EffectRevoke, 1)
	d.wantEnd("1", "revoked")
	d.wantStage(schemas.StagePreExamine)
}

// A far side that refuses for good does not undo the revocation: a supervisor orders its part again, or waives it.
func TestADutyOfARevocationIsRefused(t *testing.T) {
	d := adult(t)
	closed(d)
	propose(d, "300")
	confirmRevocation(d, "400")
	for _, kind := range []schemas.EffectKind{schemas.EffectRevoke, schemas.EffectCorrect} {
		wantEvents(t, d.outcome("1", kind, 1, schemas.EffectRefused, "no"), schemas.EvHeld)
		d.wantEnd("1", "revoked")
		tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", kind, 1)})
		wantEvents(t, tr, schemas.EvRetried)
		if len(tr.Effects) != 1 || tr.Effects[0].Kind != kind {
			t.Errorf("ordered %v", effectIDs(tr))
		}
	}
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectIssue, 1)}), "effect_not_refused")
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: d.effect("1", schemas.EffectCorrect, 1)}, fullRemark()), schemas.EvDutyWaived)
	wantEvents(t, d.done("1", schemas.EffectRevoke, 1), schemas.EvPermitRevoked)
}

// A case whose permit can still be revoked keeps its duties, however many came after: the effects of the revocation are numbered by them.
func TestARevocationOfAnOldCase(t *testing.T) {
	d := adult(t)
	closed(d)
	d.bulk = true
	for i := range maxEndedDuties + 3 {
		no := fmt.Sprint("later-", i)
		d.submit(no, byHand)
		d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no(no), Withdrawal: &schemas.Withdrawal{}})
	}
	d.bulk = false
	propose(d, "300")
	if got := strings.Join(effectIDs(confirmRevocation(d, "400")), ", "); got != "revoke-1 NEW, correct-1 NEW, notify-2 N6 NEW, file-2 NEW" {
		t.Errorf("ordered %s", got)
	}
}

func TestEveryGroundOfRevocationIsExplained(t *testing.T) {
	for _, r := range Revocations() {
		if ReasonText(r.Code) != r.Text || r.Text == "" || r.Basis == "" || r.Remedy == "" || knownReason(r.Code) {
			t.Errorf("%+v", r)
		}
	}
}
