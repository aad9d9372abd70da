package casework

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func TestAutomaticIssueWithThreeOldPermits(t *testing.T) {
	d := adult(t)
	tr := d.submit("1", func(s *schemas.Submission) { s.PreviousPermits = []string{"SOMEONE-ELSES"} })
	wantEvents(t, tr, schemas.EvSubmitted)
	if diff := cmp.Diff([]string{"verify-1"}, effectIDs(tr)); diff != "" {
		t.Fatal(diff)
	}
	facts := permitFacts("OLD-3", "OLD-1", "OLD-2")
	facts.Permits[2].Status = schemas.PermitSuspended
	facts.Permits = append(facts.Permits,
		schemas.KnownPermit{PermitNo: "DEAD", Status: schemas.PermitCancelled, Division: "330106"},
		schemas.KnownPermit{PermitNo: "JIANGSU", Status: schemas.PermitValid, Division: "320500"},
		schemas.KnownPermit{Status: schemas.PermitValid, Division: "330106"})
	d.tick(time.Minute)
	tr = d.verify("1", 1, facts)
	wantEvents(t, tr, schemas.EvVerified, schemas.EvAccepted, schemas.EvReviewed, schemas.EvApproved)
	if diff := cmp.Diff([]string{"issue-1"}, effectIDs(tr)); diff != "" {
		t.Fatalf("nothing is cancelled before the issue (-want +got):\n%s", diff)
	}
	for _, o := range d.file.Dossier.Open.Opinions {
		if o.Officer != d.p.Name {
			t.Errorf("automatic opinion signed by %q", o.Officer)
		}
	}
	d.tick(time.Minute)
	tr = d.issue("1", "NEW")
	wantEvents(t, tr, schemas.EvIssued)
	want := []string{"cancel-1 OLD-1", "cancel-2 OLD-2", "cancel-3 OLD-3", "publish-1 NEW", "notify-1 N1 NEW", "file-1 NEW"}
	if diff := cmp.Diff(want, effectIDs(tr)); diff != "" {
		t.Fatalf("effects of the issue (-want +got):\n%s", diff)
	}
	d.wantStage(schemas.StageIssued)
	for i, e := range tr.Effects[:3] {
		if e.NewNo != "NEW" {
			t.Errorf("cancel %d names %q as the new permit", i, e.NewNo)
		}
	}
	for n := 1; n <= 3; n++ {
		wantEvents(t, d.done("1", schemas.EffectCancel, n), schemas.EvPermitCancelled)
	}
	if d.clock(ClockCancel).ResolvedAt == nil {
		t.Error("R8 still runs")
	}
	wantEvents(t, d.done("1", schemas.EffectPublish, 1), schemas.EvLicencePushed)
	wantEvents(t, d.done("1", schemas.EffectFile, 1), schemas.EvDossierFiled)
	if diff := cmp.Diff([]string{"transmit notify-1 N1 NEW"}, effectIDs(d.attempt("1", 1, "run-a"))); diff != "" {
		t.Fatal(diff)
	}
	if tr := d.attempt("1", 1, "run-b"); tr != nil {
		t.Errorf("leave was given twice: %v", effectIDs(tr))
	}
	wantEvents(t, d.done("1", schemas.EffectNotify, 1), schemas.EvNoticeSent, schemas.EvClosed, schemas.EvArchived)
	e := d.wantEnd("1", "issued")
	if e.PermitNo != "NEW" || e.DueAt == nil || e.IssuedAt == nil {
		t.Errorf("ended case %+v", e)
	}
	// The case has ended; its receipt still counts, once.
	wantEvents(t, d.receipt("1", 1, true), schemas.EvNoticeDelivered)
	if tr := d.receipt("1", 1, false); tr != nil {
		t.Errorf("second receipt: %v", eventTypes(tr))
	}
	for _, kind := range []schemas.EffectKind{schemas.EffectIssue, schemas.EffectPublish, schemas.EffectNotify} {
		if tr := d.done("1", kind, 1); tr != nil {
			t.Errorf("%s result of an ended case: %v", kind, eventTypes(tr))
		}
	}
}

