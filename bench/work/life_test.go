package work

import (
	"testing"

	"permithub/schemas"
)

func TestLife(t *testing.T) {
	p, err := Policy()
	if err != nil {
		t.Fatal(err)
	}
	recs, err := Life(p, 3, 10, LifeLength, 40)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range recs {
		tr, err := schemas.DecodeTransition(r.Value)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d: %s %v, %d bytes, open %v", i, tr.Input.Kind, tr.Events, len(r.Value), tr.Dossier.Open != nil)
		if tr.Seq != int64(i+1) || tr.Input.Offset != int64(40+i) {
			t.Errorf("transition %d has seq %d and answers input %d", i, tr.Seq, tr.Input.Offset)
		}
	}
}
