package schemas

// DispositionKind is what a person did about a dead letter.
type DispositionKind string

// Kinds of disposition. A replayed or given-up letter is dealt with.
const (
	DispositionRepaired DispositionKind = "repaired" // another content takes the place of the letter's when it is replayed
	DispositionReplayed DispositionKind = "replayed" // its record was put back to work, or had been done before
	DispositionGivenUp  DispositionKind = "given_up" // nothing will come of it
)

// Disposition is what a person did about a dead letter: the value of disposition.v1. The letter itself never changes.
type Disposition struct {
	DispositionID string          `json:"disposition_id"`      // 处置编号: the letter's id and how many dispositions it had before
	DeadLetterID  string          `json:"dead_letter_id"`      // 死信编号
	Kind          DispositionKind `json:"kind"`                // 处置
	Key           string          `json:"key,omitempty"`       // 来源键: the letter's, so that both stand in one partition
	Officer       string          `json:"officer"`             // 经办人: staff number
	Second        string          `json:"second,omitempty"`    // 复核人: staff number of whoever agreed, where many letters were dealt with at once
	Reason        string          `json:"reason,omitempty"`    // 原因: a code, why it was given up
	Ticket        string          `json:"ticket,omitempty"`    // 工单编号: where more is written about it
	To            string          `json:"to,omitempty"`        // 重放至: the topic that the record was put into; absent where there was nothing to do any more
	RepairID      string          `json:"repair_id,omitempty"` // 修复编号: the disposition whose content was replayed; absent for the letter's own
	At            Time            `json:"at"`                  // 处置时间
	Value         []byte          `json:"value,omitempty"`     // 修复内容: base64 of the new content, of kind repaired
}
