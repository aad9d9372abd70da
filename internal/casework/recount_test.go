package casework

import (
	"fmt"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/schemas"
)

// with2027 is the calendar with a made-up notice for 2027: these days off, and these make-up days.
func with2027(t tester, off, work []string) *calendar.Calendar {
	t.Helper()
	days := ""
	add := func(day string, isOff bool) {
		if days != "" {
			days += ","
		}
		days += fmt.Sprintf(`{"name": "示例", "date": %q, "isOffDay": %v}`, day, isOff)
	}
	for _, d := range append([]string{"2027-01-01", "2027-05-01", "2027-05-02", "2027-10-01", "2027-10-02", "2027-10-03"}, off...) {
		add(d, true)
	}
	for _, d := range work {
		add(d, false)
	}
	cal, err := calendar.Load(calendars.FS, fstest.MapFS{"2027.json": {Data: []byte(`{"year": 2027, "papers": ["示例通知〔2026〕1号"], "days": [` + days + `]}`)}})
	if err != nil {
		t.Fatalf("calendar: %v", err)
	}
	return cal
}

func (d *dossier) recount(sourceNo string, r *schemas.Recount) *schemas.Transition {
	d.t.Helper()
	return d.send(*RecountInput(d.id, d.no(sourceNo), r, "calendar", d.at))
}

func TestRecountSettlesAProvisionalDeadline(t *testing.T) {
	d := adult(t)
	accepted(d, "2026-12-30 10:00")
	if k := d.clock(ClockPromised); !k.Provisional || !k.DueAt.Equal(shanghai(t, "2027-01-05").Time) {
		t.Fatalf("before: %+v", k)
	}
	old := d.p.Calendar
	later := with2027(t, []string{"2027-01-04"}, nil)
	if r := Recounted(old, d.file.Dossier.Open, EveryClock, "hub"); r != nil {
		t.Errorf("the same calendar counts differently: %+v", r)
	}
	r := Recounted(later, d.file.Dossier.Open, ProvisionalOnly, "hub")
	if r == nil || r.Reason != schemas.RecountNoticeLoaded || len(r.Clocks) != 2 {
		t.Fatalf("recount %+v", r)
	}
	if diff := cmp.Diff([]string{"示例通知〔2026〕1号"}, r.Papers); diff != "" {
		t.Error(diff)
	}
	tr := d.recount("1", r)
	wantEvents(t, tr, schemas.EvRecounted, schemas.EvRecounted)
	ev := tr.Events[0]
	if ev.Clock != ClockPromised || !ev.WasDueAt.Equal(shanghai(t, "2027-01-05").Time) || !ev.DueAt.Equal(shanghai(t, "2027-01-06").Time) ||
		ev.Officer != "hub" || ev.Ref != later.Version() || ev.Code != "notice_loaded" {
		t.Errorf("event %+v", ev)
	}
	k := d.clock(ClockPromised)
	if k.Provisional || !k.DueAt.Equal(shanghai(t, "2027-01-06").Time) || d.file.Dossier.Open.Calendar != later.Version() {
		t.Errorf("after: %+v, calendar %s", k, d.file.Dossier.Open.Calendar)
	}
	if diff := cmp.Diff(encode(t, Recount(later, *k)), encode(t, *k)); diff != "" {
		t.Errorf("the case does not stand as the calendar counts it:\n%s", diff)
	}
	// Applying twice changes nothing: there is nothing to ask for, and what was asked for is void.
	if again := Recounted(later, d.file.Dossier.Open, EveryClock, "hub"); again != nil {
		t.Errorf("asked again: %+v", again)
	}
	if tr := d.recount("1", r); tr != nil {
		t.Errorf("applied again: %v", eventTypes(tr))
	}
	in := RecountInput(d.id, d.no("1"), r, "calendar", d.at)
	in.InputID = "another"
	if tr := d.send(*in); tr != nil {
		t.Errorf("applied under another id: %v", eventTypes(tr))
	}
}

