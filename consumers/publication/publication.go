// Package publication pushes the licence data of an issued permit to the provincial big-data platform (电子证照数据推送至省大数据平台), and corrects
// it when the permit is revoked.
package publication

import (
	"context"

	"permithub/schemas"
)

// Platform is the provincial big-data platform.
type Platform interface {
	// Push sends the licence data and returns the platform's own number for it. The same effect id again is one record there.
	Push(ctx context.Context, o schemas.Order) (ref string, err error)
	// Correct takes the licence out of force there, as Push brought it in.
	Correct(ctx context.Context, o schemas.Order) (ref string, err error)
}

// Call returns the call of the step: one licence for one order.
func Call(p Platform) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return answered(p.Push)
}

// Correct returns the call for a permit that was revoked.
func Correct(p Platform) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return answered(p.Correct)
}

func answered(send func(context.Context, schemas.Order) (string, error)) func(context.Context, schemas.Order) (schemas.EffectResult, error) {
	return func(ctx context.Context, o schemas.Order) (schemas.EffectResult, error) {
		ref, err := send(ctx, o)
		return schemas.EffectResult{Ref: ref}, err
	}
}
