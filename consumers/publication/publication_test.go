package publication

import (
	"context"
	"errors"
	"testing"

	"permithub/schemas"
)

type far struct {
	got schemas.Order
	err error
}

func (f *far) Push(_ context.Context, o schemas.Order) (string, error) {
	f.got = o
	return "ref-1", f.err
}

func (f *far) Correct(_ context.Context, o schemas.Order) (string, error) {
	f.got = o
	return "ref-2", f.err
}

func TestCorrect(t *testing.T) {
	f := &far{}
	order := schemas.Order{ApplicationNo: "A", Effect: schemas.Effect{EffectID: "E", PermitNo: "NEW"}}
	r, err := Correct(f)(context.Background(), order)
	if err != nil || r.Ref != "ref-2" || f.got.Effect.PermitNo != "NEW" {
		t.Errorf("result %+v, %v for %+v", r, err, f.got)
	}
	f.err = errors.New("odd")
	if _, err := Correct(f)(context.Background(), order); !errors.Is(err, f.err) {
		t.Errorf("answered with %v", err)
	}
}

func TestCall(t *testing.T) {
	f := &far{}
	order := schemas.Order{ApplicationNo: "A", Effect: schemas.Effect{EffectID: "E", PermitNo: "OLD", NewNo: "NEW"}}
	r, err := Call(f)(context.Background(), order)
	if err != nil || r.Ref != "ref-1" || f.got.Effect.EffectID != "E" || f.got.Effect.NewNo != "NEW" {
		t.Errorf("result %+v, %v for %+v", r, err, f.got)
	}
	f.err = errors.New("odd")
	if _, err := Call(f)(context.Background(), order); !errors.Is(err, f.err) {
		t.Errorf("answered with %v", err)
	}
}
