package console

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	"permithub/internal/deadletter"
	"permithub/internal/problem"
	"permithub/schemas"
)

// letterPage is one letter.
type letterPage struct {
	deadletter.Letter
	Reason   string // why it is here, in words
	Why      string // as the step said it
	Age      string
	Forecast deadletter.Forecast
	Verdict  string
	Happens  []string // what its file would record
	Faults   []problem.Fault
	Text     string // the content, masked unless revealed; "" where it cannot be shown
	Of       string // the repair that the text is of
	Headers  []schemas.Header
	Revealed bool
	Edits    bool // the text may be repaired here
	TooLarge bool // to be repaired here
	Said     string
	Refused  bool
	Case     string // a case of the letter's file, where the letter names one
	Reasons  []deadletter.GiveUpReason
	Changes  []deadletter.Change // that the last repair made
}

// maxEdited is the largest content that fits into a form with everything around it.
const maxEdited = maxForm / 4

// letter finds the letter of the address. One that is the officer's own or a relative's is refused, as their cases are.
func (v *visit) letter(what string) (deadletter.Letter, error) {
	if err := v.ports.Letters.Read(v.r.Context()); err != nil {
		return deadletter.Letter{}, err
	}
	l, ok := v.ports.Letters.Find(v.r.PathValue("id"))
	if !ok {
		return l, errNotFound
	}
	if v.officer.Related(l.Key) {
		return l, v.refused(what, l.ID, errRelated)
	}
	return l, nil
}

func (v *visit) showLetter() error {
	l, err := v.letter("letter")
	if err != nil {
		return err
	}
	p, err := v.letterPage(&l, false)
	if err != nil {
		return err
	}
	q := v.r.URL.Query()
	switch code := q.Get("said"); {
	case code == "":
	case q.Has("refused"):
		p.Said, p.Refused = v.lang.of(sayings(code)), true
	default:
		p.Said = v.lang.of(sayings(code))
	}
	return v.show("letter", "死信", p)
}

// sayings are what a page says of what was just done.
func sayings(code string) (zh, en string) {
	switch code {
	case "repaired":
		return "已修复，待重放", "repaired; now it can be replayed"
	case "replayed":
		return "已重放", "replayed"
	case "given_up":
		return "已放弃", "given up"
	}
	if v := deadletter.Verdict(code); slices.Contains(deadletter.Verdicts(), v) {
		return v.Name()
	}
	zh, en = deadletter.CodeName(code)
	if zh == code { // it came from the address
		return "操作未被接受", "not done"
	}
	return zh, en
}

// revealLetter shows the letter with its personal data, once, for a purpose that is recorded before.
func (v *visit) revealLetter() error {
	l, err := v.letter("reveal_letter")
	if err != nil {
		return err
	}
	p, err := v.letterRevealed(&l, v.r.PostForm.Get("purpose"))
	if err != nil {
		return err
	}
	return v.show("letter", "死信", p)
}

func (v *visit) letterRevealed(l *deadletter.Letter, purpose string) (*letterPage, error) {
	if purpose != purposeRepair {
		return nil, errForm
	}
	if err := v.record("reveal_letter", l.ID, purpose); err != nil {
		return nil, err
	}
	return v.letterPage(l, true)
}

// purposeRepair is what a letter's personal data may be revealed for.
const purposeRepair = "repair_record"

