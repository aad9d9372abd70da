package deadletter

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"time"

	"permithub/internal/bus"
	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/internal/problem"
	"permithub/schemas"
)

// Ports are what a keeper stands on; all are required.
type Ports struct {
	// Publish returns once every record is acknowledged by Kafka. Repeating it is safe.
	Publish func(ctx context.Context, records ...schemas.Record) error
	// Decide says what an input would do to its file as it stands: nil where it changes nothing, a permanent error where it belongs to no file.
	Decide func(ctx context.Context, in *schemas.Input) (*schemas.Transition, error)
	// Token is the person token of a citizen id.
	Token func(citizenID string) string
	Now   func() time.Time
}

// Keeper does what people decide about dead letters. It is safe for concurrent use. Who may ask for what is the caller's to know.
type Keeper struct {
	*Book
	ports Ports
}

// NewKeeper returns the keeper of the book.
func NewKeeper(b *Book, ports Ports) *Keeper { return &Keeper{b, ports} }

// Why nothing was done. Each is permanent.
var (
	ErrUnknown           = fault.Reject("letter_unknown", nil)            // there is no such letter
	ErrDealtWith         = fault.Reject("letter_dealt_with", nil)         // it was replayed or given up before
	ErrNoRepair          = fault.Reject("letter_not_to_repair", nil)      // what it holds stands in the log of cases, or is of no form that is known
	ErrReason            = fault.Reject("reason_unknown", nil)            // there is no such reason
	ErrTicket            = fault.Reject("ticket_form", nil)               // not a ticket's number
	ErrNoOfficer         = fault.Reject("officer_missing", nil)           // nobody says who does it
	ErrRepairedMeanwhile = fault.Reject("letter_repaired_meanwhile", nil) // another repair was written since the edit began
	ErrSecond            = fault.Reject("second_person_missing", nil)     // so many need another person's word
	ErrRate              = fault.Reject("rate_range", nil)                // not a rate
)

// GiveUpReason is why nothing will come of a letter.
type GiveUpReason struct{ Code, ZH, EN string }

// Reasons lists why a letter may be given up.
func Reasons() []GiveUpReason {
	return []GiveUpReason{
		{"sent_again", "来源已重新提交", "its source has sent it again"},
		{"done_otherwise", "已用其他方式办理", "it was done in another way"},
		{"case_over", "案件已经办结，不再需要", "the case is over"},
		{"beyond_repair", "内容无法修复", "it cannot be repaired"},
		{"not_ours", "不是本系统的记录", "it is no record of this system"},
	}
}

var ticketForm = regexp.MustCompile(`^[0-9A-Za-z][0-9A-Za-z._/#-]{0,63}$`)

// standing returns the letter, unless it was dealt with.
func (k *Keeper) standing(id string) (Letter, error) {
	l, ok := k.Find(id)
	switch {
	case !ok:
		return l, ErrUnknown
	case l.State != Standing:
		return l, ErrDealtWith
	}
	return l, nil
}

// Repairable reports whether a content can be repaired: what came from outside the log and was not read. A record of the log is the truth already.
func (l *Letter) Repairable() bool {
	return l.State == Standing && l.Topic == schemas.TopicCaseInput && l.Step != ""
}

// Edit is what somebody made of a letter's content. Placeholders of [Mask] stand for what they hide in the content that the edit began with.
type Edit struct {
	Value []byte
	// Of is the repair whose content the edit began with, "" where it was the letter's own. Placeholders of another content would stand for
	// other values.
	Of string
}

// CheckRepair lists everything that keeps an edit from taking the place of the letter's content; whole is the edit with what its placeholders
// stand for.
func (k *Keeper) CheckRepair(ctx context.Context, id string, edit Edit) (whole []byte, faults *problem.List, err error) {
	if err := k.Read(ctx); err != nil {
		return nil, nil, err
	}
	l, err := k.standing(id)
	if err != nil {
		return nil, nil, err
	}
	if !l.Repairable() {
		return nil, nil, ErrNoRepair
	}
	c, err := k.Content(ctx, &l)
	if err != nil {
		return nil, nil, err
	}
	if c.RepairID != edit.Of {
		return nil, nil, ErrRepairedMeanwhile
	}
	whole, faults = Mask(l.Topic, c.Current()).Unmask(edit.Value)
	if !faults.Empty() {
		return whole, faults, nil
	}
	return whole, checkRepair(&c.DeadLetter, c.Value, whole, k.ports.Token), nil
}

// Repair keeps an edit to take the place of the letter's content in a replay. Where the list is not empty, nothing was kept.
func (k *Keeper) Repair(ctx context.Context, id, officer string, edit Edit) (*problem.List, error) {
	whole, faults, err := k.CheckRepair(ctx, id, edit)
	if err != nil || !faults.Empty() {
		return faults, err
	}
	err = k.dispose(ctx, id, schemas.Disposition{Kind: schemas.DispositionRepaired, Officer: officer, Value: whole})
	return faults, errors.Join(err, k.Read(ctx))
}

