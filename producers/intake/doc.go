// Package intake takes applications, supplements and withdrawals from signed sources over HTTP and puts them on case-input.
//
// # Interface
//
//	POST /v1/applications                       an application → 202 with number and receipt
//	GET  /v1/applications/{no}                  where it stands, for the source that sent it
//	POST /v1/applications/{no}/supplements      the answer to a supplement request (补正)
//	POST /v1/applications/{no}/withdrawal       the applicant withdraws (撤回)
//	GET  /openapi.json, /openapi.yaml           the contract, generated from the Go types
//
// Every call but the last carries the X-BG-HMAC signature of the provincial gateway, made with the key of its source. The body is not
// signed, so the source's own number of a message is what makes a repeat safe.
//
// # Delivery
//
// 202 means that Kafka has acknowledged the input, and nothing less. The same submission again gets the same answer; the same number
// with other content gets 409 and is recorded in the dossier. 503 means that nothing is promised: sending again is safe.
// Without the card store (Redis) intake goes on, and the dossier alone catches repeats and contradictions of one person; another
// person's application under the same number is then taken for one of its own.
//
// # Faults
//
// A body is read strictly (package strictjson) and every fault is answered at once as problem+json; [Codes] lists them all. Whether
// someone is entitled is not a fault: conditions that are missing, a hukou in Haiyan, or a number of Hong Kong, Macao, Taiwan or a
// foreigner go on and are answered with reasons by the rules.
//
// # Content
//
// Names are kept as they were sent. Unicode normalisation is not applied: NFC replaces CJK compatibility ideographs (U+F900…,
// U+2F800…) by other characters, and the form of a character is part of a legal name. Ticked conditions are a set and are put into the
// order of the form. What counts as the same content is the canonical input without its provenance, so neither the order of keys
// nor white space matters ([ContentHash]).
//
// # Personal data
//
// Personal fields go into the input's person and the caller's own answer; never into a log line, a metric, a card or a receipt.
package intake
