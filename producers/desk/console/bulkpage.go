package console

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"
	"strings"

	"permithub/internal/worklist"
	"permithub/producers/desk"
	"permithub/schemas"
)

// bulkRow is one case that the officer has opened and might decide.
type bulkRow struct {
	row
	Changed bool   // since the officer saw it: it is to be looked at again
	Why     string // why the officer cannot decide it; "" where they can
}

// bulkPage offers the cases that the officer has opened.
type bulkPage struct {
	Rows     []bulkRow
	Choice   bool // there is something to choose
	Unopened int  // cases of the queue that the officer has not opened
	Run      bool // a run is under way
	Most     int
}

func (v *visit) showBulk() error {
	p, err := v.bulkOffer()
	if err != nil {
		return err
	}
	return v.show("bulk", "批量审批", p)
}

// bulkOffer is what the officer has opened and might decide.
func (v *visit) bulkOffer() (*bulkPage, error) {
	if !v.ports.Ready() {
		return nil, errLoading
	}
	p := &bulkPage{Most: maxBulk}
	cases, err := v.openedCases()
	if err != nil {
		return nil, err
	}
	list, err := v.rows(v.r.Context(), cases)
	if err != nil {
		return nil, err
	}
	for i := range list {
		seen, _ := v.opened.find(v.officer.ID, list[i].ApplicationNo)
		r := bulkRow{row: list[i], Changed: seen.Version != list[i].Version}
		if v.gaveOther(r.Opinions, r.Stage) {
			r.Why = "您已在本案签署过另一级意见，应由他人办理"
		}
		p.Choice = p.Choice || !r.Changed && r.Why == ""
		p.Rows = append(p.Rows, r)
	}
	counts, err := v.ports.List.Counts(v.r.Context())
	if err != nil {
		return nil, err
	}
	for _, c := range counts {
		if c.Queue == worklist.QueueOf(bulkStage) && v.officer.WorksIn(c.Division) {
			p.Unopened += c.Cases
		}
	}
	p.Unopened = max(0, p.Unopened-len(p.Rows))
	if r := v.runs.of(v.officer.ID); r != nil {
		r.mu.Lock()
		p.Run = r.next() >= 0
		r.mu.Unlock()
	}
	return p, nil
}

// openedCases lists the cases that the officer has opened and that wait for approval in the officer's townships, latest opened first.
func (v *visit) openedCases() ([]worklist.Case, error) {
	var out []worklist.Case
	for _, l := range v.opened.by(v.officer.ID) {
		dossier, err := schemas.DossierOf(l.No)
		if err != nil {
			continue
		}
		c, err := v.ports.List.Case(v.r.Context(), dossier)
		if err != nil {
			return nil, err
		}
		if c != nil && c.ApplicationNo == l.No && c.Stage == bulkStage && v.officer.WorksIn(c.Division) && !v.officer.Related(dossier) {
			out = append(out, *c)
		}
	}
	return out, nil
}

// bulkPreview is one case as it would be decided.
type bulkPreview struct {
	previewPage
	Version int64
}

type bulkConfirm struct {
	Cases   []bulkPreview
	Able    int // how many would be taken
	Opinion string
}

// confirmBulk shows, case by case, what approving the chosen ones would do.
func (v *visit) confirmBulk() error {
	p, err := v.bulkForeseen(v.r.PostForm["no"], v.r.PostForm.Get("opinion"))
	if err != nil {
		return err
	}
	return v.show("bulkconfirm", "批量审批", p)
}

func (v *visit) bulkForeseen(numbers []string, opinion string) (*bulkConfirm, error) {
	p := &bulkConfirm{Opinion: strings.TrimSpace(opinion)}
	chosen, err := v.chosen(numbers)
	if err != nil {
		return nil, err
	}
	for _, l := range chosen {
		one := bulkPreview{previewPage: previewPage{No: l.No, Act: actNames[schemas.ActApprove]}, Version: l.Version}
		s, in, err := v.approval(l, "preview", actionID(), p.Opinion)
		if err != nil {
			return nil, err
		}
		if err := v.foresee(&one.previewPage, s, in); err != nil {
			return nil, err
		}
		if one.Refused == "" {
			p.Able++
		}
		p.Cases = append(p.Cases, one)
	}
	return p, nil
}

// chosen finds the cases of these numbers as the officer saw them. One that the officer has not opened is not taken at anybody's word.
func (v *visit) chosen(numbers []string) ([]look, error) {
	if len(numbers) == 0 || len(numbers) > maxBulk {
		return nil, errForm
	}
	var out []look
	for i, no := range numbers {
		l, ok := v.opened.find(v.officer.ID, no)
		if !ok || slices.Contains(numbers[:i], no) {
			return nil, v.refused("bulk", no, errUnopened)
		}
		out = append(out, l)
	}
	return out, nil
}

