package casework

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/internal/calendar"
	"permithub/schemas"
)

// accepted brings a manual case to review, accepted at the instant.
func accepted(d *dossier, at string) {
	d.t.Helper()
	d.at = shanghai(d.t, at)
	d.submit("1", byHand)
	d.verify("1", 1, permitFacts("OLD"))
	d.act("1", schemas.OfficerAction{Kind: schemas.ActAccept, Officer: "100"})
	d.wantStage(schemas.StageReview)
}

func TestPromiseOfTheDomain(t *testing.T) {
	tests := []struct {
		accepted, last string
		provisional    bool
	}{
		{"2024-07-04 09:00", "2024-07-08", false},
		{"2024-07-04 23:59:59", "2024-07-08", false},
		{"2024-09-13 00:00", "2024-09-18", false},
		{"2024-09-30 12:00", "2024-10-09", false},
		{"2025-01-24 12:00", "2025-01-27", false},
		{"2025-09-26 12:00", "2025-09-29", false},
		{"2026-01-01 12:00", "2026-01-05", false},
		{"2026-02-12 12:00", "2026-02-14", false},
		{"2026-02-13 12:00", "2026-02-24", false},
		{"2026-09-29 12:00", "2026-10-08", false},
	}
	for _, tt := range tests {
		t.Run(tt.accepted, func(t *testing.T) {
			d := adult(t)
			accepted(d, tt.accepted)
			k := d.clock(ClockPromised)
			if got := schemas.Day(k.DueAt.Add(-1)); string(got) != tt.last || k.Provisional != tt.provisional {
				t.Errorf("last day %s, provisional %v; want %s, %v", got, k.Provisional, tt.last, tt.provisional)
			}
			if !k.StartedAt.Equal(d.at.Time) || !d.clock(ClockStatutory).StartedAt.Equal(d.at.Time) {
				t.Error("T1 and T4 start at acceptance")
			}
			if last := k.Rungs[len(k.Rungs)-1]; len(k.Rungs) != 4 || last.Percent != 100 || !last.At.Equal(k.DueAt.Time) {
				t.Errorf("rungs %+v", k.Rungs)
			}
		})
	}
}

func TestProvisionalPromise(t *testing.T) {
	d := adult(t)
	d.at = shanghai(t, "2026-12-30 10:00")
	d.submit("1", nil)
	// Beyond the notices the independent count does not reach: the case is accepted unchecked.
	in := d.complete(schemas.Input{Kind: schemas.InputEffectResult, ApplicationNo: d.no("1"), Result: &schemas.EffectResult{
		EffectID: d.effect("1", schemas.EffectVerify, 1), Status: schemas.EffectDone, At: d.at, Facts: permitFacts("OLD")}})
	tr, err := d.p.Decide(&d.file, &in)
	if err != nil {
		t.Fatal(err)
	}
	if k := tr.Dossier.Open.ClockByID(ClockPromised); !k.Provisional {
		t.Errorf("due %v and not provisional", k.DueAt)
	}
	if card, ok := tr.Dossier.Card(d.no("1")); !ok || !card.DueProvisional {
		t.Error("the card does not say so")
	}
}

func TestSupplementDoesNotRunThePromise(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
	d.verify("1", 1, permitFacts("OLD"))
	if n := len(d.file.Dossier.Open.Clocks); n != 0 {
		t.Fatalf("%d clocks before acceptance", n)
	}
	d.tick(100 * time.Hour)
	d.supplement("1", schemas.Supplement{Materials: []schemas.Material{{Kind: "labour_contract"}}}, nil)
	d.verify("1", 2, permitFacts("OLD"))
	if k := d.clock(ClockPromised); !k.StartedAt.Equal(d.at.Time) {
		t.Errorf("T1 started %v", k.StartedAt)
	}
}

