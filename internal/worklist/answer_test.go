package worklist

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

// answered is the transition that answers an officer's act.
func answered(dossier string, seq int64, input, code string) *File {
	return fileOf(answering(dossier, seq, input, code))
}

func answering(dossier string, seq int64, input, code string) *schemas.Transition {
	t := look{dossier: dossier, seq: seq, stage: schemas.StageReview}.transition()
	t.Input = schemas.InputRef{InputID: input, Kind: schemas.InputOfficerAction, ReceivedAt: schemas.At(t0)}
	t.Events = []schemas.Event{{Type: schemas.EvAccepted}}
	if code != "" {
		t.Events = []schemas.Event{{Type: schemas.EvRejected, Code: code}}
	}
	return t
}

func TestAnswers(t *testing.T) {
	s := open(t)
	conflict := answering("A", 3, "act-1", "")
	conflict.Events[0].Type, conflict.Events[0].Code = schemas.EvConflict, "officer_action"
	for i, f := range []*File{answered("A", 1, "act-1", ""), answered("A", 2, "act-2", "version_changed"), look{dossier: "A", seq: 4, stage: schemas.StageReview}.file()} {
		if err := s.Apply(t.Context(), 0, []Record{{int64(i), f}}); err != nil {
			t.Fatal(err)
		}
	}
	for input, want := range map[string]Answer{"act-1": {1, ""}, "act-2": {2, "version_changed"}} {
		if got, known, err := s.Answer(t.Context(), "A", input); err != nil || !known || got != want {
			t.Errorf("%s: got %+v, %v, %v", input, got, known, err)
		}
	}
	if _, known, err := s.Answer(t.Context(), "B", "act-1"); err != nil || known {
		t.Errorf("an act under the same id on another file: %v, %v", known, err)
	}
	if _, known, err := s.Answer(t.Context(), "A", ""); err != nil || known {
		t.Errorf("no act: %v, %v", known, err)
	}
	if err := s.Apply(t.Context(), 0, []Record{{9, fileOf(conflict)}}); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Answer(t.Context(), "A", "act-1"); err != nil || got.Code != "officer_action" {
		t.Errorf("after another act of the same id: %+v, %v", got, err)
	}
}

// The answer is there as soon as the log has it, whether one waits before or after; and whoever waits too long is told nothing.
func TestAwait(t *testing.T) {
	s := open(t)
	var waiting sync.WaitGroup
	for i := range 20 {
		input := fmt.Sprint("act-", i)
		waiting.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			if got, known, err := s.Await(ctx, "A", input); err != nil || !known || got.Version != int64(i+1) {
				t.Errorf("%s: got %+v, %v, %v", input, got, known, err)
			}
		})
	}
	for i := range 20 {
		if err := s.Apply(t.Context(), 0, []Record{{int64(i), answered("A", int64(i+1), fmt.Sprint("act-", i), "")}}); err != nil {
			t.Fatal(err)
		}
	}
	waiting.Wait()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, known, err := s.Await(ctx, "A", "never"); known || err != nil {
		t.Errorf("an act that the log never answers: %v, %v", known, err)
	}
}

func TestAwaitGivesUp(t *testing.T) {
	s := open(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		began := time.Now()
		if _, known, err := s.Await(ctx, "A", "never"); known || err != nil || time.Since(began) < time.Second {
			t.Errorf("got %v, %v after %v", known, err, time.Since(began))
		}
	})
}

func TestRevocations(t *testing.T) {
	s := open(t)
	at, decided := schemas.At(t0), schemas.At(t0.Add(time.Hour))
	ended := func(dossier, division string, r *schemas.Revocation, duties ...schemas.Duty) *File {
		t := look{dossier: dossier, seq: 1}.transition()
		t.Dossier.Ended = []schemas.EndedCase{{ApplicationNo: dossier + "AAAA0", Division: division, Outcome: "issued", Revocation: r, Duties: duties}}
		return fileOf(t)
	}
	duty := func(kind schemas.EffectKind, status string) schemas.Duty {
		return schemas.Duty{Effect: schemas.Effect{Kind: kind}, Status: status}
	}
	proposed := &schemas.Revocation{Ground: schemas.RevokedFraud, ProposedBy: "1003", ProposedAt: at}
	confirmed := &schemas.Revocation{Ground: schemas.RevokedFraud, ProposedBy: "1003", ProposedAt: at, DecidedBy: "1004", DecidedAt: &decided}
	files := []*File{
		ended("NONE", "330424001", nil, duty(schemas.EffectNotify, schemas.DutyOrdered)),
		ended("PROPOSED", "330424001", proposed, duty(schemas.EffectNotify, schemas.DutyRefused)),
		ended("RUNNING", "330424002", confirmed, duty(schemas.EffectRevoke, schemas.DutyOrdered)),
		ended("STUCK", "330424002", confirmed, duty(schemas.EffectRevoke, schemas.DutyDone), duty(schemas.EffectCorrect, schemas.DutyRefused)),
		ended("DONE", "330424002", confirmed, duty(schemas.EffectRevoke, schemas.DutyDone), duty(schemas.EffectCorrect, schemas.DutyWaived)),
	}
	for i, f := range files {
		if err := s.Apply(t.Context(), 0, []Record{{int64(i), f}}); err != nil {
			t.Fatal(err)
		}
	}
	list := func(divisions ...string) []string {
		t.Helper()
		all, err := s.Revocations(t.Context(), divisions, 10)
		if err != nil {
			t.Fatal(err)
		}
		var out []string
		for _, r := range all {
			if !r.ProposedAt.Equal(t0) || r.ProposedBy != "1003" || r.Ground != schemas.RevokedFraud {
				t.Errorf("%+v", r)
			}
			out = append(out, fmt.Sprint(r.DossierID, " ", r.Decided, " ", r.Stuck))
		}
		return out
	}
	if diff := gocmp.Diff([]string{"PROPOSED false false", "RUNNING true false", "STUCK true true"}, list()); diff != "" {
		t.Errorf("all (-want +got)\n%s", diff)
	}
	if diff := gocmp.Diff([]string{"PROPOSED false false"}, list("330424001", "330424005")); diff != "" {
		t.Errorf("one township (-want +got)\n%s", diff)
	}
	rejected := ended("PROPOSED", "330424001", nil)
	rejected.Seq = 2
	if err := s.Apply(t.Context(), 0, []Record{{9, rejected}}); err != nil {
		t.Fatal(err)
	}
	if got := list("330424001"); len(got) != 0 {
		t.Errorf("after the rejection: %v", got)
	}
}
