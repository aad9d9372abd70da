package config

import (
	"fmt"
	"io"

	"github.com/goccy/go-yaml"
)

// Print writes the effective configuration as YAML: secrets masked, each with its origin in a comment.
func (c *Config) Print(w io.Writer) error {
	comments := yaml.CommentMap{}
	for _, s := range c.secrets() {
		if s.IsSet() {
			comments["$."+s.path] = []*yaml.Comment{yaml.LineComment(" " + s.origin())}
		}
	}
	b, err := yaml.MarshalWithOptions(c, yaml.WithComment(comments), yaml.IndentSequence(true))
	if err != nil {
		return fmt.Errorf("print configuration: %w", err)
	}
	_, err = w.Write(b)
	return err
}