func TestRungsFireOnceAtTheirInstant(t *testing.T) {
	d := adult(t)
	accepted(d, "2024-09-10 10:00")
	rungs := d.clock(ClockPromised).Rungs
	for i, r := range rungs {
		if tr := d.deadline("1", ClockPromised, r.Percent, r.At, schemas.At(r.At.Add(-time.Microsecond))); tr != nil {
			t.Fatalf("rung %d fired before its time", r.Percent)
		}
		if tr := d.deadline("1", ClockPromised, r.Percent, schemas.At(r.At.Add(time.Second)), schemas.At(r.At.Add(time.Hour))); tr != nil {
			t.Fatalf("rung %d fired for another instant", r.Percent)
		}
		late := schemas.At(r.At.Add(72 * time.Hour)) // an outage
		d.at = late
		tr := d.deadline("1", ClockPromised, r.Percent, r.At, late)
		want := schemas.EvWarned
		if i == 3 {
			want = schemas.EvBreached
		}
		wantEvents(t, tr, want)
		ev := tr.Events[0]
		if !ev.At.Equal(r.At.Time) || !ev.DetectedAt.Equal(late.Time) || ev.Rung != r.Percent || ev.Clock != ClockPromised {
			t.Errorf("rung %d: %+v", r.Percent, ev)
		}
		if tr := d.deadline("1", ClockPromised, r.Percent, r.At, late); tr != nil {
			t.Fatalf("rung %d fired twice", r.Percent)
		}
	}
	if k := d.clock(ClockPromised); !k.BreachedAt.Equal(k.DueAt.Time) {
		t.Errorf("breached at %v, due %v", k.BreachedAt, k.DueAt)
	}
	if tr := d.deadline("1", "T9", 100, d.at, d.at); tr != nil {
		t.Error("an unknown clock fired")
	}
}

// The poller was down all the time: the issue itself records what was reached before it, dated at the true instants.
func TestBreachIsRecordedAtResolution(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	d.verify("1", 1, permitFacts("OLD"))
	due := d.clock(ClockPromised).DueAt
	d.at = schemas.At(due.Add(time.Hour))
	tr := d.issue("1", "NEW")
	wantEvents(t, tr, schemas.EvIssued, schemas.EvWarned, schemas.EvWarned, schemas.EvWarned, schemas.EvBreached)
	if b := tr.Events[4]; !b.At.Equal(due.Time) || !b.DetectedAt.Equal(d.at.Time) {
		t.Errorf("breach %+v, due %v", b, due)
	}
	if tr := d.deadline("1", ClockPromised, 100, due, d.at); tr != nil {
		t.Errorf("a deadline after the issue: %v", eventTypes(tr))
	}
}

func TestIssueInTime(t *testing.T) {
	for name, tt := range map[string]struct {
		issued, received time.Duration // from the deadline
		breach           bool
	}{
		"in time":                                 {-time.Hour, -time.Hour, false},
		"in time though the answer was late":      {-time.Hour, time.Hour, false},
		"in the last instant":                     {-time.Microsecond, time.Hour, false},
		"at the first instant that is too late":   {0, time.Hour, true},
		"the platform's clock is ahead":           {2 * time.Hour, -time.Hour, false},
		"the platform's clock is a day behind":    {-10 * 24 * time.Hour, time.Hour, false}, // not before it was asked
		"too late, and the platform gives no day": {-1 << 62, time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			d := adult(t)
			d.submit("1", nil)
			d.verify("1", 1, permitFacts("OLD"))
			due := d.clock(ClockPromised).DueAt
			asked := d.at
			d.at = schemas.At(due.Add(tt.received))
			permit := &schemas.Permit{PermitNo: "NEW", IssuedAt: schemas.At(due.Add(tt.issued))}
			if tt.issued < -1<<60 {
				permit.IssuedAt = schemas.Time{}
			}
			d.answer("1", schemas.EffectResult{EffectID: d.effect("1", schemas.EffectIssue, 1), Permit: permit, At: permit.IssuedAt})
			k := d.clock(ClockPromised)
			if (k.BreachedAt != nil) != tt.breach {
				t.Errorf("breached %v, want %v", k.BreachedAt, tt.breach)
			}
			if k.ResolvedAt.Before(asked.Time) || k.ResolvedAt.After(d.at.Time) {
				t.Errorf("resolved %v, outside %v to %v", k.ResolvedAt, asked, d.at)
			}
		})
	}
}

func TestPushInsideThePromise(t *testing.T) {
	for _, waived := range []bool{false, true} {
		d := adult(t)
		d.p.PushInsidePromise = true
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		d.issue("1", "NEW")
		due := d.clock(ClockPromised).DueAt
		if d.clock(ClockPromised).ResolvedAt != nil {
			t.Fatal("T1 ended at the issue")
		}
		d.at = schemas.At(due.Add(time.Minute))
		wantEvents(t, d.deadline("1", ClockPromised, 100, due, d.at), schemas.EvBreached)
		d.tick(time.Minute)
		if waived {
			d.act("1", schemas.OfficerAction{Kind: schemas.ActWaive, Officer: "9", EffectID: d.effect("1", schemas.EffectPublish, 1)}, schemas.Remark{Opinion: "线下报送"})
		} else {
			d.done("1", schemas.EffectPublish, 1)
		}
		if k := d.clock(ClockPromised); k.ResolvedAt == nil || !k.ResolvedAt.Equal(d.at.Time) {
			t.Errorf("T1 resolved %v, want %v", k.ResolvedAt, d.at)
		}
	}
}

