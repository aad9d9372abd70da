package worklist

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

func TestHeldCasesByWhatHoldsThem(t *testing.T) {
	s := open(t)
	held := func(dossier, division string, since time.Duration, duties ...schemas.Duty) {
		t.Helper()
		tr := look{dossier: dossier, seq: 1, stage: schemas.StageHeld, division: division, name: "张三"}.transition()
		at := schemas.At(t0.Add(since))
		tr.Dossier.Open.Duties, tr.Dossier.Open.StageAt = duties, &at
		rec, err := tr.Record()
		if err != nil {
			t.Fatal(err)
		}
		f, err := Read(rec.Value)
		if err != nil {
			t.Fatal(err)
		}
		next, err := s.Next(t.Context(), 0)
		if err == nil {
			err = s.Apply(context.Background(), 0, []Record{{next, f}})
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	duty := func(kind schemas.EffectKind, notice, status, code string) schemas.Duty {
		return schemas.Duty{Effect: schemas.Effect{Kind: kind, Notice: notice}, Status: status, Code: code}
	}
	done := duty(schemas.EffectVerify, "", schemas.DutyDone, "")
	held("ISSUEA", "330424001", 2*time.Hour, done, duty(schemas.EffectIssue, "", schemas.DutyRefused, "E1003"))
	held("ISSUEB", "330424002", time.Hour, duty(schemas.EffectNotify, "N4", schemas.DutyRefused, "13"), duty(schemas.EffectIssue, "", schemas.DutyRefused, "E1003"))
	held("CANCEL", "330424001", 3*time.Hour, duty(schemas.EffectCancel, "", schemas.DutyUnknown, "timeout"))
	held("NOTICE", "330424001", 4*time.Hour, duty(schemas.EffectNotify, "N1", schemas.DutyUnknown, ""), duty(schemas.EffectNotify, "N1", schemas.DutyRefused, "13"))
	apply(t, s, 0, 10, look{dossier: "OTHERS", seq: 1, stage: schemas.StageReview, division: "330424001"})
	for name, tc := range map[string]struct {
		divisions []string
		want      []HeldGroup
	}{
		"county": {nil, []HeldGroup{{"issue E1003", 2, t0.Add(time.Hour)}, {"cancel timeout", 1, t0.Add(3 * time.Hour)}, {"notify 13", 1, t0.Add(4 * time.Hour)}}},
		"a town": {[]string{"330424002"}, []HeldGroup{{"issue E1003", 1, t0.Add(time.Hour)}}},
		"none":   {[]string{"330424009"}, nil},
	} {
		got, err := s.HeldGroups(t.Context(), tc.divisions)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	cases, _, err := s.List(t.Context(), Filter{Queues: []Queue{Held}, HeldFor: "issue E1003"}, "", 10)
	if got := strings.Join(numbers(cases), " "); err != nil || got != "ISSUEAAAAA0 ISSUEBAAAA0" && got != "ISSUEBAAAA0 ISSUEAAAAA0" {
		t.Errorf("the group is %s, %v", got, err)
	}
	if cases[0].HeldFor != "issue E1003" || cases[0].Since.IsZero() {
		t.Errorf("a case of it is %+v", cases[0])
	}
}
