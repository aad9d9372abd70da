package casework

import (
	"slices"
	"testing"

	"permithub/schemas"
)

// stages brings a case into every stage in which it can be open.
var stages = map[schemas.Stage]func(d *dossier){
	schemas.StageSubmitted: func(d *dossier) { d.submit("1", byHand) },
	schemas.StagePreExamine: func(d *dossier) {
		d.submit("1", byHand)
		d.verify("1", 1, permitFacts("OLD"))
	},
	schemas.StageSupplement: func(d *dossier) {
		d.submit("1", func(s *schemas.Submission) { s.Materials = nil })
		d.verify("1", 1, permitFacts("OLD"))
	},
	schemas.StageReview:    func(d *dossier) { accepted(d, "2024-09-10 10:00") },
	schemas.StageApproval:  underApproval,
	schemas.StageSuspended: func(d *dossier) { underApproval(d); d.act("1", fullAction(schemas.ActSuspend, ""), fullRemark()) },
	schemas.StageIssuing: func(d *dossier) {
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
	},
	schemas.StageIssued: func(d *dossier) {
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		d.issue("1", "NEW")
	},
	schemas.StageHeld: func(d *dossier) {
		d.submit("1", nil)
		d.verify("1", 1, permitFacts("OLD"))
		d.issue("1", "NEW")
		d.outcome("1", schemas.EffectPublish, 1, schemas.EffectRefused, "x")
	},
}

// fullAction is an action with everything that any kind may ask for, but the words.
func fullAction(kind schemas.ActionKind, effectID string) schemas.OfficerAction {
	return schemas.OfficerAction{Kind: kind, Officer: "999", Items: []string{itemIdentity}, Ground: "hearing", EffectID: effectID, Verdict: "sent"}
}

// fullRemark is everything that an officer may write.
func fullRemark() schemas.Remark {
	return schemas.Remark{Opinion: "欧阳𠮷的材料齐全", NoticeNo: "盐公中止〔2024〕1号"}
}

var actions = []schemas.ActionKind{
	schemas.ActAccept, schemas.ActRequestSupplement, schemas.ActNotAccept, schemas.ActReview, schemas.ActApprove, schemas.ActRefuse, schemas.ActReturn,
	schemas.ActSuspend, schemas.ActResume, schemas.ActWithdraw, schemas.ActRetry, schemas.ActWaive, schemas.ActSettle,
	schemas.ActProposeRevocation, schemas.ActConfirmRevocation, schemas.ActRejectRevocation,
}

// goals lists where the life of a case lets a command lead from a stage.
func goals(from schemas.Stage, cmd string) []schemas.Stage {
	var list []schemas.Stage
	for _, m := range Moves() {
		if m.From == from && m.Command == cmd {
			list = append(list, m.To)
		}
	}
	return list
}

func inEachStage(t *testing.T, try func(t *testing.T, d *dossier, stage schemas.Stage)) {
	for stage, reach := range stages {
		t.Run(string(stage), func(t *testing.T) {
			d := adult(t)
			reach(d)
			d.wantStage(stage)
			try(t, d, stage)
		})
	}
}

// Every officer's action in every stage is either a move of the table or a recorded rejection.
func TestEveryStageAndAction(t *testing.T) {
	for _, kind := range actions {
		t.Run(string(kind), func(t *testing.T) {
			inEachStage(t, func(t *testing.T, d *dossier, stage schemas.Stage) {
				target := ""
				if kind == schemas.ActRetry || kind == schemas.ActWaive {
					target = d.effect("1", schemas.EffectPublish, 1)
				}
				before := len(d.log)
				tr := d.act("1", fullAction(kind, target), fullRemark())
				if tr == nil || len(d.log) != before+1 {
					t.Fatal("an action left no trace")
				}
				allowed := goals(stage, string(kind))
				if tr.Events[0].Type == schemas.EvRejected {
					// The table's own refusals say the stage; in the stage, the target of an act may be wrong.
					if len(allowed) == 0 != (tr.Events[0].Code == "stage_"+string(stage)) {
						t.Errorf("rejected as %s, table has %v", tr.Events[0].Code, allowed)
					}
					d.wantStage(stage)
					if len(tr.Events) != 1 || len(tr.Effects) != 0 {
						t.Errorf("a rejection with %v %v", eventTypes(tr), effectIDs(tr))
					}
					return
				}
				to := tr.Events[0].To
				if to == "" {
					to = stage
				}
				if !slices.Contains(allowed, to) {
					t.Errorf("led to %s, table has %v", to, allowed)
				}
			})
		})
	}
}