func TestNewPermitReplacesTheHubsOwn(t *testing.T) {
	d := adult(t)
	issueFully(d, "1", "P-1", permitFacts("OLD"))
	d.tick(48 * time.Hour)
	d.submit("2", nil)
	// The registration system does not know P-1 yet: the file does.
	d.verify("2", 1, permitFacts("ELSEWHERE"))
	tr := d.issue("2", "P-2")
	want := []string{"cancel-1 ELSEWHERE", "cancel-2 P-1", "publish-1 P-2", "notify-1 N1 P-2", "file-1 P-2"}
	if diff := cmp.Diff(want, effectIDs(tr)); diff != "" {
		t.Fatalf("effects (-want +got):\n%s", diff)
	}
	finish(d, "2", 2)
	var valid []string
	for _, k := range d.file.Dossier.Permits {
		if k.Status == schemas.PermitValid {
			valid = append(valid, k.PermitNo)
		}
	}
	if diff := cmp.Diff([]string{"P-2"}, valid); diff != "" {
		t.Errorf("valid permits at rest (-want +got):\n%s", diff)
	}
}

// issueFully lives a whole automatic life.
func issueFully(d *dossier, sourceNo, permitNo string, facts *schemas.Facts) {
	d.t.Helper()
	d.submit(sourceNo, nil)
	d.verify(sourceNo, 1, facts)
	d.issue(sourceNo, permitNo)
	finish(d, sourceNo, len(facts.Permits))
}

func finish(d *dossier, sourceNo string, cancels int) {
	d.t.Helper()
	for n := 1; n <= cancels; n++ {
		d.done(sourceNo, schemas.EffectCancel, n)
	}
	d.done(sourceNo, schemas.EffectPublish, 1)
	d.done(sourceNo, schemas.EffectFile, 1)
	d.attempt(sourceNo, 1, "run")
	d.done(sourceNo, schemas.EffectNotify, 1)
	d.wantEnd(sourceNo, "issued")
}

func byHand(s *schemas.Submission) { s.Stages = manualStages() }

// underApproval brings a manual case to its last officer.
func underApproval(d *dossier) {
	d.t.Helper()
	d.submit("1", byHand)
	d.verify("1", 1, permitFacts("OLD"))
	d.wantStage(schemas.StagePreExamine)
	wantEvents(d.t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"}), schemas.EvAccepted)
	d.wantStage(schemas.StageReview)
	wantEvents(d.t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"}), schemas.EvReviewed)
	d.wantStage(schemas.StageApproval)
}

func TestThreeOfficers(t *testing.T) {
	d := adult(t)
	underApproval(d)
	for _, officer := range []string{"100", "200"} {
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: officer}), "separation_of_duties")
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRefuse, Officer: officer}, schemas.Remark{Opinion: "否"}), "separation_of_duties")
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: officer}, schemas.Remark{Opinion: "再看"}), "separation_of_duties")
	}
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove}), "officer_missing")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: d.p.Name}), "officer_missing")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "300", ExpectVersion: 3}), "version_changed")
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "300", ExpectVersion: d.file.Dossier.Seq}, schemas.Remark{Opinion: "同意"})
	wantEvents(t, tr, schemas.EvApproved)
	if diff := cmp.Diff([]string{"issue-1"}, effectIDs(tr)); diff != "" {
		t.Fatal(diff)
	}
	var officers []string
	for _, o := range d.file.Dossier.Open.Opinions {
		officers = append(officers, o.Level+" "+o.Officer)
	}
	if diff := cmp.Diff([]string{"acceptance 100", "review 200", "approval 300"}, officers); diff != "" {
		t.Errorf("opinions (-want +got):\n%s", diff)
	}
}

func TestTwoOfficersAtOnce(t *testing.T) {
	d := adult(t)
	d.submit("1", byHand)
	d.verify("1", 1, permitFacts("OLD"))
	seen := d.file.Dossier.Seq
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100", ExpectVersion: seen}), schemas.EvAccepted)
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "101", ExpectVersion: seen}, schemas.Remark{Opinion: "否"}), "version_changed")
}

