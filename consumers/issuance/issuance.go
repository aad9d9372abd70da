// Package issuance has the provincial platform issue the permit, the pivot of a case, and revoke it where two officers have decided so.
//
// Before it a failure ends in a refusal or a held case; after it nothing is undone by itself. An answer that was lost is asked for by the
// effect id, and the permit is never ordered under another id.
package issuance

import (
	"context"

	"permithub/internal/failpoint"
	"permithub/internal/fault"
	"permithub/schemas"
)

// Issuer is the provincial e-permit platform.
type Issuer interface {
	// Issue issues the permit of an approved case. The same effect id again gives the same permit.
	Issue(ctx context.Context, o schemas.Order) (schemas.Permit, error)
	// Find returns the permit that was issued under an effect id; false where none was.
	Find(ctx context.Context, effectID string) (schemas.Permit, bool, error)
}

// Call returns the call of the step: one permit for one order.
func Call(i Issuer) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		permit, err := i.Issue(ctx, o)
		if class := fault.ClassOf(err); err != nil && (class == fault.Unavailable || class == fault.Uncertain) {
			permit, err = find(ctx, i, o.Effect.EffectID, err)
		}
		if err != nil {
			return schemas.EffectResult{}, err
		}
		failpoint.Here(failpoint.G1)
		return schemas.EffectResult{Permit: &permit, Ref: permit.PermitNo, At: permit.IssuedAt}, nil
	}
}

// find asks what became of a call whose answer was lost. Where the platform knows nothing of it, the call is repeated later under the same id.
func find(ctx context.Context, i Issuer, effectID string, lost error) (schemas.Permit, error) {
	if ctx.Err() != nil {
		return schemas.Permit{}, ctx.Err() // nobody waits for the answer: whoever goes on asks again
	}
	permit, found, err := i.Find(ctx, effectID)
	switch {
	case err != nil && fault.ClassOf(err) == fault.Uncertain:
		return permit, fault.Outage(fault.CodeOf(err), err) // a question may be asked again
	case err != nil:
		return permit, err
	case !found:
		return permit, fault.Outage(fault.CodeOf(lost), lost)
	}
	return permit, nil
}
