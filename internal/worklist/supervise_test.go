package worklist

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"pgregory.net/rapid"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/docket"
	"permithub/internal/ops"
	"permithub/schemas"
)

// put applies a transition as the log would have it.
func put(t interface{ Fatal(...any) }, s *Store, offset int64, tr *schemas.Transition) {
	rec, err := tr.Record()
	if err != nil {
		t.Fatal(err)
	}
	f, err := Read(rec.Value)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Apply(context.Background(), 0, []Record{{offset, f}}); err != nil {
		t.Fatal(err)
	}
}

// What a supervisor's page counts is what the metrics count, whatever the log holds: open cases by township and stage, what is due today, warned,
// breached; and the breaches recorded, by clock.
func TestStandingsAgreeWithTheMetrics(t *testing.T) {
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	towns := []string{"330424001", "330424002", "330424101"}
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		now := t0.Add(time.Duration(rapid.IntRange(0, 96).Draw(rt, "now")) * time.Hour)
		d := docket.New(func() time.Time { return now }, func() *calendar.Calendar { return cal })
		reg := prometheus.NewRegistry()
		legs := ops.NewLegs(reg, nil, cal.WorkingTime)
		seq := map[string]int64{}
		for offset := range int64(rapid.IntRange(1, 50).Draw(rt, "records")) {
			dossier := rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F"}).Draw(rt, "dossier")
			seq[dossier]++
			tr := &schemas.Transition{Seq: seq[dossier], DossierID: dossier, ApplicationNo: dossier + "AAAA0", Input: schemas.InputRef{Offset: offset}}
			if rapid.IntRange(0, 4).Draw(rt, "open") > 0 {
				tr.Dossier.Open = drawCase(rt, dossier, rapid.SampledFrom(towns).Draw(rt, "town"))
				for i := range tr.Dossier.Open.Clocks {
					// A limit is breached once: each case of the drawn log has limits of its own.
					if k := &tr.Dossier.Open.Clocks[i]; k.BreachedAt != nil {
						tr.Dossier.Open.ApplicationNo = fmt.Sprintf("%sAA%02d0", dossier, offset)
						tr.Events = append(tr.Events, schemas.Event{Type: schemas.EvBreached, At: *k.BreachedAt, ApplicationNo: tr.Dossier.Open.ApplicationNo, Clock: k.ID, DueAt: &k.DueAt})
					}
				}
			}
			put(rt, s, offset, tr)
			if d.Observe(tr) {
				legs.Observe(tr)
			}
		}
		standings, err := s.Standings(context.Background(), nil)
		if err != nil {
			rt.Fatal(err)
		}
		tomorrow := calendar.Of(now).AddDays(1).Start()
		got := map[string]map[schemas.Stage]docket.Tally{}
		for i := range standings {
			x := &standings[i]
			if got[x.Division] == nil {
				got[x.Division] = map[schemas.Stage]docket.Tally{}
			}
			got[x.Division][x.Stage] = got[x.Division][x.Stage].Plus(x.Tally(tomorrow))
		}
		want := map[string]map[schemas.Stage]docket.Tally{}
		for _, town := range d.Standing().Towns {
			want[town.Division] = town.Stages
		}
		if diff := gocmp.Diff(want, got); diff != "" {
			rt.Fatalf("by township and stage (-docket +worklist)\n%s", diff)
		}
		sum, listed := d.Standing().Total, map[Due]int{}
		for _, due := range Dues() {
			for cursor, more := "", true; more; more = cursor != "" {
				var page []Case
				if page, cursor, err = s.List(context.Background(), Filter{Due: due, Today: calendar.Of(now)}, cursor, 2); err != nil {
					rt.Fatal(err)
				}
				listed[due] += len(page)
			}
		}
		tomorrowOnly := 0
		for i := range standings {
			if x := &standings[i]; x.Running() && x.Day == calendar.Of(now).AddDays(1) {
				tomorrowOnly += x.Cases
			}
		}
		if diff := gocmp.Diff(map[Due]int{Overdue: sum.Breached, DueToday: sum.DueToday, DueTomorrow: tomorrowOnly}, listed); diff != "" {
			rt.Fatalf("listed by deadline (-docket +worklist)\n%s", diff)
		}
		counts, err := s.BreachCounts(context.Background(), time.Time{}, nil)
		if err != nil {
			rt.Fatal(err)
		}
		breached := map[string]int{}
		for _, c := range counts {
			breached[c.Clock] += c.Count
		}
		if diff := gocmp.Diff(counted(rt, reg), breached); diff != "" {
			rt.Fatalf("breaches by clock (-metric +worklist)\n%s", diff)
		}
	})
}