// approval prepares the approval of a case as the officer saw it, through the checks of every act.
func (v *visit) approval(l look, what, actionID, opinion string) (*subject, *schemas.Input, error) {
	s, err := v.subjectOf(what, l.No)
	if err != nil {
		return nil, nil, err
	}
	raw, err := json.Marshal(desk.Action{ActionID: actionID, Kind: string(schemas.ActApprove), Opinion: opinion, ExpectVersion: l.Version})
	if err != nil {
		return nil, nil, err
	}
	in, refusal := v.ports.Desk.Prepare(v.officer, l.No, raw, "")
	switch {
	case refusal == nil:
		return s, in, nil
	case refusal.Status == http.StatusForbidden:
		return nil, nil, v.refused("act_"+string(schemas.ActApprove), l.No, errForbidden)
	}
	return nil, nil, errForm
}

// startBulk begins a run over the chosen cases.
func (v *visit) startBulk() error {
	if _, err := v.bulkBegun(v.r.PostForm["no"], v.r.PostForm.Get("opinion")); err != nil {
		return err
	}
	return v.redirect("/bulk/run") // which shows the one that is under way already, where there is one
}

// bulkBegun reports whether a run over these cases was begun; else one is under way already.
func (v *visit) bulkBegun(numbers []string, opinion string) (bool, error) {
	chosen, err := v.chosen(numbers)
	if err != nil {
		return false, err
	}
	r := &run{id: actionID(), opinion: strings.TrimSpace(opinion)}
	for _, l := range chosen {
		r.items = append(r.items, item{No: l.No, Version: l.Version, Outcome: itemWaiting})
	}
	if err := v.record("bulk", "", ""); err != nil {
		return false, err
	}
	return v.runs.begin(v.officer.ID, r), nil
}

func (v *visit) showBulkRun() error {
	r := v.runs.of(v.officer.ID)
	if r == nil {
		return v.redirect("/bulk")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := v.late(r); err != nil {
		return err
	}
	return v.show("bulkrun", "批量审批", r.progress())
}

// late looks again for the answers that had not come in time.
func (v *visit) late(r *run) error {
	for i := range r.items {
		it := &r.items[i]
		if it.Outcome != itemPending {
			continue
		}
		a, known, err := v.ports.List.Answer(v.r.Context(), it.No[:12], it.InputID)
		if err != nil {
			return err
		}
		if known {
			it.settle(a.Code, v.lang.rejection(a.Code))
		}
	}
	return nil
}

// perStep is how many cases one request decides: the page shows how far it is, and a stop is heard, that often.
const perStep = 3

// stepBulk goes on with the officer's run for some cases, and shows how far it is. It does what a single act does, with the rights that the officer has
// at this moment.
func (v *visit) stepBulk() error {
	r := v.runs.of(v.officer.ID)
	if r == nil {
		return v.redirect("/bulk")
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if err := v.step(r); err != nil {
		return err
	}
	if v.r.Header.Get("Hx-Request") == "" {
		return v.redirect("/bulk/run")
	}
	if err := v.late(r); err != nil {
		return err
	}
	return v.show("bulkrun", "批量审批", r.progress())
}

// step decides some cases of a run that the caller has locked.
func (v *visit) step(r *run) error {
	// Whoever leaves the page in the middle of a case leaves it decided and noted.
	v.r = v.r.WithContext(context.WithoutCancel(v.r.Context()))
	for range perStep {
		i := r.next()
		if i < 0 || r.stopped {
			break
		}
		err := v.decideItem(r, i)
		if errors.Is(err, errUnanswered) { // the case waits; the officer goes on when it is over
			r.stopped, r.fault = true, failureText(err)
			break
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// decideItem approves one case of a run. What concerns that case alone is its result; what would concern every case ends the step, and the case
// waits.
func (v *visit) decideItem(r *run, i int) error {
	it := &r.items[i]
	_, in, err := v.approval(look{No: it.No, Version: it.Version}, "act", r.actionID(i), r.opinion)
	for _, own := range []error{errNotFound, errRelated, errTownship} {
		if errors.Is(err, own) {
			it.settle("not_taken", failureText(own))
			return nil
		}
	}
	if err != nil {
		return err
	}
	verdict, err := v.submit(in)
	if err != nil {
		return err
	}
	it.InputID = in.InputID
	if verdict.Pending {
		it.Outcome = itemPending
		return nil
	}
	it.settle(verdict.Code, v.lang.rejection(verdict.Code))
	return nil
}

// failureText is what the page of an error says.
func failureText(err error) string {
	for _, f := range failures {
		if errors.Is(err, f.err) {
			return f.text
		}
	}
	return ""
}

// holdBulk stops the officer's run, or lets it go on.
func (v *visit) holdBulk(stop bool) error {
	v.bulkHeld(stop)
	return v.redirect("/bulk/run")
}

func (v *visit) bulkHeld(stop bool) {
	if r := v.runs.of(v.officer.ID); r != nil {
		r.mu.Lock()
		r.stopped, r.fault = stop, ""
		r.mu.Unlock()
	}
}

// clearBulk lets go of the officer's run: what it has not decided stays as it is.
func (v *visit) clearBulk() error {
	v.runs.clear(v.officer.ID)
	return v.redirect("/bulk")
}
