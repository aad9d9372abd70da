package ops

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/schemas"
)

var start = time.Date(2026, 9, 25, 9, 0, 0, 0, schemas.Shanghai)

func at(d time.Duration) schemas.Time { return schemas.At(start.Add(d)) }

func ptr(d time.Duration) *schemas.Time { t := at(d); return &t }

const (
	appNo = "K3JQ2Z7XA4MNABCD0"
	n1    = appNo + "-notify-1"
)

// story is one case from submission to archive, with the offsets of its inputs.
func story() []*schemas.Transition {
	issued := schemas.Case{ApplicationNo: appNo, SubmittedAt: at(0), AcceptedAt: ptr(time.Minute), DecidedAt: ptr(time.Hour), IssuedAt: ptr(time.Hour + time.Second),
		Stage: schemas.StageIssued, Duties: []schemas.Duty{{Effect: schemas.Effect{EffectID: n1, Kind: schemas.EffectNotify, Notice: "N1"}}}}
	ended := []schemas.EndedCase{{ApplicationNo: appNo, Outcome: "issued", SubmittedAt: at(0), AcceptedAt: issued.AcceptedAt, IssuedAt: issued.IssuedAt, Duties: issued.Duties}}
	open := func(stage schemas.Stage) schemas.Dossier {
		c := issued
		c.Stage = stage
		return schemas.Dossier{Open: &c}
	}
	step := func(offset int64, kind schemas.InputKind, d schemas.Dossier, events ...schemas.Event) *schemas.Transition {
		for i := range events {
			events[i].ApplicationNo = appNo
		}
		return &schemas.Transition{DossierID: appNo[:12], ApplicationNo: appNo, Input: schemas.InputRef{Kind: kind, Partition: 3, Offset: offset}, Events: events, Dossier: d}
	}
	return []*schemas.Transition{
		step(10, schemas.InputSubmission, open(schemas.StageSubmitted), schemas.Event{Type: schemas.EvSubmitted, At: at(0), To: schemas.StageSubmitted}),
		step(11, schemas.InputOfficerAction, open(schemas.StageReview), schemas.Event{Type: schemas.EvAccepted, At: at(time.Minute)}),
		step(14, schemas.InputDeadlineReached, open(schemas.StageReview), schemas.Event{Type: schemas.EvWarned, At: at(30 * time.Minute), Clock: "T1", Rung: 50, DetectedAt: ptr(30*time.Minute + 2*time.Second)}),
		step(15, schemas.InputOfficerAction, open(schemas.StageIssuing), schemas.Event{Type: schemas.EvApproved, At: at(time.Hour)}),
		step(20, schemas.InputEffectResult, open(schemas.StageIssued), schemas.Event{Type: schemas.EvIssued, At: at(time.Hour + time.Second)}),
		step(21, schemas.InputEffectResult, open(schemas.StageIssued), schemas.Event{Type: schemas.EvNoticeSent, EffectID: n1, At: at(time.Hour + 3*time.Second)}),
		step(22, schemas.InputEffectResult, open(schemas.StageIssued), schemas.Event{Type: schemas.EvPermitCancelled, At: at(time.Hour)}), // the far side's clock is behind
		step(23, schemas.InputEffectResult, schemas.Dossier{Ended: ended}, schemas.Event{Type: schemas.EvLicencePushed, At: at(time.Hour + 11*time.Second)},
			schemas.Event{Type: schemas.EvClosed, At: at(time.Hour + 11*time.Second)}),
	}
}