// counted reads the breaches of permithub_deadline_events_total.
func counted(t interface{ Fatal(...any) }, reg *prometheus.Registry) map[string]int {
	families, err := reg.Gather()
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, f := range families {
		if f.GetName() != "permithub_deadline_events_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			if labels := m.GetLabel(); labels[1].GetValue() == "breached" && m.GetCounter().GetValue() > 0 {
				out[labels[0].GetValue()] = int(m.GetCounter().GetValue())
			}
		}
	}
	return out
}

func drawCase(rt *rapid.T, dossier, town string) *schemas.Case {
	c := &schemas.Case{ApplicationNo: dossier + "AAAA0", Stage: rapid.SampledFrom(docket.Stages).Draw(rt, "stage"), SubmittedAt: schemas.At(t0),
		Submission: schemas.Submission{CurrentDivision: town}}
	for _, id := range []string{"T1", "T4"} {
		if !rapid.Bool().Draw(rt, id) {
			continue
		}
		// Midnight itself and the instants about it are where a day is easily lost.
		due := calendar.Of(t0).Start().Add(time.Duration(rapid.IntRange(0, 5).Draw(rt, "day"))*24*time.Hour + time.Duration(rapid.SampledFrom([]int{-1, 0, 1, 3_600_000_000_000}).Draw(rt, "ns")))
		k := schemas.Clock{ID: id, StartedAt: schemas.At(t0), DueAt: schemas.At(due), Provisional: rapid.Bool().Draw(rt, "provisional")}
		at := schemas.At(t0)
		for _, field := range []**schemas.Time{&k.PausedAt, &k.BreachedAt, &k.ResolvedAt} {
			if rapid.IntRange(0, 3).Draw(rt, "set") == 0 {
				*field = &at
			}
		}
		if rapid.Bool().Draw(rt, "warned") {
			k.Rungs = []schemas.Rung{{Percent: 50, At: at, FiredAt: &at}}
		}
		c.Clocks = append(c.Clocks, k)
	}
	return c
}

// act is a transition by an officer's act on the open case, which it leaves open.
func act(seq int64, day int, officer string, e schemas.Event, change func(*schemas.Transition)) *schemas.Transition {
	e.At, e.ApplicationNo, e.Officer = schemas.At(t0.AddDate(0, 0, day)), "AAAAA0", officer
	tr := &schemas.Transition{Seq: seq, DossierID: "A", ApplicationNo: "AAAAA0", Events: []schemas.Event{e}, Person: &schemas.Person{FullName: "张三"},
		Dossier: schemas.Dossier{Open: &schemas.Case{ApplicationNo: "AAAAA0", Stage: schemas.StageReview, SubmittedAt: schemas.At(t0), Submission: schemas.Submission{CurrentDivision: "330424001"}}}}
	if change != nil {
		change(tr)
	}
	return tr
}

func TestActsAreSummedUpByDay(t *testing.T) {
	s := open(t)
	for i, x := range []struct {
		day     int
		officer string
		kind    string
	}{
		{0, "1001", schemas.EvAccepted}, {0, "1001", schemas.EvReturned}, {0, "haiyan-2024-10/1", schemas.EvReviewed}, {1, "1002", schemas.EvApproved},
		{1, "1002", schemas.EvRejected}, {1, "", schemas.EvIssued}, {1, "1001", schemas.EvAccepted},
	} {
		put(t, s, int64(i), act(int64(i+1), x.day, x.officer, schemas.Event{Type: x.kind}, nil))
	}
	day := calendar.Of(t0)
	got, err := s.Acts(t.Context(), day, nil)
	if err != nil {
		t.Fatal(err)
	}
	want := []Acts{{"1001", day, 2}, {"1001", day.AddDays(1), 1}, {"1002", day.AddDays(1), 1}, {"haiyan-2024-10/1", day, 1}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("acts (-want +got)\n%s", diff)
	}
	if got, err := s.Acts(t.Context(), day.AddDays(1), []string{"330424001"}); err != nil || len(got) != 2 {
		t.Errorf("since the second day: %v, %v", got, err)
	}
	if got, err := s.Acts(t.Context(), day, []string{"330424002"}); err != nil || len(got) != 0 {
		t.Errorf("of another township: %v, %v", got, err)
	}
	put(t, s, 7, act(8, KeptDays, "1003", schemas.Event{Type: schemas.EvAccepted}, nil))
	if got, err := s.Acts(t.Context(), day, nil); err != nil || len(got) != 3 || got[0].Day != day.AddDays(1) {
		t.Errorf("after %d days: %v, %v", KeptDays, got, err)
	}
}