func TestClocksAfterIssue(t *testing.T) {
	d := adult(t)
	d.submit("1", nil)
	d.verify("1", 1, permitFacts("OLD-1", "OLD-2"))
	issuedAt := d.at
	d.tick(20 * time.Minute)
	d.answer("1", schemas.EffectResult{EffectID: d.effect("1", schemas.EffectIssue, 1), Permit: &schemas.Permit{PermitNo: "NEW", IssuedAt: issuedAt}})
	for id, within := range map[string]time.Duration{ClockPush: 15 * time.Minute, ClockNotify: time.Minute, ClockCancel: 15 * time.Minute} {
		if k := d.clock(id); !k.DueAt.Equal(issuedAt.Add(within)) {
			t.Errorf("%s due %v, want %v after the issue", id, k.DueAt, within)
		}
	}
	cancelDone := func(n int, at time.Duration) *schemas.Transition {
		return d.answer("1", schemas.EffectResult{EffectID: d.effect("1", schemas.EffectCancel, n), At: schemas.At(issuedAt.Add(at))})
	}
	wantEvents(t, cancelDone(2, 16*time.Minute), schemas.EvPermitCancelled)
	// Answered last, done first: R8 ends with the last that was done.
	wantEvents(t, cancelDone(1, 3*time.Minute), schemas.EvPermitCancelled, schemas.EvBreached)
	if k := d.clock(ClockCancel); k.BreachedAt == nil || k.ResolvedAt == nil || !k.ResolvedAt.After(k.DueAt.Time) {
		t.Errorf("R8 %+v", k)
	}
	d.attempt("1", 1, "run")
	wantEvents(t, d.done("1", schemas.EffectNotify, 1), schemas.EvNoticeSent, schemas.EvBreached)
	if d.clock(ClockStatutory).ResolvedAt == nil {
		t.Error("T4 runs on after delivery")
	}
}

func TestNoOldPermitNoCancelClock(t *testing.T) {
	d := adult(t)
	d.submit("1", func(s *schemas.Submission) { s.RecognitionType = schemas.RegistrationTime })
	d.verify("1", 1, &schemas.Facts{Intervals: []schemas.Interval{{From: "2023-01-01", Division: "330106"}}})
	d.issue("1", "NEW")
	if d.file.Dossier.Open.ClockByID(ClockCancel) != nil {
		t.Error("R8 runs though there is nothing to cancel")
	}
	finish(d, "1", 0)
}

func TestSuspension(t *testing.T) {
	d := adult(t)
	accepted(d, "2024-09-10 10:00")
	suspend, notice := schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "200", Ground: "expert_review"}, schemas.Remark{NoticeNo: "盐公流〔2024〕1号"}
	for _, bad := range []struct {
		ground string
		notice schemas.Remark
		code   string
	}{
		{"holiday", notice, "ground_unknown"},
		{"", notice, "ground_unknown"},
		{suspend.Ground, schemas.Remark{}, "notice_no_missing"},
		{suspend.Ground, schemas.Remark{Opinion: "听证"}, "notice_no_missing"},
	} {
		a := suspend
		a.Ground = bad.ground
		wantRejected(t, d.act("1", a, bad.notice), bad.code)
	}
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"}), "stage_under_review")
	rungs := d.clock(ClockPromised).Rungs
	// The first warning passed unseen before the pause: it is on record though nobody fires it any more.
	d.at = schemas.At(rungs[0].At.Add(time.Second))
	tr := d.act("1", suspend, notice)
	wantEvents(t, tr, schemas.EvWarned, schemas.EvSuspended)
	if !tr.Events[0].At.Equal(rungs[0].At.Time) {
		t.Errorf("warned at %v, want %v", tr.Events[0].At, rungs[0].At)
	}
	d.tick(30 * 24 * time.Hour)
	if tr := d.deadline("1", ClockPromised, 100, rungs[3].At, d.at); tr != nil {
		t.Fatalf("a paused clock fired: %v", eventTypes(tr))
	}
	wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"}), schemas.EvResumed)
	d.wantStage(schemas.StageReview)
	// The deadline has moved: one for the old instant is void, the new one counts.
	if tr := d.deadline("1", ClockPromised, 100, rungs[3].At, d.at); tr != nil {
		t.Fatalf("a moved deadline fired: %v", eventTypes(tr))
	}
	k := d.clock(ClockPromised)
	d.at = k.DueAt
	wantEvents(t, d.deadline("1", ClockPromised, 100, k.DueAt, k.DueAt), schemas.EvBreached)
}

