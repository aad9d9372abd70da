// Package audit judges what a hub did from the outside: from the case log, the foreign systems' own ledgers and the receipts that senders hold.
//
// # Independence
//
// It imports nothing of the hub. What travels is read by field names of its own, working days are counted by its own loop over the State
// Council's notices, the offset stamp and the hash chain are checked by its own arithmetic: a mistake of the hub cannot hide in its auditor.
//
// # What it checks
//
// The invariants of a hub at rest: no application lost or doubled, effects once, no cancellation before the issue that replaces it, no notice
// sent twice without a recorded decision, chains unbroken, deadlines counted right, breaches recorded once. What is open, held, unknown or
// dead-lettered is no fault, and is listed.
package audit
