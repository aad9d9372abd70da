// Package cancellation has the registration system cancel one earlier permit after the new one was issued (R8).
//
// The request is conditional: it names the old number, the new one and the effect id, so a repeat finds its own work done.
package cancellation

import (
	"context"

	"permithub/internal/failpoint"
	"permithub/schemas"
)

// Registry is the existing registration system.
type Registry interface {
	// Cancel cancels permit o.Effect.PermitNo as replaced by o.Effect.NewNo. A permit that is cancelled already counts as done.
	Cancel(ctx context.Context, o schemas.Order) (ref string, err error)
}

// Call returns the call of the step: one earlier permit for one order.
func Call(r Registry) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		ref, err := r.Cancel(ctx, o)
		failpoint.Here(failpoint.G2)
		return schemas.EffectResult{Ref: ref}, err
	}
}
