// Package epermit issues and revokes the electronic 《浙江省居住证》 at the provincial electronic residence-permit platform (省厅电子居住证平台).
//
// # Delivery
//
// The effect id is the platform's requestId: the platform answers a repeat with the permit that it issued the first time, and refuses the
// same id with another content. What is sent derives from the case alone, so a repeat is the same to the byte. Where the outcome of a
// call is not known, [Client.Issue] asks for it by effect id and repeats nothing by itself.
//
// # Errors
//
// A refusal of the platform is permanent under epermit_CODE with the platform's own code; so is a permit that makes no sense
// (epermit_nonsense). Outages, time-outs and answers that are not the interface's are unavailable (epermit, epermit_garbled), and so is
// everything about our key, clock or address (epermit_credentials, epermit_clock, epermit_route). No error carries what the platform
// wrote beside its code.
//
// # Limits
//
// The platform's public description names no columns: the field names in wire.go and the codes are those of the simulator and stand in one
// place each. The bodies carry personal data: https or a private line.
//
// # Reference
//
// Signature: package gateway. Licence identifier: GB/T 36904.
package epermit
