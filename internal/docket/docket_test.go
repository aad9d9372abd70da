package docket

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/schemas"
)

// t0 is a Friday in office hours; Saturday and Sunday are off.
var t0 = time.Date(2026, 9, 11, 9, 0, 0, 0, schemas.Shanghai)

func at(d time.Duration) schemas.Time { return schemas.At(t0.Add(d)) }

func ptr(d time.Duration) *schemas.Time { t := at(d); return &t }

func open(t testing.TB, now *time.Time) *Docket {
	t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	return New(func() time.Time { return *now }, func() *calendar.Calendar { return cal })
}

// transition leaves the open case of a person.
func transition(dossier string, partition int32, offset int64, c *schemas.Case, events ...schemas.Event) *schemas.Transition {
	return &schemas.Transition{DossierID: dossier, Input: schemas.InputRef{Partition: partition, Offset: offset}, Events: events, Dossier: schemas.Dossier{Open: c}}
}

func promise(due time.Duration, rungs ...schemas.Rung) schemas.Clock {
	return schemas.Clock{ID: Promise, StartedAt: at(0), DueAt: at(due), Rungs: rungs}
}

func TestStateOf(t *testing.T) {
	fired := []schemas.Rung{{Percent: 50, FiredAt: ptr(0)}}
	for _, row := range []struct {
		clock schemas.Clock
		want  State
	}{
		{schemas.Clock{}, OK},
		{schemas.Clock{Provisional: true}, Provisional},
		{schemas.Clock{Provisional: true, Rungs: fired}, Warned},
		{schemas.Clock{Rungs: fired, PausedAt: ptr(0)}, Paused},
		{schemas.Clock{Rungs: fired, PausedAt: ptr(0), BreachedAt: ptr(0)}, Breached},
	} {
		if got := StateOf(&row.clock); got != row.want {
			t.Errorf("%+v: %s, want %s", row.clock, got, row.want)
		}
	}
}

