package docket

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

// drawLog draws what happens to a few files of one partition within some months: cases are open, move, are finished and end.
func drawLog(t *rapid.T) []*schemas.Transition {
	var log []*schemas.Transition
	offset := int64(-1)
	hours := 0
	for range rapid.IntRange(0, 40).Draw(t, "transitions") {
		offset += int64(rapid.IntRange(1, 3).Draw(t, "inputs"))
		hours += rapid.IntRange(0, 100).Draw(t, "hours")
		dossier := fmt.Sprint("D", rapid.IntRange(0, 4).Draw(t, "dossier"))
		no := dossier + "-1"
		accepted, now := time.Duration(hours-5)*time.Hour, time.Duration(hours)*time.Hour
		var c *schemas.Case
		if stage := rapid.SampledFrom(append([]schemas.Stage{"", schemas.StageArchived}, Stages...)).Draw(t, "stage"); stage != "" {
			c = &schemas.Case{ApplicationNo: no, Stage: stage, SubmittedAt: at(accepted), AcceptedAt: ptr(accepted), Clocks: []schemas.Clock{promise(accepted + 4*time.Hour)}}
		}
		var events []schemas.Event
		if kind := rapid.SampledFrom([]string{"", schemas.EvIssued, schemas.EvRefused, schemas.EvReviewed}).Draw(t, "event"); kind != "" {
			events = append(events, schemas.Event{Type: kind, ApplicationNo: no, At: at(now)})
		}
		tr := transition(dossier, 3, offset, c, events...)
		tr.Dossier.Ended = []schemas.EndedCase{{ApplicationNo: no, AcceptedAt: ptr(accepted), DueAt: ptr(accepted + 6*time.Hour)}}
		log = append(log, tr)
	}
	return log
}

// restore takes in a log as a restore does: what is wanted of the past, then where each file stands.
func (d *Docket) restore(t *rapid.T, log []*schemas.Transition) {
	last := map[string]*schemas.Transition{}
	for _, tr := range log {
		h := &schemas.Head{}
		for i := range tr.Events {
			h.Events = append(h.Events, schemas.EventHead{Type: []byte(tr.Events[i].Type), At: tr.Events[i].At})
		}
		if d.Wants(h) {
			d.Past(tr)
		}
		last[tr.DossierID] = tr
	}
	for _, tr := range last { // in no order
		if tr.Dossier.Open != nil || rapid.Bool().Draw(t, "told of a closed one too") {
			d.Restore(tr)
		}
	}
	resume := int64(0)
	if len(log) > 0 {
		resume = log[len(log)-1].Input.Offset + 1
	}
	d.Restored(3, resume)
}

// reload puts what was saved in place of the past.
func (d *Docket) reload(t *rapid.T) {
	raw, err := d.Save(3)
	if err != nil {
		t.Fatal(err)
	}
	delete(d.finished, 3)
	if err := d.Load(3, raw); err != nil {
		t.Fatal(err)
	}
	if again, err := d.Save(3); err != nil || string(again) != string(raw) {
		t.Fatalf("saved again: %s, was %s (%v)", again, raw, err)
	}
}

// However much of the log is restored and how much observed: the docket is as if it had observed all.
func TestARestoredDocketIsAsIfItHadObservedAll(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		log := drawLog(rt)
		now := t0.Add(time.Duration(rapid.IntRange(0, 2000).Draw(rt, "now")) * time.Hour)
		whole, restored := open(t, &now), open(t, &now)
		cut := rapid.IntRange(0, len(log)).Draw(rt, "restored")
		restored.restore(rt, log[:cut])
		if rapid.Bool().Draw(rt, "saved and loaded") {
			restored.reload(rt)
		}
		for i, tr := range log {
			whole.Observe(tr)
			if got := restored.Observe(tr); got != (i >= cut) {
				rt.Fatalf("transition %d of %d restored is new: %v", i, cut, got)
			}
		}
		want, got := whole.Standing(), restored.Standing()
		want.Partitions = 1 // a partition that holds nothing is held all the same
		if diff := cmp.Diff(want, got); diff != "" {
			rt.Fatalf("(-observed +restored):\n%s", diff)
		}
		restored.Forget(3)
		if got := restored.Standing(); got.Partitions != 0 || got.Total.Open != 0 || got.Recent.Count != 0 {
			rt.Fatalf("forgotten: %+v", got)
		}
	})
}

// A past that was counted by other office hours, or by two sorts of them, is not taken: the log is counted anew.
func TestASavedPastOfAnotherCalendar(t *testing.T) {
	now := t0.Add(time.Hour)
	years := []*calendar.Calendar{load(t), load(t, year2027)}
	inForce := years[0]
	d := New(func() time.Time { return now }, func() *calendar.Calendar { return inForce })
	issue := func(offset int64) {
		tr := transition("A", 0, offset, nil, schemas.Event{Type: schemas.EvIssued, ApplicationNo: "A-1", At: at(time.Hour)})
		tr.Dossier.Ended = []schemas.EndedCase{{ApplicationNo: "A-1", AcceptedAt: ptr(0)}}
		d.Observe(tr)
	}
	save := func() []byte {
		raw, err := d.Save(0)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	}
	issue(0)
	first := save()
	if err := d.Load(0, first); err != nil || d.Standing().Recent.Count != 1 {
		t.Errorf("loaded with %v, %d recent", err, d.Standing().Recent.Count)
	}
	inForce = years[1]
	if err := d.Load(0, first); err == nil {
		t.Error("loaded by another calendar")
	}
	issue(1)
	for _, inForce = range years {
		if err := d.Load(0, save()); err == nil {
			t.Error("loaded though two calendars counted it")
		}
	}
	d.Forget(0)
	if err := d.Load(0, save()); err != nil {
		t.Errorf("nothing counted: %v", err)
	}
	for _, raw := range []string{``, `null`, `[]`, `{"calendar":"` + inForce.Version() + `"}`} {
		if err := d.Load(0, []byte(raw)); err == nil {
			t.Errorf("loaded %q", raw)
		}
	}
}

const year2027 = `{"year": 2027, "papers": ["示例通知"], "days": [
	{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-02", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-01", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-02", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`

func load(t *testing.T, further ...string) *calendar.Calendar {
	t.Helper()
	layer := fstest.MapFS{}
	for _, text := range further {
		layer["2027.json"] = &fstest.MapFile{Data: []byte(text)}
	}
	cal, err := calendar.Load(calendars.FS, layer)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}
