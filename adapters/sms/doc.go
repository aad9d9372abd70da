// Package sms sends notices through 云MAS, China Mobile's SMS gateway, over its HTTP interface.
//
// # Protocol
//
// POST {base}/sms/norsubmit (free text) or {base}/sms/tmpsubmit (template registered at the gateway). The body is the base64 of a
// JSON object; mac is the lower-case MD5 of the concatenated fields. The answer is {"msgGroup","rspcod","success"}; success means
// accepted by the gateway, only a receipt tells of delivery ([Gateway.Receipts]).
//
// # Delivery
//
// The gateway takes no message id of ours, so a call cannot be repeated safely. [Gateway.Send] therefore tells three ends apart:
// the message was certainly not taken (no connection, or an answer that says so), it was taken, or it may have been. Nothing in
// this package calls twice.
//
// # Errors
//
// fault.Unavailable: not taken, call again later. This includes our own wrong key or signature code, because no citizen's notice
// may be lost to a fault of ours. fault.Permanent: this number or this text is refused for good. fault.Uncertain: the message may
// have gone out. Unmarked: an rspcod that the interface description does not list; not taken. No error carries a phone number,
// a text or the secret.
//
// # Limits
//
// A text counts with its 【signature】 in UTF-16 units: up to 70 is one SMS, longer goes in pieces of 67 ([Split]). The secret travels
// in the body, so plain HTTP is refused except on loopback or a declared private line. The gateway signs nothing that it pushes:
// receipts are told from forgeries by a token in the path, the sender's network, or both.
package sms
