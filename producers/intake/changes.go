package intake

import (
	"context"
	"net/http"
	"time"

	"permithub/internal/reception"
	"permithub/internal/trace"
	"permithub/schemas"
)

// Taken is the answer to a supplement or a withdrawal that Kafka has acknowledged.
type Taken struct {
	ApplicationNo string       `json:"application_no" doc:"申请编号"`
	InputID       string       `json:"input_id" doc:"本次提交的标识；重复提交得到相同的标识"`
	ReceivedAt    schemas.Time `json:"received_at" doc:"收到时间"`
}

func (s *Service) postSupplement(c *call) reception.Answer {
	return s.change(c, resultSupplement, func(raw []byte, no, dossier string, now time.Time, trace string) (*schemas.Input, *reception.Answer, error) {
		body, list := DecodeSupplement(raw, s.checks(c.src))
		if !list.Empty() {
			a := s.front.Faulty(list)
			return nil, &a, nil
		}
		in, err := body.input(c.src, no, dossier, now, trace)
		return in, nil, err
	})
}

func (s *Service) postWithdrawal(c *call) reception.Answer {
	return s.change(c, resultWithdrawal, func(raw []byte, no, dossier string, now time.Time, trace string) (*schemas.Input, *reception.Answer, error) {
		body, list := DecodeWithdrawal(raw, s.checks(c.src))
		if !list.Empty() {
			a := s.front.Faulty(list)
			return nil, &a, nil
		}
		in, err := body.input(c.src, no, dossier, now, trace)
		return in, nil, err
	})
}

// change publishes a message about an application that was taken before. The number carries the Kafka key, so it needs no look-up; where
// the card is at hand, an application of another source is not found. Without the card the dossier compares the source.
func (s *Service) change(c *call, result string, decode func(raw []byte, no, dossier string, now time.Time, trace string) (*schemas.Input, *reception.Answer, error)) reception.Answer {
	no := c.r.PathValue("no")
	dossier, err := schemas.DossierOf(no)
	if err != nil || s.isForeign(c.r.Context(), no, c.src) {
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	raw, list := s.front.Body(c.w, c.r)
	if !list.Empty() {
		return s.front.Faulty(list)
	}
	in, faulty, err := decode(raw, no, dossier, s.ports.Now(), trace.Parent(c.r.Header))
	if faulty != nil {
		return *faulty
	}
	if err == nil {
		err = s.front.Publish(c.r.Context(), in)
	}
	if err != nil {
		return s.unavailable(c.r.Context(), c.src, err)
	}
	return reception.Answer{Result: result, Status: http.StatusAccepted, Body: Taken{no, in.InputID, in.ReceivedAt}}
}

func (s *Service) isForeign(ctx context.Context, no string, src *Source) bool {
	card, found := s.findCard(ctx, no)
	return found && card.Source != src.Name
}