func TestRecountOfAnAmendedNotice(t *testing.T) {
	before := with2027(t, nil, nil)
	accept := func(t *testing.T) *dossier {
		d := adult(t)
		d.p.Calendar = before
		accepted(d, "2027-03-04 10:00") // Thursday; due when Monday ends
		if k := d.clock(ClockPromised); k.Provisional || !k.DueAt.Equal(shanghai(t, "2027-03-09").Time) {
			t.Fatalf("before: %+v", k)
		}
		return d
	}
	earlier := with2027(t, nil, []string{"2027-03-06"}) // a Saturday that works
	t.Run("by itself the hub moves no certain deadline", func(t *testing.T) {
		if r := Recounted(earlier, accept(t).file.Dossier.Open, ProvisionalOnly, "hub"); r != nil {
			t.Errorf("recount %+v", r)
		}
	})
	t.Run("moved into the past it is a breach that the calendar made", func(t *testing.T) {
		d := accept(t)
		d.at = shanghai(t, "2027-03-08 09:00")
		r := Recounted(earlier, d.file.Dossier.Open, EveryClock, "900")
		tr := d.recount("1", r)
		wantEvents(t, tr, schemas.EvRecounted, schemas.EvWarned, schemas.EvWarned, schemas.EvWarned, schemas.EvBreached, schemas.EvRecounted)
		breach := tr.Events[4]
		if !breach.At.Equal(shanghai(t, "2027-03-07").Time) || !breach.DetectedAt.Equal(d.at.Time) || breach.Cause.Kind != schemas.CauseCalendarChange {
			t.Errorf("breach %+v, cause %+v", breach, breach.Cause)
		}
	})
	t.Run("moved later it can be reached again", func(t *testing.T) {
		d := accept(t)
		k := *d.clock(ClockPromised)
		d.at = schemas.At(k.DueAt.Add(time.Hour))
		wantEvents(t, d.deadline("1", ClockPromised, 100, k.DueAt, d.at), schemas.EvBreached)
		later := with2027(t, []string{"2027-03-08", "2027-03-09"}, nil)
		d.recount("1", Recounted(later, d.file.Dossier.Open, EveryClock, "900"))
		k = *d.clock(ClockPromised)
		if k.BreachedAt != nil || k.Cause != nil || !k.DueAt.Equal(shanghai(t, "2027-03-11").Time) {
			t.Fatalf("after: %+v", k)
		}
		d.at = k.DueAt
		tr := d.deadline("1", ClockPromised, 100, k.DueAt, d.at)
		if len(tr.Events) != 1 || tr.Events[0].Type != schemas.EvBreached || tr.Events[0].Cause.Kind != schemas.CauseOwnStage {
			t.Errorf("events %+v", tr.Events)
		}
	})
	t.Run("a case that was paused meanwhile is left alone, and asked again", func(t *testing.T) {
		d := accept(t)
		r := Recounted(earlier, d.file.Dossier.Open, EveryClock, "900")
		d.act("1", schemas.OfficerAction{Kind: schemas.ActSuspend, Officer: "200", Ground: "hearing"}, schemas.Remark{NoticeNo: "1"})
		d.tick(24 * time.Hour)
		d.act("1", schemas.OfficerAction{Kind: schemas.ActResume, Officer: "200"})
		if tr := d.recount("1", r); tr != nil {
			t.Fatalf("events %v", eventTypes(tr))
		}
		r = Recounted(earlier, d.file.Dossier.Open, EveryClock, "900")
		wantEvents(t, d.recount("1", r), schemas.EvRecounted, schemas.EvRecounted)
	})
	t.Run("an ended case is over", func(t *testing.T) {
		d := accept(t)
		r := Recounted(earlier, d.file.Dossier.Open, EveryClock, "900")
		d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{}})
		if tr := d.recount("1", r); tr != nil {
			t.Errorf("events %v", eventTypes(tr))
		}
	})
}

