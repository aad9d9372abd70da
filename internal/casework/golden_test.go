package casework

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"permithub/schemas"
)

var update = flag.Bool("update", false, "rewrite the goldens from what is decided now")

// recorded is one line of a golden log: an input, and the transition that it gave, byte for byte; absent where it changed nothing.
type recorded struct {
	Input      json.RawMessage `json:"input"`
	Transition json.RawMessage `json:"transition,omitempty"`
}

// What was decided once is decided again in the same way, and what was written once is read for ever.
func TestGoldenLives(t *testing.T) {
	lives := map[string]func(d *dossier){
		"automatic":  func(d *dossier) { issueFully(d, "1", "NEW", permitFacts("OLD-1", "OLD-2")); d.receipt("1", 1, true) },
		"by-hand":    goldenByHand,
		"refused":    func(d *dossier) { d.submit("1", nil); d.verify("1", 1, &schemas.Facts{}); d.submit("1", nil) },
		"supplement": goldenSupplement,
		"held":       goldenHeld,
		"revoked":    goldenRevoked,
	}
	for name, live := range lives {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join("testdata", name+".ndjson")
			if *update {
				record(t, path, live)
			}
			replay(t, path)
		})
	}
}

func goldenByHand(d *dossier) {
	underApproval(d)
	d.act("1", fullAction(schemas.ActSuspend, ""), fullRemark())
	d.at = shanghai(d.t, "2024-09-30 16:00")
	d.act("1", fullAction(schemas.ActResume, ""), fullRemark())
	k := d.clock(ClockPromised)
	d.at = k.Rungs[0].At
	d.deadline("1", ClockPromised, 50, k.Rungs[0].At, d.at)
	d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "100"})
	d.act("1", schemas.OfficerAction{Kind: schemas.ActApprove, Officer: "300"}, schemas.Remark{Opinion: "同意"})
	d.at = schemas.At(d.clock(ClockPromised).DueAt.Time)
	d.issue("1", "NEW")
	d.submit("2", nil)
}

func goldenSupplement(d *dossier) {
	d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
	d.verify("1", 1, permitFacts("OLD"))
	d.supplement("1", schemas.Supplement{Materials: []schemas.Material{{Kind: "labour_contract", Name: "c.pdf", Size: 1, SHA256: "ab", URI: "s3://m/2"}}}, nil)
	d.verify("1", 2, permitFacts("OLD"))
	d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{Reason: "moved_away"}})
}

func goldenHeld(d *dossier) {
	d.submit("1", nil)
	d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "parked_unmarked")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectVerify, 1)})
	d.verify("1", 1, permitFacts("OLD"))
	d.issue("1", "NEW")
	d.attempt("1", 1, "run-a")
	d.outcome("1", schemas.EffectNotify, 1, schemas.EffectUnknown, "timeout")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActSettle, Officer: "9", EffectID: d.effect("1", schemas.EffectNotify, 1), Verdict: "sent"}, schemas.Remark{Opinion: "已电话告知"})
	d.submit("1", func(s *schemas.Submission) { s.HukouCounty = "411303" })
}

func goldenRevoked(d *dossier) {
	closed(d)
	propose(d, "300")
	confirmRevocation(d, "300")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActRejectRevocation, Officer: "400"}, schemas.Remark{Opinion: "待核实"})
	propose(d, "400")
	confirmRevocation(d, "300")
	d.done("1", schemas.EffectRevoke, 1)
	d.outcome("1", schemas.EffectCorrect, 1, schemas.EffectRefused, "no")
	d.act("1", schemas.OfficerAction{Kind: schemas.ActRetry, Officer: "9", EffectID: d.effect("1", schemas.EffectCorrect, 1)})
	d.done("1", schemas.EffectCorrect, 1)
	d.attempt("1", 2, "run-a")
	d.done("1", schemas.EffectNotify, 2)
	d.done("1", schemas.EffectFile, 2)
}

// record writes a life down. A life is played through dossier.send, so it keeps the invariants, too.
func record(t *testing.T, path string, live func(*dossier)) {
	t.Helper()
	d := adult(t)
	var out bytes.Buffer
	lines := json.NewEncoder(&out)
	d.tap = func(in *schemas.Input, tr *schemas.Transition) {
		line := recorded{Input: []byte(encode(t, in))}
		if tr != nil {
			line.Transition = []byte(encode(t, tr))
		}
		if err := lines.Encode(line); err != nil {
			t.Fatal(err)
		}
	}
	live(d)
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func replay(t *testing.T, path string) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	p, f := testPolicy(t), File{}
	for n, line := range bytes.Split(bytes.TrimSpace(data), []byte("\n")) {
		var rec recorded
		if err := json.Unmarshal(line, &rec); err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		in, err := schemas.DecodeInput(rec.Input)
		if err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		tr, err := p.Decide(&f, in)
		if err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		if tr == nil {
			if rec.Transition != nil {
				t.Fatalf("line %d: %s changes nothing any more", n+1, in.Kind)
			}
			continue
		}
		if diff := cmp.Diff(pretty(t, rec.Transition), pretty(t, []byte(encode(t, tr)))); diff != "" {
			t.Fatalf("line %d, %s (-recorded +decided):\n%s", n+1, in.Kind, diff)
		}
		// Go on from what was written, not from what is in memory: a restored process must decide alike.
		old, err := schemas.DecodeTransition(rec.Transition)
		if err != nil {
			t.Fatalf("line %d: %v", n+1, err)
		}
		f = File{Dossier: old.Dossier, Person: old.Person}
	}
}

func pretty(t *testing.T, b []byte) string {
	t.Helper()
	var out bytes.Buffer
	if err := json.Indent(&out, b, "", " "); err != nil && len(b) > 0 {
		t.Fatal(err)
	}
	return out.String()
}
