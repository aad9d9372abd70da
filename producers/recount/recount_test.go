package recount

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"testing/fstest"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func load(t *testing.T, extra string) *calendar.Calendar {
	t.Helper()
	layer := fstest.MapFS{}
	if extra != "" {
		layer["2027.json"] = &fstest.MapFile{Data: []byte(extra)}
	}
	cal, err := calendar.Load(calendars.FS, layer)
	if err != nil {
		t.Fatal(err)
	}
	return cal
}

const year2027 = `{"year": 2027, "papers": ["示例通知"], "days": [
	{"name": "元旦", "date": "2027-01-01", "isOffDay": true}, {"name": "元旦", "date": "2027-01-04", "isOffDay": true},
	{"name": "劳动节", "date": "2027-05-01", "isOffDay": true}, {"name": "劳动节", "date": "2027-05-02", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-01", "isOffDay": true}, {"name": "国庆节", "date": "2027-10-02", "isOffDay": true},
	{"name": "国庆节", "date": "2027-10-03", "isOffDay": true}]}`

// world is the hub around a recount: the calendar in force, and case-input.
type world struct {
	cal  *calendar.Calendar
	now  time.Time
	sent []schemas.Input
	down error
}

func (w *world) ports() Ports {
	return Ports{
		Calendar: func() *calendar.Calendar { return w.cal },
		Now:      func() time.Time { return w.now },
		Publish: func(_ context.Context, records ...schemas.Record) error {
			if w.down != nil {
				return w.down
			}
			for _, r := range records {
				in, err := schemas.DecodeInput(r.Value)
				if err != nil {
					return err
				}
				w.sent = append(w.sent, *in)
			}
			return nil
		},
	}
}

// accepted is a transition that leaves an open case with T1 as the calendar counts it.
func accepted(serial string, partition int32, cal *calendar.Calendar, at time.Time) *schemas.Transition {
	dossier := schemas.DossierID(schemas.PersonToken([]byte("route key"), serial))
	k := casework.Recount(cal, schemas.Clock{
		ID: casework.ClockPromised, StartedAt: schemas.At(at), Limit: &schemas.Limit{Days: 2, Unit: "working_days", End: "end_of_day"}, Rungs: []schemas.Rung{{Percent: 100}},
	})
	return &schemas.Transition{DossierID: dossier, Input: schemas.InputRef{Partition: partition}, Dossier: schemas.Dossier{
		DossierID: dossier, Open: &schemas.Case{ApplicationNo: schemas.ApplicationNo(dossier, "province", "1"), Stage: schemas.StageReview, Clocks: []schemas.Clock{k}},
	}}
}

var newYearsEve = time.Date(2026, 12, 30, 10, 0, 0, 0, schemas.Shanghai)

func TestANoticeSettlesEachCaseOnce(t *testing.T) {
	w := &world{cal: load(t, ""), now: newYearsEve}
	r := New(w.ports(), slog.New(slog.DiscardHandler))
	a := accepted("a", 0, w.cal, newYearsEve)
	r.Restore(accepted("certain", 0, w.cal, newYearsEve.AddDate(0, -1, 0)))
	r.Restore(a)
	r.Observe(accepted("given away", 1, w.cal, newYearsEve))
	ended := accepted("ended", 0, w.cal, newYearsEve)
	r.Observe(ended)
	ended.Dossier.Open = nil
	r.Observe(ended)
	r.Forget(1)
	settle := func(want int) {
		t.Helper()
		if n, err := r.settle(t.Context()); err != nil || n != want {
			t.Fatalf("%d recounts, %v; want %d", n, err, want)
		}
	}
	settle(0) // still no notice
	w.cal = load(t, year2027)
	w.down = errors.New("no Kafka")
	if _, err := r.settle(t.Context()); err == nil {
		t.Fatal("an outage is no error")
	}
	w.down = nil
	settle(1)
	in := w.sent[0]
	if in.ApplicationNo != a.Dossier.Open.ApplicationNo || in.Kind != schemas.InputRecount || in.Recount.Reason != schemas.RecountNoticeLoaded ||
		in.Recount.Officer != Source || !slices.Equal(in.Recount.Papers, []string{"示例通知"}) {
		t.Errorf("input %+v", in)
	}
	if k := in.Recount.Clocks[0]; k.Provisional || !k.DueAt.Equal(time.Date(2027, 1, 6, 0, 0, 0, 0, schemas.Shanghai)) {
		t.Errorf("clock %+v", k)
	}
	settle(0) // the log has not answered yet
	w.now = w.now.Add(patience)
	settle(1) // and does not: the same again, under the same id
	if w.sent[1].InputID != in.InputID {
		t.Error("a repeat has another id")
	}
	r.Observe(accepted("a", 0, w.cal, newYearsEve)) // now it has
	w.now = w.now.Add(patience)
	settle(0)
}

func TestRunLooksBySeconds(t *testing.T) {
	cal, later := load(t, ""), load(t, year2027)
	synctest.Test(t, func(t *testing.T) {
		w := &world{cal: cal, now: newYearsEve}
		r := New(w.ports(), slog.New(slog.DiscardHandler))
		r.Observe(accepted("a", 0, cal, newYearsEve))
		w.cal = later
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { r.Run(ctx); close(done) }()
		time.Sleep(2 * Every)
		synctest.Wait()
		if len(w.sent) != 1 {
			t.Errorf("%d recounts", len(w.sent))
		}
		cancel()
		<-done
	})
}
