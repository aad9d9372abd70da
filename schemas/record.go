package schemas

// Header is one Kafka record header.
type Header struct {
	Key   string `json:"key"`   // 名称
	Value string `json:"value"` // 值
}

// Headers of a record that was put back to work out of a dead letter. They stay with it, so that a letter that it may become again tells of them.
const (
	HeaderReplayOf = "ph-replay-of" // the dead letter's id
	HeaderReplays  = "ph-replays"   // how often the record was replayed, in decimal
)

// Record is what goes on the wire: one Kafka record before the broker gave it a partition and an offset.
type Record struct {
	// Topic is the short name, e.g. "case-input.v1"; the bus puts the installation's prefix before it.
	Topic string
	// Key is the Kafka key: the dossier id for everything that concerns a person.
	Key string
	// Value is flat UTF-8 JSON.
	Value []byte
	// Headers carry the CloudEvents attributes (binary mode) and traceparent, never personal data.
	Headers []Header
}

// Header returns the value of the first header named key, or "".
func (r *Record) Header(key string) string {
	for i := range r.Headers {
		if r.Headers[i].Key == key {
			return r.Headers[i].Value
		}
	}
	return ""
}
