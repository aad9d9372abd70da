// Package timeline shows one person's file (一人一档) as people read it: what happened when, by whom, on what ground, and what is
// still owed.
//
// # Personal data
//
// The name, the citizen id and the phone are masked (张*, 330424********002X, 138****8000); addresses are not shown at all.
//
// # Tamper evidence
//
// [Read] checks the chain of the records: each carries the SHA-256 of the bytes before it. An edit, a drop, an insert or a
// reorder breaks it, and [Chain] names the first record that does not follow. A cut at the end can be seen only by comparing
// [Chain].Head with one kept elsewhere.
package timeline
