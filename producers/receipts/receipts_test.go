package receipts

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"permithub/schemas"
)

var noon = time.Date(2026, 9, 28, 12, 0, 0, 0, schemas.Shanghai)

func TestDeliver(t *testing.T) {
	dossier := schemas.DossierID(schemas.PersonToken([]byte("key"), "11010519491231002X"))
	no := schemas.ApplicationNo(dossier, "province", "1")
	effectID := schemas.EffectID(no, schemas.EffectNotify, 1)
	known := map[string]string{"sms:7": effectID, "phone:x": effectID, "sms:odd": "no effect of ours"}
	down := errors.New("down")
	for _, row := range []struct {
		name       string
		receipt    Receipt
		findErr    error
		publishErr error
		want       *schemas.SMSReceipt
		result     string
	}{
		{"by the gateway's number", Receipt{Refs: []string{"sms:7", "phone:x"}, Delivered: true, Code: "DELIVRD", At: noon}, nil, nil,
			&schemas.SMSReceipt{EffectID: effectID, Ref: "sms:7", Delivered: true, Code: "DELIVRD", At: schemas.At(noon)}, resultTaken},
		{"by the phone, where the answer was lost", Receipt{Refs: []string{"sms:8", "phone:x"}, Code: "UNDELIV"}, nil, nil,
			&schemas.SMSReceipt{EffectID: effectID, Ref: "sms:8", Code: "UNDELIV", At: schemas.At(noon)}, resultTaken},
		{"of nobody", Receipt{Refs: []string{"sms:9"}}, nil, nil, nil, resultUnmatched},
		{"of something else", Receipt{Refs: []string{"sms:odd"}}, nil, nil, nil, resultUnmatched},
		{"store down", Receipt{Refs: []string{"sms:7"}}, down, nil, nil, resultFailed},
		{"kafka down", Receipt{Refs: []string{"sms:7"}}, nil, down, nil, resultFailed},
	} {
		t.Run(row.name, func(t *testing.T) {
			var got []schemas.Record
			reg := prometheus.NewPedanticRegistry()
			s := New("receipts", func(_ context.Context, ref string) (string, bool, error) {
				id, ok := known[ref]
				return id, ok, row.findErr
			}, func(_ context.Context, recs ...schemas.Record) error {
				if row.publishErr == nil {
					got = append(got, recs...)
				}
				return row.publishErr
			}, func() time.Time { return noon }, reg)
			err := s.Deliver(context.Background(), row.receipt)
			if (err != nil) != (row.result == resultFailed) {
				t.Errorf("got %v", err)
			}
			if n := testutil.ToFloat64(s.total.WithLabelValues(row.result)); n != 1 {
				t.Errorf("counted %v as %s", n, row.result)
			}
			if row.want == nil {
				if len(got) > 0 {
					t.Errorf("%d inputs", len(got))
				}
				return
			}
			in, err := schemas.DecodeInput(got[0].Value)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(row.want, in.Receipt); diff != "" || in.ApplicationNo != no || got[0].Key != dossier {
				t.Errorf("%s under %s (-want +got)\n%s", in.ApplicationNo, got[0].Key, diff)
			}
		})
	}
}

// The same receipt again is the same input, another word on the same notice is another.
func TestRepeat(t *testing.T) {
	dossier := schemas.DossierID(schemas.PersonToken([]byte("key"), "11010519491231002X"))
	effectID := schemas.EffectID(schemas.ApplicationNo(dossier, "province", "1"), schemas.EffectNotify, 1)
	var ids []string
	s := New("receipts", func(context.Context, string) (string, bool, error) { return effectID, true, nil }, func(_ context.Context, recs ...schemas.Record) error {
		ids = append(ids, recs[0].Header("ce_id"))
		return nil
	}, time.Now, prometheus.NewPedanticRegistry())
	for _, code := range []string{"DELIVRD", "DELIVRD", "EXPIRED"} {
		if err := s.Deliver(context.Background(), Receipt{Refs: []string{"sms:7"}, Code: code}); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] != ids[1] || ids[0] == ids[2] || strings.Contains(ids[0], "DELIVRD") {
		t.Errorf("ids %v", ids)
	}
}