func TestSuspensionFromApprovalAndWithdrawal(t *testing.T) {
	d := adult(t)
	underApproval(d)
	due := d.clock(ClockPromised).DueAt
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "300", Ground: "hearing"}, schemas.Remark{NoticeNo: "1"})
	wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "300"}), "stage_suspended")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "300"})
	d.wantStage(schemas.StageApproval)
	if got := d.clock(ClockPromised).DueAt; !got.Equal(due.Time) {
		t.Errorf("a pause of no length moved the deadline from %v to %v", due, got)
	}
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "300", Ground: "hearing"}, schemas.Remark{NoticeNo: "2"})
	d.tick(90 * 24 * time.Hour)
	tr := d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{}})
	wantEvents(t, tr, schemas.EvWithdrawn)
}

// What is left of working time at a pause is left at the resumption, for the deadline and for every warning, to the microsecond.
func TestPauseLosesAndGainsNothing(t *testing.T) {
	cal := testCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		p := Haiyan202410(cal)
		if rapid.Bool().Draw(t, "close of business") {
			p.Promised.End = calendar.CloseOfBusiness
		}
		start := time.Date(2024, 1, 2, 0, 0, 0, 0, schemas.Shanghai)
		accepted := schemas.At(start.Add(time.Duration(rapid.Int64Range(0, int64(700*24*time.Hour)).Draw(t, "accepted"))))
		c := &schemas.Case{ApplicationNo: "x", Stage: schemas.StageReview}
		w := &decision{p: p, in: &schemas.Input{}, at: accepted, c: c}
		w.armPromised(accepted)
		for i := range rapid.IntRange(1, 3).Draw(t, "pauses") {
			room := c.ClockByID(ClockPromised).DueAt.Sub(w.at.Time)
			w.at = schemas.At(w.at.Add(time.Duration(rapid.Int64Range(0, int64(max(room, 1))).Draw(t, "paused"))))
			paused, before := w.at, clone(c)
			w.pause("hearing", "")
			w.at = schemas.At(w.at.Add(time.Duration(rapid.Int64Range(0, int64(40*24*time.Hour)).Draw(t, "length"))))
			w.goOn()
			for j, k := range c.Clocks {
				was := before.Clocks[j]
				if !was.DueAt.After(paused.Time) {
					if !k.DueAt.Equal(was.DueAt.Time) {
						t.Fatalf("pause %d: %s was over and moved", i, k.ID)
					}
				} else if got, want := left(cal, w.at, k.DueAt), left(cal, paused, was.DueAt); got != want {
					t.Fatalf("pause %d: %s has %v left, had %v", i, k.ID, got, want)
				}
				for n, r := range k.Rungs {
					switch {
					case r.FiredAt != nil && !was.Rungs[n].At.Equal(r.At.Time):
						t.Fatalf("pause %d: fired rung %d of %s moved", i, r.Percent, k.ID)
					case r.FiredAt == nil && left(cal, w.at, r.At) != left(cal, paused, was.Rungs[n].At):
						t.Fatalf("pause %d: rung %d of %s has %v left, had %v", i, r.Percent, k.ID, left(cal, w.at, r.At), left(cal, paused, was.Rungs[n].At))
					}
				}
			}
		}
	})
}

func left(cal *calendar.Calendar, from, to schemas.Time) time.Duration {
	return cal.WorkingTime(from.Time, to.Time)
}

func TestStatutoryLimitInCalendarDays(t *testing.T) {
	d := adult(t)
	d.p.Statutory = calendar.Limit{Days: 15, Unit: calendar.CalendarDays}
	accepted(d, "2024-09-10 10:00")
	due := d.clock(ClockStatutory).DueAt
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "200", Ground: "hearing"}, schemas.Remark{NoticeNo: "1"})
	d.tick(9 * time.Hour)
	d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"})
	if got := d.clock(ClockStatutory).DueAt.Sub(due.Time); got != 9*time.Hour {
		t.Errorf("a pause of 9 h moved T4 by %v", got)
	}
}

func TestResumptionBeyondTheNotices(t *testing.T) {
	d := adult(t)
	accepted(d, "2026-11-30 10:00")
	if d.clock(ClockPromised).Provisional {
		t.Fatal("provisional before the pause")
	}
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "200", Ground: "hearing"}, schemas.Remark{NoticeNo: "1"})
	d.at = shanghai(t, "2026-12-31 10:00")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"})
	if k := d.clock(ClockPromised); !k.Provisional {
		t.Errorf("due %v and not provisional", k.DueAt)
	}
}

