package deadletter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"permithub/deploy/calendars"
	"permithub/internal/bus"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/internal/fault"
	"permithub/schemas"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, schemas.Shanghai)

// office is topics in memory with what approval makes of case-input. Each topic has one partition.
type office struct {
	*Keeper
	t      testing.TB
	policy *casework.Policy

	mu     sync.Mutex
	topics map[string][]bus.Record
	first  map[string]int64 // what was deleted before it
	files  map[string]*casework.File
	done   int // inputs that approval has read
	failed error
}

func newOffice(t testing.TB) *office {
	t.Helper()
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		t.Fatal(err)
	}
	o := &office{t: t, policy: casework.Haiyan202410(cal), topics: map[string][]bus.Record{}, first: map[string]int64{}, files: map[string]*casework.File{}}
	b, err := NewBook(o, func() time.Time { return noon }, nil)
	if err != nil {
		t.Fatal(err)
	}
	o.Keeper = NewKeeper(b, Ports{Publish: o.publish, Decide: o.decide, Token: testToken, Now: func() time.Time { return noon }})
	return o
}

func (o *office) publish(_ context.Context, records ...schemas.Record) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.failed != nil {
		return o.failed
	}
	for _, r := range records {
		o.topics[r.Topic] = append(o.topics[r.Topic], bus.Record{Record: r, Offset: o.first[r.Topic] + int64(len(o.topics[r.Topic])), Time: noon})
	}
	return nil
}

func (o *office) Offsets(_ context.Context, topic string) (map[int32]bus.Offsets, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return map[int32]bus.Offsets{0: {First: o.first[topic], Next: o.first[topic] + int64(len(o.topics[topic]))}}, o.failed
}

func (o *office) ReadPartition(_ context.Context, topic string, _ int32, from int64, fn func(bus.Record) error) (int64, error) {
	o.mu.Lock()
	recs, first := slices.Clone(o.topics[topic]), o.first[topic]
	o.mu.Unlock()
	for _, r := range recs[from-first:] {
		if err := fn(r); err != nil {
			return 0, err
		}
	}
	return first + int64(len(recs)), nil
}

func (o *office) ReadAt(_ context.Context, topic string, _ int32, offsets []int64) ([]bus.Record, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	i := offsets[0] - o.first[topic]
	if i < 0 || i >= int64(len(o.topics[topic])) {
		return nil, bus.ErrOutOfRange
	}
	return []bus.Record{o.topics[topic][i]}, nil
}

// remove deletes a topic's records before the offset.
func (o *office) remove(topic string, before int64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.topics[topic] = o.topics[topic][before-o.first[topic]:]
	o.first[topic] = before
}

func (o *office) file(dossier string) *casework.File {
	if o.files[dossier] == nil {
		o.files[dossier] = &casework.File{}
	}
	return o.files[dossier]
}

func (o *office) decide(_ context.Context, in *schemas.Input) (*schemas.Transition, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.policy.Decide(o.file(in.DossierID), in)
}

// approve decides what is on case-input, as approval does, and parks what cannot be decided. It returns how many inputs changed something.
func (o *office) approve() (changed int) {
	o.t.Helper()
	o.mu.Lock()
	recs := slices.Clone(o.topics[schemas.TopicCaseInput][o.done:])
	o.done += len(recs)
	o.mu.Unlock()
	for _, r := range recs {
		in, err := schemas.AdmitInput(r.Value)
		var t *schemas.Transition
		if err != nil {
			err = fault.Reject("undecodable", err)
		} else {
			t, err = o.decide(o.t.Context(), in)
		}
		switch {
		case err != nil:
			o.park("approval", r, err)
		case t != nil:
			o.mu.Lock()
			*o.file(in.DossierID) = casework.File{Dossier: t.Dossier, Person: t.Person}
			o.mu.Unlock()
			changed++
		}
	}
	return changed
}