// Another calendar counts a case as if it had counted it from the start, whatever pauses lie between.
func TestRecountEqualsCountingAnew(t *testing.T) {
	before, after := testCalendar(t), with2027(t, []string{"2027-01-04", "2027-02-08", "2027-02-09", "2027-02-10"}, []string{"2027-01-09", "2027-02-20"})
	rapid.Check(t, func(t *rapid.T) {
		started := schemas.At(shanghai(t, "2026-12-20").Add(time.Duration(rapid.Int64Range(0, int64(60*24*time.Hour)).Draw(t, "accepted"))))
		lives := func(cal *calendar.Calendar, marks []time.Duration) *decision {
			c := &schemas.Case{ApplicationNo: "x", Stage: schemas.StageReview}
			w := &decision{p: Haiyan202410(cal), in: &schemas.Input{}, at: started, c: c}
			w.armPromised(started)
			for i := 0; i+1 < len(marks); i += 2 {
				w.at = schemas.At(w.at.Add(marks[i]))
				w.pause("hearing", "")
				w.at = schemas.At(w.at.Add(marks[i+1]))
				w.goOn()
			}
			return w
		}
		var marks []time.Duration
		for range rapid.IntRange(0, 2).Draw(t, "pauses") {
			marks = append(marks, time.Duration(rapid.Int64Range(0, int64(12*time.Hour)).Draw(t, "run")), time.Duration(rapid.Int64Range(1, int64(20*24*time.Hour)).Draw(t, "pause")))
		}
		w, want := lives(before, marks), lives(after, marks)
		if r := Recounted(after, w.c, EveryClock, "hub"); r != nil {
			w.in = RecountInput("d", "x", r, "calendar", w.at)
			w.recount()
		}
		for i, k := range w.c.Clocks {
			if n := want.c.Clocks[i]; !k.DueAt.Equal(n.DueAt.Time) || k.Provisional != n.Provisional {
				t.Fatalf("%s: recounted to %v %v, counted anew %v %v", k.ID, k.DueAt, k.Provisional, n.DueAt, n.Provisional)
			}
		}
		if r := Recounted(after, w.c, EveryClock, "hub"); r != nil {
			t.Fatalf("asked again: %+v", r)
		}
	})
}

func TestCauseOfABreach(t *testing.T) {
	breach := func(d *dossier) schemas.Event {
		k := *d.clock(ClockPromised)
		d.at = schemas.At(k.DueAt.Add(time.Minute))
		tr := d.deadline("1", ClockPromised, 100, k.DueAt, d.at)
		for _, ev := range tr.Events {
			if ev.Type == schemas.EvBreached {
				return ev
			}
		}
		d.t.Fatalf("no breach in %v", eventTypes(tr))
		return schemas.Event{}
	}
	t.Run("a clerk let it lie", func(t *testing.T) {
		d := adult(t)
		accepted(d, "2024-09-10 10:00")
		ev := breach(d)
		want := &schemas.Cause{Kind: schemas.CauseOwnStage, Stage: schemas.StageReview, From: shanghai(t, "2024-09-10 10:00")}
		if diff := cmp.Diff(encode(t, want), encode(t, ev.Cause)); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff(ev.Cause, d.clock(ClockPromised).Cause); diff != "" {
			t.Errorf("the clock says otherwise: %s", diff)
		}
	})
	t.Run("the platform does not answer", func(t *testing.T) {
		d := adult(t)
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		want := &schemas.Cause{Kind: schemas.CauseForeignOutage, System: "epermit", From: d.at}
		if diff := cmp.Diff(encode(t, want), encode(t, breach(d).Cause)); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the platform refused for good, and nobody looked", func(t *testing.T) {
		d := adult(t)
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		d.outcome("1", schemas.EffectIssue, 1, schemas.EffectRefused, "E1")
		if c := breach(d).Cause; c.Kind != schemas.CauseOwnStage || c.Stage != schemas.StageHeld {
			t.Errorf("cause %+v", c)
		}
	})
	t.Run("an outage that ended took most of the time", func(t *testing.T) {
		d := adult(t)
		d.p.PushInsidePromise = true
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		asked := d.at
		d.tick(50 * time.Hour)
		d.issue("1", "NEW")
		answered := d.at
		d.outcome("1", schemas.EffectPublish, 1, schemas.EffectRefused, "E2")
		want := &schemas.Cause{Kind: schemas.CauseForeignOutage, System: "epermit", From: asked, To: &answered}
		if diff := cmp.Diff(encode(t, want), encode(t, breach(d).Cause)); diff != "" {
			t.Error(diff)
		}
	})
}