func TestReturnKeepsTheClock(t *testing.T) {
	d := adult(t)
	underApproval(d)
	due := d.clock(ClockPromised).DueAt
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "300"}), "opinion_missing")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "300", ReturnTo: "issuing"}, schemas.Remark{Opinion: "x"}), "return_to_unknown")
	d.tick(time.Hour)
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "300"}, schemas.Remark{Opinion: "材料不清"}), schemas.EvReturned)
	d.wantStage(schemas.StageReview)
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "201"}, schemas.Remark{Opinion: "材料不清"}), schemas.EvReturned)
	d.wantStage(schemas.StagePreExamine)
	// What was accepted once is neither asked about again, nor taken for never accepted.
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "100", Items: []string{ItemCondition}}), "already_accepted")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "100"}, schemas.Remark{Opinion: "否"}), "already_accepted")
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"})
	wantEvents(t, tr, schemas.EvAccepted)
	if len(tr.Effects) != 0 {
		t.Errorf("a second receipt notice: %v", effectIDs(tr))
	}
	d.wantStage(schemas.StageReview)
	k := d.clock(ClockPromised)
	if !k.DueAt.Equal(due.Time) || k.PausedAt != nil || len(d.file.Dossier.Open.Clocks) != 2 {
		t.Errorf("a return touched the clock: %+v", d.file.Dossier.Open.Clocks)
	}
	d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"})
	tr = d.act("1", schemas.OfficerAction{Kind: schemas.ActReturn, Officer: "300", ReturnTo: string(schemas.StagePreExamine)}, schemas.Remark{Opinion: "x"})
	wantEvents(t, tr, schemas.EvReturned)
	d.wantStage(schemas.StagePreExamine)
	if n := len(d.file.Dossier.Open.Opinions); n != 0 {
		t.Errorf("%d opinions left after a return to the window", n)
	}
}

func TestRefusalByHandNamesEverything(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { byHand(s); s.Materials = nil })
	d.verify("1", 1, &schemas.Facts{})
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "100", Reasons: []string{"whatever"}}), "reason_unknown")
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "100", Reasons: []string{ReasonAgentRequired}})
	wantEvents(t, tr, schemas.EvNotAccepted)
	want := []string{ReasonAgentRequired, ReasonNoValidPermit, ReasonNoCondition}
	if diff := cmp.Diff(want, d.wantEnd("1", "not_accepted").Reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, tr.Effects[0].Reasons); diff != "" || tr.Effects[0].Notice != NoticeRefusal {
		t.Errorf("notice %s (-want +got):\n%s", tr.Effects[0].Notice, diff)
	}
}

func TestRefusalWithoutReasons(t *testing.T) {
	d := adult(t)
	underApproval(d)
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRefuse, Officer: "300"}), "reasons_missing")
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActRefuse, Officer: "300"}, schemas.Remark{Opinion: "材料系伪造"})
	wantEvents(t, tr, schemas.EvRefused)
	if diff := cmp.Diff([]string{ReasonOfficerJudgement}, d.wantEnd("1", "refused").Reasons); diff != "" {
		t.Error(diff)
	}
}

func TestWithdrawal(t *testing.T) {
	withdraw := func(d *dossier) *schemas.Transition {
		return d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{Reason: "moved_away"}})
	}
	t.Run("before the permit is ordered", func(t *testing.T) {
		d := adult(t)
		underApproval(d)
		wantEvents(t, withdraw(d), schemas.EvWithdrawn)
		d.wantEnd("1", "withdrawn")
		wantRejected(t, withdraw(d), "case_not_open")
		if tr := d.verify("1", 1, permitFacts()); tr != nil {
			t.Errorf("a look-up of a withdrawn case: %v", eventTypes(tr))
		}
	})
	t.Run("not once it is", func(t *testing.T) {
		d := adult(t)
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		wantRejected(t, withdraw(d), "stage_issuing")
		d.outcome("1", schemas.EffectIssue, 1, schemas.EffectRefused, "e42")
		d.wantStage(schemas.StageHeld)
		wantRejected(t, withdraw(d), "stage_issuing")
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWithdraw, Officer: "9"}), "stage_issuing")
	})
	t.Run("held before", func(t *testing.T) {
		d := adult(t)
		d.submit("1", nil)
		d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "parked_x")
		wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWithdraw, Officer: "9"}, schemas.Remark{Opinion: "本人申请"}), schemas.EvWithdrawn)
		d.wantEnd("1", "withdrawn")
	})
}

