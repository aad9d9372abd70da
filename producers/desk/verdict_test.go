package desk

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/reception"
	"permithub/internal/timeline"
	"permithub/internal/worklist"
	"permithub/schemas"
)

const accept = `{"action_id":"a-1","action":"accept","expect_version":3}`

// The answer to an act is the case's own word, whichever it is.
func TestVerdicts(t *testing.T) {
	for name, tc := range map[string]struct {
		answer worklist.Answer
		known  bool
		err    error
		status int
		result string
		want   map[string]any
	}{
		"taken":   {worklist.Answer{Version: 4}, true, nil, http.StatusOK, resultAccepted, map[string]any{"status": "taken", "version": 4.0}},
		"refused": {worklist.Answer{Version: 5, Code: "version_changed"}, true, nil, http.StatusConflict, resultRefused, map[string]any{"type": "urn:permithub:problem:not-taken", "version": 5.0, "status": 409.0}},
		"late":    {worklist.Answer{}, false, nil, http.StatusAccepted, resultPending, map[string]any{"status": "pending"}},
		"unread":  {worklist.Answer{}, false, errors.New("database is locked"), http.StatusAccepted, resultPending, map[string]any{"status": "pending"}},
	} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, nil)
			b.answer = func(context.Context) (worklist.Answer, bool, error) { return tc.answer, tc.known, tc.err }
			b.since = []timeline.Happening{{Type: schemas.EvAccepted, Name: "受理", Who: "1009", Seq: 4}}
			got := want(t, b.do(http.MethodPost, path, clerk, accept), tc.status)
			for field, value := range tc.want {
				if got[field] != value {
					t.Errorf("%s: got %v, want %v", field, got[field], value)
				}
			}
			if got["input_id"] == nil || len(b.records) != 1 {
				t.Errorf("input %v, %d records", got["input_id"], len(b.records))
			}
			if n := testutil.ToFloat64(b.requests.WithLabelValues(opAct, tc.result)); n != 1 {
				t.Errorf("%s counted %v times", tc.result, n)
			}
			if tc.status != http.StatusConflict {
				return
			}
			fault := got["problems"].([]any)[0].(map[string]any)
			happened := got["happened"].([]any)[0].(map[string]any)
			if fault["code"] != "version_changed" || fault["message_zh"] != Rejection("version_changed").ZH || happened["who"] != "1009" {
				t.Errorf("problem %v, happened %v", fault, happened)
			}
			if diff := cmp.Diff([]string{no + " 3"}, b.asked); diff != "" {
				t.Errorf("asked (-want +got)\n%s", diff)
			}
		})
	}
}

// A log that says nothing does not keep an officer waiting for ever.
func TestTheWaitForAVerdictIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, nil)
		b.answer = func(ctx context.Context) (worklist.Answer, bool, error) {
			<-ctx.Done()
			return worklist.Answer{}, false, nil
		}
		began := time.Now()
		want(t, b.do(http.MethodPost, path, clerk, accept), http.StatusAccepted)
		if took := time.Since(began); took != 2*time.Second {
			t.Errorf("waited %v", took)
		}
	})
}

// Every code with which a case refuses an act has a text in both languages.
func TestEveryRejectionHasAText(t *testing.T) {
	files, err := filepath.Glob("../../internal/casework/*.go")
	if err != nil {
		t.Fatal(err)
	}
	form := regexp.MustCompile(`w\.reject\("([a-z_]+)"\)`)
	seen := map[string]bool{"other_source": true} // said to a source, never to an officer
	for _, f := range files {
		source, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range form.FindAllStringSubmatch(string(source), -1) {
			if c := Rejection(m[1]); !seen[m[1]] && (c.Name != m[1] || c.ZH == "" || c.EN == "") {
				t.Errorf("no text for %s", m[1])
			}
			seen[m[1]] = true
		}
	}
	for _, c := range Rejections() {
		if c.Name != string(schemas.InputOfficerAction) && !seen[c.Name] {
			t.Errorf("no case says %s", c.Name)
		}
	}
	if got := Rejection("stage_under_review").ZH; got != "案件在“审核”环节，不能作此办理" {
		t.Errorf("got %s", got)
	}
	if got := Rejection("<script>").ZH; got != "操作未被接受" {
		t.Errorf("got %s", got)
	}
}

// caseLog decides what is published as the approval step does, and keeps the list.
type caseLog struct {
	t      *testing.T
	policy *casework.Policy
	list   *worklist.Store
	mu     sync.Mutex
	files  map[string]casework.File
	offset int64
}

func (l *caseLog) publish(ctx context.Context, recs ...schemas.Record) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range recs {
		in, err := schemas.DecodeInput(recs[i].Value)
		if err != nil {
			return err
		}
		f := l.files[in.DossierID]
		tr, err := l.policy.Decide(&f, in)
		if err != nil || tr == nil {
			return err
		}
		l.files[in.DossierID] = casework.File{Dossier: tr.Dossier, Person: tr.Person}
		rec, err := tr.Record()
		if err != nil {
			return err
		}
		read, err := worklist.Read(rec.Value)
		if err != nil {
			return err
		}
		if err := l.list.Apply(ctx, 0, []worklist.Record{{Offset: l.offset, File: read}}); err != nil {
			return err
		}
		l.offset++
	}
	return nil
}

