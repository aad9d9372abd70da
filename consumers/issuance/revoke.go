package issuance

import (
	"context"

	"permithub/schemas"
)

// Revoker is the provincial e-permit platform.
type Revoker interface {
	// Revoke takes permit o.Effect.PermitNo out of force and returns the platform's own number for it. The same effect id again is one revocation.
	Revoke(ctx context.Context, o schemas.Order) (ref string, err error)
}

// Revoke returns the call for a permit that two officers have revoked. A call whose end is not known is repeated: the platform knows its id.
func Revoke(r Revoker) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		ref, err := r.Revoke(ctx, o)
		return schemas.EffectResult{Ref: ref}, err
	}
}