func TestHeldIsRetried(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	wantEvents(t, d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "parked_unmarked"), schemas.EvHeld)
	d.wantStage(schemas.StageHeld)
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectVerify, 1)})
	wantEvents(t, tr, schemas.EvRetried)
	if tr.Events[0].From != schemas.StageHeld || tr.Events[0].To != schemas.StageSubmitted {
		t.Errorf("moved %s → %s", tr.Events[0].From, tr.Events[0].To)
	}
	if diff := cmp.Diff([]string{"verify-1"}, effectIDs(tr)); diff != "" {
		t.Fatal(diff)
	}
	d.verify("1", 1, permitFacts("OLD"))
	d.wantStage(schemas.StageIssuing)
	// Unknown, and refused for want of the permit, hold alike; the answer that comes late goes on from there.
	wantEvents(t, d.outcome("1", schemas.EffectIssue, 1, schemas.EffectUnknown, "lost"), schemas.EvHeld)
	if got := d.file.Dossier.Open.DutyByID(d.effect("1", schemas.EffectIssue, 1)).Status; got != schemas.DutyUnknown {
		t.Errorf("an unknown issue stands as %q", got)
	}
	d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectIssue, 1)})
	d.wantStage(schemas.StageIssuing)
	wantEvents(t, d.answer("1", schemas.EffectResult{EffectID: d.effect("1", schemas.EffectIssue, 1)}), schemas.EvHeld)
	tr = d.issue("1", "NEW")
	wantEvents(t, tr, schemas.EvIssued)
	if tr.Events[0].From != schemas.StageHeld {
		t.Errorf("issued from %s", tr.Events[0].From)
	}
	if tr := d.issue("1", "NEW-2"); tr != nil {
		t.Errorf("a second issue result: %v", eventTypes(tr))
	}
}

func TestDutyThatHeldIsDoneAfterAll(t *testing.T) {
	for _, how := range []string{"late result", "retry", "waive"} {
		t.Run(how, func(t *testing.T) {
			d := adult(t)
			d.submit("1", nil)
			d.verify("1", 1, permitFacts("OLD"))
			d.issue("1", "NEW")
			publish := d.effect("1", schemas.EffectPublish, 1)
			d.outcome("1", schemas.EffectPublish, 1, schemas.EffectRefused, "schema")
			d.wantStage(schemas.StageHeld)
			// What else the issue owes goes on meanwhile.
			wantEvents(t, d.done("1", schemas.EffectCancel, 1), schemas.EvPermitCancelled)
			d.wantStage(schemas.StageHeld)
			switch how {
			case "late result":
				d.done("1", schemas.EffectPublish, 1)
			case "retry":
				d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: publish})
			case "waive":
				wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: publish}), "opinion_missing")
				d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: publish}, schemas.Remark{Opinion: "已线下报送"})
				if d.clock(ClockPush).ResolvedAt == nil {
					t.Error("T2 runs on for a waived push")
				}
			}
			d.wantStage(schemas.StageIssued)
			d.done("1", schemas.EffectPublish, 1)
			d.done("1", schemas.EffectFile, 1)
			d.attempt("1", 1, "run")
			d.done("1", schemas.EffectNotify, 1)
			d.wantEnd("1", "issued")
		})
	}
}

func TestIssueAndLookUpCannotBeWaived(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	d.verify("1", 1, permitFacts("OLD"))
	d.outcome("1", schemas.EffectIssue, 1, schemas.EffectRefused, "x")
	for _, kind := range []schemas.EffectKind{schemas.EffectVerify, schemas.EffectIssue} {
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: d.effect("1", kind, 1)}, schemas.Remark{Opinion: "免"}), "effect_not_open")
	}
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: "nothing"}), "effect_not_refused")
}

func TestCancelDoneThoughWaived(t *testing.T) {
	d := adult(t)
	issueFully(d, "1", "P-1", &schemas.Facts{Permits: permitFacts("OLD").Permits})
	d.submit("2", nil)
	d.verify("2", 1, permitFacts("P-1"))
	d.issue("2", "P-2")
	d.act("2", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: d.effect("2", schemas.EffectCancel, 1)}, schemas.Remark{Opinion: "免"})
	if d.clock(ClockCancel).ResolvedAt == nil {
		t.Error("R8 runs on for a waived cancellation")
	}
	finish(d, "2", 0)
	wantEvents(t, d.done("2", schemas.EffectCancel, 1), schemas.EvPermitCancelled)
	for _, k := range d.file.Dossier.Permits {
		if want := map[string]string{"P-1": schemas.PermitCancelled, "P-2": schemas.PermitValid}[k.PermitNo]; k.Status != want {
			t.Errorf("permit %s is %s, want %s", k.PermitNo, k.Status, want)
		}
	}
}

// toIssued brings an automatic case to the point where only the completion notice is open and sent by run-a.
func toGranted(d *dossier) string {
	d.t.Helper()
	d.submit("1", nil)
	d.verify("1", 1, permitFacts("OLD"))
	d.issue("1", "NEW")
	d.done("1", schemas.EffectCancel, 1)
	d.done("1", schemas.EffectPublish, 1)
	d.done("1", schemas.EffectFile, 1)
	d.attempt("1", 1, "run-a")
	return d.effect("1", schemas.EffectNotify, 1)
}

