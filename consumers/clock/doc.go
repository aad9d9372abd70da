// Package clock keeps the index of deadlines and cards in Redis equal to the case log.
//
// # Delivery
//
// A batch step over case-log, at least once. A batch that comes twice changes nothing, and two processes that hold the same
// partition for a moment cannot harm each other: the mark in Redis decides (package deadline).
//
// # Gaps
//
// When a partition is assigned, [Step.Assigned] reads the log itself from the mark in Redis to the end, and delivery goes on
// from there. Later a batch is applied only if it begins where the index ends. Otherwise, and whenever the mark is gone or
// went back (FLUSHALL, a lossy failover, an empty new Redis), the log is read again from the mark. [Step.Watch] finds a
// lost index without new traffic.
//
// # Errors
//
// Redis or Kafka down is unavailable: the step pauses, deadlines that are already in Redis go on. A transition that does not
// decode is unavailable too, with its position: skipping it could hide a deadline, so the partition waits for people.
//
// # Limits
//
// An index that belongs to another log is recognised only where its mark lies beyond this log's end.
package clock
