package schemas

// Topic describes one Kafka topic of the hub.
type Topic struct {
	// Name is the short name; the bus puts the installation's prefix before it.
	Name string
	// Carries says what one record is.
	Carries string
	// Key says what the Kafka key is.
	Key string
	// SameAs names the topic whose partition count this one shares; "" means it has its own.
	SameAs string
	// Partitions is the topic's own count; 0 means the installation's. Few records wait in a retry tier, and every step that calls a foreign
	// system reads all tiers: one partition each keeps them cheap and first in, first out.
	Partitions int
	// Stamped marks the offset-stamped log: a record is valid only where its offset equals its stamp.
	Stamped bool
	// RetentionHours is how long records are kept; -1 is for ever.
	RetentionHours int
	// Public marks a topic that data platforms read: no personal fields, additive evolution.
	Public bool
}

// Short names of the topics.
const (
	TopicCaseInput    = "case-input.v1"
	TopicCaseLog      = "case-log.v1"
	TopicRetry30s     = "retry-30s.v1"
	TopicRetry5m      = "retry-5m.v1"
	TopicRetry1h      = "retry-1h.v1"
	TopicDeadLetter   = "dead-letter.v1"
	TopicDisposition  = "disposition.v1"
	TopicApplications = "applications.v1"
	TopicPermits      = "permits.v1"
)

// Topics lists every topic of the hub, in the order in which a record meets them.
func Topics() []Topic {
	const days = 24
	return []Topic{
		{Name: TopicCaseInput, Carries: "Input: one thing that happened to a person's file", Key: "dossier id", RetentionHours: 90 * days},
		{Name: TopicCaseLog, Carries: "Transition: new state, events and effects; the truth", Key: "dossier id", SameAs: TopicCaseInput, Stamped: true, RetentionHours: -1},
		{Name: TopicRetry30s, Partitions: 1, Carries: "a record that waits 30 s for its step", Key: "as the record had it", RetentionHours: 7 * days},
		{Name: TopicRetry5m, Partitions: 1, Carries: "a record that waits 5 min for its step", Key: "as the record had it", RetentionHours: 7 * days},
		{Name: TopicRetry1h, Partitions: 1, Carries: "a record that waits 1 h for its step", Key: "as the record had it", RetentionHours: 7 * days},
		{Name: TopicDeadLetter, Carries: "DeadLetter: a record that no trying again can help", Key: "as the record had it", RetentionHours: -1},
		{Name: TopicDisposition, Carries: "Disposition: what a person did about a dead letter", Key: "as the dead letter has it", RetentionHours: -1},
		{Name: TopicApplications, Carries: "ApplicationEvent: where an application stands, for data platforms", Key: "dossier id", RetentionHours: -1, Public: true},
		{Name: TopicPermits, Carries: "PermitEvent: a permit issued or cancelled, for data platforms", Key: "dossier id", RetentionHours: -1, Public: true},
	}
}
