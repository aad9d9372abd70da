// Package desk takes the acts of officers over HTTP and puts them on case-input.
//
// # Interface
//
//	POST /v1/cases/{no}/actions   one act of the authenticated officer → 200 where the case took it, 409 where it did not, 202 where that is not known in time
//	GET  /v1/cases/{no}           where the case stands
//
// Where there are users, package console serves these and all else that officers do. Officers authenticate with a bearer token of their own. The officer of an act is the one who authenticated, whatever the body says.
//
// # Delivery
//
// An act is put on case-input, and its answer waited for: whether it is accepted is decided by the dossier, where the stage, the separation of duties
// and the expected version are known. 200 means that the log holds the act as taken; 409 that it holds why it was not, with what happened since
// the version that the officer saw: of two officers who decide at once one is told so. Where the log says nothing in time the answer is 202: the act
// is in Kafka and will be decided; the same act sent again with its action_id brings the answer. Any other error means that nothing is promised.
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
