package timeline

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	dossier = "K3JQ2Z7XA4MN"
	first   = dossier + "ABCD0"
	second  = dossier + "EFGH1"
)

func clock(text string) schemas.Time {
	t, err := time.ParseInLocation(moment, text, schemas.Shanghai)
	if err != nil {
		panic(err)
	}
	return schemas.At(t)
}

func ptr(t schemas.Time) *schemas.Time { return &t }

// values encodes transitions as they stand in the log, numbered and chained.
func values(t testing.TB, steps []*schemas.Transition) [][]byte {
	t.Helper()
	var all [][]byte
	head := ""
	for i, s := range steps {
		s.Seq, s.PrevHash, s.DossierID = int64(i+1), head, dossier
		r, err := s.Record()
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, r.Value)
		head = schemas.BodyHash(r.Value)
	}
	return all
}

func person() *schemas.Person {
	return &schemas.Person{CitizenID: "11010519491231002X", FullName: "张三丰", ContactPhone: schemas.Phone{Number: "13800138000"}, HukouAddress: "武当山1号"}
}

// story is a window case that is issued and closed, and a second application that was not accepted.
func story() []*schemas.Transition {
	submission := schemas.Submission{Source: "window", SourceApplicationNo: "2026-0001", Channel: schemas.Window, RecognitionType: schemas.ExistingPermit}
	c := schemas.Case{ApplicationNo: first, Stage: schemas.StageSubmitted, Submission: submission, SubmittedAt: clock("2026-09-25 09:00:00"), RulePack: "haiyan-2024-10/1", Calendar: "2026-1"}
	permit := schemas.Permit{PermitNo: "330424000012345", ApplicationNo: first, IssuedAt: clock("2026-09-29 10:00:01"), Status: "valid"}
	step := func(at string, kind schemas.InputKind, source string, d schemas.Dossier, events ...schemas.Event) *schemas.Transition {
		for i := range events {
			if events[i].ApplicationNo == "" {
				events[i].ApplicationNo = first
			}
			if events[i].At.IsZero() {
				events[i].At = clock(at)
			}
		}
		return &schemas.Transition{ApplicationNo: first, Input: schemas.InputRef{Kind: kind, Source: source, ReceivedAt: clock(at)}, Events: events, Dossier: d}
	}
	open := func(change func(*schemas.Case)) schemas.Dossier {
		change(&c)
		o := c
		o.Opinions, o.Clocks, o.Duties = slices.Clone(c.Opinions), slices.Clone(c.Clocks), slices.Clone(c.Duties)
		return schemas.Dossier{Open: &o}
	}
	opinion := func(level, verdict, officer, remark, at string) schemas.Opinion {
		return schemas.Opinion{Level: level, Verdict: verdict, Officer: officer, Remark: remark, At: clock(at)}
	}
	steps := []*schemas.Transition{
		step("2026-09-25 09:00:00", schemas.InputSubmission, "window", open(func(c *schemas.Case) {
			c.Duties = []schemas.Duty{{Effect: schemas.Effect{EffectID: first + "-verify-1", Kind: schemas.EffectVerify}, Status: "ordered", OrderedAt: clock("2026-09-25 09:00:00")}}
		}), schemas.Event{Type: schemas.EvSubmitted, To: schemas.StageSubmitted, Code: "window"}),
		step("2026-09-25 09:00:02", schemas.InputEffectResult, "verification", open(func(c *schemas.Case) {
			c.Stage = schemas.StagePreExamine
			c.Duties[0].Status, c.Duties[0].DoneAt = "done", ptr(clock("2026-09-25 09:00:02"))
			c.Findings = []schemas.Finding{
				{Rule: "R4", Outcome: "pass", Basis: "条例 第二条", Detail: "330105"},
				{Rule: "R1", Outcome: "fail", Reason: "r1_no_valid_permit", Basis: "盐政办发〔2024〕10号 三(一)"},
			}
		}), schemas.Event{Type: schemas.EvVerified, From: schemas.StageSubmitted, To: schemas.StagePreExamine}),
		step("2026-09-25 10:00:00", schemas.InputOfficerAction, "desk", open(func(c *schemas.Case) { c.Stage = schemas.StageSupplement }),
			schemas.Event{Type: schemas.EvSupplementRequested, From: schemas.StagePreExamine, To: schemas.StageSupplement, Officer: "1001", Items: []string{"condition", "agent"}}),
		step("2026-09-25 11:00:00", schemas.InputOfficerAction, "desk", open(func(c *schemas.Case) {
			c.Stage = schemas.StageReview
			c.Opinions = append(c.Opinions, opinion("acceptance", "accepted", "1001", "act-1", "2026-09-25 11:00:00"))
			c.Clocks = []schemas.Clock{{ID: "T1", StartedAt: clock("2026-09-25 11:00:00"), DueAt: clock("2026-09-30 00:00:00"), Rungs: []schemas.Rung{
				{Percent: 50, At: clock("2026-09-28 15:00:00")}, {Percent: 100, At: clock("2026-09-30 00:00:00")}}},
				{ID: "T4", StartedAt: clock("2026-09-25 11:00:00"), DueAt: clock("2026-10-24 00:00:00"), Provisional: true}}
		}), schemas.Event{Type: schemas.EvAccepted, From: schemas.StagePreExamine, To: schemas.StageReview, Officer: "1001", Remark: "act-1", DueAt: ptr(clock("2026-09-30 00:00:00"))}),
		step("2026-09-28 15:05:00", schemas.InputDeadlineReached, "overdue", open(func(c *schemas.Case) {
			c.Clocks[0].Rungs = []schemas.Rung{{Percent: 50, At: clock("2026-09-28 15:00:00"), FiredAt: ptr(clock("2026-09-28 15:05:00"))}, {Percent: 100, At: clock("2026-09-30 00:00:00")}}
		}), schemas.Event{Type: schemas.EvWarned, At: clock("2026-09-28 15:00:00"), Clock: "T1", Rung: 50, DetectedAt: ptr(clock("2026-09-28 15:05:00"))}),
		step("2026-09-29 10:00:00", schemas.InputOfficerAction, "desk", open(func(c *schemas.Case) {
			c.Stage = schemas.StageIssuing
			c.Opinions = append(c.Opinions, opinion("review", "passed", "1002", "", "2026-09-28 16:00:00"), opinion("approval", "approved", "1003", "act-2", "2026-09-29 10:00:00"))
		}), schemas.Event{Type: schemas.EvApproved, From: schemas.StageApproval, To: schemas.StageIssuing, Officer: "1003", Remark: "act-2"}),
		step("2026-09-29 10:00:05", schemas.InputEffectResult, "issuance", open(func(c *schemas.Case) {
			c.Stage, c.Permit = schemas.StageIssued, &permit
			c.Clocks[0].ResolvedAt = ptr(permit.IssuedAt)
			c.Duties = append(c.Duties,
				schemas.Duty{Effect: schemas.Effect{EffectID: first + "-cancel-1", Kind: schemas.EffectCancel, PermitNo: "330402000099999"}, Status: "ordered", OrderedAt: clock("2026-09-29 10:00:05")},
				schemas.Duty{Effect: schemas.Effect{EffectID: first + "-notify-1", Kind: schemas.EffectNotify, Notice: "N1"}, Status: "done", OrderedAt: clock("2026-09-29 10:00:05"), DoneAt: ptr(clock("2026-09-29 10:00:07")), Ref: "MAS-7", Delivered: "yes"})
		}), schemas.Event{Type: schemas.EvIssued, At: permit.IssuedAt, From: schemas.StageIssuing, To: schemas.StageIssued, Ref: permit.PermitNo}),
		step("2026-09-29 10:01:00", schemas.InputSubmission, "province", open(func(*schemas.Case) {}),
			schemas.Event{Type: schemas.EvSubmitted, ApplicationNo: second, To: schemas.StageSubmitted, Code: "online"},
			schemas.Event{Type: schemas.EvNotAccepted, ApplicationNo: second, From: schemas.StageSubmitted, To: schemas.StageNotAccepted, Officer: "haiyan-2024-10/1", Reasons: []string{"r9_open_application"}, Ref: first}),
	}
	ended := schemas.EndedCase{ApplicationNo: second, Source: "province", SourceApplicationNo: "P-77", Outcome: "not_accepted", Channel: schemas.Online, EndedAt: clock("2026-09-29 10:01:00")}
	steps[7].Dossier.Ended = []schemas.EndedCase{ended}
	done := slices.Clone(c.Duties)
	done[1].Status, done[1].DoneAt = "done", ptr(clock("2026-09-29 10:02:00"))
	steps = append(steps, step("2026-09-29 10:02:00", schemas.InputEffectResult, "cancellation", schemas.Dossier{Permits: []schemas.Permit{permit}, Ended: []schemas.EndedCase{ended,
		{ApplicationNo: first, Source: "window", SourceApplicationNo: "2026-0001", Outcome: "issued", EndedAt: clock("2026-09-29 10:02:00"), Duties: done,
			Channel: c.Submission.Channel, RecognitionType: c.Submission.RecognitionType, Findings: c.Findings, Opinions: c.Opinions}}},
		schemas.Event{Type: schemas.EvPermitCancelled, Ref: "330402000099999"},
		schemas.Event{Type: schemas.EvClosed, From: schemas.StageIssued, To: schemas.StageClosed},
		schemas.Event{Type: schemas.EvArchived, From: schemas.StageClosed, To: schemas.StageArchived}))
	for i := range steps {
		steps[i].Person = person()
		steps[i].Person.Remarks = []schemas.Remark{{InputID: "act-1", Opinion: "材料齐全"}, {InputID: "act-2", Opinion: "\x1b[31m准予"}}
	}
	return steps
}