// However the log is cut into batches, and whatever comes twice, every act, override and breach counts once.
func TestHistoryCountsEveryRecordOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		var records []Record
		acts, overrides, breaches := 0, 0, 0
		for i := range rapid.IntRange(1, 30).Draw(rt, "records") {
			var e schemas.Event
			officer := "1001"
			switch rapid.IntRange(0, 2).Draw(rt, "kind") {
			case 0:
				e.Type = schemas.EvReviewed
				acts++
			case 1:
				e.Type, e.Reasons = schemas.EvRefused, []string{"officer_judgement"}
				acts++
				overrides++
			case 2:
				due := schemas.At(t0)
				e.Type, e.Clock, e.DueAt, officer = schemas.EvBreached, fmt.Sprint("T", i), &due, ""
				breaches++
			}
			rec, err := act(int64(i+1), 0, officer, e, func(tr *schemas.Transition) { tr.Events[0].At = schemas.At(t0.Add(time.Duration(i) * time.Second)) }).Record()
			if err != nil {
				rt.Fatal(err)
			}
			f, err := Read(rec.Value)
			if err != nil {
				rt.Fatal(err)
			}
			records = append(records, Record{int64(i), f})
		}
		for at := 0; at < len(records); {
			from, to := rapid.IntRange(0, at).Draw(rt, "again from"), rapid.IntRange(at+1, len(records)).Draw(rt, "to")
			if err := s.Apply(context.Background(), 0, records[from:to]); err != nil {
				rt.Fatal(err)
			}
			at = to
		}
		got, err := s.Acts(context.Background(), calendar.Of(t0), nil)
		if err != nil {
			rt.Fatal(err)
		}
		sum := 0
		for _, a := range got {
			sum += a.Count
		}
		made, err := s.Overrides(context.Background(), t0, nil, 100)
		if err != nil {
			rt.Fatal(err)
		}
		lost, err := s.Breaches(context.Background(), t0, nil, 100)
		if err != nil || sum != acts || len(made) != overrides || len(lost) != breaches {
			rt.Fatalf("%d acts, %d overrides, %d breaches, want %d, %d, %d (%v)", sum, len(made), len(lost), acts, overrides, breaches, err)
		}
	})
}

// An ended case's act and breach belong to the township that the file kept.
func TestAnEndedCaseKeepsItsTownship(t *testing.T) {
	s := open(t)
	put(t, s, 0, act(1, 0, "1001", schemas.Event{Type: schemas.EvRefused, Reasons: []string{"no_condition"}}, func(tr *schemas.Transition) {
		tr.Dossier = schemas.Dossier{Ended: []schemas.EndedCase{{ApplicationNo: "AAAAA0", Division: "330424106"}}}
	}))
	if got, err := s.Acts(t.Context(), calendar.Of(t0), []string{"330424106"}); err != nil || len(got) != 1 {
		t.Errorf("got %v, %v", got, err)
	}
}