func TestUnknownNotice(t *testing.T) {
	unknown := func(t *testing.T) (*dossier, string) {
		d := adult(t)
		id := toGranted(d)
		wantEvents(t, d.outcome("1", schemas.EffectNotify, 1, schemas.EffectUnknown, "timeout"), schemas.EvNoticeUnknown)
		d.wantStage(schemas.StageIssued)
		// Nobody may send it again by himself.
		if tr := d.attempt("1", 1, "run-b"); tr != nil {
			t.Fatalf("leave to send an unknown notice: %v", effectIDs(tr))
		}
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: id}), "effect_not_refused")
		return d, id
	}
	t.Run("settled by its receipt", func(t *testing.T) {
		d, _ := unknown(t)
		wantEvents(t, d.receipt("1", 1, true), schemas.EvNoticeSent, schemas.EvNoticeDelivered, schemas.EvClosed, schemas.EvArchived)
		if got := d.wantEnd("1", "issued").Duties; got[len(got)-2].Delivered != "yes" {
			t.Errorf("duties %+v", got)
		}
	})
	t.Run("decided as sent", func(t *testing.T) {
		d, id := unknown(t)
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: id, Verdict: "maybe"}), "verdict_unknown")
		tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: id, Verdict: "sent"})
		wantEvents(t, tr, schemas.EvNoticeSent, schemas.EvClosed, schemas.EvArchived)
		if tr.Events[0].Officer != "9" {
			t.Errorf("decided by %q", tr.Events[0].Officer)
		}
		wantEvents(t, d.receipt("1", 1, true), schemas.EvNoticeDelivered)
	})
	t.Run("sent again by decision", func(t *testing.T) {
		d, id := unknown(t)
		tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: id, Verdict: "resend"})
		if diff := cmp.Diff([]string{"notify-2 N1 NEW"}, effectIDs(tr)); diff != "" || tr.Effects[0].Run != "" {
			t.Fatalf("run %q (-want +got):\n%s", tr.Effects[0].Run, diff)
		}
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: id, Verdict: "resend"}), "notice_not_unknown")
		if d.clock(ClockNotify).ResolvedAt != nil {
			t.Error("T3 ended though nothing is known to be sent")
		}
		d.attempt("1", 2, "run-b")
		d.done("1", schemas.EffectNotify, 2)
		d.wantEnd("1", "issued")
	})
}

func TestRefusedCompletionNotice(t *testing.T) {
	for _, how := range []string{"retry", "waive", "receipt"} {
		t.Run(how, func(t *testing.T) {
			d := adult(t)
			id := toGranted(d)
			wantEvents(t, d.outcome("1", schemas.EffectNotify, 1, schemas.EffectRefused, "InvalidMobile"), schemas.EvNoticeUndelivered, schemas.EvHeld)
			d.wantStage(schemas.StageHeld)
			switch how {
			case "retry":
				tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: id})
				if len(tr.Effects) != 1 || tr.Effects[0].Run != "" || tr.Effects[0].Kind != schemas.EffectNotify {
					t.Fatalf("retried as %+v", tr.Effects)
				}
				d.attempt("1", 1, "run-b")
				d.done("1", schemas.EffectNotify, 1)
			case "waive":
				d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: id}, schemas.Remark{Opinion: "已电话告知"})
			case "receipt":
				d.receipt("1", 1, true)
			}
			d.wantEnd("1", "issued")
		})
	}
}

// A refusal is owed to the person with its reasons: its notice can be acted on although the case is over, and whatever else is open.
func TestNoticeOfAnEndedCase(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.HukouCounty = "330424" })
	d.verify("1", 1, permitFacts("OLD"))
	d.wantEnd("1", "not_accepted")
	d.submit("2", nil)
	id := d.effect("1", schemas.EffectNotify, 1)
	wantEvents(t, d.attempt("1", 1, "run-a"), schemas.EvNoticeGranted)
	wantEvents(t, d.outcome("1", schemas.EffectNotify, 1, schemas.EffectRefused, "NoSignId"), schemas.EvNoticeUndelivered)
	d.wantStage(schemas.StageSubmitted)
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "9"}), "case_not_open")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectVerify, 1)}), "case_not_open")
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, EffectID: id}), "officer_missing")
	tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: id})
	wantEvents(t, tr, schemas.EvRetried)
	d.attempt("1", 1, "run-b")
	d.outcome("1", schemas.EffectNotify, 1, schemas.EffectUnknown, "timeout")
	tr = d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: id, Verdict: "resend"})
	if diff := cmp.Diff([]string{"notify-2 N2"}, effectIDs(tr)); diff != "" {
		t.Fatal(diff)
	}
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: d.effect("1", schemas.EffectNotify, 2)}, schemas.Remark{Opinion: "窗口当面告知"}), schemas.EvDutyWaived)
	d.wantStage(schemas.StageSubmitted)
}

