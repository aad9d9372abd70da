package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"permithub/internal/schemacompat"
	"permithub/schemas"
)

const released = "released"

// release copies schemas and samples to what later changes are compared with, unless a change breaks what was released before.
func release(dir string, files map[string][]byte) error {
	var errs []error
	for topic := range carried {
		name := schemas.SchemaFile(topic)
		old, err := os.ReadFile(filepath.Join(dir, released, name))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return fmt.Errorf("read the released %s: %w", name, err)
		}
		errs = append(errs, schemacompat.Check(old, files[name]))
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("release: a breaking change is a new topic: %w", err)
	}
	for topic := range carried {
		name := schemas.SchemaFile(topic)
		if err := write(filepath.Join(dir, released, name), files[name]); err != nil {
			return err
		}
		if err := copySamples(filepath.Join(dir, "testdata", topic), filepath.Join(dir, released, "samples", topic)); err != nil {
			return err
		}
	}
	return nil
}

// copySamples adds the valid samples. Those of earlier releases stay as they are: a changed one comes beside them under the next free name.
func copySamples(from, to string) error {
	names, err := filepath.Glob(filepath.Join(from, "*.json"))
	if err != nil {
		return fmt.Errorf("list samples: %w", err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			return fmt.Errorf("read sample: %w", err)
		}
		if err := addSample(filepath.Join(to, filepath.Base(name)), b); err != nil {
			return err
		}
	}
	return nil
}

func addSample(name string, value []byte) error {
	stem := strings.TrimSuffix(name, ".json")
	for n := 2; ; n++ {
		have, err := os.ReadFile(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return write(name, value)
		case err != nil:
			return fmt.Errorf("read released sample: %w", err)
		case bytes.Equal(have, value):
			return nil
		}
		name = stem + "-" + strconv.Itoa(n) + ".json"
	}
}

func write(name string, b []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	if err := os.WriteFile(name, b, 0o644); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}
