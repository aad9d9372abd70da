package schemas

import "embed"

//go:generate go run -tags schemagen permithub/internal/schemagen

// FS holds the schemas of the topics and the AsyncAPI description, at its root, as they are to be served.
//
//go:embed *.schema.json asyncapi.yaml
var FS embed.FS

// AsyncAPIFile describes every topic, message and header. Reference: AsyncAPI 3.1.
const AsyncAPIFile = "asyncapi.yaml"

// SchemaFile names the schema of a topic in [FS].
func SchemaFile(topic string) string { return topic + ".schema.json" }

// SchemaOf returns the JSON Schema of what a topic carries. A retry tier has none: it carries records of other topics as they were, and
// each names its own schema in ce_dataschema.
func SchemaOf(topic string) ([]byte, bool) {
	b, err := FS.ReadFile(SchemaFile(topic))
	return b, err == nil
}