func TestOneOpenApplicationAcrossChannels(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	in := d.submission("W-9", func(s *schemas.Submission) { s.Channel, s.Source = schemas.Window, "window" })
	in.ApplicationNo = schemas.ApplicationNo(d.id, "window", "W-9")
	tr := d.send(in)
	wantEvents(t, tr, schemas.EvSubmitted, schemas.EvNotAccepted)
	if got := tr.Events[1]; got.Ref != d.no("1") || cmp.Diff([]string{ReasonOpenApplication}, got.Reasons) != "" {
		t.Errorf("refused as %+v", got)
	}
	d.wantStage(schemas.StageSubmitted)
	if d.file.Dossier.Open.ApplicationNo != d.no("1") || len(d.file.Dossier.Ended) != 1 {
		t.Error("the open case was touched")
	}
	if tr := d.send(in); tr != nil {
		t.Errorf("the second application repeated: %v", eventTypes(tr))
	}
}

func TestRepeatAndContradiction(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	if tr := d.submit("1", nil); tr != nil {
		t.Fatalf("repeat: %v", eventTypes(tr))
	}
	changed := func(s *schemas.Submission) { s.CurrentDivision = "330424002" }
	wantEvents(t, d.submit("1", changed), schemas.EvConflict)
	if tr := d.submit("1", changed); tr != nil {
		t.Fatalf("repeated contradiction: %v", eventTypes(tr))
	}
	if tr := d.submit("1", nil); tr != nil {
		t.Fatalf("repeat after a contradiction: %v", eventTypes(tr))
	}
	// The same application under another message id is the same application.
	in := d.submission("1", nil)
	in.InputID = "another"
	if tr := d.send(in); tr != nil {
		t.Fatalf("same application, other message: %v", eventTypes(tr))
	}
	if got := d.file.Dossier.Open.Submission.CurrentDivision; got != "330424001" {
		t.Errorf("overwritten by a contradiction: %s", got)
	}
	// It stays known for the life of the file, long after its input id is forgotten.
	d.verify("1", 1, permitFacts("OLD"))
	d.bulk = true
	for range maxSeen + 10 {
		d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "9"})
	}
	d.bulk = false
	if n := len(d.file.Dossier.Seen); n != maxSeen {
		t.Errorf("%d inputs remembered, want %d", n, maxSeen)
	}
	if tr := d.submit("1", nil); tr != nil {
		t.Fatalf("old repeat: %v", eventTypes(tr))
	}
	d.issue("1", "NEW")
	finish(d, "1", 1)
	if tr := d.submit("1", nil); tr != nil {
		t.Fatalf("repeat of an ended case: %v", eventTypes(tr))
	}
	wantEvents(t, d.submit("1", func(s *schemas.Submission) { s.HukouCounty = "411303" }), schemas.EvConflict)
}

// A source that sends another person under a number is refused; the file of the first records it once, open or ended.
func TestContradiction(t *testing.T) {
	d := adult(t)
	other := newDossier(t, d.p, citizen("19920202", 12)).no("1")
	contradict := func(no, id string) *schemas.Transition {
		return d.send(schemas.Input{InputID: id, Kind: schemas.InputContradiction, ApplicationNo: d.no(no), Contradiction: &schemas.Contradiction{SourceApplicationNo: no, OtherApplicationNo: other}})
	}
	if tr := contradict("1", "c0"); tr != nil {
		t.Fatalf("a contradiction opens a file: %v", eventTypes(tr))
	}
	d.submit("1", nil)
	for _, id := range []string{"c1", "c2"} {
		tr := contradict("1", id)
		wantEvents(t, tr, schemas.EvConflict)
		if ev := tr.Events[0]; ev.Code != "contradiction" || ev.Ref != other || len(tr.Effects) != 0 {
			t.Errorf("recorded as %+v with %v", ev, effectIDs(tr))
		}
		if tr := contradict("1", id); tr != nil {
			t.Errorf("recorded twice: %v", eventTypes(tr))
		}
		d.wantStage(schemas.StageSubmitted)
	}
	d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{}})
	wantEvents(t, contradict("1", "c3"), schemas.EvConflict)
	d.wantEnd("1", "withdrawn")
}