func TestDeemedAcceptance(t *testing.T) {
	deemed := func(t *testing.T, stages schemas.Stages) *dossier {
		d := adult(t)
		d.p.DeemedAfter = calendar.Limit{Days: 5}
		d.submit("1", func(s *schemas.Submission) { s.Stages = stages })
		return d
	}
	fire := func(d *dossier) *schemas.Transition {
		k := d.clock(ClockDeemed)
		d.at = schemas.At(k.DueAt.Add(time.Minute))
		return d.deadline("1", ClockDeemed, 100, k.DueAt, d.at)
	}
	t.Run("off by default", func(t *testing.T) {
		d := adult(t)
		d.submit("1", byHand)
		if n := len(d.file.Dossier.Open.Clocks); n != 0 {
			t.Errorf("%d clocks", n)
		}
	})
	t.Run("nobody answered", func(t *testing.T) {
		d := deemed(t, manualStages())
		submitted := d.at
		d.verify("1", 1, permitFacts("OLD"))
		tr := fire(d)
		wantEvents(t, tr, schemas.EvBreached, schemas.EvAccepted)
		if !d.file.Dossier.Open.AcceptedAt.Equal(submitted.Time) || tr.Events[1].Code != verdictDeemed {
			t.Errorf("accepted %v as %q", d.file.Dossier.Open.AcceptedAt, tr.Events[1].Code)
		}
		d.wantStage(schemas.StageReview)
		wantEvents(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"}), schemas.EvReviewed)
	})
	t.Run("a timeout approves nothing", func(t *testing.T) {
		d := deemed(t, autoStages())
		wantEvents(t, fire(d), schemas.EvBreached, schemas.EvAccepted)
		d.wantStage(schemas.StageReview)
		wantRejected(t, d.act("1", schemas.OfficerAction{Kind: schemas.ActReview, Officer: "200"}), "not_verified")
		wantEvents(t, d.verify("1", 1, permitFacts("OLD")), schemas.EvVerified, schemas.EvReviewed, schemas.EvApproved)
	})
	t.Run("while it was held", func(t *testing.T) {
		d := deemed(t, autoStages())
		d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "parked")
		wantEvents(t, fire(d), schemas.EvBreached, schemas.EvAccepted)
		d.wantStage(schemas.StageHeld)
		d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectVerify, 1)})
		d.wantStage(schemas.StageReview)
		d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "parked")
		d.wantStage(schemas.StageHeld)
		tr := d.verify("1", 1, &schemas.Facts{})
		if got := eventTypes(tr); got[len(got)-1] != schemas.EvRefused {
			t.Errorf("events %v", got)
		}
		d.wantEnd("1", "refused")
	})
	t.Run("the poller is down", func(t *testing.T) {
		d := deemed(t, manualStages())
		d.verify("1", 1, permitFacts("OLD"))
		d.at = schemas.At(d.clock(ClockDeemed).DueAt.Time)
		tr := d.act("1", schemas.OfficerAction{Kind: schemas.ActNotAccept, Officer: "100"}, schemas.Remark{Opinion: "否"})
		wantEvents(t, tr, schemas.EvBreached, schemas.EvAccepted, schemas.EvRejected)
	})
	t.Run("answered in time", func(t *testing.T) {
		d := deemed(t, manualStages())
		d.verify("1", 1, permitFacts("OLD"))
		k := *d.clock(ClockDeemed)
		d.act("1", schemas.OfficerAction{Kind: schemas.ActRequestSupplement, Officer: "100", Items: []string{itemIdentity}})
		if tr := d.deadline("1", ClockDeemed, 100, k.DueAt, k.DueAt); tr != nil {
			t.Errorf("events %v", eventTypes(tr))
		}
	})
}

func TestReceiptNoticeCarriesTheDeadline(t *testing.T) {
	d := adult(t)
	accepted(d, "2024-09-30 10:00")
	last := d.log[len(d.log)-1]
	if diff := cmp.Diff([]string{"notify-1 N4"}, effectIDs(last)); diff != "" {
		t.Fatal(diff)
	}
	if due := last.Effects[0].DueAt; due == nil || !due.Equal(d.clock(ClockPromised).DueAt.Time) {
		t.Errorf("notice says %v", due)
	}
	d.p.NoticesOff = []string{NoticeReceipt}
	other := newDossier(t, d.p, citizen("19930303", 21))
	accepted(other, "2024-09-30 10:00")
	if last := other.log[len(other.log)-1]; len(last.Effects) != 0 {
		t.Errorf("a notice that is switched off: %v", effectIDs(last))
	}
}
