// Package worklist holds what officers ask of the case log at every moment: which cases are open and whose turn it is, and
// where in the log a person's records stand.
//
// # Disposable
//
// It is a projection in an embedded SQLite database that lives in the memory of one process. It is filled from the log when the
// process starts and never saved: names are personal data, and a file that is not there cannot be lost.
//
// # Concurrency
//
// Safe for concurrent use. Readers see whole batches of the log only.
//
// # Limits
//
// Made for 100,000 open cases: see the benchmarks. The records themselves stay in Kafka; here are their offsets.
package worklist
