// Package filing files the dossier of an issued case (一人一档，长期妥善保管).
package filing

import (
	"context"

	"permithub/schemas"
)

// Archive keeps dossiers for the long term.
type Archive interface {
	// File stores what the case holds and returns what it can be found and checked by. The same effect id again is one file.
	File(ctx context.Context, o schemas.Order) (ref string, err error)
}

// Call returns the call of the step: one dossier for one order.
func Call(a Archive) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		ref, err := a.File(ctx, o)
		return schemas.EffectResult{Ref: ref}, err
	}
}
