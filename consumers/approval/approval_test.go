package approval

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/deploy/calendars"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/schemas"
)

// tester is what a test and a property have in common.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

var loadCalendar = sync.OnceValues(func() (*calendar.Calendar, error) { return calendar.Load(calendars.FS) })

func policy(t tester) *casework.Policy {
	t.Helper()
	cal, err := loadCalendar()
	if err != nil {
		t.Fatalf("calendar: %v", err)
	}
	return casework.Haiyan202410(cal)
}

// topic is one partition of a stamped log as a broker keeps it: what lands elsewhere than its stamp stays, and is void.
type topic struct {
	mu      sync.Mutex // what lands is looked at from the background where snapshots are kept
	records []bus.Record
	stamps  []int64
}

func (l *topic) land(at int64, recs []schemas.Record) (base int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	base = int64(len(l.records))
	for i, r := range recs {
		l.stamps = append(l.stamps, at+int64(i))
		l.records = append(l.records, bus.Record{Record: r, Partition: 3, Offset: base + int64(i), Time: t0.Add(time.Duration(len(l.records)) * time.Millisecond)})
	}
	return base
}

func (l *topic) valid(from int64) []bus.Record {
	var out []bus.Record
	for i := from; i < int64(len(l.records)); i++ {
		if l.stamps[i] == i {
			out = append(out, l.records[i])
		}
	}
	return out
}

var errLink = errors.New("link down")

// log is one owner's link to a topic; the fault of each append is asked for.
type log struct {
	topic *topic
	fault func() string // "", "lost answer", "not written", "another first", "delayed"
	read  func() error
	late  func() // lands what was delayed
	n     int    // appends
}

func (l *log) Append(_ context.Context, _ int32, at int64, recs []schemas.Record) error {
	l.n++
	what := ""
	if l.fault != nil {
		what = l.fault()
	}
	switch what {
	case "lost answer":
		l.topic.land(at, recs)
		return errLink
	case "not written":
		return errLink
	case "another first": // bytes of a zombie that are void for everybody
		l.topic.land(at-1, recs[:1])
	case "delayed":
		l.late = func() { l.topic.land(at, recs) }
		return errLink
	}
	if base := l.topic.land(at, recs); base != at {
		return fmt.Errorf("append at %d: %w", at, bus.ErrLost)
	}
	return nil
}

func (l *log) Read(_ context.Context, _ int32, from int64, fn func(bus.Record) error) (int64, error) {
	if l.read != nil {
		if err := l.read(); err != nil {
			return 0, err
		}
	}
	for _, r := range l.topic.valid(from) {
		if err := fn(r); err != nil {
			return 0, err
		}
	}
	return int64(len(l.topic.records)), nil
}

// office is one process that owns the partition.
type office struct {
	*Step
	log      *log
	parked   map[int64]string // by offset: the code
	parkErr  error
	observed map[string]int // by transition, as it was told of
	forgot   int

	mu       sync.Mutex
	refuse   error            // of what was saved
	standing map[string]int64 // by dossier with an open case, as it was told of: the number of its last transition
	resume   int64
}

func (o *office) Observe(tr *schemas.Transition) {
	o.observed["observe "+tr.DossierID+fmt.Sprint(tr.Seq)]++
	o.Restore(tr)
}
func (o *office) Wants(*schemas.Head) bool { return true }
func (o *office) Past(tr *schemas.Transition) {
	o.observed["past "+tr.DossierID+fmt.Sprint(tr.Seq)]++
}
func (o *office) Restore(tr *schemas.Transition) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if delete(o.standing, tr.DossierID); tr.Dossier.Open != nil {
		o.standing[tr.DossierID] = tr.Seq
	}
}
func (o *office) Restored(_ int32, resume int64) { o.resume = resume }
func (o *office) Save(int32) ([]byte, error) {
	return json.Marshal(slices.Sorted(maps.Keys(o.observed)))
}
func (o *office) Load(_ int32, saved []byte) error {
	if o.refuse != nil {
		return o.refuse
	}
	var told []string
	if err := json.Unmarshal(saved, &told); err != nil {
		return err
	}
	for _, what := range told {
		o.observed[what]++
	}
	return nil
}
func (o *office) Forget(int32) {
	o.observed, o.standing, o.forgot = map[string]int{}, map[string]int64{}, o.forgot+1
}

