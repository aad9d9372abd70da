// Package audit judges what a hub did from the outside: from the case log, the foreign systems' own ledgers and the receipts that senders hold.
//
// # Independence
//
// It imports nothing of the hub. What travels is read by field names of its own, working days are counted by its own loop over the State
// Council's notices, the offset stamp and the hash chain are checked by its own arithmetic: a mistake of the hub cannot hide in its auditor.
//
// # What it checks
//
// The invariants of a hub at rest: no application lost or doubled, one outcome each, at most one open case and one valid permit a person; effects
// once; a cancellation only after the issue that replaces the permit, and only of that person's own; no notice sent twice without a recorded
// decision; chains unbroken; deadlines counted right, each breach recorded once, at the true instant, and none missing; Redis waits for what the
// log says; nothing personal outside the person objects. What is open, held, unknown or dead-lettered is no fault, and is listed.
//
// Left to the hub's own tests: how far a suspension (T6) moves a due time, and installations that count the push inside T1.
package audit
