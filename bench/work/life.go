package work

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"permithub/internal/casework"
	"permithub/schemas"
)

// LifeLength is how many transitions a case has from the submission to the receipt of its notice, where everything goes by itself.
const LifeLength = 9

// LivesFor is the time over which the applications of all persons come in.
const LivesFor = 500 * 24 * time.Hour

// LivesNow is the clock of those who look at all lives.
func LivesNow() time.Time { return received.Add(LivesFor + time.Hour) }

// OpenFor is for how many of them the case is open.
const OpenFor = 7

// Short returns an application that is open, or its withdrawal behind it, and no more, as they stand in partition 0.
func Short(p *casework.Policy, serial, persons int, withdrawn bool) ([]schemas.Record, error) {
	in := application(serial, persons)
	list := []*schemas.Input{in}
	if withdrawn {
		list = append(list, &schemas.Input{
			InputID: schemas.InputID("province", in.InputID, schemas.InputWithdrawal), Kind: schemas.InputWithdrawal, DossierID: in.DossierID, ApplicationNo: in.ApplicationNo,
			Source: "province", ReceivedAt: schemas.At(in.ReceivedAt.Add(time.Minute)), BodyHash: hash(in.InputID), Traceparent: in.Traceparent, Withdrawal: &schemas.Withdrawal{},
		})
	}
	out, _, err := decide(p, list, int64(2*serial))
	return out, err
}

// Life returns the first transitions of the case of one of so many persons, at most [LifeLength], chained and as they stand in partition 0 where
// their inputs begin at offset.
func Life(p *casework.Policy, serial, persons, transitions int, offset int64) ([]schemas.Record, error) {
	list := inputs(serial, persons)[:transitions]
	for i, in := range list {
		in.ReceivedAt = schemas.At(in.ReceivedAt.Add(time.Duration(i) * time.Second))
	}
	out, open, err := decide(p, list, offset)
	if err == nil && open != (transitions <= OpenFor) {
		err = fmt.Errorf("person %d, after %d inputs: open %v", serial, transitions, open)
	}
	return out, err
}

// LifeBegins returns the application that a life begins with.
func LifeBegins(serial, persons int) (schemas.Record, error) {
	return inputs(serial, persons)[0].Record()
}

// decide returns the transitions of one person's inputs, the first of which stands at offset, and whether a case is open after them.
func decide(p *casework.Policy, list []*schemas.Input, offset int64) (out []schemas.Record, open bool, err error) {
	var f casework.File
	for i, in := range list {
		t, err := p.Decide(&f, in)
		if err != nil || t == nil {
			return nil, false, fmt.Errorf("input %d of %s (%s) is not decided: %w", i, in.DossierID, in.Kind, err)
		}
		t.Input.Offset = offset + int64(i)
		if i > 0 {
			sum := sha256.Sum256(out[i-1].Value)
			t.PrevHash = hex.EncodeToString(sum[:])
		}
		rec, err := t.Record()
		if err != nil {
			return nil, false, err
		}
		out = append(out, rec)
		f = casework.File{Dossier: t.Dossier, Person: t.Person}
	}
	return out, f.Dossier.Open != nil, nil
}

// inputs of one of so many persons are what a case needs to be issued, filed and told of: the far sides answer at once, and have one earlier permit to cancel.
func inputs(serial, persons int) []*schemas.Input {
	first := application(serial, serial+1)
	first.Submission.Materials = []schemas.Material{{Kind: "labour_contract", Name: "劳动合同.pdf", Size: 483_112, SHA256: hash("contract"), URI: "s3://materials/" + hash(first.ApplicationNo)}}
	first.ReceivedAt = schemas.At(received.Add(LivesFor / time.Duration(persons) * time.Duration(serial)))
	no, at := first.ApplicationNo, first.ReceivedAt
	derived := func(kind schemas.InputKind, id string, fill func(*schemas.Input)) *schemas.Input {
		in := &schemas.Input{
			InputID: schemas.InputID("hub", id, kind), Kind: kind, DossierID: first.DossierID, ApplicationNo: no, Source: "hub", ReceivedAt: at,
			BodyHash: hash(id), Traceparent: first.Traceparent,
		}
		fill(in)
		return in
	}
	result := func(kind schemas.EffectKind, fill func(*schemas.EffectResult)) *schemas.Input {
		id := schemas.EffectID(no, kind, 1)
		return derived(schemas.InputEffectResult, id, func(in *schemas.Input) {
			in.Result = &schemas.EffectResult{EffectID: id, Status: schemas.EffectDone, At: at}
			if fill != nil {
				fill(in.Result)
			}
		})
	}
	notify := schemas.EffectID(no, schemas.EffectNotify, 1)
	permit := fmt.Sprintf("330424%08d", serial)
	return []*schemas.Input{
		first,
		result(schemas.EffectVerify, func(r *schemas.EffectResult) {
			r.Facts = &schemas.Facts{Permits: []schemas.KnownPermit{{PermitNo: "33010620190001", Status: "valid", Division: "330106"}}, AsOf: at}
		}),
		result(schemas.EffectIssue, func(r *schemas.EffectResult) {
			r.Permit = &schemas.Permit{PermitNo: permit, LicenceID: "1.2.156.3005.2.11330000MB000000XA001.11330424MB0000000B." + permit + ".001.V",
				ApplicationNo: no, IssuedAt: at, Status: schemas.PermitValid}
		}),
		result(schemas.EffectCancel, nil), result(schemas.EffectPublish, nil),
		derived(schemas.InputEffectAttempt, "ask "+notify, func(in *schemas.Input) { in.Attempt = &schemas.EffectAttempt{EffectID: notify, Run: "run"} }),
		result(schemas.EffectNotify, nil), result(schemas.EffectFile, nil),
		derived(schemas.InputSMSReceipt, "receipt "+notify, func(in *schemas.Input) {
			in.Receipt = &schemas.SMSReceipt{EffectID: notify, Delivered: true, Code: "DELIVRD", At: at}
		}),
	}
}
