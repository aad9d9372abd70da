package schemas

import "slices"

// Card is what may be asked about one application at any moment, derived from the log and kept in Redis. No personal fields.
type Card struct {
	ApplicationNo       string   `json:"application_no"`            // 申请编号
	Source              string   `json:"source"`                    // 来源
	SourceApplicationNo string   `json:"source_application_no"`     // 来源系统的申请编号
	BodyHash            string   `json:"body_hash"`                 // 申请内容摘要
	ReceivedAt          Time     `json:"received_at"`               // 接收时间
	Version             int64    `json:"version"`                   // 档案序号: seq of the dossier when the card was written; 0 from the intake, before the log
	Stage               Stage    `json:"stage,omitempty"`           // 办理环节
	Outcome             string   `json:"outcome,omitempty"`         // 结果: of an ended case
	Reasons             []string `json:"reasons,omitempty"`         // 理由代码
	Items               []string `json:"items,omitempty"`           // 补正事项: what the last supplement request asks for
	PermitNo            string   `json:"permit_no,omitempty"`       // 居住证编号
	AcceptedAt          *Time    `json:"accepted_at,omitempty"`     // 受理时间
	DueAt               *Time    `json:"due_at,omitempty"`          // 承诺办结时间
	DueProvisional      bool     `json:"due_provisional,omitempty"` // 承诺办结时间是否暂定
	DueLimit            *Limit   `json:"due_limit,omitempty"`       // 承诺时限: what led to due_at, with the pauses
	Pauses              []Pause  `json:"pauses,omitempty"`          // 中止时段
	IssuedAt            *Time    `json:"issued_at,omitempty"`       // 签发时间
}

// Encode writes the card as encoding/json reads it.
func (c *Card) Encode() ([]byte, error) { return encode(c) }

// Card returns the card of a case of the file as it stands now; false where the file has no such case.
func (d *Dossier) Card(applicationNo string) (Card, bool) {
	if c := d.OpenByNo(applicationNo); c != nil {
		return c.card(d.Seq), true
	}
	if e := d.EndedByNo(applicationNo); e != nil {
		return e.card(d.Seq), true
	}
	return Card{}, false
}

// OpenByNo returns the open case where it has that number, else nil.
func (d *Dossier) OpenByNo(applicationNo string) *Case {
	if d.Open != nil && d.Open.ApplicationNo == applicationNo {
		return d.Open
	}
	return nil
}

// EndedByNo returns the ended case of that number, or nil.
func (d *Dossier) EndedByNo(applicationNo string) *EndedCase {
	for i := range d.Ended {
		if d.Ended[i].ApplicationNo == applicationNo {
			return &d.Ended[i]
		}
	}
	return nil
}

func (e *EndedCase) card(version int64) Card {
	return Card{
		ApplicationNo: e.ApplicationNo, Source: e.Source, SourceApplicationNo: e.SourceApplicationNo, BodyHash: e.BodyHash, ReceivedAt: e.SubmittedAt,
		Version: version, Stage: Stage(e.Outcome), Outcome: e.Outcome, Reasons: e.Reasons, PermitNo: e.PermitNo,
		AcceptedAt: e.AcceptedAt, DueAt: e.DueAt, DueProvisional: e.DueProvisional, DueLimit: e.DueLimit, Pauses: e.Pauses, IssuedAt: e.IssuedAt,
	}
}

func (c *Case) card(version int64) Card {
	k := Card{
		ApplicationNo: c.ApplicationNo, Source: c.Submission.Source, SourceApplicationNo: c.Submission.SourceApplicationNo, BodyHash: c.BodyHash,
		ReceivedAt: c.SubmittedAt, Version: version, Stage: c.Stage, Reasons: c.Reasons, AcceptedAt: c.AcceptedAt, IssuedAt: c.IssuedAt,
	}
	if c.Permit != nil {
		k.PermitNo = c.Permit.PermitNo
	}
	if n := len(c.Supplements); n > 0 && c.Stage == StageSupplement {
		k.Items = c.Supplements[n-1].Items
	}
	if t1 := c.ClockByID("T1"); t1 != nil {
		k.DueAt, k.DueProvisional, k.DueLimit, k.Pauses = &t1.DueAt, t1.Provisional, t1.Limit, withoutRemarks(t1.Pauses)
	}
	return k
}

// ClockByID returns the clock of that id, or nil.
func (c *Case) ClockByID(id string) *Clock {
	for i := range c.Clocks {
		if c.Clocks[i].ID == id {
			return &c.Clocks[i]
		}
	}
	return nil
}

// DutyByID returns the duty of that effect, or nil.
func (c *Case) DutyByID(effectID string) *Duty {
	for i := range c.Duties {
		if c.Duties[i].EffectID == effectID {
			return &c.Duties[i]
		}
	}
	return nil
}

// withoutRemarks are pauses as they may stand outside the file.
func withoutRemarks(pauses []Pause) []Pause {
	out := slices.Clone(pauses)
	for i := range out {
		out[i].Remark = ""
	}
	return out
}
