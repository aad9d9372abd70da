// Package ops is what lets operators see and stop the hub: metrics, health, logs, breakers and the order of teardown.
//
// # Metrics
//
// Every constructor takes a Registerer. Labels are closed sets, visible at zero from the start; no metric carries an id.
//
// # Personal data
//
// Steps and adapters log ids and codes only. [NewLogger] masks what looks like a citizen id or a mobile number all the same,
// and counts it: a count above zero is a defect somewhere else.
//
// # Lifetime
//
// [Stack] stops what was started in the opposite order, all under one deadline; what hangs is named in the log.
package ops