// GiveUp records that nothing will come of the letter. The ticket is optional.
func (k *Keeper) GiveUp(ctx context.Context, id, officer, reason, ticket string) error {
	if err := checkReason(reason, ticket); err != nil {
		return err
	}
	if err := k.Read(ctx); err != nil {
		return err
	}
	err := k.giveUp(ctx, id, signed{officer: officer}, reason, ticket)
	return errors.Join(err, k.Read(ctx))
}

func checkReason(reason, ticket string) error {
	switch {
	case !slices.ContainsFunc(Reasons(), func(r GiveUpReason) bool { return r.Code == reason }):
		return ErrReason
	case ticket != "" && !ticketForm.MatchString(ticket):
		return ErrTicket
	}
	return nil
}

func (k *Keeper) giveUp(ctx context.Context, id string, s signed, reason, ticket string) error {
	if _, err := k.standing(id); err != nil {
		return err
	}
	return k.dispose(ctx, id, schemas.Disposition{Kind: schemas.DispositionGivenUp, Officer: s.officer, Second: s.second, Reason: reason, Ticket: ticket})
}

// signed is who does something, and who agreed where that is asked for.
type signed struct{ officer, second string }

// dispose writes what was done about a letter; the book knows it after the next read.
func (k *Keeper) dispose(ctx context.Context, id string, d schemas.Disposition) error {
	if d.Officer == "" {
		return ErrNoOfficer
	}
	l, ok := k.Find(id)
	if !ok {
		return ErrUnknown
	}
	d.DispositionID, d.DeadLetterID, d.Key, d.At = id+"-"+strconv.Itoa(len(l.Acts)+1), id, l.Key, schemas.At(k.ports.Now())
	rec, err := d.Record()
	if err != nil {
		return err
	}
	if err := k.ports.Publish(ctx, rec); err != nil {
		return fmt.Errorf("write disposition %s: %w", d.DispositionID, err)
	}
	return nil
}

// Verdict is what a replay of a letter would do, or did.
type Verdict string

// Verdicts.
const (
	WouldChange Verdict = "would_change" // its file takes it
	WouldRedo   Verdict = "would_redo"   // its step does it once more
	NoChange    Verdict = "no_change"    // the file knows it already, or it is about something that is over: it is dealt with
	Conflict    Verdict = "conflict"     // the file knows another content under its id: give it up
	Invalid     Verdict = "invalid"      // it has to be repaired first
	NoWay       Verdict = "no_way"       // it cannot be replayed: give it up
	Gone        Verdict = "gone"         // its content is kept no longer: give it up
	WasDealt    Verdict = "dealt_with"   // it was replayed or given up before
	WasGivenUp  Verdict = "was_given_up" // it was given up just now
)

// Verdicts lists every verdict.
func Verdicts() []Verdict {
	return []Verdict{WouldChange, WouldRedo, NoChange, Conflict, Invalid, NoWay, Gone, WasDealt, WasGivenUp}
}

// Replays reports whether a replay deals with the letter.
func (v Verdict) Replays() bool { return v == WouldChange || v == WouldRedo || v == NoChange }

// Forecast is what a replay of one letter would do.
type Forecast struct {
	ID      string          `json:"dead_letter_id"`
	Verdict Verdict         `json:"verdict"`
	To      string          `json:"to,omitempty"`       // the topic that its record would be put into
	InputID string          `json:"input_id,omitempty"` // under which its file would know it
	No      string          `json:"application_no,omitempty"`
	Events  []string        `json:"events,omitempty"` // what its file would record
	Faults  []problem.Fault `json:"problems,omitempty"`
}

// Foresee says what a replay of the letter would do now.
func (k *Keeper) Foresee(ctx context.Context, id string) (Forecast, error) {
	if err := k.Read(ctx); err != nil {
		return Forecast{ID: id}, err
	}
	return k.foresee(ctx, id)
}

func (k *Keeper) foresee(ctx context.Context, id string) (Forecast, error) {
	p, err := k.plan(ctx, id)
	return p.Forecast, err
}

// planned is a forecast with what carries it out.
type planned struct {
	Forecast
	record   schemas.Record
	repairID string
}

func (k *Keeper) plan(ctx context.Context, id string) (planned, error) {
	p := planned{Forecast: Forecast{ID: id}}
	l, err := k.standing(id)
	if errors.Is(err, ErrDealtWith) {
		p.Verdict = WasDealt
		return p, nil
	}
	if err != nil {
		return p, err
	}
	c, err := k.Content(ctx, &l)
	if err != nil {
		return p, err
	}
	p.repairID = c.RepairID
	switch {
	case l.Step == "":
		p.Verdict = NoWay
	case c.Gone:
		p.Verdict = Gone
	case l.Topic == schemas.TopicCaseInput:
		return p, k.planInput(ctx, &p, c)
	case l.Topic == schemas.TopicCaseLog:
		k.planStep(&p, c)
	default:
		p.Verdict = NoWay // a retry tier's record that does not say whose it is
	}
	return p, nil
}