func TestMeasures(t *testing.T) {
	var got []Measure
	for _, step := range story() {
		got = append(got, Measures(step)...)
	}
	want := []Measure{
		{LegReceivedAccepted, time.Minute},
		{LegAcceptedDecided, 59 * time.Minute},
		{LegDecidedIssued, time.Second},
		{LegIssuedSMSAccepted, 2 * time.Second},
		{LegIssuedCancelled, 0},
		{LegIssuedPushed, 10 * time.Second},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMeasuresOfOtherNoticesAndRefusals(t *testing.T) {
	c := &schemas.Case{ApplicationNo: appNo, AcceptedAt: ptr(0), IssuedAt: ptr(0), Duties: []schemas.Duty{{Effect: schemas.Effect{EffectID: "x", Notice: "N4"}}}}
	got := Measures(&schemas.Transition{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{
		{Type: schemas.EvNoticeSent, ApplicationNo: appNo, EffectID: "x", At: at(time.Second)},
		{Type: schemas.EvRefused, ApplicationNo: appNo, At: at(time.Second)},
		{Type: schemas.EvIssued, ApplicationNo: "of another case", At: at(time.Second)},
	}})
	if diff := cmp.Diff([]Measure{{LegAcceptedDecided, time.Second}}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func openCases(t *testing.T, reg *prometheus.Registry) map[string]float64 {
	t.Helper()
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]float64{}
	for _, f := range families {
		if f.GetName() != "permithub_open_cases" {
			continue
		}
		for _, m := range f.GetMetric() {
			if v := m.GetGauge().GetValue(); v != 0 {
				got[m.GetLabel()[0].GetValue()] = v
			}
		}
	}
	return got
}

func TestObserve(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLegs(reg, []string{"r4_local_hukou"})
	steps := story()
	for _, s := range steps[:6] {
		l.Observe(s)
	}
	l.Observe(steps[4]) // handed over again: changes nothing
	if diff := cmp.Diff(map[string]float64{"issued": 1}, openCases(t, reg)); diff != "" {
		t.Errorf("open after issue (-want +got):\n%s", diff)
	}
	for _, s := range steps[6:] {
		l.Observe(s)
	}
	if diff := cmp.Diff(map[string]float64{}, openCases(t, reg)); diff != "" {
		t.Errorf("open after the end (-want +got):\n%s", diff)
	}
	for name, want := range map[string]float64{"issued": 1, "withdrawn": 0} {
		if got := testutil.ToFloat64(l.outcomes.WithLabelValues(name, noReason)); got != want {
			t.Errorf("outcome %s: %v, want %v", name, got, want)
		}
	}
	if got := testutil.ToFloat64(l.inputs.WithLabelValues("effect_result")); got != 4 {
		t.Errorf("effect results: %v, want 4", got)
	}
	if got := testutil.ToFloat64(l.clocks.WithLabelValues("T1", "warned")); got != 1 {
		t.Errorf("T1 warnings: %v, want 1", got)
	}
}

func TestReasonClass(t *testing.T) {
	l := NewLegs(prometheus.NewRegistry(), []string{"r4_local_hukou"})
	for _, row := range []struct {
		name    string
		reasons []string
		want    string
	}{
		{"none", nil, "none"},
		{"known", []string{"r4_local_hukou"}, "r4_local_hukou"},
		{"unknown never becomes a label", []string{"made up by a caller"}, "other"},
		{"several", []string{"r4_local_hukou", "no_condition"}, "several"},
	} {
		if got := l.class(row.reasons); got != row.want {
			t.Errorf("%s: %s, want %s", row.name, got, row.want)
		}
	}
}

func TestRestoreAndForget(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLegs(reg, nil)
	steps := story()
	l.Restore(steps[0])
	l.Restore(steps[1])
	if got := testutil.ToFloat64(l.inputs.WithLabelValues("submission")); got != 0 {
		t.Errorf("a restored input was counted: %v", got)
	}
	if diff := cmp.Diff(map[string]float64{"under_review": 1}, openCases(t, reg)); diff != "" {
		t.Errorf("restored (-want +got):\n%s", diff)
	}
	l.Forget(3)
	if diff := cmp.Diff(map[string]float64{}, openCases(t, reg)); diff != "" {
		t.Errorf("forgotten (-want +got):\n%s", diff)
	}
	l.Restore(steps[0]) // assigned again: read from the beginning
	if diff := cmp.Diff(map[string]float64{"submitted": 1}, openCases(t, reg)); diff != "" {
		t.Errorf("assigned again (-want +got):\n%s", diff)
	}
}

// A case that is released from 挂起 changes its stage without an event that says so.
func TestHeldCaseIsReleased(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLegs(reg, nil)
	for i, stage := range []schemas.Stage{schemas.StageIssued, schemas.StageHeld, schemas.StageIssued} {
		l.Observe(&schemas.Transition{DossierID: "D", Input: schemas.InputRef{Offset: int64(i)}, Dossier: schemas.Dossier{Open: &schemas.Case{Stage: stage}}})
	}
	if diff := cmp.Diff(map[string]float64{"issued": 1}, openCases(t, reg)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The names are what promlint accepts, every series stands at zero from the start, and there are few of them.
func TestMetricsAreCleanAndClosed(t *testing.T) {
	reg := prometheus.NewRegistry()
	NewLegs(reg, []string{"r4_local_hukou"})
	NewSystems(reg).Breaker("epermit", BreakerConfig{})
	if _, err := NewLogger(&strings.Builder{}, LogConfig{}, reg); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	for name, want := range map[string]int{
		"permithub_leg_seconds": 6, "permithub_inputs_total": 11, "permithub_outcomes_total": 11, "permithub_open_cases": 11,
		"permithub_breaker_open": 1, "permithub_foreign_call_seconds": 6, "permithub_deadline_events_total": 14, "permithub_log_redactions_total": 1,
	} {
		if got, err := testutil.GatherAndCount(reg, name); got != want || err != nil {
			t.Errorf("%s: %d series, want %d (%v)", name, got, want, err)
		}
	}
}