func TestFileIsBounded(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	d.bulk = true
	for i := range maxEnded {
		no := "again-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
		d.submit(no, nil)
		if i%2 == 0 {
			d.attempt(no, 1, "run")
			d.done(no, schemas.EffectNotify, 1)
		}
	}
	d.bulk = false
	if _, err := d.try(d.submission("one-more", nil)); err == nil {
		t.Fatal("a full file takes another application")
	}
	if tr, err := d.try(d.submission("1", nil)); tr != nil || err != nil {
		t.Fatalf("a repeat at a full file: %v %v", eventTypes(tr), err)
	}
	kept := 0
	for _, e := range d.file.Dossier.Ended {
		if len(e.Duties) > 0 {
			kept++
		}
	}
	if want := maxEnded/2 + maxEndedDuties/2; kept != want {
		t.Errorf("%d ended cases keep duties, want %d: the last ones and those that still owe a notice", kept, want)
	}
	tr := d.verify("1", 1, permitFacts("OLD"))
	if size := len(encode(t, tr)); size > 200_000 {
		t.Errorf("a transition of a full file is %d bytes", size)
	}
	d.wantStage(schemas.StageIssuing)
}

func TestInputsOfNoFile(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	other := newDossier(t, d.p, citizen("19920202", 12))
	tests := map[string]func(*schemas.Input){
		"no application number":      func(in *schemas.Input) { in.ApplicationNo = "ABC" },
		"wrong check character":      func(in *schemas.Input) { in.ApplicationNo = in.ApplicationNo[:16] + "!" },
		"another dossier":            func(in *schemas.Input) { in.ApplicationNo = other.no("1") },
		"no id":                      func(in *schemas.Input) { in.InputID = "" },
		"no body":                    func(in *schemas.Input) { in.Submission = nil },
		"unknown kind":               func(in *schemas.Input) { in.Kind = "prayer" },
		"no person":                  func(in *schemas.Input) { in.Person = nil },
		"no token":                   func(in *schemas.Input) { in.PersonToken = "" },
		"token of another person":    func(in *schemas.Input) { in.PersonToken = other.token },
		"collision of the short id":  func(in *schemas.Input) { in.PersonToken = d.token[:12] + other.token[12:] },
		"received before the hub":    func(in *schemas.Input) { in.ReceivedAt = schemas.At(time.Unix(0, 0)) },
		"received in the far future": func(in *schemas.Input) { in.ReceivedAt = schemas.At(time.Date(9999, 12, 30, 0, 0, 0, 0, time.UTC)) },
		"received at no time":        func(in *schemas.Input) { in.ReceivedAt = schemas.Time{} },
	}
	for name, change := range tests {
		t.Run(name, func(t *testing.T) {
			in := d.complete(d.submission("7", nil))
			change(&in)
			if tr, err := d.p.Decide(&d.file, &in); err == nil {
				t.Errorf("taken: %v", eventTypes(tr))
			}
		})
	}
}

// A person's word about a case that nobody knows is answered; a machine's is over.
func TestUnknownCase(t *testing.T) {
	d := adult(t)
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "9"}), "case_not_open")
	wantRejected(t, d.supplement("1", schemas.Supplement{}, nil), "case_not_open")
	if tr := d.verify("1", 1, permitFacts()); tr != nil {
		t.Errorf("result: %v", eventTypes(tr))
	}
	d.submit("1", nil)
	d.wantStage(schemas.StageSubmitted)
}

// A look-up that is answered late takes no case back, and nothing is decided on an earlier one.
func TestNothingIsDecidedBeforeTheLookUp(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { byHand(s); s.Materials = nil })
	d.verify("1", 1, permitFacts("OLD"))
	d.act("1", schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "100", Items: []string{"material:labour_contract"}})
	d.supplement("1", schemas.Supplement{Materials: []schemas.Material{{Kind: "labour_contract"}}}, nil)
	d.wantStage(schemas.StagePreExamine)
	for _, kind := range []schemas.ActionKind{schemas.ActAccept, schemas.ActNotAccept, schemas.ActRequestSupplement} {
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: kind, Officer: "100", Items: []string{ItemAgent}}, schemas.Remark{Opinion: "x"}), "not_verified")
	}
	d.verify("1", 2, permitFacts("OLD"))
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"}), schemas.EvAccepted)
	if tr := d.verify("1", 1, permitFacts("OLD")); tr != nil {
		t.Errorf("a look-up answered twice: %v", eventTypes(tr))
	}
	wantEvents(t, d.answer("1", schemas.EffectResult{EffectID: "none"}))
}