// checkTold compares what the observer knows with the log: of each transition once, of each open case as it stands.
func (o *office) checkTold(t tester) {
	t.Helper()
	told, want := 0, map[string]int64{}
	for _, r := range o.log.topic.valid(0) {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatalf("log %d: %v", r.Offset, err)
		}
		if delete(want, tr.DossierID); tr.Dossier.Open != nil {
			want[tr.DossierID] = tr.Seq
		}
		id := tr.DossierID + fmt.Sprint(tr.Seq)
		if n := o.observed["past "+id] + o.observed["observe "+id]; n != 1 {
			t.Errorf("told %d times of %s", n, id)
		}
		told++
	}
	if len(o.observed) != told {
		t.Errorf("told of %d of %d transitions", len(o.observed), told)
	}
	if diff := cmp.Diff(want, o.standing); diff != "" {
		t.Errorf("open cases (-log +told):\n%s", diff)
	}
}

func open(t tester, l *topic) *office {
	t.Helper()
	o := &office{log: &log{topic: l}, parked: map[int64]string{}, observed: map[string]int{}, standing: map[string]int64{}}
	park := func(_ context.Context, rec bus.Record, err error) error {
		if o.parkErr != nil {
			return o.parkErr
		}
		o.parked[rec.Offset] = fault.CodeOf(err)
		return nil
	}
	rules := policy(t)
	o.Step = New("approval", func() *casework.Policy { return rules }, o.log, park, o)
	o.room = 3 // so that every test sees files come and go
	return o
}

func (o *office) assign(t tester) int64 {
	t.Helper()
	resume, err := o.Assigned(context.Background(), 3)
	if err != nil {
		t.Fatalf("assigned: %v", err)
	}
	return resume
}

func (o *office) handle(recs []bus.Record) error {
	return errors.Join(o.Handle(context.Background(), bus.Batch{Topic: schemas.TopicCaseInput, Partition: 3, Records: recs}), o.misplaced())
}

// citizen is a person of the test with what happens to their file.
type citizen struct {
	token, dossier, no string
	person             schemas.Person
}

func person(n int) citizen {
	p := schemas.Person{
		CitizenID: fmt.Sprintf("4113021990010100%02d", n), FullName: "张三", Sex: "1", EthnicGroup: schemas.Code{Code: "01", Name: "汉族"}, HukouAddress: "示例路1号", CurrentAddress: "示例新村2幢",
		ContactPhone: schemas.Phone{Number: "13900000000", Source: "applicant", ConsentAt: t0},
	}
	token := schemas.PersonToken([]byte("test-route-key"), p.CitizenID)
	dossier := schemas.DossierID(token)
	return citizen{token, dossier, schemas.ApplicationNo(dossier, "province", "1"), p}
}

var t0 = schemas.At(time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai))

func (c citizen) input(kind schemas.InputKind, id string, fill func(*schemas.Input)) schemas.Input {
	in := schemas.Input{InputID: schemas.InputID("test", c.no+id, kind), Kind: kind, DossierID: c.dossier, ApplicationNo: c.no, Source: "test", ReceivedAt: t0, BodyHash: schemas.BodyHash([]byte(id))}
	fill(&in)
	return in
}

var text = schemas.TextVersion{Version: "2024-07", SHA256: schemas.BodyHash([]byte("text"))}

func material(uri string) schemas.Material {
	return schemas.Material{Kind: "labour_contract", Name: "contract.pdf", Size: 1, SHA256: text.SHA256, URI: uri}
}

// padded is an application with so many bytes of materials, at least.
func padded(in schemas.Input, bytes int) schemas.Input {
	for range bytes/500 + 1 {
		in.Submission.Materials = append(in.Submission.Materials, material("s3://"+strings.Repeat("x", 490)))
	}
	return in
}

