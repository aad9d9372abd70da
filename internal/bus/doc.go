// Package bus is Kafka under Watermill: it moves records, keeps their order and decides what a failure means.
//
// It is built on the low-level client of segmentio/kafka-go (group generations, multi-partition fetch, raw produce); that
// library's Reader and Writer lose order, commits and speed.
//
// # Delivery
//
// At least once. A group's offset is committed only behind records that are finished, through the generation that fetched
// them. A step sees the records of a partition in order, either as batches ([Runner.Batch]) or one by one with many in
// flight and order kept per key ([Runner.Lanes]). On a rebalance the work in hand is finished first and committed.
//
// # Producing
//
// [Publisher.Produce] returns after every record has been acknowledged by all in-sync replicas. Requests leave as soon as
// the one before has returned: batches form under load, and an idle hub adds no wait. A retry is written once, because
// every batch carries a producer id and a sequence number; only a batch that was given up after its time may still appear.
//
// # The stamped log
//
// [Log.Append] writes records that carry the offset at which they must land. A record is valid if and only if its offset
// equals its stamp, so the loser of a race between two owners of a partition leaves only void records, which no reader
// ever sees.
//
// # Errors
//
// What happens after an error is the matter of its class (internal/fault): permanent goes to the dead letters at once,
// unavailable pauses the step, unmarked is tried again, then waits in the retry tiers, then goes to the dead letters.
//
// # Limits
//
// One process has one [Client]. Topics are created before the steps run and their partition count never changes.
// No transactions, no compacted topics with a stamp, no records over 1 MB.
package bus
