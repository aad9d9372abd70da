package main

import (
	"context"
	"time"

	"permithub/adapters/sms"
	"permithub/consumers/notification"
	"permithub/internal/deadline"
	"permithub/internal/effect"
	"permithub/producers/receipts"
	"permithub/schemas"
)

func addNotification(h *hub, s *step) error {
	w := effect.Worker{Step: s.name, Publish: h.out.Produce, Now: h.now}
	n := notification.New(h.run, guardedGateway{h}, correlation{h.index, []byte(h.cfg.RouteKey.Value())}, w, h.log)
	h.lanes(s, n.Handle, n.Parked)
	return nil
}

func startReceipts(h *hub, s *step) error {
	known := correlation{h.index, []byte(h.cfg.RouteKey.Value())}
	r := receipts.New(s.name, h.index.EffectOf, h.out.Produce, h.now, h.reg)
	return h.listen(s.name, h.cfg.Systems.SMS.ReceiptListen, h.systems.SMS.Receipts(func(ctx context.Context, got sms.Receipt) error {
		return r.Deliver(ctx, receipts.Receipt{
			Refs: []string{messageRef(got.MsgGroup), known.phoneRef(got.Mobile)}, Delivered: got.Delivered, Code: got.Code, At: got.ReceivedAt,
		})
	}))
}

// guardedGateway sends through the breaker.
type guardedGateway struct{ h *hub }

func (g guardedGateway) Send(ctx context.Context, phone string, m schemas.SMS) (ref string, err error) {
	err = g.h.guards["sms"].Do(ctx, func() (err error) {
		ref, err = g.h.systems.SMS.Send(ctx, phone, m)
		return err
	})
	return ref, err
}

// correlation keeps in Redis which notice a receipt will speak of; a phone is known there by its keyed hash only.
type correlation struct {
	index *deadline.Store
	key   []byte
}

// receiptsWithin is how long after a notice a receipt may come (CMPP gateways take up to 48 h).
const receiptsWithin = 72 * time.Hour

func (c correlation) Expect(ctx context.Context, phone, effectID string) error {
	return c.index.Correlate(ctx, c.phoneRef(phone), effectID, receiptsWithin)
}

func (c correlation) Sent(ctx context.Context, ref, effectID string) error {
	return c.index.Correlate(ctx, messageRef(ref), effectID, receiptsWithin)
}

func (c correlation) phoneRef(phone string) string { return deadline.KeyedRef(c.key, "phone", phone) }

func messageRef(ref string) string { return "sms:" + ref }