func (c citizen) submit() schemas.Input {
	return c.input(schemas.InputSubmission, c.no, func(in *schemas.Input) {
		in.PersonToken, in.Person = c.token, &c.person
		in.Submission = &schemas.Submission{
			Source: "province", SourceApplicationNo: "1", Channel: "online", Stages: schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto},
			RecognitionType: schemas.ExistingPermit, HukouProvince: "41", HukouCounty: "411302", CurrentDivision: "330424001", Employment: []schemas.Condition{schemas.LabourContract},
			Materials: []schemas.Material{material("s3://materials/1")}, Notice: text, Declaration: schemas.Declaration{TextVersion: text, Date: "2024-09-10"},
		}
	})
}

func (c citizen) result(kind schemas.EffectKind, n int, fill func(*schemas.EffectResult)) schemas.Input {
	id := schemas.EffectID(c.no, kind, n)
	return c.input(schemas.InputEffectResult, "result "+id, func(in *schemas.Input) {
		in.Result = &schemas.EffectResult{EffectID: id, Status: schemas.EffectDone, At: t0}
		if fill != nil {
			fill(in.Result)
		}
	})
}

// life is everything that happens to a person's automatic case, with a repeat in it.
func (c citizen) life() []schemas.Input {
	facts := &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "OLD", Status: "valid", Division: "330106"}}, AsOf: t0}
	permit := &schemas.Permit{
		PermitNo: "NEW-" + c.dossier, LicenceID: "1.2.156.3005.2.11330000MB000000XA001.11330424MB0000000B.33042420240000001.001.V",
		ApplicationNo: c.no, IssuedAt: t0, Status: schemas.PermitValid,
	}
	notify := schemas.EffectID(c.no, schemas.EffectNotify, 1)
	return []schemas.Input{
		c.submit(), c.submit(),
		c.result(schemas.EffectVerify, 1, func(r *schemas.EffectResult) { r.Facts = facts }),
		c.result(schemas.EffectIssue, 1, func(r *schemas.EffectResult) { r.Permit = permit }),
		c.result(schemas.EffectCancel, 1, nil), c.result(schemas.EffectPublish, 1, nil),
		c.input(schemas.InputEffectAttempt, "ask "+notify, func(in *schemas.Input) { in.Attempt = &schemas.EffectAttempt{EffectID: notify, Run: "r"} }),
		c.result(schemas.EffectFile, 1, nil), c.result(schemas.EffectPublish, 1, nil), c.result(schemas.EffectNotify, 1, nil),
		c.input(schemas.InputSMSReceipt, "receipt", func(in *schemas.Input) {
			in.Receipt = &schemas.SMSReceipt{EffectID: notify, Delivered: true, Code: "DELIVRD", At: t0}
		}),
	}
}

// inputs puts values on case-input, from offset 0 on.
func inputs(t tester, list ...any) []bus.Record {
	t.Helper()
	var out []bus.Record
	for i, v := range list {
		rec := schemas.Record{Topic: schemas.TopicCaseInput, Key: "k"}
		switch v := v.(type) {
		case string:
			rec.Value = []byte(v)
		case schemas.Input:
			r, err := v.Record()
			if err != nil {
				t.Fatalf("input: %v", err)
			}
			rec = r
		}
		out = append(out, bus.Record{Record: rec, Partition: 3, Offset: int64(i)})
	}
	return out
}

// mixed interleaves the lives of a few people, with bytes in between that nobody can read.
func mixed(people int) []any {
	var list []any
	for step := range 11 {
		for n := range people {
			list = append(list, person(n).life()[step])
		}
		if step%4 == 1 {
			list = append(list, "not json")
		}
	}
	return list
}

