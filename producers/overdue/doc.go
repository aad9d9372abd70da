// Package overdue puts deadline_reached on case-input when a rung of a clock is reached.
//
// # Delivery
//
// At least once, under an id that derives from the deadline alone: the same rung, found twice by two pollers, after a crash
// or after Redis was rebuilt, is one input to the approval. Whether it still counts is decided there; nothing is removed
// here, removal from Redis follows the log.
//
// # Time
//
// The input is dated at the true instant (due_at) beside the instant of detection. A rung that was reached while the hub was
// down is found when it is back, the earliest first.
//
// # Many processes
//
// Any number of pollers may look at the same partitions: a claim is a lease. A poller that dies between claim and produce
// costs the length of the lease.
//
// # Clocks
//
// The poller measures how far its clock is from Redis's. One that runs ahead by more than Config.MaxSkew is not believed:
// the earlier of the two counts, because a breach recorded too early cannot be taken back, and one recorded late is still
// dated right.
package overdue
