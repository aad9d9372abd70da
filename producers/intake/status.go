package intake

import (
	"net/http"

	"permithub/internal/casework"
	"permithub/internal/reception"
	"permithub/schemas"
)

// Status is where an application stands.
type Status struct {
	ApplicationNo  string        `json:"application_no" doc:"申请编号"`
	Stage          string        `json:"stage" doc:"环节代码" example:"under_review"`
	StageName      string        `json:"stage_name" doc:"环节" example:"审核"`
	Outcome        string        `json:"outcome,omitempty" doc:"办结结果代码：issued、refused、not_accepted、withdrawn、revoked"`
	OutcomeName    string        `json:"outcome_name,omitempty" doc:"办结结果"`
	Reasons        []Reason      `json:"reasons,omitempty" nullable:"false" doc:"不予受理或不予互认的全部理由（一次性告知）"`
	Items          []string      `json:"items,omitempty" nullable:"false" doc:"待补正的全部事项（一次性告知）"`
	PermitNo       string        `json:"permit_no,omitempty" doc:"签发的居住证证号"`
	ReceivedAt     schemas.Time  `json:"received_at" doc:"收到时间"`
	AcceptedAt     *schemas.Time `json:"accepted_at,omitempty" doc:"受理时间"`
	DueAt          *schemas.Time `json:"due_at,omitempty" doc:"承诺时限：自该时刻起即为超期"`
	DueProvisional bool          `json:"due_provisional,omitempty" doc:"时限为暂定：所需年份的放假安排尚未公布"`
	IssuedAt       *schemas.Time `json:"issued_at,omitempty" doc:"签发时间"`

	Count *casework.Count `json:"due_count,omitempty" doc:"承诺时限的逐日计算：每一日是否为工作日、依据哪一通知，以及中止时段"`
}

// Reason is one reason with its text.
type Reason struct {
	Code string `json:"code" doc:"理由代码"`
	Text string `json:"text" doc:"理由"`
}

// getStatus answers from the card; without the card store there is no status, but there is no loss either.
func (s *Service) getStatus(c *call) reception.Answer {
	no := c.r.PathValue("no")
	if _, err := schemas.DossierOf(no); err != nil {
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	card, found, err := s.card(c.r.Context(), no)
	switch {
	case err != nil:
		return reception.Refuse(reception.Unavailable, reception.StatusUnavailable)
	case !found || card.Source != c.src.Name:
		return reception.Refuse(reception.NotFound, problemNotFound)
	}
	st := StatusOf(&card, s.ports.ReasonText)
	if s.ports.Count != nil {
		st.Count = s.ports.Count(&card)
	}
	return reception.Answer{Result: resultStatus, Status: http.StatusOK, Body: st}
}

// StatusOf returns a card as people read it.
func StatusOf(card *schemas.Card, reasonText func(code string) string) Status {
	st := Status{
		ApplicationNo: card.ApplicationNo, Stage: string(card.Stage), StageName: card.Stage.Name(), Outcome: card.Outcome,
		OutcomeName: schemas.Stage(card.Outcome).Name(), Items: card.Items, PermitNo: card.PermitNo, ReceivedAt: card.ReceivedAt,
		AcceptedAt: card.AcceptedAt, DueAt: card.DueAt, DueProvisional: card.DueProvisional, IssuedAt: card.IssuedAt,
	}
	for _, code := range card.Reasons {
		st.Reasons = append(st.Reasons, Reason{code, reasonText(code)})
	}
	return st
}
