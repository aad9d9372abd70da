// Package work is what every contender has to do with one application: the same code for all, so that what differs is the way it travels.
package work

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
	"time"

	"permithub/deploy/calendars"
	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

// routeKey makes the pseudonyms of the benchmark's persons.
var routeKey = []byte("route-key-of-the-benchmark")

// received is when the first application came: a Tuesday with working days on both sides.
var received = time.Date(2024, 9, 10, 10, 0, 0, 123456000, schemas.Shanghai)

// Policy returns the rule pack that all contenders decide by.
func Policy() (*casework.Policy, error) {
	cal, err := calendar.Load(calendars.FS)
	if err != nil {
		return nil, fmt.Errorf("load calendar: %w", err)
	}
	p := casework.Haiyan202410(cal)
	p.DeemedAfter = p.Promised // on, so that an application has a deadline from its first transition
	p.DeemedAfter.Days = 5
	return p, p.Validate()
}

// Application returns application i of so many persons: the persons apply in turn, each under a new number at every round.
func Application(i, persons int) (schemas.Record, error) {
	in := application(i, persons)
	return in.Record()
}

func application(i, persons int) *schemas.Input {
	serial := i % persons
	person := person(serial)
	token := schemas.PersonToken(routeKey, person.CitizenID)
	dossier := schemas.DossierID(token)
	sourceNo := fmt.Sprintf("ZLB-20240910-%08d", i)
	notice := schemas.TextVersion{Version: "2024-07", SHA256: hash("notice")}
	return &schemas.Input{
		InputID: schemas.InputID("province", sourceNo, schemas.InputSubmission), Kind: schemas.InputSubmission,
		DossierID: dossier, PersonToken: token, ApplicationNo: schemas.ApplicationNo(dossier, "province", sourceNo),
		Source: "province", ReceivedAt: schemas.At(received.Add(time.Duration(i) * time.Millisecond)), BodyHash: hash(sourceNo),
		Traceparent: "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
		Submission: &schemas.Submission{
			Source: "province", SourceApplicationNo: sourceNo, Channel: "online",
			Stages:          schemas.Stages{Acceptance: "auto", Review: "auto", Approval: "auto"},
			RecognitionType: "existing_permit", HukouProvince: "41", HukouCounty: "411302", CurrentDivision: "330424001",
			Employment: []schemas.Condition{schemas.LabourContract}, PreviousPermits: []string{"33010620190001"},
			Notice: notice, Declaration: schemas.Declaration{TextVersion: notice, Date: "2024-09-10"},
		},
		Person: &person,
	}
}

// person makes the n-th person of nobody.
func person(n int) schemas.Person {
	first := fmt.Sprintf("411302%s%03d", time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).AddDate(0, 0, n/999).Format("20060102"), n%999+1)
	check, _ := schemas.CheckCitizenID(first)
	return schemas.Person{
		CitizenID: first + string(check), FullName: fmt.Sprintf("欧阳示例%d", n), Sex: schemas.SexOf(first + string(check)),
		EthnicGroup: schemas.Code{Code: "01", Name: "汉族"}, HukouAddress: "河南省南阳市宛城区示例路1号",
		CurrentAddress: "浙江省海盐县武原街道示例新村2幢301室",
		ContactPhone:   schemas.Phone{Number: fmt.Sprintf("139%08d", n%100_000_000), Source: "real_name_account", ConsentAt: schemas.At(received.Add(-time.Hour))},
		Signature:      fmt.Sprintf("realname-20240910-%d", n),
	}
}

func hash(s string) string {
	sum := sha256.Sum256([]byte(s))
	return hex.EncodeToString(sum[:])
}

// Office decides the applications of some partitions and keeps their files in memory, without a log to be sure of: what a peer's consumer
// does before it publishes. It is not safe for concurrent use.
type Office struct {
	policy *casework.Policy
	files  map[string]*file
}

type file struct {
	casework.File
	last [sha256.Size]byte
}

// NewOffice returns an office without files.
func NewOffice(p *casework.Policy) *Office { return &Office{policy: p, files: map[string]*file{}} }

// Decide answers one input with a transition, chained to the one before; ok is false where it changes nothing.
func (o *Office) Decide(value []byte, partition int32, offset int64) (rec schemas.Record, ok bool, err error) {
	in, err := schemas.AdmitInput(value)
	if err != nil {
		return rec, false, err
	}
	f := o.files[in.DossierID]
	if f == nil {
		f = &file{}
	}
	t, err := o.policy.Decide(&f.File, in)
	if err != nil || t == nil {
		return rec, false, err
	}
	t.Input.Partition, t.Input.Offset = partition, offset
	if f.Dossier.Seq > 0 {
		t.PrevHash = hex.EncodeToString(f.last[:])
	}
	if rec, err = t.Record(); err != nil {
		return rec, false, err
	}
	o.files[in.DossierID] = &file{File: casework.File{Dossier: t.Dossier, Person: t.Person}, last: sha256.Sum256(rec.Value)}
	return rec, true, nil
}

// ApplicationOf returns the application number that a public event is about, out of its headers.
func ApplicationOf(header func(string) string) string { return strings.TrimSpace(header("ce_subject")) }
