// Package docket keeps the register of open cases (在办案件登记簿) that this process decides, from the case log alone.
//
// It is what the gauges of /metrics and the live page show: nobody reads Kafka or Redis for a scrape or a page. Where several processes
// share the partitions, each keeps its own share, and the sum over the processes is the county.
//
// # Order
//
// Feed [Docket.Observe] every valid transition of a partition in order. A transition that is seen again changes nothing. A Docket is safe for
// concurrent use.
//
// What stood in the log before need not be observed one by one: [Docket.Past] takes those transitions that [Docket.Wants] asks for, in order,
// [Docket.Restore] the last one of each file that has an open case, in any order, and [Docket.Restored] says how far that went. The docket is then
// as if it had observed them all.
//
// # Personal data
//
// An entry knows a township, a stage and times; no application number, no person.
package docket
