package archive

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"permithub/internal/fault"
	"permithub/schemas"
)

// The port of the step that uses this adapter.
var _ interface {
	File(ctx context.Context, o schemas.Order) (string, error)
} = (*Archive)(nil)

var update = flag.Bool("update", false, "rewrite the golden files")

const (
	dossier  = "K3JQABCDEFGH"
	effectID = "K3JQABCDEFGHWXYZ7-file-1"
	place1   = "K3/K3JQABCDEFGH/" + effectID + ".json"
)

// personal is what no manifest and no error may carry.
var personal = []string{"11010519491231002X", "欧阳某某", "13800001234", "武原街道某路1号", "申请人欧阳某某材料齐全", "欧阳某某劳动合同.pdf"}

func at(day, hour int) schemas.Time {
	return schemas.At(time.Date(2026, 1, day, hour, 0, 0, 0, schemas.Shanghai))
}

func ptr(t schemas.Time) *schemas.Time { return &t }

func order() schemas.Order {
	o := schemas.Order{
		Effect: schemas.Effect{EffectID: effectID, Kind: schemas.EffectFile, PermitNo: "HY330424000009"}, DossierID: dossier, ApplicationNo: "K3JQABCDEFGHWXYZ7", OrderedAt: at(6, 10),
		Person: schemas.Person{CitizenID: personal[0], FullName: personal[1], ContactPhone: schemas.Phone{Number: personal[2]}, CurrentAddress: personal[3],
			Remarks: []schemas.Remark{{InputID: "input-1", Opinion: personal[4]}}},
		Case: schemas.Case{
			ApplicationNo: "K3JQABCDEFGHWXYZ7", BodyHash: strings.Repeat("b", 64), Stage: schemas.StageIssued, RulePack: "haiyan-2024-10@1", Calendar: "2026@1",
			Submission: schemas.Submission{
				Source: "province", SourceApplicationNo: "ZLB-1", Channel: schemas.Online, RecognitionType: schemas.ExistingPermit, CurrentDivision: "330424001",
				Employment: []schemas.Condition{schemas.LabourContract}, Residence: []schemas.Condition{schemas.OwnedHome},
				Materials:   []schemas.Material{{Kind: "labour_contract", Name: personal[5], Size: 1234, SHA256: strings.Repeat("a", 64), URI: "claim://materials/7"}},
				Notice:      schemas.TextVersion{Version: "1", SHA256: strings.Repeat("c", 64)},
				Declaration: schemas.Declaration{TextVersion: schemas.TextVersion{Version: "1", SHA256: strings.Repeat("d", 64)}, Date: "2026-01-05"},
			},
			SubmittedAt: at(5, 9), AcceptedAt: ptr(at(5, 10)), DecidedAt: ptr(at(6, 9)), IssuedAt: ptr(at(6, 10)),
			Facts:    &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "ZJ330411000001", Status: schemas.PermitValid, Division: "330411", IssuedOn: "2025-03-01"}}, AsOf: at(5, 9)},
			Findings: []schemas.Finding{{Rule: "R1", Outcome: "pass", Basis: "方案 三(一)"}},
			Opinions: []schemas.Opinion{{Level: "acceptance", Verdict: "accept", Officer: "0417", Remark: "input-1", At: at(5, 10)}},
			Permit:   &schemas.Permit{PermitNo: "HY330424000009", LicenceID: "1.2.156.3005.2.x", Status: schemas.PermitValid},
			Clocks:   []schemas.Clock{{ID: "T1", StartedAt: at(5, 10), DueAt: at(8, 0), ResolvedAt: ptr(at(6, 10))}},
		},
	}
	duty := func(id string, kind schemas.EffectKind, notice string) schemas.Duty {
		return schemas.Duty{Effect: schemas.Effect{EffectID: "K3JQABCDEFGHWXYZ7-" + id, Kind: kind, Notice: notice}, Status: schemas.DutyOrdered, OrderedAt: at(6, 10)}
	}
	o.Case.Duties = []schemas.Duty{duty("publish-1", schemas.EffectPublish, ""), duty("notify-1", schemas.EffectNotify, "N1"), duty("file-1", schemas.EffectFile, "")}
	return o
}

