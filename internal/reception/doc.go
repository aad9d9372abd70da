// Package reception takes what callers send over HTTP and puts it on case-input (收件): what every counter of the hub does alike, whoever stands
// before it. The intake receives sources with signatures, the desk officers with tokens.
//
// # A request
//
// [Reception.Serve] bounds the requests at work, lets the step find out who calls and what the request comes to, writes that answer and
// measures it. Faults of a body are answered all at once ([Reception.Faulty]); what keeps Kafka from acknowledging is an outage, never the
// caller's fault ([Reception.Publish], [Reception.Unavailable]).
//
// # Metrics
//
// permithub_<name>_faults_total by code and permithub_<name>_duration_seconds by operation; how requests are counted is the step's own.
//
// # Personal data
//
// Log lines and metrics carry codes, operations and ids of cases.
package reception