func TestOverrides(t *testing.T) {
	s := open(t)
	said := func(r schemas.Remark) func(*schemas.Transition) {
		return func(tr *schemas.Transition) {
			r.InputID = "act"
			tr.Events[0].Remark, tr.Person.Remarks = "act", []schemas.Remark{{InputID: "other", Override: "别的"}, r}
		}
	}
	failing := func(tr *schemas.Transition) {
		said(schemas.Remark{Opinion: "特批"})(tr)
		tr.Dossier.Open.Findings = []schemas.Finding{{Rule: "R1", Outcome: "fail"}, {Rule: "R5", Outcome: "pass"}, {Rule: "R6", Outcome: "fail"}, {Rule: "R11", Outcome: "manual"}}
	}
	approved, refused := schemas.Event{Type: schemas.EvApproved}, schemas.Event{Type: schemas.EvRefused, Reasons: []string{"officer_judgement"}}
	for i, x := range []struct {
		officer string
		event   schemas.Event
		change  func(*schemas.Transition)
	}{
		{"1001", schemas.Event{Type: schemas.EvSupplementRequested}, said(schemas.Remark{Override: "系统更新"})},
		{"1001", schemas.Event{Type: schemas.EvSupplementRequested}, said(schemas.Remark{Opinion: "首次"})}, // the first request needs none
		{"1003", approved, failing},
		{"haiyan-2024-10/1", approved, failing}, // not a person's
		{"1003", approved, said(schemas.Remark{Opinion: "同意"})},
		{"1003", refused, said(schemas.Remark{Opinion: "存疑"})},
		{"1003", schemas.Event{Type: schemas.EvRefused, Reasons: []string{"officer_judgement", "no_condition"}}, nil},
		{"1004", schemas.Event{Type: schemas.EvDutyWaived, EffectID: "AAAAA0-cancel-2"}, said(schemas.Remark{Opinion: "证已收回"})},
	} {
		put(t, s, int64(i), act(int64(i+1), i, x.officer, x.event, x.change))
	}
	got, err := s.Overrides(t.Context(), t0, nil, 10)
	if err != nil {
		t.Fatal(err)
	}
	row := func(day int, officer string, kind OverrideKind, rule, reason string) Override {
		return Override{t0.AddDate(0, 0, day), "AAAAA0", "330424001", officer, kind, rule, reason}
	}
	want := []Override{row(7, "1004", Waived, "cancel", "证已收回"), row(5, "1003", Judgement, "", "存疑"), row(2, "1003", AgainstRules, "R1 R6", "特批"), row(0, "1001", AskedAgain, "R7", "系统更新")}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("overrides (-want +got)\n%s", diff)
	}
	counts, err := s.OverrideCounts(t.Context(), t0.AddDate(0, 0, 1), []string{"330424001"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]OverrideCount{{"1003", AgainstRules, 1}, {"1003", Judgement, 1}, {"1004", Waived, 1}}, counts); diff != "" {
		t.Errorf("counts (-want +got)\n%s", diff)
	}
	for _, k := range OverrideKinds() {
		if !slices.ContainsFunc(got, func(o Override) bool { return o.Kind == k }) {
			t.Errorf("no %s", k)
		}
	}
	if got, err := s.Overrides(t.Context(), t0, []string{"330424002"}, 10); err != nil || len(got) != 0 {
		t.Errorf("of another township: %v, %v", got, err)
	}
}

func TestBreachesWithTheirCauses(t *testing.T) {
	s := open(t)
	at := schemas.At(t0)
	breach := func(clock string, cause *schemas.Cause) schemas.Event {
		return schemas.Event{Type: schemas.EvBreached, Clock: clock, DueAt: &at, Cause: cause}
	}
	for i, e := range []schemas.Event{
		breach("T1", &schemas.Cause{Kind: schemas.CauseForeignOutage, System: "epermit"}), breach("T4", &schemas.Cause{Kind: schemas.CauseOwnStage, Stage: schemas.StageReview}),
		breach("T2", nil),
	} {
		put(t, s, int64(i), act(int64(i+1), i, "", e, nil))
	}
	got, err := s.Breaches(t.Context(), t0, nil, 2)
	if err != nil {
		t.Fatal(err)
	}
	want := []Breach{{t0.AddDate(0, 0, 2), "AAAAA0", "330424001", "T2", Cause{}}, {t0.AddDate(0, 0, 1), "AAAAA0", "330424001", "T4", Cause{Kind: schemas.CauseOwnStage, Stage: schemas.StageReview}}}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("breaches (-want +got)\n%s", diff)
	}
	// Another calendar gives the promise more time: what was a breach is none.
	put(t, s, 3, act(4, 3, "", schemas.Event{Type: schemas.EvRecounted, Clock: "T1", DueAt: &at}, func(tr *schemas.Transition) {
		tr.Dossier.Open.Clocks = []schemas.Clock{{ID: "T1", StartedAt: at, DueAt: at}, {ID: "T4", StartedAt: at, DueAt: at, BreachedAt: &at}}
	}))
	counts, err := s.BreachCounts(t.Context(), t0, []string{"330424001"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := gocmp.Diff([]BreachCount{{"T2", Cause{}, 1}, {"T4", Cause{Kind: schemas.CauseOwnStage, Stage: schemas.StageReview}, 1}}, counts); diff != "" {
		t.Errorf("counts (-want +got)\n%s", diff)
	}
}

func TestDivisionsOf(t *testing.T) {
	s := open(t)
	apply(t, s, 0, 0, look{dossier: "A", seq: 1, stage: schemas.StageReview, division: "330424001"}, look{dossier: "B", seq: 1, stage: schemas.StageReview, division: "330424002"})
	got, err := s.DivisionsOf(t.Context(), []string{"A", "C", `"`})
	if diff := gocmp.Diff(map[string]string{"A": "330424001"}, got); err != nil || diff != "" {
		t.Errorf("%v (-want +got)\n%s", err, diff)
	}
}
