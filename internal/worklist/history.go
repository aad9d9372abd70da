package worklist

import (
	"database/sql"
	"slices"
	"strings"

	"permithub/internal/calendar"
	"permithub/internal/casework"
	"permithub/schemas"
)

// KeptDays is for how many days, today included, the acts of officers are kept.
const KeptDays = 30

// OverrideKind says what an officer set aside.
type OverrideKind string

// Kinds of override.
const (
	// AskedAgain is a supplement request for what was visible at the first one (R7), with the reason that this needs.
	AskedAgain OverrideKind = "asked_again"
	// AgainstRules is an approval although the rules said no.
	AgainstRules OverrideKind = "against_rules"
	// Judgement is a refusal that rests on no rule, but on the officer's judgement alone.
	Judgement OverrideKind = "judgement"
	// Waived is a duty after the issue that somebody set aside.
	Waived OverrideKind = "waived"
)

// OverrideKinds lists every kind.
func OverrideKinds() []OverrideKind {
	return []OverrideKind{AskedAgain, AgainstRules, Judgement, Waived}
}

// ByPerson tells a staff number from a rule pack with its version: these have a slash between them.
func ByPerson(officer string) bool { return officer != "" && !strings.Contains(officer, "/") }

// pile is what acts are counted by.
type pile struct {
	officer, division string
	day               calendar.Date
}

// limit is one clock of one case.
type limit struct{ no, clock string }

// happened takes in an event of the transition.
func (f *File) happened(t *schemas.Transition, e *schemas.Event) {
	division := divisionOf(&t.Dossier, e.ApplicationNo)
	switch e.Type {
	case schemas.EvRejected, schemas.EvConflict: // nothing was done
		return
	case schemas.EvBreached:
		b := Breach{At: e.At.Time, ApplicationNo: e.ApplicationNo, Division: division, Clock: e.Clock}
		if e.Cause != nil { // else recorded before breaches had one
			b.Cause = Cause{e.Cause.Kind, e.Cause.Stage, e.Cause.System}
		}
		f.breaches = append(f.breaches, b)
		return
	case schemas.EvRecounted:
		// A breach that another calendar undid is none.
		if k := clockOf(&t.Dossier, e.ApplicationNo, e.Clock); k != nil && k.BreachedAt == nil {
			f.undone = append(f.undone, limit{e.ApplicationNo, e.Clock})
		}
		return // the notice's act, and nobody's decision on the case
	}
	if e.Officer != "" {
		f.acts = append(f.acts, pile{e.Officer, division, calendar.Of(e.At.Time)})
	}
	if kind, rule, reason := override(t, e); kind != "" {
		f.overrides = append(f.overrides, Override{e.At.Time, e.ApplicationNo, division, e.Officer, kind, rule, reason})
	}
}

// divisionOf is the township of one of the file's cases, "" where the file does not say.
func divisionOf(d *schemas.Dossier, applicationNo string) string {
	if o := d.OpenByNo(applicationNo); o != nil {
		return o.Submission.CurrentDivision
	}
	if e := d.EndedByNo(applicationNo); e != nil {
		return e.Division
	}
	return ""
}

func clockOf(d *schemas.Dossier, applicationNo, clock string) *schemas.Clock {
	if o := d.OpenByNo(applicationNo); o != nil {
		return o.ClockByID(clock)
	}
	return nil
}

// override says what an officer set aside with the act that the event tells of, if anything, and in which words.
func override(t *schemas.Transition, e *schemas.Event) (kind OverrideKind, rule, reason string) {
	if !ByPerson(e.Officer) {
		return "", "", ""
	}
	said := t.Person.Remark(e.Remark)
	switch e.Type {
	case schemas.EvSupplementRequested:
		if said.Override != "" {
			return AskedAgain, "R7", said.Override
		}
	case schemas.EvApproved:
		if failed := failed(t.Dossier.Open, e.ApplicationNo); len(failed) > 0 {
			return AgainstRules, strings.Join(failed, " "), said.Opinion
		}
	case schemas.EvRefused, schemas.EvNotAccepted:
		if slices.Equal(e.Reasons, []string{casework.ReasonOfficerJudgement}) {
			return Judgement, "", said.Opinion
		}
	case schemas.EvDutyWaived:
		_, duty, _ := strings.Cut(e.EffectID, "-")
		duty, _, _ = strings.Cut(duty, "-")
		return Waived, duty, said.Opinion
	}
	return "", "", ""
}

// failed lists the rules that the open case did not pass.
func failed(o *schemas.Case, applicationNo string) []string {
	var out []string
	if o != nil && o.ApplicationNo == applicationNo {
		for i := range o.Findings {
			if o.Findings[i].Outcome == "fail" {
				out = append(out, o.Findings[i].Rule)
			}
		}
	}
	return out
}

// history writes what the records tell of acts, overrides and breaches.
func (b *batch) history(records []Record) {
	acts := map[pile]int{}
	for i := range records {
		f := records[i].File
		for _, h := range f.acts {
			acts[h]++
		}
		for _, o := range f.overrides {
			b.exec(&b.override, `INSERT OR REPLACE INTO override VALUES (?, ?, ?, ?, ?, ?, ?)`, o.At.UnixMilli(), o.ApplicationNo, string(o.Kind), o.Rule, o.Division, o.Officer, o.Reason)
		}
		for _, l := range f.undone {
			b.exec(&b.undo, `DELETE FROM breach WHERE no = ? AND clock = ?`, l.no, l.clock)
		}
		for _, x := range f.breaches {
			b.exec(&b.breach, `INSERT OR REPLACE INTO breach VALUES (?, ?, ?, ?, ?, ?, ?)`, x.ApplicationNo, x.Clock, x.At.UnixMilli(), x.Division, string(x.Kind), string(x.Stage), x.System)
		}
	}
	for h, n := range acts {
		b.exec(&b.act, `INSERT INTO act VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET acts = acts + excluded.acts`, dayNumber(h.day), h.officer, h.division, n)
	}
	b.exec(new(*sql.Stmt), `DELETE FROM act WHERE day <= (SELECT max(day) FROM act) - ?`, KeptDays)
}
