// Package desk takes the acts of officers over HTTP and puts them on case-input.
//
// # Interface
//
//	POST /v1/cases/{no}/actions   one act of the authenticated officer → 202 with its input id
//	GET  /v1/cases/{no}           where the case stands
//
// Where there are users, package console serves these and all else that officers do. Officers authenticate with a bearer token of their own. The officer of an act is the one who authenticated, whatever the body says.
//
// # Delivery
//
// 202 means that Kafka has acknowledged the act; whether it is accepted is decided by the dossier, where the stage, the separation of
// duties and the expected version are known, and a refusal is an event of the case. Repeating an act with its action_id is safe;
// an error means that nothing is promised and the same act may be sent again.
//
// # Faults
//
// Every fault of a body is answered at once as problem+json, as the intake does; [Codes] lists them. A role that an act
// needs and the officer lacks is 403.
//
// # Personal data
//
// Opinions are free text of officers and go into the input alone; never into a log line or a metric.
package desk