// park writes a dead letter as the bus does.
func (o *office) park(step string, r bus.Record, err error) string {
	o.t.Helper()
	id := fmt.Sprintf("%s-%s-%d-%d", step, r.Topic, r.Partition, r.Offset)
	if n := r.Header(schemas.HeaderReplays); n != "" {
		id += "-r" + n
	}
	d := schemas.DeadLetter{DeadLetterID: id, Topic: r.Topic, Partition: r.Partition, Offset: r.Offset, Key: r.Key, Step: step, Class: fault.ClassOf(err).String(),
		Code: fault.CodeOf(err), Reason: err.Error(), Attempts: 1, At: schemas.At(noon.Add(-time.Hour)), Headers: r.Headers, Value: r.Value}
	rec, err := d.Record()
	if err == nil {
		err = o.publish(context.Background(), rec)
	}
	if err != nil {
		o.t.Fatal(err)
	}
	return id
}

// send puts a value on case-input under the envelope of the input, and has approval look at it.
func (o *office) send(in *schemas.Input, spoil func([]byte) []byte) {
	o.t.Helper()
	rec, err := in.Record()
	if err != nil {
		o.t.Fatal(err)
	}
	if spoil != nil {
		rec.Value = spoil(rec.Value)
	}
	if err := o.publish(o.t.Context(), rec); err != nil {
		o.t.Fatal(err)
	}
	o.approve()
}

// only returns the one letter that stands.
func (o *office) only() Letter {
	o.t.Helper()
	if err := o.Read(o.t.Context()); err != nil {
		o.t.Fatal(err)
	}
	all := o.List(Filter{State: Standing})
	if len(all) != 1 {
		o.t.Fatalf("%d letters stand, want one", len(all))
	}
	return all[0]
}

func testToken(citizenID string) string { return schemas.PersonToken([]byte("test"), citizenID) }

// submission is a whole application of the n-th person.
func submission(n int) *schemas.Input {
	citizenID := "330424198001" + fmt.Sprintf("%05d", n)
	check, _ := schemas.CheckCitizenID(citizenID)
	citizenID += string(check)
	token := testToken(citizenID)
	dossier := schemas.DossierID(token)
	source := fmt.Sprintf("S-%d", n)
	body := []byte(source)
	text := schemas.TextVersion{Version: "2024-10", SHA256: schemas.BodyHash(body)}
	return &schemas.Input{
		InputID: schemas.InputID("province", source, schemas.InputSubmission), Kind: schemas.InputSubmission, DossierID: dossier, PersonToken: token,
		ApplicationNo: schemas.ApplicationNo(dossier, "province", source), Source: "province", ReceivedAt: schemas.At(noon.Add(-2 * time.Hour)), BodyHash: schemas.BodyHash(body),
		Submission: &schemas.Submission{Source: "province", SourceApplicationNo: source, Channel: schemas.Online, RecognitionType: schemas.ExistingPermit,
			HukouProvince: "41", HukouCounty: "411302", CurrentDivision: "330424001", PreviousPermits: []string{"330421000001"},
			Employment: []schemas.Condition{schemas.LabourContract}, Stages: schemas.Stages{Acceptance: schemas.Auto, Review: schemas.Auto, Approval: schemas.Auto},
			Notice: text, Declaration: schemas.Declaration{TextVersion: text, Date: "2026-03-02"}},
		Person: &schemas.Person{CitizenID: citizenID, FullName: "诸葛秘密", Sex: "1", EthnicGroup: schemas.Code{Code: "01", Name: "汉族"}, HukouAddress: "秘密路1号",
			CurrentAddress: "秘密小区2号", ContactPhone: schemas.Phone{Number: "13900000001", Source: "applicant"}, Signature: "signature-1"},
	}
}

// broken is what a half-written sender makes of a number: a letter too few.
func broken(v []byte) []byte {
	return bytes.Replace(v, []byte(`"current_division":"330424001"`), []byte(`"current_division":"武原街道"`), 1)
}

var errDown = fault.Outage("kafka", errors.New("down"))