// A thousand times two officers decide one case from one version, at the same instant: one is told that it is done, the other that it is not and what
// was decided, and nobody is told anything else.
func TestTwoOfficersDecideAtOnce(t *testing.T) {
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	list, err := worklist.Open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = list.Close() }()
	log := &caseLog{t: t, policy: casework.Haiyan202410(cal), list: list, files: map[string]casework.File{}}
	s, err := New(testConfigOfTwo(), Ports{
		Publish: log.publish, Await: list.Await, ReasonText: casework.ReasonText, Now: func() time.Time { return noon },
		Since:    func(context.Context, string, int64) ([]timeline.Happening, error) { return nil, nil },
		FindCard: func(context.Context, string) (schemas.Card, bool, error) { return schemas.Card{}, false, nil },
	}, slog.New(slog.DiscardHandler), prometheus.NewRegistry())
	if err != nil {
		t.Fatal(err)
	}
	handler := s.Handler()
	pairs := 1000
	if testing.Short() {
		pairs = 200
	}
	numbers := make([]string, pairs)
	for i := range numbers {
		numbers[i] = log.submit(t, i)
	}
	told := make([][2]int, pairs)
	var all sync.WaitGroup
	gate := make(chan struct{}, 50) // pairs at once
	for i, no := range numbers {
		gate <- struct{}{}
		start := make(chan struct{})
		var pair sync.WaitGroup
		acts := [2]struct{ token, body string }{
			{clerk, `{"action_id":"a","action":"accept","expect_version":2}`}, {super, `{"action_id":"a","action":"not_accept","reasons":["no_condition"],"expect_version":2}`},
		}
		for k := range acts {
			j := (i + k) % 2 // who is woken first takes turns
			act := acts[j]
			pair.Go(func() {
				<-start
				r := httptest.NewRequest(http.MethodPost, "/v1/cases/"+no+"/actions", strings.NewReader(act.body))
				r.Header.Set("Content-Type", "application/json")
				r.Header.Set("Authorization", "Bearer "+act.token)
				w := httptest.NewRecorder()
				handler.ServeHTTP(w, r)
				told[i][j] = w.Code
			})
		}
		all.Go(func() { close(start); pair.Wait(); <-gate })
	}
	all.Wait()
	firstWon := 0
	for i, codes := range told {
		if codes != [2]int{http.StatusOK, http.StatusConflict} && codes != [2]int{http.StatusConflict, http.StatusOK} {
			t.Fatalf("pair %d was told %v", i, codes)
		}
		accepted := log.files[numbers[i][:12]].Dossier.Open != nil
		if accepted != (codes[0] == http.StatusOK) {
			t.Fatalf("pair %d was told %v, and the case is accepted: %v", i, codes, accepted)
		}
		if accepted {
			firstWon++
		}
	}
	t.Logf("the first of the two won %d of %d", firstWon, pairs)
}

func testConfigOfTwo() Config {
	// A busy machine is no answer: nobody is told that the log is late.
	patient := reception.Limits{PublishTimeout: time.Minute, CardTimeout: time.Minute}
	return Config{Limits: patient, AnswerTimeout: time.Minute, Officers: []Officer{{ID: "1001", Token: clerk, Roles: []Role{Clerk}}, {ID: "1002", Token: super, Roles: []Role{Clerk}}}}
}

// submit opens a case that people work on.
func (l *caseLog) submit(t *testing.T, n int) string {
	t.Helper()
	token := schemas.PersonToken([]byte("test-route-key"), fmt.Sprint("person ", n))
	dossier := schemas.DossierID(token)
	no := schemas.ApplicationNo(dossier, "window", "1")
	manual := schemas.Stages{Acceptance: schemas.Manual, Review: schemas.Manual, Approval: schemas.Manual}
	for _, in := range []schemas.Input{
		{Kind: schemas.InputSubmission, PersonToken: token, Person: &schemas.Person{FullName: "张三", CitizenID: "11010519491231002X", Sex: "1"}, Submission: &schemas.Submission{
			Source: "window", SourceApplicationNo: "1", Channel: schemas.Window, Stages: manual, RecognitionType: schemas.ExistingPermit, HukouCounty: "411302", CurrentDivision: "330424001"}},
		{Kind: schemas.InputEffectResult, Result: &schemas.EffectResult{EffectID: schemas.EffectID(no, schemas.EffectVerify, 1), Status: schemas.EffectDone, At: schemas.At(noon), Facts: &schemas.Facts{}}},
	} {
		in.InputID, in.DossierID, in.ApplicationNo, in.Source, in.ReceivedAt = fmt.Sprint(no, in.Kind), dossier, no, "window", schemas.At(noon)
		rec, err := in.Record()
		if err == nil {
			err = l.publish(t.Context(), rec)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return no
}

// A repeat of an act brings the answer that it had.
func TestARepeatIsToldTheSame(t *testing.T) {
	b := newBench(t, nil)
	first, again := b.do(http.MethodPost, path, clerk, accept), b.do(http.MethodPost, path, clerk, accept)
	var one, two map[string]any
	if err := errors.Join(json.Unmarshal(first.Body.Bytes(), &one), json.Unmarshal(again.Body.Bytes(), &two)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(one, two); diff != "" || first.Code != again.Code {
		t.Errorf("%d and %d (-first +again)\n%s", first.Code, again.Code, diff)
	}
}