func (v *visit) letterPage(l *deadletter.Letter, revealed bool) (*letterPage, error) {
	c, err := v.ports.Letters.Content(v.r.Context(), l)
	if err != nil {
		return nil, err
	}
	p := &letterPage{Letter: *l, Reason: v.codeName(l.Code), Why: l.Reason, Age: v.age(l.At.Time), Headers: c.Headers, Of: c.RepairID, Revealed: revealed, Reasons: deadletter.Reasons()}
	if p.Text = deadletter.Mask(l.Topic, c.Current()).Text; revealed {
		p.Text = deadletter.Indented(c.Current())
	}
	if c.Repair != nil {
		p.Changes = deadletter.Changes(l.Topic, c.Value, c.Repair)
	}
	p.TooLarge = len(p.Text) > maxEdited
	p.Edits = l.Repairable() && !p.TooLarge && p.Text != ""
	if subject := (&schemas.Record{Headers: c.Headers}).Header("ce_subject"); subject != "" {
		if dossier, err := schemas.DossierOf(subject); err == nil && dossier == l.Key {
			p.Case = subject
		}
	}
	if p.Forecast, err = v.ports.Letters.Foresee(v.r.Context(), l.ID); err != nil {
		return nil, err
	}
	p.Verdict = v.lang.of(p.Forecast.Verdict.Name())
	p.Faults = p.Forecast.Faults
	for _, e := range p.Forecast.Events {
		p.Happens = append(p.Happens, schemas.EventName(e))
	}
	return p, nil
}

// repairLetter keeps what the officer made of the content. With faults the page comes again, with all of them and what was written.
func (v *visit) repairLetter() error {
	l, err := v.letter("repair_letter")
	if err != nil {
		return err
	}
	edit := deadletter.Edit{Value: []byte(v.r.PostForm.Get("value")), Of: v.r.PostForm.Get("of")}
	faults, err := v.repaired(l.ID, edit)
	if err != nil {
		return v.letterRefused(l.ID, err)
	}
	if faults.Empty() {
		return v.redirect(letterAddress(l.ID) + "?said=repaired")
	}
	p, err := v.letterPage(&l, false)
	if err != nil {
		return err
	}
	p.Text, p.Faults, p.Edits = string(edit.Value), faults.Faults(), true
	p.Said, p.Refused = v.lang.text("尚未修复，请更正下列各处"), true
	return v.show("letter", "死信", p)
}

func (v *visit) repaired(id string, edit deadletter.Edit) (*problem.List, error) {
	if err := v.record("repair_letter", id, ""); err != nil {
		return nil, err
	}
	return v.ports.Letters.Repair(v.r.Context(), id, v.officer.ID, edit)
}

func letterAddress(id string) string { return "/dead/letters/" + url.PathEscape(id) }

// letterRefused tells on the letter's page why nothing was done, where that is the letter's matter.
func (v *visit) letterRefused(id string, err error) error {
	for _, known := range []error{deadletter.ErrDealtWith, deadletter.ErrNoRepair, deadletter.ErrReason, deadletter.ErrTicket, deadletter.ErrRepairedMeanwhile} {
		if errors.Is(err, known) {
			return v.redirect(letterAddress(id) + "?refused&said=" + known.Error())
		}
	}
	return err
}

func (v *visit) replayLetter() error {
	l, err := v.letter("replay_letter")
	if err != nil {
		return err
	}
	f, err := v.replayed(l.ID)
	switch {
	case err != nil:
		return v.letterRefused(l.ID, err)
	case f.Verdict == deadletter.NoChange:
		return v.redirect(letterAddress(l.ID) + "?said=" + string(f.Verdict))
	case f.Verdict.Replays():
		return v.redirect(letterAddress(l.ID) + "?said=replayed")
	}
	return v.redirect(letterAddress(l.ID) + "?refused&said=" + string(f.Verdict))
}

func (v *visit) replayed(id string) (deadletter.Forecast, error) {
	if err := v.record("replay_letter", id, ""); err != nil {
		return deadletter.Forecast{}, err
	}
	return v.ports.Letters.Replay(v.r.Context(), id, v.officer.ID)
}

func (v *visit) giveUpLetter() error {
	l, err := v.letter("give_up_letter")
	if err != nil {
		return err
	}
	if err := v.givenUp(l.ID, v.r.PostForm.Get("reason"), v.r.PostForm.Get("ticket")); err != nil {
		return v.letterRefused(l.ID, err)
	}
	return v.redirect(letterAddress(l.ID) + "?said=given_up")
}

func (v *visit) givenUp(id, reason, ticket string) error {
	if err := v.record("give_up_letter", id, ""); err != nil {
		return err
	}
	return v.ports.Letters.GiveUp(v.r.Context(), id, v.officer.ID, reason, strings.TrimSpace(ticket))
}