func newArchive(t *testing.T) (*Archive, string) {
	t.Helper()
	dir := t.TempDir()
	a, err := New(Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return a, dir
}

func check(t *testing.T, err error, class fault.Class, code string) {
	t.Helper()
	if err == nil || fault.ClassOf(err) != class || fault.CodeOf(err) != code {
		t.Fatalf("got %v (%v), want %v, %s", err, fault.ClassOf(err), class, code)
	}
	for _, s := range personal {
		if strings.Contains(err.Error(), s) {
			t.Errorf("error %q carries %q", err, s)
		}
	}
}

func TestFile(t *testing.T) {
	a, dir := newArchive(t)
	ref, err := a.File(t.Context(), order())
	if err != nil {
		t.Fatal(err)
	}
	got, err := os.ReadFile(filepath.Join(dir, place1))
	if err != nil {
		t.Fatal(err)
	}
	if sum := sha256.Sum256(got); ref != hex.EncodeToString(sum[:]) {
		t.Errorf("reference %s is not the file's hash", ref)
	}
	for _, s := range personal {
		if bytes.Contains(got, []byte(s)) {
			t.Errorf("the manifest carries %q", s)
		}
	}
	compare(t, "manifest.json", got)
}

func compare(t *testing.T, name string, got []byte) {
	t.Helper()
	golden := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}

// revocationOrder is the order that files the end of a permit that was revoked.
func revocationOrder() schemas.Order {
	o := order()
	o.Effect.EffectID, o.OrderedAt = "K3JQABCDEFGHWXYZ7-file-2", at(20, 9)
	c := o.Case
	duty := func(id string, kind schemas.EffectKind) schemas.Duty {
		return schemas.Duty{Effect: schemas.Effect{EffectID: "K3JQABCDEFGHWXYZ7-" + id, Kind: kind, PermitNo: c.Permit.PermitNo}, Status: schemas.DutyOrdered, OrderedAt: at(20, 9)}
	}
	o.Permit, o.Case = *c.Permit, schemas.Case{}
	o.Ended = schemas.EndedCase{
		ApplicationNo: c.ApplicationNo, Source: c.Submission.Source, SourceApplicationNo: c.Submission.SourceApplicationNo, BodyHash: c.BodyHash,
		Channel: c.Submission.Channel, RecognitionType: c.Submission.RecognitionType, Division: c.Submission.CurrentDivision, Outcome: "revoked",
		SubmittedAt: c.SubmittedAt, AcceptedAt: c.AcceptedAt, IssuedAt: c.IssuedAt, EndedAt: at(6, 11), Findings: c.Findings, Opinions: c.Opinions,
		Revocation: &schemas.Revocation{Ground: schemas.RevokedFraud, ProposedBy: "1003", ProposedAt: at(19, 9), Remark: "input-1", DecidedBy: "1004", DecidedAt: ptr(at(20, 9)),
			DecisionRemark: "input-2"},
		Duties: append(slices.Clone(c.Duties), duty("revoke-1", schemas.EffectRevoke), duty("correct-1", schemas.EffectCorrect), duty("file-2", schemas.EffectFile)),
	}
	o.Person.Remarks = append(o.Person.Remarks, schemas.Remark{InputID: "input-2", NoticeNo: "撤决〔2026〕1号"})
	return o
}

// A revocation is filed beside the issue; ordered again days later, it is the same manifest.
func TestFileARevocation(t *testing.T) {
	a, dir := newArchive(t)
	if _, err := a.File(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	ref, err := a.File(t.Context(), revocationOrder())
	if err != nil {
		t.Fatal(err)
	}
	later := revocationOrder()
	later.OrderedAt = at(25, 9)
	later.Ended.Duties = append(later.Ended.Duties, schemas.Duty{Effect: schemas.Effect{EffectID: "K3JQABCDEFGHWXYZ7-notify-2", Kind: schemas.EffectNotify}, OrderedAt: at(21, 9)})
	if again, err := a.File(t.Context(), later); err != nil || again != ref {
		t.Errorf("got %s, %v, want %s", again, err, ref)
	}
	got, err := os.ReadFile(filepath.Join(dir, "K3/K3JQABCDEFGH/K3JQABCDEFGHWXYZ7-file-2.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range append(slices.Clone(personal), "撤决") {
		if bytes.Contains(got, []byte(s)) {
			t.Errorf("the manifest carries %q", s)
		}
	}
	compare(t, "revocation.json", got)
}

func TestFileRepeated(t *testing.T) {
	a, dir := newArchive(t)
	first, err := a.File(t.Context(), order())
	if err != nil {
		t.Fatal(err)
	}
	later := order() // the officer orders it again, days later
	later.OrderedAt, later.Case.Stage = at(9, 9), schemas.StageHeld
	for i := range later.Case.Duties {
		later.Case.Duties[i].Status, later.Case.Duties[i].DoneAt = schemas.DutyDone, ptr(at(6, 11))
	}
	later.Case.Duties = append(later.Case.Duties, schemas.Duty{Effect: schemas.Effect{EffectID: "K3JQABCDEFGHWXYZ7-notify-2", Kind: schemas.EffectNotify}, OrderedAt: at(8, 9)})
	for _, o := range []schemas.Order{order(), later} {
		again, err := a.File(t.Context(), o)
		if err != nil || again != first {
			t.Errorf("got %s, %v, want %s", again, err, first)
		}
	}
	if diff := cmp.Diff([]string{place1}, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestConflictOverwritesNothing(t *testing.T) {
	a, dir := newArchive(t)
	if _, err := a.File(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	before, _ := os.ReadFile(filepath.Join(dir, place1))
	o := order()
	o.Case.BodyHash = strings.Repeat("e", 64)
	_, err := a.File(t.Context(), o)
	check(t, err, fault.Permanent, codeConflict)
	after, _ := os.ReadFile(filepath.Join(dir, place1))
	if !bytes.Equal(before, after) {
		t.Error("the manifest changed")
	}
}

func TestCrashLeftovers(t *testing.T) {
	a, dir := newArchive(t)
	folder := filepath.Join(dir, "K3", dossier)
	if err := os.MkdirAll(folder, 0o750); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(folder, ".K3JQABCDEFGHWXYZ7-file-10.ABC")
	for _, f := range []string{other, filepath.Join(folder, "."+effectID+".ABC")} {
		if err := os.WriteFile(f, []byte("{"), 0o640); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := a.File(t.Context(), order()); err != nil {
		t.Fatal(err)
	}
	want := []string{"K3/" + dossier + "/" + filepath.Base(other), place1}
	if diff := cmp.Diff(want, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func TestSideBySide(t *testing.T) {
	a, dir := newArchive(t)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			// A try may lose its half-written file to another; the step then tries again.
			for range 100 {
				if _, err := a.File(t.Context(), order()); err == nil {
					return
				} else if fault.ClassOf(err) != fault.Unavailable {
					t.Error(err)
					return
				}
			}
			t.Error("never filed")
		})
	}
	wg.Wait()
	if diff := cmp.Diff([]string{place1}, files(t, dir)); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
}

func files(t *testing.T, dir string) []string {
	t.Helper()
	var all []string
	err := fs.WalkDir(os.DirFS(dir), ".", func(p string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			all = append(all, p)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

func TestOutage(t *testing.T) {
	for _, tc := range []struct {
		name string
		bad  func(t *testing.T, dir string) string // returns the archive's folder
	}{
		{"missing", func(_ *testing.T, dir string) string { return filepath.Join(dir, "away") }},
		{"not a folder", func(t *testing.T, dir string) string { return file(t, filepath.Join(dir, "f")) }},
		{"a file in the person's place", func(t *testing.T, dir string) string { file(t, filepath.Join(dir, "K3")); return dir }},
		{"a link out of the archive", leading},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, err := New(Config{Dir: tc.bad(t, t.TempDir())})
			if err != nil {
				t.Fatal(err)
			}
			_, err = a.File(t.Context(), order())
			check(t, err, fault.Unavailable, system)
			if strings.Contains(err.Error(), a.cfg.Dir) {
				t.Errorf("error %q carries the path", err)
			}
		})
	}
}

func file(t *testing.T, name string) string {
	t.Helper()
	if err := os.WriteFile(name, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func leading(t *testing.T, dir string) string {
	t.Helper()
	if err := os.Symlink(t.TempDir(), filepath.Join(dir, "K3")); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestCreate(t *testing.T) {
	a, err := New(Config{Dir: filepath.Join(t.TempDir(), "new", "archive"), Create: true})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := a.File(t.Context(), order()); err != nil {
		t.Error(err)
	}
}

func TestBadIDs(t *testing.T) {
	for _, tc := range []struct{ name, dossier, effect string }{
		{"parent", "..", effectID}, {"path", "../../etc", effectID}, {"hidden", dossier, ".x"}, {"empty", "", effectID}, {"no effect", dossier, ""},
		{"personal", dossier, personal[1]}, {"long", strings.Repeat("A", 65), effectID},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, dir := newArchive(t)
			o := order()
			o.DossierID, o.Effect.EffectID = tc.dossier, tc.effect
			_, err := a.File(t.Context(), o)
			check(t, err, fault.Permanent, codeBadID)
			if got := files(t, dir); len(got) > 0 {
				t.Errorf("wrote %v", got)
			}
		})
	}
}

func TestCancelled(t *testing.T) {
	a, dir := newArchive(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := a.File(ctx, order()); fault.ClassOf(err) != fault.Stopped {
		t.Errorf("got %v", err)
	}
	if got := files(t, dir); len(got) > 0 {
		t.Errorf("wrote %v", got)
	}
}

func TestValidate(t *testing.T) {
	if _, err := New(Config{}); err == nil {
		t.Error("a folder without a name was taken")
	}
}