// expected decides the inputs one after the other, with nothing in between: the one history that may come out.
func expected(t tester, recs []bus.Record) (values []string, parked []int64) {
	t.Helper()
	p, files, last := policy(t), map[string]casework.File{}, map[string]string{}
	for _, rec := range recs {
		in, err := schemas.DecodeInput(rec.Value)
		if err != nil {
			parked = append(parked, rec.Offset)
			continue
		}
		f := files[in.DossierID]
		tr, err := p.Decide(&f, in)
		if err != nil {
			parked = append(parked, rec.Offset)
		}
		if tr == nil {
			continue
		}
		tr.Input.Partition, tr.Input.Offset, tr.PrevHash = rec.Partition, rec.Offset, last[in.DossierID]
		b, err := json.Marshal(tr)
		if err != nil {
			t.Fatalf("encode: %v", err)
		}
		sum := sha256.Sum256(b)
		files[in.DossierID], last[in.DossierID] = casework.File{Dossier: tr.Dossier, Person: tr.Person}, hex.EncodeToString(sum[:])
		values = append(values, string(b))
	}
	return values, parked
}

func history(l *topic) []string {
	var out []string
	for _, r := range l.valid(0) {
		out = append(out, string(r.Value))
	}
	return out
}

// checkHistory compares the valid log with the one history, and walks every chain by itself.
func checkHistory(t tester, l *topic, recs []bus.Record) {
	t.Helper()
	want, _ := expected(t, recs)
	if diff := cmp.Diff(want, history(l)); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	last, seq := map[string]string{}, map[string]int64{}
	for _, r := range l.valid(0) {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatalf("log %d: %v", r.Offset, err)
		}
		if tr.PrevHash != last[tr.DossierID] || tr.Seq != seq[tr.DossierID]+1 {
			t.Errorf("log %d: chain of %s is broken at seq %d", r.Offset, tr.DossierID, tr.Seq)
		}
		sum := sha256.Sum256(r.Value)
		last[tr.DossierID], seq[tr.DossierID] = hex.EncodeToString(sum[:]), tr.Seq
	}
}

func TestDecidesInOrder(t *testing.T) {
	l := &topic{}
	o := open(t, l)
	if resume := o.assign(t); resume != 0 {
		t.Fatalf("an empty log resumes at %d", resume)
	}
	recs := inputs(t, mixed(3)...)
	for batch := range slices.Chunk(recs, 7) {
		if err := o.handle(batch); err != nil {
			t.Fatal(err)
		}
	}
	checkHistory(t, l, recs)
	_, parked := expected(t, recs)
	if len(o.parked) != len(parked) || len(parked) == 0 {
		t.Errorf("parked %v, want offsets %v", o.parked, parked)
	}
	o.checkTold(t)
	if o.log.n != (len(recs)+6)/7 {
		t.Errorf("%d appends for %d batches", o.log.n, (len(recs)+6)/7)
	}
	// All of it again changes nothing.
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, l, recs)
}

func TestParksAndGoesOn(t *testing.T) {
	a, b := person(1), person(2)
	stranger := a.submit()
	stranger.ApplicationNo = b.no
	recs := inputs(t, `{"input_id":`, a.submit(), stranger, "", b.submit())
	o := open(t, &topic{})
	o.assign(t)
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	want := map[int64]string{0: "undecodable", 2: "dossier_mismatch", 3: "undecodable"}
	if diff := cmp.Diff(want, o.parked); diff != "" {
		t.Errorf("parked (-want +got):\n%s", diff)
	}
	checkHistory(t, o.log.topic, recs)
}

func TestNothingGoesOnBeforeItIsParked(t *testing.T) {
	o := open(t, &topic{})
	o.assign(t)
	recs := inputs(t, "?", person(1).submit())
	o.parkErr = errLink
	if err := o.handle(recs); !errors.Is(err, errLink) {
		t.Fatalf("handled with %v though the dead letter is not durable", err)
	}
	if len(o.log.topic.records) != 0 {
		t.Error("the batch went on")
	}
	o.parkErr = nil
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, o.log.topic, recs)
}

