// Command schemagen writes what schemas/ says in other languages than Go: one JSON Schema for each topic with a type, and asyncapi.yaml.
//
// # Sources
//
// Properties, order and what may be absent come from the Go structs; enums from the constants; descriptions from the comments, which every
// travelling field must have. What a Go type cannot say (patterns, ranges) stands in one table, forms.go.
//
// # Use
//
// go generate ./schemas rewrites the files. With -release it also copies schemas and samples to schemas/released, the copies that every later
// change is compared with; it refuses where the change breaks readers or old records.
package main

import (
	"flag"
	"fmt"
	"log"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"permithub/schemas"
)

// carried names the type that a topic carries. Retry tiers have none: they carry records of other topics as they were.
var carried = map[string]string{
	schemas.TopicCaseInput:    "Input",
	schemas.TopicCaseLog:      "Transition",
	schemas.TopicDeadLetter:   "DeadLetter",
	schemas.TopicDisposition:  "Disposition",
	schemas.TopicApplications: "ApplicationEvent",
	schemas.TopicPermits:      "PermitEvent",
}

func main() {
	log.SetFlags(0)
	dir := flag.String("dir", ".", "the folder of the types")
	releasing := flag.Bool("release", false, "copy what was generated to released/")
	flag.Parse()
	if err := run(*dir, *releasing); err != nil {
		log.Fatal(err)
	}
}

func run(dir string, releasing bool) error {
	files, err := generate(dir)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := os.WriteFile(filepath.Join(dir, name), files[name], 0o644); err != nil {
			return fmt.Errorf("write %s: %w", name, err)
		}
	}
	if releasing {
		return release(dir, files)
	}
	return nil
}

// generate returns the files by their names in the folder of the types.
func generate(dir string) (map[string][]byte, error) {
	s, err := readSource(dir)
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for topic, typ := range carried {
		if files[schemas.SchemaFile(topic)], err = s.schemaOf(topic, typ); err != nil {
			return nil, err
		}
	}
	if files[schemas.AsyncAPIFile], err = asyncAPI(s); err != nil {
		return nil, err
	}
	files[codecFile], err = codec(s)
	return files, err
}
