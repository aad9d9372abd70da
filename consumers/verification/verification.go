// Package verification asks the registration system what it knows of a person before anything is decided.
//
// What the system knows outweighs what was declared. The look-up changes nothing at the far side and may be repeated.
package verification

import (
	"context"

	"permithub/schemas"
)

// Registry is the existing registration system.
type Registry interface {
	// Lookup returns the person's permits, registrations and conditions as the system knows them; an unknown person has none.
	Lookup(ctx context.Context, o schemas.Order) (schemas.Facts, error)
}

// Call returns the call of the step: one look-up for one order.
func Call(r Registry) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		facts, err := r.Lookup(ctx, o)
		if err != nil {
			return schemas.EffectResult{}, err
		}
		return schemas.EffectResult{Facts: &facts, At: facts.AsOf}, nil
	}
}
