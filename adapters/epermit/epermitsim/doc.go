// Package epermitsim simulates the provincial electronic residence-permit platform: it issues permits and tells what it issued.
//
// # Delivery
//
// requestId is the idempotency key: a repeat gets the stored answer, the same id with another content is refused (REQUEST_ID_CONFLICT).
// A kit with a file ([simulator.Open]) carries the permits over a restart.
//
// # Errors
//
// The provincial gateway stands in front and answers 401; the platform answers its refusals with HTTP 200, in a different envelope per
// interface, and quotes the person in them, as real platforms do.
//
// # Limits
//
// It shares no code with the adapter: it checks signatures, numbers and check characters by its own reading of the specifications.
package epermitsim
