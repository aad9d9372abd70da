// Package demo sends applications through the hub's real doors and says what became of each.
//
// # A line of cases
//
// One JSON object a line (see [Line]): the application as the intake takes it, what the registration system knows of the person, the channel,
// what people do in order, and the faults of the foreign systems for this application. Lines about the same person go one after the other, in the
// order of the file; all others run side by side.
//
// # A line of results
//
// One JSON object a line (see [Result]), in the order of the cases, taken from the case log and the foreign systems' own ledgers.
package demo
