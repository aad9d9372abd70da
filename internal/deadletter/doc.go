// Package deadletter knows the dead letters and what people did about each: it shows them masked, checks a repair, puts records back to work
// and keeps who did what.
//
// # One truth
//
// A letter stands until a disposition says that it was replayed or given up. Letters and dispositions are records of two topics, dead-letter
// and disposition; [Book] reads both, and pages, commands and gauges ask it. Letters never change, and neither topic is compacted: the last
// word on a letter is not all that was done about it.
//
// # Delivery
//
// A replay puts the record where it was read, under its key and its ids, and writes the disposition after that is acknowledged. A process that
// dies between the two leaves the letter standing; the replay that follows changes nothing, because the file knows the input's id. What the log
// of cases answers to nobody, a step's own record, goes back to that step alone, whose calls have ids that the foreign system knows again.
//
// # Repair
//
// Only what came in from outside the log can be repaired, and neither key nor ids change with it. A repair is checked when it is written and again
// when it is replayed; the letter keeps what it held.
//
// # Personal data
//
// Contents are shown with placeholders in place of what is personal, of what no schema knows and of what is not as its schema says. A repair may
// leave the placeholders: they stand for what they hide. Dispositions carry codes, ids and staff numbers; a repaired content is kept as bytes,
// as the letter's own is.
package deadletter
