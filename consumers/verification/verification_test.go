package verification

import (
	"context"
	"errors"
	"testing"
	"time"

	"permithub/schemas"
)

type far struct {
	facts schemas.Facts
	err   error
}

func (f far) Lookup(context.Context, schemas.Order) (schemas.Facts, error) { return f.facts, f.err }

// A person whom the system does not know has no facts, and that is an answer.
func TestCall(t *testing.T) {
	asOf := schemas.At(time.Date(2024, 9, 10, 10, 0, 0, 0, schemas.Shanghai))
	r, err := Call(far{facts: schemas.Facts{AsOf: asOf}})(context.Background(), schemas.Order{})
	if err != nil || r.Facts == nil || !r.At.Equal(asOf.Time) {
		t.Errorf("result %+v, %v", r, err)
	}
	down := errors.New("down")
	if r, err := Call(far{err: down})(context.Background(), schemas.Order{}); !errors.Is(err, down) || r.Facts != nil {
		t.Errorf("result %+v, %v", r, err)
	}
}