func TestLookUpWithoutFacts(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	wantEvents(t, d.verify("1", 1, nil), schemas.EvHeld)
	if tr := d.receipt("1", 1, true); tr != nil {
		t.Errorf("a receipt for no notice: %v", eventTypes(tr))
	}
	in := schemas.Input{Kind: schemas.InputSMSReceipt, ApplicationNo: d.no("1"), Receipt: &schemas.SMSReceipt{EffectID: d.effect("1", schemas.EffectVerify, 1), Delivered: true, At: d.at}}
	if tr := d.send(in); tr != nil {
		t.Errorf("a receipt for a look-up: %v", eventTypes(tr))
	}
}

func TestCards(t *testing.T) {
	d := adult(t)
	d.submit("0", func(s *schemas.Submission) { s.HukouCounty = "330424" })
	d.verify("0", 1, permitFacts("OLD"))
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
	d.verify("1", 1, permitFacts("OLD"))
	if c := d.card(&d.file.Dossier, d.no("0")); c.Outcome != "not_accepted" || cmp.Diff([]string{ReasonLocalHukou}, c.Reasons) != "" {
		t.Errorf("ended: %+v", c)
	}
	if c := d.card(&d.file.Dossier, d.no("1")); c.Stage != schemas.StageSupplement || cmp.Diff([]string{"material:labour_contract"}, c.Items) != "" || c.DueAt != nil {
		t.Errorf("waiting: %+v", c)
	}
	d.supplement("1", schemas.Supplement{Materials: []schemas.Material{{Kind: "labour_contract"}}}, nil)
	d.verify("1", 2, permitFacts("OLD"))
	if c := d.card(&d.file.Dossier, d.no("1")); c.Stage != schemas.StageIssuing || c.Items != nil || c.DueAt == nil || c.AcceptedAt == nil {
		t.Errorf("issuing: %+v", c)
	}
	d.issue("1", "NEW")
	if c := d.card(&d.file.Dossier, d.no("1")); c.Stage != schemas.StageIssued || c.PermitNo != "NEW" || c.IssuedAt == nil {
		t.Errorf("issued: %+v", c)
	}
}

// Only the source that sent an application may supplement or withdraw it: the number alone gives no right.
func TestOnlyTheSourceSpeaksForTheApplicant(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	for name, in := range map[string]schemas.Input{
		"supplement": {Kind: schemas.InputSupplement, Supplement: &schemas.Supplement{}},
		"withdrawal": {Kind: schemas.InputWithdrawal, Withdrawal: &schemas.Withdrawal{}},
	} {
		in.ApplicationNo, in.Source = d.no("1"), "window"
		tr := d.send(in)
		if tr == nil || len(tr.Events) != 1 || tr.Events[0].Type != schemas.EvRejected || tr.Events[0].Code != "other_source" {
			t.Errorf("%s of another source: %+v", name, tr)
		}
	}
}

// An officer whose townships are named acts on their cases only, open or ended.
func TestOtherTownship(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	here := d.file.Dossier.Open.Submission.CurrentDivision
	for _, row := range []struct {
		name      string
		townships []string
		want      string
	}{
		{"the whole county", nil, schemas.EvWithdrawn},
		{"this township", []string{"330424999", here}, schemas.EvWithdrawn},
		{"another township", []string{"330424999"}, schemas.EvRejected},
	} {
		t.Run(row.name, func(t *testing.T) {
			d := adult(t)
			d.submit("1", nil)
			tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActWithdraw, Officer: "1001", Townships: row.townships})
			if got := tr.Events[0]; got.Type != row.want || got.Type == schemas.EvRejected && got.Code != "other_township" {
				t.Errorf("got %s %s, want %s", got.Type, got.Code, row.want)
			}
		})
	}
}

// An officer who works in some townships only settles a notice of an ended case, and it stays settled.
func TestATownshipsOfficerSettlesANoticeOfAnEndedCase(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	d.verify("1", 1, &schemas.Facts{})
	d.attempt("1", 1, "run")
	d.outcome("1", schemas.EffectNotify, 1, schemas.EffectUnknown, "timeout")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", Townships: []string{"330424001"}, EffectID: d.effect("1", schemas.EffectNotify, 1), Verdict: "sent"})
	if got := d.wantEnd("1", "refused").Duties; got[len(got)-1].Status != schemas.DutyDone {
		t.Errorf("the notice is %s", got[len(got)-1].Status)
	}
}
