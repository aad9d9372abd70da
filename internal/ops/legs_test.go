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
		Stage: schemas.StageIssued, Clocks: []schemas.Clock{{ID: "T1", DueAt: at(48 * time.Hour)}},
		Duties: []schemas.Duty{{Effect: schemas.Effect{EffectID: n1, Kind: schemas.EffectNotify, Notice: "N1"}, OrderedAt: at(time.Hour + time.Second)}}}
	ended := []schemas.EndedCase{{ApplicationNo: appNo, Outcome: "issued", SubmittedAt: at(0), AcceptedAt: issued.AcceptedAt, IssuedAt: issued.IssuedAt, Duties: issued.Duties,
		Opinions: []schemas.Opinion{{Level: "review", At: at(time.Minute)}, {Level: "approval", At: at(time.Hour)}}}}
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

type took struct {
	leg string
	d   time.Duration
}

func measured(t *schemas.Transition) (all []took) {
	for _, m := range Measures(t) {
		all = append(all, took{m.Leg, m.Took()})
	}
	return all
}

func TestMeasures(t *testing.T) {
	var got []took
	for _, step := range story() {
		got = append(got, measured(step)...)
	}
	want := []took{
		{LegReceivedAccepted, time.Minute},
		{LegAcceptedDecided, 59 * time.Minute},
		{LegDecidedIssued, time.Second},
		{LegAcceptedSettled, 59*time.Minute + time.Second},
		{LegNoticeOrderedSent, 2 * time.Second},
		{LegIssuedSMSAccepted, 2 * time.Second},
		{LegIssuedCancelled, 0},
		{LegIssuedPushed, 10 * time.Second},
		{LegDecidedPushed, 11 * time.Second},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(took{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestMeasuresOfOtherNoticesAndRefusals(t *testing.T) {
	c := &schemas.Case{ApplicationNo: appNo, AcceptedAt: ptr(0), IssuedAt: ptr(0), Duties: []schemas.Duty{{Effect: schemas.Effect{EffectID: "x", Notice: "N4"}, OrderedAt: at(time.Second)}}}
	got := measured(&schemas.Transition{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{
		{Type: schemas.EvNoticeSent, ApplicationNo: appNo, EffectID: "x", At: at(3 * time.Second)},
		{Type: schemas.EvRefused, ApplicationNo: appNo, At: at(time.Second)},
		{Type: schemas.EvIssued, ApplicationNo: "of another case", At: at(time.Second)},
	}})
	want := []took{{LegNoticeOrderedSent, 2 * time.Second}, {LegAcceptedDecided, time.Second}, {LegAcceptedSettled, time.Second}}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(took{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// office counts half of all time.
func office(from, to time.Time) time.Duration { return to.Sub(from) / 2 }

func TestObserve(t *testing.T) {
	l := NewLegs(prometheus.NewRegistry(), []string{"r4_local_hukou"}, office)
	for _, s := range story() {
		l.Observe(s)
	}
	for name, row := range map[string]struct {
		counter prometheus.Counter
		want    float64
	}{
		"issued":         {l.outcomes.WithLabelValues("issued", noReason), 1},
		"withdrawn":      {l.outcomes.WithLabelValues("withdrawn", noReason), 0},
		"effect results": {l.inputs.WithLabelValues("effect_result"), 4},
		"T1 warnings":    {l.clocks.WithLabelValues("T1", "warned"), 1},
		"kept":           {l.promises.WithLabelValues(kept), 1},
		"broken":         {l.promises.WithLabelValues(broken), 0},
	} {
		if got := testutil.ToFloat64(row.counter); got != row.want {
			t.Errorf("%s: %v, want %v", name, got, row.want)
		}
	}
}

// A promise is broken once, when its deadline is passed, however and whenever the case is settled after that.
func TestPromises(t *testing.T) {
	due := at(time.Hour)
	c := &schemas.Case{ApplicationNo: appNo, AcceptedAt: ptr(0), Clocks: []schemas.Clock{{ID: "T1", DueAt: due}}}
	ended := []schemas.EndedCase{{ApplicationNo: appNo, AcceptedAt: ptr(0), DueAt: &due}}
	breach := schemas.Event{Type: schemas.EvBreached, Clock: "T1", At: due}
	for _, row := range []struct {
		name         string
		steps        []schemas.Transition
		kept, broken float64
	}{
		{"issued in time", []schemas.Transition{{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{{Type: schemas.EvIssued, At: at(time.Hour - time.Microsecond)}}}}, 1, 0},
		{"refused in time", []schemas.Transition{{Dossier: schemas.Dossier{Ended: ended}, Events: []schemas.Event{{Type: schemas.EvRefused, At: at(time.Minute)}}}}, 1, 0},
		{"issued at the first instant that is too late", []schemas.Transition{{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{breach, {Type: schemas.EvIssued, At: due}}}}, 0, 1},
		{"broken, then refused", []schemas.Transition{{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{breach}}, {Dossier: schemas.Dossier{Ended: ended}, Events: []schemas.Event{{Type: schemas.EvRefused, At: at(2 * time.Hour)}}}}, 0, 1},
		{"another clock", []schemas.Transition{{Dossier: schemas.Dossier{Open: c}, Events: []schemas.Event{{Type: schemas.EvBreached, Clock: "T3", At: due}}}}, 0, 0},
	} {
		l := NewLegs(prometheus.NewRegistry(), nil, office)
		for i := range row.steps {
			for j := range row.steps[i].Events {
				row.steps[i].Events[j].ApplicationNo = appNo
			}
			l.Observe(&row.steps[i])
		}
		if k, b := testutil.ToFloat64(l.promises.WithLabelValues(kept)), testutil.ToFloat64(l.promises.WithLabelValues(broken)); k != row.kept || b != row.broken {
			t.Errorf("%s: kept %v, broken %v", row.name, k, b)
		}
	}
}

func TestWorkhours(t *testing.T) {
	reg := prometheus.NewRegistry()
	l := NewLegs(reg, nil, office)
	for _, s := range story() {
		l.Observe(s)
	}
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := map[float64]uint64{}
	for _, f := range families {
		if f.GetName() == "permithub_leg_workhours" {
			for _, b := range f.GetMetric()[0].GetHistogram().GetBucket() { // accepted_decided: 59 min, half of them at work
				got[b.GetUpperBound()] = b.GetCumulativeCount()
			}
		}
	}
	if diff := cmp.Diff(map[float64]uint64{1: 1, 4: 1, 8: 1, 12: 1, 16: 1, 20: 1, 24: 1}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestReasonClass(t *testing.T) {
	l := NewLegs(prometheus.NewRegistry(), []string{"r4_local_hukou"}, office)
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

// The names are what promlint accepts, every series stands at zero from the start, and there are few of them.
func TestMetricsAreCleanAndClosed(t *testing.T) {
	reg := prometheus.NewRegistry()
	NewLegs(reg, []string{"r4_local_hukou"}, office)
	NewSystems(reg).Breaker("epermit", BreakerConfig{})
	if _, err := NewLogger(&strings.Builder{}, LogConfig{}, reg); err != nil {
		t.Fatal(err)
	}
	problems, err := testutil.GatherAndLint(reg)
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v %v", problems, err)
	}
	for name, want := range map[string]int{
		"permithub_leg_seconds": 9, "permithub_leg_workhours": 3, "permithub_promises_total": 2, "permithub_inputs_total": 11, "permithub_outcomes_total": 11,
		"permithub_breaker_open": 1, "permithub_foreign_call_seconds": 6, "permithub_deadline_events_total": 14, "permithub_log_redactions_total": 1,
	} {
		if got, err := testutil.GatherAndCount(reg, name); got != want || err != nil {
			t.Errorf("%s: %d series, want %d (%v)", name, got, want, err)
		}
	}
}
