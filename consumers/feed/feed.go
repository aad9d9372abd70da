// Package feed derives the public topics from the case log: where each application stands, and each permit issued or cancelled.
//
// # Delivery
//
// At least once, in the order of each person's file. Event ids derive from the file's seq: a platform that has seen an id has seen the event.
// No personal field is ever emitted.
package feed

import (
	"context"
	"fmt"
	"strconv"

	"permithub/internal/bus"
	"permithub/internal/casework"
	"permithub/schemas"
)

// Step derives public events.
type Step struct {
	publish func(ctx context.Context, recs ...schemas.Record) error
}

// New returns the step. Publish returns once Kafka has acknowledged every record.
func New(publish func(context.Context, ...schemas.Record) error) *Step { return &Step{publish} }

// Handle publishes the events of one batch of transitions with one produce.
func (s *Step) Handle(ctx context.Context, b bus.Batch) error {
	var out []schemas.Record
	for i := range b.Records {
		t, err := schemas.DecodeOutline(b.Records[i].Value)
		if err != nil {
			return fmt.Errorf("case log %d/%d: %w", b.Partition, b.Records[i].Offset, err)
		}
		recs, err := Derive(t)
		if err != nil {
			return err
		}
		out = append(out, recs...)
	}
	if len(out) == 0 {
		return nil
	}
	return s.publish(ctx, out...)
}

// Derive returns the public records of one transition.
func Derive(t *schemas.Transition) ([]schemas.Record, error) {
	var recs []schemas.Record
	for i := range t.Events {
		id := t.DossierID + "-" + strconv.FormatInt(t.Seq, 10) + "-" + strconv.Itoa(i)
		for _, derive := range []func(*schemas.Transition, *schemas.Event, string) (schemas.Record, bool, error){application, permit} {
			rec, ok, err := derive(t, &t.Events[i], id)
			if err != nil {
				return nil, err
			}
			if ok {
				recs = append(recs, rec)
			}
		}
	}
	return recs, nil
}

// application tells of an event that moved a case to a stage.
func application(t *schemas.Transition, ev *schemas.Event, id string) (schemas.Record, bool, error) {
	if ev.To == "" {
		return schemas.Record{}, false, nil
	}
	e := schemas.ApplicationEvent{
		EventID: id, DossierID: t.DossierID, ApplicationNo: ev.ApplicationNo, Seq: t.Seq, Type: ev.Type, TypeName: schemas.EventName(ev.Type),
		Stage: ev.To, StageName: ev.To.Name(), At: ev.At,
	}
	for _, code := range ev.Reasons {
		e.Reasons = append(e.Reasons, schemas.ReasonText{Code: code, Text: casework.ReasonText(code)})
	}
	if c := t.Dossier.OpenByNo(ev.ApplicationNo); c != nil {
		e.Channel, e.RecognitionType, e.Division = c.Submission.Channel, c.Submission.RecognitionType, c.Submission.CurrentDivision
		e.AcceptedAt = c.AcceptedAt
		if k := c.ClockByID(casework.ClockPromised); k != nil {
			e.DueAt, e.DueProvisional = &k.DueAt, k.Provisional
		}
	}
	if c := t.Dossier.EndedByNo(ev.ApplicationNo); c != nil { // a case that ended with this transition is not open any more
		e.Channel, e.RecognitionType, e.Division = c.Channel, c.RecognitionType, c.Division
		e.AcceptedAt, e.DueAt = c.AcceptedAt, c.DueAt
	}
	rec, err := e.Record()
	return rec, true, err
}

// permit tells of a permit that came into force or went out of it.
func permit(t *schemas.Transition, ev *schemas.Event, id string) (schemas.Record, bool, error) {
	typ, tells := permitEvents[ev.Type]
	if !tells {
		return schemas.Record{}, false, nil
	}
	e := schemas.PermitEvent{
		EventID: id, DossierID: t.DossierID, ApplicationNo: ev.ApplicationNo, Seq: t.Seq, Type: typ, TypeName: schemas.EventName(ev.Type), PermitNo: ev.Ref, At: ev.At,
	}
	if issued := issuedPermit(t, ev.ApplicationNo); ev.Type == schemas.EvPermitCancelled {
		e.ReplacedBy = issued.PermitNo
	} else {
		e.LicenceID = issued.LicenceID
	}
	rec, err := e.Record()
	return rec, true, err
}

// permitEvents are the events that a permit comes into force with or goes out of it, and what they are called in public.
var permitEvents = map[string]string{
	schemas.EvIssued: "permit_issued", schemas.EvPermitCancelled: "permit_cancelled", schemas.EvPermitRevoked: "permit_revoked",
}

// issuedPermit returns the permit that the application was given; the last duty done ends the case, so the file's permits are asked, not the open case.
func issuedPermit(t *schemas.Transition, applicationNo string) schemas.Permit {
	for _, p := range t.Dossier.Permits {
		if p.ApplicationNo == applicationNo {
			return p
		}
	}
	return schemas.Permit{}
}
