// Package snapshot keeps files that say how a partition of a log stood at an offset, so that a restore need not read the log from its beginning.
//
// # A snapshot is disposable
//
// The log is the truth. A snapshot is believed only where it is whole and fits the log that is there; else it is refused: told in the log of the
// process, counted by reason, and the older one is tried. Without any the log is read. Deleting every file costs time at the next start and nothing
// else.
//
// # Delivery
//
// A file is written under another name, flushed to the disk, and then renamed, so that a process or a machine that dies on the way leaves none that
// looks whole; a file that is torn all the same does not pass its checksums. The two newest of a partition are kept. Several processes may share a
// folder: what any of them wrote of a log's valid records is right for all.
//
// # Personal data
//
// The values are the log's own, as they stand there. The folder is made for its owner alone (0700), the files too (0600); what is left of a write that
// did not end, and what is refused for good, is removed. Names, errors and log lines hold partition numbers and offsets only.
//
// # Form of a file
//
// A line that names the form, then frames: one byte of kind, four of length, four of CRC-32C over both and the content, the content; big-endian. The
// first frame is the head in JSON, then come items, last an end that counts frames and items and sums the checksums of all. Nothing follows.
package snapshot
