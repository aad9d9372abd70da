// Package dataplatformsim simulates the provincial big-data platform: it takes rows of the case library and answers for each of them.
//
// # Delivery
//
// recordId is each row's idempotency key: a repeat is answered 0001, the same id with another row 1009. In the ledger, "record" entries
// are rows; a "push" entry that is Done is the one call after which every row of its request is there.
//
// # Limits
//
// It knows no columns but project_no: the tables are what a mapping makes of them. It shares no code with the adapter.
package dataplatformsim
