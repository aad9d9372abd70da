// Package deadline keeps in Redis a disposable index of the case log: which rung of which clock is due next, and where a
// case stands.
//
// # Nothing here decides
//
// No decision reads Redis. Whoever claims a deadline puts it on case-input, and the transition decides whether it still
// counts; removal follows the log. Losing Redis costs seconds of staleness, never a deadline.
//
// # The mark
//
// Each partition of the log has a mark in Redis: the next log offset to be applied. [Store.Apply] writes a batch and moves
// the mark in one script, and only if the mark stands where the previous batch left it. So a repeated batch is seen as
// applied, a second writer changes nothing, and FLUSHALL or a lossy failover shows as a mark that is gone or went back:
// the caller replays from there. Log offsets jump over void records, so each batch is chained to the one before it by
// [Projection].From and not by its own first offset.
//
// # What is kept of a case
//
// The deadline that is due first, and no other: when its rung has fired, the transition that says so brings the next one. A case costs one
// member of a sorted set, however many deadlines it has. A batch says for each application which deadlines it has now, all of them; applying the
// log from any earlier point ends in the same content.
//
// # Claims
//
// A claim is a lease, not a removal: a claimed deadline is invisible to other pollers until its lease ends, and goes for
// good when the log says that its rung fired, or its clock was paused or resolved. A deadline can be claimed twice, by
// a poller that died or was slow: what is made of a claim must have an id that derives from the deadline alone.
//
// # The desk
//
// What all processes of the desk must agree on is kept here too: who works on which case, who is signed in, which name was tried too often.
// Losing it signs everybody out and gives every name its first tries again; a session that was revoked in the moments before a lossy failover may
// come back, which is why a user is kept out by the users' file and not here.
//
// # Errors
//
// What Redis or the way to it does is unavailable (fault.Outage "redis"). Values in Redis that are not ours are permanent.
//
// # Limits
//
// Redis must not evict (maxmemory-policy noeviction or volatile-*): [Store.Check] refuses a server that evicts keys
// without a time to live. Nothing personal is kept: application numbers, codes, times, and foreign numbers of applications.
//
// # Keys
//
// All keys of one partition share a cluster hash tag, see keys.go. Numbers and references have slots of their own.
package deadline