// planInput is for what approval could not decide: it goes where it stood before, behind what came meanwhile.
func (k *Keeper) planInput(ctx context.Context, p *planned, c *Content) error {
	faults := faultsOf(c.Topic, c.Current())
	if c.Repair != nil {
		faults = checkRepair(&c.DeadLetter, c.Value, c.Repair, k.ports.Token)
	}
	if !faults.Empty() {
		p.Verdict, p.Faults = Invalid, faults.Faults()
		return nil
	}
	in, err := schemas.AdmitInput(c.Current())
	if err != nil || in.DossierID != c.Key {
		p.Verdict, p.Faults = Invalid, one("undecodable")
		return nil //nolint:nilerr // it is the verdict
	}
	p.InputID, p.No = in.InputID, in.ApplicationNo
	t, err := k.ports.Decide(ctx, in)
	switch {
	case fault.ClassOf(err) == fault.Permanent:
		p.Verdict, p.Faults = Invalid, one(fault.CodeOf(err))
		return nil
	case err != nil:
		return fmt.Errorf("foresee %s: %w", p.ID, err)
	case t == nil:
		p.Verdict = NoChange
		return nil
	}
	for i := range t.Events {
		if t.Events[i].Type == schemas.EvConflict && t.Events[i].Ref == in.InputID {
			p.Verdict = Conflict
			return nil
		}
		p.Events = append(p.Events, t.Events[i].Type)
	}
	p.Verdict, p.To = WouldChange, schemas.TopicCaseInput
	p.record = schemas.Record{Topic: p.To, Key: c.Key, Value: c.Current(), Headers: c.Headers}
	if c.Repair != nil {
		own, err := in.Record() // headers say what the value says
		if err != nil {
			return err
		}
		p.record.Headers = own.Headers
	}
	mark(&p.record, &c.DeadLetter)
	return nil
}

// planStep is for what a step of its own could not do: the step gets it once more, by way of a retry tier, and nobody else.
func (k *Keeper) planStep(p *planned, c *Content) {
	rec := bus.Record{Record: schemas.Record{Topic: c.Topic, Key: c.Key, Value: c.Value, Headers: c.Headers}, Partition: c.Partition, Offset: c.Offset, Time: c.At.Time}
	mark(&rec.Record, &c.DeadLetter)
	p.record = bus.Redelivery(c.Step, &rec, k.ports.Now())
	p.Verdict, p.To = WouldRedo, p.record.Topic
}

// mark says in the record's headers which letter it comes out of, and how often it was replayed.
func mark(r *schemas.Record, d *schemas.DeadLetter) {
	before, _ := strconv.Atoi(headerOf(d.Headers, schemas.HeaderReplays)) // absent is never
	r.Headers = slices.DeleteFunc(slices.Clone(r.Headers), func(h schemas.Header) bool { return h.Key == schemas.HeaderReplayOf || h.Key == schemas.HeaderReplays })
	r.Headers = append(r.Headers, schemas.Header{Key: schemas.HeaderReplayOf, Value: d.DeadLetterID}, schemas.Header{Key: schemas.HeaderReplays, Value: strconv.Itoa(before + 1)})
}

func one(code string) []problem.Fault {
	zh, en := CodeName(code)
	at := map[string]string{"application_no": "/application_no", "dossier_mismatch": "/application_no", "received_at": "/received_at"}[code]
	return []problem.Fault{{Pointer: at, Code: code, MessageZH: zh, MessageEN: en}}
}

// Replay puts the letter's record back to work and records it. A letter whose verdict is against it is left as it is. It is safe to repeat: whatever
// the record does, it does once.
func (k *Keeper) Replay(ctx context.Context, id, officer string) (Forecast, error) {
	if err := k.Read(ctx); err != nil {
		return Forecast{ID: id}, err
	}
	f, err := k.replay(ctx, id, signed{officer: officer})
	return f, errors.Join(err, k.Read(ctx))
}

func (k *Keeper) replay(ctx context.Context, id string, s signed) (Forecast, error) {
	if s.officer == "" {
		return Forecast{ID: id}, ErrNoOfficer
	}
	p, err := k.plan(ctx, id)
	if err != nil || !p.Verdict.Replays() {
		return p.Forecast, err
	}
	if p.Verdict != NoChange {
		if err := k.ports.Publish(ctx, p.record); err != nil {
			return p.Forecast, fmt.Errorf("replay %s: %w", id, err)
		}
		failpoint.Here(failpoint.Q2)
	}
	return p.Forecast, k.dispose(ctx, id, schemas.Disposition{Kind: schemas.DispositionReplayed, Officer: s.officer, Second: s.second, To: p.To, RepairID: p.repairID})
}