func TestTransitionTooLargeIsParked(t *testing.T) {
	big := padded(person(1).submit(), bus.MaxAppendBytes)
	recs := inputs(t, big, person(2).submit())
	o := open(t, &topic{})
	o.assign(t)
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[int64]string{0: "transition_too_large"}, o.parked); diff != "" {
		t.Error(diff)
	}
	if len(history(o.log.topic)) != 1 {
		t.Errorf("%d transitions", len(history(o.log.topic)))
	}
}

// What does not fit into one request waits for the acknowledgement of the first.
func TestLargeBatchIsSplit(t *testing.T) {
	var list []any
	for n := range 5 {
		list = append(list, padded(person(n).submit(), bus.MaxAppendBytes/4))
	}
	recs := inputs(t, list...)
	o := open(t, &topic{})
	o.assign(t)
	faults := []string{"", "lost answer", "", "not written", "another first", ""}
	o.log.fault = func() string { f := faults[0]; faults = append(faults[1:], ""); return f }
	for tries := 0; ; tries++ {
		err := o.handle(recs)
		if err == nil {
			break
		}
		if tries > 5 {
			t.Fatal(err)
		}
	}
	checkHistory(t, o.log.topic, recs)
}

func TestLostAnswer(t *testing.T) {
	recs := inputs(t, mixed(2)...)
	o := open(t, &topic{})
	o.assign(t)
	o.log.fault = func() string { return "lost answer" }
	if err := o.handle(recs); !errors.Is(err, errLink) {
		t.Fatalf("handled with %v", err)
	}
	checkHistory(t, o.log.topic, recs)
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, o.log.topic, recs)
	if len(o.log.topic.records) != len(history(o.log.topic)) {
		t.Error("it was written twice")
	}
}

// A request that was given up lands after its successor: it is void.
func TestDelayedRequest(t *testing.T) {
	recs := inputs(t, mixed(2)...)
	o := open(t, &topic{})
	o.assign(t)
	o.log.fault = func() string { return "delayed" }
	if err := o.handle(recs[:4]); err == nil {
		t.Fatal("handled")
	}
	o.log.fault = nil
	if err := o.handle(recs[:4]); err != nil {
		t.Fatal(err)
	}
	o.log.late()
	if err := o.handle(recs[4:]); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, o.log.topic, recs)
}

func TestReadFailsAfterLostRace(t *testing.T) {
	recs := inputs(t, person(1).submit())
	o := open(t, &topic{})
	o.assign(t)
	o.log.fault = func() string { return "another first" }
	o.log.read = func() error { return errLink }
	if err := o.handle(recs); !errors.Is(err, errLink) {
		t.Fatalf("handled with %v", err)
	}
	o.log.fault, o.log.read = nil, nil
	if err := o.handle(recs); err != nil {
		t.Fatal(err)
	}
	checkHistory(t, o.log.topic, recs)
}

func TestRestore(t *testing.T) {
	recs := inputs(t, mixed(3)...)
	for cut := range len(recs) + 1 {
		l := &topic{}
		first := open(t, l)
		first.assign(t)
		if err := first.handle(recs[:cut]); err != nil {
			t.Fatal(err)
		}
		second := open(t, l)
		resume := second.assign(t)
		want := int64(0)
		for _, r := range l.valid(0) {
			tr, err := schemas.DecodeTransition(r.Value)
			if err != nil {
				t.Fatal(err)
			}
			want = tr.Input.Offset + 1
		}
		if resume != want {
			t.Fatalf("after %d inputs: resume %d, want %d", cut, resume, want)
		}
		if second.resume != resume {
			t.Errorf("after %d inputs: the observer is told %d, want %d", cut, second.resume, resume)
		}
		second.checkTold(t)
		if err := second.handle(recs[resume:]); err != nil {
			t.Fatal(err)
		}
		checkHistory(t, l, recs)
	}
}

func TestRestoreRefusesALogItCannotRead(t *testing.T) {
	l := &topic{}
	l.land(0, []schemas.Record{{Value: []byte("?")}})
	o := open(t, l)
	if _, err := o.Assigned(context.Background(), 3); err == nil {
		t.Error("restored")
	}
	if o.forgot != 1 {
		t.Error("the observer keeps half a partition")
	}
}