func TestStanding(t *testing.T) {
	now := t0.Add(2 * time.Hour)
	d := open(t, &now)
	in := func(town string, stage schemas.Stage, submitted time.Duration, clocks ...schemas.Clock) *schemas.Case {
		return &schemas.Case{Stage: stage, SubmittedAt: at(submitted), Clocks: clocks, Submission: schemas.Submission{CurrentDivision: town}}
	}
	breached := promise(-time.Hour)
	breached.BreachedAt = ptr(-time.Hour)
	paused := promise(time.Hour)
	paused.PausedAt = ptr(0)
	resolved := promise(time.Hour)
	resolved.ResolvedAt = ptr(0)
	issued := in("330424002", schemas.StageIssued, 0, resolved)
	issued.IssuedAt = ptr(time.Hour)
	issued.Duties = []schemas.Duty{
		{Effect: schemas.Effect{Kind: schemas.EffectCancel}, Status: schemas.DutyDone},
		{Effect: schemas.Effect{Kind: schemas.EffectCancel}, Status: schemas.DutyRefused},
		{Effect: schemas.Effect{Kind: schemas.EffectNotify}, Status: schemas.DutyOrdered},
	}
	for i, c := range []*schemas.Case{
		in("330424001", schemas.StageReview, time.Minute, promise(15*time.Hour)), // until midnight
		in("330424001", schemas.StageReview, time.Minute, promise(15*time.Hour+time.Microsecond, schemas.Rung{Percent: 50, FiredAt: ptr(0)})),
		in("330424001", schemas.StageApproval, -time.Hour, breached),
		in("330424001", schemas.StageSuspended, 0, paused),
		issued,
		in("330424002", schemas.StageArchived, 0), // nothing follows
	} {
		d.Observe(transition(fmt.Sprint(i), int32(i%2), int64(i), c))
	}
	got := d.Standing()
	review, approval := Tally{Open: 2, DueToday: 1, Warned: 1}, Tally{Open: 1, Breached: 1}
	want := Standing{
		At: now, Partitions: 2, Stages: map[schemas.Stage]Tally{"under_review": review, "under_approval": approval, "suspended": {Open: 1}, "issued": {Open: 1}},
		Deadlines: map[string]map[State]int{Promise: {OK: 1, Warned: 1, Breached: 1, Paused: 1}, "T2": {}, "T3": {}, "T4": {}, "T5": {}, "R8": {}},
		Oldest:    t0.Add(-time.Hour), Superseded: 1, SupersededSince: t0.Add(time.Hour), Horizon: time.Date(2027, 1, 1, 0, 0, 0, 0, schemas.Shanghai),
		Towns: []Town{
			{"330424001", Tally{4, 1, 1, 1}, map[schemas.Stage]Tally{"under_review": review, "under_approval": approval, "suspended": {Open: 1}}},
			{"330424002", Tally{Open: 1}, map[schemas.Stage]Tally{"issued": {Open: 1}}},
		},
		Total:    Tally{5, 1, 1, 1},
		Finished: newFinished(), Recent: newFinished(),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	now = t0.Add(24 * time.Hour)
	if got := d.Standing().Total.DueToday; got != 2 {
		t.Errorf("the day after, %d are due: one by today's end, one since midnight that nobody has found breached yet", got)
	}
}

func TestObserveOnceAndForget(t *testing.T) {
	now := t0
	d := open(t, &now)
	c := &schemas.Case{Stage: schemas.StageReview, SubmittedAt: at(0)}
	if !d.Observe(transition("A", 3, 10, c)) || d.Observe(transition("A", 3, 10, c)) {
		t.Error("new once, and once only")
	}
	d.Observe(transition("B", 4, 10, c))
	if got := d.Standing(); got.Total.Open != 2 || got.Partitions != 2 {
		t.Errorf("%d open in %d partitions", got.Total.Open, got.Partitions)
	}
	// A case that is released from 挂起 changes its stage without an event that says so.
	d.Observe(transition("B", 4, 11, &schemas.Case{Stage: schemas.StageHeld}))
	d.Observe(transition("B", 4, 12, c))
	if diff := cmp.Diff(map[schemas.Stage]Tally{schemas.StageReview: {Open: 2}}, d.Standing().Stages); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	d.Observe(transition("B", 4, 13, nil))
	d.Forget(3)
	if got := d.Standing(); got.Total.Open != 0 || got.Partitions != 1 || !got.Oldest.IsZero() {
		t.Errorf("ended and forgotten: %+v", got)
	}
	if !d.Observe(transition("A", 3, 10, c)) {
		t.Error("assigned again: read from the beginning")
	}
}

func TestFinished(t *testing.T) {
	now := t0.Add(72 * time.Hour) // Monday
	d := open(t, &now)
	offset := int64(0)
	settle := func(dossier string, kind string, accepted, took time.Duration, due time.Duration) {
		no := "no of " + dossier
		offset++
		tr := transition(dossier, 0, offset, nil, schemas.Event{Type: kind, ApplicationNo: no, At: at(accepted + took)})
		tr.Dossier.Ended = []schemas.EndedCase{{ApplicationNo: no, AcceptedAt: ptr(accepted), DueAt: ptr(due)}}
		if !d.Observe(tr) {
			t.Fatal("not new")
		}
	}
	settle("A", schemas.EvIssued, 0, 72*time.Hour, 96*time.Hour)            // Friday 9:00 to Monday 9:00: 6.5 office hours and 30 min
	settle("B", schemas.EvRefused, 0, 5*time.Second, 96*time.Hour)          // Friday
	settle("C", schemas.EvIssued, 72*time.Hour, time.Hour, 73*time.Hour)    // Monday, too late by an instant
	settle("D", schemas.EvWithdrawn, 72*time.Hour, time.Hour, 73*time.Hour) // not settled by the office
	got := d.Standing()
	if diff := cmp.Diff(Finished{Count: 2, Late: 1, Hours: []int{1, 0, 1, 0, 0, 0, 0, 0}, Spans: []int{0, 0, 0, 0, 1, 0, 0, 1, 0}}, got.Finished); diff != "" {
		t.Errorf("today (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(Finished{Count: 3, Late: 1, Hours: []int{2, 0, 1, 0, 0, 0, 0, 0}, Spans: []int{0, 1, 0, 0, 1, 0, 0, 1, 0}}, got.Recent); diff != "" {
		t.Errorf("recent (-want +got):\n%s", diff)
	}
	now = t0.AddDate(0, 0, 31)
	if got := d.Standing().Recent.Count; got != 2 {
		t.Errorf("31 days after Friday: %d recent", got)
	}
	now = t0.AddDate(0, 0, 40)
	settle("E", schemas.EvIssued, 40*24*time.Hour, time.Minute, 42*24*time.Hour)
	if len(d.finished[0]) != 1 {
		t.Errorf("%d days kept", len(d.finished[0]))
	}
}

func TestMetrics(t *testing.T) {
	now := t0.Add(time.Hour)
	d := open(t, &now)
	reg := prometheus.NewPedanticRegistry()
	reg.MustRegister(d)
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	for name, want := range map[string]int{"permithub_open_cases": 11, "permithub_deadlines": 30, "permithub_superseded_permits": 1} {
		if got, err := testutil.GatherAndCount(reg, name); got != want || err != nil {
			t.Errorf("%s: %d series, want %d (%v)", name, got, want, err)
		}
	}
	d.Observe(transition("A", 0, 0, &schemas.Case{Stage: schemas.StageReview, SubmittedAt: at(0), Clocks: []schemas.Clock{promise(time.Hour)}}))
	for name, want := range map[string]float64{"permithub_oldest_open_case_age_seconds": 3600, "permithub_calendar_horizon_timestamp_seconds": 1798732800} {
		if got := gathered(t, reg, name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}

func gathered(t *testing.T, reg prometheus.Gatherer, name string) float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == name {
			return f.GetMetric()[0].GetGauge().GetValue()
		}
	}
	t.Fatalf("no %s", name)
	return 0
}

func BenchmarkStanding(b *testing.B) {
	now := t0
	d := open(b, &now)
	for i := range 100_000 {
		d.Observe(transition(fmt.Sprint(i), 0, int64(i), &schemas.Case{Stage: schemas.StageReview, SubmittedAt: at(0),
			Clocks: []schemas.Clock{promise(time.Hour), {ID: "T4"}}, Submission: schemas.Submission{CurrentDivision: fmt.Sprint(330424000 + i%9)}}))
	}
	for b.Loop() {
		d.Standing()
	}
}
