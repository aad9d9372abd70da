// Package simulator is what every simulator of a foreign system shares: a ledger, switchable faults and the control routes.
//
// # Ledger
//
// Every call leaves an entry. An entry with outcome [Done] is one effect: a simulator's execute writes it through [Kit.Record]
// in the same critical section in which it changes its own state, so counting Done entries per request id counts effects. Entries that
// [Kit.Serve] writes itself say what a fault did to a call; they are never Done.
//
// # Faults
//
// A [Fault] refuses, delays, fails or cuts off calls, or executes them and never answers. Faults with a share hit the same calls in
// every run: the choice is a function of the fault's id and of how many calls it has seen.
//
// # Limits
//
// For demonstrations and tests. The people in it are made up, so ledgers hold plain values: they stand for the foreign systems' own
// databases.
package simulator