func TestOnlyOwnedPartitions(t *testing.T) {
	o := open(t, &topic{})
	recs := inputs(t, person(1).submit())
	if err := o.handle(recs); err == nil {
		t.Error("decided for a partition that was never assigned")
	}
	o.assign(t)
	o.Revoked(3)
	if err := o.handle(recs); err == nil {
		t.Error("decided for a revoked partition")
	}
}

// Two owners, one of them a zombie, answers that are lost, requests that come late, restarts: there is one history, and it is the one that the
// inputs give when nothing happens.
func TestOneHistory(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		recs := inputs(t, mixed(rapid.IntRange(1, 3).Draw(t, "people"))...)
		l := &topic{}
		offices := []*office{open(t, l), open(t, l)}
		next := make([]int, len(offices)) // what each reads next
		faults := rapid.SampledFrom([]string{"", "", "", "lost answer", "not written", "another first", "delayed"})
		for i, o := range offices {
			o.log.fault = func() string { return faults.Draw(t, "fault") }
			next[i] = int(o.assign(t))
		}
		for range rapid.IntRange(1, 40).Draw(t, "steps") {
			i := rapid.IntRange(0, 1).Draw(t, "owner")
			o := offices[i]
			switch rapid.SampledFrom([]string{"batch", "batch", "batch", "late", "restart"}).Draw(t, "what") {
			case "late":
				if o.log.late != nil {
					o.log.late()
					o.log.late = nil
				}
			case "restart":
				next[i] = int(o.assign(t))
			case "batch":
				end := min(len(recs), next[i]+rapid.IntRange(1, 9).Draw(t, "size"))
				if o.handle(recs[next[i]:end]) == nil {
					next[i] = end
				}
			}
		}
		last := open(t, l)
		if resume := last.assign(t); int(resume) < len(recs) {
			if err := last.handle(recs[resume:]); err != nil {
				t.Fatalf("the last owner: %v", err)
			}
		}
		checkHistory(t, l, recs)
		last.checkTold(t)
	})
}

// What the broker dated before it was due was reported by a clock that runs ahead: it counts when it comes again.
func TestADeadlineThatIsReportedTooEarly(t *testing.T) {
	l := &topic{}
	o := open(t, l)
	var doubted []time.Duration
	o.Doubt(2*time.Second, func(_ context.Context, _ *bus.Record, early time.Duration) { doubted = append(doubted, early) })
	o.assign(t)
	p := person(1)
	if err := o.handle(inputs(t, p.life()[0], p.life()[2])); err != nil {
		t.Fatal(err)
	}
	last, err := schemas.DecodeTransition(l.records[len(l.records)-1].Value)
	if err != nil {
		t.Fatal(err)
	}
	rung := last.Dossier.Open.ClockByID("T1").Rungs[0]
	report := inputs(t, p.input(schemas.InputDeadlineReached, "T1", func(in *schemas.Input) {
		in.Deadline = &schemas.DeadlineReached{Clock: "T1", Rung: rung.Percent, DueAt: rung.At, DetectedAt: rung.At}
	}))
	before := len(l.records)
	for i, row := range []struct {
		early time.Duration
		want  int
	}{{time.Hour, 0}, {2*time.Second + time.Millisecond, 0}, {2 * time.Second, 1}, {-time.Second, 1}} {
		report[0].Offset, report[0].Time = int64(10+i), rung.At.Add(-row.early)
		if err := o.handle(report); err != nil {
			t.Fatal(err)
		}
		if got := len(l.records) - before; got != row.want {
			t.Errorf("reported %s early: %d transitions, want %d", row.early, got, row.want)
		}
	}
	if diff := cmp.Diff([]time.Duration{time.Hour, 2*time.Second + time.Millisecond}, doubted); diff != "" {
		t.Errorf("doubted (-want +got):\n%s", diff)
	}
}
