// Package schemas says what travels: one topic, one Go type, one JSON Schema, one golden sample.
//
// # Wire form
//
// Values are flat UTF-8 JSON in snake_case; times are RFC 3339 at +08:00, dates YYYY-MM-DD, absent instead of null.
// CloudEvents 1.0 binary mode: the attributes are record headers. The Kafka key of everything that concerns a person is
// the dossier id.
//
// # Personal data
//
// Personal fields travel in one object of each record, [Person], and nowhere else: no key, header, log line, metric or
// Redis value carries them, so the object can be sealed as a whole.
//
// # Identity
//
// Every id derives from the identity of its input ([DossierID], [ApplicationNo], [InputID], [EffectID]), never from a
// clock or a random source: repeating a step is safe by construction.
//
// # Schemas and samples
//
// The schemas and asyncapi.yaml are generated from these types ([SchemaOf], [FS]; go generate). Producers are strict because they encode the types;
// the schemas close no object, so that consumers tolerate unknown fields. Retry tiers have no schema: they carry records of other topics as they
// were, and ce_dataschema names the schema of each. x-pii marks every personal property. testdata holds samples of every kind, made by the rules
// themselves, and what must be refused.
//
// # Evolution
//
// Inside .v1 only additions; a breaking change is a new topic and dual publishing. A test compares every schema with its released copy in released/,
// and reads the samples of every release.
package schemas
