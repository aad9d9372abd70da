package config

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
)

// mask is all that any rendering of a secret shows.
const mask = "•••"

// secretLimit is generous for a key and small for a file that was named by mistake.
const secretLimit = 64 << 10

// Secret is a text that no print, log or encoding shows. In the file it is a mapping with one key: file, the path of a file
// that holds it (one final newline is dropped), or env, the name of an environment variable. The zero Secret is unset.
type Secret struct {
	file, env string
	// text is behind a pointer, so that even a print that goes through unexported fields shows an address.
	text *string
	err  error
}

// SecretOf returns a secret with the given text, for configurations made by the program itself.
func SecretOf(text string) Secret { return Secret{text: &text} }

// Value returns the text, empty where the secret is unset or could not be read.
func (s Secret) Value() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// File returns the path of the file that holds the secret, or "" where it does not come from a file.
func (s Secret) File() string { return s.file }

// IsSet reports whether a text, a file or a variable was given.
func (s Secret) IsSet() bool { return s.text != nil || s.file != "" || s.env != "" }

// Equal compares the texts; for tests.
func (s Secret) Equal(o Secret) bool { return s.Value() == o.Value() && s.IsSet() == o.IsSet() }

// String returns the mask, or "" for an unset secret.
func (s Secret) String() string {
	if !s.IsSet() {
		return ""
	}
	return mask
}

// GoString returns the mask for %#v.
func (s Secret) GoString() string { return "config.Secret(" + s.String() + ")" }

// LogValue returns the mask for slog.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns the mask for JSON, YAML and the like.
func (s Secret) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// origin says where the secret comes from, for [Config.Print].
func (s Secret) origin() string {
	switch {
	case s.file != "":
		return "file " + s.file
	case s.env != "":
		return "variable " + s.env
	case s.text != nil:
		return "the demo's own"
	}
	return ""
}

// resolve reads the text. A fault is kept for Validate: a command that does not need the secret may run without it.
func (s *Secret) resolve(getenv func(string) (string, bool)) {
	var text string
	switch {
	case s.file != "" && s.env != "":
		s.err = errors.New("give file or env, not both")
		return
	case s.file != "":
		text, s.err = readSecret(s.file)
	case s.env != "":
		if v, ok := getenv(s.env); ok {
			text = v
		} else {
			s.err = fmt.Errorf("environment variable %s is not set", s.env)
		}
	default:
		return
	}
	if s.err == nil && text == "" {
		s.err = fmt.Errorf("%s is empty", s.origin())
	}
	if s.err == nil {
		s.text = &text
	}
}

func readSecret(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", err
	}
	if info.IsDir() || info.Size() > secretLimit {
		return "", fmt.Errorf("%s is a folder or larger than %d bytes", path, secretLimit)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(b), "\n"), "\r"), nil
}
