package schemas

// DeadLetter is a record that no trying again can help: the value of dead-letter.v1.
type DeadLetter struct {
	DeadLetterID string   `json:"dead_letter_id"`    // 死信编号: from the source position: writing it twice is one entry
	Topic        string   `json:"topic"`             // 来源主题
	Partition    int32    `json:"partition"`         // 来源分区
	Offset       int64    `json:"offset"`            // 来源位移
	Key          string   `json:"key,omitempty"`     // 来源键
	Step         string   `json:"step"`              // 步骤: who gave it up
	Class        string   `json:"class"`             // 错误类别
	Code         string   `json:"code"`              // 错误代码: stable
	Reason       string   `json:"reason"`            // 原因: ids and codes, never field values
	Attempts     int      `json:"attempts"`          // 尝试次数
	At           Time     `json:"at"`                // 写入时间
	Headers      []Header `json:"headers,omitempty"` // 来源消息头
	Value        []byte   `json:"value,omitempty"`   // 来源内容: base64 of the bytes as they were read; absent where there were none
}
