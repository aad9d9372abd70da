package worklist

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"pgregory.net/rapid"

	"permithub/internal/calendar"
	"permithub/schemas"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var t0 = time.Date(2026, 3, 2, 9, 0, 0, 0, schemas.Shanghai)

func open(t interface {
	Helper()
	Fatal(...any)
	Context() context.Context
	Cleanup(func())
}) *Store {
	t.Helper()
	s, err := Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// look is what a test says of a case; it stands for one transition of the file.
type look struct {
	dossier  string
	seq      int64
	stage    schemas.Stage // "" is no open case
	division string
	name     string
	due      time.Duration // after t0; 0 runs no clock
	kind     schemas.RecognitionType
	paused   bool
}

func (l look) no() string { return l.dossier + "AAAA0" }

func (l look) transition() *schemas.Transition {
	t := &schemas.Transition{Seq: l.seq, DossierID: l.dossier, ApplicationNo: l.no(), Person: &schemas.Person{FullName: l.name}}
	if l.stage == "" {
		return t
	}
	c := &schemas.Case{ApplicationNo: l.no(), Stage: l.stage, SubmittedAt: schemas.At(t0), Submission: schemas.Submission{CurrentDivision: l.division,
		RecognitionType: l.kind, Channel: schemas.Online}, Opinions: []schemas.Opinion{{Level: "acceptance", Officer: "1001"}}}
	if l.due != 0 {
		k := schemas.Clock{ID: "T1", StartedAt: schemas.At(t0), DueAt: schemas.At(t0.Add(l.due))}
		if l.paused {
			k.PausedAt = &k.StartedAt
		}
		c.Clocks = []schemas.Clock{k}
	}
	t.Dossier.Open = c
	return t
}

// file is what the log would have said.
func (l look) file() *File {
	return fileOf(l.transition())
}

// fileOf is what the log would have said of a transition.
func fileOf(t *schemas.Transition) *File {
	rec, err := t.Record()
	if err != nil {
		panic(err)
	}
	f, err := Read(rec.Value)
	if err != nil {
		panic(err)
	}
	return f
}

func apply(t interface {
	Helper()
	Fatal(...any)
}, s *Store, partition int32, from int64, looks ...look) {
	t.Helper()
	records := make([]Record, len(looks))
	for i := range looks {
		records[i] = Record{from + int64(i), looks[i].file()}
	}
	if err := s.Apply(context.Background(), partition, records); err != nil {
		t.Fatal(err)
	}
}

func numbers(cases []Case) []string {
	out := []string{}
	for i := range cases {
		out = append(out, cases[i].ApplicationNo)
	}
	return out
}

func TestListIsByUrgency(t *testing.T) {
	s := open(t)
	apply(t, s, 0, 0,
		look{dossier: "LATER", seq: 1, stage: schemas.StageReview, division: "330424001", due: 5 * time.Hour, name: "李四"},
		look{dossier: "SOON", seq: 1, stage: schemas.StageReview, division: "330424002", due: time.Hour, name: "张三"},
		look{dossier: "PAUSED", seq: 1, stage: schemas.StageSuspended, division: "330424001", due: time.Minute, paused: true},
		look{dossier: "NONE", seq: 1, stage: schemas.StagePreExamine, division: "330424001"},
		look{dossier: "ENDED", seq: 1, stage: schemas.StageReview, division: "330424001"}, look{dossier: "ENDED", seq: 2})
	for name, tc := range map[string]struct {
		filter Filter
		want   string
	}{
		"all":      {Filter{}, "SOON LATER NONE PAUSED"},
		"queue":    {Filter{Queues: []Queue{Review}}, "SOON LATER"},
		"township": {Filter{Divisions: []string{"330424001"}}, "LATER NONE PAUSED"},
		"both":     {Filter{Queues: []Queue{Review, Acceptance}, Divisions: []string{"330424002"}}, "SOON"},
		"nobody's": {Filter{Divisions: []string{"330424999"}}, ""},
		"type":     {Filter{Type: schemas.ExistingPermit}, ""},
		"channel":  {Filter{Channel: schemas.Online, Queues: []Queue{Review}}, "SOON LATER"},
	} {
		t.Run(name, func(t *testing.T) {
			cases, next, err := s.List(t.Context(), tc.filter, "", 10)
			if err != nil || next != "" {
				t.Fatalf("next %q, error %v", next, err)
			}
			if got := strings.ReplaceAll(strings.Join(numbers(cases), " "), "AAAA0", ""); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	c, err := s.Case(t.Context(), "SOON")
	if err != nil || c == nil || c.Name != "张三" || c.Version != 1 || c.Opinions["acceptance"] != "1001" || !c.DueAt.Equal(t0.Add(time.Hour)) {
		t.Errorf("case: got %+v, %v", c, err)
	}
	if c, err := s.Case(t.Context(), "ENDED"); c != nil || err != nil {
		t.Errorf("ended case: got %+v, %v", c, err)
	}
}

func TestByName(t *testing.T) {
	s := open(t)
	apply(t, s, 0, 0,
		look{dossier: "A", seq: 1, stage: schemas.StageReview, division: "330424001", name: "张三丰"},
		look{dossier: "B", seq: 1, stage: schemas.StageReview, division: "330424002", name: "张三"},
		look{dossier: "C", seq: 1, stage: schemas.StageReview, division: "330424001", name: "张%"},
		look{dossier: "D", seq: 1, stage: schemas.StageReview, division: "330424001", name: "𠮷田"})
	for name, tc := range map[string]struct {
		prefix    string
		divisions []string
		want      []string
	}{
		"whole":             {"张三", nil, []string{"BAAAA0", "AAAAA0"}},
		"township":          {"张三", []string{"330424001", "330424005"}, []string{"AAAAA0"}},
		"no wildcard":       {"张%", nil, []string{"CAAAA0"}},
		"extension B":       {"𠮷", nil, []string{"DAAAA0"}},
		"nobody":            {"王", nil, []string{}},
		"a quote is a text": {"'; DROP TABLE open_case; --", nil, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := s.ByName(t.Context(), tc.prefix, tc.divisions, 10)
			if err != nil {
				t.Fatal(err)
			}
			if diff := gocmp.Diff(tc.want, numbers(got)); diff != "" {
				t.Errorf("found (-want +got)\n%s", diff)
			}
		})
	}
}

func TestPlacesAndMark(t *testing.T) {
	s := open(t)
	apply(t, s, 3, 7, look{dossier: "A", seq: 1, stage: schemas.StageReview}, look{dossier: "B", seq: 1, stage: schemas.StageReview}, look{dossier: "A", seq: 2})
	partition, offsets, err := s.Places(t.Context(), "A")
	if err != nil || partition != 3 || !slices.Equal(offsets, []int64{7, 9}) {
		t.Errorf("places: got %d %v, %v", partition, offsets, err)
	}
	next, err := s.Next(t.Context(), 3)
	if err != nil || next != 10 {
		t.Errorf("next: got %d, %v", next, err)
	}
	if _, offsets, err := s.Places(t.Context(), "C"); err != nil || len(offsets) != 0 {
		t.Errorf("places of nobody: got %v, %v", offsets, err)
	}
	if next, err := s.Next(t.Context(), 4); err != nil || next != 0 {
		t.Errorf("next of a partition never applied: got %d, %v", next, err)
	}
}

func TestABadCursorIsRefused(t *testing.T) {
	s := open(t)
	for _, c := range []string{"x", "%%%", place{}.cursor()[1:], "MTIz"} {
		if _, _, err := s.List(t.Context(), Filter{}, c, 10); !errors.Is(err, ErrCursor) {
			t.Errorf("cursor %q: got %v", c, err)
		}
	}
}

func TestABatchThatFailsLeavesNothing(t *testing.T) {
	s := open(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Apply(ctx, 0, []Record{{0, look{dossier: "A", seq: 1, stage: schemas.StageReview}.file()}}); err == nil {
		t.Fatal("applied under an ended context")
	}
	if cases, _, err := s.List(t.Context(), Filter{}, "", 10); err != nil || len(cases) != 0 {
		t.Errorf("got %v, %v", numbers(cases), err)
	}
}

func TestWatch(t *testing.T) {
	s := open(t)
	one, stopOne := s.Watch("A")
	all, stopAll := s.Watch("")
	defer stopAll()
	apply(t, s, 0, 0, look{dossier: "B", seq: 1, stage: schemas.StageReview})
	<-all
	select {
	case <-one:
		t.Error("told of another file")
	default:
	}
	apply(t, s, 0, 1, look{dossier: "A", seq: 1, stage: schemas.StageReview}, look{dossier: "A", seq: 2, stage: schemas.StageReview})
	<-one
	<-all
	apply(t, s, 0, 1, look{dossier: "A", seq: 1, stage: schemas.StageReview}, look{dossier: "A", seq: 2, stage: schemas.StageReview})
	select {
	case <-one:
		t.Error("told of a repeat")
	default:
	}
	if n := s.Changes(); n != 3 {
		t.Errorf("counted %d changes, want 3", n)
	}
	stopOne()
	apply(t, s, 0, 3, look{dossier: "A", seq: 3})
	select {
	case <-one:
		t.Error("told after stop")
	default:
	}
}

// The lists, however the log was cut into batches and whatever came twice, are those of a plain sort of the last word on every file.
func TestTheProjectionIsTheLogsLastWord(t *testing.T) {
	stages := []schemas.Stage{"", schemas.StageSubmitted, schemas.StagePreExamine, schemas.StageSupplement, schemas.StageReview, schemas.StageApproval, schemas.StageHeld}
	rapid.Check(t, func(rt *rapid.T) {
		s, err := Open(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		defer func() { _ = s.Close() }()
		history, state := []look{}, map[string]look{}
		for range rapid.IntRange(1, 60).Draw(rt, "records") {
			dossier := rapid.SampledFrom([]string{"A", "B", "C", "D", "E", "F"}).Draw(rt, "dossier")
			l := look{dossier: dossier, seq: state[dossier].seq + 1, stage: rapid.SampledFrom(stages).Draw(rt, "stage"),
				division: rapid.SampledFrom([]string{"330424001", "330424002"}).Draw(rt, "division"), paused: rapid.Bool().Draw(rt, "paused"),
				due: time.Duration(rapid.IntRange(0, 3).Draw(rt, "due")) * time.Hour}
			state[dossier] = l
			history = append(history, l)
		}
		for at := 0; at < len(history); {
			from := rapid.IntRange(0, at).Draw(rt, "again from")
			to := rapid.IntRange(at+1, len(history)).Draw(rt, "to")
			apply(rt, s, 0, int64(from), history[from:to]...)
			at = to
		}
		var want []Case
		tally := map[Count]int{}
		for _, l := range state {
			if c := l.file().Open; c != nil {
				want = append(want, *c)
				tally[Count{Queue: c.Queue(), Division: c.Division}]++
			}
		}
		slices.SortFunc(want, func(a, b Case) int {
			return cmp.Or(cmp.Compare(a.urgency(), b.urgency()), cmp.Compare(a.ApplicationNo, b.ApplicationNo))
		})
		var got []Case
		for cursor, turns := "", 0; turns == 0 || cursor != ""; turns++ {
			var page []Case
			if page, cursor, err = s.List(context.Background(), Filter{}, cursor, rapid.IntRange(1, 4).Draw(rt, "limit")); err != nil {
				rt.Fatal(err)
			}
			got = append(got, page...)
		}
		if diff := gocmp.Diff(numbers(want), numbers(got)); diff != "" {
			rt.Fatalf("list (-want +got)\n%s", diff)
		}
		counts, err := s.Counts(context.Background())
		if err != nil {
			rt.Fatal(err)
		}
		for _, c := range counts {
			if key := (Count{Queue: c.Queue, Division: c.Division}); tally[key] != c.Cases {
				rt.Fatalf("%v: counted %d, want %d", key, c.Cases, tally[key])
			} else {
				delete(tally, key)
			}
		}
		if len(tally) > 0 {
			rt.Fatalf("not counted: %v", tally)
		}
	})
}

func TestEveryStageHasAQueue(t *testing.T) {
	for _, stage := range []schemas.Stage{schemas.StageSubmitted, schemas.StageReview, schemas.StageHeld, schemas.StageSuspended, schemas.StageIssued} {
		if !slices.Contains(Queues(), QueueOf(stage)) {
			t.Errorf("%s: no queue", stage)
		}
	}
}

// filled returns a store of n open cases, spread over queues and townships.
func filled(b *testing.B, n int) *Store {
	b.Helper()
	s := open(b)
	stages := []schemas.Stage{schemas.StagePreExamine, schemas.StageReview, schemas.StageApproval, schemas.StageSupplement}
	const chunk = 2000
	for from := 0; from < n; from += chunk {
		looks := make([]look, 0, chunk)
		for i := from; i < min(n, from+chunk); i++ {
			looks = append(looks, look{dossier: fmt.Sprintf("D%011d", i), seq: 1, stage: stages[i%len(stages)], division: fmt.Sprintf("330424%03d", 1+i%9),
				due: time.Duration(i*7919%n) * time.Second, name: fmt.Sprintf("张%d", i), kind: schemas.ExistingPermit})
		}
		apply(b, s, 0, int64(from), looks...)
	}
	return s
}

const openCases = 100_000

// BenchmarkFirstPage is the first page of 100,000 open cases under the filters that officers use, the rarest included: nothing matches "type".
func BenchmarkFirstPage(b *testing.B) {
	s := filled(b, openCases)
	for name, f := range map[string]Filter{
		"all": {}, "queue": {Queues: []Queue{Review}}, "township": {Queues: []Queue{Review}, Divisions: []string{"330424002"}},
		"type": {Type: schemas.RegistrationTime}, "overdue": {Due: Overdue, Today: calendar.Of(t0)}, "tomorrow": {Due: DueTomorrow, Today: calendar.Of(t0)},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, _, err := s.List(b.Context(), f, "", 50); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("name", func(b *testing.B) {
		for b.Loop() {
			if got, err := s.ByName(b.Context(), "张99", nil, 50); err != nil || len(got) != 50 {
				b.Fatal(len(got), err)
			}
		}
	})
}

// FuzzRead asks that whatever bytes come are read or refused, and that what is read stands in the transition.
func FuzzRead(f *testing.F) {
	for _, l := range []look{{dossier: "A", seq: 1}, {dossier: "B", seq: 9, stage: schemas.StageReview, division: "330424001", name: "张三", due: time.Hour, paused: true}} {
		rec, err := l.transition().Record()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(rec.Value)
	}
	f.Add([]byte(`{"dossier_id":"A","seq":1,"dossier":{"open":{"clocks":[{"id":"T1"}]}},"person":null}`))
	f.Add([]byte(`null`))
	f.Fuzz(func(t *testing.T, value []byte) {
		got, err := Read(value)
		if err != nil {
			return
		}
		want, err := schemas.DecodeTransition(value)
		if err != nil {
			t.Fatalf("read what is no transition: %v", err)
		}
		if got.DossierID != want.DossierID || got.Seq != want.Seq || (got.Open == nil) != (want.Dossier.Open == nil) || len(got.breaches)+len(got.undone)+len(got.acts) > len(want.Events) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	})
}