var texts = Texts{
	Reason: func(code string) string {
		return named(map[string]string{"r1_no_valid_permit": "未查询到有效居住证", "r9_open_application": "已有一件申请正在办理"}, code)
	},
	Item: func(item string) string {
		return named(map[string]string{"condition": "居住、就业或就读证明材料", "agent": "监护人的身份证明"}, item)
	},
	Officer: func(id string) string { return named(map[string]string{"1001": "1001 王一"}, id) },
}

func read(t *testing.T, v [][]byte) *File {
	t.Helper()
	f, err := Read(v)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(name, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

func TestGoldens(t *testing.T) {
	s := NewSheet(read(t, values(t, story())), "", texts)
	var text, asJSON bytes.Buffer
	worded := texts
	worded.Words = true
	if err := NewSheet(read(t, values(t, story())), "", worded).WriteText(&text, worded); err != nil {
		t.Fatal(err)
	}
	if err := s.WriteJSON(&asJSON); err != nil {
		t.Fatal(err)
	}
	golden(t, "testdata/case.golden", text.String())
	golden(t, "testdata/case.json", asJSON.String())
	for _, out := range []string{text.String(), asJSON.String()} {
		for _, personal := range []string{person().CitizenID, person().FullName, person().ContactPhone.Number, person().HukouAddress} {
			if strings.Contains(out, personal) {
				t.Errorf("%s is shown", personal)
			}
		}
	}
	if strings.ContainsRune(text.String(), '\x1b') {
		t.Error("an opinion steers the terminal")
	}
	if !json.Valid(asJSON.Bytes()) {
		t.Error("not JSON")
	}
}

func TestOneApplicationOnly(t *testing.T) {
	s := NewSheet(read(t, values(t, story())), second, Texts{})
	if len(s.Cases) != 1 || s.Cases[0].ApplicationNo != second || len(s.Cases[0].Happened) != 2 {
		t.Errorf("got %+v", s.Cases)
	}
}

// The opinion that ends a case comes with the ended case, and stays when the dossier lets go of it later.
func TestEndingOpinion(t *testing.T) {
	opinion := schemas.Opinion{Level: "review", Verdict: "refused", Officer: "1002", Remark: "act-3"}
	finding := schemas.Finding{Rule: "R2", Outcome: "fail", Reason: "r2_under_six_months"}
	steps := []*schemas.Transition{
		{Events: []schemas.Event{{Type: schemas.EvSubmitted, ApplicationNo: first}}, Dossier: schemas.Dossier{Open: &schemas.Case{ApplicationNo: first, Stage: schemas.StageReview}}},
		{Events: []schemas.Event{{Type: schemas.EvRefused, ApplicationNo: first, From: schemas.StageReview, To: schemas.StageRefused, Officer: "1002", Remark: "act-3"}},
			Dossier: schemas.Dossier{Ended: []schemas.EndedCase{{ApplicationNo: first, Outcome: "refused", Opinions: []schemas.Opinion{opinion}, Findings: []schemas.Finding{finding}}}},
			Person:  &schemas.Person{Remarks: []schemas.Remark{{InputID: "act-3", Opinion: "不符"}}}},
		{Events: []schemas.Event{{Type: schemas.EvNoticeSent, ApplicationNo: first}}, Dossier: schemas.Dossier{Ended: []schemas.EndedCase{{ApplicationNo: first, Outcome: "refused"}}}},
	}
	got := NewSheet(read(t, values(t, steps)), "", Texts{Words: true}).Cases[0]
	if diff := cmp.Diff([]Opinion{{opinion, "“不符”"}}, got.Opinions); diff != "" || got.Standing != "不予互认" {
		t.Errorf("%s (-want +got):\n%s", got.Standing, diff)
	}
	if diff := cmp.Diff([]schemas.Finding{finding}, got.Findings); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func TestChainNamesTheBreak(t *testing.T) {
	whole := values(t, story())
	edited := slices.Clone(whole)
	edited[2] = bytes.Replace(edited[2], []byte(`"1001"`), []byte(`"1009"`), 1)
	swapped := slices.Clone(whole)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	for _, row := range []struct {
		name   string
		values [][]byte
		want   string
	}{
		{"whole", whole, "链完整"},
		{"edited", edited, "链断裂于 seq 4（前一条的摘要不符）"},
		{"dropped", slices.Delete(slices.Clone(whole), 4, 5), "链断裂于 seq 5（序号为 6）"},
		{"beginning cut", whole[1:], "链断裂于 seq 1（序号为 2）"},
		{"inserted", slices.Insert(slices.Clone(whole), 2, whole[1]), "链断裂于 seq 3（序号为 2）"},
		{"reordered", swapped, "链断裂于 seq 4（序号为 5）"},
	} {
		t.Run(row.name, func(t *testing.T) {
			c := read(t, row.values).Chain
			if c.String() != row.want || c.Head != schemas.BodyHash(row.values[len(row.values)-1]) {
				t.Errorf("got %s, want %s", c, row.want)
			}
		})
	}
}

// Any one byte changed in any record but the last is found.
func TestChainFindsEveryEdit(t *testing.T) {
	whole := values(t, story())
	rapid.Check(t, func(t *rapid.T) {
		edited := slices.Clone(whole)
		i := rapid.IntRange(0, len(whole)-2).Draw(t, "record")
		b := slices.Clone(edited[i])
		at := rapid.IntRange(0, len(b)-1).Draw(t, "byte")
		b[at] ^= byte(rapid.IntRange(1, 255).Draw(t, "bits"))
		edited[i] = b
		if f, err := Read(edited); err == nil && f.Chain.Whole {
			t.Errorf("record %d, byte %d: not found", i, at)
		}
	})
}

func TestReadRefuses(t *testing.T) {
	for _, row := range []struct {
		name   string
		values [][]byte
	}{{"no records", nil}, {"not JSON", [][]byte{[]byte("张三丰")}}} {
		if _, err := Read(row.values); err == nil || strings.Contains(err.Error(), "张") {
			t.Errorf("%s: %v", row.name, err)
		}
	}
}

func TestMasks(t *testing.T) {
	for _, row := range []struct{ got, want string }{
		{MaskID("11010519491231002X"), "110105********002X"}, {MaskID("short"), "*****"}, {MaskPhone("13800138000"), "138****8000"}, {MaskPhone("12345"), "*****"},
	} {
		if row.got != row.want {
			t.Errorf("got %s, want %s", row.got, row.want)
		}
	}
}

func TestBefore(t *testing.T) {
	if got := before(clock("2026-09-30 00:00:00")); got != "2026-09-29 24:00:00" {
		t.Errorf("midnight: %s", got)
	}
	if got := before(clock("2026-09-29 17:30:00")); got != "2026-09-29 17:30:00" {
		t.Errorf("close of business: %s", got)
	}
}

func FuzzRead(f *testing.F) {
	for _, v := range values(f, story()) {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Read([][]byte{b, b})
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := NewSheet(file, "", Texts{}).WriteText(&out, Texts{}); err != nil {
			t.Error(err)
		}
	})
}

// A revocation shows its ground and both officers; what they wrote only where words are shown.
func TestRevocationSheet(t *testing.T) {
	decided := clock("2026-12-02 09:00:00")
	for name, tc := range map[string]struct {
		r    *schemas.Revocation
		want []string
		not  []string
	}{
		"none":     {nil, nil, []string{"撤销"}},
		"proposed": {&schemas.Revocation{Ground: "revoked_fraud", ProposedBy: "1003", ProposedAt: clock("2026-12-01 09:00:00"), Remark: "act-1"}, []string{"revoked_fraud", "1003", "2026-12-01 09:00:00", "“伪造合同”", "待另一人确认"}, nil},
		"decided": {&schemas.Revocation{Ground: "revoked_fraud", ProposedBy: "1003", ProposedAt: clock("2026-12-01 09:00:00"), Remark: "act-1", DecidedBy: "1004", DecidedAt: &decided, DecisionRemark: "act-2"},
			[]string{"1004", "2026-12-02 09:00:00", "“撤决〔2026〕1号”"}, []string{"待另一人确认"}},
	} {
		t.Run(name, func(t *testing.T) {
			p := person()
			p.Remarks = []schemas.Remark{{InputID: "act-1", Opinion: "伪造合同"}, {InputID: "act-2", NoticeNo: "撤决〔2026〕1号"}}
			tr := &schemas.Transition{ApplicationNo: first, Input: schemas.InputRef{ReceivedAt: decided}, Person: p,
				Events:  []schemas.Event{{Type: schemas.EvArchived, ApplicationNo: first, At: decided}},
				Dossier: schemas.Dossier{Ended: []schemas.EndedCase{{ApplicationNo: first, Outcome: "issued", EndedAt: decided, Revocation: tc.r}}}}
			f, err := Read(values(t, []*schemas.Transition{tr}))
			if err != nil {
				t.Fatal(err)
			}
			var b bytes.Buffer
			if err := NewSheet(f, "", Texts{Words: true}).WriteText(&b, Texts{Words: true}); err != nil {
				t.Fatal(err)
			}
			for _, text := range tc.want {
				if !strings.Contains(b.String(), text) {
					t.Errorf("no %q in\n%s", text, b.String())
				}
			}
			for _, text := range tc.not {
				if strings.Contains(b.String(), text) {
					t.Errorf("%q in\n%s", text, b.String())
				}
			}
		})
	}
	p := person()
	p.Remarks = []schemas.Remark{{InputID: "act-1", Opinion: "伪造合同"}}
	if r := revocation(&schemas.Revocation{Remark: "act-1"}, p, Texts{}); r.Why != "（4 字）" {
		t.Errorf("without words: %q", r.Why)
	}
}
