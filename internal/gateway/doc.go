// Package gateway speaks the provincial gateway's request signature, on both sides, and calls the systems behind it.
//
// # Signature
//
// HMAC-SHA256 over METHOD\nPATH\nQUERY\nACCESS_KEY\nDATE\n, in the headers X-BG-*. The body is not signed: within the ±90 s window a
// request can be replayed, so every call carries a request id of its own and both sides recognise repeats.
//
// # Errors
//
// What the gateway says about our key, our clock or our routes is about the hub and never about the record: such errors are unavailable
// (fault.Unavailable) with the codes system_credentials, system_clock and system_route, so that the step pauses and alarms instead of
// refusing citizens' cases. Outages, time-outs and 5xx are unavailable with the system's name as code. Errors carry no text of the far
// side: it may quote the record.
//
// # Limits
//
// Clients in the wild encode queries differently, so only unambiguous requests are signed: a path of [A-Za-z0-9_.~/-], parameters of
// [A-Za-z0-9_.-], no name twice.
//
// # Reference
//
// It behaves as Apache APISIX's hmac-auth of the 2.x/3.0 line with renamed headers:
// https://apisix.apache.org/docs/apisix/2.5/plugins/hmac-auth
package gateway