// A row of the table that an action can take by itself is taken by it.
func TestEveryRowIsReached(t *testing.T) {
	reached := map[Move]bool{}
	note := func(d *dossier, cmd string, from schemas.Stage, tr *schemas.Transition) {
		for _, ev := range tr.Events {
			if ev.From == from || ev.From == "" && ev.Type != schemas.EvRejected {
				to := ev.To
				if to == "" {
					to = from
				}
				reached[Move{from, cmd, to}] = true
				return
			}
		}
	}
	for stage, reach := range stages {
		for _, kind := range actions {
			for _, returnTo := range []string{"", string(schemas.StagePreExamine)} {
				d := adult(t)
				reach(d)
				a := fullAction(kind, d.effect("1", schemas.EffectPublish, 1))
				a.ReturnTo = returnTo
				note(d, string(kind), stage, d.act("1", a, fullRemark()))
			}
		}
		d := adult(t)
		reach(d)
		note(d, string(cmdSupplement), stage, d.supplement("1", schemas.Supplement{}, nil))
	}
	d := adult(t)
	accepted(d, "2024-09-10 10:00")
	d.act("1", fullAction(schemas.ActSuspend, ""), fullRemark())
	note(d, string(schemas.ActResume), schemas.StageSuspended, d.act("1", fullAction(schemas.ActResume, ""), fullRemark()))
	d = adult(t)
	d.submit("1", nil)
	d.outcome("1", schemas.EffectVerify, 1, schemas.EffectRefused, "x")
	note(d, string(schemas.ActWithdraw), schemas.StageHeld, d.act("1", fullAction(schemas.ActWithdraw, ""), fullRemark()))
	elsewhere := []string{string(cmdVerified), string(cmdDeem), string(cmdIssued), string(cmdHold), string(cmdSettled), string(cmdClose), string(cmdArchive),
		string(schemas.ActRetry), string(schemas.ActWaive), string(schemas.ActSettle),
		string(schemas.ActProposeRevocation), string(schemas.ActConfirmRevocation), string(schemas.ActRejectRevocation)} // their lives are told one by one
	for _, m := range Moves() {
		if !reached[m] && !slices.Contains(elsewhere, m.Command) {
			t.Errorf("row %v was never taken", m)
		}
	}
	for m := range reached {
		if !slices.Contains(Moves(), m) {
			t.Errorf("%v was taken and is no row", m)
		}
	}
}

// Everything else that may arrive in any stage either moves along the table or changes nothing; dossier.send checks the rest.
func TestEveryStageAndWord(t *testing.T) {
	words := map[string]func(d *dossier){
		"supplement": func(d *dossier) { d.supplement("1", schemas.Supplement{}, nil) },
		"withdrawal": func(d *dossier) {
			d.send(schemas.Input{Kind: schemas.InputWithdrawal, ApplicationNo: d.no("1"), Withdrawal: &schemas.Withdrawal{}})
		},
		"attempt":           func(d *dossier) { d.attempt("1", 1, "run") },
		"receipt":           func(d *dossier) { d.receipt("1", 1, true) },
		"second":            func(d *dossier) { d.submit("2", nil) },
		"unknown dead line": func(d *dossier) { d.deadline("1", "T0", 50, d.at, d.at) },
	}
	for _, kind := range []schemas.EffectKind{schemas.EffectVerify, schemas.EffectIssue, schemas.EffectCancel, schemas.EffectPublish, schemas.EffectNotify, schemas.EffectFile} {
		for _, status := range []schemas.EffectStatus{schemas.EffectDone, schemas.EffectRefused, schemas.EffectUnknown, "nonsense"} {
			words[string(kind)+" "+string(status)] = func(d *dossier) { d.outcome("1", kind, 1, status, "c") }
		}
	}
	for _, clock := range []string{ClockPromised, ClockPush, ClockNotify, ClockStatutory, ClockDeemed, ClockCancel} {
		words[clock] = func(d *dossier) {
			if k := d.file.Dossier.Open.ClockByID(clock); k != nil {
				d.at = schemas.At(k.DueAt.Time)
				d.deadline("1", clock, 100, k.DueAt, d.at)
			}
		}
	}
	for name, say := range words {
		t.Run(name, func(t *testing.T) {
			inEachStage(t, func(t *testing.T, d *dossier, stage schemas.Stage) {
				say(d)
				say(d)
			})
		})
	}
}

func TestMovesAreOneTable(t *testing.T) {
	seen := map[Move]bool{}
	for _, m := range Moves() {
		if seen[m] {
			t.Errorf("row %v twice", m)
		}
		seen[m] = true
		if m.From.Name() == "" || m.To.Name() == "" {
			t.Errorf("row %v names no stage", m)
		}
	}
	Moves()[0].To = "elsewhere"
	if Moves()[0].To == "elsewhere" {
		t.Error("the table can be changed from outside")
	}
}
